"""One shape for clips whose pictures differ: how they differ, which shape it is, and how each clip is encoded to it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from footage.errors import BrokenMedia, ToolFailed
from footage.models import VideoTrack
from footage.video.ffmpeg import SAFE_INPUT, WHAT_CAN_BE_READ, FFmpeg
from footage.video.join_prepare import Part, absolute
from footage.video.probe import inspect

log = logging.getLogger(__name__)

_LARGEST_RATE = 1001
_BT709, _UNNAMED = 1, 2
_MATRICES = {_BT709: "BT.709", 5: "BT.601", 6: "BT.601", 9: "BT.2020"}
_AS_BT709 = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
_AS_IT_IS = "setparams=range=tv:color_primaries=unknown:color_trc=unknown"
"""Files of one film must call their colours the same; what is not known of all of them is called unknown in each."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What all pictures become, with square pixels. `colours` are those of all clips; None: they become BT.709."""

    width: int
    height: int
    rate: Fraction
    colours: str | None

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {float(self.rate):g} pictures a second"


def one_shape(parts: Sequence[Part], folder: Path, *, tool: FFmpeg) -> tuple[list[Part], list[str]]:
    """The same parts where their pictures can share one track; else all of them encoded once to the largest size.

    The sentences tell what was done, and which clip could not be shown at all and so is not in the film.
    """
    videos = [part.media.video for part in parts if part.media.video is not None]
    if can_share(videos):
        return list(parts), []
    shape = common_shape(videos)
    shaped: list[Part] = []
    notes = [
        f"The clips' pictures differ ({differences(videos)}), so they were encoded anew to {shape}; "
        "the originals are unchanged."
    ]
    for number, part in enumerate(parts):
        path = folder / f"shape_{number:04d}.mp4"
        try:
            tool.run(_shape_command(part, path, shape))
            shaped.append(replace(part, path=path, media=inspect(path)))
        except (ToolFailed, BrokenMedia) as error:
            log.warning("%s cannot be shown: %s", part.path.name, error)
            notes.append(f"{part.path.name} holds no picture that can be shown and is not in the film.")
    return shaped, notes


def can_share(videos: Sequence[VideoTrack]) -> bool:
    """Whether one track can hold all these pictures: what a decoder and a player need to know is the same for all."""
    if any(video.matrix is None for video in videos):  # an old journal told neither matrix nor pixels of some
        videos = [replace(video, matrix=None, pixel_aspect=1.0) for video in videos]
    kinds = {(_colours(video), replace(video, matrix=None, packets=0, frame_rate=0.0)) for video in videos}
    return len(kinds) <= 1


_FACTS: tuple[Callable[[VideoTrack], str], ...] = (
    lambda video: f"{video.codec} {video.width}x{video.height}",
    lambda video: video.profile,
    lambda video: video.pixel_format,
    lambda video: f"turned by {video.rotation} degrees" if video.rotation else "upright",
    lambda video: f"pixels {_ratio(video.pixel_aspect)}",
    lambda video: f"colours {_colours(video)}",
)


def differences(videos: Sequence[VideoTrack]) -> str:
    """Each kind of picture by what tells it from the others, its size in any case: `h264 320x180 Main, ... High`."""
    size, *others = _FACTS
    told = [size, *(fact for fact in others if len({fact(video) for video in videos}) > 1)]
    kinds = sorted({" ".join(fact(video) for fact in told) for video in videos})
    return ", ".join(kinds) if len(kinds) > 1 else f"{kinds[0]}, with other settings of the encoder"


def _colours(video: VideoTrack) -> str:
    matrix = _UNNAMED if video.matrix is None else video.matrix
    return "unnamed" if matrix == _UNNAMED else _MATRICES.get(matrix, f"of matrix {matrix}")


def _ratio(aspect: float) -> str:
    ratio = Fraction(aspect).limit_denominator(1000)
    return f"{ratio.numerator}:{ratio.denominator}"


def common_shape(videos: Sequence[VideoTrack]) -> Shape:
    """The largest picture as it is shown, in even numbers as H.264 in 4:2:0 needs, at the most frequent rate.

    Of rates that are equally frequent it is the earliest.
    """
    width, height = max((_shown(video) for video in videos), key=lambda size: (size[0] * size[1], size))
    rates = Counter(Fraction(video.frame_rate).limit_denominator(_LARGEST_RATE) for video in videos)
    first, *others = {_colours(video) for video in videos}
    return Shape(width + width % 2, height + height % 2, rates.most_common(1)[0][0], None if others else first)


def _shown(video: VideoTrack) -> tuple[int, int]:
    """Width and height with square pixels and turned as it is shown; no side is made smaller."""
    wide = max(1.0, video.pixel_aspect)
    size = round(video.width * wide), round(video.height * wide / video.pixel_aspect)
    return (size[1], size[0]) if video.rotation % 180 else size


def _shape_command(part: Part, target: Path, shape: Shape) -> list[str]:
    """ffmpeg's arguments. Time runs from the clip's first picture, as everywhere; until one can be shown it is held."""
    read = [*SAFE_INPUT, *WHAT_CAN_BE_READ, "-f", "mp4", "-copyts", "-i", absolute(part.path)]
    encoded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-video_track_timescale", "90000"]
    timed = f"setpts=PTS-{part.media.first_picture:.9f}/TB,fps={shape.rate}:start_time=0"
    return [*read, "-map", "0:v:0", "-an", "-vf", f"{timed},{_fitted(shape)}", *encoded, absolute(target)]


def _fitted(shape: Shape) -> str:
    """Scaled into the middle with black beside it. Colours without a name are read as ffmpeg reads them, by BT.601."""
    converted = ":out_color_matrix=bt709" if shape.colours is None else ""
    named = _AS_BT709 if shape.colours in (None, _MATRICES[_BT709]) else _AS_IT_IS
    width = f"min({shape.width},2*round({shape.height}*dar/2))"
    height = f"min({shape.height},2*round({shape.width}/dar/2))"
    return (
        f"scale=w='{width}':h='{height}':out_range=tv{converted},format=yuv420p,setsar=1,{named},"
        f"pad={shape.width}:{shape.height}:(ow-iw)/2:(oh-ih)/2"
    )
