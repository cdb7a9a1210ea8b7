"""Looks after the tasks that are with a cluster: sends them, takes in what comes, sends again what was forgotten.

Scheduling, repeating and the death of workers are Dask's. What is done here is to outlive a scheduler that is started
again, which then knows of no task any more, and to end what nobody waits for.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from typing import Any

from footage.cluster.client import Line, Sent, Unanswered
from footage.cluster.tasks import Outcome
from footage.errors import InputRefused, Interrupted, ServiceUnreachable
from footage.workshop import Kind, Terms

log = logging.getLogger(__name__)

_PRIORITY = {Kind.FETCH: 2, Kind.COPY: 1, Kind.FILM: 0}
"""Footage first: it is what all else waits for. Then what ends an incident."""
_FETCHES_A_THREAD, _LEAST_FETCHES, _MOST_FETCHES = 2, 4, 64
_LOOK_EVERY = 0.1
_COUNT_EVERY = 2.0
_MOST_INTERRUPTIONS = 10


@dataclass(slots=True, eq=False)
class Order:
    """A task on its way: `future` is the caller's, `sent` is with the cluster, `only` the workers it is held to."""

    future: Future[Any]
    terms: Terms
    name: str
    parcel: Callable[[], Outcome]
    sent: Sent = None
    only: frozenset[str] | None = None
    interruptions: int = 0
    has_begun: bool = False
    is_over: bool = False

    def end(self, settle: Callable[[Future[Any]], None]) -> None:
        """Settle what the caller waits for, and let the cluster forget the task: a worker that is at it then ends."""
        if self.is_over:
            return
        self.is_over = True
        if self.sent is not None:
            self.sent.release()
        if self.future.set_running_or_notify_cancel():
            settle(self.future)

    def fail(self, error: BaseException) -> None:
        """End with an error."""
        self.end(lambda future: future.set_exception(error))


