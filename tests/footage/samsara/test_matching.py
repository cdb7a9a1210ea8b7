"""Whose media is whose: a role that an answer leaves out is filled in only where one can be meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from footage.models import UNTOLD, UTC, MediaLink, TimeWindow
from footage.samsara.matching import completed, is_same, unclaimed, with_roles

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)


def link(camera: str, role: str | None = None, begins: float = 0.0, ends: float = 60.0) -> MediaLink:
    window = TimeWindow(T0 + timedelta(seconds=begins), T0 + timedelta(seconds=ends))
    return MediaLink(camera, window, "available", role=role, url="https://x")


@pytest.mark.parametrize(
    ("asked", "links", "roles"),
    [
        (["leftSide"], [link("analog1")], ["leftSide"]),
        (["leftSide"], [link("analog1"), link("analog1", begins=30)], ["leftSide", "leftSide"]),
        (["road", "LEFTSIDE"], [link("road"), link("analog1")], [None, "LEFTSIDE"]),
        (["leftSide", "rearBumper"], [link("analog1", "rearBumper"), link("analog2")], ["rearBumper", "leftSide"]),
        (["leftSide", "analog2"], [link("analog2"), link("analog1")], [None, "leftSide"]),
        (["leftSide", "rearBumper"], [link("analog1"), link("analog2")], [None, None]),
        (["leftSide", "rearBumper"], [link("analog1")], [None]),
        (["leftSide"], [link("analog1", "rearBumper")], ["rearBumper"]),
        (["leftSide"], [link("road")], [None]),
        (["analog1"], [link("analog2")], [None]),
    ],
)
def test_a_role_is_filled_in_only_where_one_can_be_meant(
    asked: list[str], links: list[MediaLink], roles: list[str | None]
) -> None:
    assert [each.role for each in with_roles(links, asked)] == roles


def untold(camera: str = "road", media_type: str = "high") -> MediaLink:
    window = TimeWindow(UNTOLD, UNTOLD)
    return MediaLink(camera, window, "available", url="https://x", media_type=media_type, is_timed=False)


def test_media_without_times_is_as_it_was_asked_for() -> None:
    asked = link("road").window
    placed = completed([untold(), untold(media_type="image"), link("road", begins=7)], ["road"], asked)
    still = TimeWindow(asked.start, asked.start)
    assert [each.window for each in placed] == [asked, still, link("road", begins=7).window]
    assert [each.is_timed for each in placed] == [False, False, True]


def test_where_the_beginning_is_told_it_counts() -> None:
    begun = link("road", begins=-3, ends=-3)
    (placed,) = completed([replace(begun, is_timed=False)], ["road"], link("road").window)
    assert (placed.window, placed.is_timed) == (link("road", begins=-3, ends=57).window, True)


@pytest.mark.parametrize(("asked", "camera"), [(["driver"], "driver"), (["leftSide"], "leftSide"), (["a", "b"], "")])
def test_a_camera_is_filled_in_only_where_one_was_asked_for(asked: list[str], camera: str) -> None:
    assert completed([untold("")], asked, link("road").window)[0].camera == camera


def test_what_no_asked_camera_claims_is_named() -> None:
    links = [link("analog1"), link("analog2"), link("analog3", "hopper"), link("road"), link("analog4")]
    assert unclaimed(links, ["leftSide", "Analog4"]) == ["analog1", "analog2"]


@pytest.mark.parametrize(("begins", "ends", "same"), [(0.033, 60.4, True), (0.5, 60, False), (0, 40, False)])
def test_media_is_the_same_where_both_edges_lie_within_a_seam(begins: float, ends: float, same: bool) -> None:
    assert is_same(link("road").window, link("road", None, begins, ends).window) is same
