"""Pauses: where a clip goes on without pictures, and where it only has few of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from footage.video.pauses import pauses
from footage.video.probe import inspect
from tests.footage_samples import PLAIN, make, with_variable_rate

TICK = 1 / 1000


def test_a_pause_runs_from_the_end_of_a_picture_to_the_next_one() -> None:
    shown = [*range(0, 1000, 40), *range(3000, 4000, 40)]
    assert pauses(shown, 4000, TICK) == (pytest.approx((1.0, 3.0)),)


def test_pictures_that_come_out_of_order_make_no_pause() -> None:
    assert pauses([0, 120, 40, 80, 240, 160, 200], 280, TICK) == ()


@pytest.mark.parametrize(("until", "found"), [(1539, 0), (1541, 1)])
def test_a_hole_that_would_be_a_seam_between_clips_is_no_pause(until: int, found: int) -> None:
    shown = [*range(0, 1040, 40), *range(until, until + 1000, 40)]
    assert len(pauses(shown, until + 1000, TICK)) == found


def test_a_camera_of_one_picture_a_second_is_not_all_pauses() -> None:
    shown = [0, 1000, 2000, 3100, 4000, 6000, 7000, 13000]
    assert pauses(shown, 14000, TICK) == (pytest.approx((8.0, 13.0)),)


def test_a_last_picture_that_stays_for_seconds_ends_in_a_pause() -> None:
    assert pauses(range(0, 1000, 40), 3000, TICK) == (pytest.approx((1.0, 3.0)),)


def test_a_single_picture_has_no_pause() -> None:
    assert pauses([0], 5000, TICK) == ()


def test_the_pause_of_a_real_clip_is_found_and_costs_nothing_else(tmp_path: Path) -> None:
    silent = ("-vf", "select='lt(n,60)+gte(n,120)'", "-fps_mode", "vfr")
    media = inspect(make(tmp_path / "paused.mp4", PLAIN.but(seconds=6.0, extra=silent)))
    assert media.pauses == (pytest.approx((2.0, 4.0), abs=0.001),)
    assert media.duration == pytest.approx(6.0, abs=0.001)
    assert media.is_whole


def test_a_clip_of_uneven_rate_has_no_pause(tmp_path: Path) -> None:
    assert inspect(with_variable_rate(tmp_path / "uneven.mp4")).pauses == ()
