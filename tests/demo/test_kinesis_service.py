"""The stand-in answers as Kinesis Video is documented to, asked by the real boto3 over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from demo.cameras import DRIVER, CameraModel
from demo.clockcode import read
from demo.faults import Fault
from demo.kinesis_service import EXPIRED_KEY, KinesisService, service_error
from demo.kinesis_streams import KinesisStream, Studio

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
NOW = T0 + timedelta(hours=1)
SMALL = replace(DRIVER.scaled(72), fps=Fraction(4), key_seconds=1.0)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture
def yard(studio: Studio) -> KinesisStream:
    """230 fragments of one second, from T0 on."""
    stream = KinesisStream("yard", T0 - timedelta(hours=2))
    stream.put(studio.take(SMALL, T0, 230), T0)
    return stream


@pytest.fixture
def service(studio: Studio, yard: KinesisStream) -> Iterator[KinesisService]:
    with KinesisService([yard], studio=studio, now=lambda: NOW) as service:
        yield service


class Asker:
    """Asks the stand-in through boto3, without retries."""

    def __init__(self, service: KinesisService, *, key: str = "AKIATEST", region: str = "us-east-1") -> None:
        session = boto3.Session(key, "secret", region_name=region)
        config = Config(retries={"total_max_attempts": 1})
        self.control: Any = session.client("kinesisvideo", endpoint_url=service.url, config=config)
        endpoint = f"{service.url}/b-00000001"
        self.archive: Any = session.client("kinesis-video-archived-media", endpoint_url=endpoint, config=config)

    def listed(self, start: datetime, end: datetime, *, by: str = "PRODUCER", **more: Any) -> dict[str, Any]:
        times = {"StartTimestamp": start, "EndTimestamp": end}
        selector = {"FragmentSelectorType": f"{by}_TIMESTAMP", "TimestampRange": times}
        return self.archive.list_fragments(StreamName="yard", FragmentSelector=selector, **more)

    def clip(self, start: datetime, end: datetime, *, by: str = "PRODUCER", name: str = "yard") -> bytes:
        times = {"StartTimestamp": start, "EndTimestamp": end}
        selector = {"FragmentSelectorType": f"{by}_TIMESTAMP", "TimestampRange": times}
        return self.archive.get_clip(StreamName=name, ClipFragmentSelector=selector)["Payload"].read()

    def refusal(self, start: datetime, end: datetime, **which: str) -> tuple[str, int, str]:
        with pytest.raises(ClientError) as refused:
            self.clip(start, end, **which)
        error = refused.value.response
        return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


def seconds_shown(clip: bytes, tmp_path: Path) -> list[float]:
    """What the clock code in each picture says, in seconds after T0."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip)
    with av.open(str(path)) as film:
        readings = [read(frame.to_ndarray(format="gray")) for frame in film.decode(video=0)]
    return [reading.milliseconds / 1000 - T0.timestamp() for reading in readings if reading]


def test_a_clip_holds_the_fragments_that_start_in_the_range_both_ends_included(
    service: KinesisService, tmp_path: Path
) -> None:
    shown = seconds_shown(Asker(service).clip(after(2.5), after(5)), tmp_path)
    assert shown == [3.0 + 0.25 * number for number in range(12)]


def test_fragments_are_listed_in_no_order_a_hundred_a_page_and_each_once(service: KinesisService) -> None:
    asker = Asker(service)
    page = asker.listed(T0, after(300))
    numbers = [int(each["FragmentNumber"]) for each in page["Fragments"]]
    assert len(numbers) == 100
    assert numbers != sorted(numbers)
    while "NextToken" in page:
        page = asker.archive.list_fragments(StreamName="yard", NextToken=page["NextToken"], MaxResults=90)
        numbers += [int(each["FragmentNumber"]) for each in page["Fragments"]]
    assert sorted(numbers) == [each.number for each in service.streams[0].fragments]


def test_a_list_of_nothing_is_empty_but_a_clip_of_nothing_is_404(service: KinesisService) -> None:
    asker = Asker(service)
    assert asker.listed(after(500), after(600))["Fragments"] == []
    code, status, message = asker.refusal(after(500), after(600))
    assert (code, status) == ("ResourceNotFoundException", 404)
    assert message == "No fragments found in the stream for the clip request."


def test_a_clip_is_cut_at_200_fragments_without_a_word(service: KinesisService, tmp_path: Path) -> None:
    shown = seconds_shown(Asker(service).clip(T0, after(229)), tmp_path)
    assert (len(shown), shown[-1]) == (800, 199.75)


def test_a_clip_is_cut_at_100_megabytes_without_a_word(studio: Studio, tmp_path: Path) -> None:
    heavy = KinesisStream("yard", T0 - timedelta(hours=2))
    heavy.put(studio.take(SMALL, T0, 5), T0, padding=30_000_000)
    with KinesisService([heavy], studio=studio, now=lambda: NOW) as service:
        clip = Asker(service).clip(T0, after(5))
    assert 90_000_000 < len(clip) < 100_000_000
    assert seconds_shown(clip, tmp_path)[-1] == 2.75


def test_holes_inside_a_clip_are_closed(studio: Studio, tmp_path: Path) -> None:
    stream = KinesisStream("yard", T0 - timedelta(hours=2))
    stream.put(studio.take(SMALL, T0, 3), T0)
    stream.put(studio.take(SMALL, after(10), 2), after(10))
    with KinesisService([stream], studio=studio, now=lambda: NOW) as service:
        clip = Asker(service).clip(T0, after(20))
    assert seconds_shown(clip, tmp_path)[::4] == [0, 1, 2, 10, 11]
    with av.open(str(tmp_path / "clip.mp4")) as film:
        assert float(film.duration or 0) / 1_000_000 == 5.0


