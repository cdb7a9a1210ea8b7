"""Joins the stretches to the finished film by stream copy, lays the sound under it, and checks it frame by frame."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from footage.errors import ToolFailed
from footage.files import disk_trouble, write_text
from footage.video.cutting import FrameAxis
from footage.video.ffmpeg import SAFE_INPUT
from footage.video.layout import Layout
from footage.workshop import Place

_SOUND_SLACK = 0.1
"""Seconds by which the sound may be longer or shorter than the pictures: coded sound comes in packets."""


@dataclass(frozen=True, slots=True)
class Film:
    """The finished side-by-side film. `commands` are ffmpeg's arguments that made it, in order.

    `audio` is the word of the camera whose sound it has; None where it has none.
    """

    path: Path
    seconds: float
    frames: int
    width: int
    height: int
    encoder: str
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()
    audio: str | None = None


def same_parameters(stretches: Sequence[Path]) -> bool:
    """Whether all stretches were encoded alike, so that they can be joined without touching them."""
    from footage.video.container import open_mp4

    seen = set()
    for path in stretches:
        with open_mp4(path) as stretch:
            track = stretch.streams.video[0]
            seen.add((track.codec_context.extradata, track.width, track.height, track.time_base))
    return len(seen) <= 1


def join(
    place: Place,
    stretches: Sequence[Path],
    cuts: Sequence[range],
    axis: FrameAxis,
    layout: Layout,
    sound: Path | None,
) -> tuple[Path, tuple[str, ...]]:
    """Copy all stretches and the sound into a new film, and check it; returns it and ffmpeg's arguments.

    A task: see footage/workshop.py. The stretches lie in one folder, and the film is written beside them. Raises
    ToolFailed where it is not as planned.
    """
    if not same_parameters(stretches):
        raise ToolFailed("the stretches of the film were encoded differently and cannot be joined")
    folder = stretches[0].parent
    listing = folder / f"film-{os.getpid()}-{secrets.token_hex(4)}.ffconcat"
    growing = listing.with_suffix(".part.mp4")
    arguments = _arguments(listing, sound, growing)
    try:
        write_text(listing, _listing(stretches, cuts, axis.fps))
        place.tool.run(arguments)
        check(growing, axis, layout, sounding=sound is not None)
        with disk_trouble(growing):
            _sync(growing)
    except BaseException:
        growing.unlink(missing_ok=True)
        raise
    finally:
        listing.unlink(missing_ok=True)
    return growing, tuple(arguments)


def check(path: Path, axis: FrameAxis, layout: Layout, *, sounding: bool) -> None:
    """Raise ToolFailed unless the film's frames, their times, colour format, size and sound are as planned."""
    from footage.video.container import open_mp4

    with open_mp4(path) as film:
        track = film.streams.video[0]
        shape = (track.codec_context.width, track.codec_context.height, track.codec_context.pix_fmt)
        tick = track.time_base or Fraction(1)
        times = sorted(packet.pts for packet in film.demux(track) if packet.pts is not None)
        sounds = [float((each.duration or 0) * (each.time_base or 0)) for each in film.streams.audio]
    planned = [round(frame / axis.fps / tick) for frame in range(axis.frames)]
    if times != planned:
        raise ToolFailed(f"the film has {len(times)} frames, not each at its time; {len(planned)} were planned")
    if shape != (layout.width, layout.height, "yuv420p"):
        raise ToolFailed(f"the film came out as {shape}, not {layout.width}x{layout.height} yuv420p")
    if sounding and not any(abs(sound - axis.window.seconds) <= _SOUND_SLACK for sound in sounds):
        raise ToolFailed(f"the film's sound lasts {sounds} seconds, not {axis.window.seconds}")


def _listing(stretches: Sequence[Path], cuts: Sequence[range], fps: Fraction) -> str:
    """The list for ffmpeg, each stretch with its exact length: what the file itself says is rounded."""
    lines = ["ffconcat version 1.0"]
    for path, frames in zip(stretches, cuts, strict=True):
        lines += [f"file {path.name}", f"duration {float(len(frames) / fps):.6f}"]
    return "\n".join(lines) + "\n"


def _arguments(listing: Path, sound: Path | None, target: Path) -> list[str]:
    sound_input = [*SAFE_INPUT, "-i", f"file:{sound}", "-map", "0:v", "-map", "1:a"] if sound else ["-map", "0:v"]
    # Without "file:" before it, or Windows would not find the stretches beside the list.
    joined = ["-f", "concat", *SAFE_INPUT, "-i", str(listing), *sound_input]
    return [*joined, "-c", "copy", "-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", str(target)]


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
