"""A real cluster on this computer: Dask's scheduler and this program's workers, each a process, to be ended at will."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.waiting import LONGEST, wait_until

ROOT = Path(__file__).parent.parent


@dataclass
class DaskCluster:
    """Processes of one cluster. What they say goes to files in `folder`."""

    folder: Path
    port: int
    scheduler: subprocess.Popen[bytes] | None = None
    hosts: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Everything that scheduler and workers have said so far."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.said")))

    def start_scheduler(self) -> None:
        """As the README says, somewhere else than in the program's folder: a scheduler needs nothing of it."""
        command = ["-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._start(command, "scheduler", cwd=self.folder)

    def start_workers(self, count: int, threads: int = 1) -> None:
        """As the README says."""
        shape = ("--workers", str(count), "--threads", str(threads))
        self.hosts.append(self._start([str(ROOT / "main.py"), "worker", self.address, *shape], "worker"))

    def restart_scheduler(self) -> None:
        """Kill the scheduler and start it again: it knows of nothing then."""
        assert self.scheduler is not None
        self.scheduler.kill()
        self.scheduler.wait()
        self.start_scheduler()

    def workers(self) -> list[psutil.Process]:
        """The processes in which tasks are carried out."""
        everybody = [child for host in self.hosts for child in _children(host.pid)]
        return [each for each in everybody if _carries_out_tasks(each)]

    def kill_worker(self, busy: Callable[[psutil.Process], bool] = lambda worker: True) -> int:
        """Kill (SIGKILL) the first worker that is `busy`; its number of process."""
        worker = next(each for each in self.workers() if busy(each))
        worker.kill()
        return int(worker.pid)

    def close(self) -> None:
        for host in self.hosts:
            host.terminate()
        for host in self.hosts:
            host.wait(LONGEST)
        if self.scheduler is not None:
            self.scheduler.kill()
            self.scheduler.wait()

    def _start(self, arguments: list[str], name: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.said").open("ab") as said:
            command = [sys.executable, *arguments]
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=cwd)


@contextmanager
def running_cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """A cluster of so many workers with one thread each, all of them there."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = DaskCluster(folder, _free_port())
    try:
        cluster.start_scheduler()
        cluster.start_workers(workers)
        wait_until(lambda: cluster.said.count("Registered to:") >= workers)
        yield cluster
    finally:
        cluster.close()


def runs_ffmpeg(worker: psutil.Process) -> bool:
    """Whether a worker has an ffmpeg at work."""
    return any("ffmpeg" in child.name() for child in _children(worker.pid))


def _children(pid: int) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def _carries_out_tasks(process: psutil.Process) -> bool:
    """A worker is what Dask's nanny starts by Python's own way to start processes."""
    try:
        return any("spawn_main" in argument for argument in process.cmdline())
    except psutil.Error:
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
