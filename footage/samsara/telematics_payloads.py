"""Samsara's JSON of speed and place: two endpoints, two shapes, one kind of reading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from footage.errors import BadAnswer
from footage.models import UTC, TimeWindow
from footage.samsara.payloads import cursor_of, moment_of, rfc3339
from footage.telematics import Reading

Json = dict[str, Any]
_MPH = 0.44704
"""Metres a second in a mile an hour."""


def stream_query(vehicle_id: str, window: TimeWindow) -> list[tuple[str, str]]:
    """The finest that Samsara keeps of a vehicle, at most a reading a second; without an end it would never end."""
    return [
        ("ids", vehicle_id),
        ("startTime", rfc3339(window.start)),
        ("endTime", rfc3339(window.end)),
        ("includeSpeed", "true"),
        ("includeHighFrequencyLocations", "true"),
        ("limit", "512"),
    ]


def history_query(vehicle_id: str, window: TimeWindow) -> list[tuple[str, str]]:
    """The statistics of a vehicle: irregular, but older and with fewer conditions."""
    times = [("startTime", rfc3339(window.start)), ("endTime", rfc3339(window.end))]
    return [("vehicleIds", vehicle_id), ("types", "gps"), *times]


def stream_page(body: Json) -> tuple[list[Reading], str]:
    """One page of `/assets/location-and-speed/stream`, and the cursor of the next one."""
    readings = (_from_stream(item) for item in _items(body))
    return [reading for reading in readings if reading is not None], cursor_of(body)


def history_page(body: Json) -> tuple[list[Reading], str]:
    """One page of `/fleet/vehicles/stats/history`, and the cursor of the next one."""
    # a vehicle that told nothing in this time stands there without the list
    points = (point for item in _items(body) if item.get("gps") is not None for point in _items(item, "gps"))
    readings = (_from_history(point) for point in points)
    return [reading for reading in readings if reading is not None], cursor_of(body)


def _items(body: Json, field: str = "data") -> Iterator[Json]:
    items = body.get(field)
    if not isinstance(items, list):
        raise BadAnswer(f"Samsara's answer has no usable `{field}`.")
    return (item for item in items if isinstance(item, dict))


def _from_stream(item: Json) -> Reading | None:
    place, speed = (part if isinstance(part, dict) else {} for part in (item.get("location"), item.get("speed")))
    ecu, gps = _number(speed, "ecuSpeedMetersPerSecond"), _number(speed, "gpsSpeedMetersPerSecond")
    source = "ecu" if ecu is not None else "gps" if gps is not None else ""
    return _reading(moment_of(item, "happenedAtTime"), place, ecu if ecu is not None else gps, source)


def _from_history(point: Json) -> Reading | None:
    mph = _number(point, "speedMilesPerHour")
    source = "" if mph is None else "ecu" if point.get("isEcuSpeed") is True else "gps"
    return _reading(moment_of(point, "time"), point, None if mph is None else mph * _MPH, source)


def _reading(moment: datetime | None, place: Json, speed: float | None, source: str) -> Reading | None:
    latitude, longitude = _number(place, "latitude"), _number(place, "longitude")
    if moment is None or latitude is None or longitude is None:
        return None
    heading = _number(place, "headingDegrees")
    # rounded to what the files hold, so that a track that is read back is the same one
    place_on_earth = round(latitude, 7), round(longitude, 7)
    return Reading(moment.astimezone(UTC), *place_on_earth, _rounded(heading, 1), _rounded(speed, 3), source)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _number(item: Json, field: str) -> float | None:
    value = item.get(field)
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if usable and value is not None else None
