"""The texts that go into a joined film: the list of files, the chapters and the running clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from footage.models import UTC, Clip

_ESCAPED = str.maketrans({character: f"\\{character}" for character in "=;#\\\n"})
_SECOND = timedelta(seconds=1)
_SPED_UP = 2.0


@dataclass(frozen=True, slots=True)
class PlacedClip:
    """A clip and where its first picture begins and its last one ends in the film, in seconds."""

    clip: Clip
    film_start: float
    film_end: float


def concat_list(files: Sequence[Path], starts: Sequence[int]) -> str:
    """ffmpeg's list of files with the time of each, in microseconds, told and not measured."""
    lines = ["ffconcat version 1.0"]
    for file, start, after in zip(files, starts[:-1], starts[1:], strict=True):
        name = file.absolute().as_posix().replace("'", "'\\''")
        length = after - start
        lines += [
            f"file '{name}'",
            "option advanced_editlist 0",
            f"duration {length // 1_000_000}.{length % 1_000_000:06d}",
        ]
    return "\n".join(lines) + "\n"


def wall_clock(moment: datetime, zone: tzinfo) -> str:
    """Local time to the millisecond with its offset: `2025-04-16 13:30:00.200 -0500`."""
    return moment.astimezone(zone).isoformat(" ", "milliseconds")[:23] + moment.astimezone(zone).strftime(" %z")


def chapters(placed: Sequence[PlacedClip], zone: tzinfo, seconds: float) -> str:
    """One chapter a clip, named for its wall-clock start, as ffmpeg's metadata text."""
    lines = [";FFMETADATA1"]
    begins = [round(each.film_start * 1000) for each in placed]
    ends = [*begins[1:], max(round(seconds * 1000), begins[-1] + 1)]
    for each, begin, end in zip(placed, begins, ends, strict=True):
        title = wall_clock(each.clip.window.start, zone).translate(_ESCAPED)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={begin}", f"END={end}", f"title={title}"]
    return "\n".join(lines) + "\n"


def clock_subtitles(placed: Iterable[PlacedClip], zone: tzinfo) -> str:
    """The running clock as SubRip text: one cue for each second of the wall clock that a clip shows."""
    cues = (cue for each in placed for cue in _cues(each, zone))
    return "".join(
        f"{number}\n{_srt_time(begin)} --> {_srt_time(end)}\n{text}\n\n"
        for number, (begin, end, text) in enumerate(cues, 1)
    )


def _cues(placed: PlacedClip, zone: tzinfo) -> Iterator[tuple[int, int, str]]:
    """Begin and end in the film's milliseconds, and the second that the wall clock shows then."""
    start, pace = placed.clip.window.start.astimezone(UTC), pace_of(placed.clip)
    second = start.replace(microsecond=0)
    at, end = round(placed.film_start * 1000), round(placed.film_end * 1000)
    while at < end:
        until = round((placed.film_start + (second + _SECOND - start).total_seconds() / pace) * 1000)
        if at < until:
            yield at, min(until, end), _clock_line(second, zone)
        at, second = until, second + _SECOND


def pace_of(clip: Clip) -> float:
    """Seconds of the wall clock in one of the film: 1, but for a hyperlapse, which is much shorter than its window."""
    pace = clip.window.seconds / clip.media.duration if clip.media.duration else 1.0
    return pace if pace >= _SPED_UP else 1.0


def _clock_line(second: datetime, zone: tzinfo) -> str:
    local, utc = second.astimezone(zone), second.astimezone(UTC)
    return f"{local:%Y-%m-%d %H:%M:%S %z}  ({utc:%H:%M:%S} UTC)"


def _srt_time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"
