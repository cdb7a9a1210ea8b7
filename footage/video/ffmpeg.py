"""Runs the ffmpeg that imageio-ffmpeg carries: finds it, starts it, ends it when told to."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from pathlib import Path

from footage.errors import DiskTrouble, Interrupted, ToolFailed

log = logging.getLogger(__name__)

SAFE_INPUT = ("-protocol_whitelist", "file,pipe")
"""Goes before every `-i`: a file that poses as a clip can make ffmpeg fetch nothing."""
WHAT_CAN_BE_READ = ("-max_error_rate", "1")
"""Where a clip is broken, ffmpeg takes what it can decode; by itself it fails once two thirds of it are lost."""
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # keeps a console from flashing up on Windows
_BELOW_NORMAL: int = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
_CHECK_SECONDS = 0.2
_QUOTED_CHARACTERS = 2000
_FULL_DISK = "No space left on device"


def find_ffmpeg() -> Path:
    """The ffmpeg binary that imageio-ffmpeg brings (IMAGEIO_FFMPEG_EXE overrides it)."""
    import imageio_ffmpeg

    return Path(imageio_ffmpeg.get_ffmpeg_exe())


class FFmpeg:
    """Runs ffmpeg commands, several at once if threads call it; `stop` ends all that are running within a moment."""

    def __init__(self, binary: Path | None = None, *, stop: threading.Event | None = None) -> None:
        self._binary = binary
        self._modest_until: threading.Event | None = None
        self.stop = stop or threading.Event()

    def modest(self, until: threading.Event) -> FFmpeg:
        """The same one for what nobody waits for: what it begins before `until` gives way to all else that is done."""
        modest = copy(self)
        modest._modest_until = until
        return modest

    @property
    def binary(self) -> Path:
        """The binary in use, looked up at the first need because the import behind it is slow."""
        if self._binary is None:
            self._binary = find_ffmpeg()
        return self._binary

    @cached_property
    def version(self) -> str:
        """What the binary calls itself, as `7.0.2-static`."""
        told = subprocess.run(
            [str(self.binary), "-version"], capture_output=True, check=True, creationflags=_NO_WINDOW, text=True
        ).stdout.split()
        return told[2] if len(told) > 2 else "unknown"

    @property
    def is_modest(self) -> bool:
        """Whether what it begins now gives way."""
        return self._modest_until is not None and not self._modest_until.is_set()

    def run(self, arguments: Sequence[str]) -> str:
        """Run ffmpeg without a terminal and return what it wrote to stderr (errors and warnings only).

        Raises ToolFailed on a non-zero exit, DiskTrouble where the disk is full, and Interrupted where `stop` was set
        meanwhile.
        """
        before, flags = _giving_way() if self.is_modest else ([], 0)
        quiet = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-y")
        command = [*before, str(self.binary), *quiet, *arguments]
        log.debug("ffmpeg %s", " ".join(arguments))
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            creationflags=_NO_WINDOW | flags,
        ) as process:
            said = self._wait(process)
        if process.returncode != 0 and _FULL_DISK in said:
            raise DiskTrouble(f"The disk is full: a film could not be written ({said.strip()[-_QUOTED_CHARACTERS:]})")
        if process.returncode != 0:
            raise ToolFailed(f"ffmpeg ended with code {process.returncode}: {said.strip()[-_QUOTED_CHARACTERS:]}")
        return said

    def _wait(self, process: subprocess.Popen[bytes]) -> str:
        while True:
            try:
                _, stderr = process.communicate(timeout=_CHECK_SECONDS)
            except subprocess.TimeoutExpired:
                if self.stop.is_set():
                    process.kill()
                    process.communicate()
                    raise Interrupted("stopped while a film was being made") from None
            except BaseException:
                process.kill()
                raise
            else:
                return stderr.decode("utf-8", "replace")


def _giving_way() -> tuple[list[str], int]:
    """What goes before a command for a lower priority, and Windows' flag for it."""
    nice = None if os.name == "nt" else shutil.which("nice")
    return [nice, "-n", "19"] if nice else [], _BELOW_NORMAL
