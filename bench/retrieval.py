"""A long pull against the stand-in: calls a sweep, time from ready to download and to disk, peak memory of the program.

`python -m bench.retrieval` pulls 60 and then 480 windows of three cameras at the real pace of requests (100 a minute),
so that it takes about ten minutes. The stand-in keeps the service's limits and runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.faults import ClipFate, Script
from footage.models import UTC
from footage.video.ffmpeg import FFmpeg

ROOT = Path(__file__).parent.parent
START = datetime(2026, 11, 18, 0, 0, tzinfo=UTC)
VEHICLE, CAMERAS = "Truck 104", ("road", "driver", "analog1")
UNAVAILABLE, LATE = 0.03, 0.2
SOON_SECONDS, LATE_SECONDS = 5.0, 45.0
MOST_CALLS_A_SWEEP, MOST_CALLS_A_SECOND, MOST_POSTS_A_MINUTE, MOST_GROWTH_MB = 20, 5, 100, 20
MOST_INTERVALS_TO_DOWNLOAD = 1.0
_NEXT_SWEEP = 1.0
"""Reads of one sweep follow one another 0.26 s apart; a longer pause is between two sweeps."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One pull: seconds, calls of each sweep, most calls in a second and a minute, waits in intervals, peak in MB."""

    windows: int
    exit_code: int
    seconds: float
    sweeps: tuple[int, ...]
    calls_a_second: int
    posts_a_minute: int
    refused: int
    posted_twice: int
    to_download: tuple[float, ...]
    to_disk: tuple[float, ...]
    peak: float | None

    def print(self, interval: float) -> None:
        """The figures, a line each."""
        print(f"{self.windows} windows x {len(CAMERAS)} cameras: {self.seconds:.0f} s, exit code {self.exit_code}")
        print(f"  calls a sweep: at most {max(self.sweeps)}, on average {statistics.mean(self.sweeps):.1f}")
        print(f"  calls in any second: at most {self.calls_a_second}; requests in any minute: {self.posts_a_minute}")
        print(f"  refused for their pace: {self.refused}; requests sent twice: {self.posted_twice}")
        for what, waits in (("the start of its download", self.to_download), ("on disk", self.to_disk)):
            middle, most = statistics.median(waits), max(waits)
            print(f"  from ready to {what}, in intervals of {interval:g} s: median {middle:.2f}, at most {most:.2f}")
        print("  peak memory: " + ("not measured here" if self.peak is None else f"{self.peak:.1f} MB"))

    @property
    def good(self) -> bool:
        """Whether the limits and promises are kept."""
        paced = self.calls_a_second <= MOST_CALLS_A_SECOND and self.posts_a_minute <= MOST_POSTS_A_MINUTE
        asked_well = not self.refused and not self.posted_twice and max(self.sweeps) <= MOST_CALLS_A_SWEEP
        at_once = max(self.to_download) <= MOST_INTERVALS_TO_DOWNLOAD
        return paced and asked_well and at_once and self.exit_code in (0, 3)


