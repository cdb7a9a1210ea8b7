"""How long after the last clip a page plays all cameras, while the side-by-side is still being composed."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import perf_counter, sleep

from footage.evidence.packager import Packager
from footage.files import sha256_of
from footage.films import Films, FilmSet
from footage.journal import Journal
from footage.models import Camera, Clip, Incident, TimeWindow
from footage.progress import CellState, Progress
from footage.report import Report, Requests
from footage.samsara.board import Board
from footage.samsara.tracking import ReadingService
from footage.settings import RunSettings
from footage.standing import Standing
from footage.video.ffmpeg import FFmpeg
from footage.video.probe import inspect

START = datetime(2026, 11, 18, 14, 30, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
_SHAPES = {"road": ("1280x720", 30, "2500k"), "driver": ("854x480", 25, "1200k"), "analog1": ("640x480", 15, "700k")}
_AHEAD_SECONDS = 1.0
"""For how long the side-by-side has been under way when the last clip comes."""


class Seen(Exception):  # noqa: N818 - what it says
    """The first look is there; the rest of the film is not waited for."""


def draw(word: str, target: Path, tool: FFmpeg) -> None:
    """One minute of a camera, with sound on the road."""
    size, fps, rate = _SHAPES[word]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=60:sample_rate=48000"] if word == "road" else []
    picture = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration=60"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", rate, "-maxrate", rate, "-bufsize", rate]
    rest = ["-g", str(fps * 2), "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", str(target)]
    tool.run([*picture, *sound, *coded, *rest])


def clips_of(word: str, folder: Path, minutes: int, tool: FFmpeg) -> list[Clip]:
    """A clip for each minute: copies of one, which is no matter to who joins them."""
    drawn = folder / f"drawn-{word}.mp4"
    draw(word, drawn, tool)
    media, sha256 = inspect(drawn), sha256_of(drawn)
    clips = []
    for number in range(minutes):
        path = folder / f"{word.title()}_VideoClip_{number:03d}.mp4"
        shutil.copy(drawn, path)
        begin = START + number * MINUTE
        window = TimeWindow(begin, begin + timedelta(seconds=media.duration))
        asked = TimeWindow(begin, begin + MINUTE)
        clips.append(Clip(word, path, window, asked, asked, path.stat().st_size, sha256[:-4] + f"{number:04d}", media))
    drawn.unlink()
    return clips


def main() -> None:
    """Draw the clips, then take the time from the last clip to the page, with both ways in which it may come."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_look", description=__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work, on the disk that is meant")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder) as temporary:
        folder = Path(temporary)
        clips = {word: clips_of(word, folder, given.minutes, FFmpeg()) for word in _SHAPES}
        size = sum(clip.size for found in clips.values() for clip in found)
        what = f"{given.minutes} minutes of {len(_SHAPES)} cameras, {size / 1e6:.0f} MB, {os.cpu_count()} cores"
        print(f"{what}; from the last clip to the first look, side-by-side under way:")
        for said, late in (("all cameras' last clips at once", tuple(_SHAPES)), ("one camera's last clip", ("road",))):
            times = sorted(_measure(folder, given.minutes, clips, late) for _ in range(given.rounds))
            print(f"  {said}: median {times[len(times) // 2]:.2f} s ({times[0]:.2f} to {times[-1]:.2f})")


class Arriving:
    """An incident of which all has come but the last clip of the cameras in `late`."""

    def __init__(self, folder: Path, minutes: int, clips: dict[str, list[Clip]], late: Sequence[str]) -> None:
        cameras = tuple(Camera(word) for word in _SHAPES)
        self.incident = Incident("Bench", TimeWindow(START, START + minutes * MINUTE), "America/Chicago", cameras)
        self.journal = Journal(None, self.incident, folder, RunSettings(), START)
        self.windows = [TimeWindow(START + n * MINUTE, START + (n + 1) * MINUTE) for n in range(minutes)]
        self.board = Board(self.windows, cameras, Progress())
        self.standing = Standing(self.journal, self.board)
        self.settled = [word for word in clips if word not in late]
        self._last = [clips[word][-1] for word in late]
        for word, found in clips.items():
            for clip in found if word in self.settled else found[:-1]:
                self._arrive(clip)

    def the_last_arrive(self) -> None:
        """The rest comes."""
        for clip in self._last:
            self._arrive(clip)

    def _arrive(self, clip: Clip) -> None:
        self.journal.clips.append(clip)
        self.board.set((clip.camera, clip.requested), CellState.HERE)


def _measure(folder: Path, minutes: int, clips: dict[str, list[Clip]], late: Sequence[str]) -> float:
    arriving = Arriving(folder, minutes, clips, late)
    journal, standing = arriving.journal, arriving.standing
    tool = FFmpeg(stop=threading.Event())
    packager = Packager(journal, _no_service, tool, lambda: START, lambda text: None, asks_nothing=False)
    ended: list[float] = []

    def look(films: FilmSet) -> None:
        packager.first_look(Report(journal, standing, films, Requests(), 0.0, None))
        ended.append(perf_counter())
        raise Seen

    work = folder / ".work"
    work.mkdir()
    films = Films(journal, standing, journal.settings.films, work=work, tool=tool, progress=Progress(), first_look=look)
    films.offer()  # stretches are under way, two at a time, and cameras are joined of which nothing more can come
    while len(list(work.glob("join-*.mp4"))) < len(arriving.settled):
        sleep(0.1)
    sleep(_AHEAD_SECONDS)
    began = perf_counter()
    arriving.the_last_arrive()
    try:
        films.finish()
    except Seen:
        films.stop()
    _clear(folder)
    return ended[0] - began


def _clear(folder: Path) -> None:
    shutil.rmtree(folder / ".work")
    for path in (*folder.glob("*_Merged_*"), folder / "index.html"):
        path.unlink()
    if sys.platform != "win32":
        os.sync()  # what one round has left to be written is not the next one's to wait for


def _no_service() -> ReadingService:
    raise AssertionError("an incident without a vehicle asks nobody")


if __name__ == "__main__":
    main()
