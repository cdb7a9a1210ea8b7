"""One incident from its plan to its report: claims the folder, lets the parts work together, keeps the journal true."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from footage.asking import Asking, quota_sentence
from footage.board import Board
from footage.downloads import Downloader
from footage.earlier import Witness, carry_over, last_quota, refuse_superseded
from footage.errands import Errands
from footage.errors import FootageError, IncidentHeld, Interrupted, QuotaReached
from footage.evidence.packager import Packager
from footage.fetching import Fetcher
from footage.files import free_bytes
from footage.films import Films, FilmSet
from footage.folder import claim_folder, clear_work, find_folder, hold_folder, remove_work
from footage.journal import Journal, Request, find_journals
from footage.kinesis_pull import Service
from footage.looking import Looking
from footage.models import Incident, Media, Quota
from footage.naming import Names
from footage.plan import LONGEST_REQUEST, by_window, quota_seconds, split_window
from footage.polling import MediaService
from footage.progress import CellState, Progress
from footage.report import Report, Requests
from footage.retrieval import Patience, Retrieval
from footage.standing import Standing
from footage.stock import Stock, check_clips, take_stock
from footage.streams import Streams
from footage.uploads import Found, Uploads
from footage.video.ffmpeg import FFmpeg

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run works with. The services are made at the first need: a run that is complete needs no key."""

    service: Callable[[], MediaService]
    kinesis: Callable[[], Service]
    inspect: Callable[[Path], Media]
    tool: FFmpeg
    progress: Progress
    may_ask_again: Callable[[Request], bool]
    clock: Callable[[], datetime]
    log_file: Path | None = None

    @property
    def stop(self) -> threading.Event:
        """Set to end everything within a moment."""
        return self.tool.stop


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

    def refuse_beyond_quota(self) -> None:
        """Raise QuotaReached where the last known figure says that the plan is too large."""
        left = self.quota.limit_seconds - self.quota.used_seconds if self.quota else None
        if self.quota is not None and left is not None and self.estimated_seconds > left:
            raise QuotaReached(quota_sentence(self.quota, self.estimated_seconds))


