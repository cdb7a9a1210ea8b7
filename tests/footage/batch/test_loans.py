"""Incidents of one vehicle that overlap: who asks for what, so that every second is asked for once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from footage.batch.loans import Borrower, Loans, common_cuts
from footage.journal import Journal
from footage.models import UTC, Camera, Clip, Incident, Media, TimeWindow, Vehicle
from footage.progress import CellState, Progress
from footage.samsara.board import Board
from footage.samsara.plan import split_window
from footage.settings import RunSettings

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
LONGEST = 60
spans = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 600)), min_size=1, max_size=8, unique=True)


def incident_of(begins: int, seconds: int, vehicle: str = "1") -> Incident:
    start = T0 + timedelta(seconds=begins)
    window = TimeWindow(start, start + timedelta(seconds=seconds))
    return Incident("Truck", window, "UTC", (Camera("road"),), Vehicle(vehicle, "Truck"))


def borrowers(incidents: list[Incident]) -> list[Borrower]:
    found = []
    for incident, cuts in zip(incidents, common_cuts(incidents), strict=True):
        board = Board(split_window(incident.window, LONGEST, cuts), incident.cameras, Progress())
        found.append(Borrower(Journal(None, incident, Path(), RunSettings(), T0), board))
    return sorted(found, key=lambda each: each.journal.incident.window)


@dataclass
class Copied:
    """Takes note of the copies that are sent for."""

    clips: list[Clip] = field(default_factory=list)

    def send_copy(self, clip: Clip, cell: object) -> None:
        self.clips.append(clip)

    def close(self, cell: object) -> None:
        """Nothing more comes."""


def asked(rows: list[Borrower]) -> list[TimeWindow]:
    """What is asked for, once all have arranged who borrows."""
    loans = Loans()
    for row in rows:
        loans.arrange(row, row.board.in_state(CellState.WANTED))
    return [window for row in rows for _, window in row.board.in_state(CellState.WANTED)]


@given(spans=spans)
def test_every_second_that_anybody_wants_is_asked_for_exactly_once(spans: list[tuple[int, int]]) -> None:
    incidents = [incident_of(begins, seconds) for begins, seconds in spans]
    windows = asked(borrowers(incidents))
    wanted = {second for begins, seconds in spans for second in range(begins, begins + seconds)}
    counted = [
        int((window.start - T0).total_seconds()) + after for window in windows for after in range(round(window.seconds))
    ]
    assert sorted(counted) == sorted(wanted)
    assert all(window.seconds <= LONGEST for window in windows)


def test_a_still_is_lent_though_it_has_no_length(tmp_path: Path) -> None:
    lender, borrower = borrowers([incident_of(0, 60), incident_of(0, 60)])
    cell = ("road", lender.journal.incident.window)
    loans = Loans()
    for row in (lender, borrower):
        loans.arrange(row, [cell])
    instant = TimeWindow(T0, T0)
    nothing = Media(None, None, 0.0, 0.0)
    still = Clip("road", tmp_path / "x.jpg", cell[1], cell[1], returned=instant, size=1, sha256="", media=nothing)
    lender.journal.clips.append(still)
    lender.board.set(cell, CellState.HERE)
    copied = Copied()
    loans.settle(borrower, copied)  # type: ignore[arg-type]
    assert copied.clips == [still]


def test_what_another_vehicle_has_is_not_borrowed() -> None:
    rows = borrowers([incident_of(0, 120, "1"), incident_of(0, 120, "2")])
    assert len(asked(rows)) == 4


def test_a_camera_that_the_first_does_not_want_is_asked_for_by_the_second() -> None:
    one, other = borrowers([incident_of(0, 60), incident_of(0, 60)])
    both = Board(other.board.windows, (Camera("road"), Camera("driver")), Progress())
    rows = [one, Borrower(other.journal, both)]
    asked(rows)
    assert [camera for camera, _ in both.in_state(CellState.WANTED)] == ["driver"]


def test_what_a_lender_never_asked_for_is_asked_for_by_its_borrower_when_the_lender_fails() -> None:
    rows = borrowers([incident_of(0, 60), incident_of(0, 60, "1")])
    loans = Loans()
    for row in rows:
        loans.arrange(row, row.board.in_state(CellState.WANTED))
    loans.release(rows[0].journal)
    assert len(rows[1].board.in_state(CellState.WANTED)) == 1


def test_what_a_lender_has_asked_for_stays_open_when_it_fails() -> None:
    rows = borrowers([incident_of(0, 60), incident_of(0, 60, "1")])
    loans = Loans()
    for row in rows:
        loans.arrange(row, row.board.in_state(CellState.WANTED))
    cell = rows[0].board.in_state(CellState.WANTED)[0]
    rows[0].board.set(cell, CellState.ASKED)
    loans.release(rows[0].journal)
    assert [hole.reason for hole in rows[1].board.missing()] == ["pending"]
