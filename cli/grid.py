"""The state of a run as a picture of text: a row a camera, a cell a window, and the sentences under them. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from footage.board import Cell
from footage.progress import CellState

ORDER = (CellState.WANTED, CellState.ASKED, CellState.FETCHING, CellState.MISSING, CellState.HERE)
"""From what has furthest to go on; a cell that stands for several windows shows the earliest of these."""
_SIGNS = {
    CellState.WANTED: "·.",
    CellState.ASKED: "↑^",
    CellState.FETCHING: "↓v",
    CellState.HERE: "█#",
    CellState.MISSING: "×x",
}
_STYLES = {
    CellState.WANTED: "dim",
    CellState.ASKED: "yellow",
    CellState.FETCHING: "cyan",
    CellState.HERE: "green",
    CellState.MISSING: "bold red",
}
_WORDS = {
    CellState.WANTED: "waiting",
    CellState.ASKED: "requested, uploading",
    CellState.FETCHING: "downloading",
    CellState.HERE: "here and verified",
    CellState.MISSING: "missing",
}
_LONGEST_LABEL = 12
_SLOWEST_SAID = 50_000


class Span(NamedTuple):
    """A piece of a line and rich's style for it."""

    text: str
    style: str = ""


@dataclass
class Standing:
    """What the screen knows of a run. Times are aware; `speed` in bytes a second."""

    title: str = ""
    since: datetime | None = None
    until: datetime | None = None
    resume: str = ""
    now: str = ""
    received: int = 0
    speed: float = 0.0
    states: dict[Cell, CellState] = field(default_factory=dict)

    def cameras(self) -> list[str]:
        """The cameras in the order in which they came up."""
        return list(dict.fromkeys(camera for camera, _ in self.states))

    def row(self, camera: str) -> list[CellState]:
        """A camera's states in time order."""
        own = sorted((window, state) for (word, window), state in self.states.items() if word == camera)
        return [state for _, state in own]


def sign(state: CellState, *, plain: bool) -> str:
    """The cell's one letter; `plain` for consoles that have ASCII only."""
    return _SIGNS[state][1 if plain else 0]


def grid_lines(standing: Standing, width: int, *, plain: bool = False) -> Iterator[list[Span]]:
    """The picture, a list of spans a line; no line is wider than `width`."""
    yield [Span(_cut(standing.title, width), "bold")]
    cameras = standing.cameras()
    label = min(_LONGEST_LABEL, max(map(len, cameras), default=0), width // 3)
    for camera in cameras:
        yield _row(camera, standing.row(camera), label, width, plain=plain)
    for text in (_legend(standing, plain=plain), standing.now, _sentence(standing)):
        yield from ([Span(line)] for line in textwrap.wrap(text, width))


def _row(camera: str, states: Sequence[CellState], label: int, width: int, *, plain: bool) -> list[Span]:
    count = f" {states.count(CellState.HERE)}/{len(states)}"
    room = max(1, width - label - 1 - len(count))
    cells = [_stands_for(group) for group in _grouped(states, room)]
    return [
        Span(f"{camera[:label]:<{label}} "),
        *(Span(sign(state, plain=plain), _STYLES[state]) for state in cells),
        Span(count),
    ]


def _grouped(states: Sequence[CellState], room: int) -> Iterator[Sequence[CellState]]:
    """The states in at most `room` groups of neighbours."""
    size = -(-len(states) // room)
    for at in range(0, len(states), size):
        yield states[at : at + size]


def _stands_for(states: Sequence[CellState]) -> CellState:
    return next(state for state in ORDER if state in states)


def _legend(standing: Standing, *, plain: bool) -> str:
    count = Counter(standing.states.values())
    parts = [f"{sign(state, plain=plain)} {count[state]} {_WORDS[state]}" for state in ORDER if count[state]]
    parts += [f"{standing.received / 1e6:.1f} MB"] if standing.received else []
    parts += [f"{standing.speed / 1e6:.1f} MB/s"] if standing.speed >= _SLOWEST_SAID else []
    return ", ".join(parts)


def _sentence(standing: Standing) -> str:
    waits = ""
    if standing.since and standing.until:
        waits = f"Working since {standing.since:%H:%M}, waiting until {standing.until:%a %H:%M} at most. "
    return f"{waits}Ctrl-C leaves and loses nothing; to come back: {standing.resume}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."[:width]
