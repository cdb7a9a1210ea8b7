"""The way of the nearest public tool, for comparison: moviepy joins, stacks and writes, 24 frames a second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def compose(cameras: Sequence[Path], seconds: float, target: Path) -> None:
    """Two clips after each other of every camera, all stretched to 1920x1080, side by side; `seconds` of it."""
    import moviepy

    opened = [[moviepy.VideoFileClip(str(path)).subclipped(0, seconds / 2) for _ in range(2)] for path in cameras]
    joined = [moviepy.concatenate_videoclips(clips).resized((1920, 1080)) for clips in opened]
    film = moviepy.clips_array([joined])
    film.write_videofile(str(target), fps=24, codec="libx264", audio=False, logger=None)
    for clips in opened:
        for clip in clips:
            clip.close()
