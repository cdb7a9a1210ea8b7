"""Ctrl-C: once ends the run within two seconds and says what is safe, twice ends it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 130
"""The contract's exit code."""
_PATIENCE = 1.5
STOPPING = "Stopping; what is here is kept. (Ctrl-C again ends at once.)"


class Leaving:
    """Listens for Ctrl-C. `say` speaks to the person, `farewell` ends all work and says how to come back.

    A run that does not end by itself within a moment is cut off, which loses nothing: the journal is written before and
    after each step. `leave` ends the process.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        farewell: Callable[[], None],
        leave: Callable[[int], object] = os._exit,
        patience: float = _PATIENCE,
    ) -> None:
        self._say = say
        self._farewell = farewell
        self._leave = leave
        self._asked = False
        self._watchdog = threading.Timer(patience, self._cut_off)
        self._watchdog.daemon = True

    def listen(self) -> None:
        """From now on, Ctrl-C comes here."""
        signal.signal(signal.SIGINT, self._on_signal)

    def end(self) -> None:
        """The run has ended by itself: nothing is left to cut off."""
        self._watchdog.cancel()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            self._leave(INTERRUPTED)
            return
        self._asked = True
        self._say(STOPPING)
        self._watchdog.start()
        raise KeyboardInterrupt

    def _cut_off(self) -> None:
        self._farewell()
        self._leave(INTERRUPTED)
