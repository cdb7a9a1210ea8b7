"""Waiting for what is sure to happen."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 120.0
"""Seconds after which it is not sure any more, however busy the machine is."""


def wait_until(due: Callable[[], object], seconds: float = LONGEST) -> None:
    """Wait for something to become true; fails after so many seconds."""
    until = time.monotonic() + seconds
    while not due():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
