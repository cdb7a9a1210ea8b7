"""Which frames each tile shows in a stretch of the film: exact arithmetic on one frame index, no input or output."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import takewhile

from footage.models import Clip, TimeWindow
from footage.timeline import Piece

_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_USUAL_RATE = 30.0


@dataclass(frozen=True, slots=True)
class Tile:
    """One camera in the picture: its heading, and the pieces that cover the whole incident."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames of a clip: the first shows the picture at `at`, in microseconds of the file's own clock."""

    clip: Clip
    at: int
    frames: int


@dataclass(frozen=True, slots=True)
class Card:
    """A slate in place of footage that is not there, for `frames` frames. `window` is the whole gap."""

    label: str
    window: TimeWindow
    reason: str
    frames: int


@dataclass(frozen=True, slots=True)
class FrameAxis:
    """The film's frames on the wall clock: frame n stands for `window.start` + n / `fps`."""

    window: TimeWindow
    fps: Fraction

    @property
    def frames(self) -> int:
        """How many frames the whole film has."""
        return round(Fraction(_microseconds(self.window.end - self.window.start), _SECOND) * self.fps)

    def at_or_after(self, instant: datetime) -> int:
        """The first frame that does not stand before `instant`."""
        span = _microseconds(instant - self.window.start) * self.fps.numerator
        return -(-span // (_SECOND * self.fps.denominator))

    def microseconds(self, frame: int) -> int:
        """The time of a frame after the film's start."""
        return round(frame * _SECOND / self.fps)

    def instant(self, frame: int) -> datetime:
        """The time of a frame on the wall clock, to the microsecond."""
        return self.window.start + timedelta(microseconds=self.microseconds(frame))

    def cut(self, seconds: float) -> tuple[range, ...]:
        """All frames in stretches of `seconds`; the last one is shorter."""
        step = max(1, round(Fraction(seconds) * self.fps))
        return tuple(range(first, min(first + step, self.frames)) for first in range(0, self.frames, step))


def tile_cuts(axis: FrameAxis, stretch: range, tile: Tile) -> tuple[Shot | Card, ...]:
    """What one tile shows in the frames of `stretch`: exactly as many frames, in order."""
    start, end = axis.instant(stretch.start), axis.instant(stretch.stop)
    first = max(0, bisect_right(tile.pieces, start, key=lambda piece: piece.window.start) - 2)
    cuts: list[Shot | Card] = []
    before: Clip | None = tile.pieces[first - 1].clip if first else None
    for piece in takewhile(lambda piece: piece.window.start <= end, tile.pieces[first:]):
        frames = _within(axis, stretch, piece.window)
        if frames and piece.seam and before is not None:
            _hold(axis, cuts, before, frames)
        elif frames:
            cuts.append(_cut(axis, tile.label, piece, frames))
        before = piece.clip
    return tuple(cuts)


def clips_in(tiles: Iterable[Sequence[Shot | Card]]) -> tuple[Clip, ...]:
    """Every clip that is shown, once."""
    shown = {cut.clip.path: cut.clip for cuts in tiles for cut in cuts if isinstance(cut, Shot)}
    return tuple(shown.values())


def _microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def _within(axis: FrameAxis, stretch: range, window: TimeWindow) -> range:
    """The frames of `stretch` that stand inside `window`."""
    last = axis.frames if window.end >= axis.window.end else axis.at_or_after(window.end)
    return range(max(stretch.start, axis.at_or_after(window.start)), min(stretch.stop, last))


def _cut(axis: FrameAxis, label: str, piece: Piece, frames: range) -> Shot | Card:
    if piece.clip is None:
        return Card(label, piece.window, piece.reason, len(frames))
    return Shot(piece.clip, _file_time(axis, piece.clip, frames.start), len(frames))


def _hold(axis: FrameAxis, cuts: list[Shot | Card], before: Clip, frames: range) -> None:
    """Show the last picture of the clip before a seam for the seam's frames too."""
    last = cuts[-1] if cuts else None
    if isinstance(last, Shot):
        cuts[-1] = replace(last, frames=last.frames + len(frames))
    else:
        cuts.append(Shot(before, _file_time(axis, before, frames.start), len(frames)))


def _file_time(axis: FrameAxis, clip: Clip, frame: int) -> int:
    """Where in the clip's file the picture for a film's frame is; past the end, where its last picture is."""
    after_start = axis.microseconds(frame) - _microseconds(clip.window.start - axis.window.start)
    rate = clip.media.video.frame_rate if clip.media.video else _USUAL_RATE
    last = clip.media.duration - 0.5 / (rate or _USUAL_RATE)
    return round(clip.media.first_picture * _SECOND) + max(0, min(after_start, round(last * _SECOND)))
