"""When to look again, and what one look costs: intervals that grow, and few calls however many requests are open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from footage.models import MediaLink, MediaType, Ticket, TimeWindow
from footage.samsara.tracking import ReadingService

CALLS_A_SWEEP = 18
"""Calls that one sweep may make; two of the twenty that a sweep is allowed are left for fresh links."""
_FIRST_INTERVAL = 2.0
_LONGEST_INTERVAL = 90.0
_GROWTH = 1.4
_LOOKING = 0.65
"""The part of an interval that a look may take; the rest is for what was found, and for the start of the next one."""


class Page(Protocol):
    """One page of the list of uploaded media."""

    @property
    def links(self) -> tuple[MediaLink, ...]:
        """The media on this page."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins, or None on the last one."""


class MediaService(ReadingService, Protocol):
    """What the story needs of Samsara; `SamsaraAPI.SamsaraClient` is one."""

    def create_retrieval(
        self, vehicle_id: str, window: TimeWindow, cameras: Sequence[str], media_type: MediaType
    ) -> Ticket:
        """Ask for media."""

    def retrieval(self, retrieval_id: str, *, patient: bool = True) -> list[MediaLink]:
        """Read how a retrieval stands; `patient` is False for who looks again anyway, here and below."""

    def uploaded(
        self,
        vehicle_ids: Sequence[str],
        window: TimeWindow,
        *,
        media_types: Sequence[MediaType],
        available_after: datetime | None = None,
        cursor: str | None = None,
        patient: bool = True,
    ) -> Page:
        """List media that is already uploaded."""


class Interval:
    """Seconds until the next look: short at first and after news, growing while nothing happens; or fixed."""

    def __init__(self, fixed: float | None = None) -> None:
        self._fixed = fixed
        self._seconds = _FIRST_INTERVAL

    @property
    def seconds(self) -> float:
        """How long to wait now."""
        return self._seconds if self._fixed is None else self._fixed

    @property
    def seconds_to_look(self) -> float:
        """How long the calls of one look may take, so that the next one is not late."""
        return max(self.seconds, _FIRST_INTERVAL) * _LOOKING

    def nothing_new(self) -> None:
        """The last look brought nothing."""
        self._seconds = min(self._seconds * _GROWTH, _LONGEST_INTERVAL)

    def news(self) -> None:
        """The last look brought something: more may follow."""
        self._seconds = max(_FIRST_INTERVAL, self._seconds / 3)
