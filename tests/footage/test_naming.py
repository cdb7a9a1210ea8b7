"""Names of files and folders are valid everywhere, whatever vehicles and cameras are called."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footage.models import UTC, Camera, Incident, TimeWindow, Vehicle
from footage.naming import Names, clean

PORTS = {f"{device}{number}" for device in ("COM", "LPT") for number in "0123456789¹²³"}
RESERVED = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | PORTS
START = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
REPEATED = datetime(2025, 11, 2, 6, 30, tzinfo=UTC)


def is_valid(name: str) -> bool:
    """By the rules of Windows, which are the strictest, and by the length that Linux allows in bytes."""
    return (
        0 < len(name) <= 120
        and len(name.encode("utf-16-le")) <= 2 * 255
        and len(name.encode()) <= 255
        and not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
        and not name.endswith((".", " "))
        and not name.startswith((".", " ", "-", "~"))
        and name.partition(".")[0].rstrip().upper() not in RESERVED
    )


def incident(
    name: str, *words: str, start: datetime = START, minutes: float = 10, timezone: str = "America/Chicago"
) -> Incident:
    window = TimeWindow(start, start + timedelta(minutes=minutes))
    cameras = tuple(Camera(word) for word in words or ("road",))
    return Incident(name, window, timezone, cameras, Vehicle("1", name))


def all_names(made: Names, words: tuple[str, ...], start: datetime) -> list[str]:
    cameras = [name for word in words for name in (made.clip(word, start), made.clip(word, start, nth=12))]
    return [made.folder(), made.side_by_side(), *cameras, *(made.merged(word) for word in words)]


@pytest.mark.parametrize("text", ["CON", "con.txt", "a/b", "a b ", ".", "COM1", "-x", "x" * 300, "", "~a"])
def test_the_rule_that_these_tests_go_by_refuses_what_windows_refuses(text: str) -> None:
    assert not is_valid(text)


TABLE = [
    ("Truck 104", "Truck_104"),
    ("../../etc/x", "etc_x"),
    ("..\\..\\x", "x"),
    ("CON", "CON"),
    ("Truck 104.", "Truck_104"),
    ("a:b*c?", "a_b_c"),
    ("\U0001f69a", "vehicle"),
    ("", "vehicle"),
    ("...", "vehicle"),
    ("Zürich 7", "Zürich_7"),
    ("Zu\u0308rich 7", "Zürich_7"),
    ("A\nB\tC", "A_B_C"),
    ("x" * 300, "x" * 50),
    ("\ud800", "vehicle"),
    ("-rf", "rf"),
]


@pytest.mark.parametrize(("name", "cleaned"), TABLE, ids=[ascii(name)[:20] for name, _ in TABLE])
def test_a_vehicle_s_name_is_reduced_to_what_every_system_takes(name: str, cleaned: str) -> None:
    assert clean(name) == cleaned
    assert is_valid(Names(incident(name)).folder())


def test_the_names_are_those_of_the_contract() -> None:
    made = Names(incident("Truck 104", "road", "driver"))
    assert made.folder() == "Truck_104_2025-04-16_13-30-00_10min"
    assert made.clip("road", START) == "Road_VideoClip_2025-04-16_13-30-00.mp4"
    assert made.clip("road", START, nth=2) == "Road_VideoClip_2025-04-16_13-30-00_2.mp4"
    assert made.merged("driver") == "Driver_Merged_2025-04-16_13-30-00_to_2025-04-16_13-40-00.mp4"
    assert made.side_by_side() == "SideBySide_Merged_2025-04-16_13-30-00_to_2025-04-16_13-40-00.mp4"


@pytest.mark.parametrize(
    ("start", "minutes", "offset"),
    [
        (REPEATED, 10, True),
        (REPEATED + timedelta(minutes=60), 10, True),
        (REPEATED - timedelta(minutes=90), 10, False),
        (REPEATED - timedelta(minutes=90), 180, True),
        (REPEATED + timedelta(minutes=90), 10, False),
    ],
)
def test_an_incident_that_touches_a_repeated_hour_carries_its_offset_in_all_names(
    start: datetime, minutes: float, offset: bool
) -> None:
    names = all_names(Names(incident("Truck 104", start=start, minutes=minutes)), ("road",), start)
    assert {bool(re.search(r"\d\d-\d\d-\d\d-0[56]00", name)) for name in names} == {offset}


@pytest.mark.parametrize("minutes", ["10", "1.5", "0.1", "10080"])
def test_the_folder_s_name_ends_with_the_minutes(minutes: str) -> None:
    assert Names(incident("T", minutes=float(minutes))).folder().endswith(f"_{minutes}min")


anything = st.text(max_size=300) | st.text('./\\:*?"<>| \U0001f69a\U00020000\u0308é', max_size=300)
zones = st.sampled_from(["America/Chicago", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
moments = st.integers(0, 20 * 366 * 86400).map(lambda second: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(0, second))


@given(anything, st.lists(anything, min_size=1, max_size=4, unique=True), moments, zones, st.integers(1, 10080 * 60))
@example("\U00020000" * 300, ["\U00020000" * 300], REPEATED, "America/Chicago", 10079 * 60 + 1)
def test_every_name_is_valid_on_every_system(
    name: str, words: list[str], start: datetime, zone: str, seconds: int
) -> None:
    made = Names(incident(name, *words, start=start, minutes=seconds / 60, timezone=zone))
    for one in all_names(made, tuple(words), start):
        assert is_valid(one), one


@given(st.lists(anything, min_size=2, max_size=4, unique=True))
def test_two_cameras_never_share_a_file(words: list[str]) -> None:
    made = Names(incident("T", *words))
    for one, other in combinations(words, 2):
        assert made.clip(one, START).casefold() != made.clip(other, START).casefold()
        assert made.merged(one).casefold() != made.merged(other).casefold()
    assert made.side_by_side().casefold() not in {made.merged(word).casefold() for word in words}


@given(st.lists(st.integers(0, 20_000), min_size=2, max_size=2, unique=True), moments)
def test_clips_of_two_starts_never_share_a_file(offsets: list[int], start: datetime) -> None:
    made = Names(incident("T", start=start, minutes=10080))
    first, second = (made.clip("road", start + timedelta(seconds=offset)) for offset in offsets)
    assert first != second
