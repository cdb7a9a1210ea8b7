"""What a stream holds of a window: its fragments, and what it cannot hold because of its age or its retention."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from footage.errors import ServiceUnreachable
from footage.kinesis.errors import AwsPermission, ClipRefused
from footage.kinesis.fragments import LONGEST_FRAGMENT, Fragment, Selector, settle
from footage.models import Camera, Missing, TimeWindow

log = logging.getLogger(__name__)

_STEPS = (1.0, 10.0, 60.0)
"""So many seconds inside its retention a stream is read: time passes meanwhile, and clocks differ."""
_BY = {"producer": "the camera's own time (producer)", "server": "the time of arrival (server)"}


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What DescribeStream tells; a retention of 0 hours means that nothing is kept."""

    name: str
    arn: str
    created: datetime
    retention_hours: int


class StreamService(Protocol):
    """What of the Kinesis client is needed here."""

    def describe(self, stream: str) -> StreamFacts:
        """Facts of a stream."""

    def fragments(self, stream: str, window: TimeWindow, selector: Selector) -> list[Fragment]:
        """The stream's fragments of a window."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A window's fragments (None where they may not be listed), the time worth asking for, and what is out of reach.

    `reach` begins so early that the fragment playing at the start is in it. `refusal` is what the service said where it
    would not list.
    """

    fragments: tuple[Fragment, ...] | None
    reach: tuple[TimeWindow, ...]
    missing: tuple[Missing, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class _Head:
    """Where a stream's footage begins: `why` it has none before. It may be asked for from each of `edges` on."""

    moment: datetime
    why: str
    edges: tuple[datetime, ...]


class Surveyor:
    """Asks what a camera's stream holds. `say` is given sentences for the person."""

    def __init__(
        self, client: StreamService, camera: Camera, selector: Selector, *, now: datetime, say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._camera = camera
        self._stream = camera.stream or camera.word
        self._selector = selector
        self._now = now
        self._say = say
        self._refusal = ""

    def look(self, window: TimeWindow) -> Survey:
        """Raises what the client raises, but for missing permissions to describe and to list: they are said."""
        self._say(f"{self._camera.label}: stream {self._stream}, by {_BY[self._selector]}.")
        head = self._head()
        if head is None:
            why = f"Stream {self._stream} keeps no footage (its data retention is 0 hours)."
            return Survey((), (), (Missing(self._camera.word, window, "no_media", why),))
        missing = []
        if window.start < head.moment:
            lost = TimeWindow(window.start, min(head.moment, window.end))
            missing.append(Missing(self._camera.word, lost, "no_media", head.why))
            self._say(f"{self._camera.label}: {head.why}")
        reach = self._reach(window, head)
        fragments = self._fragments(reach, head)
        if fragments == ():
            self._hint(window, head)
        return Survey(fragments, reach, tuple(missing), self._refusal)

    def _head(self) -> _Head | None:
        """Since when the stream can hold anything; None if it keeps nothing."""
        try:
            facts = self._client.describe(self._stream)
        except AwsPermission as error:
            self._say(f"{self._camera.label}: {error.message} So the stream's age and retention are not known.")
            dawn = datetime.min.replace(tzinfo=self._now.tzinfo)
            return _Head(dawn, "", (dawn,))
        if facts.retention_hours <= 0:
            return None
        expired = self._now - timedelta(hours=facts.retention_hours)
        if facts.created > expired:
            why = f"Stream {self._stream} was made on {facts.created:%Y-%m-%d at %H:%M:%S} UTC."
            return _Head(facts.created, why, (facts.created,))
        hours = facts.retention_hours
        why = f"Stream {self._stream} keeps {hours} hours: nothing before {expired:%Y-%m-%d %H:%M:%S} UTC."
        return _Head(expired, why, tuple(expired + timedelta(seconds=step) for step in _STEPS))

    def _reach(self, window: TimeWindow, head: _Head) -> tuple[TimeWindow, ...]:
        """The parts to ask for. By the camera's time, what it sent late may lie before the stream's own beginning.

        Both parts are asked for apart, because a range that begins too early may be answered with nothing at all.
        """
        whole = window.widened(LONGEST_FRAGMENT, 0)
        if whole.start >= head.edges[0]:
            return (whole,)
        edge = min(head.edges[0], whole.end)
        early, late = TimeWindow(whole.start, edge), TimeWindow(edge, whole.end)
        parts = (early, late) if self._selector == "producer" else (late,)
        return tuple(part for part in parts if part.start < part.end)

    def _fragments(self, reach: tuple[TimeWindow, ...], head: _Head) -> tuple[Fragment, ...] | None:
        found: list[Fragment] = []
        for part in reach:
            try:
                found += self._listed(part, head)
            except AwsPermission as error:
                if "ListFragments" not in error.action:
                    raise
                self._say(f"{self._camera.label}: {error.message} {_WITHOUT_LIST}")
                return None
        self._tell(settle(found, self._selector).repeated, "were sent twice; the ones that came first are taken")
        self._tell(settle(found, self._selector).overtaken, "lie over footage that had come before, and are left out")
        return tuple(found)

    def _listed(self, part: TimeWindow, head: _Head) -> list[Fragment]:
        """A part's fragments. One that begins at the edge of the retention, which moves, is tried later too."""
        later = head.edges[1:] if part.start >= head.edges[0] else ()
        for start in (part.start, *(edge for edge in later if part.start < edge < part.end)):
            try:
                found = self._client.fragments(self._stream, TimeWindow(start, part.end), self._selector)
            except ClipRefused as refused:
                log.warning("%s", refused)
                if part.start >= head.edges[0]:  # else it is no wonder
                    self._refusal = refused.message
                continue
            if found:
                self._refusal = ""
                return found
        return []

    def _tell(self, number: int, what: str) -> None:
        if number:
            self._say(f"{self._camera.label}: {number} fragments {what}.")

    def _hint(self, window: TimeWindow, head: _Head) -> None:
        """Nothing was found, which by the camera's time can also mean that its clock is wrong."""
        if window.end <= head.edges[0]:
            return
        self._say(f"{self._camera.label}: no fragments by {_BY[self._selector]}.")
        if self._selector == "server":
            return
        arrived = TimeWindow(max(window.start, head.edges[0]), window.end)
        with suppress(ClipRefused, AwsPermission, ServiceUnreachable):  # it is but a hint
            if self._client.fragments(self._stream, arrived, "server"):
                self._say(
                    f"{self._camera.label}: some arrived at that time, so its clock may be wrong: --selector server."
                )


_WITHOUT_LIST = (
    "Clips of fixed length are asked for instead: they may sit up to one fragment early on the clock, "
    "holes shorter than a fragment cannot be seen, and some footage is fetched more than once."
)