@dataclass(frozen=True, slots=True)
class _Service:
    url: str
    key: str

    def view(self, subject: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/_standin/{subject}") as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found


def pull(windows: int, interval: float, folder: Path) -> Measured:
    """Pull so many windows and measure."""
    script = _script(windows)
    with _serving(script, folder) as service:
        began = time.monotonic()
        code, peak = _run(service, windows, interval, folder)
        seconds = time.monotonic() - began
        requests, posts = service.view("requests"), service.view("posts")
    reads = sorted(each["time"] for each in requests if _is_read(each))
    asked = sorted(each["time"] for each in requests if each["method"] == "POST")
    calls = sorted(each["time"] for each in requests if not each["path"].startswith("/media/"))
    waits = [(start / interval, end / interval) for start, end in _waits(script, requests, folder)]
    return Measured(
        windows=windows,
        exit_code=code,
        seconds=seconds,
        sweeps=tuple(_sweeps(reads)),
        calls_a_second=_most_within(calls, 1.0),
        posts_a_minute=_most_within(asked, 60.0),
        refused=sum(each["status"] == 429 for each in requests),
        posted_twice=sum(each["count"] > 1 for each in posts),
        to_download=tuple(start for start, _ in waits),
        to_disk=tuple(end for _, end in waits),
        peak=peak,
    )


def _script(windows: int) -> Script:
    """Clips that are ready soon, a part of them late, a few never."""
    chance = random.Random(windows)
    fates = []
    for camera in CAMERAS:
        for start in _starts(windows):
            turn = chance.random()
            if turn < UNAVAILABLE:
                fates.append(ClipFate(camera=camera, start=start, status="unavailable"))
            elif turn < UNAVAILABLE + LATE:
                fates.append(ClipFate(camera=camera, start=start, ready_after=LATE_SECONDS))
    return Script(clips=tuple(fates), ready_after=SOON_SECONDS)


def _starts(windows: int) -> list[str]:
    return [f"{START + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}" for number in range(windows)]


@contextmanager
def _serving(script: Script, folder: Path) -> Iterator[_Service]:
    folder.mkdir(parents=True)
    clip, told = folder / "clip.mp4", folder / "script.json"
    FFmpeg().run(["-f", "lavfi", "-i", "testsrc2=size=64x36:rate=2:duration=60", "-pix_fmt", "yuv420p", str(clip)])
    told.write_text(script.to_json())
    command = [sys.executable, "-m", "demo.samsara_service", "--clip", str(clip), "--script", str(told)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield _Service(**json.loads(process.stdout.readline()))
        finally:
            process.kill()


def _run(service: _Service, windows: int, interval: float, folder: Path) -> tuple[int, float | None]:
    what = ("--vehicle", VEHICLE, "--start", _starts(1)[0], "--duration", str(windows), "--timezone", "UTC")
    how = ("--cameras", ",".join(CAMERAS), "--films", "none", "--poll-interval", str(interval), "--yes", "--json")
    where = ("--output", str(folder / "Videos"), "--logs", str(folder / "Logs"))
    environ = {**os.environ, "SAMSARA_API_KEY": service.key, "SAMSARA_API_URL": service.url}
    command = [sys.executable, "main.py", "pull", *what, *how, *where]
    nowhere = subprocess.DEVNULL
    peak = None
    with subprocess.Popen(command, env=environ, cwd=ROOT, stdin=nowhere, stdout=nowhere, stderr=nowhere) as process:
        while process.poll() is None:
            peak = _peak_megabytes(process.pid) or peak
            time.sleep(0.05)
    return process.returncode, peak


def _peak_megabytes(process: int) -> float | None:
    """The most memory that a process held so far; Linux tells it, other systems do not."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


def _is_read(request: dict[str, Any]) -> bool:
    return bool(request["method"] == "GET" and request["path"].startswith("/cameras/media"))


def _sweeps(times: Sequence[float]) -> Iterator[int]:
    count = 0
    for number, moment in enumerate(times):
        if number and moment - times[number - 1] > _NEXT_SWEEP:
            yield count
            count = 0
        count += 1
    yield count


def _most_within(times: Sequence[float], seconds: float) -> int:
    """The most of these times (sorted) that lie within so many seconds; 20 ms less for the way to the service."""
    return max((bisect_right(times, at + seconds - 0.02) - number for number, at in enumerate(times)), default=0)


def _waits(script: Script, requests: Sequence[dict[str, Any]], folder: Path) -> Iterator[tuple[float, float]]:
    """Seconds from the moment when a clip is ready until its download begins, and until its file is on disk."""
    asked = {json.loads(each["body"])["startTime"]: each["time"] for each in requests if each["method"] == "POST"}
    fetched = {each["path"]: each["time"] for each in reversed(requests)}  # the first of each
    [journal] = (folder / "Logs").glob("request_ids_*.json")
    record = json.loads(journal.read_text(encoding="utf-8"))
    for clip in record["clips"]:
        start = clip["requested"]["start"]
        fate = script.fate("", _input(clip["camera"]), None, start)
        ready = asked[start] + (script.ready_after if fate.ready_after is None else fate.ready_after)
        on_disk = (Path(record["folder"]) / clip["file"]).stat().st_mtime
        yield fetched[urlsplit(clip["source"]).path] - ready, on_disk - ready


def _input(word: str) -> str:
    return {"road": "dashcamRoadFacing", "driver": "dashcamDriverFacing"}.get(word, word)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the short and the long pull; the exit code is 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description=__doc__)
    parser.add_argument("--windows", type=int, nargs="+", default=[60, 480])
    parser.add_argument("--poll-interval", type=float, default=10.0)
    given = parser.parse_args(arguments)
    measured = []
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        for windows in given.windows:
            measured.append(pull(windows, given.poll_interval, Path(folder) / str(windows)))
            measured[-1].print(given.poll_interval)
    first, last = measured[0].peak, measured[-1].peak
    growth = last - first if first and last else 0.0
    print(f"memory grows by {growth:.1f} MB from {measured[0].windows} to {measured[-1].windows} windows")
    return 0 if all(each.good for each in measured) and growth <= MOST_GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())
