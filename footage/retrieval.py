"""The story for Samsara: look what is uploaded, ask for the rest, wait, fetch; each step on disk before the next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from footage.asking import Asking
from footage.board import Board, Cell
from footage.errands import Errands
from footage.errors import FootageError, QuotaReached, ServiceUnreachable
from footage.fetching import Arrival, Fetcher
from footage.journal import Journal
from footage.looking import Looking
from footage.polling import Interval
from footage.progress import CellState, Progress

log = logging.getLogger(__name__)

_SILENCE_LIMIT = timedelta(minutes=10)
_LONGEST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """Until when a run waits, how often it looks (None: adaptive), how long it looks for a lost request (seconds)."""

    deadline: datetime
    poll_interval: float | None
    settle: float


class Retrieval:
    """Brings the footage of one vehicle's incident; `run` returns when every cell has ended or the wait is over.

    `on_turn` is called again and again meanwhile, at least every half second but for the calls of one look.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        asking: Asking,
        looking: Looking,
        errands: Errands,
        fetcher: Fetcher,
        board: Board,
        patience: Patience,
        progress: Progress,
        on_turn: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._asking = asking
        self._looking = looking
        self._errands = errands
        self._fetcher = fetcher
        self._board = board
        self._patience = patience
        self._progress = progress
        self._on_turn = on_turn
        self._clock = clock
        self._interval = Interval(patience.poll_interval)
        self._next_look = clock()
        self._silent_since: datetime | None = None
        self._looks = 0
        self.stopped_by: FootageError | None = None

    def run(self) -> None:
        """Ask, look and fetch until the end. Raises NotAllowed, DiskTrouble and Interrupted."""
        while not self._over():
            asked = self._ask()
            self._look_if_due()
            self._take_arrivals(patient=not asked)
            self._on_turn()

    def _over(self) -> bool:
        if self._fetcher.under_way:
            return False
        if self._board.ended:
            return True
        if self.stopped_by is not None:
            return self._looks > 0
        return self._clock() >= self._patience.deadline and self._looks > 0

    def _ask(self) -> bool:
        if self.stopped_by is not None:
            return False
        try:
            return self._asking.ask_next()
        except QuotaReached as error:
            log.warning("%s", error)
            self.stopped_by = error
            return False

    def _look_if_due(self) -> None:
        began = self._clock()
        if began < self._next_look:
            return
        try:
            news = self._looking.look(meanwhile=self._go_on)
        except ServiceUnreachable as error:
            self._endure(error)
        else:
            self._silent_since = None
            self._interval.news() if news else self._interval.nothing_new()
        self._looks += 1
        interval = timedelta(seconds=self._interval.seconds)
        self._next_look = max(began + interval, self._clock() + interval / 2)

    def _go_on(self) -> None:
        """What need not wait until a look is over."""
        self._ask()
        self._take_arrivals(patient=False)

    def _endure(self, error: ServiceUnreachable) -> None:
        """A service that is silent for a while is waited for; past the limit the run ends and can be resumed."""
        now = self._clock()
        self._silent_since = self._silent_since or now
        self._interval.nothing_new()
        self._progress.say(f"{error.message} Looking again later.")
        if now - self._silent_since >= _SILENCE_LIMIT:
            self.stopped_by = error

    def _take_arrivals(self, *, patient: bool) -> None:
        arrivals = self._fetcher.arrivals(self._pause() if patient else 0.0)
        self._book(arrivals)

    def _book(self, arrivals: Sequence[Arrival]) -> None:
        """Record what came and what is complete with it, as one change of the journal; then tidy up."""
        if not arrivals and not self._errands.some_complete:
            return
        with self._journal.together():
            for arrival in arrivals:
                self._errands.book(arrival)
            for cell in self._errands.take_complete():
                self._end_cell(cell)
        self._errands.settle()

    def _pause(self) -> float:
        """Seconds until something is due; never long, so that a stop is felt at once."""
        due = min(self._next_look, self._patience.deadline) if not self._board.ended else self._next_look
        return min(_LONGEST_PAUSE, max(0.0, (due - self._clock()).total_seconds()))

    def _end_cell(self, cell: Cell) -> None:
        failed = self._errands.has_failed(cell)
        owner = self._journal.owner(*cell)
        if owner is not None:
            self._journal.end_camera(owner.number, cell[0], "download" if failed else "here")
        elif failed:
            self._errands.reopen(cell)
            self._board.set(cell, CellState.WANTED)
            return
        self._board.set(cell, CellState.MISSING if failed else CellState.HERE, "download" if failed else "")
