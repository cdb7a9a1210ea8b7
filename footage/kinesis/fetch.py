"""One chunk of a stream: asked for, brought to disk, checked against the plan, divided where it cannot be had whole."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from footage.errors import BrokenMedia, ServiceUnreachable
from footage.files import sha256_of
from footage.kinesis.check import key_times
from footage.kinesis.errors import NO_FRAGMENTS, OUT_OF_RETENTION, ClipRefused, Throttled, with_few_endpoints
from footage.kinesis.fragments import Fragment, Selector
from footage.kinesis.judge import Played, Timing, cut_short, drifts, intrusions
from footage.kinesis.pace import FragmentBucket
from footage.kinesis.plan import Chunk, divided, halves, plan_chunks
from footage.kinesis.tries import Tries
from footage.models import Media, TimeWindow
from footage.pacing import Pause, Retry
from footage.parts import Sidecar, discard, read_sidecar, write_sidecar
from footage.values_json import window_from_json, window_to_json

log = logging.getLogger(__name__)

_MOST_FRAGMENTS = 200
_BAD_RANGE = "InvalidArgumentException"
_PERHAPS_GONE = {NO_FRAGMENTS, OUT_OF_RETENTION, _BAD_RANGE}


class ClipService(Protocol):
    """What of the Kinesis client is needed here."""

    def fragments(self, stream: str, window: TimeWindow, selector: Selector) -> list[Fragment]:
        """The stream's fragments of a window."""

    def get_clip(
        self, stream: str, chunk: Chunk, selector: Selector, target: Path, *, received: Callable[[int], None]
    ) -> None:
        """One clip into a file; raises Passing where another try may help."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A chunk that came, in a part file; whole but where its `media` says otherwise. `keys`: as in `Played`."""

    chunk: Chunk
    path: Path
    size: int
    sha256: str
    media: Media
    keys: tuple[float, ...] | None

    @property
    def played(self) -> Played:
        """What the judge looks at."""
        return Played(self.media.duration, self.size, self.keys)


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
        self._junk: set[str] = set()

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
        noted = self._noted(part)
        if noted is None or not part.is_file():
            return None
        chunk, timing = noted
        try:
            fetched = self._examined(chunk, part)
        except BrokenMedia:
            return None
        if len(chunk.lengths) != 1 and cut_short(chunk, fetched.played):
            return None
        drifting = self._selector == "producer" and drifts(timing, fetched.played)
        return None if drifting or not fetched.media.complete else fetched

    def _bring(self, chunk: Chunk, target: Path) -> Outcome:
        tries = Tries(lambda: self._try(chunk, target), target, self._junk)
        try:
            fetched = self._retry(with_few_endpoints(tries))
        except ClipRefused as refused:
            return self._refused(chunk, refused)
        except BrokenMedia as error:
            lost = Lost(chunk, "download", str(error))
            return tries.damaged or (lost if tries.hopeless else self._halved(chunk, lost))
        except ServiceUnreachable as error:
            return Lost(chunk, "download", error.message, silence=error)
        return self._judged(fetched)

    def _try(self, chunk: Chunk, target: Path) -> Fetched:
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

    def _examined(self, chunk: Chunk, part: Path) -> Fetched:
        """What a part holds. Raises BrokenMedia where it cannot be read."""
        keys, media = key_times(part), self._inspect(part)
        return Fetched(chunk, part, part.stat().st_size, sha256_of(part), media, keys)

    def _judged(self, fetched: Fetched) -> Outcome:
        """The clip, or the parts in which it is asked for again where it did not come as planned."""
        chunk, played = fetched.chunk, fetched.played
        if not fetched.media.complete:
            log.warning("%s came broken inside, and so again: kept as it is", chunk.window)
            return fetched
        places = intrusions(chunk, played)
        if not places and cut_short(chunk, played):
            log.info("%s came short of its %d fragments: asked for again in two", chunk.window, len(chunk.fragments))
            return self._halved(chunk, fetched)
        if not places and self._selector == "producer":
            places = drifts(Timing.of(chunk), played)
        if not places:
            return fetched
        log.info("%s does not keep to the clock: asked for again in %d parts", chunk.window, len(places) + 1)
        return Divided(chunk, divided(chunk, places, self._selector))

    def _told(self, chunk: Chunk) -> str:
        """All that must be known of a chunk to judge its file later."""
        whose = {"stream": self._stream, "selector": self._selector}
        return json.dumps({**whose, **window_to_json(chunk.window), **asdict(Timing.of(chunk))})

    def _noted(self, part: Path) -> tuple[Chunk, Timing] | None:
        """Inverse of `_told`, without the fragments themselves: only when each begins."""
        sidecar = read_sidecar(part)
        if sidecar is None:
            return None
        try:
            note = json.loads(sidecar.media)
            if (note["stream"], note["selector"]) != (self._stream, self._selector):
                return None
            window = window_from_json(note)
            timing = Timing(tuple(note["begins"]), tuple(note["lengths"]), bool(note["open_end"]))
            return Chunk(window.start, window.end, (), window, timing.lengths), timing
        except (ValueError, KeyError, TypeError):
            return None

    def _refused(self, chunk: Chunk, refused: ClipRefused) -> Outcome:
        lost = Lost(chunk, refused.code, refused.message)
        if refused.divisible:
            return self._halved(chunk, lost)
        if refused.code in _PERHAPS_GONE:
            return self._gone(chunk, lost)
        return lost

    def _gone(self, chunk: Chunk, lost: Lost) -> Outcome:
        """Look which of the fragments that were listed are still there: they expire, the oldest first.

        A range that begins before the stream does is refused as a whole: where even its list is, a half may be had.
        """
        nothing = lost if lost.reason == _BAD_RANGE else replace(lost, reason="no_media")
        if not chunk.fragments:
            return nothing
        range_asked = TimeWindow(chunk.start, chunk.window.end)
        try:
            listed = {each.number for each in self._client.fragments(self._stream, range_asked, self._selector)}
        except ClipRefused:
            return self._halved(chunk, replace(lost, reason="no_media"))
        left = [each for each in chunk.fragments if each.number in listed]
        if not left:
            return replace(lost, reason="no_media", detail=f"The stream no longer has these fragments. {lost.detail}")
        if len(left) == len(chunk.fragments):
            return self._halved(chunk, nothing)
        return Divided(chunk, plan_chunks(left, chunk.window, self._selector))

    def _halved(self, chunk: Chunk, otherwise: Fetched | Lost) -> Outcome:
        """The chunk in halves, or `otherwise` where it cannot be halved."""
        self._pause.check()
        parts = halves(chunk, self._selector)
        return Divided(chunk, parts) if len(parts) > 1 else otherwise
