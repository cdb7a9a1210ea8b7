"""What the demo asks for: a short incident of the stand-in's three-camera vehicle, small enough to be quick."""

from __future__ import annotations

from datetime import datetime, timedelta

from cli.order import PullOptions
from footage.settings import FilmSettings, RunSettings

DEMO_FILMS = FilmSettings(tile_height=360)
_VEHICLE, _MINUTES, _AGO = "Truck 104", "1.5", timedelta(hours=1)


def demo_options(settings: RunSettings, now: datetime) -> PullOptions:
    """The demo's order, an hour before `now`."""
    start = (now - _AGO).replace(second=0, microsecond=0)
    return PullOptions(vehicle=_VEHICLE, start=start.isoformat(), duration=_MINUTES, settings=settings)
