"""Measures the side-by-side film: against the way of the nearest public tool, against bare ffmpeg, and after waiting.

    python -m bench.compose [--seconds 60] [--ancestor-seconds 2] [--wait-minutes 3 30]

Prints ratios, all from this one run on this machine. Footage: 1080p30, 720p30 and 480p25, with sensor noise.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from bench.ancestor import compose as ancestor_compose
from footage.models import UTC, Clip, TimeWindow
from footage.timeline import lay
from footage.video.compose import Scene, command
from footage.video.cutting import FrameAxis, Tile, tile_cuts
from footage.video.encoder import software
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import arrange
from footage.video.probe import inspect
from footage.video.render import Words, paint
from footage.video.side_by_side import Look, SideBySide

START = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
CLIP_SECONDS = 20
LOOK = Look("Bench", "America/Chicago")
SMALL = replace(LOOK, tile_height=180)
RATE = Fraction(30)


@dataclass(frozen=True)
class Kind:
    """A camera of the bench."""

    label: str
    size: str
    rate: int


KINDS = (Kind("Road", "1920x1080", 30), Kind("Driver", "1280x720", 30), Kind("Analog1", "854x480", 25))


def main() -> None:
    """Run all measurements."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--ancestor-seconds", type=float, default=2.0)
    options.add_argument("--wait-minutes", type=int, nargs="*", default=[3, 30])
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for minutes in asked.wait_minutes:
            bench.after_the_last_clip(minutes)
        ours, bare = bench.against_bare(asked.seconds)
        memory()
        ancestor = bench.ancestor(asked.ancestor_seconds) / asked.ancestor_seconds * asked.seconds
    print(f"{asked.seconds} s of three cameras on {os.cpu_count()} cores")
    print(f"  ours                     {ours:8.1f} s   {asked.seconds / ours:.2f} times as fast as real time")
    print(f"  one bare ffmpeg command  {bare:8.1f} s   ours takes {ours / bare:.2f} of it (at most 1.05)")
    print(f"  the ancestor's way       {ancestor:8.1f} s   ours is {ancestor / ours:.1f} times as fast (at least 12)")
    print(f"  (the ancestor was measured on {asked.ancestor_seconds:g} s and scaled)")


class Bench:
    """The footage, made once, and the measurements on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tool = FFmpeg()
        self._files = {kind.label: _record(kind, folder, self._tool) for kind in KINDS}

    def against_bare(self, seconds: int) -> tuple[float, float]:
        """Ours over the whole and one bare ffmpeg command over the whole, each the better of two, in seconds."""
        window, tiles = self.incident(seconds)
        ours, bare = [], []
        for _ in range(2):
            ours.append(_timed(lambda: self._ours(window, tiles)))
            bare.append(_timed(lambda: self._bare(window, tiles)))
        return min(ours), min(bare)

    def ancestor(self, seconds: float) -> float:
        """The ancestor's way over a piece, in seconds."""
        paths = [self._files[kind.label] for kind in KINDS]
        return _timed(lambda: ancestor_compose(paths, seconds, self._folder / "ancestor.mp4"))

    def after_the_last_clip(self, minutes: int) -> None:
        """How long the end takes when all but the last stretch were made while waiting."""
        window, tiles = self.incident(60 * minutes)
        work = self._fresh()
        film = _film(window, SMALL, work)
        last = len(film.stretches) - 1
        film.offer(tiles, range(last))
        while len(list(work.glob("*-libx264.mp4"))) < last:
            time.sleep(0.2)
        rest = _timed(lambda: film.complete(tiles))
        joined = _timed(lambda: film.finish(tiles, None, self._folder / "film.mp4"))
        film.stop()
        one = self._one_stretch()
        print(f"{minutes} min: one stretch alone takes {one:.2f} s; after the last clip {rest:.2f} s")
        print(f"  ({rest / one:.2f} of it, at most 1.5) and {joined:.2f} s for join and check")

    def _one_stretch(self) -> float:
        window, tiles = self.incident(CLIP_SECONDS)
        film = _film(window, SMALL, self._fresh())
        taken = _timed(lambda: film.complete(tiles))
        film.stop()
        return taken

    def _ours(self, window: TimeWindow, tiles: list[Tile]) -> None:
        film = _film(window, LOOK, self._fresh())
        film.complete(tiles)
        film.finish(tiles, None, self._folder / "ours.mp4")
        film.stop()

    def _bare(self, window: TimeWindow, tiles: list[Tile]) -> None:
        axis, work, threads = FrameAxis(window, RATE), self._fresh(), os.cpu_count() or 1
        whole = range(axis.frames)
        cuts = tuple(tile_cuts(axis, whole, tile) for tile in tiles)
        scene = Scene(axis, whole, arrange(len(tiles), LOOK.layout, LOOK.tile_height), cuts)
        art = paint(scene, Words(LOOK.title, tuple(tile.label for tile in tiles), LOOK.timezone), work)
        encoder = software(LOOK.quality, RATE)
        self._tool.run(command(scene, art, encoder, self._folder / "bare.mp4", threads=threads))

    def incident(self, seconds: int) -> tuple[TimeWindow, list[Tile]]:
        """An incident of so many seconds, and what each camera has of it."""
        window = TimeWindow(START, START + timedelta(seconds=seconds))
        cameras = {label: lay(window, _clips(label, path, seconds), []) for label, path in self._files.items()}
        return window, [Tile(label, pieces) for label, pieces in cameras.items()]

    def _fresh(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))


def memory() -> None:
    """The largest memory that this program and one ffmpeg held, where the system tells."""
    try:
        import resource
    except ImportError:
        print("peak memory: this system does not tell")
        return
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory: this program {own:.0f} MB, the largest ffmpeg {largest:.0f} MB")


def _film(window: TimeWindow, look: Look, work: Path) -> SideBySide:
    return SideBySide(window, look, work=work, tool=FFmpeg(), hardware=(), stretch_seconds=CLIP_SECONDS)


def _record(kind: Kind, folder: Path, tool: FFmpeg) -> Path:
    path = folder / f"{kind.label}.mp4"
    source = f"testsrc2=size={kind.size}:rate={kind.rate}:duration={CLIP_SECONDS},noise=alls=5:allf=t,format=yuv420p"
    coded = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-g", str(2 * kind.rate))
    tool.run(["-f", "lavfi", "-i", source, *coded, str(path)])
    return path


def _clips(label: str, path: Path, seconds: int) -> Iterator[Clip]:
    """The same file after itself, until `seconds` are full."""
    media, digest = inspect(path), hashlib.sha256(path.read_bytes()).hexdigest()
    for begin in range(0, seconds, CLIP_SECONDS):
        start = START + timedelta(seconds=begin)
        window = TimeWindow(start, start + timedelta(seconds=media.duration))
        yield Clip(label, path, window, window, window, path.stat().st_size, digest, media)


def _timed(job: Callable[[], object]) -> float:
    """Seconds that a job takes."""
    begun = time.perf_counter()
    job()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
