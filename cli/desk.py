"""The desk at which one call of the program is served: its order taken, its run planned, confirmed and reported."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cli.logs import keep_secret, open_log
from cli.order import FindVehicle, PullOptions, take_order
from cli.screen import LineProgress
from cli.words import end_words, error_words, plan_json, plan_words, resume_command
from footage.earlier import unfinished_run
from footage.errors import FootageError, InputRefused, Interrupted, NotAllowed
from footage.journal import Journal, Request, find_journals
from footage.models import UTC
from footage.pacing import Pause
from footage.report import failure_json
from footage.run import Parts, Plan, Run
from footage.settings import KinesisSettings
from footage.video.ffmpeg import FFmpeg
from footage.video.probe import inspect
from helpers import Asker, can_ask, resolve_key
from kinesis_clip import KinesisClient
from SamsaraAPI import DEFAULT_URL, SamsaraClient, find_vehicle

log = logging.getLogger(__name__)

REGIONS = {"us": DEFAULT_URL, "eu": "https://api.eu.samsara.com", "ca": "https://api.ca.samsara.com"}
"""Samsara's own hosts (developers.samsara.com/docs/base-url)."""


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


@dataclass
class Desk:
    """Serves one call. `out` prints a line of the result, `say` a message for the person."""

    options: DeskOptions
    out: Callable[[str], None]
    say: Callable[[str], None]
    client: SamsaraClient | None = None
    kinesis_client: KinesisClient | None = None
    log_file: Path | None = None
    run: Run | None = None
    _tool: FFmpeg = field(default_factory=FFmpeg)
    _kinesis_settings: KinesisSettings = field(default_factory=KinesisSettings)

    def open_log(self) -> None:
        """Begin the log file of this call."""
        self.log_file = open_log(self.options.logs, datetime.now(UTC), debug=self.options.debug)

    def pull(self, options: PullOptions, *, ask_all: bool = False, dry_run: bool = False) -> int:
        """Plan, confirm, carry out, report; the exit code."""
        now = datetime.now(UTC)
        self._kinesis_settings = options.settings.kinesis
        incident = take_order(
            options,
            asker=self._asker,
            ask_all=ask_all,
            find_vehicle=self._vehicle_finder,
            find_streams=self._list_streams,
            now=now,
        )
        earlier = None if dry_run else unfinished_run(find_journals(self.options.logs), incident)
        if earlier is not None and self._wants(earlier):
            return self.resume(earlier)
        plan = self._new_run(Journal(None, incident, self.options.output, options.settings, now)).prepare()
        if dry_run:
            return self._show_dry(plan)
        self._tell(plan_words(plan))
        if not options.settings.over_quota:
            plan.refuse_beyond_quota()
        if plan.requests or ask_all:
            self._confirm_spending()
        return self._deliver()

    def resume(self, journal: Journal) -> int:
        """Go on with a journal; the exit code."""
        self._kinesis_settings = journal.settings.kinesis
        self._new_run(journal).prepare()
        return self._deliver()

    def explain(self, error: FootageError) -> int:
        """Say how a call ended badly, in words or as the JSON object; the exit code."""
        log.error("%s: %s", error.kind, error.message)
        journal = self.run.journal.path if self.run else None
        if self.options.json:
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
        return Asker(say=self.say) if can_ask() and not self.options.no_input else None

    def _service(self) -> SamsaraClient:
        if self.client is None:
            asker = self._asker
            key = resolve_key(os.environ, ask=asker.key if asker else None)
            keep_secret(key)
            address = os.environ.get("SAMSARA_API_URL") or REGIONS[self.options.region]
            self.client = SamsaraClient(key, base_url=address, attempts=self.options.retries, stop=self._tool.stop)
        return self.client

    def _kinesis(self) -> KinesisClient:
        if self.kinesis_client is None:
            settings = self._kinesis_settings
            self.kinesis_client = KinesisClient(
                profile=settings.profile,
                region=settings.region,
                pause=Pause(self._tool.stop),
                retries=self.options.retries,
            )
        return self.kinesis_client

    def _list_streams(self) -> list[str]:
        try:
            return self._kinesis().streams()
        except NotAllowed as error:
            self._tell([f"The account's streams cannot be listed: {error.message}"])
            return []

    def _vehicle_finder(self) -> FindVehicle:
        service = self._service()
        self._tell(["Reading the list of vehicles."])
        vehicles = service.vehicles()
        return lambda text: find_vehicle(vehicles, text)

    def _wants(self, journal: Journal) -> bool:
        self._tell([f"An unfinished run of this incident is there: {journal.path}"])
        asker = self._asker
        return asker is None or self.options.yes or asker.confirm("Go on with it?", default=True)

    def _new_run(self, journal: Journal) -> Run:
        parts = Parts(
            service=self._service,
            kinesis=self._kinesis,
            inspect=inspect,
            tool=self._tool,
            progress=LineProgress(lambda line: self._tell([line])),
            may_ask_again=lambda request: self._may_ask_again(journal, request),
            clock=lambda: datetime.now(UTC),
            log_file=self.log_file,
        )
        self.run = Run(journal, parts, output=self.options.output, logs=self.options.logs)
        return self.run

    def _show_dry(self, plan: Plan) -> int:
        if self.options.json:
            self.out(json.dumps(plan_json(plan)))
        else:
            for line in plan_words(plan):
                self.out(line)
        return 0

    def _confirm_spending(self) -> None:
        if self.options.yes:
            return
        asker = self._asker
        if asker is None:
            raise InputRefused("--yes is missing: nothing is asked of Samsara where nobody can confirm it.")
        if not asker.confirm("Go on?", default=True):
            raise Interrupted("Nothing was asked of Samsara.")

    def _may_ask_again(self, journal: Journal, request: Request) -> bool:
        if journal.settings.ask_again:
            return True
        asker = self._asker
        if asker is None:
            return False
        began = f"{request.window.start:%H:%M:%S}"
        self._tell([f"The request for {began} UTC may have reached Samsara, but its footage did not show up."])
        return asker.confirm("Ask again, though it may cost quota twice?", default=False)

    def _deliver(self) -> int:
        assert self.run is not None  # noqa: S101 - made just before
        report = self.run.carry_out()
        for line in end_words(report):
            log.info("%s", line)
            self.say(line) if self.options.json else self.out(line)
        if self.options.json:
            self.out(json.dumps(report.to_json()))
        return report.exit_code

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            log.info("%s", line)
            self.say(line)
