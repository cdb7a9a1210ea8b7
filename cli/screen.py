"""Progress on the screen: a picture that changes in place on a terminal, else one plain line a change."""

from __future__ import annotations

import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from cli.grid import GLYPHS, ORDER, Standing, grid_lines, shown_state
from footage.board import Cell
from footage.models import TimeWindow
from footage.progress import CellState, PieceState, Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

log = logging.getLogger(__name__)

_EVERY_SECONDS = 2.0
_A_SECOND = 4
_SPEED_SECONDS = 5.0


def in_background(seconds: float, action: Callable[[], None]) -> None:
    """Do it after so many seconds, unless the program has ended by then."""
    timer = Timer(seconds, action)
    timer.daemon = True
    timer.start()


class LineProgress(Progress):
    """Says how many camera windows stand where: the first time at once, then at most every two seconds.

    `later` calls something after so many seconds, in the background.
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
            is_open = state not in (CellState.HERE, CellState.MISSING)
            self._open.add((camera, window)) if is_open else self._open.discard((camera, window))
            if not self._is_due():
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
        """Nothing has to be begun or ended."""
        yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """A question needs no room where there is no picture."""
        yield

    def _remind(self) -> None:
        """See to it that the last change is said, even if none follows for hours."""
        if not self._is_reminded:
            self._is_reminded = True
            self._later(_EVERY_SECONDS, self._say_news)

    def _say_news(self) -> None:
        with self._lock:
            self._is_reminded = False
            line = self._line()
            if line == self._said:
                return
            self._said_at, self._said = self._clock(), line
        self._say(line)

    def _is_due(self) -> bool:
        all_asked = not self._said and CellState.WANTED not in self._states.values()
        return not self._open or all_asked or self._clock() - self._said_at >= _EVERY_SECONDS

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
        self._stream = stream
        self._standing = standing
        self._note = note
        self._width = width
        self._clock = clock
        self._lock = Lock()
        self._arrived: deque[tuple[float, int]] = deque()
        self._plain = not _can_show(GLYPHS, stream)
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """One sentence for the person: it stays above the picture, and in the log."""
        self._note(text)
        console = self._live.console if self._live is not None else self._console()
        console.print(text, markup=False, highlight=False)
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
            self._arrived.append((self._clock(), count))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw while this lasts; the last picture stays."""
        from rich.live import Live

        self._live = Live(console=self._console(), get_renderable=self.picture, refresh_per_second=_A_SECOND)
        with self._live:
            yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        if self._live is None:
            yield
            return
        self._live.stop()
        try:
            yield
        finally:
            self._live.start(refresh=True)

    def picture(self) -> Text:
        """The picture as it is now."""
        from rich.text import Text

        with self._lock:
            self._standing.speed = self._speed()
            lines = list(grid_lines(self._standing, self._width or self._console().width, plain=self._plain))
        drawn = [Text.assemble(*spans, no_wrap=True) for spans in lines]
        return Text("\n").join(drawn)

    def _speed(self) -> float:
        since = self._clock() - _SPEED_SECONDS
        while self._arrived and self._arrived[0][0] < since:
            self._arrived.popleft()
        return sum(count for _, count in self._arrived) / _SPEED_SECONDS

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._stream, width=self._width)


def _can_show(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def open_progress(
    screen: TextIO | None, standing: Standing, say: Callable[[str], None]
) -> LineProgress | GridProgress:
    """The picture where `screen` can be drawn on, else lines that go to `say`."""
    if screen is None or not can_draw(screen):
        return LineProgress(say)
    return GridProgress(screen, standing, note=lambda line: log.info("%s", line))


def can_draw(stream: TextIO) -> bool:
    """Whether a picture may be drawn on `stream`: a terminal that can, and no NO_COLOR (no-color.org)."""
    unable = ("dumb", "unknown") if os.name == "nt" else ("dumb", "unknown", "")
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "").casefold() not in unable
