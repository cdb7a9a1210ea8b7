"""Whether a film, played from end to end, is what the manifest says was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from footage.errors import BrokenMedia
from footage.evidence.manifest import JOINED, SIDE
from footage.video.decode import Decoded, decode
from footage.workshop import Place

Json = Mapping[str, Any]


def is_film(entry: Json) -> bool:
    """Whether an entry of the manifest is a film that this program made."""
    return entry.get("role") in (JOINED, SIDE)


def check_film(place: Place, folder: Path, film: Json, files: Sequence[Json]) -> list[str]:
    """A sentence for each way in which a film is not as planned. A task: see footage/workshop.py.

    The manifest may have been edited: what it tells of the film may have any shape.
    """
    name = film["file"]
    try:
        found = decode(folder / name, place.tool.stop)
    except BrokenMedia as error:
        return [f"{name}: {error.message}"]
    return [f"{name}: {sentence}" for sentence in _trouble(film, found, _is_known_broken(film, files))]


def _trouble(film: Json, found: Decoded, known_broken: bool) -> Iterator[str]:
    packets = film.get("packets")
    for track, planned in packets.items() if isinstance(packets, Mapping) else ():
        if found.packets.get(track, 0) != planned:
            yield f"it holds {found.packets.get(track, 0)} {track} packets where {planned} were planned"
    if "frames" in film and found.pictures != film["frames"]:
        yield f"it shows {found.pictures} pictures where {film['frames']} were planned"
    shape = film.get("width"), film.get("height")
    if shape != (None, None) and [*found.shapes] != [shape]:
        yield f"its pictures are not all {shape[0]}x{shape[1]}"
    if found.complaints and not known_broken:
        yield f"{found.complaints} of its packets cannot be decoded"


def _is_known_broken(film: Json, files: Sequence[Json]) -> bool:
    """Whether an original came broken, which the manifest says of it: a copy of its packets is broken alike."""
    named = film.get("parents")
    parents = [each for each in files if isinstance(named, list) and each["file"] in named]
    streams = [stream for each in parents if isinstance(stream := each.get("stream"), Mapping)]
    broken = any(stream.get("damage") or not stream.get("complete", True) for stream in streams)
    return broken and film["role"] == JOINED
