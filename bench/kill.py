"""Kills the program at many moments of a run, resumes it, and compares what it leaves with an undisturbed run.

`python -m bench.kill --points 50` prints a line for each point and exits 1 where anything was lost, paid twice or
fetched twice; with `--source kinesis` the run is one of two streams.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.kill_grounds import GROUNDS, Ground, Moment, after_seconds
from footage.files import sha256_of
from footage.journals import find_journals
from footage.video.probe import inspect
from tests.site import Program

_LOOK_EVERY = 0.002
_LONGEST_RUN = 120.0
_MOST_RESUMES = 4
_NO_JOURNAL, _OPEN = 2, 4
_ENDED_WELL = (0, 3)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left: digests of clips, pictures and seconds of films, other files, how often it asked, its state."""

    clips: dict[str, str]
    films: dict[str, tuple[int, float]]
    others: frozenset[str]
    paid: tuple[int, ...]
    journals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One kill: when it came, how the resumed runs ended, and what differs from an undisturbed run (empty: nothing)."""

    moment: str
    codes: tuple[int, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run that nobody killed: what it left, its exit code, and how long it took in seconds."""

    left: Left
    code: int
    seconds: float


def moments(turns: Sequence[Moment], points: int, length: float, seed: int) -> list[Moment]:
    """`points` moments: the turns first, spread evenly, the other half at random over the length of a run (seconds)."""
    chance = random.Random(seed)
    half = min(len(turns), points // 2)
    chosen = [turns[index * len(turns) // half] for index in range(half)]
    rest = points - half
    return chosen + [after_seconds(length * (index + chance.random()) / rest) for index in range(rest)]


def undisturbed(ground: Ground, folder: Path, footage: Path) -> Undisturbed:
    """Run the order without a kill. The footage is made at the first run, so the second one is timed."""
    for name in ("first", "second"):
        with _open(ground, folder / name, footage) as site:
            began = time.monotonic()
            code = site.run(*ground.order).code
            seconds = time.monotonic() - began
            if code not in _ENDED_WELL:
                raise RuntimeError(f"the undisturbed run ended with exit code {code}")
            found = left_by(site, ground)
    return Undisturbed(found, code, seconds)


def strike(ground: Ground, folder: Path, footage: Path, moment: Moment, expected: Undisturbed) -> Point:
    """Kill a run at a moment, resume it to its end, and compare."""
    with _open(ground, folder, footage) as site:
        _run_and_kill(site, ground, moment)
        repeats = ground.watch(site)
        codes = tuple(_resume_to_the_end(site, ground))
        found = left_by(site, ground)
        differences = (*_differences(expected, found, codes), *repeats())
    return Point(moment.name, codes, differences)


def left_by(site: Program, ground: Ground) -> Left:
    """Read what is there now."""
    folders = sorted(site.videos.iterdir())
    files = [path for folder in folders for path in folder.iterdir()]
    clips = {path.name: sha256_of(path) for path in files if "_VideoClip_" in path.name}
    films = {path.name: _facts(path) for path in files if "_Merged_" in path.name}
    others = {str(path.relative_to(site.videos)) for path in [*folders, *files]} - {
        str(path.relative_to(site.videos)) for path in files if path.name in clips or path.name in films
    }
    states = tuple(journal.state for journal in find_journals(site.logs))
    return Left(clips, films, frozenset(others), ground.paid(site), states)


def _facts(film: Path) -> tuple[int, float]:
    media = inspect(film)
    return (media.video.packets if media.video else 0), round(media.duration, 3)


def _open(ground: Ground, folder: Path, footage: Path) -> AbstractContextManager[Program]:
    folder.mkdir(parents=True)
    return ground.open(folder, footage)


def _run_and_kill(site: Program, ground: Ground, moment: Moment) -> None:
    """Kill the main process alone: what it has started is left to notice by itself."""
    command = site.command(*ground.order)
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


def _resume_to_the_end(site: Program, ground: Ground) -> Iterator[int]:
    """Resume as a person would; a run that was killed before it had a journal is begun again."""
    more: tuple[str, ...] = ("--settle", "3")
    for _ in range(_MOST_RESUMES):
        code = site.resume(*more).code
        if code == _NO_JOURNAL:
            code = site.run(*ground.order).code
        yield code
        if code != _OPEN:
            return
        more = ("--settle", "1", "--ask-again")


def _differences(whole: Undisturbed, found: Left, codes: Sequence[int]) -> Iterator[str]:
    expected = whole.left
    if codes[-1] != whole.code:
        yield f"the last run ended with {codes[-1]}"
    if found.clips != expected.clips:
        yield f"clips: {_unlike(expected.clips, found.clips)}"
    if found.films != expected.films:
        yield f"films: {_unlike(expected.films, found.films)}"
    if found.others != expected.others:
        yield f"other files: {sorted(found.others ^ expected.others)}"
    if found.paid != expected.paid:
        yield f"requests accepted for each window: {found.paid}"
    if found.journals != expected.journals:
        yield f"journals: {found.journals}"


def _unlike(expected: Mapping[str, object], found: Mapping[str, object]) -> str:
    names = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    return ", ".join(f"{name}: {expected.get(name)} -> {found.get(name)}" for name in names)


def main(arguments: list[str] | None = None) -> int:
    """Strike so many times; the exit code is 1 where a point differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.kill", description=__doc__)
    parser.add_argument("--source", choices=GROUNDS, default="samsara")
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only moments whose name contains this")
    parser.add_argument("--keep", type=Path, help="keep the folders of points that differ here")
    given = parser.parse_args(arguments)
    ground = GROUNDS[given.source]
    with tempfile.TemporaryDirectory(prefix="kill-", ignore_cleanup_errors=True) as name:
        folder, footage = Path(name), Path(name) / "footage"
        whole = undisturbed(ground, folder, footage)
        print(f"undisturbed: {whole.seconds:.1f} s, {len(whole.left.clips)} clips, {len(whole.left.films)} films")
        chosen = moments(ground.turns, given.points, whole.seconds, given.seed)
        chosen = [each for each in chosen if given.only in each.name]
        bad = 0
        for number, moment in enumerate(chosen, 1):
            site = folder / f"point-{number}"
            point = strike(ground, site, footage, moment, whole)
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
