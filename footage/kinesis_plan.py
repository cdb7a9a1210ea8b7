"""From the fragments of a Kinesis stream to the clips to ask for. Arithmetic only; knows nothing of AWS's library."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, groupby, pairwise
from statistics import fmean, median
from typing import Literal

from footage.models import TimeWindow

Selector = Literal["producer", "server"]
"""By which of its two times a fragment is chosen: the camera's own clock, or the moment it reached AWS."""

HOLE_SECONDS = 0.2
"""A clip closes the holes inside it, so no chunk may hold more than this between what its fragments show and last."""
SHORTEST_FRAGMENT, LONGEST_FRAGMENT = 1.0, 20.0
"""What PutMedia takes, in seconds."""
_SERVER_HOLE_SECONDS = 1.0  # arrival times tremble with the network
_LONGEST_FRAME = 1.2  # cameras of one frame a second
_NEAR = 0.1
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_MARGIN = timedelta(seconds=2)  # how far a chunk's bounds go beyond its fragments where there are no others


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment as ListFragments tells it. `number` rises in the order of arrival, `size` is in bytes.

    `seconds` leaves out the last frame, and can be 0: the distance to the next fragment is the better measure.
    """

    number: int
    producer: datetime
    server: datetime
    size: int
    seconds: float

    def start(self, selector: Selector) -> datetime:
        """The time by which the fragment is chosen."""
        return self.producer if selector == "producer" else self.server


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one GetClip brings. `start` and `end` go over the wire: both inclusive, compared with fragments' starts.

    `window` is the time that the chunk answers for, `lengths` the seconds that each fragment plays. A chunk of unknown
    fragments (no permission to list) has none of either.
    """

    start: datetime
    end: datetime
    fragments: tuple[Fragment, ...]
    window: TimeWindow
    lengths: tuple[float, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """How long the clip should play."""
        return sum(self.lengths)


@dataclass(frozen=True, slots=True)
class Settled:
    """Fragments in the order of the chosen time, with the seconds that each plays, and how many were left out.

    `repeated` had the producer timestamp of an earlier one, `overtaken` lay over footage that had arrived before.
    """

    fragments: tuple[Fragment, ...]
    starts: tuple[datetime, ...]
    lengths: tuple[float, ...]
    repeated: int
    overtaken: int


def settle(fragments: Iterable[Fragment], selector: Selector) -> Settled:
    """Put fragments in order and leave out those that GetClip leaves out too."""
    listed = {fragment.number: fragment for fragment in fragments}
    first: dict[datetime, Fragment] = {}
    for number in sorted(listed):
        first.setdefault(listed[number].producer, listed[number])
    kept = list(first.values())
    if selector == "producer":
        kept = list(_oldest_collections(kept))
    lengths = _lengths(sorted(kept, key=lambda fragment: fragment.producer))
    kept.sort(key=lambda fragment: (fragment.start(selector), fragment.number))
    return Settled(
        fragments=tuple(kept),
        starts=tuple(fragment.start(selector) for fragment in kept),
        lengths=tuple(lengths[fragment.number] for fragment in kept),
        repeated=len(listed) - len(first),
        overtaken=len(first) - len(kept),
    )


def plan_chunks(
    fragments: Iterable[Fragment],
    window: TimeWindow,
    selector: Selector,
    *,
    max_fragments: int = 195,
    max_bytes: int = 85_000_000,
    max_seconds: float = 23 * 3600,
    chunk_seconds: float | None = None,
    done: Sequence[TimeWindow] = (),
) -> tuple[Chunk, ...]:
    """Chunks, oldest first, that together hold each fragment playing in `window` once, but for those that are `done`.

    They are cut where a limit is reached and at holes. The limits stay below those of GetClip (200 fragments, 100 MB,
    24 hours), past which it cuts its answer without a word. `chunk_seconds` makes them shorter still.
    """
    settled = settle(fragments, selector)
    longest = timedelta(seconds=min(max_seconds, chunk_seconds or max_seconds))
    holes = _Holes(settled, selector)
    runs: list[list[int]] = []
    size = 0
    for index in _wanted(settled, window, done):
        fragment, start = settled.fragments[index], settled.starts[index]
        run = runs[-1] if runs else []
        ends = start + timedelta(seconds=settled.lengths[index])
        full = len(run) == max_fragments or size + fragment.size > max_bytes
        late = bool(run) and ends - settled.starts[run[0]] > longest
        if holes.before(index, run) or ((full or late) and settled.starts[run[-1]] < start):
            runs.append([])
            size = 0
        runs[-1].append(index)
        size += fragment.size
    return tuple(_chunk(settled, run[0], run[-1] + 1) for run in runs)


def fixed_chunks(window: TimeWindow, seconds: float) -> tuple[Chunk, ...]:
    """Chunks of `seconds` for a stream whose fragments may not be listed; no fragment's start lies in two of them."""
    step = timedelta(seconds=seconds)
    chunks, at = [], window.start
    while at < window.end:
        until = min(at + step, window.end)
        chunks.append(Chunk(at, until - _MILLISECOND, (), TimeWindow(at, until)))
        at = until
    return tuple(chunk for chunk in chunks if chunk.start < chunk.end)


def halves(chunk: Chunk, selector: Selector) -> tuple[Chunk, ...]:
    """The chunk as two; itself alone where it is one fragment, or, of unknown fragments, a second long."""
    if not chunk.fragments:
        half = timedelta(milliseconds=chunk.window.seconds * 1000 // 2)
        return fixed_chunks(chunk.window, half.total_seconds()) if half >= _SECOND else (chunk,)
    middle = len(chunk.fragments) // 2
    before, after = chunk.fragments[middle - 1].start(selector), chunk.fragments[middle].start(selector)
    if middle == 0 or before == after:
        return (chunk,)
    end, start = _bounds_between(before, after)
    left = TimeWindow(chunk.window.start, after)
    right = TimeWindow(after, chunk.window.end)
    return (
        Chunk(chunk.start, end, chunk.fragments[:middle], left, chunk.lengths[:middle]),
        Chunk(start, chunk.end, chunk.fragments[middle:], right, chunk.lengths[middle:]),
    )


def outside(window: TimeWindow, taken: Iterable[TimeWindow]) -> tuple[TimeWindow, ...]:
    """The parts of `window` that none of `taken` covers, in time order."""
    free, at = [], window.start
    for each in sorted(taken):
        if at < min(each.start, window.end):
            free.append(TimeWindow(at, min(each.start, window.end)))
        at = max(at, each.end)
    if at < window.end:
        free.append(TimeWindow(at, window.end))
    return tuple(free)


class _Holes:
    """Knows where the time between fragments is not filled, so that one clip cannot be true to the clock."""

    def __init__(self, settled: Settled, selector: Selector) -> None:
        spacings = [(after - before).total_seconds() for before, after in pairwise(settled.starts)]
        self._unfilled = [spacing - length for spacing, length in zip(spacings, settled.lengths, strict=False)]
        self._drift = list(accumulate(self._unfilled, initial=0.0))
        self._exact = selector == "producer"
        self._limit = HOLE_SECONDS if self._exact else max(_SERVER_HOLE_SECONDS, median([*spacings, 0.0]) / 2)

    def before(self, index: int, run: Sequence[int]) -> bool:
        """Whether a chunk that holds the fragments at `run` must end before the one at `index`."""
        if not run or run[-1] != index - 1:
            return True
        if not self._exact:
            return self._unfilled[index - 1] > self._limit
        drift = self._drift[index] - self._drift[run[0]]
        return max(abs(self._unfilled[index - 1]), abs(drift)) > self._limit


def _wanted(settled: Settled, window: TimeWindow, done: Sequence[TimeWindow]) -> Iterator[int]:
    """The places of the fragments that play inside the window and are not done yet."""
    for index, (start, length) in enumerate(zip(settled.starts, settled.lengths, strict=True)):
        plays = start < window.end and start + timedelta(seconds=length) > window.start
        if plays and not any(each.start <= start < each.end for each in done):
            yield index


def _chunk(settled: Settled, first: int, after: int) -> Chunk:
    """The chunk of the fragments from `first` to before `after`, kept clear of both neighbours and of wide holes."""
    starts = settled.starts
    begins, last = starts[first], starts[after - 1]
    later = min(starts[after], last + _MARGIN) if after < len(starts) else last + _MARGIN
    plays_until = max(last + timedelta(seconds=settled.lengths[after - 1]), last + _MILLISECOND)
    if after < len(starts) and starts[after] - plays_until <= timedelta(seconds=HOLE_SECONDS):
        plays_until = starts[after]
    return Chunk(
        start=_start_of(settled, first),
        end=_bounds_between(last, later)[0],
        fragments=settled.fragments[first:after],
        window=TimeWindow(begins, plays_until),
        lengths=settled.lengths[first:after],
    )


def _start_of(settled: Settled, first: int) -> datetime:
    """Where to begin for the fragment at `first`: clear of the one before it, and else as late as can be.

    Before the very first fragment may lie the stream's beginning, and by server time no range may reach past that.
    """
    begins = settled.starts[first]
    if first == 0:
        return begins - _MILLISECOND
    return _bounds_between(max(settled.starts[first - 1], begins - _MARGIN), begins)[1]


def _bounds_between(before: datetime, after: datetime) -> tuple[datetime, datetime]:
    """An end that still takes the fragment at `before` and a start that first takes the one at `after`.

    Both lie at the middle, moved to a whole second where one lies between: a client that cuts milliseconds off, as
    botocore did before 1.43.93, then still asks for the same fragments.
    """
    middle = before + (after - before) / 2
    middle -= timedelta(microseconds=middle.microsecond % 1000)
    second = middle.replace(microsecond=0)
    inside = [each for each in (second, second + _SECOND) if before < each < after]
    if inside:
        nearest = min(inside, key=lambda each: abs(each - middle))
        return nearest, nearest
    start = after if after.microsecond == 0 else max(middle, before + _MILLISECOND)
    return max(middle, before), start


def _lengths(ordered: Sequence[Fragment]) -> dict[int, float]:
    """How long each fragment plays, by number: what is listed and one frame, as long as they usually are.

    Of a fragment whose length is not listed all that is known is that it ends before the next one begins.
    """
    spacings = [(after.producer - before.producer).total_seconds() for before, after in pairwise(ordered)]
    beyond = [spacing - each.seconds for each, spacing in zip(ordered, spacings, strict=False) if each.seconds > 0]
    frame = _usual([rest for rest in beyond if 0 <= rest <= _LONGEST_FRAME])
    at_most = [min(spacing, LONGEST_FRAGMENT) for spacing in spacings]
    at_most.append(median(at_most) if at_most else SHORTEST_FRAGMENT)
    return {
        each.number: each.seconds + frame if each.seconds > 0 else unlisted
        for each, unlisted in zip(ordered, at_most, strict=False)
    }


def _usual(values: Sequence[float]) -> float:
    """The mean of those near the middle one; 0 of none."""
    middle = median(values) if values else 0.0
    return fmean([each for each in values if abs(each - middle) <= _NEAR] or [middle])


def _oldest_collections(arrived: Sequence[Fragment]) -> Iterator[Fragment]:
    """Without the fragments that lie over footage of an earlier upload: where a camera sent a time again, later.

    An upload ends where the producer's time jumps back. GetClip returns only the oldest footage of a time.
    """
    taken: list[tuple[datetime, datetime]] = []
    for upload in _uploads(arrived):
        fresh = [fragment for fragment in upload if not _lies_over(fragment, taken)]
        yield from fresh
        taken = sorted([*taken, *(_span(fragment) for fragment in fresh)])


def _uploads(arrived: Sequence[Fragment]) -> Iterator[list[Fragment]]:
    jumps = [0]
    for before, after in pairwise(arrived):
        jumps.append(jumps[-1] + (after.producer < before.producer))
    for _, group in groupby(zip(jumps, arrived, strict=False), key=lambda pair: pair[0]):
        yield [fragment for _, fragment in group]


def _span(fragment: Fragment) -> tuple[datetime, datetime]:
    return fragment.producer, fragment.producer + timedelta(seconds=fragment.seconds)


def _lies_over(fragment: Fragment, taken: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether more than half of the fragment, or of one it meets, has been taken."""
    start, end = _span(fragment)
    place = bisect_right(taken, (start, end))
    for other_start, other_end in taken[max(0, place - 1) : place + 2]:
        shared = min(end, other_end) - max(start, other_start)
        if shared > min(end - start, other_end - other_start) / 2:
            return True
    return False
