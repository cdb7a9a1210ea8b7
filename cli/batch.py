"""The desk for a list of incidents: every row checked first, one plan, one confirmation, one summary."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from cli.again import resume_latest
from cli.batch_screen import ListProgress, open_list_progress
from cli.batch_words import batch_plan_json, batch_plan_words, list_end_words
from cli.desk import Desk
from cli.desktop import awake
from cli.order import PullOptions
from cli.rows import read_orders
from cli.table import ListStanding
from cli.words import error_words, resume_command
from footage.batch_journal import RUNNING, BatchJournal, Entry
from footage.batch_plan import RowEnd
from footage.errors import FootageError, Interrupted, SheetRefused
from footage.hours import Hours, always
from footage.models import UTC, Incident
from footage.report import error_json
from footage.resumable import Resumable, find_lists
from footage.settings import RunSettings, WaitSettings
from footage.sheet import read_sheet
from footage.summary import CSV_NAME, Outcome, code_of, outcome_of, state_of, summary_json, write_summary
from footage.template import template_text, write_template
from footage.video.ffmpeg import FFmpeg
from footage.workshop import LocalWorkshop, Workshop

if TYPE_CHECKING:
    from footage.batch import Batch
    from footage.batch_plan import BatchPlan, BatchProgress
    from footage.batch_prepare import Prepared
    from footage.prepared import Parts
    from footage.progress import Progress

log = logging.getLogger(__name__)

_READERS = 2


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What holds for the whole list. `at_once` is how many rows are finished side by side."""

    waiting: WaitSettings = WaitSettings()
    at_once: int = 2
    over_quota: bool = False
    accept_partial: bool = False
    skip_faulty: bool = False
    hours: Hours | None = None


