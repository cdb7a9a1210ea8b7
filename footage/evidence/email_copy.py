"""A small copy of the side-by-side film, as large as there is room: for looking at, and marked as a derivative."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footage.files import sha256_of
from footage.version import PROGRAM, VERSION
from footage.video.ffmpeg import SAFE_INPUT, FFmpeg

_SUFFIX = "_email_copy"
_SOUND = 32_000
_LEAST, _MOST = 40_000, 2_500_000
"""Bits a second of the pictures: below the one nothing can be seen, above the other nobody gains anything."""
_SPARE = 0.92
"""The part of the room that is aimed at: an encoder keeps a rate only about."""
_TRIES = 3
_WIDTHS = ((1_200_000, 1920), (500_000, 1280), (0, 960))
_FULL_RATE = 400_000


@dataclass(frozen=True, slots=True)
class EmailCopy:
    """The copy's name, its hash, and what the log of custody tells of it."""

    name: str
    sha256: str
    facts: dict[str, Any]


def make_email_copy(folder: Path, side: Mapping[str, Any], room: int, work: Path, tool: FFmpeg) -> EmailCopy | None:
    """Make the copy in `work` so that it takes at most `room` bytes; None where that is too little to see anything."""
    name = email_copy_of(side["file"])
    wanted = room * _SPARE
    for _ in range(_TRIES):
        rate = min(_MOST, int(wanted * 8 / side["seconds"]) - _SOUND)
        if rate < _LEAST:
            return None
        arguments = _arguments(side["file"], rate)
        path = work / name
        tool.run([*(str(folder / side["file"]) if each == side["file"] else each for each in arguments), str(path)])
        size = path.stat().st_size
        if size <= room:
            return EmailCopy(name, sha256_of(path), _facts(side, path, arguments, tool))
        wanted *= 0.9 * room / size
    return None


def email_copy_of(film: str) -> str:
    """What the small copy of a film is called."""
    return f"{Path(film).stem}{_SUFFIX}.mp4"


def _arguments(film: str, rate: int) -> list[str]:
    width = next(width for least, width in _WIDTHS if rate >= least)
    shape = f"scale='min({width},iw)':-2" + ("" if rate >= _FULL_RATE else ",fps=15")
    pictures = ["-c:v", "libx264", "-preset", "medium", "-b:v", str(rate), "-maxrate", str(rate)]
    sound = ["-c:a", "aac", "-b:a", str(_SOUND), "-ac", "1", "-movflags", "+faststart", "-f", "mp4"]
    chosen = ["-map", "0:v:0", "-map", "0:a:0?", "-vf", shape, "-pix_fmt", "yuv420p"]
    return [*SAFE_INPUT, "-f", "mp4", "-i", film, *chosen, *pictures, "-bufsize", str(rate), *sound]


def _facts(side: Mapping[str, Any], path: Path, arguments: list[str], tool: FFmpeg) -> dict[str, Any]:
    return {
        "file": path.name,
        "what": "derivative: a small copy of the side-by-side film",
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "parents": [side["file"]],
        "parent_sha256": side["sha256"],
        "commands": [shlex.join(("ffmpeg", *arguments, path.name))],
        "made_by": f"{PROGRAM} {VERSION}, ffmpeg {tool.version}",
    }
