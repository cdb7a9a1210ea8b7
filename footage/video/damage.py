"""Which parts of a clip cannot be shown: from what its packets say, and from what a decoder says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from footage.errors import Interrupted
from footage.models import Media
from footage.video.container import open_mp4, tracks
from footage.video.ffmpeg import FFmpeg
from footage.video.packets import Picture, Reading, read_packets


def scan(path: Path, media: Media, *, tool: FFmpeg) -> tuple[tuple[float, float], ...]:
    """Decode the whole file and tell the parts, in seconds from the first picture, that cannot be shown.

    Finds what `inspect` cannot see: bits that are wrong inside a picture's data. The parts that `inspect` found are
    among the answer. Takes about as long as playing the file at full speed. Raises Interrupted when `tool` is to stop.
    """
    with open_mp4(path) as container:
        video, _ = tracks(container)
        if video is None:
            return ()
        pictures = read_packets(container, video, None).pictures
        tick = float(video.time_base or 1)
    clean = _cleanly_decoded(path, tool)
    judged = [each._replace(whole=each.whole and (each.hidden or each.shown in clean)) for each in pictures]
    first, end = (round(time / tick) for time in (media.first_picture, media.first_picture + media.duration))
    return united((*media.damage, *parts_in_seconds(judged, first, end, tick)))


def _cleanly_decoded(path: Path, tool: FFmpeg) -> set[int]:
    """Times, in ticks, of the pictures that come out of the decoder without a complaint."""
    with open_mp4(path) as container:
        video, _ = tracks(container)
        return set() if video is None else set(_clean_times(container, video, tool))


def _clean_times(container: InputContainer, video: VideoStream, tool: FFmpeg) -> Iterator[int]:
    video.thread_type = "AUTO"
    for packet in chain(Reading(container, video), (None,)):  # None brings what the decoder holds back
        if tool.stop.is_set():
            raise Interrupted("stopped while a damaged clip was being examined")
        with suppress(av.error.FFmpegError):  # a picture that raises is not among those that come out
            frames = video.codec_context.decode(packet)
            yield from (frame.pts for frame in frames if frame.pts is not None and not frame.is_corrupt)


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


def parts_in_seconds(pictures: Sequence[Picture], first: int, end: int, tick: float) -> tuple[tuple[float, float], ...]:
    """The broken parts of a file whose pictures are shown from `first` to `end`, in seconds from `first`."""
    cut = ((max(begin, first), end if until is None else min(until, end)) for begin, until in broken_parts(pictures))
    return united(((begin - first) * tick, (until - first) * tick) for begin, until in cut)


def united(parts: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The same parts in time order, those that touch or overlap made one and the empty ones left out."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(parts):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif begin < end:
            merged.append((begin, end))
    return tuple(merged)
