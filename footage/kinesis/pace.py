"""How fast a stream's fragments are asked for: a bucket of points, so that those who watch live are not starved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from footage.hours import always
from footage.pacing import Pause

_SLOWEST_PART = 10
"""The rate never falls below this part of the full one (1/10)."""
_SECONDS_BACK = 20.0
"""From nothing to the full rate: after a halving half of it."""
_ONE_BLOW_SECONDS = 1.0
_GATE_SECONDS = 1.0


class FragmentBucket:
    """Lets fragments through at `rate` a second, from any number of threads, with at most a second's worth saved up.

    The service counts 500 a second for all who read a stream, and refuses what goes beyond; then `slow_down` halves
    the rate, which comes back with time. While `is_open` says no, nothing is let through.
    """

    def __init__(
        self,
        rate: float,
        pause: Pause,
        clock: Callable[[], float] = time.monotonic,
        is_open: Callable[[], bool] = always,
    ) -> None:
        self._is_open = is_open
        self.rate = rate
        self._full = rate
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._saved = rate
        self._seen = clock()
        self._struck: float | None = None

    def take(self, fragments: int) -> None:
        """Return when so many fragments may be asked for. Raises Interrupted where the run is stopped."""
        self._pause.check()
        while not self._is_open():
            self._pause(_GATE_SECONDS)
        while (wait := self._try(fragments)) > 0:
            self._pause(wait)

    def give_back(self, fragments: int) -> None:
        """No clip was made: the service counts the fragments of clips, not of requests."""
        with self._lock:
            self._saved += fragments

    def slow_down(self) -> None:
        """The service said that it was too much. Calls that were under way together are refused for one reason."""
        with self._lock:
            self._pass_time()
            self._saved = min(self._saved, 0.0)
            if self._struck is None or self._seen - self._struck >= _ONE_BLOW_SECONDS:
                self._struck = self._seen
                self.rate = max(self.rate / 2, self._full / _SLOWEST_PART)

    def _try(self, fragments: int) -> float:
        """Take them and return 0, or return the seconds until there may be enough."""
        with self._lock:
            self._pass_time()
            short = min(fragments, self._full) - self._saved
            if short > 1e-6:
                return max(short / self.rate, 0.001)
            self._saved -= fragments
            return 0.0

    def _pass_time(self) -> None:
        now = self._clock()
        passed, self._seen = now - self._seen, now
        self._saved = min(self._saved + passed * self.rate, self._full)
        self.rate = min(self.rate + passed * self._full / _SECONDS_BACK, self._full)
