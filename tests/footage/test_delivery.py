"""A finished folder brought to a storage: whole or not at all, checked, resumed, never over somebody else's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.delivery import Delivered, deliver
from footage.errors import DiskTrouble, InputRefused, Interrupted, VerificationFailed
from footage.evidence import checksums
from footage.evidence.verify import verify
from footage.files import sha256_of
from footage.folder import IDENTITY
from footage.storage import DeliveryFailed, DeliveryNotAllowed, DeliveryRefused, Storage, open_storage
from tests.site import ROOT

CONTENT = {
    IDENTITY: b'{"vehicle": "1"}',
    "Road_VideoClip_1.mp4": b"road" * 1000,
    "Driver_VideoClip_1.mp4": bytes(range(256)) * 90,
    "stills/still_1.jpg": b"jpeg",
    "index.html": b"<html>",
    "custody.log": b"{}\n",
    "manifest.json": b'{"status": "complete"}',
}
COUNT = len(CONTENT) + 1


def package(folder: Path) -> Path:
    """A folder as a finished run leaves it, as far as a delivery looks at it."""
    for name, content in CONTENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    listed = names - {checksums.NAME, IDENTITY}
    checksums.write_checksums(folder, {name: sha256_of(folder / name) for name in listed})


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Wayward(MemoryFileSystem):
    """A storage of its own that notes what is done to it, and that breaks or garbles on request."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[str, Any] = {}
        self.pseudo_dirs = [""]
        self.log: list[str] = []
        self.tried = 0
        self.break_after: int | None = None
        self.garble = ""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        raise AssertionError("a storage without folders is not asked to make one: S3 would make a bucket")

    def put_file(self, lpath: str, rpath: str, **more: Any) -> None:
        self.tried += 1
        name = rpath.partition("incident/")[2]
        if self.break_after is not None and sum(each.startswith("put") for each in self.log) >= self.break_after:
            raise ConnectionResetError("the line went dead")
        content = Path(lpath).read_bytes()
        self.log.append(f"put {name}")
        self.pipe_file(rpath, content[:-1] + b"?" if name == self.garble else content)

    def rm_file(self, path: str) -> None:
        self.log.append(f"rm {path.partition('incident/')[2]}")
        super().rm_file(path)

    def names(self) -> set[str]:
        return {name.partition("incident/")[2] for name in self.find("")}

    def sent(self) -> list[str]:
        return [each.partition(" ")[2] for each in self.log if each.startswith("put")]


@dataclass
class Place:
    """A folder and a wayward storage for it."""

    folder: Path
    system: Wayward = field(default_factory=Wayward)

    def deliver(self, **more: Any) -> Delivered:
        return deliver(self.folder, Storage("memory://there", self.system, "/there", "memory"), **more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(package(tmp_path / "incident"))


def test_every_file_arrives_the_list_and_the_manifest_last(place: Place) -> None:
    delivered = place.deliver()
    size = sum(len(content) for content in files_in(place.folder).values())
    assert delivered == Delivered("memory://there/incident", COUNT, size, COUNT)
    assert {name: place.system.cat(f"/there/incident/{name}") for name in place.system.names()} == files_in(
        place.folder
    )
    sent = place.system.sent()
    assert (sent[0], sent[-2:]) == (IDENTITY, ["SHA256SUMS", "manifest.json"])


def test_what_is_delivered_is_not_sent_or_read_again(place: Place) -> None:
    place.deliver()
    opened: list[str] = []
    read = place.system._open
    place.system._open = lambda path, *more, **others: opened.append(path) or read(path, *more, **others)
    assert place.deliver().sent == 0
    assert [path.rpartition("/")[2] for path in opened] == ["SHA256SUMS", "manifest.json"]
    assert len(place.system.sent()) == COUNT


@given(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1))
@settings(deadline=None)
def test_wherever_a_delivery_breaks_off_the_next_one_ends_it_and_sends_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory, first: int, second: int
) -> None:
    place = Place(package(tmp_path_factory.mktemp("break") / "incident"))
    for point in (first, first + second):
        place.system.break_after = point
        if point < COUNT:
            with pytest.raises(DeliveryFailed, match="line went dead"):
                place.deliver()
            assert "manifest.json" not in place.system.names()
    place.system.break_after = None
    place.deliver()
    assert sorted(place.system.sent()) == sorted(files_in(place.folder))


