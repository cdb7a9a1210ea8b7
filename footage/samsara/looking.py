"""What one incident makes of a look at the service: media in the list, a retrieval's answer, a lost request found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from footage.errors import RequestRefused
from footage.journal import ASKED_AGAIN, Journal, Request
from footage.models import MediaLink, Missing, TimeWindow
from footage.progress import CellState
from footage.samsara.board import Board, Cell
from footage.samsara.errands import Errands, Relook
from footage.samsara.matching import completed, unclaimed
from footage.samsara.plan import may_answer
from footage.samsara.polling import MediaService
from footage.samsara.uploads import Found, Uploads

log = logging.getLogger(__name__)

_WAITING_WORDS = {"pending"}
_UNKNOWN_ID_ENDURED = 5

MayAskAgain = Callable[[Request], bool]
"""Whether the person allows a request of unknown fate to be sent once more, knowing that it may cost twice."""


@dataclass
class _Lost:
    request: Request
    look_until: datetime


class Looking:
    """Sends errands for what is ready, and ends what will never come. `footage.sweep` says when what is read."""

    def __init__(
        self,
        service: MediaService,
        journal: Journal,
        board: Board,
        errands: Errands,
        uploads: Uploads,
        *,
        settle: float,
        may_ask_again: MayAskAgain,
        say: Callable[[str], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._journal = journal
        self._board = board
        self._errands = errands
        self._settle = timedelta(seconds=settle)
        self._may_ask_again = may_ask_again
        self._say = say
        self._clock = clock
        self._uploads = uploads
        self._lost: dict[int, _Lost] = {}
        self._compared: set[int] = set()
        """The requests that were compared with all that the list is known to hold."""
        self._unknown_ids: dict[int, list[str]] = {}
        """What was said of requests whose id the service does not know any more, each time that it was read."""
        self._left_out_since: dict[Cell, datetime] = {}

    def add_lost(self, request: Request) -> None:
        """Look for the media of a request whose answer never came, for the settle time from now."""
        self._lost[request.number] = _Lost(request, self._clock() + self._settle)

    def fetch_uploaded(self, found: Found) -> None:
        """Send for media that was found uploaded; what answers several cells is fetched once."""
        answered: dict[tuple[str, MediaLink], list[Cell]] = {}
        for cell, links in found.items():
            for link in links:
                answered.setdefault((cell[0], link), []).append(cell)
        for (camera, link), cells in answered.items():
            self._errands.send(link, camera, cells, relook=self._relist(link.window))
        for cell in found:
            self._errands.close(cell)

    def waiting(self) -> list[Request]:
        """The requests that were accepted and have cameras whose media is not known yet."""
        return [request for request in self._journal.requests if self._is_open(request)]

    @property
    def is_searching(self) -> bool:
        """Whether something is to be found in the list only: what came of a lost request, or of an id that is lost."""
        return bool(self._lost or self._unknown_ids)

    def match(self, new: Sequence[MediaLink]) -> bool:
        """Give what is new in the list to the requests and holes that it covers; whether that brought anything.

        A request is looked for in all that is known when it is looked for first, and a lost one always: its media may
        have been listed before the search began.
        """
        news = self._fill_holes(new)
        for request in [*self.waiting(), *(lost.request for lost in self._lost.values())]:
            in_all = request.number in self._lost or request.number not in self._compared
            self._compared.add(request.number)
            for camera in self._unsettled_cameras(request):
                if in_all or any(link.shows(camera) and may_answer(link, request.window) for link in new):
                    news |= self._take_listed(request, camera)
        return news

    def read(self, number: int) -> bool:
        """Read how one retrieval stands; whether that brought anything new. Raises ServiceUnreachable, NotAllowed."""
        request = self._journal.requests[number]
        try:
            links = self._answer(request, patient=False)
        except RequestRefused as error:
            self._unknown_ids.setdefault(number, []).append(error.message)
            return False
        self._unknown_ids.pop(number, None)
        return sum(self._judge(request, camera, links) for camera in self._unsettled_cameras(request)) > 0

    def judge_lost(self) -> bool:
        """End the search for what the list has not shown in time; whether there was anything."""
        news = self._judge_unknown_ids()
        for lost in list(self._lost.values()):
            cameras = self._unsettled_cameras(lost.request)
            if not cameras:
                del self._lost[lost.request.number]
            elif self._clock() >= lost.look_until:
                del self._lost[lost.request.number]
                self._give_up_looking(self._journal.requests[lost.request.number], cameras)
                news = True
        return news

    def _fill_holes(self, new: Sequence[MediaLink]) -> bool:
        """What ended without footage, or is not searched for any more, has come after all: by whom does not matter."""
        holes = self._board.in_state(CellState.MISSING)
        near = [cell for cell in holes if any(link.shows(cell[0]) and may_answer(link, cell[1]) for link in new)]
        found = self._uploads.find(self._journal.incident, near)
        for cell in found:
            self._errands.reopen(cell)
        self.fetch_uploaded(found)
        return bool(found)

    def _take_listed(self, request: Request, camera: str) -> bool:
        cell, news = (camera, request.window), False
        chosen = self._uploads.covering(self._journal.incident, cell)
        for link in chosen:
            self._sight(request)
            # Its retrieval may know nothing of it, so that a fresh link is had where this one was.
            news |= self._send(link, camera, request, self._relist(request.window))
        if chosen:
            self._errands.close(cell)
        return news

    def _is_open(self, request: Request) -> bool:
        return request.state == "accepted" and bool(self._unsettled_cameras(request))

    def _unsettled_cameras(self, request: Request) -> list[str]:
        current = self._journal.requests[request.number]
        return [word for word in current.open_cameras if self._is_unsettled((word, current.window))]

    def _is_unsettled(self, cell: Cell) -> bool:
        """Whether more of a cell is to come; one that another request has brought needs no second one."""
        is_here = cell in self._board and self._board.state(cell) is CellState.HERE
        return not is_here and not self._errands.is_closed(cell)

    def _sight(self, request: Request) -> None:
        if self._journal.requests[request.number].state == "intended":
            self._journal.mark(self._journal.requests[request.number], "sighted")

    def _send(self, link: MediaLink, camera: str, request: Request, relook: Relook) -> bool:
        return self._errands.send(link, camera, [(camera, request.window)], relook=relook, request=request)

    def _judge(self, request: Request, camera: str, links: Sequence[MediaLink]) -> bool:
        """Every status ends somewhere: pending waits, available is fetched, any other word is a hole."""
        own = [link for link in links if link.shows(camera)]
        if not own and self._is_left_out((camera, request.window), links):
            self._end(request, camera, "no_media", _why_left_out(request, links))
            return True
        ready = [link for link in own if _is_ready(link)]
        ended = [link for link in own if _has_ended(link)]
        complete = bool(own) and len(ready) + len(ended) == len(own)
        news = False
        for link in ready:
            if self._send(link, camera, request, lambda: self._answer(request)):
                news = True
                self._tell_doubt(camera, link)
        if not complete:
            self._note_pending(own, (camera, request.window))
            return news
        with self._journal.together():
            if len(own) > 1:
                self._note_parts(request, camera, ended)
            if not ready:
                self._end(request, camera, ended[0].status)
        if ready:
            self._errands.close((camera, request.window))
        return news or not ready

    def _tell_doubt(self, camera: str, link: MediaLink) -> None:
        if not link.is_timed:
            at = f"{link.window.start:%Y-%m-%d %H:%M:%S} UTC"
            self._say(
                f"Samsara does not tell the time of a clip of {camera}: it is placed where it was asked for, {at}."
            )

    def _note_parts(self, request: Request, camera: str, ended: Sequence[MediaLink]) -> None:
        """Each part of a window ends with its own word."""
        for link in ended:
            if part := link.window.overlap(request.window):
                self._journal.add_missing(Missing(camera, part, link.status))

    def _answer(self, request: Request, *, patient: bool = True) -> list[MediaLink]:
        links = self._service.retrieval(request.retrieval_id or "", patient=patient)
        return completed(links, request.cameras, request.window)

    def _is_left_out(self, cell: Cell, links: Sequence[MediaLink]) -> bool:
        """Whether all that an answer lists is settled, for the settle time by now, and a camera is not among it.

        Only inputs that are there and were recording produce media (Samsara's API reference).
        """
        if not links or not all(_is_ready(link) or _has_ended(link) for link in links):
            self._left_out_since.pop(cell, None)
            return False
        if cell[0] in self._absent_cameras():  # once is enough of waiting for a camera that is not there
            return True
        return self._clock() - self._left_out_since.setdefault(cell, self._clock()) >= self._settle

    def _note_pending(self, own: Sequence[MediaLink], cell: Cell) -> None:
        is_pending = any(link.status in _WAITING_WORDS for link in own)
        if is_pending and self._board.state(cell) is CellState.ASKED:
            self._board.set(cell, CellState.UPLOADING)

    def _judge_unknown_ids(self) -> bool:
        news = False
        for number, answers in list(self._unknown_ids.items()):
            cameras = self._unsettled_cameras(self._journal.requests[number])
            if cameras and len(answers) < _UNKNOWN_ID_ENDURED:
                continue
            del self._unknown_ids[number]
            for camera in cameras:
                detail = f"Samsara does not know the retrieval any more: {answers[-1]}"
                self._end(self._journal.requests[number], camera, "failed", detail)
                news = True
        return news

    def _end(self, request: Request, camera: str, reason: str, detail: str = "") -> None:
        with self._journal.together():
            self._journal.end_camera(request.number, camera, reason)
            if detail:
                self._journal.add_missing(Missing(camera, request.window, reason, detail))
        self._board.set((camera, request.window), CellState.MISSING, reason)

    def _give_up_looking(self, request: Request, cameras: Sequence[str]) -> None:
        absent = self._absent_cameras() if request.state == "sighted" else frozenset[str]()
        for camera in absent.intersection(cameras):
            self._end(request, camera, "invalid")
        rest = [camera for camera in cameras if camera not in absent]
        if rest and self._may_ask_again(request):
            for camera in rest:
                self._journal.end_camera(request.number, camera, ASKED_AGAIN)
                self._board.set((camera, request.window), CellState.WANTED)
            return
        for camera in rest:
            self._end(request, camera, "unsettled")

    def _absent_cameras(self) -> frozenset[str]:
        """Cameras that no answer so far knows: a vehicle does not grow one for a lost window."""
        cameras = self._journal.incident.cameras
        return frozenset(camera.word for camera in cameras if self._board.looks_absent(camera))

    def _relist(self, window: TimeWindow) -> Relook:
        return lambda: self._listed(window)

    def _listed(self, window: TimeWindow) -> list[MediaLink]:
        uploads = Uploads(self._service, clock=self._clock)
        uploads.join([replace(self._journal.incident, window=window)])
        return uploads.read()[0]


def _is_ready(link: MediaLink) -> bool:
    return link.status == "available" and bool(link.url)


def _has_ended(link: MediaLink) -> bool:
    return link.status not in {"available", *_WAITING_WORDS}


def _why_left_out(request: Request, links: Sequence[MediaLink]) -> str:
    others = unclaimed(links, request.cameras)
    if not all(link.camera for link in links):
        return "Samsara does not say which camera some of its answer is of: ask for one camera at a time."
    if not others:
        return "Samsara answers for the other cameras only: this one is not there, or was not recording."
    return f"Samsara does not say which camera is which of {', '.join(others)}: ask for them by these names."
