"""Reads the packets of a clip's tracks: when each is shown, whether its bytes are whole, whether decoding can start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from footage.video import nal


class Picture(NamedTuple):
    """One video packet. `shown` and `length` in ticks of the track's time base.

    `whole`: the bytes can be right. `starts`: needs no earlier picture. `hidden`: an edit list keeps it off the screen.
    """

    shown: int
    length: int
    whole: bool
    starts: bool
    hidden: bool


class Sound(NamedTuple):
    """One audio packet: time and length in ticks of the track's time base."""

    at: int
    length: int


class Packets(NamedTuple):
    """What can be read of a file's picture and sound tracks, in decoding order; did an error end the reading early.

    `key_delay` is the most ticks by which a key picture is shown after it is to be decoded.
    """

    pictures: list[Picture]
    sounds: list[Sound]
    ended_early: bool
    key_delay: int = 0


def read_packets(container: InputContainer, video: VideoStream, audio: AudioStream | None) -> Packets:
    """Read all packets of both tracks one by one; memory holds only their times."""
    units = nal.reader(video.codec_context.name, video.codec_context.extradata or b"")
    pictures: list[Picture] = []
    sounds: list[Sound] = []
    doubtful: list[int] = []
    key_delay = 0
    reading = Reading(container, *([video] if audio is None else [video, audio]))
    for packet in reading:
        if packet.stream_index != video.index:
            sounds.append(Sound(_time(packet), packet.duration or 0))
            continue
        found = nal.WHOLE if units is None else units.look(bytes(packet))
        if found.zero_tail:
            doubtful.append(len(pictures))
        starts = found.starts and packet.is_keyframe
        key_delay = max(key_delay, _delay(packet) if packet.is_keyframe else 0)
        pictures.append(Picture(_time(packet), packet.duration or 0, found.whole, starts, packet.is_discard))
    _settle_zero_tails(pictures, doubtful)
    return Packets(pictures, sounds, reading.ended_early, key_delay)


def _settle_zero_tails(pictures: list[Picture], doubtful: list[int]) -> None:
    """A picture that ends in zeros may be padded; where the next one is broken, the hole began before it."""
    for index in reversed(doubtful):
        if index + 1 < len(pictures) and not pictures[index + 1].whole:
            pictures[index] = pictures[index]._replace(whole=False)


class Reading:
    """Iterates over whole packets; an error in the file ends it as the file's end would, and is remembered."""

    def __init__(self, container: InputContainer, *streams: VideoStream | AudioStream) -> None:
        self._packets = container.demux(*streams)
        self.ended_early = False

    def __iter__(self) -> Iterator[Packet[Any]]:
        try:
            for packet in self._packets:
                if packet.is_corrupt:
                    self.ended_early = True
                elif packet.size:
                    yield packet
        except av.error.FFmpegError:
            self.ended_early = True


def _time(packet: Packet[Any]) -> int:
    """Presentation time in ticks; the decoding time where a file gives no other."""
    return packet.pts if packet.pts is not None else packet.dts or 0


def _delay(packet: Packet[Any]) -> int:
    """How long after its decoding time a picture is shown."""
    return 0 if packet.pts is None or packet.dts is None else packet.pts - packet.dts
