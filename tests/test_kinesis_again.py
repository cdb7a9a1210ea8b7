"""A stream that is pulled again: by the other clock, after a failure that has passed, and at the live edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bench.kill_grounds import KinesisSite
from demo.cameras import DRIVER
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import KinesisStream, Studio
from tests.site import Outcome

pytestmark = pytest.mark.slow

T0 = datetime(2026, 11, 18, 14, 30, tzinfo=timezone.utc)
SMALL = DRIVER.scaled(72)
SECONDS = 40
YEARS = 24 * 365 * 10

Open = Callable[[KinesisStream], KinesisSite]


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
