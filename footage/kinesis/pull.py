"""The story for Kinesis Video: what the stream holds, what to ask for, each piece on disk and recorded at once."""

from __future__ import annotations

import hashlib
import heapq
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol

from footage.cameras import stream_source
from footage.errors import FootageError, Interrupted, ServiceUnreachable
from footage.files import disk_trouble, make_folder, replace
from footage.hours import always
from footage.kinesis.check import key_frames
from footage.kinesis.edge import still_to_come
from footage.kinesis.fetch import ChunkFetcher, ClipService, Divided, Fetched, Lost, Outcome
from footage.kinesis.fragments import SHORTEST_FRAGMENT, Selector
from footage.kinesis.pace import FragmentBucket
from footage.kinesis.plan import Chunk, fixed_chunks, outside, plan_chunks
from footage.kinesis.survey import StreamService, Survey, Surveyor
from footage.kinesis.unlisted import chained
from footage.kinesis.workers import Workers, beside
from footage.models import SEAM_SECONDS, Camera, Clip, Media, Missing, TimeWindow
from footage.pacing import Pause, Retry
from footage.parts import discard, name_of, noted_parts, part_path, take_back
from footage.progress import CellState, Progress

log = logging.getLogger(__name__)

_FIXED_SECONDS = 60.0
_LONGEST_UNLISTED = 190 * SHORTEST_FRAGMENT
"""A clip of unknown fragments holds fewer than the 200 at which it would be cut, in a way that is not always seen."""
_SILENT_CHUNKS = 3
_PATIENCE = 600.0


class Service(ClipService, StreamService, Protocol):
    """What of the Kinesis client is needed; `kinesis_clip.KinesisClient` has it."""

    def locate(self, stream: str) -> None:
        """Find out where the clips of a stream are had, before it matters; raises what keeps them from being had."""


@dataclass(frozen=True, slots=True)
class KinesisOptions:
    """How to pull. `retries` is per clip; `fragments_per_second` stays below the 500 of all who read the stream."""

    selector: Selector = "producer"
    chunk_minutes: float | None = None
    retries: int = 8
    fragments_per_second: float = 250.0
    at_once: int = 4


