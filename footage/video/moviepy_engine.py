"""The second way to the same picture: a stretch composed with moviepy's own clips, one reader open for each camera."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moviepy
import numpy as np
from numpy.typing import NDArray

from footage.errors import Interrupted, ToolFailed
from footage.video.compose import COLOURS, Art, Scene
from footage.video.container import open_mp4
from footage.video.cutting import Card, Shot
from footage.video.encoder import Encoder
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import Box, even
from footage.video.moviepy_reader import ShotReader

if TYPE_CHECKING:
    from threading import Event

Picture = NDArray[np.uint8]
"""(height, width, 3) in RGB."""


def with_moviepy(scene: Scene, art: Art, encoder: Encoder, target: Path, tool: FFmpeg, threads: int) -> str:
    """Compose the scene with moviepy; an Engine as render.py knows it. It decodes without a word, so "" is returned.

    Raises Interrupted soon after the tool's `stop` was set.
    """
    layout, rate = scene.layout, scene.axis.fps
    # Half a frame less than the frames last: moviepy rounds down, and floating point may fall short of the last one.
    seconds = float((len(scene.stretch) + Fraction(1, 2)) / rate)
    with ExitStack() as open_clips:
        tiles = [_Tile(cuts, cell, art, rate, threads) for cuts, cell in zip(scene.tiles, layout.cells, strict=True)]
        for tile in tiles:
            open_clips.callback(tile.close)
        parts = [_still(art.title, layout.title), _clock(scene, art.clock)]
        parts += [_still(path, box) for path, box in zip(art.headings, layout.headings, strict=True)]
        parts += [_moving(tile.picture, tile.cell, rate) for tile in tiles]
        film = moviepy.CompositeVideoClip(parts, size=(layout.width, layout.height)).with_duration(seconds)
        film = film.transform(lambda frame, t: _unless(tool.stop, frame, t), keep_duration=True)
        options = [*encoder.options, "-vf", COLOURS, "-r", str(rate), "-video_track_timescale", str(_timescale(rate))]
        try:
            film.write_videofile(
                str(target),
                fps=float(rate),
                codec=encoder.name,
                audio=False,
                threads=threads,
                ffmpeg_params=options,
                logger=None,
            )
        except OSError as failure:
            raise ToolFailed(f"moviepy could not write the film: {failure}") from failure
    return ""


class _Tile:
    """One camera's pictures in a stretch. At most one clip is open, the one that is shown."""

    def __init__(self, cuts: Sequence[Shot | Card], cell: Box, art: Art, rate: Fraction, threads: int) -> None:
        self.cell = cell
        self._cuts, self._art, self._rate, self._threads = cuts, art, rate, threads
        self._starts = [0, *accumulate(cut.frames for cut in cuts)]
        self._showing: int | None = None
        self._picture_at: Callable[[int], Picture] = _nothing
        self._reader: ShotReader | None = None

    def picture(self, frame: int) -> Picture:
        """What the cell shows in a frame, counted from the stretch's first."""
        number = min(bisect_right(self._starts, frame), len(self._cuts)) - 1
        if number != self._showing:
            self.close()
            self._open(self._cuts[number])
            self._showing = number
        return self._picture_at(frame - self._starts[number])

    def close(self) -> None:
        """End the reader of the clip that was shown last."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._showing = None

    def _open(self, cut: Shot | Card) -> None:
        if isinstance(cut, Card):
            picture = _painted(self._art.slates[cut], self.cell)[0]
            self._picture_at = lambda frame: picture
            return
        self._reader = reader = ShotReader(cut, _fitted(cut.clip.path, self.cell), self._rate, self._threads)
        self._picture_at = lambda frame: _centred(reader.picture(frame), self.cell)


def _nothing(frame: int) -> Picture:
    raise LookupError("no clip is open")


def _unless(stop: Event, frame: Callable[[float], Picture], seconds: float) -> Picture:
    if stop.is_set():
        raise Interrupted("stopped while a film was being made")
    return frame(seconds)


def _painted(path: Path, box: Box) -> Picture:
    """All pictures that were painted into a file, the first axis counting them."""
    return np.fromfile(path, np.uint8).reshape(-1, box.height, box.width, 3)


def _placed(clip: Any, box: Box) -> Any:
    return clip.with_position((box.x, box.y))


def _still(path: Path, box: Box) -> Any:
    return _placed(moviepy.ImageClip(_painted(path, box)[0]), box)


def _moving(picture: Callable[[int], Picture], box: Box, rate: Fraction) -> Any:
    """A clip from a function of the frame's number; moviepy itself counts in seconds."""
    return _placed(moviepy.VideoClip(lambda t: picture(round(t * rate))), box)


def _clock(scene: Scene, path: Path) -> Any:
    box, rate = scene.layout.clock, scene.axis.fps
    pictures = _painted(path, box)
    begins = [scene.axis.at_or_after(second) - scene.stretch.start for second in scene.clock_seconds[1:]]
    return _moving(lambda frame: pictures[bisect_right(begins, frame)], box, rate)


def _fitted(path: Path, cell: Box) -> tuple[int, int]:
    """The size in which a clip fits the cell, its pixels' shape and its rotation taken into account."""
    with open_mp4(path) as film:
        track = film.streams.video[0]
        aspect = Fraction(track.width, track.height) * (track.sample_aspect_ratio or 1)
        picture = next(film.decode(track))
    if picture.rotation % 180:
        aspect = 1 / aspect
    return min(cell.width, even(float(cell.height * aspect))), min(cell.height, even(float(cell.width / aspect)))


def _centred(picture: Picture, cell: Box) -> Picture:
    height, width = picture.shape[:2]
    if (height, width) == (cell.height, cell.width):
        return picture
    canvas = np.zeros((cell.height, cell.width, 3), np.uint8)
    y, x = (cell.height - height) // 4 * 2, (cell.width - width) // 4 * 2
    canvas[y : y + height, x : x + width] = picture
    return canvas


def _timescale(rate: Fraction) -> int:
    """The film's clock, fine enough for its frames and the same whatever moviepy rounds the rate to."""
    scale = rate.numerator
    while scale < 10_000:
        scale *= 2
    return scale