class Keeper:
    """One thread that looks after all tasks of a program on one line to a cluster, which it closes at its end.

    `threads` are those of each worker by its address. Where no scheduler or no worker is there for `patience` seconds,
    what is under way ends with ServiceUnreachable.
    """

    def __init__(self, line: Line, threads: dict[str, int], say: Callable[[str], None], patience: float) -> None:
        self._line, self._threads = line, threads
        self._say, self._patience = say, patience
        self._inbox: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._orders: list[Order] = []
        self._unfit: dict[str, str] = {}
        self._counted = self._well_at = monotonic()
        self._said_trouble = self._closed = False
        self._thread = threading.Thread(target=self._keep, name="cluster", daemon=True)
        self._thread.start()

    def at_once(self, kind: Kind) -> int:
        """How many tasks of a kind are carried out at once; downloads mostly wait, so some more than threads."""
        threads = sum(self._threads.values())
        if kind is Kind.FETCH:
            return min(max(_FETCHES_A_THREAD * threads, _LEAST_FETCHES), _MOST_FETCHES)
        return max(1, threads)

    def take(self, order: Order) -> None:
        """Have a task carried out."""
        self._inbox.put(order)
        if self._closed and not self._thread.is_alive():
            self._end_all(Interrupted("the cluster was let go of"))

    def close(self, *, wait: bool) -> None:
        """Give up all tasks and close the line."""
        self._closed = True
        self._inbox.put(None)
        if wait:
            self._thread.join()

    def _keep(self) -> None:
        """The keeper's life: takes orders, looks after each, until it is told to close."""
        try:
            while self._take_orders():
                self._look_at_cluster()
                self._look_after_all()
            self._end_all(Interrupted("the cluster was let go of"))
        except BaseException as error:  # noqa: BLE001 - whoever waits for a task hears of it
            log.exception("the cluster's keeper failed")
            self._closed = True
            self._end_all(error)
        finally:
            self._line.close()

    def _take_orders(self) -> bool:
        """Take what was submitted, waiting a moment for it; whether to go on."""
        wait = _LOOK_EVERY
        while True:
            try:
                order = self._inbox.get(timeout=wait)
            except queue.Empty:
                return True
            if order is None:
                return False
            self._orders.append(order)
            wait = 0.001

    def _look_at_cluster(self) -> None:
        """Know who is there, connect anew where the line is lost, and lose patience in the end."""
        now = monotonic()
        try:
            self._line.open()
            if now - self._counted >= _COUNT_EVERY or not self._threads:
                self._counted, self._threads = now, self._line.threads()
            if self._threads and self._line.is_open:
                self._is_well(now)
        except (Unanswered, ServiceUnreachable) as error:
            log.debug("%s", error)  # not well at this moment; how long that may last is judged below
        if not self._orders:
            self._well_at = now
        elif now - self._well_at > self._patience:
            self._end_all(ServiceUnreachable(f"No scheduler with a worker is at {self._line.address} any more."))
            self._well_at = now
        elif now - self._well_at > _COUNT_EVERY and not self._said_trouble:
            self._said_trouble = True
            self._say(f"The cluster at {self._line.address} has no scheduler or no worker now: waiting for one.")

    def _is_well(self, now: float) -> None:
        self._well_at = now
        if self._said_trouble:
            self._said_trouble = False
            self._say(f"The cluster at {self._line.address} is there again.")

    def _look_after_all(self) -> None:
        """Give up what nobody wants, then look after the rest; it ends early where the cluster does not answer."""
        for order in self._orders:
            if order.future.cancelled() or order.terms.tool.stop.is_set():
                order.fail(Interrupted("stopped while the cluster was at work"))
        self._orders = wanted = [order for order in self._orders if not order.is_over]
        for number, order in enumerate(wanted):
            try:
                self._look_after(order)
            except Unanswered:
                self._orders = [*wanted[number + 1 :], *wanted[: number + 1]]  # another one begins the next time
                return
            if order.sent is not None and not order.has_begun and number < self.at_once(order.terms.kind):
                order.has_begun = True
                order.terms.on_begin()

    def _look_after(self, order: Order) -> None:
        if order.sent is None:
            self._send(order)
        elif order.sent.status == "finished":
            self._take_in(order, self._line.outcome(order.sent))
        elif order.sent.status == "error":
            order.fail(self._line.failure(order.sent))
        elif order.sent.status != "pending" or self._is_stranded(order):
            log.info("a task of the cluster is sent again: it was %s", order.sent.status)
            self._send(order)

    def _send(self, order: Order) -> None:
        """Send a task to all workers, or to all but those that were found unfit."""
        order.only = frozenset(self._threads) - frozenset(self._unfit) if self._unfit else None
        if order.only is not None and not order.only:
            order.fail(InputRefused(" ".join(self._unfit.values())))
            return
        before = order.sent
        order.sent = self._line.send(order.name, order.parcel, _PRIORITY[order.terms.kind], order.only)
        if before is not None:
            before.release()

    def _is_stranded(self, order: Order) -> bool:
        """Whether all the workers that a task is held to have left."""
        return order.only is not None and bool(self._threads) and not order.only & set(self._threads)

    def _take_in(self, order: Order, outcome: Outcome) -> None:
        if outcome.unfit:
            log.info("a task came back from the worker at %s, which is not fit for it", outcome.worker)
            if outcome.worker not in self._unfit:
                self._unfit[outcome.worker] = f"The worker at {outcome.worker} {outcome.unfit}"
                self._say(f"{self._unfit[outcome.worker]} It gets no more tasks.")
            self._send(order)
        elif isinstance(outcome.error, Interrupted) and order.interruptions < _MOST_INTERRUPTIONS:
            order.interruptions += 1
            self._send(order)  # nobody here stopped it: its worker did, which is ending
        elif outcome.error is not None:
            order.fail(outcome.error)
        else:
            order.end(lambda future: future.set_result(outcome.value))

    def _end_all(self, error: BaseException) -> None:
        for order in self._orders:
            order.fail(error)
        self._orders.clear()
        while not self._inbox.empty():
            left = self._inbox.get()
            if left is not None:
                left.fail(error)
