"""Whether a clip is what was planned: all of its fragments, no others, each at its time. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

from footage.kinesis.plan import HOLE_SECONDS, Chunk

MANY_KEY_FRAMES, MANY_BYTES = 195, 85_000_000
"""A clip of unknown fragments that reaches these may have been cut at 200 fragments or 100 MB without a word."""
_TREMBLE = 0.25
_ROUNDING = 0.02  # times are listed in whole milliseconds, and a file's own ticks may be longer


@dataclass(frozen=True, slots=True)
class Played:
    """What came: how long it plays in seconds, its bytes, and when its key frames play (None where it does not say)."""

    seconds: float
    size: int
    keys: tuple[float, ...] | None

    @property
    def key_count(self) -> int:
        """How many key frames there are, as far as is known."""
        return len(self.keys or ())


@dataclass(frozen=True, slots=True)
class Timing:
    """A chunk's fragments by the camera's clock: seconds from the first to each, and how long each should play.

    `open_end`: how long the last one plays is not known at all.
    """

    begins: tuple[float, ...]
    lengths: tuple[float, ...]
    open_end: bool = False

    @classmethod
    def of(cls, chunk: Chunk) -> Timing:
        """By the producer's timestamps."""
        begins = [(each.producer - chunk.fragments[0].producer).total_seconds() for each in chunk.fragments]
        return cls(tuple(begins), chunk.lengths, bool(begins) and chunk.fragments[-1].seconds <= 0)


def cut_short(chunk: Chunk, played: Played) -> bool:
    """Whether something is lacking: the service cuts a clip at its limits without a word."""
    if not chunk.lengths:
        full = played.key_count >= MANY_KEY_FRAMES or played.size >= MANY_BYTES
        return full or chunk.window.seconds - played.seconds > played.seconds / (played.key_count or 1) + _TREMBLE
    if played.key_count == len(chunk.lengths):  # each fragment begins with one: they are all there
        return False
    return chunk.seconds - played.seconds > min(chunk.lengths) / 2


def intrusions(chunk: Chunk, played: Played) -> list[int]:
    """Before which fragments of the chunk others came too, which were to be left out: where it is to be divided."""
    if not chunk.others or played.seconds - chunk.seconds <= min(chunk.lengths) / 2:
        return []
    starts = [each.producer for each in chunk.fragments]
    return [
        place
        for place, (start, end) in enumerate(pairwise(starts), start=1)
        if any(start < other < end for other in chunk.others)
    ]


def drifts(timing: Timing, played: Played) -> list[int]:
    """Before which fragments a clip is to be divided, so that each part of it is true to the clock.

    The place of a fragment in the clip is that of its key frame; where there are more key frames than fragments, what
    its length says, and all lengths are mended alike.
    """
    places, first, begins = [], 0, timing.begins
    shown = _shown(timing, played)
    for place, (begin, at) in enumerate(zip(begins, shown, strict=True)):
        if abs((begin - begins[first]) - (at - shown[first])) > HOLE_SECONDS + _ROUNDING:
            places.append(place)
            first = place
    return places


def _shown(timing: Timing, played: Played) -> list[float]:
    lengths = timing.lengths
    if played.keys is not None and len(played.keys) == len(lengths):
        return [at - played.keys[0] for at in played.keys]
    excess = played.seconds - sum(lengths)
    told = abs(excess) > _TREMBLE and not (excess > 0 and timing.open_end)
    each = excess / len(lengths) if told and lengths else 0.0
    return list(accumulate((length + each for length in lengths), initial=0.0))[: len(lengths)]
