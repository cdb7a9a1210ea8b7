"""Runs on a real Dask cluster against runs on one computer: the same results, also after kills, and twice the speed.

`python -m bench.cluster` measures how much faster two workers with one thread each compose than one, and prints what
differs after a worker was killed and after the scheduler was killed; it exits with 1 where anything does, or where two
workers are less than 1.7 times as fast. Footage of the measurement: that of bench.compose.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench.compose import CLIP_SECONDS, LOOK, Bench
from demo.faults import Fault, Script
from footage.cluster.workshop import ClusterWorkshop
from footage.video.ffmpeg import FFmpeg
from footage.video.side_by_side import SideBySide
from tests.dask_cluster import DaskCluster, running_cluster, runs_ffmpeg
from tests.site import QUICK, START, Site, open_site
from tests.waiting import wait_until

AT_LEAST = 1.7
ORDER = ("--vehicle", "Truck 104", "--start", START, "--duration", "3", "--cameras", "road,driver")
FILMS = ("--films", "all", "--tile-height", "120", "--fps", "5")
SLOW = Script(limits=False, faults=(Fault(path="/media/", each=True, bytes_per_second=400_000),))
"""A storage that takes two seconds for a clip, so that a kill falls into downloads."""
_PICTURE_SLACK = 2.0
"""By how many of 255 steps a picture may differ on average: an encoder with other threads rounds otherwise."""
_OF_A_RUN = ("requests", "quota", "written")
_OF_A_FILE = ("received", "made", "commands", "source")


@dataclass(frozen=True, slots=True)
class Blow:
    """Something bad that happens to a cluster, at the moment when `due`."""

    name: str
    due: Callable[[Site, DaskCluster], object]
    strike: Callable[[DaskCluster], object]


def _has(pattern: str) -> Callable[[Site, DaskCluster], object]:
    return lambda site, cluster: next(site.videos.glob(f"*/.work/{pattern}"), None)


def _composes(site: Site, cluster: DaskCluster) -> bool:
    return bool(_has("*.part.mp4")(site, cluster)) and any(runs_ffmpeg(worker) for worker in cluster.workers())


BLOWS = (
    Blow("a worker is killed in a download", _has("*.part-alone"), DaskCluster.kill_worker),
    Blow("a worker is killed while it composes", _composes, lambda cluster: cluster.kill_worker(runs_ffmpeg)),
    Blow("the scheduler is killed in the downloads", _has("*.part-alone"), DaskCluster.restart_scheduler),
    Blow("the scheduler is killed while films are composed", _composes, DaskCluster.restart_scheduler),
)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left: its exit code, its manifest without what belongs to the run, its film, requests and files."""

    code: int
    manifest: dict[str, Any]
    film: Path
    posts: tuple[int, ...]
    names: frozenset[str]


def pulled(folder: Path, clips: Path, *more: str, meanwhile: Callable[[Site], object] = lambda site: None) -> Left:
    """Pull the order into a site of its own, with something happening meanwhile."""
    folder.mkdir(parents=True)
    with open_site(folder, clips, SLOW) as site:
        command = site.command("pull", *ORDER, *FILMS, *QUICK, *more)
        nowhere = subprocess.DEVNULL
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                command, env=site.environment(), stdin=nowhere, stdout=nowhere, stderr=said, cwd=folder
            )
        try:
            meanwhile(site)
            code = process.wait(240)
        finally:
            process.kill()
        return _left_by(site, code)


def struck(folder: Path, clips: Path, cluster: DaskCluster, blow: Blow) -> Left:
    """The same on a cluster that a blow meets in the middle."""

    def meet(site: Site) -> None:
        wait_until(lambda: blow.due(site, cluster))
        blow.strike(cluster)

    return pulled(folder, clips, "--cluster", cluster.address, meanwhile=meet)


def _left_by(site: Site, code: int) -> Left:
    folder = next(path for path in site.videos.iterdir() if path.is_dir())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    film = folder / manifest["side_by_side"]
    names = frozenset(path.relative_to(site.videos).as_posix() for path in site.videos.rglob("*"))
    return Left(code, manifest, film, tuple(sorted(site.service.posts.values())), names)


