"""One POST at a time: the intention on disk before it, the id after it, and never a second one in the blind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from footage.errors import (
    BadAnswer,
    FateUnknown,
    Interrupted,
    NotAllowed,
    NotRecording,
    QuotaReached,
    RequestRefused,
    ServiceUnreachable,
)
from footage.journal import Journal, Request
from footage.models import Missing, TimeWindow
from footage.progress import CellState
from footage.samsara.board import Board, Cell, cells_of
from footage.samsara.budget import Budget
from footage.samsara.plan import by_window, quota_seconds
from footage.samsara.polling import MediaService

log = logging.getLogger(__name__)


class Asking:
    """Asks for every wanted cell, oldest window first, all cameras of a window in one request.

    `alone` holds cells that are asked for by themselves, because a request for several cameras was refused.
    `on_lost` hears of a request whose answer never came. `say` tells the person why nothing is asked for a while.
    `made` counts the accepted requests of this run.
    """

    def __init__(
        self,
        service: MediaService,
        journal: Journal,
        board: Board,
        *,
        alone: set[Cell],
        budget: Budget,
        on_lost: Callable[[Request], None],
        say: Callable[[str], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._journal = journal
        self._board = board
        self._alone = alone
        self._budget = budget
        self._on_lost = on_lost
        self._say = say
        self._clock = clock
        self._ended = False
        self.made = 0
        budget.join(self._ahead)

    @property
    def next_window(self) -> TimeWindow | None:
        """The oldest window that is still to be asked for."""
        return min((window for _, window in self._wanted), default=None)

    @property
    def gets_through(self) -> bool:
        """Whether there is something to ask for, and the service takes it."""
        return bool(self._wanted) and not self._budget.is_resting

    def end(self) -> None:
        """Ask for nothing more, and reckon with nothing more."""
        self._ended = True

    @property
    def _wanted(self) -> list[Cell]:
        return [] if self._ended else self._board.in_state(CellState.WANTED)

    def ask_next(self) -> bool:
        """Send the next request; False where there is none to send now.

        Raises QuotaReached, NotAllowed, Interrupted, and BadAnswer where it is no service of ours that answers; what
        was not accepted then stays wanted.
        """
        group = self._next_group() if self._budget.allows_asking else None
        if group is None:
            return False
        self._budget.check()
        window, cameras = group
        self._budget.note_asking()
        self._send(self._journal.intend(window, cameras, self._clock()))
        return True

    def _ahead(self) -> float:
        return self._price(self._wanted)

    def _price(self, cells: Sequence[Cell]) -> float:
        return quota_seconds(cells, self._journal.incident.media_type)

    def _next_group(self) -> tuple[TimeWindow, tuple[str, ...]] | None:
        if not self._wanted:
            return None
        window, cameras = by_window(self._wanted)[0]
        together = tuple(camera for camera in cameras if (camera, window) not in self._alone)
        return window, together or cameras[:1]

    def _send(self, request: Request) -> None:
        self._put(request, CellState.ASKED)
        try:
            ticket = self._service.create_retrieval(
                self._vehicle_id, request.window, request.cameras, self._journal.incident.media_type
            )
        except RequestRefused as error:
            self._refused(request, error)
        except FateUnknown as error:
            log.warning("no answer to the request for %s: %s", request.window.start, error)
            self._on_lost(request)
        except (NotAllowed, QuotaReached, Interrupted, BadAnswer):
            self._withdraw(request)
            raise
        except ServiceUnreachable as error:
            self._withdraw(request)
            self._rest(error)
        else:
            self._budget.hear()
            self._journal.accept(request, ticket)
            self.made += 1
            self._budget.spend(self._price(cells_of(request.cameras, request.window)), ticket.quota)

    def _rest(self, error: ServiceUnreachable) -> None:
        log.warning("%s", error)
        if self._budget.rest(error.message):
            self._say(f"{error.message} What is still to be asked for is asked for again later.")

    @property
    def _vehicle_id(self) -> str:
        vehicle = self._journal.incident.vehicle
        if vehicle is None:
            raise ValueError("an incident without a vehicle has nothing to ask Samsara for")
        return vehicle.id

    def _refused(self, request: Request, error: RequestRefused) -> None:
        self._budget.hear()
        self._journal.mark(request, "refused")
        if len(request.cameras) > 1:
            self._alone.update(cells_of(request.cameras, request.window))
            self._put(request, CellState.WANTED)
            return
        reason = "not_recording" if isinstance(error, NotRecording) else "refused"
        camera = request.cameras[0]
        with self._journal.together():
            self._journal.end_camera(request.number, camera, reason)
            self._journal.add_missing(Missing(camera, request.window, reason, error.message))
        self._board.set((camera, request.window), CellState.MISSING, reason)

    def _withdraw(self, request: Request) -> None:
        self._journal.mark(request, "withdrawn")
        self._put(request, CellState.WANTED)

    def _put(self, request: Request, state: CellState) -> None:
        for cell in cells_of(request.cameras, request.window):
            self._board.set(cell, state)