@pytest.mark.parametrize("name", ["Road_VideoClip_1.mp4", "SHA256SUMS", "manifest.json"])
def test_a_file_that_arrives_changed_is_found_and_sent_anew_next_time(place: Place, name: str) -> None:
    place.system.garble = name
    with pytest.raises(VerificationFailed, match=name):
        place.deliver()
    place.system.garble = ""
    place.deliver()
    assert place.system.cat(f"/there/incident/{name}") == (place.folder / name).read_bytes()


def test_a_file_that_changed_here_is_not_sent(place: Place) -> None:
    (place.folder / "Road_VideoClip_1.mp4").write_bytes(b"roaX" * 1000)
    with pytest.raises(VerificationFailed, match="run verify"):
        place.deliver()
    assert not place.system.names() & {"Road_VideoClip_1.mp4", "SHA256SUMS", "manifest.json"}


@pytest.mark.parametrize("theirs", [{IDENTITY: b'{"vehicle": "2"}'}, {IDENTITY: b""}, {"holiday.jpg": b"sun"}])
def test_another_incidents_files_are_never_written_over(place: Place, theirs: dict[str, bytes]) -> None:
    for name, content in theirs.items():
        place.system.pipe_file(f"/there/incident/{name}", content)
    with pytest.raises(DeliveryRefused, match="something else already"):
        place.deliver()
    assert {name: place.system.cat(f"/there/incident/{name}") for name in place.system.names()} == theirs


def test_a_folder_whose_name_begins_alike_is_another_place(place: Place) -> None:
    place.system.pipe_file("/there/incident_2/manifest.json", b"theirs")
    assert place.deliver().sent == COUNT


def test_an_incident_that_has_grown_takes_the_place_of_its_earlier_state(place: Place) -> None:
    place.deliver()
    place.system.log.clear()
    (place.folder / "stills" / "still_1.jpg").unlink()
    package_again = {"Road_VideoClip_2.mp4": b"new", "manifest.json": b'{"status": "partial"}'}
    for name, content in package_again.items():
        (place.folder / name).write_bytes(content)
    seal(place.folder)
    place.deliver()
    assert place.system.log[:2] == ["rm manifest.json", "rm stills/still_1.jpg"]
    assert place.system.sent() == ["Road_VideoClip_2.mp4", "SHA256SUMS", "manifest.json"]
    assert place.system.names() == set(files_in(place.folder))


def test_what_somebody_else_laid_beside_the_files_stays(place: Place) -> None:
    place.deliver()
    place.system.pipe_file("/there/incident/notes.txt", b"mine")
    (place.folder / "index.html").write_bytes(b"<html>new")
    seal(place.folder)
    place.deliver()
    assert place.system.cat("/there/incident/notes.txt") == b"mine"


def test_where_one_file_cannot_be_sent_the_others_are_not_tried(place: Place) -> None:
    for number in range(60):
        (place.folder / f"Road_VideoClip_{number}.mp4").write_bytes(b"x")
    seal(place.folder)
    place.system.break_after = 1
    with pytest.raises(DeliveryFailed):
        place.deliver()
    assert place.system.tried < 30


def test_a_stop_ends_it_before_the_next_file(place: Place) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        place.deliver(stop=stop)
    assert place.system.tried == 0


def test_a_stop_ends_it_within_a_block_that_is_read_back(place: Place) -> None:
    place.deliver()
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        place.deliver(stop=stop)


@pytest.mark.parametrize("name", ["manifest.json", IDENTITY, "SHA256SUMS"])
def test_what_is_no_package_is_not_delivered(place: Place, name: str) -> None:
    (place.folder / name).unlink()
    if name != "SHA256SUMS":
        seal(place.folder)
    with pytest.raises(InputRefused, match="no evidence package"):
        place.deliver()


@pytest.mark.parametrize("name", ["../secret.txt", "..\\secret.txt", "/etc/hostname", "C:/x", "gone.mp4"])
def test_a_list_that_names_what_is_not_in_the_folder_is_not_followed(place: Place, name: str) -> None:
    (place.folder.parent / "secret.txt").write_text("secret")
    path = place.folder / checksums.NAME
    path.write_text(path.read_text(encoding="utf-8") + f"{'0' * 64} *{name}\n", encoding="utf-8")
    with pytest.raises(VerificationFailed, match="Run verify"):
        place.deliver()
    assert place.system.names() == set()


