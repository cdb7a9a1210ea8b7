"""Kills the program at many moments of a run, resumes it, and compares what it leaves with an undisturbed run.

`python -m bench.kill --points 50` prints a line for each point and exits 1 where anything was lost or paid twice.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.faults import Fault, Script
from footage.files import sha256_of
from footage.journal import find_journals
from footage.video.probe import inspect
from tests.site import QUICK, START, Site, open_site

_ORDER = ("--vehicle", "Truck 104", "--start", START, "--duration", "1.2", "--cameras", "road,driver")
_FILMS = ("--films", "all", "--tile-height", "120", "--fps", "5")
_LOOK_EVERY = 0.002
_LONGEST_RUN = 120.0
_MOST_RESUMES = 4
_NO_JOURNAL, _OPEN = 2, 4

SLOW = Script(
    limits=False,
    faults=(Fault(method="POST", delay=0.3), Fault(path="/media/", each=True, bytes_per_second=600_000)),
)
"""A service that takes its time, so that a kill falls between a request and its answer, and into downloads."""

Due = Callable[[Site, float], bool]
"""Whether the moment has come, `seconds` after the start of the program."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When the program is killed: `seconds` after `due` became true."""

    name: str
    due: Due
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left: digests of clips, pictures and seconds of films, other files, how often it asked, its state."""

    clips: dict[str, str]
    films: dict[str, tuple[int, float]]
    others: frozenset[str]
    posts: tuple[int, ...]
    journals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One kill: when it came, how the resumed runs ended, and what differs from an undisturbed run (empty: nothing)."""

    moment: str
    codes: tuple[int, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run that nobody killed: what it left, and how long it took in seconds."""

    left: Left
    seconds: float


def after_request(method: str, prefix: str, nth: int, seconds: float = 0.0) -> Moment:
    """When the service has got the nth request of a kind, answered or not."""

    def due(site: Site, _: float) -> bool:
        seen = sum(request.method == method and request.path.startswith(prefix) for request in site.service.requests)
        return seen >= nth

    return Moment(f"{method} {prefix} no. {nth} + {seconds:g} s", due, seconds)


def after_file(pattern: str, nth: int = 1, seconds: float = 0.0) -> Moment:
    """When the nth file of a pattern is there."""

    def due(site: Site, _: float) -> bool:
        return sum(1 for _ in site.folder.glob(pattern)) >= nth

    return Moment(f"file {pattern} no. {nth} + {seconds:g} s", due, seconds)


def after_seconds(seconds: float) -> Moment:
    """So many seconds after the start."""
    return Moment(f"{seconds:.2f} s", lambda _, elapsed: elapsed >= seconds)


TURNS = (
    after_request("POST", "/", 1),
    after_request("POST", "/", 1, 0.15),
    after_request("POST", "/", 1, 0.3),
    after_request("POST", "/", 2),
    after_request("POST", "/", 2, 0.31),
    after_request("GET", "/media/", 1),
    after_request("GET", "/media/", 2, 0.2),
    after_request("GET", "/cameras/media/retrieval", 1),
    after_file("Logs/request_ids_*.json"),
    after_file("Videos/*"),
    after_file("Videos/*/.work"),
    after_file("Videos/*/.work/*.part"),
    after_file("Videos/*/.work/*.part.json", 2),
    after_file("Videos/*/*_VideoClip_*"),
    after_file("Videos/*/*_VideoClip_*", 2),
    after_file("Videos/*/*_VideoClip_*", 3),
    after_file("Videos/*/*_VideoClip_*", 4),
    after_file("Videos/*/.work/join-*"),
    after_file("Videos/*/.work/join-*/*"),
    after_file("Videos/*/Road_Merged_*"),
    after_file("Videos/*/Driver_Merged_*"),
    after_file("Videos/*/.work/*.part.mp4"),
    after_file("Videos/*/.work/*.part.mp4", 1, 0.2),
    after_file("Videos/*/SideBySide_Merged_*"),
    after_file("Videos/*/SideBySide_Merged_*", 1, 0.02),
)
"""Moments at which something is half done."""


def moments(points: int, length: float, seed: int) -> list[Moment]:
    """`points` moments: the turns first, spread evenly, the other half at random over the length of a run (seconds)."""
    chance = random.Random(seed)
    turns = min(len(TURNS), points // 2)
    chosen = [TURNS[index * len(TURNS) // turns] for index in range(turns)] if turns else []
    rest = points - turns
    return chosen + [after_seconds(length * (index + chance.random()) / rest) for index in range(rest)]


def undisturbed(folder: Path, clips: Path) -> Undisturbed:
    """Run the order without a kill. The clips are made at the first run, so the second one is timed."""
    for name in ("first", "second"):
        with _site(folder / name, clips) as site:
            began = time.monotonic()
            code = site.run("pull", *_ORDER, *_FILMS, *QUICK).code
            seconds = time.monotonic() - began
            if code != 0:
                raise RuntimeError(f"the undisturbed run ended with exit code {code}")
            found = left_by(site)
    return Undisturbed(found, seconds)


def strike(folder: Path, clips: Path, moment: Moment, expected: Left) -> Point:
    """Kill a run at a moment, resume it to its end, and compare."""
    with _site(folder, clips) as site:
        _run_and_kill(site, moment)
        codes = tuple(_resume_to_the_end(site))
        found = left_by(site)
    return Point(moment.name, codes, tuple(_differences(expected, found, codes)))


def left_by(site: Site) -> Left:
    """Read what is there now."""
    folders = sorted(site.videos.iterdir())
    files = [path for folder in folders for path in folder.iterdir()]
    clips = {path.name: sha256_of(path) for path in files if "_VideoClip_" in path.name}
    films = {path.name: _facts(path) for path in files if "_Merged_" in path.name}
    others = {str(path.relative_to(site.videos)) for path in [*folders, *files]} - {
        str(path.relative_to(site.videos)) for path in files if path.name in clips or path.name in films
    }
    states = tuple(journal.state for journal in find_journals(site.logs))
    return Left(clips, films, frozenset(others), tuple(sorted(site.service.posts.values())), states)


def _facts(film: Path) -> tuple[int, float]:
    media = inspect(film)
    return (media.video.packets if media.video else 0), round(media.duration, 3)


@contextmanager
def _site(folder: Path, clips: Path) -> Iterator[Site]:
    folder.mkdir(parents=True)
    with open_site(folder, clips, SLOW) as site:
        yield site


def _run_and_kill(site: Site, moment: Moment) -> None:
    """Kill the main process alone: what it has started is left to notice by itself."""
    command = site.command("pull", *_ORDER, *_FILMS, *QUICK)
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        command, env=site.environment(), stdin=nowhere, stdout=nowhere, stderr=nowhere, cwd=site.folder
    ) as process:
        began = time.monotonic()
        while process.poll() is None and not moment.due(site, time.monotonic() - began):
            if time.monotonic() - began > _LONGEST_RUN:
                break
            time.sleep(_LOOK_EVERY)
        time.sleep(moment.seconds)
        process.kill()


def _resume_to_the_end(site: Site) -> Iterator[int]:
    """Resume as a person would; a run that was killed before it had a journal is begun again."""
    more: tuple[str, ...] = ("--settle", "3")
    for _ in range(_MOST_RESUMES):
        code = site.resume(*more).code
        if code == _NO_JOURNAL:
            code = site.run("pull", *_ORDER, *_FILMS, *QUICK).code
        yield code
        if code != _OPEN:
            return
        more = ("--settle", "1", "--ask-again")


def _differences(expected: Left, found: Left, codes: Iterable[int]) -> Iterator[str]:
    if [*codes][-1] != 0:
        yield f"the last run ended with {[*codes][-1]}"
    if found.clips != expected.clips:
        yield f"clips: {_unlike(expected.clips, found.clips)}"
    if found.films != expected.films:
        yield f"films: {_unlike(expected.films, found.films)}"
    if found.others != expected.others:
        yield f"other files: {sorted(found.others ^ expected.others)}"
    if found.posts != expected.posts:
        yield f"requests accepted for each window: {found.posts}"
    if found.journals != expected.journals:
        yield f"journals: {found.journals}"


def _unlike(expected: Mapping[str, object], found: Mapping[str, object]) -> str:
    names = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    return ", ".join(f"{name}: {expected.get(name)} -> {found.get(name)}" for name in names)


def main(arguments: list[str] | None = None) -> int:
    """Strike so many times; the exit code is 1 where a point differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.kill", description=__doc__)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only moments whose name contains this")
    parser.add_argument("--keep", type=Path, help="keep the folders of points that differ here")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kill-", ignore_cleanup_errors=True) as name:
        folder, clips = Path(name), Path(name) / "clips"
        whole = undisturbed(folder, clips)
        print(f"undisturbed: {whole.seconds:.1f} s, {len(whole.left.clips)} clips, {len(whole.left.films)} films")
        chosen = [each for each in moments(given.points, whole.seconds, given.seed) if given.only in each.name]
        bad = 0
        for number, moment in enumerate(chosen, 1):
            site = folder / f"point-{number}"
            point = strike(site, clips, moment, whole.left)
            bad += bool(point.differences)
            said = "; ".join(point.differences) or "the same"
            print(f"{number:3} {point.moment:50} {point.codes} {said}", flush=True)
            if point.differences and given.keep:
                shutil.copytree(site, given.keep / site.name)
            shutil.rmtree(site, ignore_errors=True)
    print(f"{bad} of {len(chosen)} points differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
