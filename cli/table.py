"""A list of incidents as a picture of text: a line a row that is under way, and how many stand where. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from cli.grid import ORDER, Span, State, bar, cut
from footage.batch.journal import Entry
from footage.progress import CellState, PieceState
from footage.samsara.board import Cell

_BAR = 24
_DONE = (CellState.HERE, CellState.MISSING)
_BESIDE = 8
"""Lines that the rest of the picture and the prompt take."""
_FEWEST = 3
_LONGEST_LABEL = 20
_ROOMY = 50
"""A terminal as wide as this has room for the time."""


@dataclass
class RowStanding:
    """What is known of a row: `now` is the last sentence said of it, `status` how it ended."""

    entry: Entry
    states: dict[Cell, CellState] = field(default_factory=dict)
    films: dict[str, list[PieceState]] = field(default_factory=dict)
    now: str = ""
    status: str = ""

    @property
    def name(self) -> str:
        """What a person calls the row."""
        return f"Row {self.entry.row} ({self.entry.incident.name})"

    def cells(self) -> Sequence[CellState]:
        """The states of all camera windows, in time order."""
        return [state for _, state in sorted(self.states.items(), key=lambda item: item[0][1])]


@dataclass
class ListStanding:
    """What the screen knows of a list. `received` in bytes, `speed` in bytes a second."""

    title: str
    total: int
    resume: str
    rows: dict[int, RowStanding] = field(default_factory=dict)
    received: int = 0
    speed: float = 0.0


def table_lines(standing: ListStanding, width: int, height: int, *, plain: bool = False) -> Iterator[list[Span]]:
    """The picture, a list of spans a line; no line is wider than `width`, and there are about `height` of them."""
    over = [row for row in standing.rows.values() if row.status]
    open_rows = [row for row in standing.rows.values() if not row.status]
    yield [Span(cut(f"{standing.title}: {len(over)} of {standing.total} rows are over", width), "bold")]
    room = max(_FEWEST, height - _BESIDE)
    active = sorted(open_rows, key=_urgency)
    names = [len(row.entry.incident.name) for row in active[:room]]
    label = min(_LONGEST_LABEL, max(names, default=0), width // 3)
    for row in active[:room]:
        yield _row_line(row, label, width, plain=plain)
    if len(active) > room:
        yield [Span(cut(f"and {len(active) - room} more rows under way", width), "dim")]
    for text in (_sum(standing), _ended(over), f"Ctrl-C leaves and loses nothing; to come back: {standing.resume}"):
        yield from ([Span(line)] for line in textwrap.wrap(text, width))


def _urgency(row: RowStanding) -> tuple[int, int]:
    """Rows whose films are made first, then those whose footage comes, then those that wait."""
    states = set(row.states.values())
    rank = 0 if row.films else 1 if states - {CellState.WANTED, CellState.ASKED, CellState.UPLOADING} else 2
    return rank, row.entry.row


def _row_line(row: RowStanding, label: int, width: int, *, plain: bool) -> list[Span]:
    incident = row.entry.incident
    begins = f" {incident.window.start.astimezone(ZoneInfo(incident.timezone)):%m-%d %H:%M}" if width >= _ROOMY else ""
    head = f"{row.entry.row:>4} {cut(incident.name, label):<{label}}{begins} "
    count = f" {sum(state in _DONE for state in row.cells())}/{len(row.states)} "
    states: Sequence[State] = [piece for film in row.films.values() for piece in film] or row.cells()
    cells = bar(states, min(_BAR, max(1, width - len(head) - len(count))), plain=plain)
    room = width - len(head) - len(cells) - len(count)
    return [Span(head), *cells, Span(count), Span(cut(row.now, room) if room > len("...") else "", "dim")]


def _sum(standing: ListStanding) -> str:
    count = Counter(state for row in standing.rows.values() for state in row.states.values())
    parts = [f"{count[state]} {state.value}" for state in ORDER if count[state]]
    parts += [f"{standing.received / 1e6:.1f} MB", f"{standing.speed / 1e6:.1f} MB/s"] if standing.received else []
    return "Camera windows: " + (", ".join(parts) or "none yet")


def _ended(over: Sequence[RowStanding]) -> str:
    count = Counter(row.status for row in over)
    return "Rows: " + ", ".join(f"{number} {status}" for status, number in count.most_common()) if over else ""
