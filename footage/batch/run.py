"""A list of incidents carried out: all ask first, one loop goes round among them, each is finished when it is over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from footage.batch.faults import Refusals, as_told, concerns_all, whose
from footage.batch.journal import RUNNING, BatchJournal, Entry
from footage.batch.loans import Borrower
from footage.batch.plan import BatchProgress, RowEnd
from footage.batch.prepare import Prepared
from footage.errors import FootageError, Interrupted
from footage.execution import Execution
from footage.report import Requests
from footage.run import Run
from footage.samsara.budget import Budget
from footage.samsara.retrieval import Retrieval
from footage.samsara.rounds import Patience, Rounds
from footage.samsara.sweep import Sweep
from footage.samsara.uploads import Uploads

log = logging.getLogger(__name__)

T = TypeVar("T")
_CHECK_SECONDS = 0.2
_LEAVING_SECONDS = 1.0


Deliver = Callable[[Path, str], str]
"""Brings a finished folder to an address; gives the address of the copy."""
_DELIVERED = ("complete", "partial")


@dataclass(frozen=True, slots=True)
class Limits:
    """`wait` is the minutes until footage must be there, `poll_interval` the seconds between looks (None: adaptive).

    `at_once` is how many incidents are finished (joined, composed, packed) side by side.
    """

    wait: float
    poll_interval: float | None
    over_quota: bool
    at_once: int


@dataclass
class _Row:
    """A row at work."""

    entry: Entry
    run: Run
    execution: Execution
    done: Future[None] | None = None


class Batch:
    """One list. `carry_out` spends and delivers, `stop` ends everything within a moment."""

    def __init__(
        self,
        journal: BatchJournal,
        prepared: Prepared,
        limits: Limits,
        *,
        progress: BatchProgress,
        clock: Callable[[], datetime],
        deliver: Deliver,
    ) -> None:
        self._deliver = deliver
        self._journal = journal
        self._prepared = prepared
        self._limits = limits
        self._progress = progress
        self._clock = clock
        self._rows = [_Row(ready.entry, ready.run, ready.run.execute()) for ready in prepared.rows]
        self._ends: dict[int, RowEnd] = {end.entry.row: end for end in prepared.ends}
        self._refusals = Refusals(self._is_anything_allowed, len({whose(row.entry.incident) for row in self._rows}))
        self._trouble: BaseException | None = None
        """What ended the work on a row in the background and concerns all rows."""
        self._others: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="row")
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    @property
    def ends(self) -> list[RowEnd]:
        """How the rows have ended so far, in their order."""
        return [self._ends[entry.row] for entry in self._journal.entries if entry.row in self._ends]

    @property
    def requests(self) -> list[Requests]:
        """How each row that had something to do came to its ids so far."""
        return [row.execution.requests for row in self._rows]

    def carry_out(self) -> list[RowEnd]:
        """Ask, wait, fetch, make the films of every row; how each ended.

        Raises what concerns all rows, such as a key that is rejected or a full disk. What is here by then is kept, and
        a later run goes on with it.
        """
        try:
            self._carry_out()
        except KeyboardInterrupt:
            interrupted = Interrupted("Interrupted; everything so far is kept.")
            self._abandon(interrupted)
            raise interrupted from None
        except FootageError as error:
            self._abandon(error)
            raise
        except BaseException:
            self.stop()
            raise
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        return self.ends

    def stop(self) -> None:
        """End all background work within a moment; what is whole is kept."""
        self._stopped.set()
        for row in self._rows:
            row.run.parts.stop.set()

    def _carry_out(self) -> None:
        for end in self._prepared.ends:
            self._others.append(self._in_background(self._hand_over, end))
        budget = Budget(over_quota=self._limits.over_quota, clock=self._clock, known=self._prepared.quota)
        for row in self._rows:
            self._begin(row, budget)
        retrievals: dict[Retrieval, _Row] = {}
        for row in self._at_work():
            if row.execution.retrieval is None:
                row.done = self._in_background(self._finish, row)
            else:
                retrievals[row.execution.retrieval] = row
        if retrievals and self._prepared.uploads is not None:
            self._rounds(retrievals, self._prepared.uploads).run()
        self._await_rows()

    def _begin(self, row: _Row, budget: Budget) -> None:
        try:
            row.execution.begin(budget, self._journal.rows_folder)
        except Exception as error:  # noqa: BLE001 - told in the row's line, and in the log with where it came from
            self._fail_or_raise(row, error)
            return
        self._journal.note(row.entry.row, state=RUNNING, journal=row.run.journal.path)
        if row.execution.retrieval is not None:
            row.execution.retrieval.on_turn = partial(
                self._turn, row, row.execution.retrieval, row.execution.retrieval.on_turn
            )

    def _turn(self, row: _Row, retrieval: Retrieval, offer: Callable[[], None]) -> None:
        if self._trouble is not None:
            raise self._trouble
        self._prepared.loans.settle(Borrower(row.run.journal, row.run.board), retrieval.errands)
        offer()

    def _rounds(self, retrievals: dict[Retrieval, _Row], uploads: Uploads) -> Rounds:
        def over(retrieval: Retrieval) -> None:
            row = retrievals[retrieval]
            uploads.leave(row.run.journal.incident)
            if not retrieval.is_complete:
                self._prepared.loans.release(row.run.journal)
            row.done = self._in_background(self._finish, row)

        def fail(retrieval: Retrieval, error: Exception) -> None:
            row = retrievals[retrieval]
            self._fail_or_raise(row, error)
            rounds.drop(retrieval)
            uploads.leave(row.run.journal.incident)

        rounds = Rounds(
            list(retrievals),
            Sweep(uploads, self._clock),
            Patience(self._clock() + timedelta(minutes=self._limits.wait), self._limits.poll_interval),
            progress=self._progress,
            clock=self._clock,
            sleep=self._stopped.wait,
            on_over=over,
            on_error=fail,
        )
        return rounds

    def _finish(self, row: _Row) -> None:
        """Finish a row, in a thread of the pool."""
        try:
            report = row.execution.finish()
        except Exception as error:  # noqa: BLE001 - told in the row's line, and in the log with where it came from
            self._fail_or_raise(row, error)
            return
        self._hand_over(RowEnd(row.entry, row.run.journal.folder, report.to_json()))

    def _hand_over(self, end: RowEnd) -> None:
        """Bring a finished row to the address that it asks for, in a thread of the pool, and end it."""
        address = end.entry.settings.deliver
        if address is not None and end.error is None and end.status in _DELIVERED and end.folder is not None:
            try:
                end = replace(end, delivered=self._deliver(end.folder, address))
            except Exception as error:  # noqa: BLE001 - told in the row's line, and in the log with where it came from
                log.warning("row %d: %s", end.entry.row, error)
                end = replace(end, error=as_told(error, end.entry.row))
        if not self._stopped.is_set():
            self._end(end)

    def _fail_or_raise(self, row: _Row, error: Exception) -> None:
        """End one row alone, so that the others go on; raise the error where it concerns all."""
        for_all = concerns_all(error, self._journal.output) or self._refusals.concern_all(error, row.entry.incident)
        if for_all or error is self._trouble:
            raise error
        self._fail(row, as_told(error, row.entry.row))

    def _is_anything_allowed(self) -> bool:
        journals = [row.run.journal for row in self._rows]
        return any(journal.clips or any(each.retrieval_id for each in journal.requests) for journal in journals)

    def _fail(self, row: _Row, error: FootageError) -> None:
        log.warning("row %d: %s", row.entry.row, error)
        self._prepared.loans.release(row.run.journal)
        row.execution.abandon(error)
        if not self._stopped.is_set():
            self._end(RowEnd(row.entry, row.run.journal.folder, error=error))

    def _end(self, end: RowEnd) -> None:
        with self._lock:
            self._ends[end.entry.row] = end
        self._journal.note(end.entry.row, state=end.status, message=end.words if end.error else "", journal=end.journal)
        self._progress.ended(end)

    def _at_work(self) -> Iterator[_Row]:
        return (row for row in self._rows if row.entry.row not in self._ends)

    def _await_rows(self) -> None:
        """Until every row is finished. It looks up now and then, so that Ctrl-C is heard on Windows too."""
        pending = self._futures()
        while pending:
            done, pending = wait(pending, timeout=_CHECK_SECONDS)
            for each in done:
                each.result()
            if self._trouble is not None:
                raise self._trouble
            if self._stopped.is_set():
                raise Interrupted("stopped while the films were made")

    def _in_background(self, action: Callable[[T], None], subject: T) -> Future[None]:
        """Have something done in a thread of the pool; what goes wrong there is soon heard of."""
        future = self._pool.submit(action, subject)
        future.add_done_callback(self._note_trouble)
        return future

    def _note_trouble(self, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None and not self._stopped.is_set():
            self._trouble = error

    def _futures(self) -> set[Future[None]]:
        return {*self._others, *(row.done for row in self._rows if row.done is not None)}

    def _abandon(self, error: FootageError) -> None:
        self.stop()
        wait([each for each in self._futures() if each.running()], timeout=_LEAVING_SECONDS)
        for row in self._at_work():
            if row.done is None or not row.done.running():
                row.execution.abandon(error)
