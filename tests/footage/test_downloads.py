"""What a download leaves on disk, over real HTTP: whole, continued, or begun anew, but never mixed."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footage.downloads import Downloader, DownloadFailed, with_fresh_links
from footage.errors import DiskTrouble, FootageError, Interrupted

BODY = bytes(range(256)) * 300
NAME = "Road_VideoClip_x.mp4"


class Host:
    """Serves one body; `cut` ends the first answers after so many bytes, `heads` keeps what was asked with.

    `packs` sends it gzipped, whatever was asked for.
    """

    def __init__(self, body: bytes = BODY, etag: str | None = '"a"', cut: tuple[int, ...] = ()) -> None:
        self.body, self.etag, self.cut, self.length = body, etag, list(cut), True
        self.heeds_if_range, self.tells_total, self.packs = True, True, False
        self.statuses: list[int] = []
        self.heads: list[dict[str, str]] = []
        self.on_answer = lambda: None
        self.url = self.leads_to = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.heads.append(dict(handler.headers.items()))
        self.on_answer()
        if self.leads_to:
            handler.send_response(302)
            handler.send_header("Location", self.leads_to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if self.statuses:
            handler.send_response(self.statuses.pop(0))
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        start = self._start(handler)
        rest = gzip.compress(self.body) if self.packs else self.body[start:]
        handler.send_response(206 if start else 200)
        if self.packs:
            handler.send_header("Content-Encoding", "gzip")
        if start:
            total = len(self.body) if self.tells_total else "*"
            handler.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{total}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.length:
            handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest[: self.cut.pop(0)] if self.cut else rest)
        handler.close_connection = True

    def _start(self, handler: BaseHTTPRequestHandler) -> int:
        asked = handler.headers.get("Range")
        same = handler.headers.get("If-Range") == self.etag or not self.heeds_if_range
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked and same else 0


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}/clip?signature=secret"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Hurried(threading.Event):
    """A stop that is never set and never waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def fetch(work: Path, host: Host, media: str = "road 1", **options: object) -> Path:
    downloader = Downloader(work, stop=options.pop("stop", Hurried()), **options)  # type: ignore[arg-type]
    part = with_fresh_links(NAME, host.url, lambda: host.url, lambda url: downloader.fetch(NAME, url, media=media))
    content = part.path.read_bytes()
    assert (part.size, part.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    return part.path


def test_a_whole_answer_is_a_whole_part(tmp_path: Path) -> None:
    with serving(Host()) as host:
        assert fetch(tmp_path, host).read_bytes() == BODY


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(BODY) - 1), max_size=4), etag=st.sampled_from(['"a"', 'W/"a"', None]))
def test_however_often_it_breaks_off_the_same_bytes_arrive(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], etag: str | None
) -> None:
    with serving(Host(etag=etag, cut=tuple(cuts))) as host:
        assert fetch(tmp_path_factory.mktemp("work"), host).read_bytes() == BODY


def test_a_later_run_asks_only_for_the_rest(tmp_path: Path) -> None:
    with serving(Host(cut=(70_000,))) as host:
        with pytest.raises(DownloadFailed):
            fetch(tmp_path, host, attempts=1)
        begun = (tmp_path / f"{NAME}.part").stat().st_size
        fetch(tmp_path, host)
    assert 0 < begun <= 70_000
    assert host.heads[1]["Range"] == f"bytes={begun}-"


def test_a_part_of_a_file_that_changed_is_begun_anew(tmp_path: Path) -> None:
    with serving(Host(cut=(70_000,))) as host:
        with pytest.raises(DownloadFailed):
            fetch(tmp_path, host, attempts=1)
        host.body, host.etag = BODY[::-1], '"b"'
        assert fetch(tmp_path, host).read_bytes() == BODY[::-1]


def test_a_part_is_never_gone_on_with_by_the_bytes_of_another_file_of_the_same_length(tmp_path: Path) -> None:
    with serving(Host(cut=(70_000,))) as host:
        with pytest.raises(DownloadFailed):
            fetch(tmp_path, host, attempts=1)
        host.body, host.etag, host.heeds_if_range = BODY[::-1], '"b"', False
        assert fetch(tmp_path, host).read_bytes() == BODY[::-1]


def test_a_file_that_is_another_one_at_each_attempt_ends_the_attempts(tmp_path: Path) -> None:
    def change() -> None:
        host.etag = f'"{len(host.heads)}"'

    with serving(Host(cut=(70_000,) * 40)) as host:
        host.heeds_if_range, host.on_answer = False, change
        with pytest.raises(DownloadFailed):
            fetch(tmp_path, host, attempts=4)
    assert len(host.heads) < 10


def test_a_part_goes_on_where_the_server_does_not_tell_the_length_of_the_whole(tmp_path: Path) -> None:
    with serving(Host(cut=(70_000,))) as host:
        host.tells_total = False
        assert fetch(tmp_path, host).read_bytes() == BODY
    assert [head.get("Range") for head in host.heads] == [None, "bytes=70000-"]


def test_what_comes_packed_though_it_was_asked_for_plain_is_unpacked(tmp_path: Path) -> None:
    with serving(Host()) as host:
        host.packs = True
        assert fetch(tmp_path, host).read_bytes() == BODY
    assert len(host.heads) == 1


def test_packed_bytes_that_break_off_are_begun_anew(tmp_path: Path) -> None:
    with serving(Host(cut=(300,))) as host:
        host.packs = True
        assert fetch(tmp_path, host).read_bytes() == BODY
    assert "Range" not in host.heads[1]


