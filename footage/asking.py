"""One POST at a time: the intention on disk before it, the id after it, and never a second one in the blind."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from footage.board import Board, Cell, cells_of
from footage.errors import (
    FateUnknown,
    Interrupted,
    NotAllowed,
    NotRecording,
    QuotaReached,
    RequestRefused,
    ServiceUnreachable,
)
from footage.journal import Journal, Request
from footage.models import Missing, Quota, TimeWindow
from footage.plan import by_window, quota_seconds
from footage.polling import MediaService
from footage.progress import CellState

log = logging.getLogger(__name__)

_REST_AFTER_SILENCE = timedelta(seconds=20)
_AT_ONCE, _WITHIN = 10, timedelta(seconds=6.8)
"""A little less than the client lets through (100 in any minute): looks and arrivals never wait for its turn."""


class Asking:
    """Asks for every wanted cell, oldest window first, all cameras of a window in one request.

    `alone` holds cells that are asked for by themselves, because a request for several cameras was refused.
    `on_lost` hears of a request whose answer never came. `made` counts the accepted requests of this run.
    """

    def __init__(
        self,
        service: MediaService,
        journal: Journal,
        board: Board,
        *,
        alone: set[Cell],
        over_quota: bool,
        on_lost: Callable[[Request], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._journal = journal
        self._board = board
        self._alone = alone
        self._over_quota = over_quota
        self._on_lost = on_lost
        self._clock = clock
        self._not_before: datetime | None = None
        self._asked_at: deque[datetime] = deque(maxlen=_AT_ONCE)
        self._in_flight = 0.0
        self.made = 0

    def ask_next(self) -> bool:
        """Send the next request; False where there is none to send now.

        Raises QuotaReached, NotAllowed and Interrupted; what was not accepted then stays wanted.
        """
        now = self._clock()
        group = self._next_group() if self._may_ask(now) else None
        if group is None:
            return False
        window, cameras = group
        self._asked_at.append(now)
        self._send(self._journal.intend(window, cameras, now))
        return True

    def _may_ask(self, now: datetime) -> bool:
        if self._not_before is not None and now < self._not_before:
            return False
        return len(self._asked_at) < _AT_ONCE or now >= self._asked_at[0] + _WITHIN

    def _next_group(self) -> tuple[TimeWindow, tuple[str, ...]] | None:
        wanted = self._board.in_state(CellState.WANTED)
        if not wanted:
            return None
        window, cameras = by_window(wanted)[0]
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
        except ServiceUnreachable as error:
            log.warning("%s", error)
            self._withdraw(request)
            self._not_before = self._clock() + _REST_AFTER_SILENCE
        except (NotAllowed, QuotaReached, Interrupted):
            self._withdraw(request)
            raise
        else:
            self._journal.accept(request, ticket)
            self.made += 1
            self._in_flight += request.window.seconds * len(request.cameras)
            self._check_quota(ticket.quota)

    @property
    def _vehicle_id(self) -> str:
        vehicle = self._journal.incident.vehicle
        if vehicle is None:
            raise ValueError("an incident without a vehicle has nothing to ask Samsara for")
        return vehicle.id

    def _refused(self, request: Request, error: RequestRefused) -> None:
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

    def _check_quota(self, quota: Quota | None) -> None:
        """Stop where what is still to ask would pass what is left; the figure counts finished retrievals only."""
        ahead = quota_seconds(self._board.in_state(CellState.WANTED), self._journal.incident.media_type)
        if quota is None or self._over_quota or not ahead:
            return
        if quota.used_seconds + self._in_flight + ahead > quota.limit_seconds:
            raise QuotaReached(quota_sentence(quota, self._in_flight + ahead))


def quota_sentence(quota: Quota, needed: float) -> str:
    """Why a spending is not made, with its figures."""
    left = max(0.0, quota.limit_seconds - quota.used_seconds)
    return (
        f"This needs about {needed:.0f} seconds of the monthly media quota, and {left:.0f} of "
        f"{quota.limit_seconds:.0f} are left. --over-quota asks all the same."
    )
