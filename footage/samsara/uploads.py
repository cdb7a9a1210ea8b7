"""What vehicles have uploaded around their incidents, by whomever asked for: read once, then only what is new."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from footage.errors import RequestRefused
from footage.models import UTC, Incident, MediaLink, MediaType, TimeWindow
from footage.samsara.board import Cell
from footage.samsara.plan import LONGEST_LIST_SECONDS, LONGEST_REQUEST, covering, split_window
from footage.samsara.polling import MediaService, Page

log = logging.getLogger(__name__)

Found = dict[Cell, tuple[MediaLink, ...]]
"""Cells that uploaded media covers, with that media."""

VEHICLES_A_CALL = 20
"""The list of uploaded media takes at most 20 vehicles a call (Samsara's API reference)."""
_AFTER = 120.0
_LATE_LISTING, _JUST_LISTED = timedelta(seconds=120), timedelta(seconds=30)
_LATE_EVERY = 7
"""Media may come to be listed later than it became available: each so many looks one goes back further."""
_NO_LIMIT = 1_000_000


@dataclass
class _Part:
    """One call's worth of the list, and how far it has been read: at most a day of at most 20 vehicles."""

    window: TimeWindow
    media_type: MediaType
    vehicles: list[str] = field(default_factory=list)
    incidents: set[Incident] = field(default_factory=set)
    newest: datetime | None = None
    available_after: datetime | None = None
    cursor: str | None = None
    begun: bool = False
    rounds: int = 0
    """How often it was read to its end."""
    asked: TimeWindow | None = None
    """The window of the calls that one cursor leads through, which must all be alike."""
    restarted: bool = False
    goes_by_news: bool = True
    has_margins: bool = True

    def has_room(self, vehicle_id: str, window: TimeWindow, media_type: MediaType) -> bool:
        """Whether one call can list this too."""
        known = vehicle_id in self.vehicles or len(self.vehicles) < VEHICLES_A_CALL
        within = (window.end - self.window.start).total_seconds() <= LONGEST_LIST_SECONDS
        return known and within and media_type is self.media_type

    def take(self, incident: Incident, vehicle_id: str, window: TimeWindow) -> None:
        """List this too."""
        self.incidents.add(incident)
        self.window = TimeWindow(self.window.start, max(self.window.end, window.end))
        if vehicle_id not in self.vehicles:
            self.vehicles.append(vehicle_id)

    def window_until(self, now: datetime) -> TimeWindow:
        """What to ask for: nothing of the future, which may be refused, and the margins only while they are taken."""
        start, end = self.window.start, self.window.end
        if not self.has_margins:
            start = max(start, min(incident.window.start for incident in self.incidents))
            end = min(end, max(incident.window.end for incident in self.incidents))
        return TimeWindow(start, max(start, min(end, now)))

    def concede(self) -> bool:
        """Leave out what a refused call may have been refused for; False where there is nothing left to leave out."""
        if self.cursor is not None and not self.restarted:
            self.restarted = True
        elif self.available_after is not None:
            self.available_after, self.goes_by_news = None, False
        elif self.has_margins:
            self.has_margins = False
        else:
            return False
        self.cursor = None
        return True

    def by_vehicle(self) -> list[_Part]:
        """The same, one vehicle a call: one that the service does not know must not cost the others."""
        parts = []
        for vehicle_id in self.vehicles:
            own = {each for each in self.incidents if each.vehicle is not None and each.vehicle.id == vehicle_id}
            if own:
                parts.append(_Part(self.window, self.media_type, [vehicle_id], own, begun=True))
        return parts


class Uploads:
    """The list of uploaded media around the incidents that have joined, remembered as far as it was read.

    What the service refuses to list is told by `say`, once, and done without.
    """

    def __init__(
        self,
        service: MediaService,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        say: Callable[[str], object] = log.warning,
    ) -> None:
        self._service = service
        self._clock = clock
        self._say = say
        self._is_told = False
        self._parts: deque[_Part] = deque()
        self._known: dict[tuple[str, MediaType, str], dict[TimeWindow, MediaLink]] = {}

    def join(self, incidents: Iterable[Incident], longest: int = 0) -> None:
        """List these from now on: incidents of the same day share a call as far as there is room.

        Media may be listed by when it begins, and be as long as the longest request of its type, or `longest` seconds.
        """
        wanted = [
            (window, incident, incident.vehicle.id)
            for incident in incidents
            if incident.vehicle is not None
            for window in split_window(
                incident.window.widened(max(longest, LONGEST_REQUEST[incident.media_type]), _AFTER),
                LONGEST_LIST_SECONDS,
            )
        ]
        for window, incident, vehicle_id in sorted(wanted, key=lambda each: each[0]):
            last = self._parts[-1] if self._parts else None
            if last is None or last.begun or not last.has_room(vehicle_id, window, incident.media_type):
                last = _Part(window, incident.media_type)
                self._parts.append(last)
            last.take(incident, vehicle_id, window)

    def leave(self, incident: Incident) -> None:
        """List this no longer."""
        for part in self._parts:
            part.incidents.discard(incident)
        self._parts = deque(part for part in self._parts if part.incidents)

    @property
    def calls_a_round(self) -> int:
        """How many calls it takes, at least, to hear what is new of everything."""
        return len(self._parts)

    def read(self, calls: int = _NO_LIMIT) -> tuple[list[MediaLink], int]:
        """What is new, in at most `calls` calls, and how many were made. The next read goes on where this one ended."""
        pages = list(self.pages(calls, patient=True))
        return [link for page in pages for link in page], len(pages)

    def pages(self, calls: int, *, patient: bool = False) -> Iterator[list[MediaLink]]:
        """The same, what is new call by call; who looks again anyway is not `patient` with a call that fails."""
        left = len(self._parts)
        while calls > 0 and left > 0 and self._parts:
            calls -= 1
            part = self._parts[0]
            try:
                page = self._page(part, patient=patient)
            except RequestRefused as error:
                left += self._give_way(part, error)
                yield []
                continue
            new = list(self._remember(part, page))
            if self._turn(part, page):
                left -= 1
                self._parts.rotate(-1)  # a part that was read to its end comes after those that were not
            yield new

    def covering(self, incident: Incident, cell: Cell) -> tuple[MediaLink, ...]:
        """The fewest pieces of known media that together cover a cell; empty where they do not."""
        camera, window = cell
        vehicle_id = incident.vehicle.id if incident.vehicle else ""
        return covering(self._known.get((vehicle_id, incident.media_type, camera.casefold()), {}).values(), window)

    def find(self, incident: Incident, cells: Iterable[Cell]) -> Found:
        """Those of an incident's cells that known media covers."""
        found = {cell: self.covering(incident, cell) for cell in cells}
        return {cell: links for cell, links in found.items() if links}

    def _give_way(self, part: _Part, error: RequestRefused) -> int:
        """Ask otherwise for what was refused, or go on without it; how many parts there are more by that."""
        log.warning("%s", error)
        if part.concede():
            return 0
        self._parts.popleft()
        parts = part.by_vehicle() if len(part.vehicles) > 1 else []
        self._parts.extendleft(parts)
        if not parts and not self._is_told:
            self._is_told = True
            self._say(f"What is uploaded cannot be listed, and may be asked for and paid again: {error.message}")
        return len(parts) - 1

    def _page(self, part: _Part, *, patient: bool) -> Page:
        if part.cursor is None or part.asked is None:
            part.asked = part.window_until(self._clock())
        return self._service.uploaded(
            part.vehicles,
            part.asked,
            media_types=(part.media_type,),
            available_after=part.available_after,
            cursor=part.cursor,
            patient=patient,
        )

    def _turn(self, part: _Part, page: Page) -> bool:
        """Note how far a part was read; whether that was to its end."""
        times = [link.available_at for link in page.links if link.available_at]
        part.begun = True
        part.newest = max([*times, *([part.newest] if part.newest else [])], default=None)
        part.cursor = page.cursor
        if page.cursor is not None:
            return False
        part.rounds += 1
        part.restarted = False
        goes_back = part.rounds % _LATE_EVERY == 0  # at once, behind what is new, which must not wait for it
        if part.newest is not None and part.goes_by_news:
            part.available_after = part.newest - (_LATE_LISTING if goes_back else _JUST_LISTED)
        return not goes_back

    def _remember(self, part: _Part, page: Page) -> Iterator[MediaLink]:
        """What of a page was not known: each look lists the last two minutes again."""
        for link in page.links:
            # Where one vehicle was asked for, all is its own, however the service writes its id.
            vehicle_id = link.vehicle_id if len(part.vehicles) > 1 else part.vehicles[0]
            if self._knows(part, vehicle_id, link):
                continue
            for word in {link.camera, link.role or link.camera}:
                if link.url:
                    self._known.setdefault((vehicle_id, part.media_type, word.casefold()), {})[link.window] = link
            yield link

    def _knows(self, part: _Part, vehicle_id: str, link: MediaLink) -> bool:
        known = self._known.get((vehicle_id, part.media_type, link.camera.casefold()), {}).get(link.window)
        return known is not None and known.available_at == link.available_at
