"""Drawings of the vehicle's speed and way as paths for SVG: no map, no tiles, nothing from a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from footage.telematics import Reading, Track

WIDTH, HEIGHT = 1000, 160
_SIDE = 320
_MARGIN = 10
_AIR = 1.08
"""How much higher than the fastest reading the drawing is."""
_NEAR = 0.4
_KMH, _MPH = 3.6, 2.2369362920544
_METRES_A_DEGREE = 111_320.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG path in a box of `width` by `height`, and what its edges mean."""

    path: str
    width: int
    height: int
    words: str
    dots: tuple[tuple[float, float], ...] = ()


def draw_speed(track: Track, start: datetime, end: datetime) -> Drawing | None:
    """Speed over the incident, from left to right; a hole breaks the line."""

    def known() -> Iterator[Reading]:
        return (each for each in track.readings if each.speed is not None and start <= each.moment <= end)

    fastest = max((each.speed or 0.0 for each in known()), default=None)
    if fastest is None or end <= start:
        return None
    top = max(fastest, 1.0) * _AIR
    span = (end - start).total_seconds()

    def place(each: Reading) -> Point:
        return (each.moment - start).total_seconds() / span * WIDTH, HEIGHT * (1 - (each.speed or 0.0) / top)

    words = f"Speed: at most {fastest * _KMH:.0f} km/h ({fastest * _MPH:.0f} mph)"
    return Drawing(_path(known(), track.hole_seconds, place), WIDTH, HEIGHT, words)


def draw_track(track: Track) -> Drawing | None:
    """The way, north up, true to scale; a hole breaks the line."""
    readings = track.readings
    if len(readings) < 2:
        return None
    flat = math.cos(math.radians(readings[0].latitude))
    left, right = _ends(each.longitude * flat for each in readings)
    top, bottom = _ends(-each.latitude for each in readings)
    extent = max(right - left, bottom - top)
    scale = (_SIDE - 2 * _MARGIN) / max(extent, 1e-6)

    def place(each: Reading) -> Point:
        return _MARGIN + (each.longitude * flat - left) * scale, _MARGIN + (-each.latitude - top) * scale

    metres = extent * _METRES_A_DEGREE
    dots = (place(readings[0]), place(readings[-1]))
    path = _path(readings, track.hole_seconds, place)
    return Drawing(path, _SIDE, _SIDE, f"North is up; the drawing is {metres:.0f} m across", dots)


def _ends(numbers: Iterable[float]) -> tuple[float, float]:
    low, high = math.inf, -math.inf
    for number in numbers:
        low, high = min(low, number), max(high, number)
    return low, high


def _path(readings: Iterable[Reading], hole: float, place: Callable[[Reading], Point]) -> str:
    """Lines through the readings; a point too near to the last one to be seen apart is left out, but for a line's end.

    Eight hours have thirty readings to a unit of the drawing.
    """
    drawn = StringIO()
    last: Reading | None = None
    at, left_out = (math.inf, math.inf), False
    for each in readings:
        point = place(each)
        begins = last is None or (each.moment - last.moment).total_seconds() > hole
        if begins and last is not None and left_out:
            drawn.write(_to(place(last)))
        if begins or math.dist(point, at) >= _NEAR:
            drawn.write(f" M{_at(point)}" if begins else _to(point))
            at, left_out = point, False
        else:
            left_out = True
        last = each
    if last is not None and left_out:
        drawn.write(_to(place(last)))
    return drawn.getvalue().lstrip()


def _to(point: Point) -> str:
    return f" L{_at(point)}"


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
