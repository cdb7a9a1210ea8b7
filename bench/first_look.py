"""How long after the last clip a page plays all cameras, while the side-by-side is still being composed."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import perf_counter

from footage.board import Board
from footage.evidence.packager import Packager
from footage.files import sha256_of
from footage.films import Films, FilmSet
from footage.journal import Journal
from footage.models import Camera, Clip, Incident, TimeWindow
from footage.progress import Progress
from footage.report import Report, Requests
from footage.settings import RunSettings
from footage.standing import Standing
from footage.tracking import ReadingService
from footage.video.ffmpeg import FFmpeg
from footage.video.probe import inspect

START = datetime(2026, 11, 18, 14, 30, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
_SHAPES = {"road": ("1280x720", 30, "2500k"), "driver": ("854x480", 25, "1200k"), "analog1": ("640x480", 15, "700k")}


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
    """Draw the clips, let stretches be composed, then take the time from the last clip to the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_look", description=__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="where to work, on the disk that is meant")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder) as temporary:
        seconds, size = _measure(Path(temporary), given.minutes)
    what = f"{given.minutes} minutes of {len(_SHAPES)} cameras, {size / 1e6:.0f} MB, {os.cpu_count()} cores"
    print(f"{what}, side-by-side under way: first look after {seconds:.2f} s")


def _measure(folder: Path, minutes: int) -> tuple[float, int]:
    cameras = tuple(Camera(word) for word in _SHAPES)
    incident = Incident("Bench", TimeWindow(START, START + minutes * MINUTE), "America/Chicago", cameras)
    journal = Journal(None, incident, folder, RunSettings(), START)
    journal.clips = [clip for word in _SHAPES for clip in clips_of(word, folder, minutes, FFmpeg())]
    size = sum(clip.size for clip in journal.clips)
    tool = FFmpeg(stop=threading.Event())
    packager = Packager(journal, _no_service, tool, lambda: START, lambda text: None, asks_nothing=False)
    standing = Standing(journal, Board([incident.window], [], Progress()))
    ended: list[float] = []

    def look(films: FilmSet) -> None:
        packager.first_look(Report(journal, standing, films, Requests(), 0.0, None))
        ended.append(perf_counter())
        raise Seen

    work = folder / ".work"
    work.mkdir()
    films = Films(journal, standing, journal.settings.films, work=work, tool=tool, progress=Progress(), first_look=look)
    films.offer()  # every stretch is under way, two at a time, as in a run whose last clip has just come
    began = perf_counter()
    try:
        films.finish()
    except Seen:
        films.stop()
    return ended[0] - began, size


def _no_service() -> ReadingService:
    raise AssertionError("an incident without a vehicle asks nobody")


if __name__ == "__main__":
    main()
