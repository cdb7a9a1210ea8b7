"""Whether a clip came whole: the boxes of an MP4 add up to its size, and how many key frames its table names."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
    """How many key frames the picture track has; None where the file has no such table (all frames are key frames).

    Raises BrokenMedia where boxes are cut off or missing. They may stand in any order.
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
    return _sync_samples(index)


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


def _sync_samples(moov: bytes) -> int | None:
    for track in _find(moov, b"trak"):
        media = next(_find(track, b"mdia"), b"")
        handler = next(_find(media, b"hdlr"), b"")
        if handler[8:12] != b"vide":
            continue
        information = next(_find(media, b"minf"), b"")
        samples = next(_find(information, b"stbl"), b"")
        table = next(_find(samples, b"stss"), None)
        return None if table is None else int.from_bytes(table[4:8], "big")
    return None


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
