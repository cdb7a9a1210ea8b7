"""Takes in the body of an answer piece by piece: neither for ever nor without end, and feeling a stop meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from footage.errors import BadAnswer, Interrupted, ServiceUnreachable
from footage.pacing import Clock, Passing, Pause

MOST_BYTES = 1 << 25
"""Far more than any page of Samsara's lists."""
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Intake:
    """`seconds` are for the whole body: a connection's own limit begins anew with every byte that drips in.

    Whatever ends it is Passing, a stop too: of a request that was sent it is then not known whether it was accepted.
    """

    pause: Pause
    clock: Clock
    seconds: float

    def __call__(self, read: Callable[[int], bytes]) -> bytes:
        """The body; `read` gives what has come in, at most so many bytes, and nothing at the end."""
        until = self.clock() + self.seconds
        body = bytearray()
        while piece := read(_PIECE):
            body += piece
            self._check(len(body), until)
        return bytes(body)

    def _check(self, size: int, until: float) -> None:
        try:
            self.pause.check()
        except Interrupted as stopped:
            raise Passing(stopped) from stopped
        if size > MOST_BYTES:
            raise Passing(BadAnswer(f"Samsara's answer has more than {MOST_BYTES >> 20} MB, which none should have."))
        if self.clock() > until:
            raise Passing(ServiceUnreachable(f"Samsara's answer was not whole after {self.seconds:g} seconds."))
