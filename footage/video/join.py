"""Joins one camera's clips into one film without touching a packet: gaps closed, sound in step, clock written in."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from footage.errors import BrokenMedia, ToolFailed
from footage.files import disk_trouble
from footage.files import replace as move
from footage.models import UTC, Clip
from footage.video.container import MP4_DEMUXER
from footage.video.ffmpeg import SAFE_INPUT, FFmpeg
from footage.video.join_check import Expected, check
from footage.video.join_prepare import KEEP_ALL, Part, as_parts, clean, plan_sound, seams_that_show
from footage.video.join_shape import one_shape
from footage.video.join_tables import MICROSECONDS, FileTable, film_starts
from footage.video.join_texts import PlacedClip, chapters, clock_subtitles, concat_list
from footage.video.sound import Stretch, lay_stretches
from footage.workshop import Place

log = logging.getLogger(__name__)

_BYTES_PER_PACKET = 24
"""Room for the index in front of the film: measured are 13 to 20 bytes for each packet; too little costs a retry."""
_BYTES_PER_CUE = 40
_INDEX_ROOM = 1 << 16
_INDEX_TOO_SMALL = "reserved_moov_size"
_QUEUE = ("-thread_queue_size", "256")
"""Packets between ffmpeg's reader and its writer: with its own 8 the two wake each other all the time."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A camera's film. `packets` counts those of each track, `placed` maps film time to wall clock, in film order.

    `notes` are sentences on whatever is not a plain copy; `command` are ffmpeg's arguments.
    """

    path: Path
    seconds: float
    packets: dict[str, int]
    placed: tuple[PlacedClip, ...]
    notes: tuple[str, ...]
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Film:
    """Everything that is known of a film before ffmpeg writes it."""

    parts: list[Part]
    tables: list[FileTable]
    starts: list[int]
    placed: tuple[PlacedClip, ...]
    copies_sound: bool
    laid_sound: Path | None
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return self.starts[-1] / MICROSECONDS


def join(clips: Sequence[Clip], target: Path, *, tool: FFmpeg, work: Path, zone: tzinfo, title: str) -> Joined:
    """Write every packet of `clips`, in order of their start, once into the film `target`.

    Nothing is called `target` before it was checked. Raises BrokenMedia where no clip can be shown, ToolFailed where
    the film is not what it should be, DiskTrouble where it cannot be written, and Interrupted when `tool` is to stop.
    """
    return joined_as(target, join_beside(Place(tool, os.cpu_count() or 1), clips, work, zone, title))


def join_beside(place: Place, clips: Sequence[Clip], work: Path, zone: tzinfo, title: str) -> Joined:
    """The same, but the film gets a name of its own in `work`. A task: see footage/workshop.py.

    Everything on the way is written into a folder of its own inside `work`.
    """
    with _own_folder(work) as folder:
        film = _plan(clips, folder, place.tool)
        texts = _write_texts(film, folder, zone)
        command = _command(film, texts, title)
        unchecked, whole = folder / "film.mp4", folder.with_suffix(".mp4")
        _run(place.tool, command, film, unchecked)
        expected = Expected(film.tables, film.starts, film.copies_sound, film.laid_sound is not None)
        packets, seconds = check(unchecked, expected)
        with disk_trouble(whole):
            move(unchecked, whole)
    return Joined(whole, seconds, packets, film.placed, film.notes, tuple(command))


def joined_as(target: Path, joined: Joined) -> Joined:
    """Give a film that was made beside its place its name."""
    with disk_trouble(target):
        move(joined.path, target)
    return replace(joined, path=target)


@contextmanager
def _own_folder(work: Path) -> Iterator[Path]:
    """A folder that no other run shares: an ffmpeg that outlived its killed run may still write into its own."""
    with disk_trouble(work):
        work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="join-", dir=work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plan(clips: Sequence[Clip], folder: Path, tool: FFmpeg) -> _Film:
    parts, notes = one_shape(as_parts(clips), folder, tool=tool)
    if not parts:
        raise BrokenMedia("None of the clips can be shown, so there is no film to make of them.")
    sound, said = plan_sound([Part(part.clip, part.clip.path, part.clip.media) for part in parts], reshaped=bool(notes))
    parts, tables = clean(parts, folder, sound=sound == "copied", tool=tool)
    starts = film_starts(tables)
    placed = tuple(_placed(*each) for each in zip(parts, tables, starts[:-1], strict=True))
    laid = _lay_sound(placed, starts[-1] / MICROSECONDS, folder, tool) if sound == "laid" else None
    notes += [*([said] if said else []), *seams_that_show(parts, tables)]
    return _Film(parts, tables, starts, placed, sound == "copied", laid, tuple(notes))


def _placed(part: Part, table: FileTable, start: int) -> PlacedClip:
    begin = (start - table.start) / MICROSECONDS + part.media.first_picture
    return PlacedClip(part.clip, begin, begin + part.media.duration)


def _lay_sound(placed: Sequence[PlacedClip], seconds: float, folder: Path, tool: FFmpeg) -> Path:
    heard = [(each, each.clip.media.audio) for each in placed if each.clip.media.audio is not None]
    stretches = [
        Stretch(each.film_start, each.film_end - each.film_start, each.clip.path, each.clip.media.first_picture)
        for each, _ in heard
    ]
    channels = max(audio.channels for _, audio in heard)
    return lay_stretches(stretches, seconds, folder / "sound.m4a", channels=channels, tool=tool)


def _write_texts(film: _Film, folder: Path, zone: tzinfo) -> tuple[Path, Path, Path]:
    """The list of files, the clock and the chapters, each in a file in `folder`."""
    texts = {
        "clips.ffconcat": concat_list([part.path for part in film.parts], film.starts),
        "clock.srt": clock_subtitles(film.placed, zone),
        "chapters.txt": chapters(film.placed, zone, film.seconds),
    }
    with disk_trouble(folder):
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    listed, clock, marks = (folder / name for name in texts)
    return listed, clock, marks


def _command(film: _Film, texts: tuple[Path, Path, Path], title: str) -> list[str]:
    """ffmpeg's arguments up to the target. `-xerror`, because concat answers 0 after leaving files out."""
    listed, clock, marks = (str(path.absolute()) for path in texts)
    first = film.tables[0]
    inputs = ["-xerror", *_QUEUE, "-f", "concat", "-safe", "0", "-auto_convert", "0", *SAFE_INPUT]
    inputs += ["-format_whitelist", f"concat,{MP4_DEMUXER}", "-i", listed]
    inputs += ["-f", "srt", *SAFE_INPUT, "-i", clock, "-f", "ffmetadata", *SAFE_INPUT, "-i", marks]
    chosen = ["-map", f"0:{first.video.index}"]
    if film.laid_sound is not None:
        inputs += [*SAFE_INPUT, "-advanced_editlist", "0", "-f", "mp4", "-i", str(film.laid_sound.absolute())]
        chosen += ["-map", "3:a:0"]
    elif first.audio is not None:
        chosen += ["-map", f"0:{first.audio.index}"]
    chosen += ["-map", "1:s:0", "-map_chapters", "2", "-c:v", "copy", "-c:a", "copy", "-c:s", "mov_text", *KEEP_ALL]
    return [*inputs, *chosen, *_QUEUE, *_labels(film, title)]


