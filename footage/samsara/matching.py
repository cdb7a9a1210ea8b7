"""Which media of an answer is whose, and when two tellings are of the same media."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from footage.cameras import CAMERA_ROLES, is_analog, known_word
from footage.models import SEAM_SECONDS, UNTOLD, MediaLink, MediaType, TimeWindow

_CLOSE = timedelta(seconds=SEAM_SECONDS)
"""The list of uploaded media and a retrieval need not agree to the millisecond; what differs by less is a seam."""


def is_same(one: TimeWindow, other: TimeWindow) -> bool:
    """Whether two windows of one camera are of the same media: both edges lie close."""
    return abs(one.start - other.start) < _CLOSE and abs(one.end - other.end) < _CLOSE


def completed(links: Iterable[MediaLink], cameras: Sequence[str], window: TimeWindow) -> list[MediaLink]:
    """The links of an answer for `cameras` in `window`, with what it leaves out: media without times is as asked for.

    A camera is filled in where only one was asked for, a role where only one can be meant.
    """
    placed = [link if link.is_timed else _placed(link, window) for link in links]
    if len(cameras) == 1:
        placed = [link if link.camera else replace(link, camera=cameras[0]) for link in placed]
    return with_roles(placed, cameras)


def _placed(link: MediaLink, asked: TimeWindow) -> MediaLink:
    """Where a beginning is told, it counts: how long media is tell its packets."""
    is_begun = link.window.start != UNTOLD
    start = link.window.start if is_begun else asked.start
    length = timedelta() if link.media_type == MediaType.IMAGE.value else asked.end - asked.start
    return replace(link, window=TimeWindow(start, start + length), is_timed=is_begun)


def with_roles(links: Iterable[MediaLink], cameras: Sequence[str]) -> list[MediaLink]:
    """The links of an answer for `cameras`; a role that it leaves out is filled in where only one can be meant."""
    links = list(links)
    unanswered = [camera for camera in cameras if not any(link.shows(camera) for link in links)]
    roles = [camera for camera in unanswered if known_word(camera) in CAMERA_ROLES]
    nameless = unclaimed(links, cameras)
    if len(roles) != 1 or len(nameless) != 1:
        return links
    return [replace(link, role=roles[0]) if link.camera in nameless else link for link in links]


def unclaimed(links: Iterable[MediaLink], cameras: Sequence[str]) -> list[str]:
    """The analog inputs of an answer that are of no asked camera as far as it tells, and of which it tells no role."""
    nameless = [link.camera for link in links if link.camera and link.role is None and is_analog(link.camera)]
    return [name for name in dict.fromkeys(nameless) if name.casefold() not in map(str.casefold, cameras)]


def fresh_url(links: Iterable[MediaLink], camera: str, window: TimeWindow) -> str | None:
    """The link to a camera's media that begins closest to `window`, and of those that begin together, ends closest."""
    near = [
        link for link in links if link.url and link.shows(camera) and abs(link.window.start - window.start) < _CLOSE
    ]
    if not near:
        return None
    return min(near, key=lambda link: (abs(link.window.start - window.start), abs(link.window.end - window.end))).url
