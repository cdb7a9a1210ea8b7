"""What of ffmpeg works on this computer: the binary, and the encoders that make a right second of film."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

from footage.errors import ToolFailed
from footage.video.encoder import choose, hardware, software, works
from footage.video.ffmpeg import FFmpeg, find_ffmpeg

_WIDTH, _HEIGHT, _FPS = 1280, 720, Fraction(30)
_PATIENCE = 30


def try_ffmpeg() -> str:
    """The version and place of ffmpeg. Raises ToolFailed where it is not there or does not start."""
    try:
        binary = find_ffmpeg()
        done = subprocess.run([binary, "-version"], capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"ffmpeg does not start: {error}") from error
    if done.returncode != 0:
        raise ToolFailed(f"ffmpeg ended with code {done.returncode}.")
    return f"{' '.join(done.stdout.split()[:3])}, {binary}"


def try_encoders(work: Path) -> tuple[str | None, bool]:
    """The hardware encoder that works, if any, and whether libx264 does. `work` takes the trial films."""
    tool = FFmpeg()
    found = choose(hardware("standard", _FPS), _WIDTH, _HEIGHT, _FPS, tool=tool, work=work)
    plain = software("standard", _FPS)
    return (found.name if found else None), works(plain, _WIDTH, _HEIGHT, _FPS, tool=tool, work=work)