def _labels(film: _Film, title: str) -> list[str]:
    video = film.parts[0].media.video
    begun = film.parts[0].clip.window.start.astimezone(UTC).isoformat(timespec="milliseconds")
    labels = ["-metadata", f"title={title}", "-metadata", f"creation_time={begun}"]
    # a movie clock of its own: ffmpeg 9 otherwise takes one in which an hour's chapters do not fit
    labels += ["-movie_timescale", "90000"]
    return [*labels, *(["-tag:v", "hvc1"] if video is not None and video.codec == "hevc" else [])]


def _run(tool: FFmpeg, command: Sequence[str], film: _Film, target: Path) -> None:
    """Write the film with its index in front, in room kept free for it; where that is too small, move it there after.

    Moving means writing the whole film twice, which is why it is not the first choice.
    """
    packets = sum(track.packets for table in film.tables for _, track in table.tracks())
    room = _INDEX_ROOM + packets * _BYTES_PER_PACKET + int(film.seconds + 2 * len(film.parts)) * _BYTES_PER_CUE
    try:
        tool.run([*command, "-moov_size", str(room), str(target.absolute())])
    except ToolFailed as error:
        if _INDEX_TOO_SMALL not in error.message:
            raise
        log.info("the film's index needs more than %d bytes; it is moved to the front instead", room)
        tool.run([*command, "-movflags", "+faststart", str(target.absolute())])
