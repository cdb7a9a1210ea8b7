"""Where the stand-in's vehicles drive, and how fast: a road that winds, and once in each round a hard braking."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import accumulate
from typing import Any

from demo.exchange import Refused, Request
from demo.faults import Script
from demo.samsara_checks import read_time
from demo.samsara_fleet import FleetVehicle
from demo.times import parse_time, tell_time

_ROUND = 90
_CRUISE, _CRAWL = 24.0, 6.0
"""Metres a second."""
_BRAKES_AT, _BRAKES_FOR, _SPEEDS_UP_FOR = 40.0, 4.0, 20.0
_LATITUDE, _LONGITUDE = 41.878876, -87.635918
_METRES_A_DEGREE = 111_320.0
_REACH = 20_000.0
"""The road is so many metres long; at its end they turn round."""
_SPARSE_SECONDS = 5
_MPH = 2.2369362920544
_MOST_A_PAGE = 512

Item = dict[str, Any]


class Telematics:
    """Answers for both endpoints that tell speed and place, a list of items for each page."""

    def __init__(self, fleet: Iterable[FleetVehicle], script: Callable[[], Script]) -> None:
        self._ids = {vehicle.id for vehicle in fleet}
        self._script = script

    def stream(self, request: Request) -> list[list[Item]]:
        """`/assets/location-and-speed/stream`: every second with `includeHighFrequencyLocations`, in m/s."""
        every = 1 if request.one("includeHighFrequencyLocations") == "true" else _SPARSE_SECONDS
        speed = request.one("includeSpeed") == "true"
        vehicle = self._vehicle(request, "ids")
        items = [_located(vehicle, moment, with_speed=speed) for moment in self._moments(request, every)]
        limit = min(int(request.one("limit") or _MOST_A_PAGE), _MOST_A_PAGE)
        return [items[at : at + limit] for at in range(0, len(items), limit)] or [[]]

    def history(self, request: Request) -> list[list[Item]]:
        """`/fleet/vehicles/stats/history` with `types=gps`: every few seconds, in miles an hour."""
        if request.one("types") != "gps":
            raise Refused(400, "Invalid value for parameter types.")
        vehicle = self._vehicle(request, "vehicleIds")
        points = [_point(moment) for moment in self._moments(request, _SPARSE_SECONDS)]
        return [[{"id": vehicle, "name": "", "gps": points}]]

    def _vehicle(self, request: Request, name: str) -> str:
        vehicle = request.one(name) or ""
        if vehicle not in self._ids:
            raise Refused(400, f"Invalid value for parameter {name}.")
        return vehicle

    def _moments(self, request: Request, every: int) -> Iterator[datetime]:
        start, end = (read_time(request.one(name), name) for name in ("startTime", "endTime"))
        holes = [tuple(map(parse_time, hole.split("/"))) for hole in self._script().track_holes]
        moment = start.replace(microsecond=0)
        while moment <= end:
            if moment >= start and not any(begin <= moment < until for begin, until in holes):
                yield moment
            moment += timedelta(seconds=every)


def speed_at(moment: datetime) -> float:
    """Metres a second."""
    return _speed((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() % _ROUND)


def _speed(second: float) -> float:
    braking = second - _BRAKES_AT
    if braking < 0:
        return _CRUISE
    if braking < _BRAKES_FOR:
        return _CRUISE - (_CRUISE - _CRAWL) * braking / _BRAKES_FOR
    return min(_CRUISE, _CRAWL + (_CRUISE - _CRAWL) * (braking - _BRAKES_FOR) / _SPEEDS_UP_FOR)


@lru_cache(maxsize=1)
def _driven() -> tuple[float, ...]:
    """Metres driven since the round began, for each of its seconds and its end."""
    return tuple(accumulate((_speed(second + 0.5) for second in range(_ROUND)), initial=0.0))


def _place(moment: datetime) -> tuple[float, float, float]:
    """Latitude, longitude, heading in degrees."""
    rounds, second = divmod(int(moment.timestamp()), _ROUND)
    driven = (rounds * _driven()[-1] + _driven()[second]) % (2 * _REACH)
    metres, turned = (driven, 0) if driven < _REACH else (2 * _REACH - driven, 180)
    north, slope = 400 * math.sin(metres / 500), 0.8 * math.cos(metres / 500)
    east = metres * 0.85
    longitude = _LONGITUDE + east / (_METRES_A_DEGREE * math.cos(math.radians(_LATITUDE)))
    return _LATITUDE + north / _METRES_A_DEGREE, longitude, (math.degrees(math.atan2(0.85, slope)) + turned) % 360


def _located(vehicle: str, moment: datetime, *, with_speed: bool) -> Item:
    latitude, longitude, heading = _place(moment)
    location = {"latitude": latitude, "longitude": longitude, "headingDegrees": round(heading), "accuracyMeters": 3.5}
    item: Item = {"asset": {"id": vehicle}, "happenedAtTime": tell_time(moment), "location": location}
    if with_speed:
        item["speed"] = dict.fromkeys(("gpsSpeedMetersPerSecond", "ecuSpeedMetersPerSecond"), speed_at(moment))
    return item


def _point(moment: datetime) -> Item:
    latitude, longitude, heading = _place(moment)
    speed = {"speedMilesPerHour": speed_at(moment) * _MPH, "isEcuSpeed": False, "headingDegrees": heading}
    return {"time": tell_time(moment), "latitude": latitude, "longitude": longitude, **speed}
