"""One chunk of a stream: asked for, brought to disk, checked against the plan, divided where it cannot be had whole."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from footage.errors import BrokenMedia, ServiceUnreachable
from footage.files import sha256_of
from footage.kinesis_check import key_frames
from footage.kinesis_errors import NO_FRAGMENTS, OUT_OF_RETENTION, ClipRefused, Throttled, with_few_endpoints
from footage.kinesis_pace import FragmentBucket
from footage.kinesis_plan import Chunk, Fragment, Selector, halves, plan_chunks
from footage.models import Media, TimeWindow
from footage.pacing import Passing, Pause, Retry
from footage.parts import Sidecar, discard, read_sidecar, write_sidecar
from footage.values_json import window_from_json, window_to_json

log = logging.getLogger(__name__)

MANY_KEY_FRAMES, MANY_BYTES = 195, 85_000_000
"""A clip of unknown fragments that reaches these may have been cut at 200 fragments or 100 MB without a word."""
_MOST_FRAGMENTS = 200
_BROKEN_TRIES = 3
_TREMBLE = 0.25


class ClipService(Protocol):
    """What of the Kinesis client is needed here."""

    def fragments(self, stream: str, window: TimeWindow, selector: Selector) -> list[Fragment]:
        """The stream's fragments of a window."""

    def get_clip(
        self, stream: str, chunk: Chunk, selector: Selector, target: Path, *, received: Callable[[int], None]
    ) -> int:
        """One clip into a file; raises Passing where another try may help."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A chunk that came whole, in a part file."""

    chunk: Chunk
    path: Path
    size: int
    sha256: str
    media: Media


@dataclass(frozen=True, slots=True)
class Divided:
    """A chunk that is asked for again in parts."""

    chunk: Chunk
    parts: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """A chunk that cannot be had: `reason` as in a report's gap. `silence` where the service just did not answer."""

    chunk: Chunk
    reason: str
    detail: str
    silence: ServiceUnreachable | None = None


Outcome = Fetched | Divided | Lost


