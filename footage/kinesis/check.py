"""Whether a clip came whole: the boxes of an MP4 add up to its size, and when the key frames of its table play."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from footage.errors import BrokenMedia

_LONG_SIZE = 1
_LARGEST_MOOV = 1 << 28


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


def key_frames(path: Path) -> int | None:
    """How many key frames the picture track has; None where it has no table of them. Raises what `key_times` raises."""
    times = key_times(path)
    return None if times is None else len(times)


def key_times(path: Path) -> tuple[float, ...] | None:
    """When the picture track's key frames play, in seconds from its first frame; None where it has no table of them.

    They are times of decoding, which lie before those of showing by the same for every key frame. The boxes may stand
    in any order. Raises BrokenMedia where one is cut off or missing.
    """
    with path.open("rb") as file:
        boxes = list(_file_boxes(file, os.fstat(file.fileno()).st_size, path.name))
        moov = next((box for box in boxes if box.kind == b"moov"), None)
        if moov is None or not any(box.kind == b"mdat" for box in boxes):
            raise BrokenMedia(f"{path.name} is no complete MP4: it has {len(boxes)} boxes, but not both moov and mdat.")
        if moov.end - moov.start > _LARGEST_MOOV:
            raise BrokenMedia(f"{path.name} has an index of {moov.end - moov.start} bytes, which cannot be.")
        file.seek(moov.start)
        index = file.read(moov.end - moov.start)
    return _sync_times(index)


def _file_boxes(file: BinaryIO, size: int, name: str) -> Iterator[_Box]:
    """The outermost boxes, with the places of their contents."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == _LONG_SIZE:
            length, header = int.from_bytes(head[8:16], "big"), 16
        if length == 0:
            length = size - at
        if length < header or at + length > size:
            raise BrokenMedia(f"{name} is cut off: a box at byte {at} should reach to {at + length}, of {size}.")
        yield _Box(head[4:8], at + header, at + length)
        at += length


def _sync_times(moov: bytes) -> tuple[float, ...] | None:
    for track in _find(moov, b"trak"):
        media = next(_find(track, b"mdia"), b"")
        handler = next(_find(media, b"hdlr"), b"")
        if handler[8:12] != b"vide":
            continue
        information = next(_find(media, b"minf"), b"")
        samples = next(_find(information, b"stbl"), b"")
        numbers = next(_find(samples, b"stss"), None)
        if numbers is None:
            return None
        durations = _table(next(_find(samples, b"stts"), b""), ">II")
        ticks = _ticks((number for (number,) in _table(numbers, ">I")), durations)
        scale = _timescale(next(_find(media, b"mdhd"), b""))
        return tuple(each / scale for each in ticks)
    return None


def _ticks(numbers: Iterable[int], durations: Iterator[tuple[int, ...]]) -> Iterator[int]:
    """When the samples of these numbers, which rise from 1, begin; `durations` are runs of (samples, ticks of each)."""
    at, first, count, length = 0, 1, 0, 0
    for number in numbers:
        while number >= first + count:
            at, first = at + count * length, first + count
            run = next(durations, None)
            if run is None:  # the table ends before the samples do: no more is known
                return
            count, length = run
        yield at + (number - first) * length


def _table(content: bytes, row: str) -> Iterator[tuple[int, ...]]:
    """The rows of a box that begins with version, flags and their number."""
    size = struct.calcsize(row)
    rows = min(int.from_bytes(content[4:8], "big"), (len(content) - 8) // size)
    return struct.iter_unpack(row, content[8 : 8 + max(rows, 0) * size])


def _timescale(header: bytes) -> int:
    """Ticks a second; what stands before them is longer in version 1."""
    place = 20 if header[:1] == b"\x01" else 12
    return int.from_bytes(header[place : place + 4], "big") or 1


def _find(content: bytes, kind: bytes) -> Iterator[bytes]:
    """The contents of the inner boxes of one kind."""
    at = 0
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if length < 8:
            return
        if content[at + 4 : at + 8] == kind:
            yield content[at + 8 : at + length]
        at += length
