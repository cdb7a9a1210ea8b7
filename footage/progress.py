"""What a run tells while it works: handed in by the screen, silent by default, so that the core never prints."""

from __future__ import annotations

from enum import Enum

from footage.models import TimeWindow


class CellState(str, Enum):
    """How one camera of one window stands."""

    WANTED = "waiting"
    ASKED = "uploading"
    FETCHING = "downloading"
    HERE = "here"
    MISSING = "missing"


class Progress:
    """The silent listener. A screen overrides what it shows."""

    def say(self, text: str) -> None:
        """One sentence for the person."""

    def cell(self, camera: str, window: TimeWindow, state: CellState, reason: str = "") -> None:
        """One camera of one window has changed."""

    def received(self, count: int) -> None:
        """`count` more bytes have arrived."""
