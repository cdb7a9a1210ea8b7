"""index.html: one page without a server or a network that plays all cameras in true time and tells what is what."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2

from footage.evidence.drawing import draw_speed, draw_track
from footage.evidence.email_copy import email_copy_of
from footage.models import MediaType
from footage.telematics import NO_TRACK, Track
from footage.values_json import time_from, time_text

NAME = "index.html"
_PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("time.js", "reel.js", "player.js", "sync.js", "controls.js")
_ROLES = {
    "original": "original, untouched as the camera's service delivered it",
    "joined": "derivative: the originals of one camera joined, every packet copied",
    "side_by_side": "derivative: all cameras in one re-encoded picture, for viewing",
    "contact_sheet": "derivative: all stills of the cameras on one sheet",
    "still": "derivative: one picture taken from a joined film",
    "track": "data: speed and position as the vehicle's gateway told them",
}
_MINUTE = timedelta(minutes=1)
_VIDEOS_OF_CLIPS = 2
"""The clip that is on, and the next one, which is loaded meanwhile."""

Json = dict[str, Any]


def render(manifest: Mapping[str, Any], track: Track = NO_TRACK, *, under_way: bool = False) -> str:
    """The page for a manifest. `under_way` says on it that hashes, stills and the side-by-side are still to come."""
    return "".join(page_pieces(manifest, track, under_way=under_way))


def page_pieces(manifest: Mapping[str, Any], track: Track = NO_TRACK, *, under_way: bool = False) -> Iterator[str]:
    """The same page piece by piece: that of a long incident is never in memory as a whole."""
    script = "\n".join((_PAGE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    script = f"(() => {{\n'use strict';\n{script}\n}})();\n"
    zone = ZoneInfo(manifest["incident"]["timezone"])
    start, end = (time_from(manifest["incident"][edge]) for edge in ("start", "end"))
    return (
        _environment(zone)
        .get_template("index.html.j2")
        .generate(
            m=manifest,
            start=start,
            end=end,
            players=[_player(word, camera, manifest) for word, camera in manifest["cameras"].items()],
            data={**_data(manifest, zone), "hole": track.hole_seconds},
            speeds=_speeds(track, start),
            roles=_ROLES,
            files=_grouped(manifest["files"]),
            small=next(
                (email_copy_of(each["file"]) for each in manifest["files"] if each["role"] == "side_by_side"), ""
            ),
            plays=manifest["incident"].get("media_type") != MediaType.IMAGE.value,
            stills=[each for each in manifest["files"] if each["role"] == "still"],
            pictures=[each for each in manifest["files"] if each["role"] == "original" and _is_picture(each)],
            speed=draw_speed(track, start, end),
            path=draw_track(track),
            readings=len(track.readings),
            style=(_PAGE / "page.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            under_way=under_way,
        )
    )


def _environment(zone: ZoneInfo) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["local"] = lambda moment: _moment(moment).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    environment.filters["utc"] = lambda moment: _moment(moment).strftime("%Y-%m-%d %H:%M:%S UTC")
    environment.filters["path"] = lambda name: quote(name)
    environment.filters["size"] = _size
    return environment


def _moment(value: str | datetime) -> datetime:
    return time_from(value) if isinstance(value, str) else value


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _player(word: str, camera: Json, manifest: Mapping[str, Any]) -> Json:
    streams = [each["stream"] for each in manifest["files"] if each["role"] == "original" and each["camera"] == word]
    videos = [stream["video"] for stream in streams if stream["video"]]
    return {
        "word": word,
        "label": camera["label"],
        "sources": _sources(camera, manifest),
        "installed": camera["installed"],
        "sound": any(stream["audio"] for stream in streams),
        "fps": max((video["frame_rate"] for video in videos), default=30.0),
    }


def _sources(camera: Json, manifest: Mapping[str, Any]) -> list[str]:
    """What a camera's picture begins with: its film; where there is none, its first clips, one behind the other."""
    if camera["merged"] is not None:
        return [camera["merged"]]
    shown = [each["file"] for each in _from_clips(camera, manifest) if "file" in each]
    return list(dict.fromkeys(shown))[:_VIDEOS_OF_CLIPS]


def _from_clips(camera: Json, manifest: Mapping[str, Any]) -> list[Json]:
    """A camera's time piece by piece, each piece shown from its clip itself."""
    clips = {each["file"]: each for each in manifest["files"] if each["role"] == "original"}

    def shown(piece: Json) -> Json:
        clip = clips.get(piece.get("clip", ""))
        if clip is None or clip["stream"]["video"] is None or _is_picture(clip):
            return piece
        into = (time_from(piece["start"]) - time_from(clip["start"])).total_seconds() / piece.get("pace", 1.0)
        return {**piece, "file": piece["clip"], "film": round(clip["stream"]["first_picture"] + into, 6)}

    return [shown(piece) for piece in camera["timeline"]]


def _data(manifest: Mapping[str, Any], zone: ZoneInfo) -> Json:
    """What the page's script works with, but for the speeds; times in seconds from the incident's start."""
    start, end = (time_from(manifest["incident"][edge]) for edge in ("start", "end"))

    def since(text: str) -> float:
        return (time_from(text) - start).total_seconds()

    def pieces(found: list[Json]) -> list[Json]:
        addressed = [{**piece, "file": quote(piece["file"])} if "file" in piece else piece for piece in found]
        return [{**piece, "start": since(piece["start"]), "end": since(piece["end"])} for piece in addressed]

    clips = {word: pieces(_from_clips(camera, manifest)) for word, camera in manifest["cameras"].items()}
    films = {
        word: pieces(camera["timeline"]) for word, camera in manifest["cameras"].items() if camera["merged"] is not None
    }
    return {
        "start": time_text(start),
        "seconds": (end - start).total_seconds(),
        "zone": list(_offsets(start, end, zone)),
        "cameras": {**clips, **films},
        "clips": {word: clips[word] for word in films},
        "fps": {word: _player(word, camera, manifest)["fps"] for word, camera in manifest["cameras"].items()},
    }


def _speeds(track: Track, start: datetime) -> Iterator[str]:
    """The readings as JSON, piece by piece: seconds from the incident's start, metres a second or null."""
    for number, each in enumerate(track.readings):
        pair = json.dumps([(each.moment - start).total_seconds(), each.speed])
        yield f",{pair}" if number else pair


def _offsets(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Json]:
    """From when on which offset holds: browsers know zones of their own, which may be older than ours."""
    moment, last = start, None
    while moment <= end:
        local = moment.astimezone(zone)
        offset = local.utcoffset() or timedelta()
        if offset != last:
            yield {"from": (moment - start).total_seconds(), "offset": offset.total_seconds(), "name": local.tzname()}
        moment, last = moment + _MINUTE, offset


def _grouped(files: list[Json]) -> list[tuple[str, list[Json]]]:
    return [(role, found) for role in _ROLES if (found := [each for each in files if each["role"] == role])]


def _is_picture(entry: Json) -> bool:
    return PurePosixPath(entry["file"]).suffix.lower() in (".jpg", ".jpeg", ".png")
