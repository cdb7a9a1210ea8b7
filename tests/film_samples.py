"""Clips for the tests of the side-by-side film, and a reader of the clocks that its tiles show."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from demo.cameras import CameraModel, render
from demo.clockcode import read
from footage.models import UTC, Clip, TimeWindow
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import Box
from footage.video.probe import inspect

START = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
WIDE = CameraModel("road", 0, 320, 180, Fraction(30), key_seconds=1.0)
SLOW = CameraModel("driver", 1, 320, 180, Fraction(25), key_seconds=1.0)
NARROW = CameraModel("analog1", 2, 240, 180, Fraction(30000, 1001), key_seconds=1.0)


def window(begin: float, end: float) -> TimeWindow:
    return TimeWindow(START + timedelta(seconds=begin), START + timedelta(seconds=end))


def as_clip(path: Path, begin: float, asked: tuple[float, float] | None = None, camera: str = "road") -> Clip:
    """The file as a clip whose first picture was taken `begin` seconds after START."""
    media = inspect(path)
    where = window(begin, begin + media.duration)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    requested = window(*asked) if asked else where
    return Clip(camera, path, where, requested, where, path.stat().st_size, digest, media)


def record(
    folder: Path, model: CameraModel, begin: float, seconds: float, asked: tuple[float, float] | None = None
) -> Clip:
    """A clip of a camera that tells its time, made once in `folder`."""
    path = folder / f"{model.word}_{model.height}_{model.fps.numerator}_{begin}_{seconds}.mp4"
    if not path.exists():
        render(model, START + timedelta(seconds=begin), seconds, path)
    return as_clip(path, begin, asked, model.word)


def encode(target: Path, *options: str, source: str = "testsrc2=size=320x180:rate=30:duration=2") -> Path:
    """A clip made by ffmpeg with `options`."""
    FFmpeg().run(["-f", "lavfi", "-i", source, *options, str(target)])
    return target


@dataclass(frozen=True)
class Shown:
    """What a film's frame shows: its number, and for each tile the error of its clock in seconds (None: no clock)."""

    frame: int
    errors: tuple[float | None, ...]


def clocks(film: Path, cells: Sequence[Box], fps: Fraction, *, every: int = 1) -> Iterator[Shown]:
    """Read the clock of each tile in every `every`-th frame."""
    start = START.timestamp()
    for number, picture in enumerate(pictures(film, every=every)):
        moment = start + float(number * every / fps)
        readings = [read(inner(tile(picture, cell))) for cell in cells]
        yield Shown(number * every, tuple(seen.milliseconds / 1000 - moment if seen else None for seen in readings))


def pictures(film: Path, *, every: int = 1) -> Iterator[np.ndarray]:
    """The brightness of every `every`-th frame as (height, width)."""
    with av.open(str(film)) as container:
        for frame in islice(container.decode(video=0), 0, None, every):
            yield frame.to_ndarray(format="gray")


def tile(picture: np.ndarray, cell: Box) -> np.ndarray:
    return picture[cell.y : cell.y + cell.height, cell.x : cell.x + cell.width]


def inner(cell: np.ndarray) -> np.ndarray:
    """The cell without the black beside a narrow picture."""
    columns = np.flatnonzero(cell.max(axis=0) > 40)
    return cell[:, columns[0] : columns[-1] + 1] if len(columns) else cell
