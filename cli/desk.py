"""The desk at which one call of the program is served: its order taken, its run planned, confirmed and reported."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from cli.again import pull_command, resume_latest
from cli.desktop import awake, has_desktop, open_folder
from cli.grid import Standing
from cli.logs import open_log
from cli.order import PullOptions, take_order
from cli.spending import confirm_spending, mind_unreadable
from cli.warmup import WarmUp
from cli.words import end_words, error_words, plan_json, plan_words, resume_command
from footage.errors import FootageError
from footage.models import UTC, Incident, MediaType
from footage.trust import trust_system
from footage.video.ffmpeg import FFmpeg
from helpers import CAMERAS_KEEP, OLD_FOOTAGE, Asker, Question, ask_in_terminal, can_ask, ring_bell

# What films and services need is imported where it is used: the first question must not wait for it.
if TYPE_CHECKING:
    from cli.screen import GridProgress, LineProgress
    from cli.services import Services
    from footage.cluster.workshop import ClusterWorkshop
    from footage.journal import Journal, Request
    from footage.prepared import Parts
    from footage.progress import Progress, Shown
    from footage.report import Report
    from footage.run import Plan, Run
    from footage.settings import KinesisSettings, RunSettings

log = logging.getLogger(__name__)

_LONG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """What every command has in common."""

    output: Path = Path("Videos")
    logs: Path = Path("Logs")
    json: bool = False
    no_input: bool = False
    yes: bool = False
    debug: bool = False
    region: str = "us"
    retries: int = 8
    cluster: str | None = None


@dataclass
class Desk:
    """Serves one call. `out` prints a line of the result, `say` a message for the person."""

    options: DeskOptions
    out: Callable[[str], None]
    say: Callable[[str], None]
    log_file: Path | None = None
    run: Run | None = None
    screen: TextIO | None = None
    """Where a picture of the progress may be drawn, if anywhere."""
    _tool: FFmpeg = field(default_factory=FFmpeg)
    _warm_up: WarmUp = field(default_factory=WarmUp)
    _progress: Shown = field(init=False)

    def open_log(self) -> None:
        """Begin the log file of this call."""
        self.log_file = open_log(self.options.logs, datetime.now(UTC), debug=self.options.debug)

    def pull(self, options: PullOptions, *, ask_all: bool = False, dry_run: bool = False) -> int:
        """Plan, confirm, carry out, report; the exit code."""
        now = datetime.now(UTC)
        order = take_order(
            options,
            asker=self._asker,
            ask_all=ask_all,
            read_fleet=lambda: self.services.fleet(),
            aws=lambda: self.services,
            now=now,
        )
        options = replace(options, settings=order.settings)
        if ask_all:
            self._tell_command(order.incident, order.settings.kinesis)
        else:
            self._warn_of_age(order.incident, now)
        return self._pull(order.incident, options, now, dry_run=dry_run, ask_all=ask_all)

    def _pull(self, incident: Incident, options: PullOptions, now: datetime, *, dry_run: bool, ask_all: bool) -> int:
        self._warm_up.end()
        from footage.earlier import unfinished_run
        from footage.journal import Journal
        from footage.journals import find_journals

        earlier = None if dry_run else unfinished_run(find_journals(self.options.logs), incident)
        if earlier is not None and self._wants(earlier):
            earlier.settings = options.settings
            return self.resume(earlier, confirm=True)
        plan = self._new_run(Journal(None, incident, self.options.output, options.settings, now)).prepare()
        if dry_run:
            return self._show_dry(plan)
        self._tell(plan_words(plan))
        if not options.settings.over_quota:
            plan.refuse_beyond_quota()
        if plan.requests or ask_all:
            self._confirm_spending([incident] if plan.requests else [])
        return self._deliver()

    def resume(self, journal: Journal, *, confirm: bool = False) -> int:
        """Go on with a journal; the exit code. With `confirm`, what it still spends is agreed to first."""
        plan = self._new_run(journal).prepare()
        if confirm and plan.requests:
            self._tell(plan_words(plan))
            self._confirm_spending([plan.incident])
        return self._deliver()

    def explain(self, error: FootageError) -> int:
        """Say how a call ended badly, in words or as the JSON object; the exit code."""
        log.error("%s: %s", error.kind, error.message)
        journal = self.run.journal.path if self.run else None
        if self.options.json:
            from footage.report import failure_json

            report = self.run.report(error) if self.run and journal else None
            self.out(json.dumps(report.to_json() if report else failure_json(error, self.log_file)))
        for line in error_words(error, self.log_file):
            self.say(line)
        if journal is not None:
            self.say(f"To go on later: {resume_command(journal)}")
        return error.exit_code

    def stop(self) -> None:
        """End all background work within a moment."""
        self._tool.stop.set()

    @property
    def _asker(self) -> Asker | None:
        return Asker(self._ask, self.say) if can_ask() and not self.options.no_input else None

    def _ask(self, question: Question) -> str:
        return ask_in_terminal(question, on_drawn=self._warm_up.begin)

    @cached_property
    def services(self) -> Services:
        """Samsara and Kinesis Video, as far as they are needed."""
        self._warm_up.end()
        trust_system()
        from cli.services import Services

        return Services(
            region=self.options.region,
            retries=self.options.retries,
            asker=self._asker,
            say=lambda line: self._tell([line]),
            stop=self._tool.stop,
        )

    def _warn_of_age(self, incident: Incident, now: datetime) -> None:
        if incident.vehicle is not None and now - incident.window.start > CAMERAS_KEEP:
            self._tell([OLD_FOOTAGE])

    def _tell_command(self, incident: Incident, kinesis: KinesisSettings) -> None:
        vehicle = self.services.fleet().handle(incident.vehicle) if incident.vehicle else None
        self._tell([f"The same without questions: {pull_command(incident, vehicle, kinesis)}"])

    def _wants(self, journal: Journal) -> bool:
        self._tell([f"An unfinished run of this incident is there: {journal.path}"])
        asker = self._asker
        return asker is None or self.options.yes or asker.confirm("Go on with it?", default=True)

    def _new_run(self, journal: Journal) -> Run:
        from footage.run import Run

        progress = self._progress_of(journal)
        parts = self._parts(journal.incident, journal.settings, self._tool, progress)
        parts = replace(parts, keep=lambda draft: draft.keep_in(self.options.logs))
        self.run = Run(journal, parts, output=self.options.output, logs=self.options.logs)
        return self.run

    def _parts(self, incident: Incident, settings: RunSettings, tool: FFmpeg, progress: Progress) -> Parts:
        from footage.prepared import Parts
        from footage.video.probe import inspect
        from footage.video.stills import inspect_still

        return Parts(
            service=self.services.samsara,
            kinesis=lambda: self.services.kinesis(settings.kinesis),
            inspect=inspect_still if incident.media_type is MediaType.IMAGE else inspect,
            tool=tool,
            progress=progress,
            may_ask_again=lambda request: self._may_ask_again(settings, request),
            clock=lambda: datetime.now(UTC),
            log_file=self.log_file,
            workshop=self._cluster,
        )

    @cached_property
    def _cluster(self) -> ClusterWorkshop | None:
        """The computers that do the heavy work, where the person names some."""
        if self.options.cluster is None:
            return None
        from footage.cluster.workshop import ClusterWorkshop

        return ClusterWorkshop(self.options.cluster, say=lambda line: self._tell([line]))

    def _reached(self, folder: Path) -> AbstractContextManager[None]:
        """The cluster, if any, reached while this lasts; `folder` is where all results go."""
        return nullcontext() if self._cluster is None else self._cluster.open(folder)

    def _show_dry(self, plan: Plan) -> int:
        for line in [json.dumps(plan_json(plan))] if self.options.json else plan_words(plan):
            self.out(line)
        return 0

    def _confirm_spending(self, incidents: Sequence[Incident]) -> None:
        """Have it agreed to that something is asked for, for these incidents."""
        mind_unreadable(self.options.logs, incidents, self._asker, self._tell)
        if not self.options.yes:
            confirm_spending(self._asker)

    def _may_ask_again(self, settings: RunSettings, request: Request) -> bool:
        if settings.ask_again:
            return True
        asker = self._asker
        if asker is None:
            return False
        began = f"{request.window.start:%H:%M:%S}"
        self._tell([f"The request for {began} UTC may have reached Samsara, but its footage did not show up."])
        with self._progress.hidden():
            return asker.confirm("Ask again, though it may cost quota twice?", default=False)

    def _progress_of(self, journal: Journal) -> LineProgress | GridProgress:
        from cli.screen import open_progress

        now = datetime.now(UTC).astimezone()
        standing = Standing(
            title=journal.incident.name,
            order=tuple(camera.word for camera in journal.incident.cameras),
            since=now,
            until=now + timedelta(minutes=journal.settings.waiting.wait),
            resume=resume_latest(self.options.logs),
        )
        progress = self._progress = open_progress(self.screen, standing, lambda line: self._tell([line]))
        return progress

    def _deliver(self) -> int:
        assert self.run is not None  # noqa: S101 - made just before
        began = monotonic()
        with self._reached(self.run.journal.folder.parent), awake(), self._progress.shown():
            report = self.run.carry_out()
        delivered, report = self._hand_over(report)
        for line in (*end_words(report), *([f"Delivered, and compared: {delivered}"] if delivered else [])):
            log.info("%s", line)
            self.say(line) if self.options.json else self.out(line)
        if self.options.json:
            self.out(json.dumps({**report.to_json(), "delivered": delivered}))
        self._call_back(report.journal.folder, monotonic() - began)
        return report.exit_code

    def _hand_over(self, report: Report) -> tuple[str | None, Report]:
        """Bring a finished folder to where the person wants it: its address there, and the report with what failed."""
        address = report.journal.settings.deliver
        if address is None or report.status not in ("complete", "partial"):
            return None, report
        try:
            return self._bring_to(report.journal.folder, address), report
        except FootageError as error:
            return None, replace(report, error=error)

    def _bring_to(self, folder: Path, address: str) -> str:
        from footage.delivery import deliver
        from footage.storage import open_storage

        return deliver(folder, open_storage(address), stop=self._tool.stop).address

    def _call_back(self, folder: Path, seconds: float) -> None:
        """Fetch the person back to a terminal: a bell where it took long, and the folder on the desktop."""
        if (asker := self._asker) is None or self.options.json:
            return
        if seconds >= _LONG_SECONDS:
            ring_bell()
        if has_desktop() and not self.options.yes and asker.confirm("Open the folder?", default=True):
            open_folder(folder)

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            log.info("%s", line)
            self.say(line)
