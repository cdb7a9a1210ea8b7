"""A computer's part in a cluster: Dask's own workers with this program on their path, kept alive until Ctrl-C."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cli.processors import claimed, kept_to
from footage.cluster.client import check_address
from footage.errors import ServiceUnreachable

_ROOT = Path(__file__).parent.parent
_LOOK_EVERY = 0.5
_SHORT_LIFE = 5.0
"""A worker that ends with an error within so many seconds did not start at all."""
_MOST_FAILURES = 3
_ENDING = 10.0


def host_workers(address: str, workers: int | None, threads: int, say: Callable[[str], None]) -> NoReturn:
    """Run workers until Ctrl-C, by default as many as there are processors. One that ends is started again.

    Dask's workers end when their scheduler does: so they are there again when it is. Raises ServiceUnreachable where
    they do not even start.
    """
    check_address(address)
    count = workers or max(1, (os.cpu_count() or 1) // threads)
    signal.signal(signal.SIGTERM, _as_interrupt)
    with ExitStack() as lasting:
        scratch = tempfile.TemporaryDirectory(prefix="incident-footage-", ignore_cleanup_errors=True)
        shares, place = lasting.enter_context(claimed(count, threads)), Path(lasting.enter_context(scratch))
        plans = [_Plan(address, threads, number, cores, place) for number, cores in enumerate(shares)]
        say(f"{count} worker{'s' * (count > 1)} for {address}. Ctrl-C ends {'them' if count > 1 else 'it'}.")
        _keep_alive([_Worker(plan) for plan in plans])


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a worker is started. `cores` are the processors that it keeps to; none where it may use all."""

    address: str
    threads: int
    number: int
    cores: frozenset[int]
    scratch: Path

    def command(self) -> list[str]:
        """The command line of Dask's worker."""
        name = f"{platform.node()}-{os.getpid()}-{self.number}"
        shape = ("--nthreads", str(self.threads), "--nworkers", "1", "--name", name)
        return [
            *(sys.executable, "-m", "dask", "worker", self.address, *shape),
            *("--no-dashboard", "--local-directory", str(self.scratch)),
        ]

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, with this very program on its path."""
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        with kept_to(self.cores):
            return subprocess.Popen(self.command(), env={**os.environ, "PYTHONPATH": path}, cwd=_ROOT)


class _Worker:
    """One worker and its lives."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._failures = 0
        self._begin()

    def look_after(self) -> None:
        """Start it again where it has ended."""
        code = self.process.poll()
        if code is None:
            return
        lived = time.monotonic() - self._began
        self._failures = self._failures + 1 if code != 0 and lived < _SHORT_LIFE else 0
        if self._failures >= _MOST_FAILURES:
            raise ServiceUnreachable(f"Dask's worker does not start: it ended with code {code}. What it said is above.")
        self._begin()

    def _begin(self) -> None:
        self._began, self.process = time.monotonic(), self._plan.start()


def _keep_alive(workers: Sequence[_Worker]) -> NoReturn:
    try:
        while True:
            time.sleep(_LOOK_EVERY)
            for worker in workers:
                worker.look_after()
    finally:
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + _ENDING
        for worker in workers:
            _wait_or_kill(worker.process, until - time.monotonic())


def _wait_or_kill(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(max(0.0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()


def _as_interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
