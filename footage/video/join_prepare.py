"""Makes clips fit for one film: clean copies of odd files, one shape where pictures differ, a plan for the sound."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from footage.errors import BrokenMedia, ToolFailed
from footage.models import AudioTrack, Clip, Media, VideoTrack
from footage.video.ffmpeg import SAFE_INPUT, FFmpeg
from footage.video.join_tables import FileTable, read_table, same_layout
from footage.video.probe import inspect

log = logging.getLogger(__name__)

_COPIED_SOUND = frozenset({"aac", "mp3", "ac3", "eac3"})
"""Sound that MP4 carries and players know; A-law, u-law and PCM are not among it."""
_LARGEST_RATE = 1001
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


def one_shape(parts: Sequence[Part], folder: Path, *, tool: FFmpeg) -> tuple[list[Part], list[str]]:
    """The same parts where their pictures can share one track; else all of them encoded once to the largest size.

    The sentences tell what was done, and which clip could not be shown at all and so is not in the film.
    """
    videos = [part.media.video for part in parts if part.media.video is not None]
    if len({_picture_kind(video) for video in videos}) <= 1:
        return list(parts), []
    shape, rate = _common_shape(videos), _common_rate(videos)
    shaped: list[Part] = []
    notes = [
        f"The clips' pictures differ ({', '.join(sorted({_describe(video) for video in videos}))}), so they were "
        f"encoded anew to {shape[0]}x{shape[1]} at {float(rate):g} pictures a second; the originals are unchanged."
    ]
    for number, part in enumerate(parts):
        path = folder / f"shape_{number:04d}.mp4"
        try:
            tool.run(_shape_command(part.path, path, shape, rate))
            shaped.append(replace(part, path=path, media=inspect(path)))
        except (ToolFailed, BrokenMedia) as error:
            log.warning("%s cannot be shown: %s", part.path.name, error)
            notes.append(f"{part.path.name} holds no picture that can be shown and is not in the film.")
    return shaped, notes


def _picture_kind(video: VideoTrack) -> tuple[str, str, int, int, str, int, str]:
    return (
        video.codec,
        video.profile,
        video.width,
        video.height,
        video.pixel_format,
        video.rotation,
        video.extradata,
    )


def _describe(video: VideoTrack) -> str:
    return f"{video.codec} {video.width}x{video.height}"


def _common_shape(videos: Sequence[VideoTrack]) -> tuple[int, int]:
    """The largest picture as it is shown, in even numbers as H.264 in 4:2:0 needs."""
    shown = [(v.height, v.width) if v.rotation % 180 else (v.width, v.height) for v in videos]
    width, height = max(shown, key=lambda size: (size[0] * size[1], size))
    return width + width % 2, height + height % 2


def _common_rate(videos: Sequence[VideoTrack]) -> Fraction:
    """The most frequent frame rate, the earliest of those that are equally frequent."""
    rates = Counter(Fraction(video.frame_rate).limit_denominator(_LARGEST_RATE) for video in videos)
    return rates.most_common(1)[0][0]


def _shape_command(source: Path, target: Path, shape: tuple[int, int], rate: Fraction) -> list[str]:
    width, height = shape
    fitted = (
        f"setpts=PTS-STARTPTS,fps={rate},scale={width}:{height}:force_original_aspect_ratio=decrease:"
        f"force_divisible_by=2:out_range=tv,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p"
    )
    encoded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-video_track_timescale", "90000"]
    read = [*SAFE_INPUT, "-f", "mp4", "-max_error_rate", "1", "-i", _file(source)]
    return [*read, "-map", "0:v:0", "-an", "-vf", fitted, *encoded, _file(target)]


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
    read = [*SAFE_INPUT, "-fflags", "+discardcorrupt", "-advanced_editlist", "0", "-f", "mp4", "-i", _file(part.path)]
    tool.run([*read, *chosen, "-c", "copy", *KEEP_ALL, *timed, _file(target)])
    return replace(part, path=target, media=inspect(target))


KEEP_ALL = ("-copyinkf", "-copyts")
"""Without these ffmpeg drops packets before the first key frame, and moves all times so that the first is 0."""


def _file(path: Path) -> str:
    """An absolute path, which ffmpeg takes for neither an option nor a protocol."""
    return str(path.absolute())
