"""The state of a run as a picture of text: a row a camera and a film, a cell a window, sentences below. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from footage.progress import ENDED, CellState, PieceState
from footage.samsara.board import Cell

State = CellState | PieceState
"""How one sign of a row stands: a camera's window, or a piece of a film."""


class _Look(NamedTuple):
    sign: str
    plain: str
    style: str


_LOOKS: dict[State, _Look] = {
    CellState.WANTED: _Look("·", ".", "dim"),
    CellState.ASKED: _Look("○", "o", "yellow"),
    CellState.UPLOADING: _Look("↑", "^", "yellow"),
    CellState.FETCHING: _Look("↓", "v", "cyan"),
    CellState.ARRIVED: _Look("▒", "+", "cyan"),
    CellState.MISSING: _Look("×", "x", "bold red"),
    CellState.ABSENT: _Look("-", "-", "dim"),
    CellState.HERE: _Look("█", "#", "green"),
    PieceState.WAITING: _Look("·", ".", "dim"),
    PieceState.MAKING: _Look("»", ">", "magenta"),
    PieceState.MADE: _Look("█", "#", "green"),
}
"""From what has furthest to go on; a cell that stands for several windows shows the earliest of these."""
ORDER = tuple(state for state in _LOOKS if isinstance(state, CellState))
_EXPLAINED: tuple[State, ...] = (*ORDER, PieceState.MAKING)
GLYPHS = "".join(look.sign for look in _LOOKS.values())
"""All signs; a console that cannot show every one of them gets the plain ones."""
_DONE = (CellState.HERE, PieceState.MADE)
_LONGEST_LABEL = 12
_SLOWEST_SAID = 50_000


class Span(NamedTuple):
    """A piece of a line and rich's style for it."""

    text: str
    style: str = ""


@dataclass
class Standing:
    """What the screen knows of a run. Times are aware; `speed` in bytes a second; `films` by the name of their row."""

    title: str = ""
    order: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    resume: str = ""
    now: str = ""
    received: int = 0
    speed: float = 0.0
    states: dict[Cell, CellState] = field(default_factory=dict)
    films: dict[str, list[PieceState]] = field(default_factory=dict)

    def cameras(self) -> list[str]:
        """The cameras in the order in which they were asked for, others as they came up."""
        seen = dict.fromkeys(camera for camera, _ in self.states)
        return [*(word for word in self.order if word in seen), *(word for word in seen if word not in self.order)]

    def row(self, camera: str) -> list[CellState]:
        """A camera's states in time order."""
        own = sorted((window, state) for (word, window), state in self.states.items() if word == camera)
        return [state for _, state in own]

    def note_piece(self, film: str, number: int, of: int, state: PieceState) -> None:
        """One piece of a film has changed; a film of another number of pieces begins anew."""
        if len(self.films.get(film, ())) != of:
            self.films[film] = [PieceState.WAITING] * of
        self.films[film][number] = state


def sign(state: State, *, plain: bool) -> str:
    """The cell's one letter; `plain` for consoles that have ASCII only."""
    return _LOOKS[state].plain if plain else _LOOKS[state].sign


def shown_state(state: CellState, reason: str) -> CellState:
    """What is here and cannot be read to its end is not shown as verified."""
    return CellState.ARRIVED if state is CellState.HERE and reason else state


def grid_lines(standing: Standing, width: int, *, plain: bool = False) -> Iterator[list[Span]]:
    """The picture, a list of spans a line; no line is wider than `width`."""
    yield [Span(cut(standing.title, width), "bold")]
    rows: dict[str, Sequence[State]] = {camera: standing.row(camera) for camera in standing.cameras()}
    films: dict[str, Sequence[State]] = dict(standing.films)
    label = min(_LONGEST_LABEL, max(map(len, [*rows, *films]), default=0), width // 3)
    for name, states in (*rows.items(), *films.items()):
        yield _row(name, states, label, width, plain=plain)
    for text in (_legend(standing, plain=plain), standing.now, _sentence(standing)):
        yield from ([Span(line)] for line in textwrap.wrap(text, width))


def _row(name: str, states: Sequence[State], label: int, width: int, *, plain: bool) -> list[Span]:
    count = f" {sum(state in _DONE for state in states)}/{len(states)}"
    room = max(1, width - label - 1 - len(count))
    return [Span(f"{name[:label]:<{label}} "), *bar(states, room, plain=plain), Span(count)]


def bar(states: Sequence[State], room: int, *, plain: bool) -> list[Span]:
    """The states as signs, in at most `room` of them."""
    cells = [_stands_for(group) for group in _grouped(states, room)]
    return [Span(sign(state, plain=plain), _LOOKS[state].style) for state in cells]


def _grouped(states: Sequence[State], room: int) -> Iterator[Sequence[State]]:
    """The states in at most `room` groups of neighbours."""
    size = max(1, -(-len(states) // room))
    for at in range(0, len(states), size):
        yield states[at : at + size]


def _stands_for(states: Sequence[State]) -> State:
    return next(state for state in _LOOKS if state in states)


def _legend(standing: Standing, *, plain: bool) -> str:
    count: Counter[State] = Counter(standing.states.values())
    count[PieceState.MAKING] = sum(states.count(PieceState.MAKING) for states in standing.films.values())
    parts = [f"{sign(state, plain=plain)} {count[state]} {state.value}" for state in _EXPLAINED if count[state]]
    parts += [f"{standing.received / 1e6:.1f} MB"] if standing.received else []
    parts += [f"{standing.speed / 1e6:.1f} MB/s"] if standing.speed >= _SLOWEST_SAID else []
    return ", ".join(parts)


def _sentence(standing: Standing) -> str:
    since = f"Working since {standing.since:%H:%M}" if standing.since else "Working"
    is_waiting = any(state not in ENDED for state in standing.states.values())
    until = f", waiting until {standing.until:%a %H:%M} at most" if standing.until and is_waiting else ""
    return f"{since}{until}. Ctrl-C leaves and loses nothing; to come back: {standing.resume}"


def cut(text: str, width: int) -> str:
    """At most `width` letters of a text."""
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."[:width]
