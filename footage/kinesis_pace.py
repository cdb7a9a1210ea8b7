"""How fast a stream's fragments are asked for: a bucket of points, so that those who watch live are not starved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from footage.hours import always
from footage.pacing import Pause

_SLOWEST = 5.0
_GATE_SECONDS = 1.0


class FragmentBucket:
    """Lets fragments through at `rate` a second, from any number of threads, with at most a second's worth saved up.

    The service counts 500 a second for all who read a stream, and refuses what goes beyond; then `slow_down` halves
    the rate, and each clip that came well (`speed_up`) brings it a little nearer to what it was. While `is_open` says
    no, nothing is let through.
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
        """The service said that it was too much."""
        with self._lock:
            self.rate = max(self.rate / 2, _SLOWEST)
            self._saved = min(self._saved, 0.0)

    def speed_up(self) -> None:
        """A clip came well."""
        with self._lock:
            self.rate = min(self.rate * 1.1, self._full)

    def _try(self, fragments: int) -> float:
        """Take them and return 0, or return the seconds until there may be enough."""
        with self._lock:
            now = self._clock()
            self._saved = min(self._saved + (now - self._seen) * self.rate, self._full)
            self._seen = now
            short = min(fragments, self._full) - self._saved
            if short > 1e-6:
                return max(short / self.rate, 0.001)
            self._saved -= fragments
            return 0.0
