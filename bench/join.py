"""How long one film of many clips takes beside ffmpeg's bare concat of the same clips, and what memory it needs.

python bench/join.py [--clips 60] [--seconds 60] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from footage.models import UTC, Clip, TimeWindow
from footage.video.ffmpeg import FFmpeg
from footage.video.join import join
from footage.video.probe import inspect

_START = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
_MEGABYTE = 1 << 20
_SAMPLING_SECONDS = 0.02


def make_clip(tool: FFmpeg, path: Path, seconds: float) -> None:
    """A 1080p clip at 30 pictures a second and about 4 Mbit/s, with sound."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=30:d={seconds}"]
    sound = ["-f", "lavfi", "-i", f"anoisesrc=r=48000:a=0.1:d={seconds}", "-c:a", "aac", "-b:a", "96k"]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-b:v", "4M", "-pix_fmt", "yuv420p"]
    tool.run([*picture, *sound, *video, "-movflags", "+faststart", str(path)])


def copies(original: Path, count: int) -> list[Clip]:
    """`count` clips in a row with the same content, each a file of its own."""
    media = inspect(original)
    length = timedelta(seconds=media.duration)
    first = TimeWindow(_START, _START + length)
    clip = Clip("road", original, first, first, first, original.stat().st_size, "", media)
    made = []
    for number in range(count):
        path = Path(shutil.copy(original, original.with_name(f"clip_{number:03d}.mp4")))
        window = TimeWindow(_START + number * length, _START + (number + 1) * length)
        made.append(replace(clip, path=path, window=window, requested=window, returned=window))
    return made


def bare_concat(tool: FFmpeg, clips: list[Clip], folder: Path) -> None:
    """What anyone would type: concat with stream copy, unchecked, without chapters, clock or index in front."""
    listed = folder / "bare.txt"
    listed.write_text("".join(f"file '{clip.path.as_posix()}'\n" for clip in clips), encoding="utf-8")
    command = ["-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(folder / "bare.mp4")]
    subprocess.run([str(tool.binary), "-v", "error", "-nostdin", "-y", *command], check=True)


def own_memory() -> float:
    """Resident memory of this process in MB (0 where the system does not tell)."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0.0
    return int(pages) * 4096 / _MEGABYTE


class Peak:
    """The highest resident memory while it watches."""

    def __init__(self) -> None:
        self.megabytes = own_memory()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLING_SECONDS):
            self.megabytes = max(self.megabytes, own_memory())


def timed(work: Callable[[], object], folder: Path | None = None) -> float:
    """Seconds that `work` takes, with no film in `folder` yet and nothing left for the disk to write from before."""
    for film in ("bare.mp4", "film.mp4"):
        if folder is not None:
            (folder / film).unlink(missing_ok=True)
    if sys.platform != "win32":
        os.sync()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def our_join(tool: FFmpeg, clips: list[Clip], folder: Path) -> None:
    """The program's film of the same clips."""
    film = join(clips, folder / "film.mp4", tool=tool, work=folder / "work", zone=UTC, title="bench")
    assert film.packets["video"] == sum(clip.media.video.packets for clip in clips if clip.media.video)


def measure(clips: int, seconds: float, rounds: int) -> None:
    """Print each round's two times and their ratio, then the memory for a tenth of the clips and for all."""
    tool = FFmpeg()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        original = folder / "original.mp4"
        make_clip(tool, original, seconds)
        print(f"inspect of one clip: {timed(lambda: inspect(original)) * 1000:.0f} ms")
        made = copies(original, clips)
        print(f"{clips} clips of {seconds:g} s, {sum(clip.size for clip in made) / _MEGABYTE:.0f} MB")
        ratios = [compare(tool, made, folder, number) for number in range(rounds)]
        print(f"median ratio: {sorted(ratios)[len(ratios) // 2]:.2f} (at most 1.5 is wanted)")
        for count in (max(clips // 10, 1), clips):
            with Peak() as peak:
                our_join(tool, made[:count], folder)
            print(f"peak memory of this process over {count} clips: {peak.megabytes:.0f} MB")


def compare(tool: FFmpeg, made: list[Clip], folder: Path, number: int) -> float:
    """One round, each of the two first in every other one; returns ours over bare."""
    work = {"bare concat": lambda: bare_concat(tool, made, folder), "join": lambda: our_join(tool, made, folder)}
    names = sorted(work, reverse=number % 2 == 1)
    taken = {name: timed(work[name], folder) for name in names}
    ratio = taken["join"] / taken["bare concat"]
    print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in taken.items()) + f", ratio {ratio:.2f}")
    return ratio


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    measure(asked.clips, asked.seconds, asked.rounds)