def test_a_slow_drip_ends_some_day_though_each_attempt_brings_something(tmp_path: Path) -> None:
    minutes = iter(range(0, 60_000, 61))
    drips = tuple(range(10_000, 70_000, 10_000))
    with serving(Host(cut=drips)) as host, pytest.raises(DownloadFailed, match="3 attempts"):
        fetch(tmp_path, host, attempts=3, clock=lambda: next(minutes))
    assert len(host.heads) == 3


def test_a_proxy_for_the_outside_world_has_no_business_with_this_computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with serving(Host()) as host:
        assert fetch(tmp_path, host).read_bytes() == BODY


@pytest.mark.parametrize("link", ["https://[::1", f"https://{'a' * 70}.example.com/x", "http://127.0.0.1:99999/x", ""])
def test_a_link_that_is_no_address_costs_its_clip_and_is_not_shown(tmp_path: Path, link: str) -> None:
    with pytest.raises(DownloadFailed) as failed:
        Downloader(tmp_path).fetch(NAME, f"{link}?signature=secret", media="road 1")
    assert "secret" not in str(failed.value)


def test_a_link_that_leads_to_no_address_costs_its_clip(tmp_path: Path) -> None:
    with serving(Host()) as host:
        host.leads_to = "https://[::1"
        with pytest.raises(DownloadFailed):
            Downloader(tmp_path).fetch(NAME, host.url, media="road 1")


def test_a_whole_part_is_not_asked_for_again(tmp_path: Path) -> None:
    with serving(Host()) as host:
        fetch(tmp_path, host)
        fetch(tmp_path, host)
    assert len(host.heads) == 1


def test_a_whole_part_of_other_media_is_not_taken_for_this_one(tmp_path: Path) -> None:
    with serving(Host()) as host:
        fetch(tmp_path, host, media="road 1")
        host.body = BODY[::-1]
        assert fetch(tmp_path, host, media="road 2").read_bytes() == BODY[::-1]


@pytest.mark.parametrize("sidecar", ["", "null", "[1]", '{"media": 1}', '{"total": 3}'])
def test_a_part_without_a_readable_sidecar_is_begun_anew(tmp_path: Path, sidecar: str) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 50)
    (tmp_path / f"{NAME}.part.json").write_text(sidecar)
    with serving(Host()) as host:
        assert fetch(tmp_path, host).read_bytes() == BODY
    assert "Range" not in host.heads[0]


def test_a_file_that_was_named_but_not_recorded_is_a_part_again(tmp_path: Path) -> None:
    work, folder = tmp_path / "work", tmp_path / "folder"
    work.mkdir()
    folder.mkdir()
    with serving(Host()) as host:
        fetch(work, host).replace(folder / NAME)
        Downloader(work).take_back(folder, ())
        assert not (folder / NAME).exists()
        assert fetch(work, host).read_bytes() == BODY
    assert len(host.heads) == 1


def test_a_recorded_file_stays_where_it_is(tmp_path: Path) -> None:
    work, folder = tmp_path / "work", tmp_path / "folder"
    work.mkdir()
    folder.mkdir()
    with serving(Host()) as host:
        fetch(work, host).replace(folder / NAME)
    Downloader(work).take_back(folder, {NAME})
    assert (folder / NAME).read_bytes() == BODY
    assert list(work.iterdir()) == []


def test_a_file_of_another_length_is_somebody_elses(tmp_path: Path) -> None:
    work, folder = tmp_path / "work", tmp_path / "folder"
    work.mkdir()
    folder.mkdir()
    with serving(Host()) as host:
        fetch(work, host).unlink()
    (folder / NAME).write_bytes(b"mine")
    Downloader(work).take_back(folder, ())
    assert (folder / NAME).read_bytes() == b"mine"


def test_a_stale_link_is_replaced_and_a_link_that_stays_stale_ends(tmp_path: Path) -> None:
    with serving(Host()) as host:
        host.statuses = [403, 403]
        assert fetch(tmp_path, host).read_bytes() == BODY
        host.statuses = [403] * 9
        with pytest.raises(DownloadFailed, match="every link was refused"):
            fetch(tmp_path, host, media="other")


def test_nothing_of_the_link_is_in_the_sidecar_or_the_error(tmp_path: Path) -> None:
    with serving(Host(cut=(100,))) as host, pytest.raises(DownloadFailed) as failed:
        fetch(tmp_path, host, attempts=1)
    assert "secret" not in str(failed.value)
    told = json.loads((tmp_path / f"{NAME}.part.json").read_text())
    assert told == {"media": "road 1", "validator": '"a"', "total": len(BODY)}


def test_the_key_of_the_computer_is_not_sent_to_a_storage_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(Host()) as host:
        fetch(tmp_path, host)
    assert "Authorization" not in host.heads[0]


def test_a_disk_without_room_for_the_rest_is_said_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footage.downloads.free_bytes", lambda folder: len(BODY) - 1)
    with serving(Host()) as host, pytest.raises(DiskTrouble, match="not enough free space"):
        fetch(tmp_path, host)


def test_a_stop_ends_a_download_and_keeps_what_came(tmp_path: Path) -> None:
    stop = Hurried()
    with serving(Host(body=BODY * 10)) as host, pytest.raises(Interrupted):
        fetch(tmp_path, host, stop=stop, on_bytes=lambda count: stop.set())
    assert 0 < (tmp_path / f"{NAME}.part").stat().st_size < len(BODY) * 10


def test_an_address_without_protection_is_refused(tmp_path: Path) -> None:
    downloader = Downloader(tmp_path)
    with pytest.raises(FootageError, match="https"):
        downloader.fetch(NAME, "http://example.com/clip", media="road 1")
