"""Checks a joined film against the files that went into it, before anyone is told that it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from footage.errors import BrokenMedia, ToolFailed
from footage.video.container import open_mp4, tracks
from footage.video.join_tables import MICROSECONDS, FileTable

_NEAR = Fraction(3, 2000)
"""How far a packet may be from its place, in seconds: clocks of 1 kHz round by half of a thousandth."""
_DURATION_SLACK = 0.1
_PACKETS_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Expected:
    """What a film must hold: the files' tracks and when each file starts, in microseconds, with the film's end last."""

    tables: Sequence[FileTable]
    starts: Sequence[int]
    copied_sound: bool
    laid_sound: bool


def check(film: Path, expected: Expected) -> tuple[dict[str, int], float]:
    """The film's packets by track and its length in seconds. Raises ToolFailed where they are not as `expected`."""
    try:
        with open_mp4(film, raw=True) as container:
            video, audio = tracks(container)
            if video is None:
                raise ToolFailed("The joined film has no pictures.")
            packets = {"video": video.frames, **({} if audio is None else {"audio": audio.frames})}
            _check_counts(packets, expected)
            seconds = (container.duration or 0) / MICROSECONDS
            _check_length(seconds, expected)
            _check_places(container, video, expected)
    except BrokenMedia as error:
        raise ToolFailed(f"The joined film cannot be read: {error.message}") from error
    except av.error.FFmpegError as error:
        raise ToolFailed(f"The joined film cannot be read: {error.strerror}.") from error
    return packets, seconds


def _check_counts(packets: dict[str, int], expected: Expected) -> None:
    wanted = {"video": sum(table.video.packets for table in expected.tables)}
    if expected.copied_sound:
        wanted["audio"] = sum(table.audio.packets for table in expected.tables if table.audio is not None)
    found = {kind: packets.get(kind, 0) for kind in wanted}
    if found != wanted:
        raise ToolFailed(f"The joined film holds {found} packets where its clips hold {wanted}.")
    if expected.laid_sound != ("audio" in packets) and not expected.copied_sound:
        raise ToolFailed("The joined film has no sound, or sound that nobody put there.")


def _check_length(seconds: float, expected: Expected) -> None:
    wanted = expected.starts[-1] / MICROSECONDS
    if abs(seconds - wanted) > _DURATION_SLACK:
        raise ToolFailed(f"The joined film lasts {seconds:.3f} s where its clips make {wanted:.3f} s.")


def _check_places(container: InputContainer, video: VideoStream, expected: Expected) -> None:
    """Each clip's first picture must be where it was put, by its decoding time."""
    tick = video.time_base or Fraction(1)
    for table, start in zip(expected.tables, expected.starts[:-1], strict=True):
        place = table.video.stored + Fraction(start - table.start, MICROSECONDS)
        if not any(abs(time - place) <= max(_NEAR, tick) for time in _times_near(container, video, place)):
            raise ToolFailed(f"The joined film has no clip beginning at {float(place):.3f} s, where one was put.")


def _times_near(container: InputContainer, video: VideoStream, place: Fraction) -> Iterator[Fraction]:
    """Decoding times from the packet at or before `place` until past it. It need be no key frame: clips begin so."""
    tick = video.time_base or Fraction(1)
    container.seek(round((place + _NEAR) / tick), stream=video, any_frame=True)
    for packet in islice(container.demux(video), _PACKETS_LOOKED_AT):
        if packet.dts is None:
            return
        yield packet.dts * tick
        if packet.dts * tick > place + 1:
            return
