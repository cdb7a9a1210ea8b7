"""Chooses who encodes the film: a hardware encoder where a one-second trial proves it, else libx264."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from footage.errors import ToolFailed
from footage.video.ffmpeg import FFmpeg

log = logging.getLogger(__name__)

_KEY_SECONDS = 2


class Quality(NamedTuple):
    """A preset: libx264's constant rate factor, and the bits that a pixel usually costs with it."""

    rate_factor: int
    bits_per_pixel: float


QUALITIES: Mapping[str, Quality] = MappingProxyType(
    {"small": Quality(29, 0.04), "standard": Quality(24, 0.08), "high": Quality(19, 0.16)}
)
"""`standard` keeps a number plate readable that can be read in a 1080p original."""
_TUNING = "cabac=1:no-deblock=0:8x8dct=1:subme=1:aq-mode=1"
"""The fastest preset with what costs little and saves much put back. Measured on road footage, three cameras, against
superfast at the same SSIM: two thirds of its time for all of decoding, scaling and encoding, and a fifth more bytes."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of ffmpeg with its options. `device` opens the hardware, `upload` is the filter that feeds it."""

    name: str
    options: tuple[str, ...]
    device: tuple[str, ...] = ()
    upload: str = ""


def software(quality: str, fps: Fraction) -> Encoder:
    """libx264, which is always there. Raises KeyError for a quality that is none of QUALITIES."""
    factor = str(QUALITIES[quality].rate_factor)
    usual = ("-preset", "ultrafast", "-crf", factor, "-x264-params", _TUNING)
    return Encoder("libx264", (*usual, *_common(fps)))


def hardware(quality: str, fps: Fraction) -> tuple[Encoder, ...]:
    """The hardware encoders that may be there, the likeliest first."""
    factor = str(QUALITIES[quality].rate_factor)
    common = _common(fps)
    percent = str(110 - 2 * QUALITIES[quality].rate_factor)
    va_upload = "format=nv12,hwupload"
    return (
        Encoder("h264_nvenc", ("-preset", "p4", "-rc", "vbr", "-cq", factor, "-b:v", "0", *common)),
        Encoder("h264_qsv", ("-preset", "veryfast", "-global_quality", factor, *common)),
        Encoder("h264_amf", ("-rc", "cqp", "-qp_i", factor, "-qp_p", factor, *common)),
        Encoder("h264_videotoolbox", ("-q:v", percent, *common)),
        Encoder("h264_mf", ("-hw_encoding", "1", "-rate_control", "quality", "-quality", percent, *common)),
        Encoder("h264_vaapi", ("-qp", factor, "-g", _group(fps)), ("-vaapi_device", "/dev/dri/renderD128"), va_upload),
    )


def works(encoder: Encoder, width: int, height: int, fps: Fraction, *, tool: FFmpeg, work: Path) -> bool:
    """Whether `encoder` makes a right second of film at the real size: some open, and then fail or write nonsense."""
    target = work / f"trial-{uuid.uuid4().hex}.mp4"
    source = f"testsrc2=size={width}x{height}:rate={fps}:duration=1"
    picture = ("-vf", encoder.upload) if encoder.upload else ()
    command = [*encoder.device, "-f", "lavfi", "-i", source, *picture, "-c:v", encoder.name, *encoder.options]
    try:
        tool.run([*command, str(target)])
        return _is_right(target, width, height, round(fps))
    except ToolFailed as failure:
        log.debug("%s does not work here: %s", encoder.name, failure.message)
        return False
    finally:
        target.unlink(missing_ok=True)


def choose(
    candidates: Sequence[Encoder], width: int, height: int, fps: Fraction, *, tool: FFmpeg, work: Path
) -> Encoder | None:
    """The first of `candidates` that works, or None."""
    return next((each for each in candidates if works(each, width, height, fps, tool=tool, work=work)), None)


class Choice:
    """The encoder of one film: tried out at the first need, and libx264 for all of it once the hardware failed."""

    def __init__(
        self, candidates: Sequence[Encoder], software: Encoder, fps: Fraction, *, tool: FFmpeg, work: Path
    ) -> None:
        self._candidates, self._software, self._fps = candidates, software, fps
        self._tool, self._work = tool, work
        self._chosen: Encoder | None = None
        self._lock = threading.Lock()

    def encoder(self, width: int, height: int) -> Encoder:
        """The encoder for a film of this size; threads that ask during the trial wait for its end."""
        with self._lock:
            if self._chosen is None:
                found = choose(self._candidates, width, height, self._fps, tool=self._tool, work=self._work)
                self._chosen = found or self._software
                log.info("encoder: %s", self._chosen.name)
            return self._chosen

    def fall_back(self, failed: Encoder) -> bool:
        """Take libx264 from now on; False where that is what failed."""
        with self._lock:
            self._chosen = self._software
            return failed != self._software


def estimated_bytes(quality: str, width: int, height: int, fps: Fraction, seconds: float) -> int:
    """About how large a film of this size becomes."""
    return round(QUALITIES[quality].bits_per_pixel * width * height * fps * seconds / 8)


def _common(fps: Fraction) -> tuple[str, ...]:
    return ("-pix_fmt", "yuv420p", "-g", _group(fps))


def _group(fps: Fraction) -> str:
    return str(max(1, round(_KEY_SECONDS * fps)))


def _is_right(path: Path, width: int, height: int, frames: int) -> bool:
    import av

    try:
        with av.open(str(path), format="mov") as film:
            pictures = [(picture.width, picture.height) for picture in film.decode(video=0)]
    except av.FFmpegError as failure:
        log.debug("the trial film cannot be read: %s", failure)
        return False
    return abs(len(pictures) - frames) <= 1 and set(pictures) == {(width, height)}
