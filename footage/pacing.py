"""How often, how long and how patiently a service is called: pauses that can be stopped, rate limits, retries."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import stamina
from ratelimit import RateLimitException
from ratelimit.decorators import RateLimitDecorator

from footage.errors import FootageError, Interrupted
from footage.models import UTC

log = logging.getLogger(__name__)

T = TypeVar("T")
Clock = Callable[[], float]

FIRST_WAIT = 0.6  # half of it, the least that is waited, is longer than what any two calls are apart
LONGEST_WAIT = 30.0
_CHECK_SECONDS = 0.2  # on Windows a wait without end cannot be left with Ctrl-C


class Pause:
    """Waits, and ends a wait at once where `stop` is set. A `sleep` handed in takes the place of the real waiting."""

    def __init__(self, stop: threading.Event | None = None, sleep: Callable[[float], object] | None = None) -> None:
        self._stop = stop or threading.Event()
        self._sleep = sleep or self._wait

    def __call__(self, seconds: float) -> None:
        """Wait so many seconds. Raises Interrupted where the run was stopped before or meanwhile.

        So does Ctrl-C in a wait: whoever waited to send something knows then that it was not sent.
        """
        self.check()
        if seconds > 0:
            try:
                self._sleep(seconds)
            except KeyboardInterrupt:
                raise Interrupted("Interrupted; everything so far is kept.") from None
            self.check()

    def check(self) -> None:
        """Raise Interrupted where the run was stopped."""
        if self._stop.is_set():
            raise Interrupted("Stopped before the service was asked again.")

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stop.wait(min(left, _CHECK_SECONDS)):
            pass


class Pacer:
    """Lets calls through at a rate, from any number of threads.

    The windows of `ratelimit` are fixed, so the calls at the end of one and at the beginning of the next lie close
    together. A stretch of S seconds touches at most floor(S / period) + 2 windows: for at most N calls in any S seconds
    choose calls * (floor(S / period) + 2) <= N.
    """

    def __init__(self, calls: int, period: float, pause: Pause, clock: Clock = time.monotonic) -> None:
        self._pause = pause
        self._permit = RateLimitDecorator(calls=calls, period=period, clock=clock)(lambda: None)

    def __call__(self) -> None:
        """Return when the next call may be made. Raises Interrupted where the run is stopped."""
        self._pause.check()
        while (wait := self._try()) > 0:
            self._pause(wait)

    def _try(self) -> float:
        try:
            self._permit()
        except RateLimitException as over:
            return max(float(over.period_remaining), 0.001)
        return 0.0


class Passing(Exception):
    """A failed call that may go better in a moment.

    `end` is the error that it becomes where it does not. `retry_after` is the service's own wish in seconds.
    `not_taken` is True where the service provably did not take the request, so that sending it again cannot double it.
    """

    def __init__(self, end: FootageError, *, retry_after: float | None = None, not_taken: bool = False) -> None:
        super().__init__(end.message)
        self.end = end
        self.retry_after = retry_after
        self.not_taken = not_taken


class Retry:
    """Repeats a call that fails in passing: at most `attempts` times, and never past `patience` seconds in all."""

    def __init__(self, pause: Pause, *, attempts: int, patience: float, clock: Clock = time.monotonic) -> None:
        self._pause = pause
        self._attempts = attempts
        self._patience = patience
        self._clock = clock

    def __call__(self, call: Callable[[], T]) -> T:
        """Call until it works. Where the limits are reached, the last `Passing.end` is raised."""
        plan = _Waits(self._clock() + self._patience, self._clock)
        try:
            # stamina counts and repeats; the waiting is done here, because its own sleep cannot be stopped.
            for attempt in stamina.retry_context(on=plan.decide, attempts=self._attempts, timeout=None):
                with attempt:
                    self._pause(plan.due)
                    return call()
        except Passing as passing:
            raise passing.end from passing
        raise AssertionError("a retry ends with a result or an error")


class _Waits:
    """Decides after each failure whether there is a next attempt, and how many seconds it has to wait (`due`)."""

    def __init__(self, deadline: float, clock: Clock) -> None:
        self.due = 0.0
        self._deadline = deadline
        self._clock = clock
        self._failures = 0

    def decide(self, error: Exception) -> bool | float:
        """False to give up, 0.0 to go on: the wait itself is left to whoever reads `due`."""
        if not isinstance(error, Passing):
            return False
        wait = growing_wait(self._failures) if error.retry_after is None else error.retry_after
        self._failures += 1
        if self._clock() + wait > self._deadline:
            return False
        log.info("%s Trying again in %.2f s.", error.end.message, wait, extra={"wait": wait})
        self.due = wait
        return 0.0


def growing_wait(failures: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after so many earlier failures: doubled each time, and spread by chance."""
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures, 16))
    return ceiling * (0.5 + 0.5 * chance())


def seconds_of(headers: Mapping[str, str]) -> float | None:
    """The seconds of an answer's Retry-After, decimals included ("0.40235"); None where there is none to be read.

    It may be a date (RFC 9110, 10.2.3), which is counted from the answer's own Date where it has one: whoever sent both
    has one clock, and ours may be another.
    """
    told = headers.get("Retry-After") or ""
    try:
        seconds = float(told)
    except ValueError:
        until, since = _date(told), _date(headers.get("Date") or "") or datetime.now(UTC)
        return max(0.0, (until - since).total_seconds()) if until is not None else None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
