"""Drawings of the vehicle's speed and way as paths for SVG: no map, no tiles, nothing from a network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from footage.telematics import HOLE_SECONDS, Reading, Track

WIDTH, HEIGHT = 1000, 160
_SIDE = 320
_MARGIN = 10
_AIR = 1.08
"""How much higher than the fastest reading the drawing is."""
_KMH, _MPH = 3.6, 2.2369362920544
_METRES_A_DEGREE = 111_320.0


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
    known = [each for each in track.readings if each.speed is not None and start <= each.moment <= end]
    if not known or end <= start:
        return None
    fastest = max(each.speed or 0.0 for each in known)
    top = max(fastest, 1.0) * _AIR
    span = (end - start).total_seconds()

    def place(each: Reading) -> tuple[float, float]:
        return (each.moment - start).total_seconds() / span * WIDTH, HEIGHT * (1 - (each.speed or 0.0) / top)

    words = f"Speed: at most {fastest * _KMH:.0f} km/h ({fastest * _MPH:.0f} mph)"
    return Drawing(_path([[place(each) for each in run] for run in _runs(known)]), WIDTH, HEIGHT, words)


def draw_track(track: Track) -> Drawing | None:
    """The way, north up, true to scale; a hole breaks the line."""
    if len(track.readings) < 2:
        return None
    flat = math.cos(math.radians(track.readings[0].latitude))
    points = {each: (each.longitude * flat, -each.latitude) for each in track.readings}
    left, top = (min(point[axis] for point in points.values()) for axis in (0, 1))
    extent = max(max(point[axis] for point in points.values()) - low for axis, low in ((0, left), (1, top)))
    scale = (_SIDE - 2 * _MARGIN) / max(extent, 1e-6)

    def place(each: Reading) -> tuple[float, float]:
        x, y = points[each]
        return _MARGIN + (x - left) * scale, _MARGIN + (y - top) * scale

    metres = extent * _METRES_A_DEGREE
    path = _path([[place(each) for each in run] for run in _runs(track.readings)])
    dots = (place(track.readings[0]), place(track.readings[-1]))
    return Drawing(path, _SIDE, _SIDE, f"North is up; the drawing is {metres:.0f} m across", dots)


def _runs(readings: Sequence[Reading]) -> Iterator[list[Reading]]:
    run: list[Reading] = []
    for each in readings:
        if run and (each.moment - run[-1].moment).total_seconds() > HOLE_SECONDS:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _path(runs: Sequence[Sequence[tuple[float, float]]]) -> str:
    return " ".join("M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in run) for run in runs)
