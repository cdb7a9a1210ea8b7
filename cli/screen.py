"""Progress on the screen: a picture that changes in place on a terminal, else one plain line a change."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import monotonic
from typing import TextIO

from cli.grid import ORDER, Span, Standing, grid_lines, shown_state
from cli.picture import Picture, can_draw
from footage.models import TimeWindow
from footage.progress import ENDED, CellState, PieceState, Progress
from footage.samsara.board import Cell

log = logging.getLogger(__name__)

_EVERY_SECONDS = 2.0
_SPEED_SECONDS = 5.0


def in_background(seconds: float, action: Callable[[], None]) -> None:
    """Do it after so many seconds, unless the program has ended by then."""
    timer = Timer(seconds, action)
    timer.daemon = True
    timer.start()


class LineProgress(Progress):
    """Says how many camera windows stand where, once all are asked for, and then at most every two seconds.

    Before and after `shown` only sentences are said. `later` calls something after so many seconds, in the background.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        clock: Callable[[], float] = monotonic,
        later: Callable[[float, Callable[[], None]], None] = in_background,
    ) -> None:
        self._say = say
        self._clock = clock
        self._later = later
        self._is_shown = False
        self._is_reminded = False
        self._lock = Lock()
        self._states: dict[Cell, CellState] = {}
        self._open: set[Cell] = set()
        self._bytes = 0
        self._said_at = clock()
        self._said = ""
        self._made: dict[str, set[int]] = {}
        self._film_said_at = clock()

    def say(self, text: str) -> None:
        """One sentence for the person."""
        self._say(text)

    def cell(self, camera: str, window: TimeWindow, state: CellState, reason: str = "") -> None:
        """One camera of one window has changed."""
        with self._lock:
            self._states[camera, window] = shown_state(state, reason)
            was_open = bool(self._open)
            is_open = state not in ENDED
            self._open.add((camera, window)) if is_open else self._open.discard((camera, window))
            if not self._is_due(has_ended=was_open and not self._open):
                self._remind()
                return
        self._say_news()

    def piece(self, film: str, number: int, of: int, state: PieceState) -> None:
        """One piece of a film has changed."""
        with self._lock:
            made = self._made.setdefault(film, set())
            made.add(number) if state is PieceState.MADE else made.discard(number)
            is_due = len(made) == of or self._clock() - self._film_said_at >= _EVERY_SECONDS
            if state is not PieceState.MADE or not is_due:
                return
            self._film_said_at = self._clock()
            line = f"Films: {film}, {len(made)} of {of} made"
        self._say(line)

    def received(self, count: int) -> None:
        """`count` more bytes have arrived."""
        with self._lock:
            self._bytes += count

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Say how it stands while this lasts, and at its end."""
        self._is_shown = True
        try:
            yield
        finally:
            self._say_news()
            self._is_shown = False

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """A question needs no room where there is no picture."""
        yield

    def _remind(self) -> None:
        """See to it that the last change is said, even if none follows for hours."""
        if not self._is_reminded and self._is_shown:
            self._is_reminded = True
            self._later(_EVERY_SECONDS, self._say_news)

    def _say_news(self) -> None:
        with self._lock:
            self._is_reminded = False
            line = self._line()
            if line == self._said or not self._is_shown or not self._states:
                return
            self._said_at, self._said = self._clock(), line
        self._say(line)

    def _is_due(self, *, has_ended: bool) -> bool:
        all_asked = bool(self._open) and not self._said and CellState.WANTED not in self._states.values()
        return has_ended or all_asked or self._clock() - self._said_at >= _EVERY_SECONDS

    def _line(self) -> str:
        count = Counter(self._states.values())
        states = ", ".join(f"{count[state]} {state.value}" for state in ORDER if count[state])
        return f"Footage: {states}; {self._bytes / 1e6:.1f} MB received"


class GridProgress(Progress):
    """The picture of `standing`, drawn on a terminal several times a second; sentences pass above it."""

    def __init__(
        self,
        stream: TextIO,
        standing: Standing,
        *,
        note: Callable[[str], None],
        width: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._standing = standing
        self._lock = Lock()
        self._speed = Speed(clock)
        self._picture = Picture(stream, self._lines, note=note, width=width)
        self.shown, self.hidden, self.picture = self._picture.shown, self._picture.hidden, self._picture.drawn

    def say(self, text: str) -> None:
        """One sentence for the person: it stays above the picture, and in the log."""
        self._picture.say(text)
        with self._lock:
            self._standing.now = text

    def cell(self, camera: str, window: TimeWindow, state: CellState, reason: str = "") -> None:
        """One camera of one window has changed."""
        with self._lock:
            self._standing.states[camera, window] = shown_state(state, reason)

    def piece(self, film: str, number: int, of: int, state: PieceState) -> None:
        """One piece of a film has changed."""
        with self._lock:
            self._standing.note_piece(film, number, of, state)

    def received(self, count: int) -> None:
        """`count` more bytes have arrived."""
        with self._lock:
            self._standing.received += count
            self._speed.note(count)

    def _lines(self, width: int, plain: bool) -> list[list[Span]]:
        with self._lock:
            self._standing.speed = self._speed.now()
            return list(grid_lines(self._standing, width, plain=plain))


class Speed:
    """Bytes a second over the last few seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._arrived: deque[tuple[float, int]] = deque()

    def note(self, count: int) -> None:
        """`count` more bytes have arrived."""
        self._arrived.append((self._clock(), count))

    def now(self) -> float:
        """The speed at this moment."""
        since = self._clock() - _SPEED_SECONDS
        while self._arrived and self._arrived[0][0] < since:
            self._arrived.popleft()
        return sum(count for _, count in self._arrived) / _SPEED_SECONDS


def open_progress(screen: TextIO | None, standing: Standing, say: Callable[[str], None]) -> LineProgress | GridProgress:
    """The picture where `screen` can be drawn on, else lines that go to `say`."""
    if screen is None or not can_draw(screen):
        return LineProgress(say)
    return GridProgress(screen, standing, note=lambda line: log.info("%s", line))
