"""Tries at one clip: what came broken may come whole the next time, but not what comes broken in the same way again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from footage.errors import BrokenMedia
from footage.files import sha256_of
from footage.models import Media
from footage.pacing import Passing

_BROKEN_TRIES = 3


class Brought(Protocol):
    """What of a clip on disk is looked at here."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def media(self) -> Media:
        """What the file holds."""


B = TypeVar("B", bound=Brought)


class Tries(Generic[B]):
    """For a retry around it: makes a broken clip a passing failure, as long as another try may cure it.

    One that can be read but is broken inside is taken as it is once it came so twice; until then it is `damaged`. One
    that cannot be read at all is given up, with BrokenMedia. `junk` are such answers to other requests: where it is
    one of those the answer does not depend on what is asked for, and the case is `hopeless`.
    """

    def __init__(self, ask: Callable[[], B], part: Path, junk: set[str]) -> None:
        self.damaged: B | None = None
        self.hopeless = False
        self._ask = ask
        self._part = part
        self._junk = junk
        self._broken = 0
        self._last: object = None

    def __call__(self) -> B:
        """One try."""
        try:
            brought = self._ask()
        except BrokenMedia as error:
            self.damaged = None
            digest = sha256_of(self._part) if self._part.is_file() else ""
            self.hopeless = digest in self._junk
            self._again(error, digest)
            raise
        if brought.media.complete or self._last == (brought.size, brought.media):
            return brought
        self.damaged = brought
        self._again(
            BrokenMedia(f"{self._part.name} lacks packets that its index names."), (brought.size, brought.media)
        )
        return brought

    def _again(self, error: BrokenMedia, facts: object) -> None:
        """Raise what asks for another try, if one may help."""
        self._broken += 1
        seen, self._last = facts == self._last, facts
        if self.hopeless or seen or self._broken >= _BROKEN_TRIES:
            if isinstance(facts, str):
                self._junk.add(facts)
            return
        raise Passing(error) from error
