"""Which links have been sent for, under which names, and when all that a cell waits for has come."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from footage.downloads import DownloadFailed
from footage.errors import RequestRefused, ServiceUnreachable
from footage.fetching import Arrival, Errand, Fetcher
from footage.journal import DAMAGED, Journal, Request
from footage.models import Clip, MediaLink, MediaType, Missing, TimeWindow
from footage.naming import Names
from footage.progress import CellState
from footage.samsara.board import Board, Cell
from footage.samsara.matching import fresh_url, is_same

log = logging.getLogger(__name__)

Link = tuple[str, TimeWindow]
"""What tells one piece of media from another: its camera and the interval that was returned."""
Relook = Callable[[], Sequence[MediaLink]]
"""Reads again what the service says of the same media, to get a fresh link."""


class Errands:
    """Sends the fetcher for links, each once, and books what it brings into the journal.

    A cell is complete when it was closed (nothing more of it is to come) and all that was sent for has arrived.
    """

    def __init__(self, journal: Journal, board: Board, names: Names, fetcher: Fetcher) -> None:
        self._journal = journal
        self._board = board
        self._names = names
        self._fetcher = fetcher
        self._used_names = {clip.path.name for clip in journal.clips}
        self._arrived = {(clip.camera, clip.returned) for clip in journal.clips}
        self._under_way: dict[Link, list[Cell]] = {}
        self._awaited: Counter[Cell] = Counter()
        self._closed: set[Cell] = set()
        self._failed: set[Cell] = set()
        self._complete: list[Cell] = []
        self._booked: list[str] = []
        self._broken: set[Cell] = set()
        fetcher.take_back(self._used_names)
        fetcher.on_here = self._note_arrival

    def send(
        self, link: MediaLink, camera: str, cells: Sequence[Cell], *, relook: Relook, request: Request | None = None
    ) -> bool:
        """Fetch a link for these cells, unless it is here or under way already; whether an errand was started."""
        key = self._known_as((camera, link.window))
        if key in self._arrived:
            return False
        self._awaited.update(cells)
        if key in self._under_way:
            self._under_way[key] += cells
            return False
        self._under_way[key] = list(cells)
        for cell in cells:
            self._board.set(cell, CellState.FETCHING)
        requested = TimeWindow(min(cell[1].start for cell in cells), max(cell[1].end for cell in cells))
        self._fetcher.send(
            Errand(
                link=link,
                camera=camera,
                name=self._free_name(camera, requested),
                requested=requested,
                renew=lambda: _renewed(relook, camera, link.window),
                retrieval_id=None if request is None else request.retrieval_id,
            )
        )
        return True

    def send_copy(self, clip: Clip, cell: Cell) -> None:
        """Take a copy of a clip that another incident of the same vehicle has brought, unless it is here."""
        key = self._known_as((cell[0], clip.returned))
        if key in self._arrived:
            return
        self._awaited[cell] += 1
        if key in self._under_way:
            self._under_way[key].append(cell)
            return
        self._under_way[key] = [cell]
        self._board.set(cell, CellState.FETCHING)
        link = MediaLink(cell[0], clip.returned, "available", url=clip.source)
        name = self._free_name(*cell)
        self._fetcher.send(Errand(link, cell[0], name, cell[1], lambda: clip.source, clip.retrieval_id, clip.path))

    def close(self, cell: Cell) -> None:
        """Nothing more of this cell is to come."""
        self._closed.add(cell)
        self._check(cell)

    def is_closed(self, cell: Cell) -> bool:
        """Whether all media of a cell is known."""
        return cell in self._closed

    def has_failed(self, cell: Cell) -> bool:
        """Whether some media of a cell could not be downloaded."""
        return cell in self._failed

    def flaw(self, cell: Cell) -> str:
        """The reason why not all of a cell that is here can be read; empty where all can."""
        return DAMAGED if cell in self._broken else ""

    def reopen(self, cell: Cell) -> None:
        """Start anew with a cell: it will be asked for."""
        self._closed.discard(cell)
        self._failed.discard(cell)

    def book(self, arrival: Arrival) -> None:
        """Note what an errand brought. Raises its error where that is not one that a cell can end with."""
        key = (arrival.errand.camera, arrival.errand.link.window)
        cells = self._under_way.pop(key)
        if arrival.clip is not None:
            self._arrived.add(key)
            self._booked.append(arrival.errand.name)
            self._book_clip(arrival.clip)
            self._broken.update(cells if not arrival.clip.media.is_whole else ())
        elif arrival.error is not None:
            self._failed.update(cells)
            self._book_failure(arrival.errand, arrival.error)
        for cell in cells:
            self._awaited[cell] -= 1
            self._check(cell)

    def settle(self) -> None:
        """What was booked is on disk in the journal: forget how it came."""
        while self._booked:
            self._fetcher.settle(self._booked.pop())

    @property
    def some_complete(self) -> bool:
        """Whether `take_complete` has something to give."""
        return bool(self._complete)

    def take_complete(self) -> list[Cell]:
        """The cells that became complete since the last call."""
        complete, self._complete = self._complete, []
        return complete

    def _known_as(self, media: Link) -> Link:
        """The same media as it was told of first, where it is here or under way already."""
        camera, window = media
        known = (each for each in (*self._arrived, *self._under_way) if each[0] == camera and is_same(each[1], window))
        return media if media in self._arrived or media in self._under_way else next(known, media)

    def _note_arrival(self, errand: Errand) -> None:
        for cell in list(self._under_way.get((errand.camera, errand.link.window), ())):
            if self._awaited[cell] == 1:
                self._board.note_arrival(cell)

    def _check(self, cell: Cell) -> None:
        if cell in self._closed and not self._awaited[cell]:
            self._complete.append(cell)

    def _book_failure(self, errand: Errand, error: BaseException) -> None:
        if not isinstance(error, DownloadFailed):
            raise error
        log.warning("%s", error)
        part = errand.link.window.overlap(errand.requested) or errand.requested
        self._journal.add_missing(Missing(errand.camera, part, "download", error.message))

    def _book_clip(self, clip: Clip) -> None:
        twin = next((known for known in self._journal.clips if _same(known, clip)), None)
        if twin is not None:
            log.info("%s holds the same bytes for the same time as %s: kept once", clip.path.name, twin.path.name)
            clip.path.unlink()
            return
        with self._journal.together():
            self._journal.add_clip(clip)
            self._add_damage(clip)

    def _add_damage(self, clip: Clip) -> None:
        claimed = clip.returned.overlap(clip.requested) or clip.requested
        if not clip.media.complete and clip.window.end < claimed.end:
            rest = TimeWindow(max(clip.window.end, claimed.start), claimed.end)
            self._journal.add_missing(Missing(clip.camera, rest, DAMAGED, f"{clip.path.name} is broken inside"))

    def _free_name(self, camera: str, requested: TimeWindow) -> str:
        suffix = ".jpg" if self._journal.incident.media_type is MediaType.IMAGE else ".mp4"
        nth = 1
        while True:
            name = self._names.clip(camera, requested.start, nth=nth, suffix=suffix)
            if name not in self._used_names and not (self._journal.folder / name).exists():
                self._used_names.add(name)
                return name
            nth += 1


def _same(one: Clip, other: Clip) -> bool:
    return (one.camera, one.sha256) == (other.camera, other.sha256) and is_same(one.window, other.window)


def _renewed(relook: Relook, camera: str, window: TimeWindow) -> str:
    """A fresh link. That none can be had costs this media, not the run."""
    try:
        url = fresh_url(relook(), camera, window)
    except (RequestRefused, ServiceUnreachable) as error:
        raise DownloadFailed(f"No fresh link for {_told(camera, window)}: {error.message}") from error
    if url is None:
        raise DownloadFailed(f"Samsara gives no link any more for {_told(camera, window)}.")
    return url


def _told(camera: str, window: TimeWindow) -> str:
    return f"{camera} from {window.start:%H:%M:%S} UTC"
