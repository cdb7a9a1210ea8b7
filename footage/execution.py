"""One run under way: holds the incident's folder, lets the parts work together, keeps the journal true to the end."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from footage.downloads import Downloader
from footage.earlier import sweep_beside
from footage.errors import FootageError, IncidentHeld, Interrupted, QuotaReached
from footage.evidence.packager import Packager
from footage.fetching import Fetcher
from footage.films import Films, FilmSet
from footage.folder import claim_folder, clear_work, hold_folder, remove_work
from footage.journal import Journal
from footage.kinesis.streams import Streams
from footage.naming import Names
from footage.prepared import Parts, Prepared, requests_of
from footage.report import Report, Requests
from footage.samsara.asking import Asking
from footage.samsara.budget import Budget
from footage.samsara.errands import Errands
from footage.samsara.looking import Looking
from footage.samsara.retrieval import Retrieval
from footage.samsara.rounds import Patience, Rounds
from footage.samsara.sweep import Sweep
from footage.samsara.uploads import Uploads
from footage.standing import Standing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """What works together from `begin` to the end."""

    work: Path
    standing: Standing
    packager: Packager
    films: Films
    streams: Streams


class Execution:
    """A run from the moment that it spends. `begin`, then its `retrieval` to the end, then `finish` or `abandon`."""

    def __init__(self, journal: Journal, parts: Parts, prepared: Prepared, *, output: Path) -> None:
        self.journal = journal
        self._parts = parts
        self._prepared = prepared
        self._output = output
        self._held = ExitStack()
        self._asking: Asking | None = None
        self._under_way: _UnderWay | None = None
        self.retrieval: Retrieval | None = None
        """What is to be brought from Samsara; None where nothing is."""

    def carry_out(self) -> Report:
        """Ask, wait, fetch and make the films. Errors that end the run leave a journal that resume goes on with."""
        try:
            over_quota, known = self.journal.settings.over_quota, self._prepared.quota
            self.begin(Budget(over_quota=over_quota, clock=self._parts.clock, known=known))
            if self.retrieval is not None:
                self._rounds(self.retrieval).run()
            return self.finish()
        except KeyboardInterrupt:
            interrupted = Interrupted("Interrupted; everything so far is kept.")
            self.abandon(interrupted)
            raise interrupted from None
        except FootageError as error:
            self.abandon(error)
            raise
        except BaseException:
            self._stop()
            raise

    def begin(self, budget: Budget, siblings: Path | None = None) -> None:
        """Hold the folder, give the journal its file and start what works in the background.

        Of a list of incidents, `siblings` is the folder of their journals; streams then begin when it is their turn.
        """
        journal, prepared = self.journal, self._prepared
        if journal.path is None:
            journal.folder = claim_folder(self._output, journal.incident)
        work = self._held.enter_context(hold_folder(journal.folder, self._parts.clock()))
        if prepared.witness.sees_change(siblings):
            raise IncidentHeld("Another run of this incident went on in the meantime: run the command again.")
        if journal.path is None:
            self._parts.keep(journal)
        for other in prepared.replaces:
            other.finish("superseded")
        journal.finish("running")
        sweep_beside(journal, self._parts.clock())
        prepared.board.tell()
        under_way = self._under_way = self._start_work(work)
        if siblings is None:
            self._start_streams(under_way)
        if prepared.found or not prepared.board.ended:
            self.retrieval = self._open_retrieval(under_way, budget)

    def finish(self) -> Report:
        """Wait for the streams, make the films, seal the package, note how it ended and let go of the folder."""
        under_way, standing = self._working, self._working.standing
        self._start_streams(under_way)
        stream_error = under_way.streams.wait(meanwhile=under_way.films.offer)
        if stream_error is not None and not self.journal.clips:
            raise stream_error
        error = (self.retrieval.stopped_by if self.retrieval else None) or stream_error
        standing.beyond_quota = isinstance(error, QuotaReached)
        standing.close_for_good = self.journal.settings.accept_partial
        under_way.packager.footage_is_here()
        films = under_way.films.finish()
        report = self._report(standing, films, error or films.error)
        under_way.packager.finish(report)
        self.journal.finish(report.status)
        self._let_go(report, under_way.work)
        return report

    def abandon(self, error: FootageError) -> None:
        """End all that is under way; what is here is kept, and the journal says how it ended."""
        if self._under_way is not None:
            self._note_end(error)
        self._stop()

    @property
    def made(self) -> int:
        """How many requests the service accepted."""
        return self._asking.made if self._asking else 0

    @property
    def requests(self) -> Requests:
        """How this run came to its ids so far."""
        return requests_of(self.journal, self._prepared, self.made)

    @property
    def _working(self) -> _UnderWay:
        if self._under_way is None:
            raise ValueError("a run begins before it is finished")
        return self._under_way

    def _stop(self) -> None:
        if self.retrieval is not None:
            self.retrieval.close()
        if self._under_way is not None:
            self._under_way.films.stop()
        self._held.close()

    def _let_go(self, report: Report, work: Path) -> None:
        if self.retrieval is not None:
            self.retrieval.close()
        if not report.leaves_work:
            clear_work(work)
        self._held.close()
        if not report.leaves_work:
            remove_work(self.journal.folder)

    def _rounds(self, retrieval: Retrieval) -> Rounds:
        parts, waiting = self._parts, self.journal.settings.waiting
        minutes = 0.0 if self.journal.settings.accept_partial else waiting.wait
        patience = Patience(parts.clock() + timedelta(minutes=minutes), waiting.poll_interval)
        sweep = Sweep(self._uploads, parts.clock)
        return Rounds([retrieval], sweep, patience, progress=parts.progress, clock=parts.clock, sleep=parts.stop.wait)

    @property
    def _uploads(self) -> Uploads:
        if self._prepared.uploads is None:
            parts = self._parts
            self._prepared.uploads = Uploads(parts.service(), clock=parts.clock, say=parts.progress.say)
            self._prepared.uploads.join([self.journal.incident], self.journal.settings.requests.longest or 0)
        return self._prepared.uploads

    def _start_work(self, work: Path) -> _UnderWay:
        parts, standing = self._parts, Standing(self.journal, self._prepared.board)
        packager = Packager(
            self.journal,
            parts.service,
            parts.tool,
            parts.clock,
            parts.progress.say,
            asks_nothing=self._prepared.streams_done,
            readers=parts.readers,
        )
        films = Films(
            self.journal,
            standing,
            self.journal.settings.films,
            work=work,
            tool=parts.tool,
            progress=parts.progress,
            first_look=lambda films: packager.first_look(self._report(standing, films, None)),
            track=packager.track,
            now=parts.clock,
            workshop=parts.workshop,
        )
        streams = Streams(
            self.journal,
            standing,
            client=parts.kinesis,
            inspect=parts.inspect,
            work=work,
            progress=parts.progress,
            stop=parts.stop,
            clock=parts.clock,
            may_fetch=parts.may_fetch,
        )
        return _UnderWay(work, standing, packager, films, streams)

    def _start_streams(self, under_way: _UnderWay) -> None:
        if under_way.streams.started:
            return
        if self._prepared.streams_done:
            under_way.standing.streams_open.clear()
        else:
            under_way.streams.start()

    def _open_retrieval(self, under_way: _UnderWay, budget: Budget) -> Retrieval:
        journal, parts, prepared = self.journal, self._parts, self._prepared
        settings, service = journal.settings, parts.service()
        downloader = Downloader(
            under_way.work, attempts=settings.waiting.retries, stop=parts.stop, on_bytes=parts.progress.received
        )
        fetcher = Fetcher(
            downloader,
            journal.folder,
            parts.inspect,
            journal.incident.media_type,
            workshop=parts.workshop,
            may_fetch=parts.may_fetch,
        )
        errands = Errands(journal, prepared.board, Names(journal.incident), fetcher)
        looking = Looking(
            service,
            journal,
            prepared.board,
            errands,
            self._uploads,
            settle=settings.waiting.settle,
            may_ask_again=parts.may_ask_again,
            say=parts.progress.say,
            clock=parts.clock,
        )
        self._asking = Asking(
            service,
            journal,
            prepared.board,
            alone=prepared.stock.alone,
            budget=budget,
            on_lost=looking.add_lost,
            say=parts.progress.say,
            clock=parts.clock,
        )
        if settings.accept_partial:
            self._asking.end()  # whoever takes what is there for all that comes pays for nothing more
        for request in prepared.stock.lost:
            looking.add_lost(request)
        looking.fetch_uploaded(prepared.found)
        return Retrieval(
            journal=journal,
            asking=self._asking,
            looking=looking,
            errands=errands,
            fetcher=fetcher,
            board=prepared.board,
            on_turn=under_way.films.offer,
        )

    def _report(self, standing: Standing, films: FilmSet, error: FootageError | None) -> Report:
        estimated = self._prepared.estimated_seconds
        return Report(self.journal, standing, films, self.requests, estimated, self._parts.log_file, error)

    def _note_end(self, error: FootageError) -> None:
        try:
            self.journal.finish(error.kind)
        except FootageError as second:
            log.warning("the journal keeps its last state: %s", second)
