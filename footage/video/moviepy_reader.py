"""moviepy's reader of a clip, opened so that it gives the picture of each frame of the film."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import numpy as np
from moviepy.tools import cross_platform_popen_params
from moviepy.video.io.ffmpeg_reader import FFMPEG_VideoReader
from numpy.typing import NDArray

from footage.video.compose import shot_in_time, shot_input, shot_to_its_end
from footage.video.cutting import Shot
from footage.video.ffmpeg import find_ffmpeg


class ShotReader(FFMPEG_VideoReader):  # type: ignore[misc]
    """Gives a shot's pictures, counted in the film's frames from the shot's first.

    By itself moviepy counts a clip's pictures at a constant rate from the file's beginning: wrong where pictures were
    left out, and where sound begins before them. So ffmpeg's pipe is told here which picture stands for which frame.
    """

    def __init__(self, shot: Shot, size: tuple[int, int], rate: Fraction, threads: int) -> None:
        self._shot, self._rate, self._threads = shot, rate, threads
        super().__init__(str(shot.clip.path), decode_file=False, target_resolution=size)
        self.fps = float(rate)

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """The picture of a frame as (height, width, 3) in RGB."""
        shown: NDArray[np.uint8] = self.get_frame(frame / self.fps)
        return shown

    def initialize(self, start_time: float = 0.0) -> None:
        """Open the pipe at the shot's beginning and read to `start_time`, seconds after it; moviepy calls this."""
        self.close(delete_lastread=False)
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        options = cross_platform_popen_params({**streams, "bufsize": self.bufsize})
        self.proc = subprocess.Popen([str(find_ffmpeg()), *self._arguments()], **options)
        self.pos = 0
        self.skip_frames(self.get_frame_number(start_time))
        self.last_read = self.read_frame()

    def _arguments(self) -> list[str]:
        width, height = self.size
        steps = (shot_in_time(self._shot, self._rate), f"scale={width}:{height}", shot_to_its_end(self._shot))
        # Only what ends it is said: nobody reads along, and a pipe that is full would stop it.
        quiet = ("-hide_banner", "-nostdin", "-loglevel", "fatal")
        pipe = ("-map", "0:V:0", "-vf", ",".join(steps), "-pix_fmt", self.pixel_format, "-f", "rawvideo", "-")
        return [*quiet, *shot_input(self._shot, self._threads), *pipe]
