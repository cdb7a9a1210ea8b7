"""The side-by-side film in stretches: made in the background as footage arrives, kept, and joined at the end."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from dataclasses import replace as replace_words
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Literal

from footage.errors import Interrupted, ToolFailed
from footage.files import replace
from footage.models import Media, TimeWindow
from footage.video import encoder as encoders
from footage.video import film as films
from footage.video.complaints import Complaints, Damage, Scan
from footage.video.compose import Scene, command
from footage.video.cutting import Card, FrameAxis, Shot, Tile, clips_in, tile_cuts
from footage.video.encoder import Encoder
from footage.video.ffmpeg import FFmpeg
from footage.video.film import Film
from footage.video.layout import Arrangement, arrange
from footage.video.render import Engine, Words, art_in, render, with_ffmpeg

__all__ = ["ClockLine", "Damage", "Film", "Look", "SideBySide", "Tile"]

log = logging.getLogger(__name__)

COMPOSE_VERSION = 1
"""Raise it whenever the same input makes another picture: kept stretches of an older version are then not used."""
_WORKERS = 2
"""Two stretches at once use a machine better than one with more threads; more would only take more memory."""
_MOST_THREADS = 4
_CHECK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Look:
    """How the film looks. `title` names the vehicle or incident; `quality` is a word of encoder.QUALITIES."""

    title: str
    timezone: str
    layout: Arrangement = "row"
    tile_height: int = 720
    fps: int | Fraction = 30
    quality: str = "standard"
    engine: Literal["ffmpeg", "moviepy"] = "ffmpeg"


@dataclass(frozen=True, slots=True)
class ClockLine:
    """What stands in the bar in place of the clock alone: a text for each second, `longest` none of them longer."""

    text: Callable[[datetime], str]
    longest: str


@dataclass(frozen=True, slots=True)
class _Order:
    """A stretch to be made; equal orders make equal stretches."""

    scene: Scene
    words: Words
    key: str


@dataclass(frozen=True, slots=True)
class _Job:
    key: str
    done: Future[tuple[Damage, ...]]


def untold(stretch: int, is_made: bool) -> None:
    """Takes what is told of a stretch and does nothing with it."""


class SideBySide:
    """One film under way. `window` is the incident; `work` keeps the finished stretches from run to run.

    Background threads each wait for one ffmpeg; `told` hears there which stretch is begun (False) or made (True).
    `scan` and `hardware` stand for damage.scan and the hardware encoders that may be tried.
    """

    def __init__(
        self,
        window: TimeWindow,
        look: Look,
        *,
        work: Path,
        tool: FFmpeg,
        workers: int | None = None,
        stretch_seconds: float = 60.0,
        told: Callable[[int, bool], None] = untold,
        clock_line: ClockLine | None = None,
        scan: Scan | None = None,
        hardware: Sequence[Encoder] | None = None,
    ) -> None:
        fps = Fraction(look.fps)
        self._look, self._work, self._tool, self._told = look, work, tool, told
        self._clock_line = clock_line
        self._axis = FrameAxis(window, fps)
        self._cuts = self._axis.cut(stretch_seconds)
        self._workers = workers or _WORKERS
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="film")
        self._jobs: dict[int, _Job] = {}
        software = encoders.software(look.quality, fps)
        candidates = hardware
        if hardware is None:  # moviepy's writer can hand nothing to hardware
            candidates = encoders.hardware(look.quality, fps) if look.engine == "ffmpeg" else ()
        self._choice = encoders.Choice(candidates or (), software, fps, tool=tool, work=work)
        self._complaints = Complaints(scan or _scan_with(tool))

    @property
    def stretches(self) -> tuple[TimeWindow, ...]:
        """The times of the stretches, in order; the last one is shorter."""
        return tuple(TimeWindow(self._axis.instant(cut.start), self._axis.instant(cut.stop)) for cut in self._cuts)

    def offer(self, tiles: Sequence[Tile], stretches: Collection[int]) -> None:
        """Begin to make these stretches (numbers into `stretches`) in the background, but none that is there already.

        Never blocks. Raises what went wrong in the background since the last call.
        """
        self._raise_failure()
        if self._tool.stop.is_set():
            raise Interrupted("the side-by-side film was stopped")
        for number in sorted(stretches):
            order = self._order(tiles, number)
            if not self._settled(number, order):
                self._jobs[number] = _Job(order.key, self._pool.submit(self._make, number, order))

    def complete(self, tiles: Sequence[Tile]) -> tuple[Damage, ...]:
        """Make all stretches that are missing and wait for them.

        Returns damage that the clips' Media does not list yet: those stretches were not kept. Lay the tiles anew with
        it and call again, until nothing is returned. Raises Interrupted after `stop`.
        """
        orders = [self._order(tiles, number) for number in range(len(self._cuts))]
        while True:
            self.offer(tiles, range(len(self._cuts)))
            self._wait()
            self._raise_failure()
            damages = self._complaints.tell(damage for job in self._jobs.values() for damage in job.done.result())
            if damages:
                return damages
            if all(self._path(order).exists() for order in orders):
                return ()

    def finish(self, tiles: Sequence[Tile], sound: Path | None, target: Path) -> Film:
        """Join the stretches, with `sound` (an AAC track as long as the film) under them, to `target`, and check it.

        Raises ToolFailed where the film is not exactly as planned; `target` then is as it was.
        """
        orders = [self._order(tiles, number) for number in range(len(self._cuts))]
        paths = [self._path(order) for order in orders]
        if not films.same_parameters(paths):
            raise ToolFailed("the stretches of the film were encoded differently and cannot be joined")
        layout = orders[0].scene.layout
        joined = films.join(paths, self._cuts, self._axis, layout, sound, target, tool=self._tool)
        return Film(
            path=target,
            seconds=float(self._axis.frames / self._axis.fps),
            frames=self._axis.frames,
            width=layout.width,
            height=layout.height,
            encoder=self._encoder(orders[0]).name,
            commands=(*self._commands(orders), shlex.join(("ffmpeg", *joined))),
        )

    def stop(self) -> None:
        """End all background work within a moment; what is whole is kept."""
        self._tool.stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _order(self, tiles: Sequence[Tile], number: int) -> _Order:
        cut = self._cuts[number]
        layout = arrange(len(tiles), self._look.layout, self._look.tile_height)
        scene = Scene(self._axis, cut, layout, tuple(tile_cuts(self._axis, cut, tile) for tile in tiles))
        words = Words(self._look.title, tuple(tile.label for tile in tiles), self._look.timezone)
        if self._clock_line is not None:
            lines = tuple(self._clock_line.text(second) for second in scene.clock_seconds)
            words = replace_words(words, lines=lines, room_for=self._clock_line.longest)
        return _Order(scene, words, _key(scene, words, self._look))

    def _encoder(self, order: _Order) -> Encoder:
        return self._choice.encoder(order.scene.layout.width, order.scene.layout.height)

    def _path(self, order: _Order) -> Path:
        return self._work / f"{order.key}-{self._encoder(order).name}.mp4"

    def _settled(self, number: int, order: _Order) -> bool:
        """Whether a stretch is under way or made as ordered; an older order for it is given up."""
        job = self._jobs.get(number)
        if job is None:
            return False
        if job.key != order.key:
            job.done.cancel()
            return False
        return not job.done.done() or (not job.done.result() and self._path(order).exists())

    def _make(self, number: int, order: _Order) -> tuple[Damage, ...]:
        """Make one stretch, unless it is there, in a thread of the pool; returns the damage that prevented it."""
        if self._path(order).exists():
            self._told(number, True)
            return ()
        self._told(number, False)
        encoder, clips = self._encoder(order), clips_in(order.scene.tiles)
        target = self._path(order)
        growing = target.with_name(f"{target.stem}.{os.getpid()}-{secrets.token_hex(4)}.part.mp4")
        try:
            said = render(order.scene, order.words, encoder, growing, self._tool, self._threads(), self._engine())
            damage = self._complaints.news(said, clips)
            if not damage:
                replace(growing, target)
                self._told(number, True)
                log.info("side by side: stretch %d of %d is made", number + 1, len(self._cuts))
        except ToolFailed as failure:
            damage = self._after_failure(number, order, encoder, failure)
        finally:
            growing.unlink(missing_ok=True)
        return damage

    def _after_failure(
        self, number: int, order: _Order, encoder: Encoder, failure: ToolFailed
    ) -> tuple[Damage, ...]:
        """A clip that cannot be decoded is damage; a hardware encoder that fails is replaced; the rest is an error."""
        damage = self._complaints.news(failure.message, clips_in(order.scene.tiles))
        if damage:
            return damage
        if not self._choice.fall_back(encoder):
            raise failure
        log.warning("%s failed; libx264 makes the film from here on: %s", encoder.name, failure.message)
        return self._make(number, order)

    def _threads(self) -> int:
        """A stretch's share of the machine; the last one, for which a person waits, has all of it."""
        under_way = sum(not job.done.done() for job in list(self._jobs.values()))
        share = (os.cpu_count() or 1) // max(1, min(self._workers, under_way))
        return max(1, min(_MOST_THREADS, share))

    def _engine(self) -> Engine:
        if self._look.engine == "ffmpeg":
            return with_ffmpeg
        from footage.video.moviepy_engine import with_moviepy

        return with_moviepy

    def _wait(self) -> None:
        """Until nothing is under way. It looks up now and then, so that Ctrl-C is heard on Windows too."""
        while wait([job.done for job in self._jobs.values()], timeout=_CHECK_SECONDS).not_done:
            if self._tool.stop.is_set():
                raise Interrupted("stopped while the side-by-side film was being made")

    def _raise_failure(self) -> None:
        for number, job in list(self._jobs.items()):
            if job.done.done() and not job.done.cancelled() and (failure := job.done.exception()):
                del self._jobs[number]
                raise failure

    def _commands(self, orders: Sequence[_Order]) -> Iterator[str]:
        """The command of each stretch as a person would type it; painted parts stand there by their bare names."""
        for order in orders:
            art, target = art_in(Path(), order.scene), Path(self._path(order).name)
            arguments = command(order.scene, art, self._encoder(order), target, threads=1)
            yield shlex.join(("ffmpeg", *arguments))


def _key(scene: Scene, words: Words, look: Look) -> str:
    """A name for everything that decides how a stretch looks: what is in the files, not where they lie."""
    facts = {
        "version": COMPOSE_VERSION,
        "film": [scene.axis.window.start.isoformat(), str(scene.axis.fps), scene.stretch.start, scene.stretch.stop],
        "look": [look.quality, look.engine, asdict(scene.layout), asdict(words)],
        "tiles": [[_facts(cut) for cut in cuts] for cuts in scene.tiles],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _facts(cut: Shot | Card) -> list[str | int]:
    if isinstance(cut, Shot):
        return [cut.clip.sha256, cut.at, cut.frames]
    return [cut.label, cut.window.start.isoformat(), cut.window.end.isoformat(), cut.reason, cut.frames]


def _scan_with(tool: FFmpeg) -> Scan:
    def scan(path: Path, media: Media) -> tuple[tuple[float, float], ...]:
        from footage.video.damage import scan as decode

        return tuple(decode(path, media, tool=tool))

    return scan
