"""What stands in the bar of the side-by-side besides the title: the clock, the clock and the speed, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from footage.telematics import Track
from footage.video.bar import clock_text
from footage.video.side_by_side import ClockLine

_KMH, _MPH = 3.6, 2.2369362920544
_LONGEST = "888 mph (888 km/h)"
_UNKNOWN = "speed: no data"


def clock_line(overlay: str, zone: ZoneInfo, start: datetime, track: Callable[[], Track]) -> ClockLine | None:
    """The line for `clock`, `speed` or `none`; None stands for the plain clock. `track` is asked when it is needed."""
    if overlay == "none":
        return ClockLine(lambda second: "", "")
    if overlay == "speed":
        longest = f"{clock_text(start, zone)}  {_LONGEST}"
        return ClockLine(lambda second: f"{clock_text(second, zone)}  {speed_text(track().speed_at(second))}", longest)
    return None


def speed_text(speed: float | None) -> str:
    """Metres a second as people read them; a speed that is not known is never the last one that was."""
    return _UNKNOWN if speed is None else f"{speed * _MPH:.0f} mph ({speed * _KMH:.0f} km/h)"
