"""When a camera gave no pictures although its clip goes on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median

from footage.models import SEAM_SECONDS

_INTERVALS = 4
"""A pause is so many usual intervals long at least: a camera of one picture a second, or a hyperlapse, has none."""


def pauses(shown: Iterable[int], end: int, tick: float) -> tuple[tuple[float, float], ...]:
    """The parts without pictures, in seconds from the first of the pictures that are `shown` at these ticks till `end`.

    A picture stands for as long as pictures usually do; what lies between its end and the next one is a pause, unless
    it is so short that it would be a seam between two clips.
    """
    times = sorted(set(shown))
    intervals = [after - before for before, after in pairwise(times)]
    if not intervals:
        return ()
    usual = median(intervals)
    least = max(SEAM_SECONDS / tick, _INTERVALS * usual)
    return tuple(
        ((before + usual - times[0]) * tick, (after - times[0]) * tick)
        for before, after in pairwise((*times, end))
        if after - before - usual >= least
    )
