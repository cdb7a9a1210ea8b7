"""A stream that may not be read beside a vehicle that may: said at once, nothing spent in vain, the rest delivered."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench.kinesis_incident import environment
from demo.cameras import DRIVER
from demo.faults import Script
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import KinesisStream, Studio
from tests.site import QUICK, START, Outcome, Site, open_site

pytestmark = pytest.mark.slow

SECONDS = 20.0
ORDER = (
    *("pull", "--vehicle", "Truck 104", "--cameras", "road", "--stream", "yard=gate", "--start", START),
    *("--duration", str(SECONDS / 60), "--films", "joined", *QUICK),
)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("takes"))


@pytest.fixture
def gate(studio: Studio) -> Iterator[KinesisService]:
    start = datetime.fromisoformat(START.replace("Z", "+00:00"))
    stream = KinesisStream("gate", start - timedelta(hours=2), retention_hours=24 * 365 * 10)
    stream.put(studio.take(DRIVER.scaled(72), start, SECONDS), start)
    with KinesisService([stream], studio=studio) as service:
        yield service


@pytest.fixture
def site(tmp_path: Path, clips: Path, gate: KinesisService) -> Iterator[Site]:
    """Both services; the vehicle's footage takes some seconds to come."""
    with open_site(tmp_path, clips, Script(limits=False, ready_after=10.0)) as site:
        site.environ |= environment(gate)
        yield site


def test_a_stream_that_fails_is_told_while_the_vehicle_is_waited_for_and_the_vehicle_is_delivered(
    site: Site, gate: KinesisService
) -> None:
    gate.denied = {"GetClip"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        site.command(*ORDER), env=site.environment(), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert any("Yard: " in line and "kinesisvideo:GetClip" in line for line in process.stderr)
            assert site.downloads() == 0
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    outcome = Outcome(process.returncode, out, err)
    assert (outcome.code, outcome.result["status"], outcome.result["error"]["kind"]) == (6, "failed", "permission")
    assert outcome.result["cameras"]["road"]["received_seconds"] == SECONDS
    assert outcome.result["cameras"]["road"]["merged"]
    gate.denied = set()
    assert site.resume().code == 0


@pytest.mark.parametrize(("endpoint", "code"), [(None, 6), ("b-1.kinesisvideo.us-east-1.amazonaws.com", 2)])
def test_nothing_is_spent_where_no_clip_of_the_stream_could_be_fetched(
    site: Site, gate: KinesisService, endpoint: str | None, code: int
) -> None:
    if endpoint is None:
        gate.denied = {"GetDataEndpoint"}
    else:
        site.environ["KINESIS_DATA_ENDPOINT"] = endpoint
    outcome = site.run(*ORDER)
    assert (outcome.code, site.posts_sent()) == (code, 0), outcome.err


def test_without_permission_to_describe_the_stream_the_run_goes_on_and_says_so(
    site: Site, gate: KinesisService
) -> None:
    gate.denied = {"DescribeStream"}
    outcome = site.run(*ORDER)
    assert (outcome.code, outcome.reasons("yard")) == (0, []), outcome.err
    assert "kinesisvideo:DescribeStream" in outcome.err