class Run:
    """One incident. `prepare` looks and plans, `carry_out` spends and delivers."""

    def __init__(self, journal: Journal, parts: Parts, *, output: Path, logs: Path) -> None:
        self.journal = journal
        self._parts = parts
        self._output = output
        self._logs = logs
        self._replaces: list[Journal] = []
        self._stock = Stock()
        self._found: Found = {}
        self._uploads: Uploads | None = None
        self._estimated = 0.0
        self._board: Board | None = None
        self._asking: Asking | None = None
        self._streams_done = False
        self._witness: Witness | None = None

    def prepare(self) -> Plan:
        """Take stock, look at what is uploaded, and say what is left to ask for. Changes nothing anywhere."""
        journal, incident = self.journal, self.journal.incident
        journals = find_journals(self._logs)
        if journal.path is None:
            journal.folder, _ = find_folder(self._output, incident)
            self._replaces = carry_over(journal, journals)
        refuse_superseded(journal, journals)
        self._streams_done = check_clips(journal) and journal.finished
        if not self._streams_done:
            self._look_at_streams()
        windows = split_window(incident.window, self._longest)
        self._board = Board(windows, [c for c in incident.cameras if c.source == "samsara"], self._parts.progress)
        self._stock = take_stock(journal, self._board)
        self._witness = Witness(self._logs, incident, journals)
        wanted = self._board.in_state(CellState.WANTED)
        if wanted:
            self._uploads = Uploads(self._parts.service(), incident, incident.window)
            self._uploads.read()
            self._found = self._uploads.find(wanted)
        to_ask = [cell for cell in wanted if cell not in self._found]
        self._estimated = quota_seconds(to_ask, incident.media_type)
        return Plan(
            incident=incident,
            folder=journal.folder,
            windows=len(windows),
            requests=len(by_window(to_ask)),
            estimated_seconds=self._estimated,
            already_uploaded=len(self._found),
            held=self._stock.held,
            here=len(self._board.in_state(CellState.HERE)),
            quota=last_quota([*journals, journal], self._parts.clock()),
            free=free_bytes(journal.folder),
        )

    @property
    def _longest(self) -> int:
        return self.journal.settings.requests.longest or LONGEST_REQUEST[self.journal.incident.media_type]

    def carry_out(self) -> Report:
        """Ask, wait, fetch and make the films. Errors that end the run leave a journal that resume goes on with."""
        journal = self.journal
        if journal.path is None:
            journal.folder = claim_folder(self._output, journal.incident)
        with hold_folder(journal.folder, self._parts.clock()) as work:
            if self._witness is not None and self._witness.sees_change():
                raise IncidentHeld("Another run of this incident went on in the meantime: run the command again.")
            if journal.path is None:
                journal.keep_in(self._logs)
            for other in self._replaces:
                other.finish("superseded")
            journal.finish("running")
            report = self._deliver_or_note(work)
            journal.finish(report.status)
            if not report.leaves_work:
                clear_work(work)
        if not report.leaves_work:
            remove_work(journal.folder)
        return report

    def _deliver_or_note(self, work: Path) -> Report:
        """Deliver; where that ends badly, the journal says how."""
        try:
            return self._deliver(work)
        except KeyboardInterrupt:
            interrupted = Interrupted("Interrupted; everything so far is kept.")
            self._note_end(interrupted)
            raise interrupted from None
        except FootageError as error:
            self._note_end(error)
            raise

    def _look_at_streams(self) -> None:
        """Find out before anything is fetched whether every stream is there and may be read."""
        for camera in self.journal.incident.cameras:
            if camera.stream is not None:
                self._parts.kinesis().describe(camera.stream)

    def _deliver(self, work: Path) -> Report:
        journal, parts = self.journal, self._parts
        assert self._board is not None  # noqa: S101 - `prepare` comes first
        standing = Standing(journal, self._board)
        packager = Packager(
            journal, parts.service, parts.tool, parts.clock, parts.progress.say, asks_nothing=self._streams_done
        )
        films = Films(
            journal,
            standing,
            journal.settings.films,
            work=work,
            tool=parts.tool,
            progress=parts.progress,
            first_look=lambda films: packager.first_look(self._report(standing, films, None)),
            track=packager.track,
            now=parts.clock,
        )
        error: FootageError | None = None
        try:
            streams = self._start_streams(standing, work)
            if not self._board.ended:
                error = self._retrieve(work, films)
            streams.wait(meanwhile=films.offer)
            standing.open_reason = "quota" if isinstance(error, QuotaReached) else "pending"
            standing.close_for_good = journal.settings.accept_partial
            film_set = films.finish()
        except BaseException:
            films.stop()
            raise
        report = self._report(standing, film_set, error)
        packager.finish(report)
        return report

    def _start_streams(self, standing: Standing, work: Path) -> Streams:
        parts = self._parts
        streams = Streams(
            self.journal,
            standing,
            client=parts.kinesis,
            inspect=parts.inspect,
            work=work,
            progress=parts.progress,
            stop=parts.stop,
            clock=parts.clock,
        )
        if self._streams_done:
            standing.streams_open.clear()
        else:
            streams.start()
        return streams

    def report(self, error: FootageError) -> Report:
        """What is there so far, for a run that an error ended."""
        return self._report(Standing(self.journal, self._board), FilmSet({}, None, ()), error)

    def _report(self, standing: Standing, films: FilmSet, error: FootageError | None) -> Report:
        found = sum(clip.retrieval_id is None for clip in self.journal.clips)
        made = self._asking.made if self._asking else 0
        requests = Requests(made, self._stock.held, found)
        return Report(self.journal, standing, films, requests, self._estimated, self._parts.log_file, error)

    def _retrieve(self, work: Path, films: Films) -> FootageError | None:
        journal, parts, board = self.journal, self._parts, self._board
        assert board is not None  # noqa: S101 - `prepare` comes first
        settings, service = journal.settings, parts.service()
        downloader = Downloader(
            work, attempts=settings.waiting.retries, stop=parts.stop, on_bytes=parts.progress.received
        )
        fetcher = Fetcher(downloader, journal.folder, parts.inspect, journal.incident.media_type)
        errands = Errands(journal, board, Names(journal.incident), fetcher)
        looking = Looking(
            service,
            journal,
            board,
            errands,
            self._uploads or Uploads(service, journal.incident, journal.incident.window),
            settle=settings.waiting.settle,
            may_ask_again=parts.may_ask_again,
            clock=parts.clock,
        )
        self._asking = asking = Asking(
            service,
            journal,
            board,
            alone=self._stock.alone,
            over_quota=settings.over_quota,
            on_lost=looking.add_lost,
            clock=parts.clock,
        )
        for request in self._stock.lost:
            looking.add_lost(request)
        retrieval = Retrieval(
            journal=journal,
            asking=asking,
            looking=looking,
            errands=errands,
            fetcher=fetcher,
            board=board,
            patience=self._patience(),
            progress=parts.progress,
            on_turn=films.offer,
            clock=parts.clock,
        )
        looking.fetch_uploaded(self._found)
        try:
            retrieval.run()
        finally:
            fetcher.close()
        return retrieval.stopped_by

    def _patience(self) -> Patience:
        waiting = self.journal.settings.waiting
        minutes = 0.0 if self.journal.settings.accept_partial else waiting.wait
        deadline = self._parts.clock() + timedelta(minutes=minutes)
        return Patience(deadline, waiting.poll_interval, waiting.settle)

    def _note_end(self, error: FootageError) -> None:
        try:
            self.journal.finish(error.kind)
        except FootageError as second:
            log.warning("the journal keeps its last state: %s", second)
