"""Clips of a stream whose fragments may not be listed: where each begins can only be narrowed down. Arithmetic only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from footage.models import Clip, TimeWindow


def chained(clips: Sequence[Clip], fragment_seconds: float) -> list[Clip]:
    """The clips placed so that those which follow on each other touch.

    A clip's first fragment begins somewhere in the first `fragment_seconds` of the time asked for. How long the clips
    of one run play tells how these places differ from clip to clip; the earliest ones that fit are taken.
    """
    return [placed for run in _runs(clips, fragment_seconds) for placed in _placed(run)]


def _runs(clips: Sequence[Clip], fragment_seconds: float) -> Iterator[list[Clip]]:
    """Clips asked for without a break whose lengths fit to footage without a hole."""
    run: list[Clip] = []
    for clip in sorted(clips, key=lambda each: each.requested):
        fits = bool(run) and run[-1].requested.end == clip.requested.start
        offsets = _offsets([*run, clip])
        if run and not (fits and max(offsets) - min(offsets) <= fragment_seconds):
            yield run
            run = []
        run.append(clip)
    if run:
        yield run


def _offsets(run: Sequence[Clip]) -> list[float]:
    """How much later than the first clip each one begins in the time asked for."""
    offsets = [0.0]
    for clip in run[:-1]:
        offsets.append(offsets[-1] + clip.media.duration - clip.requested.seconds)
    return offsets


def _placed(run: Sequence[Clip]) -> Iterator[Clip]:
    offsets = _offsets(run)
    for clip, offset in zip(run, offsets, strict=True):
        start = clip.requested.start + timedelta(seconds=round(offset - min(offsets), 6))
        yield replace(clip, window=TimeWindow(start, start + timedelta(seconds=round(clip.media.duration, 6))))
