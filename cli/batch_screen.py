"""The progress of a list of incidents: a table on a terminal, else a line for each row that is over."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import TextIO

from cli.grid import ORDER, Span
from cli.picture import Picture, can_draw
from cli.screen import Speed
from cli.table import ListStanding, RowStanding, table_lines
from footage.batch.journal import Entry
from footage.batch.plan import BatchProgress, RowEnd
from footage.models import TimeWindow
from footage.progress import CellState, PieceState, Progress

log = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0


class _RowListener(Progress):
    """Notes in a row's standing what its run tells; `changed` hears how many bytes came with each change."""

    def __init__(self, standing: RowStanding, lock: Lock, changed: Callable[[int], None]) -> None:
        self._standing = standing
        self._lock = lock
        self._changed = changed

    def say(self, text: str) -> None:
        """One sentence of this row: kept, and in the log."""
        log.info("%s: %s", self._standing.name, text)
        self._standing.now = text

    def cell(self, camera: str, window: TimeWindow, state: CellState, reason: str = "") -> None:
        """One camera of one window has changed."""
        with self._lock:
            self._standing.states[camera, window] = state
        self._changed(0)

    def piece(self, film: str, number: int, of: int, state: PieceState) -> None:
        """One piece of a film has changed."""
        with self._lock:
            pieces = self._standing.films.get(film, [])
            if len(pieces) != of:
                pieces = self._standing.films[film] = [PieceState.WAITING] * of
            pieces[number] = state

    def received(self, count: int) -> None:
        """`count` more bytes have arrived."""
        self._changed(count)


class ListProgress(BatchProgress):
    """What both ways of showing share: the standing of every row. A row that is over is told in a sentence."""

    def __init__(self, standing: ListStanding, say: Callable[[str], None]) -> None:
        self._standing = standing
        self._lock = Lock()
        self._say = say

    def say(self, text: str) -> None:
        """One sentence for the person."""
        self._say(text)

    def row(self, entry: Entry) -> Progress:
        """Who listens to one row."""
        return _RowListener(self._row(entry), self._lock, self._note)

    def ended(self, end: RowEnd) -> None:
        """One row is over."""
        row = self._row(end.entry)
        with self._lock:
            row.status = end.status
            over = sum(bool(each.status) for each in self._standing.rows.values())
        self.say(f"{row.name}: {end.words} {over} of {self._standing.total} rows are over.")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show while this lasts."""
        yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        yield

    def _row(self, entry: Entry) -> RowStanding:
        with self._lock:
            return self._standing.rows.setdefault(entry.row, RowStanding(entry))

    def _note(self, count: int) -> None:
        """Something has changed, and `count` bytes have arrived with it."""
        with self._lock:
            self._standing.received += count


class ListLines(ListProgress):
    """Every few seconds a line of how the whole list stands."""

    def __init__(
        self, standing: ListStanding, say: Callable[[str], None], clock: Callable[[], float] = monotonic
    ) -> None:
        super().__init__(standing, say)
        self._clock = clock
        self._said_at, self._said = clock(), ""

    def _note(self, count: int) -> None:
        super()._note(count)
        with self._lock:
            if self._clock() - self._said_at < _EVERY_SECONDS:
                return
            self._said_at, line = self._clock(), self._line()
            is_news, self._said = line != self._said, line
        if is_news:
            self.say(line)

    def _line(self) -> str:
        rows = self._standing.rows.values()
        count = Counter(state for row in rows for state in row.states.values())
        states = ", ".join(f"{count[state]} {state.value}" for state in ORDER if count[state])
        return f"Footage of {self._standing.total} incidents: {states}; {self._standing.received / 1e6:.1f} MB received"


class ListTable(ListProgress):
    """The table of `standing`, drawn on a terminal several times a second; sentences pass above it."""

    def __init__(self, stream: TextIO, standing: ListStanding, note: Callable[[str], None]) -> None:
        self._picture = Picture(stream, self._lines, note=note)
        super().__init__(standing, self._picture.say)
        self._speed = Speed()
        self.shown, self.hidden = self._picture.shown, self._picture.hidden  # type: ignore[method-assign]

    def _note(self, count: int) -> None:
        super()._note(count)
        if count:
            with self._lock:
                self._speed.note(count)

    def _lines(self, width: int, plain: bool) -> list[list[Span]]:
        with self._lock:
            self._standing.speed = self._speed.now()
            return list(table_lines(self._standing, width, self._picture.height, plain=plain))


def open_list_progress(screen: TextIO | None, standing: ListStanding, say: Callable[[str], None]) -> ListProgress:
    """The table where `screen` can be drawn on, else lines that go to `say`."""
    if screen is None or not can_draw(screen):
        return ListLines(standing, say)
    return ListTable(screen, standing, lambda line: log.info("%s", line))
