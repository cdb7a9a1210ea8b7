"""Footage that several incidents of a list want: one asks and pays for it, the others take a copy of what it gets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from footage.journal import Journal
from footage.models import Clip, Incident, MediaLink, MediaType, Missing, TimeWindow
from footage.progress import ENDED, CellState
from footage.samsara.board import Board, Cell
from footage.samsara.errands import Errands
from footage.samsara.plan import covering

_Subject = tuple[str, MediaType, str]
"""A vehicle's id, the type of media and a camera: what is the same for all who want the same footage."""


@dataclass(frozen=True, slots=True)
class Borrower:
    """An incident that may lend and borrow: its journal, and its board with what is wanted."""

    journal: Journal
    board: Board


@dataclass(frozen=True, slots=True)
class _Loan:
    borrower: Borrower
    cell: Cell
    lenders: tuple[tuple[Borrower, Cell], ...]

    @property
    def is_due(self) -> bool:
        """Whether every lender knows how its own cell ended."""
        return all(lender.board.state(cell) in ENDED for lender, cell in self.lenders)

    def depends_on(self, lender: Journal) -> bool:
        """Whether this one is to lend it, or a part of it."""
        return any(each.journal is lender for each, _ in self.lenders)

    def give_up(self) -> None:
        """Leave the cell to its borrower, or open for a later run where somebody has asked for it already."""
        states = [lender.board.state(cell) for lender, cell in self.lenders]
        asked = any(state not in (CellState.WANTED, *ENDED) for state in states)
        if asked:
            self.borrower.board.set(self.cell, CellState.MISSING, "pending")
        else:
            self.borrower.board.set(self.cell, CellState.WANTED)

    def clips(self) -> list[Clip]:
        """What the lenders have of it."""
        camera, window = self.cell
        found = [clip for lender, _ in self.lenders for clip in lender.journal.clips if clip.camera == camera]
        # A still has no length; it stands for the window that it was asked for.
        return [clip for clip in found if clip.returned.overlap(window) or clip.window.overlap(window)]

    def holes(self) -> list[Missing]:
        """What the lenders did not get of it, with their reasons."""
        camera, window = self.cell
        ended = [
            Missing(camera, part, lender.board.reason(cell))
            for lender, cell in self.lenders
            if lender.board.state(cell) is CellState.MISSING and (part := cell[1].overlap(window))
        ]
        told = [hole for lender, _ in self.lenders for hole in lender.journal.missing if hole.camera == camera]
        return ended + [replace(hole, window=part) for hole in told if (part := hole.window.overlap(window))]


class Loans:
    """Who borrows what of whom. `arrange` once, before anything is asked; then `settle` again and again."""

    def __init__(self) -> None:
        self._lent: dict[_Subject, dict[TimeWindow, tuple[Borrower, Cell]]] = defaultdict(dict)
        self._open: dict[int, list[_Loan]] = {}
        self._lock = Lock()

    def arrange(self, borrower: Borrower, wanted: Sequence[Cell]) -> list[Cell]:
        """The cells of `wanted` that others get already; all the rest of the board is from now on there to be lent.

        What is borrowed stands on the board as asked for.
        """
        loans = [loan for cell in wanted if (loan := self._loan(borrower, cell)) is not None]
        self._open[id(borrower.journal)] = loans
        borrowed = {loan.cell for loan in loans}
        for camera, window in borrowed:
            borrower.journal.drop_missing(camera, window)
            borrower.board.set((camera, window), CellState.ASKED)
        for cell in borrower.board.in_state(*CellState):
            if cell not in borrowed:
                subject = _subject(borrower.journal.incident, cell[0])
                self._lent[subject].setdefault(cell[1], (borrower, cell))
        return list(borrowed)

    def settle(self, borrower: Borrower, errands: Errands) -> None:
        """Send for copies of what lenders have got, and end what they have not."""
        for loan in self._take(borrower.journal, lambda loan: loan.is_due):
            self._hand_over(loan, errands)

    def release(self, lender: Journal) -> None:
        """Expect nothing more of a lender that failed: what it never asked for, its borrowers ask for themselves.

        What it did ask for is left open: a later run of the list goes on with it, and nothing is paid twice.
        """
        for journal in [loan.borrower.journal for loans in self._open.values() for loan in loans[:1]]:
            for loan in self._take(journal, lambda loan: loan.depends_on(lender) and not loan.is_due):
                loan.give_up()

    def _take(self, borrower: Journal, which: Callable[[_Loan], bool]) -> list[_Loan]:
        with self._lock:
            loans = self._open.get(id(borrower), [])
            taken = [loan for loan in loans if which(loan)]
            self._open[id(borrower)] = [loan for loan in loans if loan not in taken]
        return taken

    def _loan(self, borrower: Borrower, cell: Cell) -> _Loan | None:
        camera, window = cell
        lent = self._lent[_subject(borrower.journal.incident, camera)]
        near = [each for each in lent if each.overlap(window)]
        chosen = covering([MediaLink(camera, each, "available") for each in near], window)
        return _Loan(borrower, cell, tuple(lent[link.window] for link in chosen)) if chosen else None

    def _hand_over(self, loan: _Loan, errands: Errands) -> None:
        borrower = loan.borrower
        for hole in loan.holes():
            borrower.journal.add_missing(hole)
        clips = loan.clips()
        if not clips:
            reasons = [lender.board.reason(cell) for lender, cell in loan.lenders]
            borrower.board.set(loan.cell, CellState.MISSING, next(filter(None, reasons), "failed"))
            return
        for clip in clips:
            errands.send_copy(clip, loan.cell)
        errands.close(loan.cell)


def _subject(incident: Incident, camera: str) -> _Subject:
    return incident.vehicle.id if incident.vehicle else "", incident.media_type, camera.casefold()


def common_cuts(incidents: Sequence[Incident]) -> list[tuple[float, ...]]:
    """For each incident, the seconds from its start at which another one of the same vehicle begins or ends.

    Requests that do not go across them are the same for all who want that time. Without this, two incidents that begin
    at 10:00:00 and 10:05:20 would ask for the same ten minutes in windows of which none is the other's.
    """
    points: dict[_Subject, set[datetime]] = defaultdict(set)
    for incident in incidents:
        points[_subject(incident, "")] |= {incident.window.start, incident.window.end}
    return [tuple(_inside(incident.window, points[_subject(incident, "")])) for incident in incidents]


def _inside(window: TimeWindow, points: Iterable[datetime]) -> Iterator[float]:
    return ((point - window.start).total_seconds() for point in sorted(points) if window.start < point < window.end)
