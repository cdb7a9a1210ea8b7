"""What the demo's cameras look at: cheap drawn scenes that visibly move, in step with the wall clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

PHASES = 24
"""Positions that the moving things of a scene take, one after the other."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture."""
Painter = Callable[["ImageDraw", int, int, float], None]
"""Draws a whole scene of (width, height) at a phase from 0 to 1."""


@dataclass(frozen=True)
class Scene:
    """A scene drawn beforehand: the still picture as yuv420p planes, and the moving part's brightness per phase."""

    planes: NDArray[np.uint8]
    place: tuple[slice, slice]
    phases: NDArray[np.uint8]
    period: float

    def picture(self, milliseconds: int) -> NDArray[np.uint8]:
        """The yuv420p planes at a moment; the caller may draw into them, the brightness stands first."""
        planes: NDArray[np.uint8] = self.planes.copy()
        phase = int(milliseconds / 1000 / self.period * PHASES) % PHASES
        planes[self.place] = self.phases[phase]
        return planes


@lru_cache(maxsize=32)
def scene(word: str, width: int, height: int) -> Scene:
    """The scene of a camera, by its word; an unknown word gets the yard."""
    painter, box, period = _SCENES.get(word, _SCENES["analog"])
    drawn = [_planes(painter, width, height, number / PHASES) for number in range(PHASES)]
    place = (slice(int(box[1] * height), int(box[3] * height)), slice(int(box[0] * width), int(box[2] * width)))
    return Scene(drawn[0], place, np.stack([planes[place] for planes in drawn]), period)


@lru_cache(maxsize=64)
def caption(text: str, height: int) -> NDArray[np.uint8]:
    """White letters on black, about `height` pixels high, as brightness."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=height)
    left, top, right, bottom = font.getbbox(text)
    label = Image.new("L", (int(right - left) + height, int(height * 1.4)), 0)
    ImageDraw.Draw(label).text((height // 2, int(height * 0.1)), text, fill=255, font=font)
    return np.asarray(label)


def say_time(brightness: NDArray[np.uint8], word: str, milliseconds: int) -> None:
    """Write camera and UTC time of day into the picture's bottom left, in place, for people."""
    shown = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    label = caption(f"{word.upper()}  {shown:%Y-%m-%d %H:%M:%S} UTC", brightness.shape[0] // 16)
    height, width = min(label.shape[0], brightness.shape[0]), min(label.shape[1], brightness.shape[1])
    brightness[-height:, :width] = label[:height, :width]


def _planes(painter: Painter, width: int, height: int, phase: float) -> NDArray[np.uint8]:
    import av
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    painter(draw, width, height, phase)
    draw.rectangle((0, height * 0.91, width, height), fill=(16, 16, 16))  # the caption's ground
    draw.rectangle((0, 0, width * 0.5, height * 0.25), fill=(16, 16, 16))  # and the clock code's
    frame = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24").reformat(format="yuv420p")
    return frame.to_ndarray().astype(np.uint8)


def _road(draw: ImageDraw, width: int, height: int, phase: float) -> None:
    """A road to the horizon whose dashes come nearer once a second."""
    horizon = height * 0.45
    draw.rectangle((0, 0, width, horizon), fill=(150, 190, 225))
    draw.polygon([(width * 0.55, horizon), (width * 0.75, horizon * 0.7), (width, horizon)], fill=(110, 125, 140))
    draw.rectangle((0, horizon, width, height), fill=(105, 130, 85))
    middle = width / 2
    draw.polygon([(middle, horizon), (width * 0.05, height), (width * 0.95, height)], fill=(90, 90, 92))
    for number in range(5):
        near, far = ((number + phase) / 5) ** 2, ((number + phase + 0.5) / 5) ** 2
        top, bottom = (horizon + (height - horizon) * min(depth, 1.0) for depth in (near, far))
        upper, lower = near * width * 0.012, min(far, 1.0) * width * 0.012
        corners = [(middle - upper, top), (middle + upper, top), (middle + lower, bottom), (middle - lower, bottom)]
        draw.polygon(corners, fill=(235, 235, 235))


def _cab(draw: ImageDraw, width: int, height: int, phase: float) -> None:
    """A driver who nods a little behind a wheel that turns back and forth."""
    swing = abs(phase * 2 - 1) * 2 - 1
    draw.rectangle((0, 0, width, height), fill=(70, 66, 64))
    draw.rectangle((width * 0.62, height * 0.3, width, height * 0.62), fill=(165, 195, 215))
    x, y = width * (0.45 + 0.01 * swing), height * 0.5
    radius = height * 0.11
    draw.polygon([(x, y), (x - width * 0.17, height), (x + width * 0.17, height)], fill=(150, 95, 40))
    draw.ellipse((x - radius, y - radius * 1.25, x + radius, y + radius * 1.25), fill=(200, 160, 135))
    wheel = (width * 0.27, height * 0.78, width * 0.57, height * 1.2)
    draw.arc(wheel, 180, 360, fill=(25, 25, 25), width=max(2, height // 40))
    angle = 270 + 35 * swing
    draw.pieslice(wheel, angle - 4, angle + 4, fill=(25, 25, 25))


def _yard(draw: ImageDraw, width: int, height: int, phase: float) -> None:
    """The side of a trailer, with a car that passes behind it."""
    draw.rectangle((0, 0, width, height * 0.55), fill=(170, 180, 185))
    draw.rectangle((0, height * 0.55, width, height), fill=(120, 118, 112))
    x = width * (1.2 * phase - 0.15)
    draw.rectangle((x, height * 0.56, x + width * 0.14, height * 0.66), fill=(160, 160, 160))
    draw.rectangle((x + width * 0.03, height * 0.51, x + width * 0.11, height * 0.56), fill=(60, 60, 60))
    draw.rectangle((width * 0.72, height * 0.3, width, height * 0.8), fill=(215, 215, 210))
    draw.line((0, height * 0.86, width, height * 0.78), fill=(210, 180, 40), width=max(2, height // 90))


_SCENES: dict[str, tuple[Painter, Box, float]] = {
    "road": (_road, (0.45, 0.45, 0.55, 0.91), 1.0),
    "driver": (_cab, (0.2, 0.32, 0.66, 0.91), 2.0),
    "analog": (_yard, (0.0, 0.5, 0.72, 0.67), 3.0),
}
