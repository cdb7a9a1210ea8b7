"""Plays a whole film without showing it: what really comes out of the decoder."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from footage.errors import BrokenMedia, Interrupted
from footage.video.container import open_mp4, tracks


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a film holds by reading all of it. `packets` by track, `pictures` that came out, `complaints` of a decoder.

    `shapes` are the sizes of the pictures in pixels, all of them.
    """

    packets: dict[str, int]
    pictures: int
    complaints: int
    shapes: frozenset[tuple[int, int]]


def decode(path: Path, stop: threading.Event) -> Decoded:
    """Decode every packet of picture and sound. Raises BrokenMedia where it is no film, Interrupted on `stop`."""
    packets: dict[str, int] = {}
    pictures = complaints = 0
    shapes: set[tuple[int, int]] = set()
    with open_mp4(path, raw=True) as container:
        chosen = [track for track in tracks(container) if track is not None]
        for track in chosen:
            track.codec_context.thread_type = "AUTO"
        for packet in _packets(container, chosen):
            if stop.is_set():
                raise Interrupted("stopped while a film was being checked")
            packets[packet.stream.type] = packets.get(packet.stream.type, 0) + bool(packet.size)
            shown, bad = _shown(packet)
            pictures, complaints = pictures + len(shown), complaints + bad
            shapes.update(shown)
    return Decoded(packets, pictures, complaints, frozenset(shapes))


def _packets(container: InputContainer, chosen: Sequence[Stream]) -> Iterator[Packet[Any]]:
    try:
        yield from container.demux(chosen)
    except av.error.FFmpegError as error:
        raise BrokenMedia(f"{Path(container.name).name} cannot be read to its end: {error.strerror}.") from error


def _shown(packet: Packet[Any]) -> tuple[list[tuple[int, int]], int]:
    """Sizes of the pictures that come out, and how many are broken; sound counts only where it is broken."""
    try:
        frames = packet.decode()
    except av.error.FFmpegError:
        return [], 1
    pictures = [frame for frame in frames if not isinstance(frame, AudioFrame)]
    sizes = [(frame.width, frame.height) for frame in pictures]
    return sizes, sum(frame.is_corrupt for frame in frames)
