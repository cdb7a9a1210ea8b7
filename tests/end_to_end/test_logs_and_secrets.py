"""What nobody may see stays unseen, and what a server says is never trusted: whole runs, searched afterwards."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import main
from bench.kinesis_incident import START as KINESIS_START
from bench.kinesis_incident import environment, studio_in
from cli.logs import LongWaits, MaskingFormatter
from demo.cameras import ROAD
from demo.faults import ClipFate, Fault, Script, refusal, web_page
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from demo.samsara_fleet import TRUCK_104, FleetVehicle
from demo.samsara_footage import Shot
from demo.samsara_service import SamsaraService
from tests.site import START, Outcome, Site, canned

pytestmark = pytest.mark.slow
SiteWith = Callable[[Script], Site]
SIGNATURE = b"signature="
TROUBLE = (
    Fault(path="/media/", nth=(1,), expired=True),
    Fault(path="/media/", nth=(3,), close_after=4000),
    web_page(502, method="GET", path="/cameras/media/retrieval", nth=(1,)),
    Fault(method="POST", nth=(2,), status=429, headers={"Retry-After": "0.2"}, body='{"message": "Slow down."}'),
)
"""What makes a program talk about addresses: expired links, cut downloads, gateways, rate limits."""


def found_in(folder: Path, *secrets: bytes) -> list[str]:
    """Files below a folder that hold any of these."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if any(secret in path.read_bytes() for secret in secrets)]


class Watcher(threading.Thread):
    """Reads the arguments of a process and of all its children, again and again, until it is closed."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._closed = threading.Event()
        self.seen: set[bytes] = set()

    def run(self) -> None:
        while not self._closed.wait(0.01):
            for pid in self._family(self._pid):
                self._note(pid)

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        self.join()

    def _family(self, pid: int) -> list[int]:
        try:
            tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
            children = [int(child) for task in tasks for child in task.read_text().split()]
        except (OSError, ValueError):
            return []
        return [pid, *(member for child in children for member in self._family(child))]

    def _note(self, pid: int) -> None:
        try:
            self.seen.add(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return  # it has ended meanwhile


@contextmanager
def watched(site: Site, *arguments: str) -> Iterator[tuple[Watcher, Outcome]]:
    """One call of the program with everybody's arguments noted."""
    with subprocess.Popen(
        site.command(*arguments),
        env=site.environment(),
        cwd=site.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        watcher = Watcher(child.pid)
        watcher.start()
        out, err = child.communicate(timeout=240)
        watcher.close()
        yield watcher, Outcome(child.returncode, out, err)


PULL = ("pull", "--vehicle", "Truck 104", "--start", START, "--duration", "1.5", "--yes", "--debug", "--json")
SMALL = ("--tile-height", "120", "--fps", "5", "--poll-interval", "0.1")


def test_after_a_troubled_run_with_debug_no_file_and_no_message_holds_the_key_or_a_signature(
    site_with: SiteWith,
) -> None:
    site = site_with(Script(limits=False, faults=TROUBLE))
    key = site.service.key.encode()
    outcome = site.run(*PULL, *SMALL, "--cameras", "road,driver")
    assert outcome.code == 0, outcome.err
    log = "".join(path.read_text("utf-8") for path in site.logs.glob("*.log"))
    assert "/media/" in log, "with debug logging the downloads are told of"
    assert found_in(site.folder, key, SIGNATURE) == []
    assert site.service.key not in outcome.out + outcome.err
    assert SIGNATURE.decode() not in outcome.out + outcome.err


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="arguments of processes are read from /proc")
def test_no_process_of_a_run_has_the_key_or_a_link_among_its_arguments(site: Site) -> None:
    with watched(site, *PULL, *SMALL, "--cameras", "road,driver") as (watcher, outcome):
        assert outcome.code == 0, outcome.err
        programs = {Path(arguments.split(b"\0")[0].decode()).name.partition("-")[0] for arguments in watcher.seen}
        assert "ffmpeg" in programs
        for arguments in watcher.seen:
            assert site.service.key.encode() not in arguments
            assert SIGNATURE not in arguments
            assert b"http" not in arguments


def test_a_rejected_key_is_in_no_log(site: Site) -> None:
    wrong = site.environ["SAMSARA_API_KEY"] = "samsara_api_wrongwrongwrongwrongwrongwrong"
    outcome = site.run(*PULL)
    assert outcome.code == 6
    assert found_in(site.folder, wrong.encode()) == []
    assert wrong not in outcome.out + outcome.err


@pytest.fixture
def stream(site: Site, tmp_path: Path) -> Iterator[str]:
    """The name of a stream, at a site that has Kinesis Video too."""
    studio = studio_in(tmp_path)
    streams = demo_streams(studio, KINESIS_START, 0.2, height=120, fps=5, hole=0.0)
    with KinesisService(streams, studio=studio) as service:
        site.environ |= environment(service)
        yield streams[0].name


