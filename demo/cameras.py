"""Cameras that make moving pictures with sound; every frame carries its camera and its wall clock."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demo.clockcode import paint
from demo.scenes import say_time, scene

if TYPE_CHECKING:
    from av import AudioFrame, VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

BEEP_SECONDS = 0.08
"""At each whole second of the wall clock the sound beeps for so long; between the beeps it hums quietly."""
_BEEP_HERTZ, _HUM_HERTZ = 1000, 220
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A kind of camera. `word` is also what its scene shows; `index` (0 to 15) is what its clock code says.

    `key_seconds` is the distance of key frames; `sample_rate` in Hz, None for a camera without sound. With `speed`
    above 1 the pictures stand further apart in time than they are shown: a hyperlapse.
    """

    word: str
    index: int
    width: int
    height: int
    fps: Fraction
    sample_rate: int | None = None
    key_seconds: float = 2.0
    speed: int = 1

    def scaled(self, height: int) -> CameraModel:
        """The same camera with smaller pictures of about the same shape: quick footage for tests."""
        return replace(self, width=round(self.width * height / self.height / 2) * 2, height=height)

    def moment(self, start: datetime, frame: int) -> int:
        """Milliseconds since 1970 that frame number `frame` of a clip from `start` shows."""
        return round((start - _EPOCH) / timedelta(milliseconds=1) + frame * 1000 * self.speed / self.fps)


ROAD = CameraModel("road", 0, 1280, 720, Fraction(30), sample_rate=48000)
DRIVER = CameraModel("driver", 1, 854, 480, Fraction(25))
ANALOG1 = CameraModel("analog1", 2, 640, 480, Fraction(15), key_seconds=1.0)
ANALOG2 = replace(ANALOG1, word="analog2", index=3)
ANALOG3 = replace(ANALOG1, word="analog3", index=4, fps=Fraction(30000, 1001))
ANALOG4 = replace(ANALOG1, word="analog4", index=5)


def render(model: CameraModel, start: datetime, seconds: float, target: Path, *, pause: tuple[float, ...] = ()) -> None:
    """Write a faststart MP4 (H.264, AAC) whose frame k shows start + k / fps. The same call makes the same bytes.

    From and until the seconds of `pause` there are no frames.
    """
    import av

    beside = target.with_name(f".{uuid.uuid4().hex}.mp4")
    try:
        with av.open(str(beside), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as film:
            _film(film, model, start, seconds, pause)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def render_still(model: CameraModel, moment: datetime, target: Path) -> None:
    """Write one picture as a JPEG, with the clock code."""
    from PIL import Image

    beside = target.with_name(f".{uuid.uuid4().hex}.jpg")
    colours = _frame(model, moment, 0).to_ndarray(format="rgb24")
    Image.fromarray(colours).save(beside, quality=92)
    beside.replace(target)


def _film(film: OutputContainer, model: CameraModel, start: datetime, seconds: float, pause: tuple[float, ...]) -> None:
    picture_track = _picture_track(film, model)
    sound_track = film.add_stream("aac", rate=model.sample_rate, layout="mono") if model.sample_rate else None
    encoded_seconds = 0.0
    for number in range(round(seconds * model.fps)):
        if not (pause and pause[0] <= number / model.fps < pause[1]):
            film.mux(picture_track.encode(_frame(model, start, number)))
        if sound_track and number >= encoded_seconds * model.fps:
            length = min(1.0, seconds - encoded_seconds)
            film.mux(sound_track.encode(_sound(sound_track.sample_rate, start, encoded_seconds, length)))
            encoded_seconds += length
    film.mux(picture_track.encode(None))
    if sound_track:
        film.mux(sound_track.encode(None))


def _picture_track(film: OutputContainer, model: CameraModel) -> VideoStream:
    track = film.add_stream("libx264", rate=model.fps, options={"preset": "ultrafast", "qp": "28"})
    track.width, track.height, track.pix_fmt = model.width, model.height, "yuv420p"
    track.codec_context.gop_size = max(1, round(model.key_seconds * model.fps))
    track.codec_context.thread_count = 1  # the bytes would depend on the number of threads
    return track


def _frame(model: CameraModel, start: datetime, number: int) -> VideoFrame:
    import av

    frame = av.VideoFrame.from_numpy_buffer(_planes(model, start, number), "yuv420p")
    frame.pts, frame.time_base = number, 1 / model.fps
    return frame


def _planes(model: CameraModel, start: datetime, number: int) -> NDArray[np.uint8]:
    milliseconds = model.moment(start, number)
    planes = scene(model.word, model.width, model.height).picture(milliseconds)
    brightness = planes[: model.height]
    say_time(brightness, model.word, milliseconds)
    paint(brightness, model.index, milliseconds)
    return planes


def _sound(rate: int, start: datetime, offset: float, length: float) -> AudioFrame:
    """`length` seconds of the camera's sound, from `offset` seconds after `start`, as 16-bit samples."""
    import av

    first = round(offset * rate)
    elapsed = np.arange(first, first + round(length * rate)) / rate
    second = (start.microsecond / 1_000_000 + elapsed) % 1.0
    hum = 0.05 * np.sin(2 * np.pi * _HUM_HERTZ * second)
    beep = 0.5 * np.sin(2 * np.pi * _BEEP_HERTZ * second)
    samples = np.where(second < BEEP_SECONDS, beep, hum) * 32767
    frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[None, :], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
    return frame
