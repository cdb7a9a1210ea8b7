"""The live edge of a stream: footage of the last moment may still be on its way, and is not lost yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from footage.models import Missing, TimeWindow

_ON_ITS_WAY = timedelta(seconds=60)
"""A fragment is up to 20 seconds long, arrives when it has ended, and is indexed some seconds later."""
_DETAIL = "It may still be on its way to the service; resume in a minute."


def still_to_come(missing: Iterable[Missing], looked: datetime) -> Iterator[Missing]:
    """The same holes; what the service did not have yet of the minute before it was `looked` at is pending."""
    edge = looked - _ON_ITS_WAY
    for hole in missing:
        if hole.reason != "no_media" or hole.window.end <= edge:
            yield hole
            continue
        if hole.window.start < edge:
            yield replace(hole, window=TimeWindow(hole.window.start, edge))
        late = TimeWindow(max(hole.window.start, edge), hole.window.end)
        yield replace(hole, window=late, reason="pending", detail=_DETAIL)
