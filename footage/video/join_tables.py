"""What a join must know of a file's tracks, read from its header and the packets at both ends, and where each goes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from footage.errors import BrokenMedia
from footage.models import Media
from footage.video import nal
from footage.video.container import open_mp4, tracks

MICROSECONDS = 1_000_000
_FINE_TICK = Fraction(1, 500)
_BEYOND_ALL = 10**6
"""Seconds after which no file goes on."""


@dataclass(frozen=True, slots=True)
class TrackTable:
    """One track: its place in the file, its time base and declared packets, and its times in seconds.

    `shown` and `stored` are the first packet's presentation and decoding time, `length` the sum of all packets',
    `until` when the last one's presentation ends.
    """

    index: int
    time_base: Fraction
    packets: int
    shown: Fraction
    stored: Fraction
    length: Fraction
    until: Fraction


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file's tracks; `start` is libavformat's start time of the file in microseconds, which its concat puts first.

    `resets`: with the first picture decoding starts anew, whatever a decoder has seen of another file before.
    """

    video: TrackTable
    audio: TrackTable | None
    start: int
    resets: bool = True

    def tracks(self) -> Iterator[tuple[str, TrackTable]]:
        """Each track with its kind."""
        yield "video", self.video
        if self.audio is not None:
            yield "audio", self.audio


def read_table(path: Path, media: Media, *, with_sound: bool) -> FileTable:
    """Read the header, the first packet of each track and the last one; edit lists only shift the times.

    `media` knows when the last picture ends, which in a file that was cut off is later than its packets add up to.
    Raises BrokenMedia where a track has nothing to read.
    """
    with open_mp4(path, raw=True) as container:
        try:
            table = _read_table(container, path.name, with_sound=with_sound)
        except av.error.FFmpegError as error:
            raise BrokenMedia(f"{path.name} cannot be read: {error.strerror}.") from error
    until = max(table.video.until, _in_microseconds(media.first_picture + media.duration))
    return replace(table, video=replace(table.video, until=until))


def _read_table(container: InputContainer, name: str, *, with_sound: bool) -> FileTable:
    video, audio = tracks(container)
    if video is None:
        raise BrokenMedia(f"{name} has no picture track.")
    wanted: list[VideoStream | AudioStream] = [video]
    if audio is not None and with_sound:
        wanted.append(audio)
    firsts = _first_packets(container, wanted)
    if len(firsts) < len(wanted):
        raise BrokenMedia(f"{name} has a track without a readable packet.")
    pictures, *sounds = [_track(container, stream, firsts[stream.index]) for stream in wanted]
    resets = _resets(video, firsts[video.index])
    return FileTable(pictures, sounds[0] if sounds else None, container.start_time or 0, resets)


def _resets(video: VideoStream, first: Packet[Any]) -> bool:
    units = nal.reader(video.codec_context.name, video.codec_context.extradata or b"")
    return first.is_keyframe if units is None else units.look(bytes(first)).resets


def _first_packets(container: InputContainer, wanted: Sequence[VideoStream | AudioStream]) -> dict[int, Packet[Any]]:
    firsts: dict[int, Packet[Any]] = {}
    for packet in container.demux(*wanted):
        if packet.pts is not None and packet.dts is not None:
            firsts.setdefault(packet.stream_index, packet)
        if len(firsts) == len(wanted):
            break
    return firsts


def _track(container: InputContainer, stream: VideoStream | AudioStream, first: Packet[Any]) -> TrackTable:
    tick = stream.time_base or Fraction(1)
    begin = first.dts or 0
    length = max(_end(container, stream, begin) - begin, 0) * tick
    if isinstance(stream, AudioStream):
        length = _sound_length(stream, length)
    shown, stored = (first.pts or 0) * tick, begin * tick
    return TrackTable(stream.index, tick, stream.frames, shown, stored, length, shown + length)


def _end(container: InputContainer, stream: VideoStream | AudioStream, begin: int) -> int:
    """When the last packet ends, by the clock of decoding in ticks: headers are known to say too little."""
    beyond = begin + round(_BEYOND_ALL / (stream.time_base or Fraction(1)))
    container.seek(beyond, stream=stream, any_frame=True)
    ends = [packet.dts + (packet.duration or 0) for packet in container.demux(stream) if packet.dts is not None]
    return max(ends, default=begin)


def _in_microseconds(seconds: float) -> Fraction:
    return Fraction(math.floor(seconds * MICROSECONDS), MICROSECONDS)


def _sound_length(stream: AudioStream, declared: Fraction) -> Fraction:
    """The time that all samples of all packets take, where a header declares the last packet shorter than it is.

    So laid out, players that count samples and players that read times agree, however many clips follow.
    """
    samples = stream.codec_context.frame_size * stream.frames
    counted = Fraction(samples, stream.codec_context.sample_rate or 1)
    one_packet = Fraction(stream.codec_context.frame_size, stream.codec_context.sample_rate or 1)
    return counted if declared < counted < declared + one_packet else declared


def film_starts(files: Iterable[FileTable]) -> list[int]:
    """When each file starts in the film, in whole microseconds from 0, and when the film ends, as the last element.

    All tracks of a file move together, so they stay in step. Each file goes as near to the one before it as no track
    overlaps, neither in the times of showing nor in those of decoding.
    """
    starts: list[int] = []
    ends: dict[str, tuple[Fraction, Fraction]] = {}
    for file in files:
        room = [_needed(track, ends[kind]) for kind, track in file.tracks() if kind in ends]
        zero = _whole_ticks(max(room), file.video.time_base) if room else -Fraction(file.start, MICROSECONDS)
        start = math.ceil(zero * MICROSECONDS + file.start)
        starts.append(start)
        shift = Fraction(start - file.start, MICROSECONDS)
        for kind, track in file.tracks():
            ends[kind] = (shift + track.until, shift + track.stored + track.length)
    starts.append(math.ceil(max(shown for shown, _ in ends.values()) * MICROSECONDS))
    return starts


def _whole_ticks(seconds: Fraction, tick: Fraction) -> Fraction:
    """`seconds`, or a little more where the pictures' clock is as coarse as their rate: rounding would part the sound.

    With a fine clock rounding is not noticed, and the sound goes on without a gap.
    """
    return math.ceil(seconds / tick) * tick if tick > _FINE_TICK else seconds


def _needed(track: TrackTable, end: tuple[Fraction, Fraction]) -> Fraction:
    """The least shift, in seconds, at which `track` begins when the one before it has ended."""
    return max(end[0] - track.shown, end[1] - track.stored)


def same_layout(files: Sequence[FileTable]) -> bool:
    """Whether the concat demuxer, which knows tracks by their place and takes the first file's clock, gets them right.

    A fragmented file declares no packets in its header, so its length is not known: it is never the same.
    """
    layouts = {tuple((kind, track.index, track.time_base) for kind, track in file.tracks()) for file in files}
    return len(layouts) <= 1 and all(track.packets for file in files for _, track in file.tracks())
