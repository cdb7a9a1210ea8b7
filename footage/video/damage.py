"""Which parts of a clip cannot be shown: from what its packets say, and from what a decoder says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from footage.video.packets import Picture


def broken_parts(pictures: Iterable[Picture]) -> Iterator[tuple[int, int | None]]:
    """From when to when, in ticks, nothing can be shown; None stands for the end. Parts come as found, overlaps too.

    A part runs from a broken picture (or a beginning without key frame) to the next key frame that is whole. Pictures
    in between count although their own bytes are whole, and so do those that are shown before that key frame but
    stored after it, because they are built on what was lost.
    """
    lost = True
    low: int | None = None
    entry: int | None = None
    for picture in pictures:
        if picture.whole and picture.starts:
            if low is not None and low < picture.shown:
                yield low, picture.shown
            entry, low, lost = (picture.shown if lost else None), None, False
        elif lost or not picture.whole:
            low = picture.shown if low is None else min(low, picture.shown)
            lost = True
        elif entry is not None and picture.shown < entry:
            yield picture.shown, entry
    if low is not None:
        yield low, None


def united(parts: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The same parts in time order, those that touch or overlap made one and the empty ones left out."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(parts):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif begin < end:
            merged.append((begin, end))
    return tuple(merged)
