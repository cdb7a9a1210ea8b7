"""What a run tells while it works: handed in by the screen, silent by default, so that the core never prints."""

from __future__ import annotations

from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol

from footage.models import TimeWindow


class CellState(str, Enum):
    """How one camera of one window stands; the value is the word for people."""

    WANTED = "waiting"
    ASKED = "requested"
    """A request is on its way or accepted; what the service does with it is not known yet."""
    UPLOADING = "uploading"
    """The service has answered that it waits for the camera. It does not tell whether the vehicle is connected."""
    FETCHING = "downloading"
    ARRIVED = "here"
    """All bytes are on this disk and are being looked through; at the end: a part of it cannot be read."""
    HERE = "verified"
    """On this disk, in its place and in the journal; every packet that it declares was found."""
    MISSING = "missing"
    ABSENT = "not installed"
    """For the screen only: MISSING, as all that is known of a camera which nobody named is that it is not there."""


ENDED = frozenset({CellState.HERE, CellState.MISSING, CellState.ABSENT})
"""The states from which nothing goes on."""


class PieceState(Enum):
    """How one piece of a film stands."""

    WAITING = "waiting"
    MAKING = "being made"
    MADE = "made"


JOINED, COMPOSED = "joined", "side by side"
"""The films as rows: one piece a camera, one piece a stretch of the time."""


class Shown(Protocol):
    """What is on the screen for a while, and can leave it to a question."""

    def shown(self) -> AbstractContextManager[None]:
        """Show while this lasts."""

    def hidden(self) -> AbstractContextManager[None]:
        """Leave the terminal to a question."""


class Progress:
    """The silent listener. A screen overrides what it shows."""

    def say(self, text: str) -> None:
        """One sentence for the person."""

    def cell(self, camera: str, window: TimeWindow, state: CellState, reason: str = "") -> None:
        """One camera of one window has changed; `reason` says why it is MISSING, or what is wrong with what is HERE."""

    def piece(self, film: str, number: int, of: int, state: PieceState) -> None:
        """One of the `of` pieces of a film has changed; `number` counts from 0."""

    def received(self, count: int) -> None:
        """`count` more bytes have arrived."""
