"""The hash of a file, taken as a task."""

from __future__ import annotations

from pathlib import Path

from footage.errors import Interrupted
from footage.files import sha256_of
from footage.workshop import Place


def hash_file(place: Place, path: Path) -> str:
    """SHA-256 of a file. A task: see footage/workshop.py."""

    def check() -> None:
        if place.tool.stop.is_set():
            raise Interrupted("stopped while files were being read")

    return sha256_of(path, check)
