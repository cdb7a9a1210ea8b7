"""Decodes the sound of clips, of whatever kind, into float samples at one rate with the time of each block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from footage.errors import BrokenMedia
from footage.video.container import open_mp4, tracks
from footage.video.packets import Reading

RATE = 48_000
_LEAD_IN = 0.2
"""Seconds decoded before a stretch that begins inside a file, because AAC needs what came before."""

Samples = NDArray[np.float32]


def decoded(path: Path, start: float, layout: str) -> Iterator[tuple[float, Samples]]:
    """Blocks of samples at RATE and the time of each in the file's clock, from a little before `start`.

    Raises BrokenMedia where the file cannot be opened.
    """
    try:
        opened = open_mp4(path)
    except FileNotFoundError as error:  # would else be taken for trouble with the disk that is written to
        raise BrokenMedia(f"{path.name} is not there any more.") from error
    with opened as container:
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
