"""Where the vehicle was and how fast, over an incident: values, and what they are between two readings. No input."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

HOLE_SECONDS = 10.0
"""Between readings further apart than this nothing is known: no value is carried over, and none is interpolated."""
_NEAR_SECONDS = 0.5
"""A reading with a hole on one side still speaks for so long on that side."""
_HARD_BRAKING = 2.5
"""Metres a second, a second."""


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


@dataclass(frozen=True, slots=True)
class Track:
    """The readings of an incident in time order, one a moment. `source` names the endpoint that told them."""

    readings: tuple[Reading, ...] = ()
    source: str = ""

    def speed_at(self, moment: datetime) -> float | None:
        """Metres a second at an instant, straight between the readings around it; None where nothing is known."""
        after = bisect_right([reading.moment for reading in self.readings], moment)
        before = self.readings[after - 1] if after else None
        following = self.readings[after] if after < len(self.readings) else None
        if before and following and _seconds(before, following) <= HOLE_SECONDS:
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


NO_TRACK = Track()
"""Nothing is known of where the vehicle was."""


def in_order(readings: Iterable[Reading], source: str) -> Track:
    """The track of readings that came in any order, some of them perhaps twice."""
    by_moment = {reading.moment: reading for reading in readings}
    return Track(tuple(by_moment[moment] for moment in sorted(by_moment)), source)


def _between(before: Reading, following: Reading, moment: datetime) -> float | None:
    if before.speed is None or following.speed is None:
        return before.speed if before.moment == moment else None
    part = _apart(before, moment) / _seconds(before, following)
    return before.speed + (following.speed - before.speed) * part


def _apart(reading: Reading, moment: datetime) -> float:
    return (moment - reading.moment) / timedelta(seconds=1)


def _seconds(one: Reading, other: Reading) -> float:
    return (other.moment - one.moment).total_seconds()
