"""The computer around the program: kept awake while it works, a folder opened, long paths on Windows."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


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
