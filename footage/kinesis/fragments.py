"""A stream's fragments as they are listed: which of them count, in what order, and how long each plays. Arithmetic."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import fmean, median
from typing import Literal

Selector = Literal["producer", "server"]
"""By which of its two times a fragment is chosen: the camera's own clock, or the moment it reached AWS."""

SHORTEST_FRAGMENT, LONGEST_FRAGMENT = 1.0, 20.0
"""What PutMedia takes, in seconds."""
_LONGEST_FRAME = 1.2  # cameras of one frame a second
_NEAR = 0.1


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
class Settled:
    """Fragments in the order of the chosen time, with the seconds that each plays, and how many were left out.

    `repeated` had the producer timestamp of an earlier one, `overtaken` lay over footage that had arrived before;
    `others` are the starts of the latter, in order.
    """

    fragments: tuple[Fragment, ...]
    starts: tuple[datetime, ...]
    lengths: tuple[float, ...]
    repeated: int
    others: tuple[datetime, ...]

    @property
    def overtaken(self) -> int:
        """How many of the fragments lay over others."""
        return len(self.others)


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
        others=tuple(sorted(first.keys() - {fragment.producer for fragment in kept})),
    )


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
