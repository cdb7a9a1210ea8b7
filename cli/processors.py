"""Which processors this computer's workers keep to: each its own, whichever command started it."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

ANY: frozenset[int] = frozenset()
"""Where a worker is not kept to some processors: it may use all."""


@contextmanager
def claimed(workers: int, threads: int, folder: Path | None = None) -> Iterator[list[frozenset[int]]]:
    """For each worker as many processors as it has threads, which no other command's workers take meanwhile.

    So a worker with one thread takes one, however many threads ffmpeg has for its parts. Where there are too few, or
    the system (macOS, Windows) cannot be told from here, each may use all. `folder` is where claims are noted.
    """
    with ExitStack() as held:
        found: list[int] = []
        for core in _usable():
            if len(found) < workers * threads and _claim(held, core, folder or Path(tempfile.gettempdir())):
                found.append(core)
        if len(found) < workers * threads:
            held.close()
            yield [ANY] * workers
        else:
            yield [frozenset(found[number * threads : (number + 1) * threads]) for number in range(workers)]


@contextmanager
def kept_to(cores: frozenset[int]) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, to these processors."""
    if sys.platform != "linux" or not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _usable() -> list[int]:
    """Processors in an order of chance: workers in containers, which see no claims of others, rarely meet."""
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    return random.sample(cores, len(cores))


def _claim(held: ExitStack, core: int, folder: Path) -> bool:
    lock = FileLock(folder / f"incident-footage-processor-{core}.lock")
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):  # another command's, or another person's
        return False
    held.callback(lock.release)
    return True