@pytest.mark.parametrize("form", ["{}", "file://{}", "{}/"])
def test_a_plain_folder_is_a_storage_too(place: Place, tmp_path: Path, form: str) -> None:
    target = tmp_path / "there" / "deep"
    storage = open_storage(form.format(target.as_posix()))
    assert deliver(place.folder, storage).sent == COUNT
    assert files_in(target / "incident") == files_in(place.folder)
    assert deliver(place.folder, storage).sent == 0
    (target / "incident" / "Road_VideoClip_1.mp4").write_bytes(b"torn")
    assert deliver(place.folder, storage).sent == 2, "the torn file, and the manifest that was withdrawn for it"


def test_a_disk_that_cannot_be_written_is_said(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskTrouble):
        deliver(place.folder, open_storage(str(tmp_path / "file" / "below")))


HEAVY = ("fsspec", "s3fs", "aiohttp", "botocore")
SECRETS = [
    "s3://AKIA123:s3cr3t@bucket/x",
    "sftp://ann:s3cr3t@host/x",
    "s3://bucket/x?X-Amz-Signature=s3cr3t",
    "https://host/x?sig=s3cr3t",
    "az://container/x#s3cr3t",
    "simplecache::s3://s3cr3t/x",
    "s3://[s3cr3t/x",
]


@pytest.mark.parametrize("url", SECRETS)
def test_an_address_with_a_secret_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        open_storage(url)
    assert "s3cr3t" not in refused.value.message
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://host/x", "only be read"),
        ("warp://x/y", "no address"),
        ("data://x", "cannot be listed"),
        ("s3:/bucket/x", "no address"),
        ("s3://", "no address"),
        ("", "no address"),
        ("gs://bucket/x", "gcsfs"),
    ],
)
def test_an_address_that_nothing_can_be_written_to_is_refused(url: str, words: str, place: Place) -> None:
    with pytest.raises(DeliveryRefused, match=words):
        deliver(place.folder, open_storage(url))


def test_without_the_packages_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(DeliveryRefused, match="requirements-cluster.txt"):
        open_storage("file:///x")
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DeliveryRefused, match="requirements-cluster.txt"):
        open_storage("s3://bucket/x")


def test_the_program_does_not_wait_for_the_packages_of_storages() -> None:
    code = f"import sys, footage.delivery; print([each for each in {HEAVY} if each in sys.modules])"
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


