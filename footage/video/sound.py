"""Lays the sound of many clips into one AAC track, each to the sample where it belongs, with silence elsewhere."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av

from footage.errors import Interrupted
from footage.files import disk_trouble, replace
from footage.models import TimeWindow
from footage.timeline import Piece
from footage.video.ffmpeg import FFmpeg
from footage.video.sound_decode import RATE, decoded
from footage.video.sound_encode import Section, SectionTrack, sections, stitch
from footage.workshop import Place

_STEP = RATE // 25
"""Times that are off by less (40 ms) are rounding and jitter; past that the sound itself has a hole."""
_MOST_DIVISIONS = 8
_LEAST_SECTION = 20 * RATE


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound from `source_start` of a file's own clock goes to `at` of the track and lasts `seconds` at most."""

    at: float
    seconds: float
    path: Path
    source_start: float


def has_sound(pieces: Sequence[Piece]) -> bool:
    """Whether there is something to lay."""
    return any(piece.clip is not None and piece.clip.media.audio is not None for piece in pieces)


def sound_beside(place: Place, pieces: Sequence[Piece], window: TimeWindow, work: Path) -> Path | None:
    """The same as `lay_sound`, in a file with a name of its own in `work`. A task: see footage/workshop.py."""
    target = work / f"sound-{os.getpid()}-{secrets.token_hex(4)}.m4a"
    return lay_sound(pieces, window, target, tool=place.tool, threads=place.threads)


def lay_sound(
    pieces: Sequence[Piece], window: TimeWindow, target: Path, *, tool: FFmpeg, threads: int | None = None
) -> Path | None:
    """Write the sound of `pieces`, exactly as long as `window`, as AAC at 48 kHz into the MP4 file `target`.

    None where no piece has sound. Raises Interrupted when `tool` is told to stop. Memory does not grow with the length.
    """
    heard = [(piece, piece.clip) for piece in pieces if piece.clip is not None and piece.clip.media.audio is not None]
    if not heard:
        return None
    stretches = [
        Stretch(
            at=(piece.window.start - window.start).total_seconds(),
            seconds=piece.window.seconds,
            path=clip.path,
            source_start=clip.media.first_picture + (piece.window.start - clip.window.start).total_seconds(),
        )
        for piece, clip in heard
    ]
    channels = max(clip.media.audio.channels for _, clip in heard if clip.media.audio is not None)
    return lay_stretches(stretches, window.seconds, target, channels=channels, tool=tool, threads=threads)


def lay_stretches(
    stretches: Sequence[Stretch],
    seconds: float,
    target: Path,
    *,
    channels: int,
    tool: FFmpeg,
    divisions: int | None = None,
    threads: int | None = None,
) -> Path:
    """Write `stretches`, which follow one another in time, as one track of exactly `seconds`; returns `target`.

    It is encoded in so many `divisions`, by default by its length alone so that every machine makes the same track, and
    as many at once as there are `threads`, by default processors.
    """
    samples = round(seconds * RATE)
    divided = sections(samples, divisions or min(_MOST_DIVISIONS, max(samples // _LEAST_SECTION, 1)))
    at_once = min(len(divided), threads or os.cpu_count() or 1)
    with disk_trouble(target), tempfile.TemporaryDirectory(prefix="sound-", dir=target.parent) as name:
        folder = Path(name)
        files = [folder / f"{number}.m4a" for number in range(len(divided))]
        with ThreadPoolExecutor(at_once, thread_name_prefix="sound") as pool:
            running = [
                pool.submit(_lay_section, section, stretches, samples, file, min(channels, 2), tool)
                for section, file in zip(divided, files, strict=True)
            ]
            for each in running:
                each.result()
        stitch(list(zip(divided, files, strict=True)), samples, folder / "whole.m4a")
        replace(folder / "whole.m4a", target)
    return target


def _lay_section(
    section: Section, stretches: Sequence[Stretch], samples: int, target: Path, channels: int, tool: FFmpeg
) -> None:
    """Encode one section of the track into its own file."""
    begin, end = section.begins, section.ends(samples)
    with av.open(str(target.absolute()), "w", format="mp4") as container:
        track = SectionTrack(container, channels, begin)
        for stretch in stretches:
            if tool.stop.is_set():
                raise Interrupted("stopped while the sound was being laid")
            if stretch.at * RATE < end and (stretch.at + stretch.seconds) * RATE > begin:
                _lay(stretch, track, begin, end)
        track.finish(end)


def _lay(stretch: Stretch, track: SectionTrack, low: int, high: int) -> None:
    """Put what lies in samples [low, high) of one stretch on the track; a hole in the sound stays a hole."""
    zero = round(stretch.at * RATE)
    begin, end = max(zero, low), min(round((stretch.at + stretch.seconds) * RATE), high)
    follows: int | None = None
    for time, block in decoded(stretch.path, stretch.source_start + (begin - zero) / RATE, track.layout):
        at = zero + round((time - stretch.source_start) * RATE)
        if follows is not None and abs(at - follows) < _STEP:
            at = follows
        follows = at + block.shape[1]
        if at >= end:
            break
        if follows > begin:
            track.put(max(at, begin), block[:, max(begin - at, 0) : end - at])