STREAM_TIME = ("--start", KINESIS_START.isoformat(), "--duration", "0.1", "--films", "none", "--yes", "--json")


def test_no_aws_secret_reaches_a_log_with_debug(site: Site, stream: str) -> None:
    secrets = {"AWS_SECRET_ACCESS_KEY": "secretsecretsecret", "AWS_SESSION_TOKEN": "tokentokentoken//AA=="}
    site.environ |= secrets
    outcome = site.run("pull", "--stream", f"road={stream}", *STREAM_TIME, "--debug")
    assert outcome.code == 0, outcome.err
    assert "botocore" in "".join(path.read_text("utf-8") for path in site.logs.glob("*.log"))
    assert found_in(site.folder, *(secret.encode() for secret in secrets.values())) == []


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}/trap.ts\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{local}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{local}'\n",
    ],
    ids=["address", "file", "concat"],
)
def test_a_clip_that_is_a_playlist_is_damaged_and_fetches_nothing(
    site_with: SiteWith, clips: Path, tmp_path: Path, playlist: str
) -> None:
    site = site_with(Script(limits=False))
    local = tmp_path / "private.mp4"
    shot = Shot("", "private", ROAD, KINESIS_START, 60.0)
    shutil.copy(canned(clips)(shot), local)
    content = playlist.format(url=site.service.url, local=local.as_posix())
    site.service.script = Script(limits=False, clips=(ClipFate(camera="road", content=content),))
    outcome = site.run(*PULL, *SMALL, "--cameras", "road,driver")
    assert outcome.code == 3, outcome.err
    assert set(outcome.reasons("road")) == {"damaged"}
    assert outcome.result["cameras"]["road"]["received_seconds"] == 0
    assert not any("trap" in request.path for request in site.service.requests)
    assert found_in(site.videos, local.read_bytes()) == []


def test_a_redirect_of_the_api_to_another_host_does_not_carry_the_key(site_with: SiteWith, tmp_path: Path) -> None:
    with SamsaraService(footage=lambda shot: tmp_path) as elsewhere:
        address = elsewhere.url.replace("127.0.0.1", "localhost") + "/fleet/vehicles"
        redirect = Fault(path="/fleet/vehicles", status=307, headers={"Location": address})
        site = site_with(Script(limits=False, faults=(redirect,)))
        outcome = site.run(*PULL, "--retries", "2")
        assert outcome.code == 10, outcome.err
        assert elsewhere.requests == []


def test_a_link_to_another_host_without_https_is_not_followed(site_with: SiteWith) -> None:
    fate = ClipFate(camera="road", url="http://192.0.2.1/clip.mp4?signature=abc")
    site = site_with(Script(limits=False, clips=(fate,)))
    outcome = site.run(*PULL, *SMALL, "--cameras", "road,driver", "--films", "none")
    assert outcome.code == 3, outcome.err
    assert set(outcome.reasons("road")) == {"download"}
    assert "must begin with https://" in outcome.err
    assert found_in(site.logs, b"192.0.2.1:80") == [], "nobody was called there"
    assert found_in(site.folder, b"signature=abc") == []


def test_an_api_without_https_elsewhere_is_refused_before_anything_is_sent(site: Site) -> None:
    site.environ["SAMSARA_API_URL"] = "http://192.0.2.1"
    outcome = site.run(*PULL)
    assert (outcome.code, outcome.result["error"]["kind"]) == (2, "address"), outcome.err


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_KINESIS_VIDEO", "KINESIS_DATA_ENDPOINT"])
def test_an_endpoint_of_aws_without_https_elsewhere_is_refused(site: Site, stream: str, variable: str) -> None:
    site.environ[variable] = "http://192.0.2.1"
    outcome = site.run("pull", "--stream", f"road={stream}", *STREAM_TIME)
    assert (outcome.code, outcome.result["error"]["kind"]) == (2, "address"), outcome.err


VEHICLES = ["../../etc/x", "CON", "x" * 300, "\U0001f69a\U0001f69a\U0001f69a", "Truck 104.", "\U00020000" * 300, " "]


@pytest.mark.parametrize("name", VEHICLES, ids=range(len(VEHICLES)))
def test_whatever_a_vehicle_is_called_its_footage_stays_in_its_folder(tmp_path: Path, clips: Path, name: str) -> None:
    fleet = (FleetVehicle(TRUCK_104.id, {**TRUCK_104.record, "name": name}, TRUCK_104.cameras),)
    home = tmp_path / "home"
    home.mkdir()
    with SamsaraService(fleet=fleet, script=Script(limits=False), footage=canned(clips)) as service:
        site = Site(service, home)
        outcome = site.pull("--cameras", "road", vehicle=TRUCK_104.id, minutes="0.1", films="joined")
    assert outcome.code == 0, outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert sorted(path.name for path in home.iterdir()) == ["Logs", "Videos"]
    (folder,) = site.videos.iterdir()
    assert Path(outcome.result["folder"]) == folder
    assert all((folder / clip["file"]).is_file() for clip in outcome.result["cameras"]["road"]["clips"])
    assert outcome.result["incident"]["vehicle"]["name"].strip() == name.strip()