class StreamPull:
    """Brings one camera's stream. `run` may be called once.

    `known` are the camera's clips that an earlier run recorded; what they answer for is not asked for again. `record`
    is called for each new clip, and each chunk that cannot be had, as soon as it is so, from the thread of `run`.
    `name_for` gives the name of a clip by its planned start and a number that tells apart those of one second. Clips
    go into `folder`, pieces under way into a folder of their own in `work`. While `may_fetch` says no, nothing is
    fetched.
    """

    def __init__(
        self,
        camera: Camera,
        window: TimeWindow,
        *,
        client: Service,
        inspect: Callable[[Path], Media],
        folder: Path,
        work: Path,
        name_for: Callable[[datetime, int], str],
        record: Callable[[Clip | Missing], None],
        known: Sequence[Clip] = (),
        options: KinesisOptions | None = None,
        progress: Progress | None = None,
        pause: Pause | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        may_fetch: Callable[[], bool] = always,
    ) -> None:
        self._may_fetch = may_fetch
        self._camera = camera
        self._window = window
        self._client = client
        self._inspect = inspect
        self._folder = folder
        self._work = work / f"kinesis-{hashlib.sha256(camera.word.encode()).hexdigest()[:8]}"
        self._name_for = name_for
        self._record = record
        self._known = known
        self._options = options or KinesisOptions()
        self._progress = progress or Progress()
        self._pause = pause or Pause()
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Chunk]] = []
        self._order = count()
        self._names: set[str] = set()
        self._done: list[Clip | Missing] = []
        self._silent = 0

    def run(self) -> list[Clip | Missing]:
        """All clips of the window, old and new, and a reason for each hole, in time order.

        Raises NotAllowed, InputRefused, DiskTrouble, ServiceUnreachable and Interrupted; what was recorded stays good.
        """
        looked, say = self._clock(), self._progress.say
        surveyor = Surveyor(self._client, self._camera, self._options.selector, now=looked, say=say)
        survey = beside(partial(surveyor.look, self._window), self._pause)
        fetcher = self._fetcher()
        with self._work_folder():
            self._take_up(fetcher)
            self._plan(survey)
            self._fetch_all(fetcher)
        clips = [*self._known, *(each for each in self._done if isinstance(each, Clip))]
        if survey.fragments is None:
            clips = chained(clips, _key_distance(clips))
        lost = [each for each in self._done if isinstance(each, Missing)]
        holes = self._holes(survey, [*clips, *survey.missing, *lost])
        missing = [*survey.missing, *still_to_come([*lost, *holes], looked)]
        return sorted([*clips, *missing], key=lambda each: each.window)

    def _plan(self, survey: Survey) -> None:
        brought = [each for each in self._done if isinstance(each, Clip)]
        taken = [clip.requested for clip in [*self._known, *brought]]
        longest = self._options.chunk_minutes * 60 if self._options.chunk_minutes else None
        selector = self._options.selector
        if survey.fragments is None:
            self._add(self._unlisted(survey.reach, taken, longest or _FIXED_SECONDS))
        else:
            self._add(plan_chunks(survey.fragments, self._window, selector, chunk_seconds=longest, done=taken))

    def _unlisted(self, reach: Sequence[TimeWindow], taken: Sequence[TimeWindow], seconds: float) -> list[Chunk]:
        """Chunks of one length; what lies before the start, for the fragment playing at it, is asked for apart."""
        window = self._window
        before = TimeWindow(min([window.start, *(part.start for part in reach)]), window.start)
        parts = [part.overlap(side) for part in reach for side in (before, window)]
        free = [each for part in parts if part for each in outside(part, taken)]
        return [chunk for part in free for chunk in fixed_chunks(part, min(seconds, _LONGEST_UNLISTED))]

    def _add(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            heapq.heappush(self._waiting, (chunk.window.start, next(self._order), chunk))
            self._progress.cell(self._camera.word, chunk.window, CellState.WANTED)

    def _take_up(self, fetcher: ChunkFetcher) -> None:
        """Record what a killed run had brought whole; the rest of what it left is thrown away."""
        take_back(self._work, self._folder, {clip.path.name for clip in self._known})
        for part in noted_parts(self._work):
            fetched = fetcher.take_up(part)
            if fetched is not None:
                log.info("%s had come whole and was not recorded: taken up", part.name)
                self._keep(self._clip(fetched), CellState.HERE)
        for left in self._work.iterdir():
            with suppress(OSError):  # Windows: a file that is still open outlives this run
                left.unlink()

    def _fetch_all(self, fetcher: ChunkFetcher) -> None:
        """Oldest first, a few at a time. An error lets those under way come in before it is raised."""
        workers = Workers[tuple[str, Outcome]](self._options.at_once, self._pause)
        failed: FootageError | None = None
        try:
            while workers.under_way or (self._waiting and failed is None):
                if failed is None:
                    self._start_more(workers, fetcher)
                try:
                    self._settle(*workers.next_end())
                except Interrupted:
                    raise
                except FootageError as error:
                    failed = failed or error
        finally:
            workers.close()
        if failed is not None:
            raise failed

    def _start_more(self, workers: Workers[tuple[str, Outcome]], fetcher: ChunkFetcher) -> None:
        while self._waiting and workers.under_way < self._options.at_once:
            *_, chunk = heapq.heappop(self._waiting)
            self._progress.cell(self._camera.word, chunk.window, CellState.FETCHING)
            workers.start(partial(self._fetch, fetcher, chunk, self._free_name(chunk.window.start)))

    def _fetch(self, fetcher: ChunkFetcher, chunk: Chunk, name: str) -> tuple[str, Outcome]:
        return name, fetcher.fetch(chunk, part_path(self._work, name))

    def _settle(self, name: str, outcome: Outcome) -> None:
        self._names.discard(name)
        if isinstance(outcome, Divided):
            self._add(outcome.parts)
        elif isinstance(outcome, Fetched):
            self._silent = 0
            self._keep(self._clip(outcome), CellState.HERE)
        else:
            asked = outcome.chunk.window.overlap(self._window)
            if asked is not None:  # else it was only looked for, before the start
                self._keep(Missing(self._camera.word, asked, outcome.reason, outcome.detail), CellState.MISSING)
            self._endure(outcome)

    def _keep(self, result: Clip | Missing, state: CellState) -> None:
        self._done.append(result)
        self._record(result)
        if isinstance(result, Clip):  # on disk in the journal: how it came may be forgotten
            discard(part_path(self._work, result.path.name))
        flaw = "" if isinstance(result, Missing) or result.media.is_whole else "damaged"
        reason = result.reason if isinstance(result, Missing) else flaw
        self._progress.cell(self._camera.word, result.window, state, reason)

    def _endure(self, lost: Lost) -> None:
        """One chunk that gets no answer is a gap; several after each other are a service that is not there."""
        self._silent = self._silent + 1 if lost.silence else 0
        if lost.silence and self._silent >= _SILENT_CHUNKS:
            raise ServiceUnreachable(lost.silence.message)

    def _clip(self, fetched: Fetched) -> Clip:
        """Give the file its name, and its place on the wall clock: that of its first fragment."""
        asked = fetched.chunk.window
        target = self._folder / name_of(fetched.path)
        with disk_trouble(target):
            replace(fetched.path, target)
        length = timedelta(seconds=round(fetched.media.duration, 6))
        return Clip(
            camera=self._camera.word,
            path=target,
            window=TimeWindow(asked.start, asked.start + length),
            requested=asked,
            returned=asked,
            size=fetched.size,
            sha256=fetched.sha256,
            media=fetched.media,
            source=stream_source(self._camera.stream, self._options.selector),
            arrived=self._clock(),
        )

    def _free_name(self, start: datetime) -> str:
        names = (self._name_for(start, number) for number in count(1))
        name = next(name for name in names if name not in self._names and not (self._folder / name).exists())
        self._names.add(name)
        return name

    def _holes(self, survey: Survey, results: Sequence[Clip | Missing]) -> Iterator[Missing]:
        """What no fragment fills. By arrival times the clips do not fit together, so what they answer for counts."""
        broken = [rest for each in results if (rest := _broken_rest(each)) is not None]
        yield from broken
        if survey.fragments is None:
            return
        by_arrival = self._options.selector == "server"
        covered = [each.requested if by_arrival and isinstance(each, Clip) else each.window for each in results]
        covered += [each.window for each in broken]
        detail = "The stream holds no fragments of this time." if survey.fragments else "The stream holds no fragments."
        detail = survey.refusal or detail
        for hole in outside(self._window, covered):
            if hole.seconds >= SEAM_SECONDS:
                yield Missing(self._camera.word, hole, "no_media", detail)

    def _fetcher(self) -> ChunkFetcher:
        return ChunkFetcher(
            self._client,
            self._camera.stream or self._camera.word,
            self._options.selector,
            inspect=self._inspect,
            bucket=FragmentBucket(self._options.fragments_per_second, self._pause, is_open=self._may_fetch),
            retry=Retry(self._pause, attempts=self._options.retries, patience=_PATIENCE),
            pause=self._pause,
            clock=self._clock,
            received=self._progress.received,
        )

    @contextmanager
    def _work_folder(self) -> Iterator[None]:
        """A folder for pieces under way, which goes with the last of them."""
        make_folder(self._work)
        try:
            yield
        finally:
            with suppress(OSError):
                self._work.rmdir()


def _key_distance(clips: Sequence[Clip]) -> float:
    """The longest distance of key frames, in seconds: that of fragments, where each begins with one."""
    return max((clip.media.duration / (key_frames(clip.path) or 1) for clip in clips), default=0.0)


def _broken_rest(result: Clip | Missing) -> Missing | None:
    """What a clip that is broken inside should have held beyond its end."""
    if isinstance(result, Missing) or result.media.complete or result.window.end >= result.requested.end:
        return None
    rest = TimeWindow(max(result.window.end, result.requested.start), result.requested.end)
    return Missing(result.camera, rest, "damaged", f"{result.path.name} is broken inside")
