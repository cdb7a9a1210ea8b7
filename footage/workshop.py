"""Where the heavy tasks of a run are done: in threads of this program, or elsewhere behind the same few words.

A task is a function of files and values whose first argument is the `Place` where it is carried out. It writes only
under names of its own in the work folder and returns what it wrote: the run that holds the incident's folder gives
files their names. So it does no harm where a task is carried out twice, or ends when nobody waits for it any more.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from footage.errors import FootageError, Interrupted

if TYPE_CHECKING:
    from footage.video.ffmpeg import FFmpeg

P = ParamSpec("P")
T = TypeVar("T")

_FETCHES = 4
_FILMS = 2
"""Two stretches at once use a machine better than one with more threads; more would only take more memory."""
MOST_THREADS = 4
"""More for one task would only take more memory."""
_CHECK_SECONDS = 0.2


class Kind(Enum):
    """What a task lives on: the network, the processor, or the disk."""

    FETCH = "fetch"
    FILM = "film"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task finds itself: the ffmpeg to use, whose `stop` ends the task, and how many threads it may take."""

    tool: FFmpeg
    threads: int


def nothing() -> None:
    """Does nothing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a task is taken: `tool.stop` ends it, and `on_begin` is called about when it begins."""

    tool: FFmpeg
    kind: Kind
    on_begin: Callable[[], None] = nothing


class Workshop(Protocol):
    """Carries out tasks. Whatever it is, the same tasks come to the same results."""

    @property
    def at_home(self) -> bool:
        """Whether tasks run in this program, with its own encoders; elsewhere each film takes the same libx264."""

    def at_once(self, kind: Kind) -> int:
        """How many tasks of a kind are carried out at the same time, as far as is known."""

    def submit(
        self, terms: Terms, task: Callable[Concatenate[Place, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Have a task carried out; returns at once. It ends with Interrupted within a moment of `terms.tool.stop`."""

    def close(self, *, wait: bool = True) -> None:
        """Take no more tasks. Those that have not begun never will; the others are waited for where `wait`."""


class LocalWorkshop:
    """Threads of this program, for each kind of task its own, begun at the first need.

    `films` and `fetches` are carried out at the same time, and each task takes at most so many `threads` in itself.
    """

    at_home = True

    def __init__(self, *, films: int = _FILMS, fetches: int = _FETCHES, threads: int = MOST_THREADS) -> None:
        self._most = {Kind.FETCH: fetches, Kind.FILM: films, Kind.COPY: os.cpu_count() or 1}
        self._threads_each = threads
        self._pools: dict[Kind, ThreadPoolExecutor] = {}
        self._under_way: Counter[Kind] = Counter()
        self._lock = threading.Lock()

    def at_once(self, kind: Kind) -> int:
        """How many threads there are for a kind."""
        return self._most[kind]

    def submit(
        self, terms: Terms, task: Callable[Concatenate[Place, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Have a task carried out in a thread."""
        kind = terms.kind
        with self._lock:
            if kind not in self._pools:
                self._pools[kind] = ThreadPoolExecutor(self._most[kind], thread_name_prefix=kind.value)
            self._under_way[kind] += 1
        future = self._pools[kind].submit(self._carry_out, terms, lambda place: task(place, *args, **kwargs))
        future.add_done_callback(lambda _: self._has_ended(kind))
        return future

    def close(self, *, wait: bool = True) -> None:
        """Take no more tasks."""
        for pool in self._pools.values():
            pool.shutdown(wait=wait, cancel_futures=True)

    def _carry_out(self, terms: Terms, task: Callable[[Place], T]) -> T:
        if terms.tool.stop.is_set():
            raise Interrupted("stopped before it began")
        terms.on_begin()
        return task(Place(terms.tool, self._threads(terms.kind)))

    def _threads(self, kind: Kind) -> int:
        """A task's share of the machine; the last one, for which a person waits, has all of it."""
        with self._lock:
            share = (os.cpu_count() or 1) // max(1, min(self._most[kind], self._under_way[kind]))
        return max(1, min(self._threads_each, share))

    def _has_ended(self, kind: Kind) -> None:
        with self._lock:
            self._under_way[kind] -= 1


def result(future: Future[T]) -> T:
    """Wait for a result in a thread that has nothing else to do. Raises the task's error, or Interrupted."""
    try:
        return future.result()
    except CancelledError:
        raise Interrupted("stopped before it began") from None


def results(futures: Sequence[Future[T]], tool: FFmpeg, *, spared: tuple[type[FootageError], ...] = ()) -> list[T]:
    """Wait for all results, in the order of `futures`. Where one fails, `tool.stop` ends all other work too.

    A failure of a `spared` kind is raised and ends nothing. Looks up now and then, so that Ctrl-C is heard on Windows.
    """
    try:
        while True:
            ended, under_way = wait(futures, timeout=_CHECK_SECONDS, return_when=FIRST_EXCEPTION)
            for each in ended:
                each.result()
            if not under_way:
                return [each.result() for each in futures]
    except CancelledError:
        raise Interrupted("stopped before everything was made") from None
    except spared:
        raise
    except BaseException:
        tool.stop.set()
        raise
