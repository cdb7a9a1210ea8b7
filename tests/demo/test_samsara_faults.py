"""The stand-in for Samsara goes wrong exactly as its script tells: a row for each way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from demo.faults import ClipFate, Fault, Script, Upload, lost_answer, not_recording, quota_exceeded, refusal, web_page
from demo.samsara_fleet import TRUCK_104, VAN_7
from tests.samsara_bench import CONTENT, END, RETRIEVAL, START, Bench, running_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running_bench(tmp_path / "clip.mp4") as running:
        yield running


# --- what goes wrong with answers ---


def outcome(call: Callable[[], requests.Response]) -> object:
    """The status of an answer, or the kind of failure that its client sees."""
    try:
        return call().status_code
    except requests.RequestException as error:
        return type(error)


@pytest.mark.parametrize(
    ("fault", "seen", "accepted"),
    [
        (Fault(drop=True), requests.ConnectionError, 0),
        (lost_answer(), requests.ConnectionError, 1),
        (refusal(500, "Internal server error."), 500, 0),
        (refusal(500, "Internal server error.", handled=True), 500, 1),
        (web_page(502), 502, 0),
        (refusal(429, "Rate limit exceeded."), 429, 0),
        (quota_exceeded(), 429, 0),
        (quota_exceeded(after=1), 200, 1),
        (not_recording("road"), 400, 0),
        (not_recording("driver"), 200, 1),
        (not_recording(start=START), 400, 0),
        (not_recording(start=END), 200, 1),
        (Fault(nth=(2, 3), status=503), 200, 1),
        (Fault(status=302, headers={"Location": "http://localhost:9/"}), requests.ConnectionError, 0),
        (Fault(close_after=10), requests.exceptions.ChunkedEncodingError, 1),
    ],
    ids=str,
)
def test_a_retrieval_goes_wrong_as_told(bench: Bench, fault: Fault, seen: object, accepted: int) -> None:
    bench.service.script = Script(faults=(fault,))
    assert outcome(bench.ask) == seen
    assert sum(bench.service.posts.values()) == accepted


def test_the_words_of_refusals_are_samsaras(bench: Bench) -> None:
    bench.service.script = Script(faults=(not_recording("road"), quota_exceeded()))
    refused, exceeded = bench.ask("dashcamRoadFacing"), bench.ask("analog1")
    assert "not recording at" in refused.json()["message"]
    assert "quota" in exceeded.json()["message"]
    assert "Retry-After" not in exceeded.headers


def test_a_fault_strikes_the_nth_request_only_or_the_nth_of_each_clip(bench: Bench) -> None:
    bench.service.script = Script(
        faults=(Fault(path="/me", nth=(2,), status=500), Fault(path="/media", nth=(1,), each=True, status=503))
    )
    assert [bench.call("GET", "/me").status_code for _ in range(3)] == [200, 500, 200]
    urls = [item["urlInfo"]["url"] for item in bench.media("dashcamRoadFacing", "dashcamDriverFacing")]
    assert [bench.fetch(url).status_code for url in (*urls, *urls)] == [503, 503, 200, 200]


def test_a_fault_finds_the_download_and_the_retrieval_of_a_camera(bench: Bench) -> None:
    of_driver = Fault("GET", "/media", camera="driver", status=503)
    of_analog = Fault("GET", RETRIEVAL, camera="analog1", status=500)
    bench.service.script = Script(faults=(of_driver, of_analog))
    urls = [item["urlInfo"]["url"] for item in bench.media("dashcamRoadFacing", "dashcamDriverFacing")]
    assert [bench.fetch(url).status_code for url in urls] == [200, 503]
    analog = bench.ask("analog1").json()["data"]["retrievalId"]
    assert bench.call("GET", RETRIEVAL, params={"retrievalId": analog}).status_code == 500


@pytest.mark.parametrize(
    ("fault", "status", "headers", "content"),
    [
        (Fault(path="/media", ignore_range=True), 200, {"Content-Length": "10240"}, CONTENT),
        (Fault(path="/media", headers={"Content-Range": "bytes 7-8/9"}), 206, {"Content-Range": "bytes 7-8/9"}, None),
        (Fault(path="/media", headers={"ETag": '"new"'}), 206, {"ETag": '"new"'}, CONTENT[100:]),
        (Fault(path="/media", expired=True), 403, {}, None),
        (web_page(200, path="/media"), 200, {"Content-Type": "text/html"}, None),
    ],
    ids=str,
)
def test_a_download_goes_wrong_as_told(
    bench: Bench, fault: Fault, status: int, headers: dict[str, str], content: bytes | None
) -> None:
    url = bench.link()
    bench.service.script = Script(faults=(fault,))
    answer = bench.fetch(url, Range="bytes=100-")
    assert answer.status_code == status
    assert headers.items() <= dict(answer.headers).items()
    assert content is None or answer.content == content


def test_a_download_that_is_cut_brings_just_the_bytes_before(bench: Bench) -> None:
    url = bench.link()
    bench.service.script = Script(faults=(Fault(path="/media", close_after=5000),))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="5000 bytes read, 5240 more expected"):
        bench.fetch(url)
    assert bench.service.requests[-1].sent == 5000


def test_answers_wait_and_drip_as_told(bench: Bench) -> None:
    url = bench.link()
    bench.service.script = Script(faults=(Fault(path="/media", delay=7, bytes_per_second=1024),))
    assert bench.fetch(url).content == CONTENT
    assert bench.slept[0] == 7
    assert sum(bench.slept[1:]) == pytest.approx(10)
    assert max(bench.slept[1:]) < 0.1


# --- what becomes of clips ---


@pytest.mark.parametrize(
    ("fate", "told"),
    [
        (ClipFate(status="unavailable"), [("unavailable", "14:30:00", "14:31:00")]),
        (ClipFate(status="onTheMoon"), [("onTheMoon", "14:30:00", "14:31:00")]),
        (ClipFate(status="pending"), [("pending", "14:30:00", "14:31:00")]),
        (ClipFate(ready_after=1), [("pending", "14:30:00", "14:31:00")]),
        (ClipFate(status="failed", start=START), [("failed", "14:30:00", "14:31:00")]),
        (ClipFate(status="failed", start=END), [("available", "14:30:00", "14:31:00")]),
        (ClipFate(status="failed", camera="driver"), [("available", "14:30:00", "14:31:00")]),
        (ClipFate(status="failed", vehicle=VAN_7.id), [("available", "14:30:00", "14:31:00")]),
        (ClipFate(shift=-2.4), [("available", "14:29:57.600", "14:30:57.600")]),
        (ClipFate(copies=2), [("available", "14:30:00", "14:31:00")] * 2),
        (ClipFate(split_at=20), [("available", "14:30:00", "14:30:20"), ("available", "14:30:20", "14:31:00")]),
        (ClipFate(lead=5), [("available", "14:30:00", "14:30:30"), ("available", "14:30:25", "14:31:00")]),
    ],
    ids=str,
)
def test_a_clip_is_told_of_as_its_fate_wants(bench: Bench, fate: ClipFate, told: list[tuple[str, str, str]]) -> None:
    bench.service.script = Script(clips=(fate,))
    media = bench.media()
    assert [(item["status"], item["startTime"][11:-1], item["endTime"][11:-1]) for item in media] == told
    urls = [item["urlInfo"]["url"] for item in media if item["status"] == "available"]
    assert len(set(urls)) == len(urls) == [status for status, _, _ in told].count("available")


@pytest.mark.parametrize(
    ("fate", "first", "second"),
    [
        (ClipFate(cut_to=0.5), CONTENT[:5120], CONTENT[:5120]),
        (ClipFate(cut_to=0.5, damaged_downloads=1), CONTENT[:5120], CONTENT),
        (ClipFate(damage_at=0.9), CONTENT[:9216] + b"\xff" * 1024, CONTENT[:9216] + b"\xff" * 1024),
        (ClipFate(damage_at=0.1, damaged_downloads=1), CONTENT[:1024] + b"\xff" * 4096 + CONTENT[5120:], CONTENT),
        (ClipFate(content="#EXTM3U\n"), b"#EXTM3U\n", b"#EXTM3U\n"),
    ],
    ids=str,
)
def test_a_file_is_spoiled_as_its_fate_wants(bench: Bench, fate: ClipFate, first: bytes, second: bytes) -> None:
    bench.service.script = Script(clips=(fate,))
    url = bench.link()
    downloads = [bench.fetch(url), bench.fetch(url)]
    assert [download.content for download in downloads] == [first, second]
    assert (downloads[0].headers["ETag"] == downloads[1].headers["ETag"]) == (first == second)


def test_a_link_can_be_missing_or_lead_elsewhere(bench: Bench) -> None:
    fates = (ClipFate("road", linked=False), ClipFate("driver", url="http://example.com/clip.mp4"))
    bench.service.script = Script(clips=fates)
    road, driver = bench.media("dashcamRoadFacing", "dashcamDriverFacing")
    assert "urlInfo" not in road
    assert driver["urlInfo"]["url"] == "http://example.com/clip.mp4"


# --- scripts ---


def test_a_script_survives_being_written_and_read() -> None:
    script = Script(
        faults=(lost_answer(1, 3), web_page(502, path="/fleet", nth=(2,)), Fault(close_after=0, each=True)),
        clips=(ClipFate("road", shift=-2.4, shorten=0.7), ClipFate(content="", linked=False)),
        uploads=(Upload(TRUCK_104.id, "driver", START),),
        missing_permissions=("Read Vehicles",),
        limits=False,
    )
    assert Script.from_json(script.to_json()) == script


def test_a_script_with_an_unknown_word_is_refused() -> None:
    with pytest.raises(TypeError, match="shrink"):
        Script.from_json('{"clips": [{"shrink": 1}]}')
