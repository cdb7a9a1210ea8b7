"""Encodes one long AAC track in sections, several at once, so that the sections meet without a seam.

An AAC packet holds the overlap of two blocks of 1024 samples and needs nothing of other packets. So a section that was
encoded from a little before its beginning to a little after its end has, in between, packets that fit to those of its
neighbours; only what was encoded for warming up is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame

from footage.video.container import open_mp4
from footage.video.sound_decode import RATE, Samples

BLOCK = 1024
"""Samples of one AAC packet; the first packet holds the block before the first sample."""
_LAYOUTS = {1: "mono", 2: "stereo"}
_BIT_RATES = {1: 96_000, 2: 128_000}
_ENCODER = {"aac_coder": "fast"}
"""Twice as fast as the default search, at bit rates at which the difference is not heard."""
_WARM_UP = 8
_SILENCE_BLOCK = RATE


@dataclass(frozen=True, slots=True)
class Section:
    """Packets [first, end) of a track, counted from its beginning; `end` is None for all that come."""

    first: int
    end: int | None

    @property
    def begins(self) -> int:
        """The sample from which it is encoded."""
        return max(self.first - _WARM_UP, 0) * BLOCK

    def ends(self, samples: int) -> int:
        """The sample up to which it is encoded, in a track of `samples`."""
        return samples if self.end is None else min((self.end + _WARM_UP) * BLOCK, samples)


def sections(samples: int, count: int) -> list[Section]:
    """Divide a track into `count` sections, fewer where it is short; they have no packet in common and none is lost."""
    packets = samples // BLOCK
    firsts = sorted({packets * number // count for number in range(count)})
    return [Section(first, end) for first, end in zip(firsts, [*firsts[1:], None], strict=True)]


class SectionTrack:
    """Takes samples from `begin` on and writes their packets; what is left out is silence. Samples are floats."""

    def __init__(self, container: Any, channels: int, begin: int) -> None:
        self.layout = _LAYOUTS[channels]
        self._container = container
        self._stream = container.add_stream("aac", rate=RATE, layout=self.layout, options=_ENCODER)
        self._stream.bit_rate = _BIT_RATES[channels]
        self._rest: Samples = np.zeros((channels, 0), np.float32)
        self._silence: Samples = np.zeros((channels, _SILENCE_BLOCK), np.float32)
        self._taken = begin
        self._encoded = 0

    def put(self, at: int, block: Samples) -> None:
        """Add `block` (channels x samples) at the track's sample `at`; what lies before the end so far is cut off."""
        self._fill(at)
        self._add(block[:, self._taken - at :] if at < self._taken else block)

    def finish(self, until: int) -> None:
        """Fill up with silence to sample `until` and write what the encoder holds back."""
        self._fill(until)
        if self._rest.shape[1]:
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))

    def _fill(self, until: int) -> None:
        while self._taken < until:
            self._add(self._silence[:, : until - self._taken])

    def _add(self, block: Samples) -> None:
        self._taken += block.shape[1]
        joined = np.concatenate((self._rest, block), axis=1)
        whole = joined.shape[1] - joined.shape[1] % BLOCK
        for begin in range(0, whole, BLOCK):
            self._encode(joined[:, begin : begin + BLOCK])
        self._rest = joined[:, whole:]

    def _encode(self, block: Samples) -> None:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self.layout)
        frame.sample_rate = RATE
        frame.pts = self._encoded
        self._encoded += block.shape[1]
        self._container.mux(self._stream.encode(frame))


def stitch(parts: Sequence[tuple[Section, Path]], samples: int, target: Path) -> None:
    """Write the sections' own packets one after another into one track of exactly `samples`."""
    with av.open(str(target.absolute()), "w", format="mp4") as film:
        stream: Any = None
        packet_number = 0
        for section, path in parts:
            with open_mp4(path, raw=True) as source:
                stream = stream or film.add_stream_from_template(source.streams.audio[0])
                for packet in _own_packets(source, section):
                    begin = (packet_number - 1) * BLOCK
                    packet.pts = packet.dts = begin
                    packet.duration = min(BLOCK, samples - begin)
                    packet_number += 1
                    packet.stream = stream
                    if packet.duration > 0:
                        film.mux(packet)


def _own_packets(source: Any, section: Section) -> Iterator[Any]:
    warmed = section.first - section.begins // BLOCK
    until = None if section.end is None else warmed + section.end - section.first
    return islice((packet for packet in source.demux(audio=0) if packet.size), warmed, until)
