"""Footage of every media type, and how it is pulled: stills, hyperlapses, low resolution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from demo.faults import Script
from demo.samsara_footage import Shot
from tests.site import Outcome, Site, canned

SiteOf = Callable[[Script], Site]
"""Opens a site whose service has footage of all types and follows a script."""


def footage_of_all_types(clips: Path) -> Callable[[Shot], Path]:
    """Small pictures for stills; a hyperlapse is a tenth as long as its time."""
    films = canned(clips)

    def choose(shot: Shot) -> Path:
        if shot.media_type != "image":
            speed = 10 if shot.media_type == "hyperlapse" else 1
            return films(Shot(shot.vehicle, shot.camera, shot.model, shot.start, shot.seconds / speed))
        path = clips / f"{shot.camera}-{shot.start:%H%M%S}.jpg"
        if not path.exists():
            Image.new("RGB", (160, 90), (len(shot.camera) * 8, shot.start.minute * 4, 90)).save(path)
        return path

    return choose


def pull(site: Site, media_type: str, *more: str, minutes: str = "2", films: str = "all") -> Outcome:
    return site.pull("--media-type", media_type, "--tile-height", "120", *more, minutes=minutes, films=films)
