"""Stills at key moments: begin, middle and end of the incident, and the last and first picture at each gap."""

from __future__ import annotations

import dataclasses
import logging
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from footage.errors import ToolFailed
from footage.evidence.manifest import JOINED, ORIGINAL, STILL
from footage.files import replace, sha256_of
from footage.models import MediaType, TimeWindow
from footage.naming import stamp, touches_repeated_hour
from footage.values_json import time_from, time_text
from footage.version import PROGRAM, VERSION
from footage.video.ffmpeg import SAFE_INPUT, WHAT_CAN_BE_READ, FFmpeg

log = logging.getLogger(__name__)

FOLDER = "stills"
_MOST_A_CAMERA = 8
_HAIR = 0.002
_EDGE = timedelta(seconds=0.2)
"""How far from a cut a still is taken, so that it is surely on its own side."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shot:
    """A still to be taken: when and why, from which film; `seconds` is where in it the picture is looked for."""

    camera: str
    moment: datetime
    why: str
    film: str
    film_sha256: str
    seconds: float
    name: str


def plan_stills(manifest: Mapping[str, Any], extra: Sequence[tuple[datetime, str]] = ()) -> list[Shot]:
    """The stills of all cameras that have a film; `extra` are further moments with the reason for each."""
    incident = manifest["incident"]
    if incident.get("media_type") == MediaType.HYPERLAPSE.value:
        return []  # its film runs faster than the clock by which moments are found in it
    window = TimeWindow(time_from(incident["start"]), time_from(incident["end"]))
    films = {each["camera"]: each for each in manifest["files"] if each["role"] == JOINED}
    rates = {each["file"]: _rate(each) for each in manifest["files"] if each["role"] == ORIGINAL}
    with_offset = touches_repeated_hour(window, ZoneInfo(incident["timezone"]))
    shots = []
    for word, camera in manifest["cameras"].items():
        if word in films:
            wanted = [*_whole(window), *extra, *_edges(camera["timeline"])]
            found = [_shot(word, camera, films[word], rates, each) for each in wanted]
            named = [_named(shot, ZoneInfo(incident["timezone"]), with_offset=with_offset) for shot in found if shot]
            shots += _different(named)
    return shots


def take_stills(folder: Path, shots: Sequence[Shot], known: Sequence[Json], tool: FFmpeg, now: datetime) -> list[Json]:
    """Make the stills that are not there yet, and tell of all as the manifest does. `known` is what it told before."""
    (folder / FOLDER).mkdir(exist_ok=True)
    take = partial(_take, folder, known={each["file"]: each for each in known}, tool=tool, now=now)
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="still") as pool:
        return [still for still in pool.map(take, shots) if still is not None]


def _whole(window: TimeWindow) -> list[tuple[datetime, str]]:
    middle = window.start + (window.end - window.start) / 2
    return [(window.start, "begin"), (middle, "middle"), (window.end - _EDGE, "end")]


def _edges(timeline: Sequence[Json]) -> Iterator[tuple[datetime, str]]:
    for piece in timeline:
        if "words" in piece:
            yield time_from(piece["start"]) - _EDGE, "last picture before a gap"
            yield time_from(piece["end"]) + _EDGE, "first picture after a gap"


def _rate(original: Json) -> float:
    video = original["stream"]["video"]
    return float(video["frame_rate"] or 1.0) if video else 1.0  # a clip of a single picture may tell no rate


def _shot(word: str, camera: Json, film: Json, rates: Mapping[str, float], wanted: tuple[datetime, str]) -> Shot | None:
    moment, why = wanted
    piece = next((each for each in camera["timeline"] if _shows(each, moment)), None)
    if piece is None:
        return None
    into = (moment - time_from(piece["start"])).total_seconds()
    # ffmpeg goes to the first picture at or after a time; the one on the screen then began up to a picture earlier
    seconds = max(0.0, round(piece["film"] + into - 1 / rates[piece["clip"]] + _HAIR, 3))
    return Shot(word, moment, why, film["file"], film["sha256"], seconds, "")


def _named(shot: Shot, zone: ZoneInfo, *, with_offset: bool) -> Shot:
    """Named as all files of the incident are: with the offset where its local times could be told from no others."""
    label = shot.film.partition("_Merged_")[0]
    local = stamp(shot.moment, zone, with_offset=with_offset)
    return dataclasses.replace(shot, name=f"{FOLDER}/{label}_{local}.{shot.moment.microsecond // 1000:03d}.jpg")


def _shows(piece: Json, moment: datetime) -> bool:
    inside = time_from(piece["start"]) <= moment < time_from(piece["end"])
    return inside and piece.get("film") is not None


def _different(shots: Iterable[Shot]) -> list[Shot]:
    by_name: dict[str, Shot] = {}
    for shot in shots:
        by_name.setdefault(shot.name, shot)
    return sorted(list(by_name.values())[:_MOST_A_CAMERA], key=lambda shot: shot.moment)


def _take(folder: Path, shot: Shot, *, known: Mapping[str, Json], tool: FFmpeg, now: datetime) -> Json | None:
    before = known.get(shot.name)
    target = folder / shot.name
    facts = {
        "file": shot.name,
        "role": STILL,
        "camera": shot.camera,
        "moment": time_text(shot.moment),
        "why": shot.why,
        "film_seconds": shot.seconds,
        "parents": [shot.film],
        "parent_sha256": shot.film_sha256,
    }
    if before is not None and target.is_file() and all(before.get(name) == fact for name, fact in facts.items()):
        return before
    read = ("-ss", f"{shot.seconds:.3f}", *SAFE_INPUT, *WHAT_CAN_BE_READ, "-f", "mp4", "-i")
    command = [*read, shot.film, *_ONE_PICTURE]
    if not _grab(folder, shot.film, command, target, tool):
        return None
    made = {"made": time_text(now), "program": f"{PROGRAM} {VERSION}", "ffmpeg": tool.version}
    told = shlex.join(("ffmpeg", *command, shot.name))
    return {**facts, "bytes": target.stat().st_size, "sha256": sha256_of(target), **made, "commands": [told]}


_ONE_PICTURE = ("-map", "0:v:0", "-frames:v", "1", "-q:v", "2", "-f", "image2", "-update", "1")


def _grab(folder: Path, film: str, command: Sequence[str], target: Path, tool: FFmpeg) -> bool:
    """Whether a picture came out; a film that ends a frame early, or is damaged there, gives none.

    Whatever keeps ffmpeg from making it costs this still and nothing else.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        tool.run([*(str(folder / film) if each == film else each for each in command), str(beside)])
        if not beside.is_file():
            return False
        replace(beside, target)
    except ToolFailed as failed:
        log.warning("there is no still %s: %s", target.name, failed.message)
        return False
    finally:
        beside.unlink(missing_ok=True)
    return True
