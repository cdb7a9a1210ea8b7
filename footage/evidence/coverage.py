"""Coverage in words: what of each camera's asked time is there, in one line that can be read out on the phone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from footage.models import TimeWindow
from footage.report import reason_words
from footage.timeline import Coverage
from footage.walltime import span


def coverage_line(label: str, covered: Coverage, zone: ZoneInfo) -> str:
    """One camera's coverage: `Road: 540 of 600 seconds. Missing 60 s: 13:35:00 to 13:36:00 CDT, ...`."""
    line = f"{label}: {covered.received_seconds:g} of {covered.requested_seconds:g} seconds."
    if not covered.gaps:
        return f"{line} Nothing is missing."
    gaps = "; ".join(
        f"{local_span(gap.window, zone)}, {gap.window.seconds:g} s, {reason_words(gap)}" for gap in covered.gaps
    )
    return f"{line} {len(covered.gaps)} gap{'s' if len(covered.gaps) > 1 else ''}: {gaps}."


def local_span(window: TimeWindow, zone: ZoneInfo) -> str:
    """From-to on the incident's clock, with its zone."""
    return span(window.start, window.end, zone)


def utc_span(window: TimeWindow) -> str:
    """From-to in UTC."""
    return local_span(window, ZoneInfo("UTC"))
