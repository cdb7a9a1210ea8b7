"""Which media of an answer is whose, and when two tellings are of the same media."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from footage.models import SEAM_SECONDS, MediaLink, TimeWindow

_CLOSE = timedelta(seconds=SEAM_SECONDS)
"""The list of uploaded media and a retrieval need not agree to the millisecond; what differs by less is a seam."""


def is_same(one: TimeWindow, other: TimeWindow) -> bool:
    """Whether two windows of one camera are of the same media: both edges lie close."""
    return abs(one.start - other.start) < _CLOSE and abs(one.end - other.end) < _CLOSE


def fresh_url(links: Iterable[MediaLink], camera: str, window: TimeWindow) -> str | None:
    """The link to a camera's media that begins closest to `window`, and of those that begin together, ends closest."""
    near = [
        link for link in links if link.url and link.shows(camera) and abs(link.window.start - window.start) < _CLOSE
    ]
    if not near:
        return None
    return min(near, key=lambda link: (abs(link.window.start - window.start), abs(link.window.end - window.end))).url
