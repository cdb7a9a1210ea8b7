"""A pull of streams through the real program that fetches only, or that is interrupted, and its way back."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bench.kill_grounds import GROUNDS, KinesisSite
from demo.faults import Fault
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import Studio
from tests.site import START
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ORDER = (*GROUNDS["kinesis"].order, "--films", "none")
HOUR = 3600.0
"""Longer than any test waits: who leaves before an answer that takes so long has not waited for it."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("takes"))


@pytest.fixture
def site(tmp_path: Path, studio: Studio) -> Iterator[KinesisSite]:
    start = datetime.fromisoformat(START.replace("Z", "+00:00"))
    streams = demo_streams(studio, start, 1.2, height=120, fps=5, hole=10.0)
    with KinesisService(streams, studio=studio) as service:
        yield KinesisSite(service, tmp_path)


def test_without_films_the_clips_are_fetched_and_nothing_is_made_of_them(site: KinesisSite) -> None:
    outcome = site.run(*ORDER)
    assert outcome.code == 3, outcome.err
    folder = Path(outcome.result["folder"])
    cameras = outcome.result["cameras"]
    assert {word: camera["merged"] for word, camera in cameras.items()} == {"road": None, "driver": None}
    assert outcome.result["side_by_side"] is None
    films = {path.name for path in folder.glob("*.mp4")}
    assert films == {clip["file"] for camera in cameras.values() for clip in camera["clips"]}
    assert all((folder / name).read_bytes() in _sent(site) for name in films)
    assert cameras["driver"]["gaps"] == []
    assert [gap["reason"] for gap in cameras["road"]["gaps"]] == ["no_media"]


def test_films_can_be_made_later_of_what_was_only_fetched(site: KinesisSite) -> None:
    assert site.run(*ORDER).code == 3
    fetched = len(site.service.clips)
    later = site.run(*ORDER[:-1], "joined")
    assert later.code == 3, later.err
    assert all(camera["merged"] for camera in later.result["cameras"].values())
    assert len(site.service.clips) == fetched


@pytest.mark.parametrize(
    ("action", "calls", "slow"),
    [
        pytest.param("DescribeStream", 1, Fault(path="/describeStream", delay=HOUR), id="in the first call"),
        pytest.param("ListFragments", 1, Fault(path="/listFragments", delay=HOUR), id="while fragments are listed"),
        pytest.param("GetClip", 6, Fault(path="/getClip", after=4, delay=HOUR), id="while clips are waited for"),
        pytest.param("GetClip", 6, Fault(path="/getClip", after=4, bytes_per_second=100), id="in the clips' bodies"),
    ],
)
def test_ctrl_c_waits_for_no_answer_and_what_is_whole_is_not_fetched_again(
    site: KinesisSite, action: str, calls: int, slow: Fault
) -> None:
    site.service.fail(slow)
    with site.begun(*ORDER) as process:
        wait_until(lambda: site.service.calls[action] >= calls)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["error"]["kind"] == "interrupted"
    site.service.fail()
    again = GROUNDS["kinesis"].watch(site)
    code = site.resume().code if list(site.logs.glob("request_ids_*")) else site.run(*ORDER).code
    assert (code, again()) == (3, [])


def _sent(site: KinesisSite) -> set[bytes]:
    return {path.read_bytes() for path in site.service.clips}
