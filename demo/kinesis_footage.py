"""The demo's two streams, with what real ones have: a hole, a change of resolution, a burst, a repeated upload."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from demo.cameras import DRIVER, ROAD, CameraModel
from demo.kinesis_streams import KinesisStream, Studio

_BEFORE = 11.4
"""Seconds of footage before the asked start: a fragment is playing at it."""


def demo_streams(
    studio: Studio, start: datetime, minutes: float, *, height: int = 360, fps: int = 15, hole: float = 90.0
) -> list[KinesisStream]:
    """`yard-road` and `yard-driver`, from a little before `start` to a little after `minutes`.

    Road has a hole of `hole` seconds that begins after a third of the time, and sends its last fifth in a burst.
    Driver changes its resolution after half of the time, and sends some of its fragments twice.
    """
    seconds = minutes * 60
    created = start - timedelta(hours=6)
    road = KinesisStream("yard-road", created, retention_hours=24 * 365 * 10)
    driver = KinesisStream("yard-driver", created, retention_hours=24 * 365 * 10)
    _put_road(road, studio, _small(ROAD, height, fps), start, seconds, hole)
    _put_driver(driver, studio, _small(DRIVER, height, fps), start, seconds)
    return [road, driver]


def _put_road(
    road: KinesisStream, studio: Studio, model: CameraModel, start: datetime, seconds: float, hole: float
) -> None:
    begins = start - timedelta(seconds=_BEFORE)
    until_hole = _whole(seconds / 3 + _BEFORE)
    after_hole = begins + timedelta(seconds=until_hole + hole)
    live = max(_whole(seconds * 4 / 5 + _BEFORE - until_hole - hole), 2.0)
    burst = after_hole + timedelta(seconds=live)
    rest = _whole((start - burst).total_seconds() + seconds) + 4
    road.put(studio.take(model, begins, until_hole), begins)
    road.put(studio.take(model, after_hole, live), after_hole)
    arrived = burst + timedelta(seconds=rest + 30)
    road.put(studio.take(model, burst, rest), burst, arrived=arrived, apart=0.2)


def _put_driver(driver: KinesisStream, studio: Studio, model: CameraModel, start: datetime, seconds: float) -> None:
    begins = start - timedelta(seconds=_BEFORE + 0.7)
    half = _whole(seconds / 2 + _BEFORE)
    changed = begins + timedelta(seconds=half)
    first = studio.take(model, begins, half)
    driver.put(first, begins)
    larger = model.scaled(round(model.height * 4 / 3 / 2) * 2)
    rest = _whole(seconds - half + _BEFORE) + 4
    driver.put(studio.take(larger, changed, rest), changed)
    repeated = studio.take(model, begins, min(half, 10.0))
    driver.put(repeated, begins, arrived=changed + timedelta(seconds=rest + 60))


def _small(model: CameraModel, height: int, fps: int) -> CameraModel:
    return replace(model.scaled(height), fps=Fraction(fps))


def _whole(seconds: float) -> float:
    """Rounded to whole fragments of two seconds, at least one."""
    return max(2.0, round(seconds / 2) * 2.0)
