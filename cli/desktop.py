"""The computer around the program: kept awake while it works, a folder opened, room for long paths, files, memory."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath, PureWindowsPath

log = logging.getLogger(__name__)


_LONGEST_PATH = 259
_ROOM_BELOW = 230
"""Characters that the names of an incident's folder, its work folder and the files there may take."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MOST_ARENAS = -1, -3, -8
_OWN_CONSOLE = 2
"""A double click opens a console for Python alone, or for its launcher and Python."""


def extended(path: PureWindowsPath) -> PureWindowsPath:
    """An absolute Windows path in the form that may be longer than 260 characters, whatever the system's settings."""
    text = str(path)
    if text.startswith("\\\\?\\"):
        return path
    if text.startswith("\\\\"):
        return PureWindowsPath("\\\\?\\UNC\\" + text[2:])
    return PureWindowsPath("\\\\?\\" + text)


def needs_extension(path: PurePath) -> bool:
    """Whether what comes into this absolute folder may pass Windows' limit."""
    return len(str(path)) + _ROOM_BELOW > _LONGEST_PATH


def roomy(folder: Path) -> Path:
    """The same folder, on Windows in a form that has room for long names below it where that is needed."""
    if sys.platform != "win32" or not needs_extension(folder.absolute()):
        return folder
    return Path(extended(PureWindowsPath(folder.absolute())))


def room_for_files(count: int) -> int | None:
    """Let the program have so many files open, where the system sets a limit; the limit then, None where there is none.

    A list holds a file for each of its rows, and more while they are downloaded; macOS begins with a limit of 256.
    """
    try:
        limits = importlib.import_module("resource")
    except ImportError:  # Windows has no such limit
        return None
    now, most = limits.getrlimit(limits.RLIMIT_NOFILE)
    if now == limits.RLIM_INFINITY:
        return None
    wanted = count if most == limits.RLIM_INFINITY else min(count, most)
    if wanted > now:
        with suppress(OSError, ValueError):
            limits.setrlimit(limits.RLIMIT_NOFILE, (wanted, most))
    return int(limits.getrlimit(limits.RLIMIT_NOFILE)[0])


def spare_memory() -> None:
    """Have the C library give back what threads have freed; glibc keeps it for each thread, up to dozens of MB in all.

    Other C libraries (Windows, macOS, musl) give it back by themselves. The numbers are those of glibc's malloc.h.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_TRIM_THRESHOLD, 128 * 1024), (_MMAP_THRESHOLD, 128 * 1024), (_MOST_ARENAS, 2)):
            mallopt(option, value)


def stays_open(platform: str, arguments: Sequence[str], environ: Mapping[str, str], processes: int) -> bool:
    """Whether the window closes with the program, as after a double click, and a person could not read the end.

    `processes` share the console. cmd tells its children its PROMPT, so there the window stays by itself.
    """
    return platform == "win32" and not arguments and "PROMPT" not in environ and processes <= _OWN_CONSOLE


def window_would_close(arguments: Sequence[str]) -> bool:
    """The same for this process."""
    return stays_open(sys.platform, arguments, os.environ, _console_processes())


def _console_processes() -> int:
    if sys.platform != "win32":
        return 0
    import ctypes

    return int(ctypes.windll.kernel32.GetConsoleProcessList((ctypes.c_uint * 8)(), 8))


@contextmanager
def awake() -> Iterator[None]:
    """Keep the computer from falling asleep; where that cannot be done the work goes on without."""
    from wakepy import keep

    with keep.running(on_fail="pass") as mode:
        log.info("the computer %s", "is kept awake" if mode.active else "may fall asleep: there is no way to stop it")
        yield


def opener(platform: str, environ: Mapping[str, str]) -> str | None:
    """The program that opens a folder on the desktop, `startfile` standing for Windows itself; None without a desktop.

    `platform` is `sys.platform`.
    """
    if platform == "win32":
        return "startfile"
    if platform == "darwin":
        return "open"
    return "xdg-open" if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") else None


def has_desktop() -> bool:
    """Whether a folder can be opened for the person."""
    return opener(sys.platform, os.environ) is not None


def open_folder(path: Path) -> bool:
    """Show the folder on the desktop; False where that did not work."""
    program = opener(sys.platform, os.environ)
    try:
        if sys.platform == "win32":
            os.startfile(path)  # noqa: S606 - a folder of our own
        elif program is not None:
            subprocess.Popen([program, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as error:
        log.warning("%s cannot be opened: %s", path, error)
        return False
    return program is not None
