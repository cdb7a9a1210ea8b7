"""The doctor: each line's verdict and remedy, what it may send, and the key in the keyring."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from cli.checkup import Check, check_words, checks_json, exit_code
from cli.doctor import check_disk, check_encoders, check_ffmpeg, check_key, check_network, check_zones, clock_check
from cli.doctor_services import check_aws, check_clock, check_samsara
from demo.faults import Script
from demo.samsara_service import SamsaraService
from footage.errors import NotAllowed, ServiceUnreachable
from footage.kinesis.errors import AwsCredentials, AwsPermission
from footage.models import UTC
from SamsaraAPI import SamsaraClient
from tests.site import ROOT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = "samsara_api_0123456789"


@contextmanager
def service_with(**told: object) -> Iterator[SamsaraService]:
    with SamsaraService(script=Script(limits=False, **told)) as service:
        yield service


def client(service: SamsaraService, key: str | None = None) -> SamsaraClient:
    return SamsaraClient(key or service.key, base_url=service.url, attempts=1, patience=2, timeout=(2, 5))


def verdicts(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.verdict for check in checks}


# ---------------------------------------------------------------- Samsara


def test_every_permission_is_tried_and_nothing_is_accepted() -> None:
    with service_with() as service:
        found = list(check_samsara(lambda region: client(service), "us", ()))
        assert verdicts(found) == {
            "Read Vehicles": "ok",
            "Read Media Retrieval": "ok",
            "Write Media Retrieval": "ok",
            "Read Vehicle Statistics": "ok",
            "clock": "ok",
        }
        assert sum(service.posts.values()) == 0
        assert sum(request.method == "POST" for request in service.requests) == 1


@pytest.mark.parametrize("permission", ["Read Vehicles", "Read Media Retrieval", "Write Media Retrieval"])
def test_a_missing_permission_is_named_with_where_to_give_it(permission: str) -> None:
    with service_with(missing_permissions=frozenset({permission})) as service:
        found = {check.name: check for check in check_samsara(lambda region: client(service), "us", ())}
    broken = [name for name, check in found.items() if check.verdict == "broken"]
    assert broken == [permission]
    assert permission in found[permission].remedy
    assert found[permission].code == 6


def test_a_key_of_another_region_is_told_where_it_belongs() -> None:
    with service_with() as service:

        def connect(region: str) -> SamsaraClient:
            return client(service, None if region == "eu" else "samsara_api_of_nobody")

        found, clock = check_samsara(connect, "us", ("eu", "ca"))
    assert clock.verdict == "ok"  # a refusal tells the time too
    assert (found.name, found.verdict) == ("region", "broken")
    assert "--samsara-region eu" in found.remedy


def test_a_key_that_no_region_accepts_is_broken() -> None:
    with service_with() as service:
        found, _ = check_samsara(lambda region: client(service, "samsara_api_of_nobody"), "us", ("eu",))
    assert (found.verdict, found.code) == ("broken", 6)


def test_a_service_that_is_not_there_is_broken_and_says_so() -> None:
    def connect(region: str) -> SamsaraClient:
        return SamsaraClient(KEY, base_url="http://127.0.0.1:9", attempts=1, patience=1)

    found, clock = check_samsara(connect, "us", ())
    assert (found.verdict, found.code) == ("broken", 10)
    assert (clock.name, clock.verdict) == ("clock", "warning")


def test_without_a_key_the_clock_is_told_all_the_same() -> None:
    with service_with() as service:
        clock = check_clock(lambda region: client(service, "samsara_api_of_nobody"), "us")
    assert (clock.name, clock.verdict) == ("clock", "ok")


def test_an_address_that_is_not_secure_is_a_finding_like_any_other() -> None:
    def connect(region: str) -> SamsaraClient:
        return SamsaraClient(KEY, base_url="http://example.com")

    (found,) = check_samsara(connect, "us", ())
    assert (found.verdict, found.code) == ("broken", 2)
    assert check_clock(connect, "us").verdict == "broken"


def test_a_missing_right_to_read_statistics_is_a_warning_for_films_come_without() -> None:
    with service_with(missing_permissions=frozenset({"Read Vehicle Statistics"})) as service:
        found = {check.name: check for check in check_samsara(lambda region: client(service), "us", ())}
    assert found["Read Vehicle Statistics"].verdict == "warning"


@pytest.mark.parametrize(("seconds", "verdict"), [(2, "ok"), (90, "warning"), (-90, "warning"), (4000, "broken")])
def test_the_clock_is_held_against_the_services(seconds: int, verdict: str) -> None:
    assert clock_check(NOW + timedelta(seconds=seconds), NOW).verdict == verdict


def test_a_clock_that_cannot_be_compared_is_a_warning() -> None:
    assert clock_check(None, NOW).verdict == "warning"


# ---------------------------------------------------------------- AWS


class Streams:
    """A Kinesis client that answers with names or an error."""

    def __init__(self, answer: list[str] | Exception) -> None:
        self._answer = answer

    def streams(self) -> list[str]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def raising(error: Exception) -> str:
    raise error


def test_aws_tells_who_we_are_and_how_many_streams_there_are() -> None:
    found = list(check_aws(Streams(["gate", "yard"]), lambda: "arn:aws:iam::1:user/ops (account 1)"))
    assert [check.verdict for check in found] == ["ok", "ok"]
    assert "ops" in found[0].said
    assert "2 streams" in found[1].said


@pytest.mark.parametrize("error", [AwsCredentials("none found"), ServiceUnreachable("no answer")])
def test_without_aws_there_is_a_warning_because_samsara_needs_none(error: Exception) -> None:
    (found,) = check_aws(Streams([]), lambda: raising(error))
    assert found.verdict == "warning"
    assert found.remedy


def test_without_the_right_to_list_streams_they_have_to_be_named() -> None:
    denied = AwsPermission("may not", "kinesisvideo:ListStreams")
    found = list(check_aws(Streams(denied), lambda: "arn"))
    assert found[1].verdict == "warning"
    assert "named" in found[1].remedy


def test_missing_credentials_are_told_by_the_real_boto3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from cli.aws_identity import aws_identity

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(NotAllowed, match="No AWS credentials"):
        aws_identity(None, "us-east-1")


# ---------------------------------------------------------------- the computer


def test_this_computer_can_make_films(tmp_path: Path) -> None:
    assert check_ffmpeg().verdict == "ok"
    assert check_encoders(tmp_path).verdict == "ok"
    assert check_zones().verdict in ("ok", "warning")


def test_an_ffmpeg_that_is_not_there_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/no/such/ffmpeg")
    found = check_ffmpeg()
    assert found.verdict == "broken"
    assert "requirements" in found.remedy


def test_a_disk_is_looked_at_where_the_folder_will_be(tmp_path: Path) -> None:
    found = check_disk(tmp_path / "not" / "there" / "yet")
    assert found.verdict in ("ok", "warning")
    assert str(tmp_path) in found.said
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_is_shown_without_its_password() -> None:
    said = [check.said for check in check_network({"HTTPS_PROXY": "http://me:secret@proxy.example:3128"})]
    assert any("proxy.example:3128" in line for line in said)
    assert not any("secret" in line for line in said)


def test_certificates_for_aws_that_are_not_there_are_broken(tmp_path: Path) -> None:
    found = {check.name: check for check in check_network({"AWS_CA_BUNDLE": str(tmp_path / "none.pem")})}
    assert found["AWS_CA_BUNDLE"].verdict == "broken"


@pytest.mark.parametrize(
    ("text", "verdict", "usable"),
    [(KEY, "ok", True), ("another-shape-of-key", "warning", True), ("a\x16b", "broken", False)],
)
def test_a_key_is_judged_by_its_shape_and_never_shown(text: str, verdict: str, usable: bool) -> None:
    found, key = check_key({"SAMSARA_API_KEY": text})
    assert (found.verdict, key is not None) == (verdict, usable)
    assert text not in found.said + found.remedy


# ---------------------------------------------------------------- the words


def test_a_warning_breaks_nothing_and_a_broken_line_gives_the_exit_code() -> None:
    fine, warned = Check("a", "ok", "good", "unneeded"), Check("b", "warning", "hm", "look")
    broken = Check("c", "broken", "bad", "mend", 8)
    assert (exit_code([fine, warned]), exit_code([fine, broken, Check("d", "broken", "", "", 6)])) == (0, 8)
    assert list(check_words(fine)) == ["ok       a: good"]
    assert list(check_words(broken)) == ["broken   c: bad", "         -> mend"]
    told = json.loads(checks_json([fine, warned]))
    assert (told["status"], told["exit_code"], len(told["checks"])) == ("warning", 0, 2)


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    own = {name: text for name, text in os.environ.items() if name != "SAMSARA_API_KEY"} | environ
    return subprocess.run(
        [sys.executable, "main.py", "doctor", *arguments],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def test_the_whole_doctor_against_the_stand_in(tmp_path: Path) -> None:
    with service_with() as service:
        told = run(
            "--json",
            *("--output", str(tmp_path)),
            SAMSARA_API_KEY=service.key,
            SAMSARA_API_URL=service.url,
            AWS_EC2_METADATA_DISABLED="true",
            AWS_ACCESS_KEY_ID="",
        )
        assert sum(service.posts.values()) == 0
    result = json.loads(told.stdout)
    assert told.returncode == 0, told.stderr
    assert {"ffmpeg", "encoder", "disk", "clock", "zone data", "Samsara key", "AWS", "certificates"} <= {
        check["name"] for check in result["checks"]
    }
    assert service.key not in told.stdout + told.stderr
    assert told.stderr == ""


# ---------------------------------------------------------------- the keyring

RING = '''
from pathlib import Path
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

class Ring(KeyringBackend):
    """Keeps one secret in a file beside itself."""
    priority = 1
    name = "a ring in a file"
    file = Path(__file__).with_suffix(".kept")
    def get_password(self, service, username):
        return self.file.read_text() if self.file.exists() else None
    def set_password(self, service, username, password):
        self.file.write_text(password)
    def delete_password(self, service, username):
        if not self.file.exists():
            raise PasswordDeleteError("none")
        self.file.unlink()
'''


@pytest.fixture
def ring(tmp_path: Path) -> dict[str, str]:
    """A keyring that the program can use."""
    (tmp_path / "filering.py").write_text(RING)
    return {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "filering.Ring"}


@pytest.mark.skipif(os.name == "nt", reason="pexpect drives a pty, which Windows does not have")
def test_a_key_is_kept_on_request_used_and_forgotten(ring: dict[str, str], tmp_path: Path) -> None:
    own = {name: text for name, text in os.environ.items() if name != "SAMSARA_API_KEY"} | ring | {"TERM": "xterm"}
    child = pexpect.spawn(
        sys.executable, ["main.py", "doctor", "--keep-key"], cwd=str(ROOT), env=own, encoding="utf-8", timeout=60
    )
    seen = io.StringIO()
    child.logfile_read = seen
    child.expect("key[^\n]*:")
    child.sendline(KEY)
    child.expect("is kept in a ring in a file")
    child.expect(pexpect.EOF)
    assert KEY not in seen.getvalue()
    assert (tmp_path / "filering.kept").read_text() == KEY
    shown = subprocess.run(
        [sys.executable, "-c", "from footage.keys import resolve_key; print(resolve_key({}))"],
        cwd=ROOT,
        env=own | {"PYTHONPATH": f"{ring['PYTHONPATH']}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == KEY
    assert run("--forget-key", **ring).stdout.strip() == "The key is forgotten."
    assert not (tmp_path / "filering.kept").exists()
    assert "nothing to forget" in run("--forget-key", **ring).stdout


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_where_there_is_no_keyring_the_fallback_is_named(backend: str) -> None:
    told = run("--keep-key", PYTHON_KEYRING_BACKEND=backend)
    assert told.returncode == 2
    assert "SAMSARA_API_KEY" in told.stderr
    assert run("--forget-key", PYTHON_KEYRING_BACKEND=backend).returncode == 0
