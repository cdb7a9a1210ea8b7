"""Lays the sound of many clips into one AAC track, each to the sample where it belongs, with silence elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from footage.errors import Interrupted
from footage.files import replace
from footage.models import TimeWindow
from footage.timeline import Piece
from footage.video.container import open_mp4, tracks
from footage.video.ffmpeg import FFmpeg
from footage.video.packets import Reading

RATE = 48_000
_LAYOUTS = {1: "mono", 2: "stereo"}
_BIT_RATES = {1: 96_000, 2: 128_000}
_ENCODER = {"aac_coder": "fast"}
"""Twice as fast as the default search, at bit rates at which the difference is not heard."""
_PACKET = 1024
_SILENCE_BLOCK = RATE
_LEAD_IN = 0.2
"""Seconds decoded before a stretch that begins inside a file, because AAC needs what came before."""
_STEP = RATE // 25
"""Times that are off by less (40 ms) are rounding and jitter; past that the sound itself has a hole."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound from `source_start` of a file's own clock goes to `at` of the track and lasts `seconds` at most."""

    at: float
    seconds: float
    path: Path
    source_start: float


def lay_sound(pieces: Sequence[Piece], window: TimeWindow, target: Path, *, tool: FFmpeg) -> Path | None:
    """Write the sound of `pieces`, exactly as long as `window`, as AAC at 48 kHz into the MP4 file `target`.

    None where no piece has sound. Raises Interrupted when `tool` is told to stop. Memory does not grow with the length.
    """
    heard = [(piece, piece.clip) for piece in pieces if piece.clip is not None and piece.clip.media.audio is not None]
    if not heard:
        return None
    stretches = [
        Stretch(
            at=(piece.window.start - window.start).total_seconds(),
            seconds=piece.window.seconds,
            path=clip.path,
            source_start=clip.media.first_picture + (piece.window.start - clip.window.start).total_seconds(),
        )
        for piece, clip in heard
    ]
    channels = max(clip.media.audio.channels for _, clip in heard if clip.media.audio is not None)
    return lay_stretches(stretches, window.seconds, target, channels=channels, tool=tool)


def lay_stretches(stretches: Iterable[Stretch], seconds: float, target: Path, *, channels: int, tool: FFmpeg) -> Path:
    """Write `stretches`, which follow one another in time, as one track of exactly `seconds`; returns `target`."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.m4a")
    try:
        with av.open(str(beside.absolute()), "w", format="mp4") as container:
            track = _Track(container, min(channels, 2))
            for stretch in stretches:
                if tool.stop.is_set():
                    raise Interrupted("stopped while the sound was being laid")
                _lay(stretch, track)
            track.finish(round(seconds * RATE))
        replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _lay(stretch: Stretch, track: _Track) -> None:
    """Put one stretch on the track. Sound that comes before or after the stretch is cut, a hole in it stays a hole."""
    begin, end = round(stretch.at * RATE), round((stretch.at + stretch.seconds) * RATE)
    follows: int | None = None
    for time, block in _decoded(stretch.path, stretch.source_start, track.layout):
        at = begin + round((time - stretch.source_start) * RATE)
        if follows is not None and abs(at - follows) < _STEP:
            at = follows
        follows = at + block.shape[1]
        if at >= end:
            break
        track.put(max(at, begin), block[:, max(begin - at, 0) : end - at])


def _decoded(path: Path, start: float, layout: str) -> Iterator[tuple[float, Samples]]:
    """Blocks of samples at RATE and the time of each in the file's clock, from a little before `start`."""
    with open_mp4(path) as container:
        _, audio = tracks(container)
        if audio is None or audio.time_base is None:
            return
        if start > _LEAD_IN:
            with suppress(av.error.FFmpegError):  # where seeking fails, all is decoded from the beginning
                container.seek(int((start - _LEAD_IN) / audio.time_base), stream=audio)
        convert = _Converter(layout)
        for packet in chain(Reading(container, audio), (None,)):  # None brings what the decoder holds back
            with suppress(av.error.FFmpegError):  # what cannot be decoded stays silent
                for frame in audio.codec_context.decode(packet):
                    yield from convert(frame)
        yield from convert(None)


class _Converter:
    """Turns decoded sound of whatever kind into float samples at RATE, also where the kind changes in mid file."""

    def __init__(self, layout: str) -> None:
        self._layout = layout
        self._resampler = self._fresh()
        self._kind: tuple[str, str, int] | None = None

    def __call__(self, frame: AudioFrame | None) -> Iterator[tuple[float, Samples]]:
        """The samples that are ready, with their times; None gives what was held back."""
        kind = self._kind if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            self._kind, self._resampler = kind, self._fresh()
        if kind is None:
            return
        for ready in self._resampler.resample(frame):
            yield float(ready.time or 0), ready.to_ndarray().astype(np.float32, copy=False)

    def _fresh(self) -> AudioResampler:
        return AudioResampler(format="fltp", layout=self._layout, rate=RATE)


class _Track:
    """An AAC track that is written from its beginning to its end; what is left out is silence."""

    def __init__(self, container: Any, channels: int) -> None:
        self.layout = _LAYOUTS[channels]
        self._container = container
        self._stream = container.add_stream("aac", rate=RATE, layout=self.layout, options=_ENCODER)
        self._stream.bit_rate = _BIT_RATES[channels]
        self._rest: Samples = np.zeros((channels, 0), np.float32)
        self._silence: Samples = np.zeros((channels, _SILENCE_BLOCK), np.float32)
        self._taken = 0
        self._encoded = 0

    def put(self, at: int, block: Samples) -> None:
        """Add `block` (channels x samples) at sample `at`; what would lie before the track's end so far is cut off."""
        self._fill(at)
        self._add(block[:, self._taken - at :] if at < self._taken else block)

    def finish(self, samples: int) -> None:
        """Fill up to the whole length with silence and write what the encoder holds back."""
        self._fill(samples)
        if self._rest.shape[1]:
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))

    def _fill(self, until: int) -> None:
        while self._taken < until:
            self._add(self._silence[:, : until - self._taken])

    def _add(self, block: Samples) -> None:
        self._taken += block.shape[1]
        joined = np.concatenate((self._rest, block), axis=1)
        whole = joined.shape[1] - joined.shape[1] % _PACKET
        for begin in range(0, whole, _PACKET):
            self._encode(joined[:, begin : begin + _PACKET])
        self._rest = joined[:, whole:]

    def _encode(self, block: Samples) -> None:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self.layout)
        frame.sample_rate = RATE
        frame.pts = self._encoded
        self._encoded += block.shape[1]
        self._container.mux(self._stream.encode(frame))
