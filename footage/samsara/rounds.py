"""The one loop in which incidents at Samsara go on together: ask the oldest first, look, book what arrives, wait."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from footage.errors import BadAnswer, FootageError, QuotaReached, ServiceUnreachable, SilentToTheEnd
from footage.progress import Progress
from footage.samsara.polling import Interval
from footage.samsara.retrieval import Retrieval
from footage.samsara.sweep import Sweep

log = logging.getLogger(__name__)

_SAID_AGAIN = timedelta(minutes=10)
_LONGEST_PAUSE = 0.5
_PAUSE_OF_MANY = 0.1
_EARLY, _REST = 0.1, 0.25
"""In intervals: a look begins so early, as what is ready right behind the one before shall be on its way within one
interval, and it comes no sooner than so long after that one's end."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Until when a run waits, and how often it looks (seconds; None: adaptive)."""

    deadline: datetime
    poll_interval: float | None


def raise_error(retrieval: Retrieval, error: Exception) -> None:
    """Takes the error of one incident for the end of all."""
    raise error


def nothing_to_do(retrieval: Retrieval) -> None:
    """Takes note of a retrieval and does nothing about it."""


class Rounds:
    """Goes round among retrievals until each is over: complete, out of time, or stopped.

    The time is for waiting: what was agreed to is asked for all the same, however long the pace of requests takes.

    `sleep` waits some seconds where several are under way; `on_over` is called once for each that is over; `on_error`
    with the error that one step of one retrieval ended with, which it may raise.
    """

    def __init__(
        self,
        retrievals: Sequence[Retrieval],
        sweep: Sweep,
        patience: Patience,
        *,
        progress: Progress,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        on_over: Callable[[Retrieval], None] = nothing_to_do,
        on_error: Callable[[Retrieval, Exception], None] = raise_error,
    ) -> None:
        self._open = list(retrievals)
        self._sweep = sweep
        self._patience = patience
        self._progress = progress
        self._clock = clock
        self._sleep = sleep
        self._on_over = on_over
        self._on_error = on_error
        self._interval = Interval(patience.poll_interval)
        self._next_look = clock()
        self._silence: ServiceUnreachable | None = None
        self._silence_said: datetime | None = None
        self._looked_at: datetime | None = None

    def run(self) -> None:
        """Ask, look and fetch until the end. Raises NotAllowed, DiskTrouble and Interrupted."""
        self._let_go()
        while self._open:
            asked = self._ask()
            self._look_if_due()
            self._take_arrivals(patient=not asked)
            for retrieval in list(self._open):
                self._step(retrieval, retrieval.on_turn)
            self._let_go()

    def drop(self, retrieval: Retrieval) -> None:
        """Go on without this one."""
        if retrieval in self._open:
            self._open.remove(retrieval)

    def _let_go(self) -> None:
        for retrieval in [each for each in self._open if self._is_over(each)]:
            self._open.remove(retrieval)
            if self._silence is not None and not retrieval.is_complete and retrieval.stopped_by is None:
                retrieval.give_up(_at_the_end(self._silence))
            self._on_over(retrieval)

    def _is_over(self, retrieval: Retrieval) -> bool:
        if retrieval.is_complete:
            return True
        if self._looked_at is None or retrieval.is_fetching or retrieval.is_asking:
            return False
        return retrieval.is_stopped or self._looked_at >= self._patience.deadline

    def _step(self, retrieval: Retrieval, step: Callable[[], object]) -> bool:
        try:
            return bool(step())
        except Exception as error:  # noqa: BLE001 - whoever goes on without this one says so; nobody else does
            self._on_error(retrieval, error)
            return False

    def _ask(self) -> bool:
        oldest = min(
            ((window, nth) for nth, each in enumerate(self._open) if (window := each.next_window)), default=None
        )
        if oldest is None:
            return False
        asking = self._open[oldest[1]]
        return self._step(asking, partial(self._ask_of, asking))

    def _ask_of(self, retrieval: Retrieval) -> bool:
        try:
            return retrieval.ask()
        except (QuotaReached, BadAnswer) as error:
            self._stop_asking(error)
            return False

    def _stop_asking(self, error: FootageError) -> None:
        """What one was refused for concerns all: allowance and address are one. What was accepted comes to each."""
        log.warning("%s", error)
        self._progress.say(f"{error.message} Nothing more is asked for; what was asked for already is waited for.")
        for retrieval in self._open:
            retrieval.stop_asking(error)

    def _look_if_due(self) -> None:
        began = self._clock()
        if began < self._next_look and not self._is_last_look(began):
            return
        try:
            lookings = [each.looking for each in self._open]
            news = self._sweep.look(
                lookings,
                meanwhile=self._go_on,
                seconds=self._interval.seconds_to_look,
                is_last=began >= self._patience.deadline,
            )
        except ServiceUnreachable as error:
            self._endure(error)
        else:
            self._silence = self._silence_said = None
            self._interval.news() if news else self._interval.nothing_new()
        self._looked_at = began
        interval = timedelta(seconds=self._interval.seconds)
        self._next_look = max(began + interval * (1 - _EARLY), self._clock() + interval * _REST)

    def _is_last_look(self, now: datetime) -> bool:
        """Whether the wait is over without a look since: a laptop may have slept through all of it."""
        deadline = self._patience.deadline
        return now >= deadline and (self._looked_at is None or self._looked_at < deadline)

    def _go_on(self) -> None:
        """What need not wait until a look is over."""
        self._ask()
        self._take_arrivals(patient=False)

    def _endure(self, error: ServiceUnreachable) -> None:
        """A service that is silent is waited for as its footage is: a network may be gone for a night."""
        now = self._clock()
        self._silence = error
        self._interval.nothing_new()
        if self._silence_said is None or now - self._silence_said >= _SAID_AGAIN:
            self._silence_said = now
            self._progress.say(f"{error.message} Looking again later.")
        if now >= self._patience.deadline:
            for retrieval in self._open:
                retrieval.give_up(_at_the_end(error))

    def _take_arrivals(self, *, patient: bool) -> None:
        alone = self._pause() if patient and len(self._open) == 1 else 0.0
        some = [self._step(each, partial(each.take_arrivals, alone)) for each in list(self._open)]
        if patient and len(self._open) > 1 and not any(some):
            self._sleep(min(self._pause(), _PAUSE_OF_MANY))

    def _pause(self) -> float:
        """Seconds until something is due; never long, so that a stop is felt at once."""
        now, due = self._clock(), self._next_look
        if now < self._patience.deadline and not all(each.is_complete for each in self._open):
            due = min(due, self._patience.deadline)
        return min(_LONGEST_PAUSE, max(0.0, (due - now).total_seconds()))


def _at_the_end(silence: ServiceUnreachable) -> SilentToTheEnd:
    """What a wait ended with."""
    return SilentToTheEnd(silence.message, request_id=silence.request_id)
