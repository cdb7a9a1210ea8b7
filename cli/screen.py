"""Progress as plain lines: one a change, handed to a `say` that the main program gives. The rest is silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Lock
from time import monotonic

from footage.board import Cell
from footage.models import TimeWindow
from footage.progress import CellState, Progress

_EVERY_SECONDS = 2.0
_ORDER = (CellState.WANTED, CellState.ASKED, CellState.FETCHING, CellState.HERE, CellState.MISSING)


class LineProgress(Progress):
    """Says how many camera windows stand where, at most every two seconds and when the last one ends."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        self._say = say
        self._clock = clock
        self._lock = Lock()
        self._states: dict[Cell, CellState] = {}
        self._bytes = 0
        self._said_at = clock()
        self._said = ""

    def say(self, text: str) -> None:
        """One sentence for the person."""
        self._say(text)

    def cell(self, camera: str, window: TimeWindow, state: CellState, reason: str = "") -> None:
        """One camera of one window has changed."""
        with self._lock:
            self._states[camera, window] = state
            line = self._line()
            ended = all(state in (CellState.HERE, CellState.MISSING) for state in self._states.values())
            due = ended or self._clock() - self._said_at >= _EVERY_SECONDS
            if not due or line == self._said:
                return
            self._said_at, self._said = self._clock(), line
        self._say(line)

    def received(self, count: int) -> None:
        """`count` more bytes have arrived."""
        with self._lock:
            self._bytes += count

    def _line(self) -> str:
        count = Counter(self._states.values())
        states = ", ".join(f"{count[state]} {state.value}" for state in _ORDER if count[state])
        return f"Footage: {states}; {self._bytes / 1e6:.1f} MB received"
