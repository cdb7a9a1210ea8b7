"""The desk for a list of incidents: every row checked first, one plan, one confirmation, one summary."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from cli.again import resume_latest
from cli.batch_result import ListAtWork
from cli.batch_screen import ListProgress, open_list_progress
from cli.batch_words import batch_plan_json, batch_plan_words, list_end_words
from cli.desk import Desk
from cli.desktop import awake, room_for_files
from cli.order import PullOptions
from cli.rows import read_orders
from cli.table import ListStanding
from cli.words import error_words, resume_command
from footage.batch.journal import RUNNING, BatchJournal, Entry
from footage.batch.resumable import Resumable, find_lists
from footage.batch.sheet import read_sheet
from footage.batch.summary import code_of, state_of, write_summary
from footage.batch.template import template_text, write_template
from footage.errors import DiskTrouble, FootageError, InputRefused, Interrupted, SheetRefused
from footage.hours import Hours, always
from footage.models import UTC, Incident
from footage.settings import RunSettings, WaitSettings
from footage.video.ffmpeg import FFmpeg
from footage.workshop import LocalWorkshop, Workshop

if TYPE_CHECKING:
    from footage.batch.plan import BatchPlan, BatchProgress
    from footage.batch.prepare import Prepared
    from footage.prepared import Parts
    from footage.progress import Progress

log = logging.getLogger(__name__)

_READERS = 2
_FILES, _FILES_OF_A_ROW = 100, 6
"""Open files that a list takes by itself, and at most for each row: its folder's lock, and connections."""


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
    at_work: ListAtWork | None = None
    """The list that is worked on now, if it is one."""

    def start_list(self, path: Path, base: PullOptions, *, dry_run: bool) -> int:
        """Check every row, plan, confirm, carry out, report; the exit code."""
        now = datetime.now(UTC)
        entries = self._read_entries(path, base, now)
        journal = BatchJournal(path.name, self.options.output.absolute(), now, entries)
        self.at_work = at_work = ListAtWork(journal)
        progress = self._open_list_progress(journal)
        prepared, plan = self._prepare_list(journal, progress)
        if plan.faults and not self.of_list.skip_faulty:
            raise SheetRefused(journal.sheet, plan.faults)
        if dry_run:
            return self._show_dry_list(plan)
        self._tell(batch_plan_words(plan))
        if not self.of_list.over_quota:
            plan.refuse_beyond_quota()
        if plan.requests:
            self._confirm_spending([entry.incident for entry in journal.entries])
        journal.keep_in(self.options.logs)
        supersede_others(self.options.logs, journal)
        return self._carry_out_list(at_work, prepared, progress)

    def go_on(self, journal: Resumable) -> int:
        """Go on with a list, or with a single incident; the exit code."""
        self.at_work = None
        if not isinstance(journal, BatchJournal):
            return self.resume(journal)
        self.at_work = at_work = ListAtWork(journal)
        progress = self._open_list_progress(journal)
        prepared, _ = self._prepare_list(journal, progress)
        return self._carry_out_list(at_work, prepared, progress)

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
            from footage.report import status_word

            status = status_word(code)
            self.out(json.dumps({"schema": 1, "status": status, "exit_code": code, "runs": runs, "error": None}))
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
        if self.at_work is not None and self.at_work.batch is not None:
            self.at_work.batch.stop()

    def explain(self, error: FootageError) -> int:
        """Say how a call ended badly, in words or as the JSON object; the exit code."""
        at_work = self.at_work
        if at_work is None:
            return super().explain(error)
        log.error("%s: %s", error.kind, error.message)
        if at_work.batch is not None:
            self._keep_summary(at_work)
        if self.options.json:
            self.out(json.dumps(at_work.result(error.exit_code, self.log_file, error)))
        for line in error_words(error, self.log_file):
            self.say(line)
        if at_work.journal.path is not None:
            self.say(f"To go on later: {resume_command(at_work.journal.path)}")
        return error.exit_code

    def _keep_summary(self, at_work: ListAtWork) -> None:
        """Write what came of each row, after an error: it may be the disk that ended the list."""
        try:
            write_summary(at_work.journal.output, at_work.outcomes)
        except DiskTrouble as trouble:
            log.warning("there is no summary: %s", trouble)

    def _read_entries(self, path: Path, base: PullOptions, now: datetime) -> list[Entry]:
        from cli.columns import COLUMNS, NUMBERS

        sheet = read_sheet(path, COLUMNS, NUMBERS)
        if sheet.unused:
            self._tell([f"Not used, as no columns of such a list: {', '.join(sheet.unused)}."])
        orders, faults = read_orders(sheet, base, read_fleet=lambda: self.services.fleet(), now=now)
        if faults and not (self.of_list.skip_faulty and orders):
            raise SheetRefused(sheet.name, faults)
        if faults:
            self._tell([f"Left out: {fault}" for fault in faults])
        return [Entry(order.row, order.incident, order.settings) for order in orders]

    def _prepare_list(self, journal: BatchJournal, progress: BatchProgress) -> tuple[Prepared, BatchPlan]:
        from footage.batch.prepare import Preparation

        preparation = Preparation(
            journal,
            partial(self._row_parts, journal),
            service=self.services.samsara,
            logs=self.options.logs,
            progress=progress,
            clock=lambda: datetime.now(UTC),
        )
        prepared, plan = preparation.prepare()
        refuse_without_room(len(prepared.rows))
        return prepared, plan

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        """Reads the rows' telematics, a few at a time."""
        return ThreadPoolExecutor(_READERS, thread_name_prefix="track")

    @cached_property
    def _workshop(self) -> Workshop:
        """Does the heavy work of all rows: only so much of it at once, however many rows there are."""
        return self._cluster or LocalWorkshop()

    def _row_parts(self, journal: BatchJournal, entry: Entry, progress: Progress) -> Parts:
        parts = self._parts(entry.incident, entry.settings, FFmpeg(self._tool.binary), progress)
        return replace(
            parts,
            keep=lambda draft: journal.keep_row(draft, entry.row),
            readers=self._readers,
            workshop=self._workshop,
        )

    def _parts(self, incident: Incident, settings: RunSettings, tool: FFmpeg, progress: Progress) -> Parts:
        parts = super()._parts(incident, settings, tool, progress)
        hours = self.of_list.hours
        return replace(parts, may_fetch=hours.gate(parts.clock) if hours else always)

    def _carry_out_list(self, at_work: ListAtWork, prepared: Prepared, progress: ListProgress) -> int:
        from footage.batch.run import Batch, Limits

        options, waiting = self.of_list, self.of_list.waiting
        minutes = 0.0 if options.accept_partial else waiting.wait
        limits = Limits(minutes, waiting.poll_interval, options.over_quota, options.at_once)
        clock = lambda: datetime.now(UTC)  # noqa: E731 - the time, as it is handed in
        journal = at_work.journal
        at_work.batch = Batch(journal, prepared, limits, progress=progress, clock=clock, deliver=self._bring_to)
        began = monotonic()
        journal.finish(RUNNING)
        with self._reached(journal.output), awake(), progress.shown():
            at_work.batch.carry_out()
        return self._report_list(at_work, monotonic() - began)

    def _report_list(self, at_work: ListAtWork, seconds: float) -> int:
        journal, outcomes = at_work.journal, at_work.outcomes
        summary, code = write_summary(journal.output, outcomes), code_of(outcomes)
        journal.finish(state_of(outcomes))
        for line in list_end_words(journal, outcomes, code, summary):
            self.say(line) if self.options.json else self.out(line)
        if self.options.json:
            self.out(json.dumps(at_work.result(code, self.log_file)))
        self._call_back(journal.output, seconds)
        return code

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
    """Take the place of unfinished lists whose rows are all in this one, if perhaps with other cameras."""
    ours = {entry.incident.subject for entry in journal.entries}
    for other in find_lists(logs):
        theirs = {each.incident.subject for each in other.entries}
        if other.path != journal.path and not other.finished and theirs <= ours:
            other.finish("superseded")


def refuse_without_room(rows: int) -> None:
    """Raise InputRefused where the system does not let a program have the files of so many rows open at once."""
    limit = room_for_files(_FILES + rows * _FILES_OF_A_ROW)
    if limit is not None and limit < _FILES + rows:
        raise InputRefused(
            f"{rows} rows at once need {_FILES + rows} open files, and here a program may have {limit}: "
            "split the list, or raise the limit (ulimit -n)."
        )


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
