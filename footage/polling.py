"""When to look again, and what one look costs: intervals that grow, and few calls however many requests are open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from footage.models import MediaLink, MediaType, Ticket, TimeWindow
from footage.plan import LONGEST_LIST_SECONDS, split_window

CALLS_A_SWEEP = 18
"""Calls that one sweep may make; two of the twenty that a sweep is allowed are left for fresh links."""
_FIRST_INTERVAL = 2.0
_LONGEST_INTERVAL = 90.0
_GROWTH = 1.4
_LIST_BEFORE, _LIST_AFTER = 60.0, 120.0
_LATE_LISTING = timedelta(seconds=120)


class Page(Protocol):
    """One page of the list of uploaded media."""

    @property
    def links(self) -> tuple[MediaLink, ...]:
        """The media on this page."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins, or None on the last one."""


class MediaService(Protocol):
    """What the story needs of Samsara; `SamsaraAPI.SamsaraClient` is one."""

    def create_retrieval(
        self, vehicle_id: str, window: TimeWindow, cameras: Sequence[str], media_type: MediaType
    ) -> Ticket:
        """Ask for media."""

    def retrieval(self, retrieval_id: str) -> list[MediaLink]:
        """Read how a retrieval stands."""

    def uploaded(
        self,
        vehicle_id: str,
        window: TimeWindow,
        *,
        media_types: Sequence[MediaType],
        available_after: datetime | None = None,
        cursor: str | None = None,
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

    def nothing_new(self) -> None:
        """The last look brought nothing."""
        self._seconds = min(self._seconds * _GROWTH, _LONGEST_INTERVAL)

    def news(self) -> None:
        """The last look brought something: more may follow."""
        self._seconds = max(_FIRST_INTERVAL, self._seconds / 3)


@dataclass
class _Day:
    """How far the list of one day has been read."""

    window: TimeWindow
    newest: datetime | None = None
    available_after: datetime | None = None
    cursor: str | None = None


class UploadedList:
    """Reads what a vehicle has uploaded in a window, day by day, and after the first time only what is new."""

    def __init__(self, service: MediaService, vehicle_id: str, window: TimeWindow, media_type: MediaType) -> None:
        self._service = service
        self._vehicle_id = vehicle_id
        self._media_types = (media_type,)
        whole = window.widened(_LIST_BEFORE, _LIST_AFTER)
        self._days = [_Day(part) for part in split_window(whole, LONGEST_LIST_SECONDS)]

    def read_all(self, on_call: Callable[[], None] = lambda: None) -> list[MediaLink]:
        """Everything new, in as many calls as it takes."""
        return self.read(calls=1_000_000, on_call=on_call)[0]

    def read(self, *, calls: int, on_call: Callable[[], None] = lambda: None) -> tuple[list[MediaLink], int]:
        """What is new, in at most `calls` calls, and how many were made. The next read goes on where this one ended."""
        links: list[MediaLink] = []
        made = 0
        for day in self._days:
            while made < calls:
                on_call()
                made += 1
                page = self._service.uploaded(
                    self._vehicle_id,
                    day.window,
                    media_types=self._media_types,
                    available_after=day.available_after,
                    cursor=day.cursor,
                )
                links += page.links
                if self._turn_page(day, page):
                    break
        return links, made

    def _turn_page(self, day: _Day, page: Page) -> bool:
        times = [link.available_at for link in page.links if link.available_at]
        day.newest = max([*times, *([day.newest] if day.newest else [])], default=None)
        day.cursor = page.cursor
        if page.cursor is None and day.newest is not None:
            day.available_after = day.newest - _LATE_LISTING
        return page.cursor is None