@contextmanager
def s3_server(**environ: str) -> Iterator[str]:
    """A stand-in for S3 in a process of its own; its address."""
    code = (
        "import sys; from moto.server import ThreadedMotoServer\n"
        "server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False); server.start()\n"
        "print(server.get_host_and_port()[1], flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, env={**os.environ, **environ}, **pipes) as process:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Credentials of nobody, and no others."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    own = {"ACCESS_KEY_ID": "AKIAEXAMPLE", "SECRET_ACCESS_KEY": "s3cr3t", "DEFAULT_REGION": "us-east-1"}
    files = {"CONFIG_FILE": str(tmp_path / "none"), "SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    for name, value in {**own, **files, "EC2_METADATA_DISABLED": "true", "MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return monkeypatch


@dataclass
class Bucket:
    """A bucket as S3's own client sees it."""

    client: Any
    name: str

    def content(self, prefix: str) -> dict[str, bytes]:
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=f"{prefix}/").get("Contents", [])
        keys = [each["Key"] for each in found]
        return {
            key[len(prefix) + 1 :]: self.client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys
        }


@pytest.fixture
def bucket(s3_url: str, aws: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    aws.setenv("AWS_ENDPOINT_URL_S3", s3_url)
    client = boto3.client("s3", endpoint_url=s3_url)
    name = f"b-{abs(hash(str(tmp_path)))}"
    client.create_bucket(Bucket=name)
    return Bucket(client, name)


def test_s3_gets_the_whole_folder_and_gets_it_once(place: Place, bucket: Bucket) -> None:
    storage = open_storage(f"s3://{bucket.name}/claims/2025")
    big = place.folder / "SideBySide_Merged.mp4"
    big.write_bytes(os.urandom(20 << 20))  # sent and read in parts
    seal(place.folder)
    assert deliver(place.folder, storage).address == f"s3://{bucket.name}/claims/2025/incident"
    assert bucket.content("claims/2025/incident") == files_in(place.folder)
    whole = bucket.client.head_object(Bucket=bucket.name, Key="claims/2025/incident/SideBySide_Merged.mp4")
    assert whole["ETag"].endswith('-3"'), "three parts of 8 MB, and never the whole film in memory"
    before = {
        each["Key"]: each["LastModified"] for each in bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    }
    assert deliver(place.folder, open_storage(f"s3://{bucket.name}/claims/2025/")).sent == 0
    after = {
        each["Key"]: each["LastModified"] for each in bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    }
    assert before == after
    page = bucket.client.head_object(Bucket=bucket.name, Key="claims/2025/incident/index.html")
    assert page["ContentType"] == "text/html", "a browser shows it"


def test_on_s3_a_torn_or_garbled_file_is_sent_anew_and_another_incident_is_left_alone(
    place: Place, bucket: Bucket
) -> None:
    storage = open_storage(f"s3://{bucket.name}")
    put = bucket.client.put_object
    put(Bucket=bucket.name, Key="incident_2/manifest.json", Body=b"theirs")
    put(Bucket=bucket.name, Key=f"incident/{IDENTITY}", Body=CONTENT[IDENTITY])
    put(Bucket=bucket.name, Key="incident/Road_VideoClip_1.mp4", Body=b"roaX" * 1000)
    put(Bucket=bucket.name, Key="incident/Driver_VideoClip_1.mp4", Body=b"torn")
    assert deliver(place.folder, storage).sent == COUNT - 1
    assert bucket.content("incident") == files_in(place.folder)
    put(Bucket=bucket.name, Key=f"incident/{IDENTITY}", Body=b"somebody else's")
    with pytest.raises(DeliveryRefused, match="something else already"):
        deliver(place.folder, storage)
    assert bucket.content("incident_2") == {"manifest.json": b"theirs"}


def test_a_bucket_that_is_not_there_is_not_made(place: Place, bucket: Bucket) -> None:
    with pytest.raises(DeliveryRefused, match="not there"):
        deliver(place.folder, open_storage("s3://no-such-bucket-here/x"))
    assert "no-such-bucket-here" not in [each["Name"] for each in bucket.client.list_buckets()["Buckets"]]


def test_a_bucket_with_an_impossible_name_is_a_wrong_address(place: Place, bucket: Bucket) -> None:
    with pytest.raises(DeliveryRefused, match="no address"):
        deliver(place.folder, open_storage("s3://B..d_name!/x"))


def test_without_credentials_the_person_is_told_to_sign_in(
    place: Place, bucket: Bucket, aws: pytest.MonkeyPatch
) -> None:
    aws.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(DeliveryNotAllowed, match="credentials") as refused:
        deliver(place.folder, open_storage(f"s3://{bucket.name}/x"))
    assert refused.value.exit_code == 6
    aws.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(DeliveryNotAllowed, match="no-such-profile"):
        deliver(place.folder, open_storage(f"s3://{bucket.name}/x"))


def test_credentials_that_s3_rejects_are_named_as_the_cause(place: Place, aws: pytest.MonkeyPatch) -> None:
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="0") as url:
        aws.setenv("AWS_ENDPOINT_URL_S3", url)
        with pytest.raises(DeliveryNotAllowed, match="may not be listed") as refused:
            deliver(place.folder, open_storage("s3://bucket/x"))
    assert "s3cr3t" not in refused.value.message


def test_a_storage_that_does_not_answer_is_tried_again_another_time(place: Place, aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(DeliveryFailed, match="could not be listed") as failed:
        deliver(place.folder, open_storage("s3://bucket/x"))
    assert failed.value.exit_code == 10


@pytest.mark.slow
def test_a_delivered_folder_passes_its_own_verification(evidence_folder: Path, tmp_path: Path) -> None:
    deliver(evidence_folder, open_storage(str(tmp_path)))
    found = verify(tmp_path / evidence_folder.name, decode=False, say=lambda text: None)
    assert found.differences == []
    told = json.loads((tmp_path / evidence_folder.name / "manifest.json").read_text(encoding="utf-8"))
    assert told["status"] == "partial"
