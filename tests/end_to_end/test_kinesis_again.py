"""A stream that is pulled again: by the other clock, after a failure that has passed, and at the live edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bench.kill_grounds import KinesisSite
from demo.cameras import DRIVER
from demo.kinesis_service import KinesisService, service_error
from demo.kinesis_streams import KinesisStream, Studio
from footage.kinesis.edge import still_to_come
from footage.models import Missing, TimeWindow
from tests.site import Outcome

pytestmark = pytest.mark.slow

T0 = datetime(2026, 11, 18, 14, 30, tzinfo=timezone.utc)
SMALL = DRIVER.scaled(72)
SECONDS = 40
YEARS = 24 * 365 * 10


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("takes"))


@pytest.fixture
def site(tmp_path: Path, studio: Studio) -> Iterator[KinesisSite]:
    """A stream `gate` whose footage of 40 seconds took 30 more to arrive."""
    stream = KinesisStream("gate", T0 - timedelta(hours=2), YEARS)
    begins = T0 - timedelta(seconds=30)
    stream.put(studio.take(SMALL, begins, SECONDS + 30.0), begins, arrived=T0, apart=2.0)
    with KinesisService([stream], studio=studio) as service:
        yield KinesisSite(service, tmp_path)


def pull(site: KinesisSite, *more: str, start: datetime = T0, seconds: float = SECONDS) -> Outcome:
    when = ("--start", start.isoformat(), "--duration", str(seconds / 60))
    return site.run("pull", "--stream", "yard=gate", *when, "--films", "none", "--yes", "--json", *more)


def test_by_the_other_clock_nothing_is_taken_over_and_nothing_is_mixed(site: KinesisSite) -> None:
    by_camera, by_arrival = pull(site), pull(site, "--selector", "server")
    assert (by_camera.code, by_arrival.code) == (0, 0), by_camera.err + by_arrival.err
    assert by_camera.result["folder"] != by_arrival.result["folder"]
    (own,), (other,) = (outcome.result["cameras"]["yard"]["clips"] for outcome in (by_camera, by_arrival))
    assert other["sha256"] != own["sha256"]
    fetched = site.service.calls["GetClip"]
    again = pull(site, "--selector", "server")
    assert again.result["cameras"] == by_arrival.result["cameras"]
    assert (again.result["folder"], site.service.calls["GetClip"]) == (by_arrival.result["folder"], fetched)


def test_a_clip_that_was_lost_on_the_way_is_fetched_by_resume_and_nothing_else_is(site: KinesisSite) -> None:
    site.service.fail(service_error("InternalFailure", 500, path="/getClip", after=1))
    outcome = pull(site, "--chunk", "0.34", "--retries", "1")
    assert (outcome.code, outcome.reasons("yard")) == (3, ["download"]), outcome.err
    site.service.fail()
    fetched = site.service.calls["GetClip"]
    again = site.resume()
    assert (again.code, again.reasons("yard")) == (0, []), again.err
    assert site.service.calls["GetClip"] == fetched + 1
    assert site.resume().code == 0
    assert site.service.calls["GetClip"] == fetched + 1


def test_what_has_not_arrived_of_the_last_minute_is_pending_and_comes_with_resume(
    tmp_path: Path, studio: Studio
) -> None:
    now = datetime.now(timezone.utc)
    begins = (now - timedelta(seconds=SECONDS)).replace(microsecond=0)
    stream = KinesisStream("gate", now - timedelta(hours=2), YEARS)
    stream.put(studio.take(SMALL, begins, SECONDS - 4.0), begins)
    clock = [stream.fragments[-1].server - timedelta(seconds=1)]
    with KinesisService([stream], studio=studio, now=lambda: clock[0]) as service:
        site = KinesisSite(service, tmp_path)
        early = pull(site, start=begins, seconds=SECONDS - 4)
        assert (early.code, early.reasons("yard")) == (4, ["pending"]), early.err
        clock[0] += timedelta(seconds=2)
        late = site.resume()
    assert (late.code, late.reasons("yard")) == (0, []), late.err


def test_what_never_arrived_is_lost_once_its_minute_is_over() -> None:
    hole = Missing("yard", TimeWindow(T0, T0 + timedelta(minutes=5)), "no_media")
    looked = [T0 + timedelta(minutes=minutes) for minutes in (5, 5.5, 6)]
    found = [[(each.window.seconds, each.reason) for each in still_to_come([hole], moment)] for moment in looked]
    assert found == [
        [(240, "no_media"), (60, "pending")],
        [(270, "no_media"), (30, "pending")],
        [(300, "no_media")],
    ]
    flawed = replace(hole, reason="InvalidMediaFrameException")
    assert list(still_to_come([flawed], looked[0])) == [flawed]
