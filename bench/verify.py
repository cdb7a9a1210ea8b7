"""How fast verify reads a folder, against sha256sum over the same files. Prints both rates and their ratio."""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from footage.evidence import checksums
from footage.evidence.verify import verify

_ROUNDS = 5


def make_folder(folder: Path, files: int, megabytes: int) -> None:
    """A folder as verify knows it, of files that do not compress."""
    hashes = {}
    for number in range(files):
        path = folder / f"Road_VideoClip_{number:03d}.mp4"
        content = os.urandom(megabytes * 1_000_000)
        path.write_bytes(content)
        hashes[path.name] = hashlib.sha256(content).hexdigest()
    checksums.write_checksums(folder, hashes)


def with_sha256sum(folder: Path) -> float:
    """Seconds that `sha256sum -c` takes."""
    began = perf_counter()
    subprocess.run(["sha256sum", "-c", "--quiet", checksums.NAME], cwd=folder, check=True)
    return perf_counter() - began


def with_verify(folder: Path) -> float:
    """Seconds that verify takes to read and compare; the films are another matter."""
    began = perf_counter()
    verify(folder, decode=False, say=lambda text: None)
    return perf_counter() - began


def measure(folder: Path, ways: Sequence[Callable[[Path], float]]) -> list[float]:
    """The median of each way, taken in turn so that a busy machine is busy for both."""
    rounds = [[way(folder) for way in ways] for _ in range(_ROUNDS)]
    return [statistics.median(each) for each in zip(*rounds, strict=True)]


def main() -> None:
    """Measure a folder that is given, or one that is made."""
    parser = argparse.ArgumentParser(prog="python -m bench.verify", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--megabytes", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = given.folder or Path(temporary)
        if given.folder is None:
            make_folder(folder, given.files, given.megabytes)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        other, ours = measure(folder, [with_sha256sum, with_verify])
    print(f"{size:.0f} MB: sha256sum {size / other:.0f} MB/s, verify {size / ours:.0f} MB/s, ratio {other / ours:.2f}")


if __name__ == "__main__":
    main()
