"""What it takes to bring a clip, as tasks: the download, the copy of one that is here, the look inside."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from footage.addresses import SignedLink
from footage.downloads import Downloader, Refused
from footage.errors import BrokenMedia
from footage.models import Media
from footage.parts import Part
from footage.workshop import Place

log = logging.getLogger(__name__)

_NOTHING_READABLE = Media(video=None, audio=None, first_picture=0.0, duration=0.0, complete=False)


def fetch_part(place: Place, downloader: Downloader, name: str, link: SignedLink, media: str) -> Part | Refused:
    """Download a file. A task: see footage/workshop.py. A fresh link is for the main program to get."""
    downloader.stop = place.tool.stop
    return downloader.fetch(name, link.url, media=media)


def copy_part(place: Place, downloader: Downloader, name: str, original: Path, media: str) -> Part:
    """Copy a file that is here already. A task: see footage/workshop.py."""
    downloader.stop = place.tool.stop
    return downloader.copy(name, original, media=media)


def look_inside(place: Place, inspect: Callable[[Path], Media], path: Path) -> Media:
    """What a file holds; where it cannot be read at all, that it holds nothing. A task: see footage/workshop.py."""
    try:
        return inspect(path)
    except BrokenMedia as error:
        log.warning("%s", error)
        return _NOTHING_READABLE