class ChunkFetcher:
    """Fetches chunks of one stream into part files; several threads may fetch at a time."""

    def __init__(
        self,
        client: ClipService,
        stream: str,
        selector: Selector,
        *,
        inspect: Callable[[Path], Media],
        bucket: FragmentBucket,
        retry: Retry,
        pause: Pause,
        clock: Callable[[], datetime],
        received: Callable[[int], None],
    ) -> None:
        self._client = client
        self._stream = stream
        self._selector = selector
        self._inspect = inspect
        self._bucket = bucket
        self._retry = retry
        self._pause = pause
        self._clock = clock
        self._received = received

    def fetch(self, chunk: Chunk, part: Path) -> Outcome:
        """Bring one chunk into `part`, noted so that `take_up` knows it again after a kill.

        Raises NotAllowed, DiskTrouble and Interrupted; all else becomes an outcome. Only what was fetched is kept.
        """
        write_sidecar(part, Sidecar(self._told(chunk)))
        kept = False
        try:
            outcome = self._bring(chunk, part)
            kept = isinstance(outcome, Fetched)
        finally:
            if not kept:
                discard(part)
        return outcome

    def take_up(self, part: Path) -> Fetched | None:
        """The chunk that a killed run brought whole into `part`; None where it did not, or of another stream."""
        chunk = self._noted(part)
        if chunk is None or not part.is_file():
            return None
        try:
            fetched, keys = self._examined(chunk, part)
        except BrokenMedia:
            return None
        divisible = len(chunk.lengths) != 1
        return None if divisible and _cut_short(fetched, keys) else fetched

    def _bring(self, chunk: Chunk, target: Path) -> Outcome:
        attempt = _Attempt(lambda: self._try(chunk, target))
        try:
            fetched, keys = self._retry(with_few_endpoints(attempt))
        except ClipRefused as refused:
            return self._refused(chunk, refused)
        except BrokenMedia as error:
            return self._divided(chunk, Lost(chunk, "download", str(error)))
        except ServiceUnreachable as error:
            return Lost(chunk, "download", error.message, silence=error)
        if _cut_short(fetched, keys):
            log.info("%s came short of its %d fragments: asked for again in two", chunk.window, len(chunk.fragments))
            return self._divided(chunk, fetched)
        return fetched

    def _try(self, chunk: Chunk, target: Path) -> tuple[Fetched, int | None]:
        points = len(chunk.fragments) or min(_MOST_FRAGMENTS, math.ceil(chunk.window.seconds))
        self._bucket.take(points)
        if self._selector == "server":  # by server time, an end to come is refused
            chunk = replace(chunk, end=max(min(chunk.end, self._clock()), chunk.window.start))
        try:
            self._client.get_clip(self._stream, chunk, self._selector, target, received=self._received)
        except Throttled:
            self._bucket.slow_down()
            raise
        except ClipRefused:
            self._bucket.give_back(points)
            raise
        return self._examined(chunk, target)

    def _examined(self, chunk: Chunk, part: Path) -> tuple[Fetched, int | None]:
        """What a part holds, and how many key frames it has. Raises BrokenMedia where it is not whole."""
        keys, media = key_frames(part), self._inspect(part)
        if not media.complete:
            raise BrokenMedia(f"The clip of {chunk.window.start:%H:%M:%S} UTC lacks packets that its index names.")
        return Fetched(chunk, part, part.stat().st_size, sha256_of(part), media), keys

    def _told(self, chunk: Chunk) -> str:
        """All that must be known of a chunk to judge its file later."""
        whose = {"stream": self._stream, "selector": self._selector}
        return json.dumps({**whose, **window_to_json(chunk.window), "lengths": chunk.lengths})

    def _noted(self, part: Path) -> Chunk | None:
        """Inverse of `_told`, without the fragments' numbers."""
        sidecar = read_sidecar(part)
        if sidecar is None:
            return None
        try:
            note = json.loads(sidecar.media)
            if (note["stream"], note["selector"]) != (self._stream, self._selector):
                return None
            window = window_from_json(note)
            return Chunk(window.start, window.end, (), window, tuple(note["lengths"]))
        except (ValueError, KeyError, TypeError):
            return None

    def _refused(self, chunk: Chunk, refused: ClipRefused) -> Outcome:
        lost = Lost(chunk, refused.code, refused.message)
        if refused.divisible:
            return self._divided(chunk, lost)
        if refused.code in (NO_FRAGMENTS, OUT_OF_RETENTION):
            return self._gone(chunk, replace(lost, reason="no_media"))
        return lost

    def _gone(self, chunk: Chunk, lost: Lost) -> Outcome:
        """Look which of the fragments that were listed are still there: they expire, the oldest first."""
        if not chunk.fragments:
            return lost
        listed = {each.number for each in self._client.fragments(self._stream, chunk.window, self._selector)}
        left = [each for each in chunk.fragments if each.number in listed]
        if not left:
            return replace(lost, detail=f"The stream no longer has these fragments. {lost.detail}")
        if len(left) == len(chunk.fragments):
            return self._divided(chunk, lost)
        return Divided(chunk, plan_chunks(left, chunk.window, self._selector))

    def _divided(self, chunk: Chunk, otherwise: Fetched | Lost) -> Outcome:
        """The chunk in halves, or `otherwise` where it cannot be halved."""
        self._pause.check()
        parts = halves(chunk, self._selector)
        return Divided(chunk, parts) if len(parts) > 1 else otherwise


class _Attempt:
    """Makes a broken clip a passing failure, but only a few times: it is not the network that breaks it then."""

    def __init__(self, ask: Callable[[], tuple[Fetched, int | None]]) -> None:
        self._ask = ask
        self._broken = 0

    def __call__(self) -> tuple[Fetched, int | None]:
        try:
            return self._ask()
        except BrokenMedia as error:
            self._broken += 1
            if self._broken >= _BROKEN_TRIES:
                raise
            raise Passing(error) from error


def _cut_short(fetched: Fetched, keys: int | None) -> bool:
    """Whether the clip lacks something: the service cuts it at its limits, and closes its holes, without a word."""
    chunk, plays = fetched.chunk, fetched.media.duration
    if not chunk.lengths:
        full = (keys or 0) >= MANY_KEY_FRAMES or fetched.size >= MANY_BYTES
        return full or chunk.window.seconds - plays > plays / (keys or 1) + _TREMBLE
    if keys == len(chunk.lengths):  # each fragment begins with one: they are all there, however long they play
        return False
    return chunk.seconds - plays > min(chunk.lengths) / 2
