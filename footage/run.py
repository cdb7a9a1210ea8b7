"""One incident from its plan to its report: looks what is there before anything is spent, then carries it out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from footage.earlier import Witness, carry_over, quota_promised, refuse_superseded
from footage.errors import FootageError, NotAllowed, ServiceUnreachable
from footage.execution import Execution
from footage.files import free_bytes
from footage.films import FilmSet
from footage.folder import find_folder
from footage.journal import Journal
from footage.journals import find_journals
from footage.kinesis.errors import AwsPermission
from footage.models import Incident, Quota
from footage.prepared import Parts, Prepared, requests_of
from footage.progress import CellState
from footage.report import Report
from footage.samsara.board import Board, Cell
from footage.samsara.budget import refuse_beyond_quota
from footage.samsara.plan import LONGEST_REQUEST, by_window, quota_seconds, split_window
from footage.samsara.stock import check_clips, lost_on_the_way, take_stock
from footage.samsara.uploads import Uploads
from footage.settings import FilmSettings
from footage.standing import Standing

__all__ = ["Execution", "Parts", "Plan", "Run"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, before anything is spent. Sizes in bytes."""

    incident: Incident
    folder: Path
    windows: int
    requests: int
    estimated_seconds: float
    already_uploaded: int
    held: int
    here: int
    quota: Quota | None
    free: int
    films: FilmSettings

    def refuse_beyond_quota(self) -> None:
        """Raise QuotaReached where the last known figure says that the plan is too large."""
        refuse_beyond_quota(self.quota, self.estimated_seconds)


class Run:
    """One incident. `prepare` looks and plans, `carry_out` spends and delivers.

    Several incidents take the steps of `prepare` one by one, so that they share the list of uploaded media.
    """

    def __init__(self, journal: Journal, parts: Parts, *, output: Path, logs: Path) -> None:
        self.journal = journal
        self.parts = parts
        self._output = output
        self._logs = logs
        self._journals: list[Journal] = []
        self._prepared: Prepared | None = None
        self._execution: Execution | None = None

    def prepare(self) -> Plan:
        """Take stock, look at what is uploaded, and say what is left to ask for. Changes nothing anywhere."""
        self.take_stock(find_journals(self._logs))
        if self.wanted:
            self._look()
        elif self.holes:
            try:
                self._look()
            except (NotAllowed, ServiceUnreachable) as error:  # what is here can be told all the same
                self.parts.progress.say(f"{error.message} Whether more is uploaded by now is not known.")
        return self.plan()

    def take_stock(self, journals: list[Journal]) -> None:
        """See what earlier runs have brought; `journals` are all that there are. Raises InputRefused."""
        journal, incident = self.journal, self.journal.incident
        self._journals = journals
        replaces: list[Journal] = []
        windows = split_window(incident.window, self.longest, journal.settings.requests.cuts)
        if journal.path is None:
            journal.folder, _ = find_folder(self._output, incident)
            replaces = carry_over(journal, windows, journals)
        refuse_superseded(journal, journals)
        streams_done = check_clips(journal) and journal.finished and not lost_on_the_way(journal)
        if not streams_done:
            self._look_at_streams()
        board = Board(windows, [c for c in incident.cameras if c.source == "samsara"], self.parts.progress)
        self._prepared = Prepared(
            board=board,
            stock=take_stock(journal, board),
            witness=Witness(self._logs, incident, journals),
            replaces=replaces,
            streams_done=streams_done,
        )

    @property
    def longest(self) -> int:
        """The most seconds of one request."""
        return self.journal.settings.requests.longest or LONGEST_REQUEST[self.journal.incident.media_type]

    @property
    def board(self) -> Board:
        """How every camera of every window stands; after `take_stock`."""
        return self._ready.board

    @property
    def wanted(self) -> list[Cell]:
        """What neither an earlier run nor the list of uploaded media has."""
        return [cell for cell in self.board.in_state(CellState.WANTED) if cell not in self._ready.found]

    @property
    def holes(self) -> list[Cell]:
        """What was not to be had when it was asked for. Somebody may have uploaded it since; asked for it is not."""
        if self.journal.state == "complete":
            return []
        absent = self.board.not_installed()
        return [cell for cell in self.board.in_state(CellState.MISSING) if cell[0] not in absent]

    def look_up(self, uploads: Uploads) -> None:
        """Find what is wanted, or was not to be had, in a list that was read, and go on with that list."""
        self._ready.uploads = uploads
        self._ready.found = uploads.find(self.journal.incident, [*self.wanted, *self.holes])

    def plan(self) -> Plan:
        """What is left to be done."""
        journal, ready = self.journal, self._ready
        ready.estimated_seconds = quota_seconds(self.wanted, journal.incident.media_type)
        ready.quota = quota_promised([*self._journals, journal], self.parts.clock())
        return Plan(
            incident=journal.incident,
            folder=journal.folder,
            windows=len(self.board.windows),
            requests=len(by_window(self.wanted)),
            estimated_seconds=ready.estimated_seconds,
            already_uploaded=len(ready.found),
            held=ready.stock.held,
            here=len(self.board.in_state(CellState.HERE)),
            quota=ready.quota,
            free=free_bytes(journal.folder),
            films=journal.settings.films,
        )

    def execute(self) -> Execution:
        """What carries it out; spends nothing before it begins."""
        self._execution = Execution(self.journal, self.parts, self._ready, output=self._output)
        return self._execution

    def carry_out(self) -> Report:
        """Ask, wait, fetch and make the films. Errors that end the run leave a journal that resume goes on with."""
        return self.execute().carry_out()

    def report(self, error: FootageError) -> Report:
        """What is there so far, for a run that an error ended."""
        ready, made = self._prepared, self._execution.made if self._execution else 0
        standing = Standing(self.journal, ready.board if ready else None)
        requests = requests_of(self.journal, ready, made)
        estimated = ready.estimated_seconds if ready else 0.0
        return Report(self.journal, standing, FilmSet({}, None, ()), requests, estimated, self.parts.log_file, error)

    @property
    def _ready(self) -> Prepared:
        if self._prepared is None:
            raise ValueError("a run is prepared before it is planned or carried out")
        return self._prepared

    def _look(self) -> None:
        uploads = Uploads(self.parts.service(), clock=self.parts.clock, say=self.parts.progress.say)
        uploads.join([self.journal.incident], self.longest)
        uploads.read()
        self.look_up(uploads)

    def _look_at_streams(self) -> None:
        """Find out before anything is spent whether every stream is there, and where its clips are had."""
        for camera in self.journal.incident.cameras:
            if camera.stream is not None:
                with suppress(AwsPermission):  # it can do without: the survey says what is not known then
                    self.parts.kinesis().describe(camera.stream)
                self.parts.kinesis().locate(camera.stream)
