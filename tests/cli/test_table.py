"""The table of a list of incidents: lines that fit the terminal, whatever there is to tell."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cli.table import ListStanding, RowStanding, table_lines
from footage.batch.journal import Entry
from footage.models import UTC, Camera, Incident, TimeWindow, Vehicle
from footage.progress import CellState, PieceState
from footage.settings import RunSettings

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
states = st.lists(st.sampled_from(CellState), max_size=90)


def row_of(number: int, cells: list[CellState], *, status: str = "", name: str = "Truck 104") -> RowStanding:
    window = TimeWindow(T0, T0 + timedelta(minutes=90))
    incident = Incident(name, window, "America/Chicago", (Camera("road"),), Vehicle("1", name))
    minutes = [TimeWindow(T0 + timedelta(minutes=n), T0 + timedelta(minutes=n + 1)) for n in range(len(cells))]
    row = RowStanding(Entry(number, incident, RunSettings()), status=status)
    row.states = {("road", minute): state for minute, state in zip(minutes, cells, strict=True)}
    return row


def drawn(rows: list[RowStanding], width: int = 80, height: int = 24) -> list[str]:
    standing = ListStanding("list.csv", len(rows), "python main.py resume", {row.entry.row: row for row in rows})
    return ["".join(span.text for span in line) for line in table_lines(standing, width, height)]


@given(
    rows=st.lists(states, max_size=40), width=st.integers(30, 200), height=st.integers(5, 60), name=st.text(max_size=60)
)
def test_no_line_is_wider_than_the_terminal_and_the_rows_fit_it(
    rows: list[list[CellState]], width: int, height: int, name: str
) -> None:
    lines = drawn([row_of(number, cells, name=name) for number, cells in enumerate(rows, 2)], width, height)
    assert all(len(line) <= width for line in lines)
    assert sum(line.lstrip()[:1].isdigit() for line in lines[1:]) <= max(3, height - 8) + 6


def test_a_row_shows_when_it_begins_and_how_much_of_it_is_over() -> None:
    line = drawn([row_of(7, [CellState.HERE, CellState.MISSING, CellState.ASKED])])[1]
    assert line.split()[:5] == ["7", "Truck", "104", "04-16", "13:30"]
    assert line.split()[5] == "█×○"
    assert "2/3" in line


def test_films_take_the_place_of_the_footage_while_they_are_made() -> None:
    row = row_of(2, [CellState.HERE])
    row.films = {"side by side": [PieceState.MADE, PieceState.MAKING]}
    assert "█»" in drawn([row])[1]


def test_rows_that_are_over_are_counted_and_not_shown() -> None:
    lines = drawn([row_of(2, [CellState.HERE], status="complete"), row_of(3, [CellState.ASKED])])
    assert lines[0] == "list.csv: 1 of 2 rows are over"
    assert not any(line.startswith("   2 ") for line in lines)
    assert "Rows: 1 complete" in lines


def test_rows_that_do_not_fit_are_counted() -> None:
    lines = drawn([row_of(number, [CellState.WANTED]) for number in range(2, 62)], height=20)
    assert any("and 48 more rows under way" in line for line in lines)
