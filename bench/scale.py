"""What many incidents a day cost in calls, quota, network, cores and storage, and which limit is met first.

`python -m bench.scale` pulls one incident of two minutes with the real program from the stand-in (some minutes on two
cores), counts calls and processor time, and multiplies. With --core-seconds and --joined-seconds nothing is measured
and the same tables come out anywhere, as docs/scale.md has them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from demo.faults import Script
from demo.samsara_footage import Shot
from demo.samsara_service import SamsaraService
from footage.models import UTC, MediaType
from footage.samsara.budget import Budget
from footage.samsara.plan import LONGEST_REQUEST, expected_bytes
from footage.samsara.polling import CALLS_A_SWEEP, Interval
from footage.samsara.uploads import VEHICLES_A_CALL
from footage.video.ffmpeg import FFmpeg
from tests.site import QUICK, START, Site

DAY = 86_400
DAYS_A_MONTH = 30
POSTS_A_DAY = 100 * 60 * 24
"""100 a minute per organization (Samsara's rate limits)."""
READS_A_DAY = 5 * DAY
"""5 a second per organization, of the list and of single retrievals each."""
TRACKS_A_DAY = 10 * DAY
"""10 a second per organization, of the stream of speed and place."""
PACE = 0.26
"""Seconds between two calls of this program, of whatever kind (SamsaraAPI)."""
_CLIP_SECONDS = 20
_MINUTES = 2


@dataclass(frozen=True, slots=True)
class Work:
    """What was measured: of a minute of three cameras the seconds of one core, with all films and without the
    side-by-side; requests for a minute; calls for speed and place of an incident."""

    core_seconds: float
    joined_seconds: float
    posts: float = 1.0
    tracks: float = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """How many incidents come a day, how large they are, and how long their footage lets wait for itself."""

    incidents: int = 10_000
    minutes: float = 10.0
    cameras: int = 3
    waiting_hours: float = 6.0

    @property
    def camera_seconds(self) -> float:
        """Seconds of footage of one incident, over all its cameras."""
        return self.minutes * 60 * self.cameras


@dataclass(frozen=True, slots=True)
class Means:
    """What there is: seconds of quota a month, bits a second of the line in each direction, cores, terabytes."""

    quota: float = 900_000
    line: float = 1e9
    cores: int = 16
    terabytes: float = 100.0


@dataclass(frozen=True, slots=True)
class Cost:
    """One resource: what an incident takes of it, and what there is of it a day, both in `unit`."""

    name: str
    unit: str
    each: float
    limit: float

    @property
    def incidents(self) -> float:
        """How many incidents a day the limit allows."""
        return self.limit / self.each

    def row(self, load: Load) -> str:
        """A line of the table."""
        asked = self.each * load.incidents
        figures = (self.each, asked, self.limit, asked / self.limit, self.incidents)
        return f"| {self.name} | {self.unit} | {' | '.join(map(_figure, figures))} |"


def service_costs(load: Load, work: Work, means: Means) -> list[Cost]:
    """What Samsara limits for an organization, the scarcest first."""
    requests = work.posts * -(-load.minutes * 60 // LONGEST_REQUEST[MediaType.HIGH])
    looks = looks_a_day(load) / load.incidents
    found = [
        Cost("quota", "seconds of footage", load.camera_seconds, means.quota / DAYS_A_MONTH),
        Cost("requests", "calls", requests, POSTS_A_DAY),
        Cost("requests at this program's pace", "calls", requests, posts_in_a_day()),
        Cost("looks, list and retrievals", "calls", looks, READS_A_DAY),
        Cost("speed and place", "calls", work.tracks, TRACKS_A_DAY),
        Cost("all calls at this program's pace", "calls", requests + looks + work.tracks, DAY / PACE),
    ]
    return sorted(found, key=lambda cost: cost.incidents)


def own_costs(load: Load, work: Work, means: Means) -> list[Cost]:
    """What has to be bought, the scarcest first. A delivery reads back all that it sends."""
    sizes = expected_bytes(load.cameras, load.minutes * 60, MediaType.HIGH)
    download, kept = (size / 1e9 for size in sizes)
    share, line = load.minutes * load.cameras / 3, means.line / 8 * DAY / 1e9
    found = [
        Cost("cores", "core seconds", share * work.core_seconds, means.cores * DAY),
        Cost("cores without the side-by-side", "core seconds", share * work.joined_seconds, means.cores * DAY),
        Cost("line in, download", "GB", download, line),
        Cost("line in, with delivery", "GB", download + kept, line),
        Cost("line out, with delivery", "GB", kept, line),
        Cost(f"disk, kept for {DAYS_A_MONTH} days", "GB", kept, means.terabytes * 1000 / DAYS_A_MONTH),
    ]
    return sorted(found, key=lambda cost: cost.incidents)


@cache
def posts_in_a_day() -> float:
    """Requests that the program lets out in a day, as its own pacing says."""
    now = datetime.now(UTC)
    begin, step, sent = now, timedelta(seconds=0.1), 0
    budget = Budget(over_quota=True, clock=lambda: now)
    while now < begin + timedelta(hours=1):
        if budget.allows_asking:
            budget.note_asking()
            sent += 1
        else:
            now += step
    return sent * 24.0


def looks_a_day(load: Load) -> float:
    """Calls that looking costs a day when so many incidents wait at any time, each of a vehicle of its own.

    A look lists all vehicles once, 20 in a call, and reads some retrievals; the next one comes after the longest
    interval, or half of it after a look that took longer.
    """
    waiting = load.incidents * load.waiting_hours / 24
    calls = -(-waiting // VEHICLES_A_CALL) + CALLS_A_SWEEP / 2
    interval = _longest_interval()
    return calls * DAY / max(interval, calls * PACE + interval / 2)


def _longest_interval() -> float:
    interval = Interval()
    for _ in range(100):
        interval.nothing_new()
    return interval.seconds


def tables(load: Load, work: Work, means: Means) -> Iterator[str]:
    """All that is printed, line by line."""
    service, own = service_costs(load, work, means), own_costs(load, work, means)
    yield (
        f"{load.incidents:,} incidents a day, each {load.minutes:g} minutes of {load.cameras} cameras; footage arrives "
        f"{load.waiting_hours:g} hours after it was asked for, on average."
    )
    yield ""
    yield from _table("Samsara's limits", service, load)
    yield ""
    yield from _table(f"{means.cores} cores, {means.line / 1e9:g} Gbit/s, {means.terabytes:g} TB", own, load)
    yield ""
    first, second = sorted([*service, *own], key=lambda cost: cost.incidents)[:2]
    yield (
        f"Met first: {first.name}, at {_figure(first.incidents)} incidents a day; then {second.name}, at "
        f"{_figure(second.incidents)}."
    )


def _table(title: str, found: Sequence[Cost], load: Load) -> Iterator[str]:
    yield f"| {title} | unit | an incident | all, a day | there is, a day | times that | enough for, a day |"
    yield "|---|---|---|---|---|---|---|"
    yield from (cost.row(load) for cost in found)


def measure(folder: Path) -> Work:
    """Pull two minutes of three cameras, with the side-by-side film and without it, and count. Needs a POSIX system."""
    clips = {name: _record(folder / f"{name}.mp4", *shape) for name, shape in SHAPES.items()}
    made, seconds, tracks = _pull(folder / "all", clips, "all")
    _, joined, _ = _pull(folder / "joined", clips, "joined")
    return Work(seconds / _MINUTES, joined / _MINUTES, made / _MINUTES, tracks)


SHAPES = {
    "dashcamRoadFacing": ("1920x1080", 30, "4M"),
    "dashcamDriverFacing": ("1280x720", 30, "4M"),
    "analog1": ("854x480", 25, "4M"),
}
"""Size, pictures and bits a second of each camera's footage."""


def _record(path: Path, size: str, rate: int, bits: str) -> Path:
    """A minute of noisy footage: some seconds encoded, and repeated."""
    beside = path.with_suffix(".part.mp4")
    source = f"testsrc2=size={size}:rate={rate}:duration={_CLIP_SECONDS},noise=alls=5:allf=t,format=yuv420p"
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", bits, "-maxrate", bits, "-bufsize", bits]
    FFmpeg().run(["-f", "lavfi", "-i", source, *coded, "-g", str(2 * rate), str(beside)])
    FFmpeg().run(["-stream_loop", str(60 // _CLIP_SECONDS - 1), "-i", str(beside), "-c", "copy", str(path)])
    return path


def _pull(folder: Path, clips: dict[str, Path], films: str) -> tuple[int, float, int]:
    """One pull: its requests, seconds of processor time, calls for speed and place."""
    folder.mkdir()

    def footage(shot: Shot) -> Path:
        return clips[shot.camera]

    with SamsaraService(script=Script(limits=False), footage=footage) as service:
        site = Site(service, folder)
        before = _children_seconds()
        what = ("--vehicle", "Truck 104", "--start", START, "--duration", str(_MINUTES), "--films", films)
        outcome = site.run("pull", *what, *QUICK, timeout=3600)
        spent = _children_seconds() - before
        if outcome.code:
            raise SystemExit(outcome.err)
        paths = [urlsplit(each.path).path for each in service.requests]
    tracks = sum("location-and-speed" in path or "stats" in path for path in paths)
    return outcome.result["requests"]["made"], spent, tracks


def _children_seconds() -> float:
    """Processor time of every process that has ended below this one."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _figure(value: float) -> str:
    """Three digits that count."""
    return f"{float(f'{value:.3g}'):,.10g}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure where nothing is given, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    load, means = Load(), Means()
    for name in ("incidents", "cameras"):
        parser.add_argument(f"--{name}", type=int, default=getattr(load, name))
    for name in ("minutes", "waiting_hours"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(load, name))
    for name in ("quota", "line", "cores", "terabytes"):
        parser.add_argument(f"--{name}", type=type(getattr(means, name)), default=getattr(means, name))
    for name in ("core-seconds", "joined-seconds"):
        parser.add_argument(f"--{name}", type=float, help="of a minute of three cameras; measured where not given")
    told = parser.parse_args(arguments)
    work = Work(told.core_seconds, told.joined_seconds) if told.core_seconds and told.joined_seconds else _measured()
    load = Load(told.incidents, told.minutes, told.cameras, told.waiting_hours)
    print("\n".join(tables(load, work, Means(told.quota, told.line, told.cores, told.terabytes))))
    return 0


def _measured() -> Work:
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as folder:
        work = measure(Path(folder))
    print(f"Measured here, on {os.cpu_count()} cores, of a minute of three cameras:")
    print(f"  --core-seconds {work.core_seconds:.1f} --joined-seconds {work.joined_seconds:.1f}")
    print(f"  requests {work.posts:g}, calls for speed and place of an incident {work.tracks:g}")
    print()
    return work


if __name__ == "__main__":
    sys.exit(main())
