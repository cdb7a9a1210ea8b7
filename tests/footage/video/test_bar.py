"""The words of the film: clock, slates, and the pictures that they are painted into."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from footage.report import REASONS
from footage.video import bar
from footage.video.bar import Size
from tests.film_samples import START, window

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("America/Chicago", "2025-04-16 13:30:00 CDT (UTC-05:00)"),
        ("UTC", "2025-04-16 18:30:00 UTC (UTC+00:00)"),
        ("Asia/Kolkata", "2025-04-17 00:00:00 IST (UTC+05:30)"),
        ("America/Sao_Paulo", "2025-04-16 15:30:00 UTC-03:00"),
    ],
)
def test_the_clock_carries_date_and_zone(zone, text):
    assert bar.clock_text(START, ZoneInfo(zone)) == text


def test_the_repeated_hour_is_told_apart_by_its_zone():
    before = START.replace(month=11, day=2, hour=6, minute=59, second=59, year=2025)
    texts = [bar.clock_text(before + timedelta(seconds=second), CHICAGO) for second in (0, 1)]
    assert texts == ["2025-11-02 01:59:59 CDT (UTC-05:00)", "2025-11-02 01:00:00 CST (UTC-06:00)"]


def test_a_slate_says_camera_no_footage_from_to_and_reason_in_words():
    assert bar.slate_lines("Road", window(10, 52), "not_recording", CHICAGO) == (
        "Road", "no footage", "2025-04-16 13:30:10 to 13:30:52", "the camera was not recording",
    )  # fmt: skip
    assert bar.slate_lines("Road", window(0, 12 * 3600), "pending", CHICAGO)[2].endswith("to 2025-04-17 01:30:00")


def test_a_reason_that_nobody_knows_is_shown_in_the_services_own_word():
    assert bar.reason_text("lens_covered") == 'the service says "lens covered"'


@pytest.mark.parametrize("reason", REASONS)
def test_a_slate_has_words_for_every_reason_of_the_report(reason):
    assert "the service says" not in bar.reason_text(reason)


def test_a_slate_does_not_claim_that_nothing_was_recorded_where_nothing_was_sent():
    assert bar.reason_text("no_media") == "no footage was sent for this time"


def test_a_reason_too_long_for_its_cell_does_not_run_over_its_edge():
    slate = bar.paint_slate("Road", window(0, 60), "W" * 200, CHICAGO, Size(212, 120))
    picture = np.frombuffer(slate, np.uint8).reshape(120, 212, 3)
    assert np.ptp(picture[:, -2:].astype(int), axis=(0, 1)).max() == 0


def test_painted_parts_have_exactly_their_size_and_show_something():
    size = Size(212, 120)
    slate = bar.paint_slate("Analog1", window(0, 60), "unavailable", CHICAGO, size)
    title = bar.paint_title("A truck with a very long name " * 9, Size(212, 24))
    heading = bar.paint_heading("Road", Size(212, 20))
    for part, (width, height) in ((slate, size), (title, (212, 24)), (heading, (212, 20))):
        assert len(part) == width * height * 3
        assert np.ptp(np.frombuffer(part, np.uint8).astype(int)) > 100


def test_a_title_too_long_for_its_place_does_not_run_over_its_edge():
    picture = np.frombuffer(bar.paint_title("W" * 200, Size(300, 24)), np.uint8).reshape(24, 300, 3)
    assert np.ptp(picture[:, -4:].astype(int), axis=(0, 1)).max() == 0


def test_the_clocks_pictures_differ_from_second_to_second():
    seconds = [START + timedelta(seconds=second) for second in range(3)]
    pictures = list(bar.paint_clock(seconds, CHICAGO, Size(400, 32)))
    assert len(set(pictures)) == 3


@pytest.mark.parametrize("name", ["Łódź 7", "Truck 4\U0001f69a2", "Škoda Ñandú", "トラック"])
def test_letters_that_the_font_lacks_are_shown_as_what_comes_nearest(name):
    shown = bar.readable(name)
    assert all(bar.has_letter(letter) for letter in shown)
    assert shown
