"""What is found out about a list of incidents before anything is spent: what is done, uploaded, shared by rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from footage.batch.faults import concerns_all
from footage.batch.journal import BatchJournal, Entry
from footage.batch.loans import Borrower, Loans, common_cuts
from footage.batch.plan import BatchPlan, BatchProgress, RowEnd, facts_if_done
from footage.earlier import latest_of, same_incident
from footage.errors import FootageError, NotAllowed
from footage.files import free_bytes
from footage.journal import Journal
from footage.journals import find_journals
from footage.models import Quota
from footage.prepared import Parts
from footage.progress import Progress
from footage.run import Run
from footage.samsara.polling import MediaService
from footage.samsara.uploads import Uploads
from footage.settings import RunSettings

PartsOf = Callable[[Entry, Progress], Parts]
"""Gives a row what it works with: a tool of its own, and a `keep` that gives its journal the list's file."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A row that is prepared and has something to do."""

    entry: Entry
    run: Run

    @property
    def begins(self) -> tuple[datetime, int]:
        """For the order of work: oldest footage first, since cameras overwrite."""
        return self.run.journal.incident.window.start, self.entry.row


@dataclass
class Prepared:
    """`ends` are the rows that are over already; `uploads` is None where nothing is wanted of Samsara."""

    rows: list[Ready] = field(default_factory=list)
    ends: list[RowEnd] = field(default_factory=list)
    uploads: Uploads | None = None
    loans: Loans = field(default_factory=Loans)
    quota: Quota | None = None


class Preparation:
    """Looks at every row of a list. Changes nothing anywhere."""

    def __init__(
        self,
        journal: BatchJournal,
        parts_of: PartsOf,
        *,
        service: Callable[[], MediaService],
        logs: Path,
        progress: BatchProgress,
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._parts_of = parts_of
        self._service = service
        self._logs = logs
        self._progress = progress
        self._clock = clock
        self._prepared = Prepared()

    def prepare(self) -> tuple[Prepared, BatchPlan]:
        """Take stock of every row, look what is uploaded, find what rows share. Raises what concerns all rows."""
        journals, prepared = find_journals(self._logs), self._prepared
        entries = self._journal.entries
        for entry, cuts in zip(entries, common_cuts([entry.incident for entry in entries]), strict=True):
            self._prepare_row(entry, cuts, journals)
        self._refuse_where_nothing_is_allowed()
        prepared.rows.sort(key=lambda row: row.begins)
        self._look()
        borrowed = sum(
            len(prepared.loans.arrange(Borrower(row.run.journal, row.run.board), row.run.wanted))
            for row in prepared.rows
        )
        return prepared, self._plan(borrowed)

    def _prepare_row(self, entry: Entry, cuts: tuple[float, ...], journals: list[Journal]) -> None:
        journal = latest_of(journals, entry.incident)
        if journal is None and (journal := _successor(journals, entry)) is not None:
            entry = replace(entry, settings=_as_wanted_last(entry, journal))
        journal = journal or self._new_journal(entry, cuts)
        if not journal.folder.is_dir() and (self._journal.output / journal.folder.name).is_dir():
            journal.move_to(self._journal.output)
        if (facts := facts_if_done(journal, entry)) is not None:
            self._prepared.ends.append(RowEnd(entry, journal.folder, facts, journal=journal.path))
            return
        # How its windows are cut stays as it was; all else is as the row wants it now.
        journal.settings = replace(entry.settings, requests=journal.settings.requests)
        parts = self._parts_of(entry, self._progress.row(entry))
        run = Run(journal, parts, output=self._journal.output, logs=self._logs)
        try:
            run.take_stock(journals)
        except FootageError as error:
            if concerns_all(error, self._journal.output):
                raise
            self._prepared.ends.append(RowEnd(entry, None, error=error))
            return
        self._prepared.rows.append(Ready(entry, run))

    def _refuse_where_nothing_is_allowed(self) -> None:
        refused = [end.error for end in self._prepared.ends if isinstance(end.error, NotAllowed)]
        if refused and not self._prepared.rows and len(refused) == len(self._prepared.ends):
            raise refused[0]

    def _new_journal(self, entry: Entry, cuts: tuple[float, ...]) -> Journal:
        settings = replace(entry.settings, requests=replace(entry.settings.requests, cuts=cuts))
        return Journal(None, entry.incident, self._journal.output, settings, self._clock())

    def _look(self) -> None:
        """One look at the list of uploaded media for all rows, in as few calls as there can be."""
        looking = [row.run for row in self._prepared.rows if not row.run.board.ended or row.run.holes]
        if not looking:
            return
        uploads = self._prepared.uploads = Uploads(self._service(), clock=self._clock, say=self._progress.say)
        longest = max(run.journal.settings.requests.longest or 0 for run in looking)
        uploads.join((run.journal.incident for run in looking), longest)
        if any(run.wanted or run.holes for run in looking):
            self._progress.say("Looking what is uploaded already.")
            uploads.read()
        for run in looking:
            run.look_up(uploads)

    def _plan(self, borrowed: int) -> BatchPlan:
        rows = tuple((row.entry, row.run.plan()) for row in self._prepared.rows)
        refused = tuple(end for end in self._prepared.ends if end.error is not None)
        quota = self._prepared.quota = next((plan.quota for _, plan in rows if plan.quota), None)
        free = free_bytes(self._journal.output)
        return BatchPlan(rows, len(self._prepared.ends) - len(refused), refused, borrowed, quota, free)


def _successor(journals: Sequence[Journal], entry: Entry) -> Journal | None:
    """The run that took the place of a row's own: of the same vehicle and time, with other cameras."""
    own = next((each for each in journals if entry.journal is not None and each.path == entry.journal), None)
    if own is None or own.state != "superseded":
        return None
    later = [each for each in journals if same_incident(each.incident, entry.incident) and each.state != "superseded"]
    return later[-1] if later else None


def _as_wanted_last(entry: Entry, later: Journal) -> RunSettings:
    """What is made of the footage is what the later run wanted; how it is waited and paid for is this row's."""
    made = later.settings
    return replace(entry.settings, films=made.films, kinesis=made.kinesis, evidence=made.evidence)
