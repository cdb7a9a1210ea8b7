"""What a worker of a cluster does with a task: sees whether it is fit for it, carries it out, says how it ended.

Loaded by name on every worker, which therefore has to have this very program.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

from footage.errors import FootageError
from footage.trust import trust_system
from footage.version import VERSION
from footage.video.ffmpeg import FFmpeg
from footage.workshop import MOST_THREADS, Place

_CHECK_SECONDS = 0.2
_ENDING = frozenset({"closing", "closed", "failed"})
"""A worker that is ending; one that closes gracefully is not among them, since it waits for its tasks."""


@dataclass(frozen=True, slots=True)
class About:
    """What has to be the same wherever tasks of one run are carried out, so that they come to the same results."""

    program: str
    code: str
    python: str
    ffmpeg: str


@dataclass(frozen=True, slots=True, repr=False)
class Parcel:
    """A task with all it needs. `beacon` is a file in the folder of the results, which every worker has to see."""

    about: About
    beacon: Path
    task: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    def sealed(self) -> Callable[[], Outcome]:
        """The parcel as a function that a scheduler can pass on without having this program.

        It has no arguments, for the cluster shows those of a task in its logs, and links among them are secrets.
        """
        content = pickle.dumps((carry_out, self))

        def open_parcel() -> Any:  # being inside another one, it travels by its code and not by its name
            import pickle

            carry_out, parcel = pickle.loads(content)  # noqa: S301 - just packed, and whoever may send here may do anything
            return carry_out(parcel)

        return open_parcel


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended: with a value, or with an error that is the task's own; or why this worker is `unfit` for it."""

    worker: str
    value: Any = None
    error: FootageError | None = None
    unfit: str = ""


@cache
def about_here() -> About:
    """This computer's side of it."""
    return About(VERSION, _code(), ".".join(platform.python_version_tuple()[:2]), FFmpeg().version)


def fitness(about: About, beacon: Path) -> str:
    """Why tasks cannot be carried out here, as the end of a sentence about a worker; empty where they can."""
    here = about_here()
    if here.python != about.python:
        return f"runs Python {here.python}, and this program Python {about.python}: both need the same."
    if (here.program, here.code) != (about.program, about.code):
        return "has another version of this program: start it anew where the program is the same as here."
    if here.ffmpeg != about.ffmpeg:
        return f"has ffmpeg {here.ffmpeg}, and this program {about.ffmpeg}: both need the same."
    if not beacon.is_file():
        return f"does not see the folder {beacon.parent}, which all need to reach by this same path."
    return ""


def carry_out(parcel: Parcel) -> Outcome:
    """Carry out a task on this worker. An error of the task is a value: only the unforeseen is raised."""
    from distributed import get_worker

    worker = get_worker()
    if why := fitness(parcel.about, parcel.beacon):
        return Outcome(worker.address, unfit=why)
    _trust_system()
    key = worker.get_current_task()

    def is_over() -> bool:
        known = worker.state.tasks.get(key)
        return worker.status.value in _ENDING or known is None or known.state == "cancelled"

    with _share_of(worker.state.nthreads) as threads:
        place = Place(FFmpeg(stop=Ending(is_over)), threads)
        try:
            return Outcome(worker.address, parcel.task(place, *parcel.arguments, **parcel.keywords))
        except FootageError as error:
            return Outcome(worker.address, error=error)


class Ending(threading.Event):
    """Sets itself once nobody waits for a task any more: it was given up, or its worker ends."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__()
        self._is_over = is_over

    def is_set(self) -> bool:
        """Whether the task is to end."""
        if not super().is_set() and self._is_over():
            self.set()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the task, at most `timeout` seconds."""
        until = None if timeout is None else monotonic() + timeout
        while not self.is_set():
            rest = _CHECK_SECONDS if until is None else min(_CHECK_SECONDS, until - monotonic())
            if rest <= 0:
                return False
            super().wait(rest)
        return True


_under_way = 0
_counting = threading.Lock()


@contextmanager
def _share_of(threads: int) -> Iterator[int]:
    """A task's share of the worker's threads, while it is under way; the last one has all of them."""
    global _under_way
    with _counting:
        _under_way += 1
        share = threads // _under_way
    try:
        yield max(1, min(MOST_THREADS, share))
    finally:
        with _counting:
            _under_way -= 1


@cache
def _trust_system() -> None:
    trust_system()


def _code() -> str:
    """A short name for the program's own source, however its lines end."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]