STEERING = "\x1b]0;pwned\x07\x1b[31mTruck\0 \u202e7\u200f\nComplete: all is there. \x9b31m\ud800"


def test_a_name_that_would_steer_a_terminal_or_break_a_file_does_neither(tmp_path: Path, clips: Path) -> None:
    fleet = (FleetVehicle(TRUCK_104.id, {**TRUCK_104.record, "name": STEERING}, TRUCK_104.cameras),)
    with SamsaraService(fleet=fleet, script=Script(limits=False), footage=canned(clips)) as service:
        site = Site(service, tmp_path)
        outcome = site.pull("--cameras", "road", vehicle=TRUCK_104.id, minutes="0.1", films="joined")
    assert outcome.code == 0, outcome.err
    name = outcome.result["incident"]["vehicle"]["name"]
    assert f"Incident: {name} (vehicle id {TRUCK_104.id})" in outcome.err.splitlines()
    assert not set(outcome.err) & set(STEERING) - set("\n" + name)
    assert "Traceback" not in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="there an argument cannot hold bytes that are no text")
def test_a_name_and_a_note_that_are_no_text_end_no_run(site: Site) -> None:
    broken = os.fsdecode(b"Claim \xff\x1b[31m")
    given = ("--name", broken, "--note", broken, "--reference", broken)
    outcome = site.pull("--cameras", "road", *given, minutes="0.1", films="joined")
    assert outcome.code == 0, outcome.err
    assert "Incident: Claim" in outcome.err
    assert "\x1b" not in outcome.err
    assert "Traceback" not in outcome.err


def test_a_log_shown_in_a_terminal_does_not_steer_it() -> None:
    record = logging.makeLogRecord({"msg": "not understood: %s", "args": ("\x1b[31m\x07 \u202e\ud800",)})
    assert MaskingFormatter("%(message)s").format(record) == "not understood:  [31m   "


def test_an_error_that_nobody_expected_is_told_without_a_signature(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str]) -> int:
        raise RuntimeError("url: /x.mp4?X-Amz-Signature=abcdef")

    monkeypatch.setattr(main, "_run", fail)
    assert main.run_program(["status"]) == 1
    assert "RuntimeError: url: /x.mp4?***" in capsys.readouterr().err


def test_a_word_of_the_service_without_end_is_cut(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(status="x" * 5000),)))
    outcome = site.pull("--cameras", "road", minutes="0.1")
    assert outcome.code == 5, outcome.err
    assert outcome.reasons("road") == ["x" * 97 + "..."]
    assert "x" * 98 not in outcome.err


def test_a_signed_link_that_the_service_quotes_is_told_without_its_signature(site_with: SiteWith) -> None:
    link = "https://media.example/x.mp4?X-Amz-Signature=abcdef0123456789"
    refused = refusal(400, f"\x1b[31mBad \u202elink {link}", method="POST")
    outcome = (site := site_with(Script(limits=False, faults=(refused,)))).pull("--cameras", "road", minutes="0.1")
    assert outcome.code == 5, outcome.err
    assert "link https://media.example/x.mp4" in outcome.err
    assert "abcdef0123456789" not in outcome.err + outcome.out
    assert not set(outcome.err) & set("\x1b\u202e")
    assert found_in(site.folder, b"abcdef0123456789") == []


# ---------------------------------------------------------------- what the person hears of it


def test_a_long_wait_for_a_service_is_told_at_once_and_then_now_and_then() -> None:
    now, said = [0.0], []
    handler = LongWaits(said.append, clock=lambda: now[0])
    for seconds, wait in ((0.0, 0.6), (1.0, 4.0), (6.0, 9.0), (40.0, 20.0)):
        now[0] = seconds
        record = logging.makeLogRecord({"msg": "No answer. Trying again in %.2f s.", "args": (wait,), "wait": wait})
        handler.handle(record)
    assert said == ["No answer. Trying again in 4.00 s.", "No answer. Trying again in 20.00 s."]


def test_a_service_that_does_not_answer_is_not_waited_for_in_silence(site_with: Callable[[Script], Site]) -> None:
    fault = Fault(path="/fleet/vehicles", status=503, headers={"Retry-After": "2.5"}, nth=(1,))
    outcome = site_with(Script(limits=False, faults=(fault,))).pull("--cameras", "road", minutes="0.1")
    assert outcome.code == 0, outcome.err
    assert "Trying again in 2.50 s." in outcome.err
