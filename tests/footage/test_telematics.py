"""Claims about speed and place: both endpoints are read alike, and nothing is told where nothing is known."""

from __future__ import annotations

import math
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.faults import Fault, Script, refusal
from demo.samsara_fleet import TRUCK_104
from demo.samsara_service import SamsaraService
from demo.samsara_telematics import speed_at
from footage.errors import PermissionMissing
from footage.evidence.drawing import draw_speed
from footage.evidence.track_files import csv_lines, gpx_lines, read_track
from footage.models import Camera, Incident, TimeWindow, Vehicle
from footage.overlay import clock_line
from footage.samsara.tracking import HISTORY, STREAM, Tracked, Tracking
from footage.telematics import Reading, Readings, Track, in_order
from SamsaraAPI import SamsaraClient

START = datetime(2026, 11, 18, 14, 30, tzinfo=timezone.utc)
HISTORY_PATH = "/fleet/vehicles/stats/history"
WINDOW = TimeWindow(START, START + timedelta(minutes=10))
INCIDENT = Incident("Truck <104> & co", WINDOW, "America/Chicago", (Camera("road"),), Vehicle(TRUCK_104.id))


def tracked(tmp_path: Path, script: Script) -> Tracked:
    with SamsaraService(script=script, footage=lambda shot: tmp_path) as service:
        client = SamsaraClient(service.key, base_url=service.url, sleep=lambda seconds: None)
        tracking = Tracking(INCIDENT, lambda: client)
        tracking.start()
        return tracking.result()


def test_the_fine_stream_gives_a_reading_a_second_over_several_pages(tmp_path: Path) -> None:
    track = tracked(tmp_path, Script(limits=False)).track
    assert track.source == STREAM
    assert len(track.readings) == 621
    assert all(reading.speed == pytest.approx(speed_at(reading.moment)) for reading in track.readings)


@pytest.mark.parametrize(
    "fault",
    [
        refusal(404, "Not found.", path="/assets/"),
        refusal(403, "Token lacks it.", path="/assets/"),
        refusal(500, "Internal error.", path="/assets/"),
        Fault(path="/assets/", status=200, body='{"data": null}'),
    ],
)
def test_without_the_stream_the_statistics_are_read_in_the_same_units(tmp_path: Path, fault: Fault) -> None:
    track = tracked(tmp_path, Script(limits=False, faults=(fault,))).track
    assert track.source == HISTORY
    assert all(reading.speed == pytest.approx(speed_at(reading.moment)) for reading in track.readings)


def test_without_any_permission_the_run_goes_on_and_says_which_one_is_missing(tmp_path: Path) -> None:
    missing = Script(limits=False, missing_permissions=("Read Vehicles", "Read Vehicle Statistics"))
    found = tracked(tmp_path, missing)
    assert found.track.readings == ()
    assert "Read Vehicle Statistics" in found.note


def test_a_vehicle_without_readings_is_told_as_such(tmp_path: Path) -> None:
    hole = "2026-11-18T14:00:00Z/2026-11-18T16:00:00Z"
    assert "has none" in tracked(tmp_path, Script(limits=False, track_holes=(hole,))).note


def test_a_vehicle_that_stands_in_the_statistics_without_any_is_told_as_such(tmp_path: Path) -> None:
    body = '{"data": [{"id": "1", "name": "T"}], "pagination": {"hasNextPage": false}}'
    silent = Fault(path=HISTORY_PATH, status=200, body=body)
    script = Script(limits=False, faults=(refusal(404, "Not found.", path="/assets/"), silent))
    assert "has none" in tracked(tmp_path, script).note


@pytest.mark.parametrize("path", ["/assets/", "/"])
def test_a_run_waits_briefly_for_a_service_that_fails(tmp_path: Path, path: str) -> None:
    waited = [0.0]
    fault = refusal(500, "Internal error.", path=path)

    def wait(seconds: float) -> None:
        waited[0] += seconds

    with SamsaraService(script=Script(limits=False, faults=(fault,)), footage=lambda shot: tmp_path) as service:
        client = SamsaraClient(service.key, base_url=service.url, sleep=wait, clock=lambda: waited[0])
        tracking = Tracking(INCIDENT, lambda: client)
        tracking.start()
        tracking.result()
    assert waited[0] < 10