def differences(expected: Left, found: Left) -> Iterator[str]:
    """A sentence for each way in which two runs came to something else. Of the side-by-side, pictures are compared."""
    if found.code != expected.code:
        yield f"it ended with {found.code}, not {expected.code}"
    if found.posts != expected.posts or set(found.posts) != {1}:
        yield f"requests were accepted {found.posts} times"
    if found.names != expected.names:
        yield f"files: {sorted(found.names ^ expected.names)}"
    one, other = _lasting(_facts(expected.manifest)), _lasting(_facts(found.manifest))
    yield from (f"manifest: {name}" for name in sorted({*one, *other}) if one.get(name) != other.get(name))
    if (apart := pictures_apart(expected.film, found.film)) > _PICTURE_SLACK:
        yield f"the pictures of the side-by-side are {apart:.1f} steps apart"


def _facts(manifest: dict[str, Any]) -> dict[str, Any]:
    """What has to be equal: each file by its name, everything else by its field."""
    files = {entry["file"]: _file_facts(entry) for entry in manifest["files"]}
    return {**{name: fact for name, fact in manifest.items() if name not in (*_OF_A_RUN, "files")}, **files}


def _lasting(value: Any) -> Any:
    """The same without the ids that each service gives anew."""
    if isinstance(value, dict):
        return {name: _lasting(each) for name, each in value.items() if name != "retrieval_id"}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def _file_facts(entry: dict[str, Any]) -> dict[str, Any]:
    own = ("sha256", "bytes") if entry["role"] == "side_by_side" else ()
    return {name: fact for name, fact in entry.items() if name not in (*_OF_A_FILE, *own)}


def pictures_apart(one: Path, other: Path) -> float:
    """How far the brightness of two films' pictures is apart, in steps of 255: the average of the worst picture."""
    with av.open(str(one)) as first, av.open(str(other)) as second:
        pairs = zip(first.decode(video=0), second.decode(video=0), strict=True)
        return max(float(np.abs(_grey(a) - _grey(b)).mean()) for a, b in pairs)


def _grey(frame: av.VideoFrame) -> np.ndarray[Any, Any]:
    return frame.to_ndarray(format="gray").astype(int)


def composing_seconds(bench: Bench, folder: Path, workers: int, seconds: int) -> float:
    """How long so many workers take for all stretches of the bench's incident, and nothing else."""
    window, tiles = bench.incident(seconds)
    work = Path(tempfile.mkdtemp(dir=folder))
    with running_cluster(Path(tempfile.mkdtemp(dir=folder)), workers) as cluster:
        workshop = ClusterWorkshop(cluster.address)
        with workshop.open(folder):
            film = SideBySide(window, LOOK, work=work, tool=FFmpeg(), workshop=workshop, stretch_seconds=CLIP_SECONDS)
            began = time.perf_counter()
            film.complete(tiles)
            taken = time.perf_counter() - began
            film.stop()
    return taken


def speed(folder: Path, seconds: int) -> float:
    """How many times as fast two workers are as one."""
    bench = Bench(folder)
    one, two = (composing_seconds(bench, folder, workers, seconds) for workers in (1, 2))
    print(f"composing {seconds} s of three cameras: one worker {one:.1f} s, two workers {two:.1f} s")
    print(f"  two are {one / two:.2f} times as fast as one (at least {AT_LEAST})", flush=True)
    return one / two


def equality(folder: Path) -> int:
    """Print what differs between one computer and a cluster, untroubled and struck; in how many of the runs."""
    clips, bad = folder / "clips", 0
    pulled(folder / "first", clips)  # makes the clips
    began = time.monotonic()
    whole = pulled(folder / "whole", clips)
    print(f"one computer: {time.monotonic() - began:.1f} s, {len(whole.manifest['files'])} files")
    for number, blow in enumerate((None, *BLOWS)):
        with running_cluster(folder / f"cluster-{number}", 2) as cluster:
            place = folder / f"run-{number}"
            began = time.monotonic()
            if blow is None:
                found = pulled(place, clips, "--cluster", cluster.address)
            else:
                found = struck(place, clips, cluster, blow)
        said = list(differences(whole, found))
        bad += bool(said)
        name = blow.name if blow else "a cluster"
        print(f"{name}: {time.monotonic() - began:.1f} s, {'; '.join(said) or 'the same'}", flush=True)
    return bad


def main() -> int:
    """Both; the exit code is 1 where anything is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="how much is composed for the measurement")
    parser.add_argument("--only", choices=("speed", "equality"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True) as name:
        ratio = speed(Path(name), given.seconds) if given.only != "equality" else AT_LEAST
        bad = equality(Path(name)) if given.only != "speed" else 0
    return 1 if bad or ratio < AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
