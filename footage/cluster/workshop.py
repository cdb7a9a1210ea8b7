"""A cluster of computers as a workshop: the workers of a Dask scheduler, on a folder that all reach."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Concatenate, ParamSpec, TypeVar

from footage.cluster.client import Line, Unanswered, check_address
from footage.cluster.keeper import Keeper, Order
from footage.cluster.tasks import Parcel, about_here, fitness
from footage.errors import InputRefused, ServiceUnreachable
from footage.files import disk_trouble, make_folder
from footage.workshop import Kind, Place, Terms

P = ParamSpec("P")
T = TypeVar("T")

_FIRST_WORKER = 15.0
_PATIENCE = 600.0
_LOOK_EVERY = 0.1


def silent(message: str) -> None:
    """Takes a message and says nothing."""


class ClusterWorkshop:
    """The workers of the Dask scheduler at `address`, to be used while it is `open`.

    `say` tells the person what is waited for. Where no scheduler or no worker is there for `patience` seconds, what is
    under way ends with ServiceUnreachable. Raises InputRefused where the address is none, or Dask is not installed.
    """

    at_home = False

    def __init__(self, address: str, *, say: Callable[[str], None] = silent, patience: float = _PATIENCE) -> None:
        check_address(address)
        self._address, self._say, self._patience = address, say, patience
        self._keeper: Keeper | None = None
        self._beacon = Path()

    @contextmanager
    def open(self, folder: Path) -> Iterator[None]:
        """Be connected while this lasts. All workers have to reach `folder`, where results go, by the same path.

        Raises ServiceUnreachable where no scheduler or no worker is there, InputRefused where a worker is not fit.
        """
        self._beacon = folder.absolute() / f".incident-footage-{secrets.token_hex(8)}"
        make_folder(self._beacon.parent)
        with disk_trouble(self._beacon):
            self._beacon.touch()
        try:
            line = Line(self._address)
            self._keeper = keeper = Keeper(line, self._connect(line), self._say, self._patience)
            try:
                yield
            finally:
                keeper.close(wait=True)
        finally:
            self._beacon.unlink(missing_ok=True)

    def at_once(self, kind: Kind) -> int:
        """By the threads of all workers."""
        return self._kept.at_once(kind)

    def submit(
        self, terms: Terms, task: Callable[Concatenate[Place, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Have a task carried out by a worker."""
        future: Future[T] = Future()
        parcel = Parcel(about_here(), self._beacon, task, args, kwargs)
        self._kept.take(Order(future, terms, getattr(task, "__name__", "task"), parcel.sealed()))
        return future

    def close(self, *, wait: bool = True) -> None:
        """Give up all tasks and let go of the cluster."""
        if self._keeper is not None:
            self._keeper.close(wait=wait)

    @property
    def _kept(self) -> Keeper:
        if self._keeper is None:
            raise ValueError("a cluster is used while it is open")
        return self._keeper

    def _connect(self, line: Line) -> dict[str, int]:
        """The threads of each worker, once every one was found fit."""
        try:
            line.open()
            threads = _await_worker(line)
            _refuse_unfit(line.everywhere(fitness, about_here(), self._beacon))
        except Unanswered:
            line.close()
            raise ServiceUnreachable(f"The Dask scheduler at {self._address} does not answer.") from None
        except BaseException:
            line.close()
            raise
        return threads


def _await_worker(line: Line) -> dict[str, int]:
    until = monotonic() + _FIRST_WORKER
    while not (threads := line.threads()):
        if monotonic() > until:
            raise ServiceUnreachable(f"The Dask scheduler at {line.address} has no worker: start one.")
        sleep(_LOOK_EVERY)
    return threads


def _refuse_unfit(answers: Mapping[str, Any]) -> None:
    for worker, answer in sorted(answers.items()):
        why = f"cannot load this program ({answer})" if isinstance(answer, BaseException) else answer
        if why:
            raise InputRefused(f"The worker at {worker} {why}")