class Later:
    """A vehicle that was offline: what it tells grows from call to call."""

    def __init__(self, *told: Sequence[float]) -> None:
        self.told = list(told)

    def readings(self, vehicle_id: str, window: TimeWindow, *, fine: bool) -> list[Reading]:
        seconds = self.told.pop(0) if fine and self.told else ()
        return [Reading(at(each), 41.0, -87.0) for each in seconds]


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [((), range(601), 601), (range(100), range(601), 601), (range(100), (), 100), (range(601), range(700), 601)],
)
def test_readings_that_do_not_reach_over_the_incident_are_read_again_when_the_footage_is_here(
    first: Sequence[float], then: Sequence[float], kept: int
) -> None:
    vehicle = Later(first, then)
    tracking = Tracking(INCIDENT, lambda: vehicle)
    tracking.start()
    tracking.result()
    tracking.read_again()
    assert len(tracking.result().track.readings) == kept


class Slow:
    """A service that answers only when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def readings(self, vehicle_id: str, window: TimeWindow, *, fine: bool) -> list[Reading]:
        self.let.wait(10)
        raise PermissionMissing("not allowed")


def test_a_first_look_does_not_wait_for_it() -> None:
    slow = Slow()
    tracking = Tracking(INCIDENT, lambda: slow)
    tracking.start()
    assert tracking.result(timeout=0.0).track.readings == ()
    slow.let.set()
    assert "not allowed" in tracking.result().note


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def track_of(seconds: Sequence[float], speed: float = 10.0) -> Track:
    return in_order((Reading(at(each), 41.0, -87.0, 90.0, speed, "gps") for each in seconds), STREAM)


Moments = st.lists(st.floats(0, 600).map(lambda seconds: round(seconds, 1)), max_size=40)


@settings(deadline=None)
@given(seconds=Moments, asked=st.floats(-20, 620))
def test_a_speed_is_told_only_where_a_reading_is_near(seconds: list[float], asked: float) -> None:
    speed = track_of(seconds).speed_at(at(asked))
    if speed is not None:
        assert min(abs(each - asked) for each in seconds) <= track_of(seconds).hole_seconds


@settings(deadline=None)
@given(seconds=Moments)
def test_a_reading_is_told_as_it_is_at_its_own_moment(seconds: list[float]) -> None:
    track = track_of(seconds)
    assert all(track.speed_at(reading.moment) == pytest.approx(10.0) for reading in track.readings)


def test_between_readings_the_speed_lies_between_and_in_a_hole_there_is_none() -> None:
    track = Track(tuple(Reading(at(second), 0, 0, None, speed) for second, speed in ((0, 10.0), (4, 20.0), (60, 5.0))))
    assert track.speed_at(at(1)) == pytest.approx(12.5)
    assert track.speed_at(at(30)) is None
    assert track.speed_at(at(-5)) is None
    assert track.speed_at(at(61)) is None


def test_readings_each_fifteen_seconds_are_a_line_and_a_real_hole_in_them_is_none() -> None:
    seconds = [*range(0, 301, 15), *range(390, 601, 15)]
    track = track_of(seconds)
    assert track.speed_at(at(7.5)) == pytest.approx(10.0)
    assert track.speed_at(at(345)) is None
    assert "".join(gpx_lines(track, INCIDENT)).count("<trkseg>") == 2
    drawing = draw_speed(track, START, at(600))
    assert drawing is not None
    assert drawing.path.count("M") == 2
    assert track.hole_seconds == 37.5


@settings(deadline=None)
@given(seconds=Moments)
def test_no_hole_of_more_than_a_minute_is_ever_bridged(seconds: list[float]) -> None:
    assert 10 <= track_of(seconds).hole_seconds <= 60


def test_the_hardest_braking_is_a_key_moment() -> None:
    track = Track(tuple(Reading(at(s), 0, 0, None, v) for s, v in enumerate([20.0, 20.0, 12.0, 11.0, 11.0])))
    assert track.key_moments() == [(at(1), "hardest braking")]
    assert track_of(range(10)).key_moments() == []


@settings(deadline=None)
@given(seconds=Moments)
def test_the_csv_gives_the_track_back(tmp_path_factory: pytest.TempPathFactory, seconds: list[float]) -> None:
    folder = tmp_path_factory.mktemp("track")
    track = track_of(seconds)
    (folder / "telematics.csv").write_text("".join(csv_lines(track)), encoding="utf-8")
    assert read_track(folder).readings == track.readings


def test_gpx_escapes_the_name() -> None:
    assert "<name>Truck &lt;104&gt; &amp; co</name>" in "".join(gpx_lines(track_of([0, 1]), INCIDENT))


def test_gpx_is_well_formed_whatever_the_vehicle_is_called() -> None:
    incident = replace(INCIDENT, name="Truck\x0b7\x00\ud800\ufffe \U0001f69b")
    gpx = ElementTree.fromstring("".join(gpx_lines(track_of([0, 1]), incident)))  # noqa: S314 - our own text
    assert gpx.findtext(".//{*}name") == "Truck7 \U0001f69b"


def test_the_bar_tells_the_speed_beside_the_clock_and_no_data_in_a_hole() -> None:
    track = track_of([0, 2, 60], speed=20.0)
    line = clock_line("speed", ZoneInfo("America/Chicago"), START, lambda: track)
    assert line is not None
    assert line.text(at(1)) == "2026-11-18 08:30:01 CST (UTC-06:00)  45 mph (72 km/h)"
    assert line.text(at(30)) == "2026-11-18 08:30:30 CST (UTC-06:00)  speed: no data"


@settings(deadline=None)
@given(speed=st.floats(0, 120), second=st.integers(0, 600))
def test_no_text_of_the_bar_is_longer_than_it_has_room_for(speed: float, second: int) -> None:
    line = clock_line("speed", ZoneInfo("America/Chicago"), START, lambda: track_of(range(601), speed))
    assert line is not None
    assert len(line.text(at(second))) <= len(line.longest)


def test_the_bar_may_be_the_plain_clock_or_empty() -> None:
    assert clock_line("clock", ZoneInfo("UTC"), START, lambda: Track()) is None
    line = clock_line("none", ZoneInfo("UTC"), START, lambda: Track())
    assert line is not None
    assert line.text(START) == ""


Numbers = st.floats(-180, 180, allow_nan=False)
AnyReadings = st.lists(
    st.builds(
        Reading,
        st.integers(-(2**50), 2**50).map(lambda count: START + timedelta(microseconds=count)),
        Numbers,
        Numbers,
        st.none() | Numbers,
        st.none() | Numbers,
        st.sampled_from(["", "ecu", "gps"]),
    ),
    max_size=20,
)


@given(readings=AnyReadings, index=st.integers(-20, 19))
def test_readings_that_are_kept_compactly_are_the_same(readings: list[Reading], index: int) -> None:
    kept = Readings(readings)
    assert list(kept) == readings
    assert kept == Readings(kept)
    assert kept[3:-2] == tuple(readings[3:-2])
    if -len(readings) <= index < len(readings):
        assert kept[index] == readings[index]


@settings(deadline=None)
@given(readings=AnyReadings)
def test_a_track_is_in_order_and_has_each_moment_once(readings: list[Reading]) -> None:
    moments = [reading.moment for reading in in_order(readings, STREAM).readings]
    assert moments == sorted({reading.moment for reading in readings})


@settings(deadline=None)
@given(speeds=st.lists(st.floats(0, 40), min_size=2, max_size=60), seconds=st.integers(60, 30_000))
def test_no_reading_lies_where_the_drawing_has_no_point(speeds: list[float], seconds: int) -> None:
    track = Track([Reading(at(nth), 41.0, -87.0, None, speed) for nth, speed in enumerate(speeds)])
    drawing = draw_speed(track, START, at(seconds))
    assert drawing is not None
    drawn = [tuple(map(float, point[1:].split(","))) for point in drawing.path.split()]
    top = max(1.0, *speeds) * 1.08
    for nth, speed in enumerate(speeds):
        place = nth / seconds * drawing.width, drawing.height * (1 - speed / top)
        assert min(math.dist(place, point) for point in drawn) <= 0.5
    assert drawn[-1][0] == pytest.approx((len(speeds) - 1) / seconds * drawing.width, abs=0.06)
