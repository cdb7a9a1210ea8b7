"""The story of one incident at Samsara, a step at a time: ask for what is wanted, book what arrives, end each cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from footage.errors import FootageError
from footage.fetching import Arrival, Fetcher
from footage.journal import Journal
from footage.models import TimeWindow
from footage.progress import CellState
from footage.samsara.asking import Asking
from footage.samsara.board import Board, Cell
from footage.samsara.errands import Errands
from footage.samsara.looking import Looking


class Retrieval:
    """Brings the footage of one vehicle's incident; `footage.rounds` calls its steps, each on disk before the next.

    `on_turn` is called again and again meanwhile. Where the asking is stopped, what was asked for is still brought.
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
        on_turn: Callable[[], None],
    ) -> None:
        self.looking = looking
        self.on_turn = on_turn
        self._journal = journal
        self._asking = asking
        self.errands = errands
        self._fetcher = fetcher
        self._board = board
        self._stopped_by: FootageError | None = None
        self._given_up = False

    @property
    def next_window(self) -> TimeWindow | None:
        """The oldest window that is still to be asked for."""
        return self._asking.next_window

    @property
    def is_asking(self) -> bool:
        """Whether requests are still to be sent, and the service takes them."""
        return self._asking.gets_through

    @property
    def is_fetching(self) -> bool:
        """Whether a download is under way."""
        return self._fetcher.under_way > 0

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more can come of it: given up, or the asking is stopped and nothing is on its way."""
        on_its_way = self._board.in_state(CellState.ASKED, CellState.UPLOADING)
        return self._given_up or (self._stopped_by is not None and not on_its_way)

    @property
    def stopped_by(self) -> FootageError | None:
        """What kept it from an end: the error it was given up for, or for which a part of it was not asked for."""
        is_short = not self._board.ended if self._given_up else bool(self._board.in_state(CellState.WANTED))
        return self._stopped_by if is_short else None

    @property
    def is_complete(self) -> bool:
        """Whether every cell has ended."""
        return self._board.ended and not self.is_fetching

    def ask(self) -> bool:
        """Send the next request; False where there is none to send now.

        Raises QuotaReached, NotAllowed, BadAnswer and Interrupted.
        """
        return self._asking.ask_next()

    def stop_asking(self, error: FootageError) -> None:
        """Ask for nothing more, for this reason; what is asked for already is waited for."""
        self._stopped_by = error
        self._asking.end()

    def give_up(self, error: FootageError) -> None:
        """Wait for nothing more, for this reason."""
        self.stop_asking(error)
        self._given_up = True

    def take_arrivals(self, seconds: float) -> bool:
        """Book what has arrived, waiting so long for the first; whether there was any. Raises what ends the run."""
        arrivals = self._fetcher.arrivals(seconds)
        self._book(arrivals)
        return bool(arrivals)

    def close(self) -> None:
        """Start nothing more; what is under way ends by the downloader's stop."""
        self._asking.end()
        self._fetcher.close()

    def _book(self, arrivals: Sequence[Arrival]) -> None:
        """Record what came and what is complete with it, as one change of the journal; then tidy up."""
        if not arrivals and not self.errands.some_complete:
            return
        with self._journal.together():
            for arrival in arrivals:
                self.errands.book(arrival)
            for cell in self.errands.take_complete():
                self._end_cell(cell)
        self.errands.settle()

    def _end_cell(self, cell: Cell) -> None:
        failed = self.errands.has_failed(cell)
        owner = self._journal.owner(*cell)
        if owner is not None:
            self._journal.end_camera(owner.number, cell[0], "download" if failed else "here")
        elif failed:
            self._take_back(cell)
            return
        elif self._journal.hole(*cell):
            self._journal.fill(*cell)
        state, reason = (CellState.MISSING, "download") if failed else (CellState.HERE, self.errands.flaw(cell))
        self._board.set(cell, state, reason)

    def _take_back(self, cell: Cell) -> None:
        """What nobody asked for could not be had: ask for it now, unless it was asked for and there was nothing."""
        hole = self._journal.hole(*cell)
        self.errands.reopen(cell)
        self._board.set(cell, CellState.MISSING, hole) if hole else self._board.set(cell, CellState.WANTED)
