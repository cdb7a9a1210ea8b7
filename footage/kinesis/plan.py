"""From the fragments of a Kinesis stream to the clips to ask for. Arithmetic only; knows nothing of AWS's library."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from statistics import median

from footage.kinesis.fragments import Fragment, Selector, Settled, settle
from footage.models import TimeWindow

HOLE_SECONDS = 0.1
"""A clip closes the holes inside it, so no chunk may hold more than this between what its fragments show and last."""
_SERVER_HOLE_SECONDS = 1.0  # arrival times tremble with the network
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_MARGIN = timedelta(seconds=2)  # how far a chunk's bounds go beyond its fragments where there are no others


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one GetClip brings. `start` and `end` go over the wire: both inclusive, compared with fragments' starts.

    `window` is the time that the chunk answers for, `lengths` the seconds that each fragment plays; `others` are the
    starts of fragments between its own that GetClip should leave out. A chunk of unknown fragments (no permission to
    list) has none of these.
    """

    start: datetime
    end: datetime
    fragments: tuple[Fragment, ...]
    window: TimeWindow
    lengths: tuple[float, ...] = field(default=())
    others: tuple[datetime, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """How long the clip should play."""
        return sum(self.lengths)


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
    if middle == 0 or chunk.fragments[middle - 1].start(selector) == chunk.fragments[middle].start(selector):
        return (chunk,)
    return divided(chunk, [middle], selector)


def divided(chunk: Chunk, places: Sequence[int], selector: Selector) -> tuple[Chunk, ...]:
    """The chunk as several: cut before each of its fragments at `places`, of which no two start at one time."""
    starts = [each.start(selector) for each in chunk.fragments]
    begins, ends = [chunk.start], []
    for place in places:
        between = [each for each in chunk.others if starts[place - 1] < each < starts[place]]
        ends.append(_bounds_between(starts[place - 1], min([*between, starts[place]]))[0])
        begins.append(_bounds_between(max([*between, starts[place - 1]]), starts[place])[1])
    edges = pairwise([0, *places, len(starts)])
    return tuple(
        Chunk(
            start=start,
            end=end,
            fragments=chunk.fragments[first:after],
            window=TimeWindow(starts[first], starts[after] if after < len(starts) else chunk.window.end),
            lengths=chunk.lengths[first:after],
            others=tuple(each for each in chunk.others if starts[first] < each < starts[after - 1]),
        )
        for start, end, (first, after) in zip(begins, [*ends, chunk.end], edges, strict=True)
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
    plays_until = max(last + timedelta(seconds=settled.lengths[after - 1]), last + _MILLISECOND)
    if after < len(starts) and starts[after] - plays_until <= timedelta(seconds=HOLE_SECONDS):
        plays_until = starts[after]
    return Chunk(
        start=_start_of(settled, first),
        end=_end_of(settled, after),
        fragments=settled.fragments[first:after],
        window=TimeWindow(begins, plays_until),
        lengths=settled.lengths[first:after],
        others=settled.others[bisect_right(settled.others, begins) : bisect_left(settled.others, last)],
    )


def _start_of(settled: Settled, first: int) -> datetime:
    """Where to begin for the fragment at `first`: clear of the one before it, and else as late as can be.

    Before the very first fragment may lie the stream's beginning, and by server time no range may reach past that.
    """
    begins = settled.starts[first]
    before = [*settled.starts[max(first - 1, 0) : first], *settled.others[: bisect_left(settled.others, begins)][-1:]]
    if not before:
        return begins - _MILLISECOND
    return _bounds_between(max(*before, begins - _MARGIN), begins)[1]


def _end_of(settled: Settled, after: int) -> datetime:
    last = settled.starts[after - 1]
    later = [*settled.starts[after : after + 1], *settled.others[bisect_right(settled.others, last) :][:1]]
    return _bounds_between(last, min([*later, last + _MARGIN]))[0]


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
