"""Where the vehicle was and how fast, over an incident: values, and what they are between two readings. No input."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import isnan, nan
from statistics import median_low
from typing import overload

from footage.models import UTC

HOLE_SECONDS, _LONGEST_HOLE = 10.0, 60.0
"""Between readings further apart nothing is known: no value is carried over, and none is interpolated.

How far that is depends on how often there are readings as a rule, between these two; statistics may come each 15 s.
"""
_HOLE_OF_INTERVALS = 2.5
_FEWEST_INTERVALS = 4
"""Fewer tell nothing about how often readings come."""
_NEAR_SECONDS = 0.5
"""A reading with a hole on one side still speaks for so long on that side."""
_HARD_BRAKING = 2.5
"""Metres a second, a second."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = 4
"""Of each reading: latitude, longitude, heading, speed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading. Latitude and longitude in degrees (WGS 84), heading in degrees from north, speed in metres a second.

    `speed_source` is `ecu` where the vehicle's own computer told the speed, `gps` where the satellites did.
    """

    moment: datetime
    latitude: float
    longitude: float
    heading: float | None = None
    speed: float | None = None
    speed_source: str = ""


class Readings(Sequence[Reading]):
    """Many readings in about forty bytes each: eight hours at one a second would else be the largest thing of a run."""

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        self._moments = array("q")
        self._numbers = array("d")
        self._sources = array("H")
        self._words: list[str] = []
        for each in readings:
            self._add(each)

    def __len__(self) -> int:
        return len(self._moments)

    @overload
    def __getitem__(self, index: int) -> Reading: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Reading, ...]: ...

    def __getitem__(self, index: int | slice) -> Reading | tuple[Reading, ...]:
        if isinstance(index, slice):
            return tuple(self[nth] for nth in range(*index.indices(len(self))))
        nth = range(len(self))[index]
        latitude, longitude, heading, speed = self._numbers[nth * _NUMBERS : (nth + 1) * _NUMBERS]
        moment = _EPOCH + self._moments[nth] * _MICROSECOND
        source = self._words[self._sources[nth]]
        return Reading(moment, latitude, longitude, _or_none(heading), _or_none(speed), source)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(Reading.__eq__, self, other))

    @property
    def in_order(self) -> bool:
        """Whether each is later than the one before."""
        return all(before < after for before, after in pairwise(self._moments))

    def _add(self, reading: Reading) -> None:
        if reading.speed_source not in self._words:
            self._words.append(reading.speed_source)
        self._moments.append((reading.moment - _EPOCH) // _MICROSECOND)
        known = (nan if number is None else number for number in (reading.heading, reading.speed))
        self._numbers.extend((reading.latitude, reading.longitude, *known))
        self._sources.append(self._words.index(reading.speed_source))


@dataclass(frozen=True, slots=True)
class Track:
    """The readings of an incident in time order, one a moment. `source` names the endpoint that told them."""

    readings: Sequence[Reading] = ()
    source: str = ""
    hole_seconds: float = field(init=False, compare=False, default=HOLE_SECONDS)
    """Between readings further apart than this nothing is known."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hole_seconds", _hole_seconds(self.readings))

    def speed_at(self, moment: datetime) -> float | None:
        """Metres a second at an instant, straight between the readings around it; None where nothing is known."""
        after = bisect_right(self.readings, moment, key=lambda reading: reading.moment)
        before = self.readings[after - 1] if after else None
        following = self.readings[after] if after < len(self.readings) else None
        if before and following and _seconds(before, following) <= self.hole_seconds:
            return _between(before, following, moment)
        near = [each for each in (before, following) if each and abs(_apart(each, moment)) <= _NEAR_SECONDS]
        return near[0].speed if near else None

    def key_moments(self) -> list[tuple[datetime, str]]:
        """The moment of the hardest braking, where it was hard."""
        hardest = max(self._braking(), default=None, key=lambda each: each[0])
        if hardest is None or hardest[0] < _HARD_BRAKING:
            return []
        return [(hardest[1], "hardest braking")]

    def _braking(self) -> Iterator[tuple[float, datetime]]:
        for one, other in pairwise(self.readings):
            seconds = _seconds(one, other)
            if one.speed is not None and other.speed is not None and 0 < seconds <= HOLE_SECONDS:
                yield (one.speed - other.speed) / seconds, one.moment


def _hole_seconds(readings: Sequence[Reading]) -> float:
    """A multiple of the usual interval. Of two middle ones the shorter, so that a hole never speaks for itself."""
    intervals = [_seconds(one, other) for one, other in pairwise(readings)]
    if len(intervals) < _FEWEST_INTERVALS:
        return HOLE_SECONDS
    return min(max(HOLE_SECONDS, _HOLE_OF_INTERVALS * median_low(intervals)), _LONGEST_HOLE)


NO_TRACK = Track()
"""Nothing is known of where the vehicle was."""


def in_order(readings: Iterable[Reading], source: str) -> Track:
    """The track of readings that came in any order, some of them perhaps twice."""
    kept = Readings(readings)
    if not kept.in_order:
        latest = {reading.moment: nth for nth, reading in enumerate(kept)}
        kept = Readings(kept[latest[moment]] for moment in sorted(latest))
    return Track(kept, source)


def _between(before: Reading, following: Reading, moment: datetime) -> float | None:
    if before.speed is None or following.speed is None:
        return before.speed if before.moment == moment else None
    part = _apart(before, moment) / _seconds(before, following)
    return before.speed + (following.speed - before.speed) * part


def _or_none(number: float) -> float | None:
    return None if isnan(number) else number


def _apart(reading: Reading, moment: datetime) -> float:
    return (moment - reading.moment) / timedelta(seconds=1)


def _seconds(one: Reading, other: Reading) -> float:
    return (other.moment - one.moment).total_seconds()
