"""Kinesis Video from the command line to the film, and beside a Samsara vehicle in one incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench.kinesis_incident import FPS, START, Findings, environment, pull, studio_in
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from tests.site import START as SAMSARA_START
from tests.site import Site

pytestmark = pytest.mark.slow

MINUTES = 5


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return pull(tmp_path_factory.mktemp("kinesis"), MINUTES)


def test_every_fragment_is_fetched_exactly_once(found: Findings) -> None:
    assert found.doubled == 0


def test_the_hole_is_named_and_nothing_else_is_missing(found: Findings) -> None:
    assert (found.code, found.result["status"]) == (3, "partial")
    gaps = found.result["cameras"]["road"]["gaps"]
    assert [gap["reason"] for gap in gaps] == ["no_media"]
    assert found.result["cameras"]["road"]["received_seconds"] == pytest.approx(MINUTES * 60 - 90, abs=0.5)
    assert found.result["cameras"]["driver"]["received_seconds"] == MINUTES * 60


def test_the_film_is_true_to_the_clock(found: Findings) -> None:
    assert max(found.worst) <= 1 / FPS


def test_slates_stand_exactly_where_nothing_was_recorded(found: Findings) -> None:
    gap = found.result["cameras"]["road"]["gaps"][0]
    begin, end = ((datetime.fromisoformat(gap[edge].replace("Z", "+00:00")) - START) for edge in ("start", "end"))
    dark = found.dark[0]
    assert len(dark) == pytest.approx((end - begin) / timedelta(seconds=1), abs=1)
    assert dark[0] >= begin.total_seconds() - 1
    assert found.dark[1] == ()


def test_a_stream_stands_beside_a_vehicle_on_one_time_axis(site: Site, tmp_path: Path) -> None:
    studio = studio_in(tmp_path)
    start = datetime.fromisoformat(SAMSARA_START.replace("Z", "+00:00"))
    streams = demo_streams(studio, start, 1, height=120, fps=5, hole=0.0)
    with KinesisService(streams, studio=studio) as service:
        site.environ |= environment(service)
        outcome = site.pull("--cameras", "road", "--stream", f"yard={streams[1].name}", minutes="1", films="joined")
    assert outcome.code == 0, outcome.err
    assert outcome.result["incident"]["source"] == "both"
    assert {word: camera["received_seconds"] for word, camera in outcome.result["cameras"].items()} == {
        "road": 60,
        "yard": 60,
    }


@pytest.mark.parametrize(
    ("streams", "code"),
    [(["road=nowhere"], 2), (["road"], 2), (["road=yard-road", "Road=yard-driver"], 2)],
)
def test_a_stream_that_is_not_there_or_not_well_named_is_refused(
    site: Site, tmp_path: Path, streams: list[str], code: int
) -> None:
    studio = studio_in(tmp_path)
    stored = demo_streams(studio, START, 0.2, height=120, fps=5, hole=0.0)
    with KinesisService(stored, studio=studio) as service:
        site.environ |= environment(service)
        options = [part for stream in streams for part in ("--stream", stream)]
        outcome = site.run("pull", *options, "--start", START.isoformat(), "--duration", "1", "--yes", "--json")
    assert outcome.code == code, outcome.err
