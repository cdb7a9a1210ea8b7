"""What a stream holds of a window: its fragments, and what it cannot hold because of its age or its retention."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from footage.kinesis_errors import AwsPermission, ClipRefused
from footage.kinesis_plan import Fragment, Selector, settle
from footage.models import Camera, Missing, TimeWindow

log = logging.getLogger(__name__)

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
    """A window's fragments (None where they may not be listed), the time worth asking for, and what is out of reach."""

    fragments: tuple[Fragment, ...] | None
    reach: tuple[TimeWindow, ...]
    missing: tuple[Missing, ...]


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

    def look(self, window: TimeWindow) -> Survey:
        """Raises what the client raises, but for missing permissions to describe and to list: they are said."""
        self._say(f"{self._camera.label}: stream {self._stream}, by {_BY[self._selector]}.")
        head, why = self._head()
        if head is None:
            return Survey((), (), (Missing(self._camera.word, window, "no_media", why),))
        missing = []
        if window.start < head:
            lost = TimeWindow(window.start, min(head, window.end))
            missing.append(Missing(self._camera.word, lost, "no_media", why))
            self._say(f"{self._camera.label}: {why}")
        reach = self._reach(window, head)
        return Survey(self._fragments(window, reach), reach, tuple(missing))

    def _head(self) -> tuple[datetime | None, str]:
        """Since when the stream can hold anything, with the sentence for what lies before; None if it keeps nothing."""
        try:
            facts = self._client.describe(self._stream)
        except AwsPermission as error:
            self._say(f"{self._camera.label}: {error.message} So the stream's age and retention are not known.")
            return datetime.min.replace(tzinfo=self._now.tzinfo), ""
        if facts.retention_hours <= 0:
            return None, f"Stream {self._stream} keeps no footage (its data retention is 0 hours)."
        expired = self._now - timedelta(hours=facts.retention_hours)
        if facts.created > expired:
            return facts.created, f"Stream {self._stream} was made on {facts.created:%Y-%m-%d at %H:%M:%S} UTC."
        hours = facts.retention_hours
        return expired, f"Stream {self._stream} keeps {hours} hours: nothing before {expired:%Y-%m-%d %H:%M:%S} UTC."

    def _reach(self, window: TimeWindow, head: datetime) -> tuple[TimeWindow, ...]:
        """The parts to ask for. By the camera's time, what it sent late may lie before the stream's own beginning.

        Both parts are asked for apart, because a range that begins too early may be answered with nothing at all.
        """
        if window.start >= head:
            return (window,)
        late = TimeWindow(max(head, window.start), max(window.end, head))
        early = TimeWindow(window.start, min(head, window.end))
        parts = (early, late) if self._selector == "producer" else (late,)
        return tuple(part for part in parts if part.start < part.end)

    def _fragments(self, window: TimeWindow, reach: tuple[TimeWindow, ...]) -> tuple[Fragment, ...] | None:
        found: list[Fragment] = []
        for part in reach:
            try:
                found += self._client.fragments(self._stream, part, self._selector)
            except AwsPermission as error:
                if "ListFragments" not in error.action:
                    raise
                self._say(f"{self._camera.label}: {error.message} {_WITHOUT_LIST}")
                return None
            except ClipRefused as refused:  # a range that the service will not look at holds nothing for us
                log.warning("%s", refused)
        self._tell(settle(found, self._selector).repeated, "were sent twice; the ones that came first are taken")
        self._tell(settle(found, self._selector).overtaken, "lie over footage that had come before, and are left out")
        if not found and reach:
            self._hint(window)
        return tuple(found)

    def _tell(self, number: int, what: str) -> None:
        if number:
            self._say(f"{self._camera.label}: {number} fragments {what}.")

    def _hint(self, window: TimeWindow) -> None:
        """Nothing was found, which by the camera's time can also mean that its clock is wrong."""
        self._say(f"{self._camera.label}: no fragments by {_BY[self._selector]}.")
        if self._selector == "producer" and self._client.fragments(self._stream, window, "server"):
            self._say(f"{self._camera.label}: some arrived at that time, so its clock may be wrong: --selector server.")


_WITHOUT_LIST = (
    "Clips of fixed length are asked for instead: they may sit up to one fragment early on the clock, "
    "holes shorter than a fragment cannot be seen, and some footage is fetched more than once."
)
