"""Work beside the main thread that never keeps a stopped program alive: a call that hangs is simply left behind."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from footage.pacing import Pause

T = TypeVar("T")
_CHECK_SECONDS = 0.1


class Workers(Generic[T]):
    """`count` threads that carry out tasks in the order given; results come in the order of their ends."""

    def __init__(self, count: int, pause: Pause) -> None:
        self.under_way = 0
        self._count = count
        self._pause = pause
        self._tasks: queue.SimpleQueue[Callable[[], T] | None] = queue.SimpleQueue()
        self._ends: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"kinesis-{number}", daemon=True).start()

    def start(self, task: Callable[[], T]) -> None:
        """Have a task carried out; returns at once."""
        self.under_way += 1
        self._tasks.put(task)

    def next_end(self) -> T:
        """Wait for the next result. Raises the task's error, and Interrupted as soon as the run is stopped."""
        while True:
            self._pause.check()
            try:
                result, error = self._ends.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                continue
            self.under_way -= 1
            if error is not None:
                raise error
            return result  # type: ignore[return-value]  # a task's None is a T

    def close(self) -> None:
        """Let the threads end once they have nothing to do."""
        for _ in range(self._count):
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._ends.put((task(), None))
            except BaseException as error:  # noqa: BLE001 - raised again where the result is waited for
                self._ends.put((None, error))


def beside(task: Callable[[], T], pause: Pause) -> T:
    """Carry out one call so that it can be left at once where the run is stopped."""
    workers = Workers[T](1, pause)
    workers.start(task)
    try:
        return workers.next_end()
    finally:
        workers.close()
