"""The line to a Dask scheduler: connects, sends parcels, asks after them. The only place that knows Dask's client."""

from __future__ import annotations

import importlib.util
import logging
import re
import uuid
import warnings
from collections.abc import Callable, Collection
from typing import Any

from footage.cluster.tasks import Outcome
from footage.errors import InputRefused, ServiceUnreachable, ToolFailed

Sent = Any
"""A future of Dask's, which has no types that would help: `status` is a word, `release` forgets it."""

log = logging.getLogger(__name__)

_QUERY = re.compile(r"\?\S+")  # of an address: it may be a secret
_SCHEMES = ("tcp://", "tls://")
_CONNECTING, _CONNECTING_AGAIN = 10.0, 2.0
_ANSWERING = 5.0
"""Seconds within which a scheduler that is there answers a small question."""
_TRIES = 3
"""How often the cluster carries out a task that raises the unforeseen, as a shared folder that hiccups."""


class Unanswered(Exception):
    """The scheduler did not answer; it may do so again."""


def check_address(address: str) -> None:
    """Raise InputRefused unless this can be a scheduler's address and the packages to reach one are there."""
    if not address.startswith(_SCHEMES):
        raise InputRefused(f"{address!r} is no address of a scheduler: write it as tcp://HOST:8786.")
    if importlib.util.find_spec("distributed") is None:
        raise InputRefused(
            "--cluster needs a package that is not installed: python -m pip install -r requirements-cluster.txt"
        )


class Line:
    """One connection to a scheduler, made anew by `open` where it has been lost. One thread at a time uses it."""

    def __init__(self, address: str) -> None:
        check_address(address)
        self.address = address
        self._client: Any = None

    def open(self) -> None:
        """Connect, unless that is so. Raises ServiceUnreachable where no scheduler answers."""
        if self._client is not None and self._client.status not in ("closed", "closing"):
            return
        import distributed

        _quieten()
        patience = _CONNECTING if self._client is None else _CONNECTING_AGAIN
        try:
            client: Callable[..., Any] = distributed.Client
            self._client = client(self.address, timeout=patience, set_as_default=False, name="incident-footage")
        except (OSError, ValueError, ImportError) as error:
            log.info("no scheduler at %s: %s", self.address, error)
            raise ServiceUnreachable(f"No Dask scheduler answers at {self.address}.") from error

    @property
    def is_open(self) -> bool:
        """Whether the scheduler is reached at this moment."""
        return self._client is not None and self._client.status == "running"

    def threads(self) -> dict[str, int]:
        """How many threads each worker has, by its address. Raises Unanswered."""
        client = self._reached()
        told: dict[str, int] = self._ask(lambda: client.sync(client.scheduler.ncores, callback_timeout=_ANSWERING))
        return told

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """What a function answers on each worker, by its address: a value, or the exception that it raised there."""
        client = self._reached()
        answers: dict[str, Any] = self._ask(lambda: client.run(function, *arguments, on_error="return"))
        return answers

    def send(self, name: str, parcel: Callable[[], Outcome], priority: int, workers: Collection[str] | None) -> Sent:
        """Have a sealed parcel carried out, by one of `workers` or else any. Raises Unanswered."""
        client = self._reached()
        return self._ask(
            lambda: client.submit(
                parcel,
                key=f"{name}-{uuid.uuid4().hex}",
                pure=False,
                priority=priority,
                retries=_TRIES - 1,
                workers=None if workers is None else list(workers),
                allow_other_workers=False,
            )
        )

    def outcome(self, sent: Sent) -> Outcome:
        """How a task ended that is finished. Raises Unanswered while that cannot be fetched."""
        outcome: Outcome = self._ask(lambda: sent.result(timeout=_ANSWERING))
        return outcome

    def failure(self, sent: Sent) -> ToolFailed:
        """What the cluster says of a task that it gave up."""
        try:
            error = sent.exception(timeout=_ANSWERING)
        except (OSError, TimeoutError):
            error = None
        said = _QUERY.sub("?...", f"{type(error).__name__}: {error}")
        return ToolFailed(f"The cluster gave up a task: {said}")

    def close(self) -> None:
        """Let go of the scheduler; what it still has of this program it forgets."""
        if self._client is not None:
            self._client.close(timeout=_ANSWERING)
            self._client = None

    def _reached(self) -> Any:
        if self._client is None or self._client.status != "running":
            raise Unanswered
        return self._client

    def _ask(self, question: Callable[[], Any]) -> Any:
        from concurrent.futures import CancelledError

        try:
            return question()
        except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
            log.info("the scheduler did not answer: %s: %s", type(error).__name__, error)
            raise Unanswered from error


def _quieten() -> None:
    """Dask's messages go to the log of the run and not onto the screen."""
    from distributed.versions import VersionMismatchWarning

    warnings.filterwarnings("ignore", category=VersionMismatchWarning)  # `fitness` compares what matters
    for name in ("distributed", "tornado"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed.")]:
        logging.getLogger(name).setLevel(logging.NOTSET)