class BatchDesk(Desk):
    """Serves one call for a list of incidents."""

    of_list = BatchOptions()
    journal: BatchJournal | None = None
    batch: Batch | None = None

    def start_list(self, path: Path, base: PullOptions, *, dry_run: bool) -> int:
        """Check every row, plan, confirm, carry out, report; the exit code."""
        now = datetime.now(UTC)
        entries = self._read_entries(path, base, now)
        journal = BatchJournal(path.name, self.options.output.absolute(), now, entries)
        progress = self._open_list_progress(journal)
        prepared, plan = self._prepare_list(journal, progress)
        if dry_run:
            return self._show_dry_list(plan)
        self._tell(batch_plan_words(plan))
        if not self.of_list.over_quota:
            plan.refuse_beyond_quota()
        if plan.requests:
            self._confirm_spending()
        journal.keep_in(self.options.logs)
        supersede_others(self.options.logs, journal)
        return self._carry_out_list(journal, prepared, progress)

    def go_on(self, journal: Resumable) -> int:
        """Go on with a list, or with a single incident; the exit code."""
        self.journal = None
        if not isinstance(journal, BatchJournal):
            return self.resume(journal)
        progress = self._open_list_progress(journal)
        prepared, _ = self._prepare_list(journal, progress)
        return self._carry_out_list(journal, prepared, progress)

    def resume_all(self, journals: Sequence[Resumable]) -> int:
        """Go on with several runs and lists, one after another; one that ends badly ends alone. The highest exit code.

        With --json the results come as the `runs` of one object.
        """
        results: list[str] = []
        out, self.out = self.out, results.append if self.options.json else self.out
        try:
            code = max((self._resume_or_explain(journal) for journal in journals), default=0)
        finally:
            self.out = out
        if self.options.json:
            runs = [json.loads(result) for result in results]
            self.out(json.dumps({"schema": 1, "exit_code": code, "runs": runs}))
        elif not journals:
            self.out("Every journal is finished: there is nothing to resume.")
        return code

    def _resume_or_explain(self, journal: Resumable) -> int:
        try:
            return self.go_on(journal)
        except Interrupted:
            raise
        except FootageError as error:
            code = self.explain(error)
            self._tool = FFmpeg()  # the one that was told to stop has background work that must stay stopped
            self.__dict__.pop("services", None)
            return code

    def stop(self) -> None:
        """End all background work within a moment."""
        super().stop()
        if self.batch is not None:
            self.batch.stop()

    def explain(self, error: FootageError) -> int:
        """Say how a call ended badly, in words or as the JSON object; the exit code."""
        if self.journal is None:
            return super().explain(error)
        log.error("%s: %s", error.kind, error.message)
        path = self.journal.path if self.journal else None
        outcomes = self._summarize(self.batch.ends) if self.batch is not None else []
        if self.options.json:
            self.out(json.dumps(self._result(outcomes, error.exit_code, error)))
        for line in error_words(error, self.log_file):
            self.say(line)
        if path is not None:
            self.say(f"To go on later: {resume_command(path)}")
        return error.exit_code

    def _read_entries(self, path: Path, base: PullOptions, now: datetime) -> list[Entry]:
        from cli.columns import COLUMNS

        sheet = read_sheet(path, COLUMNS)
        orders, faults = read_orders(sheet, base, read_fleet=lambda: self.services.fleet(), now=now)
        if faults and not (self.of_list.skip_faulty and orders):
            raise SheetRefused(sheet.name, faults)
        if faults:
            self._tell([f"Left out: {fault}" for fault in faults])
        return [Entry(order.row, order.incident, order.settings) for order in orders]

    def _prepare_list(self, journal: BatchJournal, progress: BatchProgress) -> tuple[Prepared, BatchPlan]:
        from footage.batch_prepare import Preparation

        self.journal = journal
        preparation = Preparation(
            journal,
            self._row_parts,
            service=self.services.samsara,
            logs=self.options.logs,
            progress=progress,
            clock=lambda: datetime.now(UTC),
        )
        return preparation.prepare()

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        """Reads the rows' telematics, a few at a time."""
        return ThreadPoolExecutor(_READERS, thread_name_prefix="track")

    @cached_property
    def _workshop(self) -> Workshop:
        """Does the heavy work of all rows: only so much of it at once, however many rows there are."""
        return self._cluster or LocalWorkshop()

    def _row_parts(self, entry: Entry, progress: Progress) -> Parts:
        assert self.journal is not None  # noqa: S101 - made just before
        journal = self.journal
        parts = self._parts(entry.incident, entry.settings, FFmpeg(self._tool.binary), progress)
        return replace(
            parts,
            keep=lambda draft: draft.keep_at(journal.row_journal(entry.row)),
            readers=self._readers,
            workshop=self._workshop,
        )

    def _parts(self, incident: Incident, settings: RunSettings, tool: FFmpeg, progress: Progress) -> Parts:
        parts = super()._parts(incident, settings, tool, progress)
        hours = self.of_list.hours
        return replace(parts, may_fetch=hours.gate(parts.clock) if hours else always)

    def _carry_out_list(self, journal: BatchJournal, prepared: Prepared, progress: ListProgress) -> int:
        from footage.batch import Batch, Limits

        options, waiting = self.of_list, self.of_list.waiting
        minutes = 0.0 if options.accept_partial else waiting.wait
        limits = Limits(minutes, waiting.poll_interval, options.over_quota, options.at_once)
        clock = lambda: datetime.now(UTC)  # noqa: E731 - the time, as it is handed in
        self.batch = Batch(journal, prepared, limits, progress=progress, clock=clock, deliver=self._bring_to)
        began = monotonic()
        journal.finish(RUNNING)
        with self._reached(journal.output), awake(), progress.shown():
            ends = self.batch.carry_out()
        return self._report_list(journal, ends, monotonic() - began)

    def _report_list(self, journal: BatchJournal, ends: Sequence[RowEnd], seconds: float) -> int:
        outcomes = self._summarize(ends)
        code = code_of(outcomes)
        journal.finish(state_of(outcomes))
        for line in list_end_words(journal, outcomes, code, journal.output / CSV_NAME):
            self.say(line) if self.options.json else self.out(line)
        if self.options.json:
            self.out(json.dumps(self._result(outcomes, code, None)))
        self._call_back(journal.output, seconds)
        return code

    def _summarize(self, ends: Sequence[RowEnd]) -> list[Outcome]:
        """Write the summary of all rows beside the folders."""
        assert self.journal is not None  # noqa: S101 - a list that was carried out has one
        ended = {end.entry.row: end for end in ends}
        outcomes = [_outcome(entry, ended.get(entry.row)) for entry in self.journal.entries]
        write_summary(self.journal.output, outcomes)
        return outcomes

    def _result(self, outcomes: Sequence[Outcome], code: int, error: FootageError | None) -> dict[str, Any]:
        path = self.journal.path if self.journal else None
        return {
            "schema": 1,
            "kind": "batch",
            "status": "failed" if error else self.journal.state if self.journal else "failed",
            "exit_code": code,
            "journal": str(path.absolute()) if path else None,
            "log": str(self.log_file.absolute()) if self.log_file else None,
            "rows": [summary_json(outcome) for outcome in outcomes],
            "error": error_json(error),
        }

    def _open_list_progress(self, journal: BatchJournal) -> ListProgress:
        standing = ListStanding(journal.sheet, len(journal.entries), resume_latest(self.options.logs))
        progress = self._progress = open_list_progress(self.screen, standing, lambda line: self._tell([line]))
        return progress

    def _show_dry_list(self, plan: BatchPlan) -> int:
        if self.options.json:
            self.out(json.dumps(batch_plan_json(plan)))
        else:
            for line in batch_plan_words(plan):
                self.out(line)
        return 0


def supersede_others(logs: Path, journal: BatchJournal) -> None:
    """Take the place of unfinished lists whose rows are all in this one."""
    ours = {entry.incident for entry in journal.entries}
    for other in find_lists(logs):
        if other.path != journal.path and not other.finished and {each.incident for each in other.entries} <= ours:
            other.finish("superseded")


def tell_template(path: Path | None, out: Callable[[str], None], *, as_json: bool) -> int:
    """Print a list to begin with, or write it to a file; the exit code. Raises InputRefused where a file is there."""
    text = template_text().rstrip()
    if path is not None:
        write_template(path)
        text = f"A list to begin with: {path}"
    facts = {"template": None if path else text, "file": str(path.absolute()) if path else None}
    done = {"schema": 1, "status": "ok", "exit_code": 0, **facts, "error": None}
    out(json.dumps(done) if as_json else text)
    return 0


def _outcome(entry: Entry, end: RowEnd | None) -> Outcome:
    told = end or RowEnd(entry, None)
    return outcome_of(
        entry.row,
        entry.reference,
        entry.incident,
        folder=told.folder,
        facts=told.facts,
        error=told.error,
        delivered=told.delivered,
    )
