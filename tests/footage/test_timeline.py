"""Laws and examples of the timeline: who shows each instant, what is missing, what is only a seam."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.models import NOT_ASKED, UTC, Clip, Media, Missing, TimeWindow
from footage.timeline import coverage, lay, left_open

START = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def window(begin: float, end: float) -> TimeWindow:
    return TimeWindow(START + timedelta(seconds=begin), START + timedelta(seconds=end))


def clip(
    begin: float,
    end: float,
    asked: tuple[float, float] | None = None,
    name: str = "a",
    damage: tuple[tuple[float, float], ...] = (),
    pauses: tuple[tuple[float, float], ...] = (),
) -> Clip:
    requested = window(*(asked or (begin, end)))
    media = Media(None, None, 0.0, end - begin, damage=damage, pauses=pauses)
    return Clip("road", Path(f"{name}.mp4"), window(begin, end), requested, window(begin, end), 1, name, media)


def missing(begin: float, end: float, reason: str) -> Missing:
    return Missing("road", window(begin, end), reason, f"because {reason}")


def told(pieces) -> list[tuple[float, float, str]]:
    """Pieces as (from, to, clip's name or reason), seconds from START."""
    return [
        (
            (piece.window.start - START).total_seconds(),
            (piece.window.end - START).total_seconds(),
            piece.clip.sha256 if piece.clip else "seam" if piece.seam else piece.reason,
        )
        for piece in pieces
    ]


def test_two_clips_that_overlap_change_over_where_the_second_was_asked_for():
    first, second = clip(-2.4, 62, (0, 60), "first"), clip(58.5, 121, (60, 120), "second")
    assert told(lay(window(0, 120), [second, first], [])) == [(0, 60, "first"), (60, 120, "second")]


def test_a_clip_goes_on_past_what_it_was_asked_for_until_the_next_begins():
    first, second = clip(0, 63, (0, 60), "first"), clip(61.2, 120, (60, 120), "second")
    assert told(lay(window(0, 120), [first, second], [])) == [(0, 61.2, "first"), (61.2, 120, "second")]


def test_a_file_that_came_twice_makes_no_cut():
    once, again = clip(0, 60, (0, 60), "same"), replace(clip(0, 60, (30, 60), "same"), path=Path("b.mp4"))
    assert told(lay(window(0, 60), [once, again], [])) == [(0, 60, "same")]


def test_a_hole_takes_its_reasons_from_the_answers_that_cover_it():
    pieces = lay(window(0, 180), [clip(0, 60)], [missing(60, 120, "unavailable"), missing(110, 150, "pending")])
    assert told(pieces) == [
        (0, 60, "a"), (60, 120, "unavailable"), (120, 150, "pending"), (150, 180, "no_media"),
    ]  # fmt: skip
    assert pieces[1].detail == "because unavailable"


def test_a_damaged_part_is_named_and_another_clip_fills_it_where_it_can():
    broken = clip(0, 60, name="broken", damage=((10, 20), (50, 99)))
    pieces = lay(window(0, 60), [broken, clip(12, 15, (0, 0), "other")], [])
    assert told(pieces) == [
        (0, 10, "broken"), (10, 12, "damaged"), (12, 15, "other"), (15, 20, "damaged"),
        (20, 50, "broken"), (50, 60, "damaged"),
    ]  # fmt: skip
    assert "broken.mp4" in pieces[1].detail


def test_a_pause_inside_a_clip_is_a_gap_unless_another_clip_fills_it():
    paused = clip(0, 60, name="paused", pauses=((10, 20),), damage=((18, 22),))
    pieces = lay(window(0, 60), [paused, clip(12, 15, (0, 0), "other")], [])
    assert told(pieces) == [
        (0, 10, "paused"), (10, 12, "no_media"), (12, 15, "other"), (15, 18, "no_media"), (18, 22, "damaged"),
        (22, 60, "paused"),
    ]  # fmt: skip
    assert pieces[1].detail == "paused.mp4 has no pictures here"
    assert coverage("road", window(0, 60), pieces).received_seconds == 51


def test_holes_under_half_a_second_are_seams_also_at_the_edges():
    pieces = lay(window(0, 120), [clip(0.4, 60, name="a"), clip(60.45, 119.9, name="b")], [])
    assert [name for _, _, name in told(pieces)] == ["seam", "a", "seam", "b", "seam"]
    assert coverage("road", window(0, 120), pieces).received_seconds == 120
    assert len(coverage("road", window(0, 120), pieces).seams) == 3


@pytest.mark.parametrize(("end", "expected"), [(59.501, "seam"), (59.5, "no_media")])
def test_a_hole_of_half_a_second_is_a_gap(end, expected):
    assert told(lay(window(0, 120), [clip(0, end), clip(60, 120, name="b")], []))[1][2] == expected


def test_a_short_damaged_hole_is_never_a_seam():
    assert told(lay(window(0, 120), [clip(0, 120, damage=((30, 30.2),))], []))[1][2] == "damaged"
    declared = missing(30, 30.2, "damaged")
    assert told(lay(window(0, 120), [clip(0, 30), clip(30.2, 120, name="b")], [declared]))[1][2] == "damaged"


def test_seams_that_pass_one_percent_together_are_all_gaps():
    clips = [clip(at, at + 9.7, name=str(at)) for at in range(0, 60, 10)]
    pieces = lay(window(0, 60), clips, [])
    assert not any(piece.seam for piece in pieces)
    assert coverage("road", window(0, 60), pieces).received_seconds == pytest.approx(58.2)
    assert any(piece.seam for piece in lay(window(0, 180), [*clips, clip(60, 180, name="c")], []))


def test_neighbouring_gaps_with_one_reason_are_reported_as_one():
    absent = [missing(0, 60, "pending"), replace(missing(60, 120, "pending"), detail="x")]
    pieces = lay(window(0, 180), [clip(120, 180)], absent)
    assert len(pieces) == 3
    covered = coverage("road", window(0, 180), pieces)
    assert [(gap.window, gap.reason) for gap in covered.gaps] == [(window(0, 120), "pending")]
    assert (covered.requested_seconds, covered.received_seconds) == (180, 60)


def test_a_camera_without_anything_is_one_gap():
    assert told(lay(window(0, 60), [], [])) == [(0, 60, "no_media")]
    assert lay(window(0, 0), [], []) == ()


_ticks = st.integers(min_value=-40_000_000, max_value=160_000_000)


@st.composite
def _clips(draw) -> Clip:
    begin, end = sorted(draw(st.tuples(_ticks, _ticks)))
    asked = sorted(draw(st.tuples(_ticks, _ticks)))
    holes = draw(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)).map(sorted).map(tuple), max_size=2))
    name = draw(st.text("abc", min_size=1, max_size=3))
    return clip(begin / 1e6, end / 1e6, (asked[0] / 1e6, asked[1] / 1e6), name, tuple(holes[:1]), tuple(holes[1:]))


