"""Makes clips fit for one film: clean copies of odd files, a plan for the sound, words on seams that show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from footage.models import AudioTrack, Clip, Media
from footage.video.ffmpeg import SAFE_INPUT, FFmpeg
from footage.video.join_tables import FileTable, read_table, same_layout
from footage.video.probe import inspect

_COPIED_SOUND = frozenset({"aac", "mp3", "ac3", "eac3"})
"""Sound that MP4 carries and players know; A-law, u-law and PCM are not among it."""
_NAMED = 3
"""So many clips are named in a sentence, the others counted."""
SoundPlan = Literal["none", "copied", "laid"]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands for `clip` in the film: its own file or a copy made for the film, and what that file holds."""

    clip: Clip
    path: Path
    media: Media


def as_parts(clips: Iterable[Clip]) -> list[Part]:
    """The clips in time order, each standing for itself."""
    return [Part(clip, clip.path, clip.media) for clip in sorted(clips, key=lambda clip: clip.window)]


def plan_sound(parts: Sequence[Part], *, reshaped: bool) -> tuple[SoundPlan, str | None]:
    """What becomes of the sound, and a sentence where it cannot stay as it is.

    Sound is copied only where each clip has the same kind; `reshaped` pictures have new lengths, so sound follows them.
    """
    kinds = Counter(_sound_kind(part.media.audio) for part in parts)
    if set(kinds) == {None}:
        return "none", None
    only = next(iter(kinds))
    if len(kinds) == 1 and only is not None and only[0] in _COPIED_SOUND and not reshaped:
        return "copied", None
    if len(kinds) == 1:
        return "laid", f"The sound was encoded anew as AAC; it was {_name(only)} in the clips."
    named = ", ".join(f"{_name(kind)} in {count}" for kind, count in kinds.most_common())
    return "laid", f"The clips' sound differs ({named}), so it was encoded anew as AAC, silent where there is none."


def _sound_kind(audio: AudioTrack | None) -> tuple[str, int, int, str] | None:
    return None if audio is None else (audio.codec, audio.sample_rate, audio.channels, audio.extradata)


def _name(kind: tuple[str, int, int, str] | None) -> str:
    return "none" if kind is None else f"{kind[0]} {kind[1]} Hz with {kind[2]} channel{'s' * (kind[2] > 1)}"


def clean(parts: Sequence[Part], folder: Path, *, sound: bool, tool: FFmpeg) -> tuple[list[Part], list[FileTable]]:
    """The parts with their tables, those that concat would get wrong replaced by copies that hold the same packets.

    That is a file that ends early, a fragmented one, and any whose tracks have another order or clock than the others.
    """
    ready = [
        part if part.media.complete else _copy(part, folder / f"clean_{number:04d}.mp4", None, sound=sound, tool=tool)
        for number, part in enumerate(parts)
    ]
    tables = [read_table(part.path, part.media, with_sound=sound) for part in ready]
    if same_layout(tables):
        return ready, tables
    clock = max(table.video.time_base.denominator for table in tables)
    ready = [
        _copy(part, folder / f"even_{number:04d}.mp4", clock, sound=sound, tool=tool)
        for number, part in enumerate(parts)
    ]
    return ready, [read_table(part.path, part.media, with_sound=sound) for part in ready]


def _copy(part: Part, target: Path, clock: int | None, *, sound: bool, tool: FFmpeg) -> Part:
    """Copy every packet that can be read, and only those, into a new file with pictures first."""
    chosen = ["-map", "0:v:0", *(["-map", "0:a:0"] if sound else [])]
    timed = ["-video_track_timescale", str(clock)] if clock else []
    read = [*SAFE_INPUT, "-fflags", "+discardcorrupt", "-advanced_editlist", "0", "-f", "mp4"]
    tool.run([*read, "-i", absolute(part.path), *chosen, "-c", "copy", *KEEP_ALL, *timed, absolute(target)])
    return replace(part, path=target, media=inspect(target))


def seams_that_show(parts: Sequence[Part], tables: Sequence[FileTable]) -> list[str]:
    """A sentence where clips do not begin afresh: in a film a decoder goes on with what it saw of the clip before."""
    after_another = list(zip(parts, tables, strict=True))[1:]
    names = [part.clip.path.name for part, table in after_another if not table.resets]
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "begin" if len(names) > 1 else "begins"
    return [
        f"{', '.join(names[:_NAMED])}{more} {verb} amid pictures that build on one another, so players may show the "
        "first moment after that seam of the film wrongly; all its packets are there, and the clip itself is unchanged."
    ]


KEEP_ALL = ("-copyinkf", "-copyts")
"""Without these ffmpeg drops packets before the first key frame, and moves all times so that the first is 0."""


def absolute(path: Path) -> str:
    """An absolute path, which ffmpeg takes for neither an option nor a protocol."""
    return str(path.absolute())