def test_of_a_time_that_was_sent_twice_a_clip_has_the_first_and_a_list_both(studio: Studio) -> None:
    stream = KinesisStream("yard", T0 - timedelta(hours=2))
    stream.put(studio.take(SMALL, T0, 4), T0)
    stream.put(studio.take(SMALL, T0, 2), T0, arrived=after(60))
    stream.put(studio.take(SMALL, after(1.3), 2), after(1.3), arrived=after(90))
    with KinesisService([stream], studio=studio, now=lambda: NOW) as service:
        asker = Asker(service)
        assert len(asker.listed(T0, after(9))["Fragments"]) == 8
        asker.clip(T0, after(9))
    assert [each.number for each in service.delivered] == [each.number for each in stream.fragments[:4]]


@pytest.mark.parametrize(
    ("start", "end", "by", "code", "status", "words"),
    [
        (5, 5, "PRODUCER", "InvalidArgumentException", 400, "greater than start"),
        (0, 90_000, "PRODUCER", "InvalidArgumentException", 400, "24 hours"),
        (0, 4_000, "SERVER", "InvalidArgumentException", 400, "in the past"),
        (-90_000, -89_000, "SERVER", "InvalidArgumentException", 400, "outside of the stream retention period"),
        (-90_000, -89_000, "PRODUCER", "ResourceNotFoundException", 404, "No fragments found"),
    ],
)
def test_ranges_that_cannot_be_are_refused_in_the_service_s_words(
    service: KinesisService, start: float, end: float, by: str, code: str, status: int, words: str
) -> None:
    told = Asker(service).refusal(after(start), after(end), by=by)
    assert told[:2] == (code, status)
    assert words in told[2]


def test_a_stream_that_keeps_nothing_says_so(service: KinesisService) -> None:
    service.streams[0].retention_hours = 0
    assert Asker(service).refusal(T0, after(5))[:2] == ("NoDataRetentionException", 400)


def test_a_change_of_the_codec_s_data_fails_the_whole_range(studio: Studio) -> None:
    stream = KinesisStream("yard", T0 - timedelta(hours=2))
    larger: CameraModel = SMALL.scaled(90)
    stream.put(studio.take(SMALL, T0, 3), T0)
    stream.put(studio.take(larger, after(3), 3), after(3))
    with KinesisService([stream], studio=studio, now=lambda: NOW) as service:
        asker = Asker(service)
        assert asker.refusal(T0, after(5))[:2] == ("InvalidCodecPrivateDataException", 400)
        assert asker.clip(T0, after(2))
        assert asker.clip(after(3), after(5))


def test_streams_of_other_regions_are_not_found(service: KinesisService) -> None:
    elsewhere = Asker(service, region="eu-west-1")
    assert elsewhere.refusal(T0, after(5))[:2] == ("ResourceNotFoundException", 404)
    assert elsewhere.control.list_streams()["StreamInfoList"] == []


def test_an_expired_session_and_a_missing_permission_are_refused(service: KinesisService) -> None:
    assert Asker(service, key=EXPIRED_KEY).refusal(T0, after(5))[:2] == ("ExpiredTokenException", 403)
    service.denied = {"GetClip"}
    code, status, message = Asker(service).refusal(T0, after(5))
    assert (code, status) == ("AccessDeniedException", 403)
    assert "kinesisvideo:GetClip" in message


def test_a_data_call_to_another_endpoint_is_refused_as_xml(service: KinesisService) -> None:
    service.move_data_endpoint()
    code, status, message = Asker(service).refusal(T0, after(5))
    assert (code, status) == ("403", 403)
    assert "Unable to determine service/operation name" in message


def test_milliseconds_go_over_the_wire(service: KinesisService) -> None:
    Asker(service).clip(after(1.234), after(2.345))
    (body,) = [body for action, body in service.bodies if action == "GetClip"]
    times = body["ClipFragmentSelector"]["TimestampRange"]
    assert times["StartTimestamp"] == pytest.approx(after(1.234).timestamp(), abs=0.0001)


def test_more_than_500_fragments_a_second_are_refused(studio: Studio, yard: KinesisStream) -> None:
    with KinesisService([yard], studio=studio, now=lambda: NOW, limits=True, clock=lambda: 0.0) as service:
        asker = Asker(service)
        asker.clip(T0, after(199))
        asker.clip(T0, after(199))
        assert asker.refusal(T0, after(199))[:2] == ("ClientLimitExceededException", 400)


def test_faults_strike_the_calls_that_they_name(service: KinesisService) -> None:
    asker = Asker(service)
    broken = service_error("InternalFailure", 500, path="/getClip", nth=(2,))
    service.fail(Fault(path="/getClip", nth=(1,), drop=True), broken)
    with pytest.raises(ConnectionClosedError):
        asker.clip(T0, after(5))
    assert asker.refusal(T0, after(5))[:2] == ("InternalFailure", 500)
    assert asker.clip(T0, after(5))
    assert service.calls["GetClip"] == 3


def test_as_a_process_it_tells_where_it_is_and_ends_with_its_input(tmp_path: Path) -> None:
    options = ["--start", T0.isoformat(), "--minutes", "0.2", "--height", "72", "--cache", str(tmp_path)]
    command = [sys.executable, "-m", "demo.kinesis_service", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        told = json.loads(process.stdout.readline())
        session = boto3.Session("AKIATEST", "secret", region_name=told["region"])
        control: Any = session.client("kinesisvideo", endpoint_url=told["url"])
        assert [each["StreamName"] for each in control.list_streams()["StreamInfoList"]] == told["streams"]
        process.stdin.close()
        assert process.wait(timeout=20) == 0
