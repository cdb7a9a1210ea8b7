"""What a vehicle has uploaded around an incident, by whomever asked for: read day by day, then only what is new."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from footage.board import Cell
from footage.models import Incident, MediaLink, TimeWindow
from footage.plan import LONGEST_LIST_SECONDS, covering, split_window
from footage.polling import MediaService, Page

Found = dict[Cell, tuple[MediaLink, ...]]
"""Cells that uploaded media covers, with that media."""

_BEFORE, _AFTER = 60.0, 120.0
_LATE_LISTING = timedelta(seconds=120)
_NO_LIMIT = 1_000_000


@dataclass
class _Day:
    """How far the list of one day has been read."""

    window: TimeWindow
    newest: datetime | None = None
    available_after: datetime | None = None
    cursor: str | None = None


class Uploads:
    """The list of uploaded media of an incident's vehicle in `window`, remembered as far as it was read."""

    def __init__(self, service: MediaService, incident: Incident, window: TimeWindow) -> None:
        self._service = service
        self._vehicle_id = incident.vehicle.id if incident.vehicle else ""
        self._media_types = (incident.media_type,)
        around = window.widened(_BEFORE, _AFTER)
        self._days = deque(_Day(part) for part in split_window(around, LONGEST_LIST_SECONDS))
        self._known: dict[str, dict[TimeWindow, MediaLink]] = {}

    def read(self, calls: int = _NO_LIMIT) -> tuple[list[MediaLink], int]:
        """What is new, in at most `calls` calls, and how many were made. The next read goes on where this one ended."""
        new: list[MediaLink] = []
        made = 0
        for _ in self._days.copy():
            while made < calls:
                made += 1
                page = self._page(self._days[0])
                new += page.links
                if self._turn(self._days[0], page):
                    self._days.rotate(-1)  # a day that was read to its end comes after those that were not
                    break
        self._remember(new)
        return new, made

    def covering(self, cell: Cell) -> tuple[MediaLink, ...]:
        """The fewest pieces of known media that together cover a cell; empty where they do not."""
        camera, window = cell
        return covering(self._known.get(camera.casefold(), {}).values(), window)

    def find(self, cells: Iterable[Cell]) -> Found:
        """Those of the cells that known media covers."""
        found = {cell: self.covering(cell) for cell in cells}
        return {cell: links for cell, links in found.items() if links}

    def _page(self, day: _Day) -> Page:
        return self._service.uploaded(
            self._vehicle_id,
            day.window,
            media_types=self._media_types,
            available_after=day.available_after,
            cursor=day.cursor,
        )

    def _turn(self, day: _Day, page: Page) -> bool:
        times = [link.available_at for link in page.links if link.available_at]
        day.newest = max([*times, *([day.newest] if day.newest else [])], default=None)
        day.cursor = page.cursor
        if page.cursor is None and day.newest is not None:
            day.available_after = day.newest - _LATE_LISTING
        return page.cursor is None

    def _remember(self, links: Iterable[MediaLink]) -> None:
        for link in links:
            for word in {link.camera, link.role or link.camera}:
                if link.url:
                    self._known.setdefault(word.casefold(), {})[link.window] = link