@st.composite
def _missing(draw) -> Missing:
    begin, end = sorted(draw(st.tuples(_ticks, _ticks)))
    return missing(begin / 1e6, end / 1e6, draw(st.sampled_from(["pending", "unavailable", "damaged"])))


WINDOW = window(0, 120)
_inputs = given(clips=st.lists(_clips(), max_size=7), absent=st.lists(_missing(), max_size=4), data=st.data())


@settings(deadline=None)
@_inputs
def test_pieces_cover_the_window_exactly_and_in_order(clips, absent, data):
    pieces = lay(WINDOW, clips, absent)
    assert pieces[0].window.start == WINDOW.start
    assert pieces[-1].window.end == WINDOW.end
    assert all(a.window.end == b.window.start for a, b in pairwise(pieces))
    assert all(piece.window.start < piece.window.end for piece in pieces)
    assert all(piece.clip or piece.reason for piece in pieces)


@settings(deadline=None)
@_inputs
def test_no_instant_that_a_clip_covers_is_lost_and_none_is_invented(clips, absent, data):
    at = WINDOW.start + timedelta(microseconds=data.draw(st.integers(0, 119_999_999)))
    [piece] = [piece for piece in lay(WINDOW, clips, absent) if piece.window.start <= at < piece.window.end]
    able = [each for each in clips if any(part.start <= at < part.end for part in each.playable)]
    assert (piece.clip is not None) == bool(able)
    if piece.clip:
        assert piece.clip in able
        asked = [each for each in able if each.requested.start <= at < each.requested.end]
        same = [each for each in able if (each.sha256, each.playable) == (piece.clip.sha256, piece.clip.playable)]
        assert not asked or any(each in asked for each in same)


@settings(deadline=None)
@_inputs
def test_the_order_of_arrival_changes_nothing(clips, absent, data):
    shuffled = data.draw(st.permutations(clips))
    assert told(lay(WINDOW, clips, absent)) == told(lay(WINDOW, shuffled, data.draw(st.permutations(absent))))


@settings(deadline=None)
@_inputs
def test_received_and_gaps_make_up_what_was_asked(clips, absent, data):
    pieces = lay(WINDOW, clips, absent)
    covered = coverage("road", WINDOW, pieces)
    assert covered.received_seconds + sum(gap.window.seconds for gap in covered.gaps) == pytest.approx(120, abs=1e-6)
    assert sum(seam.seconds for seam in covered.seams) <= 1.2
    assert all(seam.seconds < 0.5 for seam in covered.seams)
    assert all(a.window.end < b.window.start or a.reason != b.reason for a, b in pairwise(covered.gaps))


def test_what_was_not_asked_for_yet_is_no_part_of_what_waits_for_its_camera():
    waits, unasked = missing(0, 60, "pending"), replace(missing(60, 120, "pending"), detail=NOT_ASKED)
    gaps = coverage("road", window(0, 120), lay(window(0, 120), [], [waits, unasked])).gaps
    assert [gap.window for gap in gaps] == [window(0, 60), window(60, 120)]


@given(st.lists(st.tuples(st.integers(-20, 80), st.integers(0, 60)), max_size=6))
def test_what_is_left_open_and_what_is_taken_make_up_the_whole(taken: list[tuple[int, int]]):
    windows = [window(begin, begin + length) for begin, length in taken]
    free = list(left_open(window(0, 60), windows))
    for second in range(60):
        at = window(second, second + 1)
        assert any(each.covers(at) for each in free) != any(each.covers(at) for each in windows)
    assert all(earlier.end < later.start for earlier, later in pairwise(free))
