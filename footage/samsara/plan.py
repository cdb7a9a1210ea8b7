"""What has to be asked for: windows, what is already uploaded, seconds of quota. Arithmetic only."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby, pairwise

from footage.models import SEAM_SECONDS, MediaLink, MediaType, TimeWindow
from footage.settings import FilmSettings
from footage.video.encoder import estimated_bytes
from footage.video.layout import MOST_TILES, arrange

LONGEST_REQUEST = {MediaType.HIGH: 60, MediaType.LOW: 600, MediaType.HYPERLAPSE: 2400, MediaType.IMAGE: 60}
"""Longest interval of one retrieval, in seconds, where the settings give no other. High: Samsara's help pages; low and
hyperlapse: what its dashboard offers, as no limit is published. An image is one moment: here it stands for a minute."""
_SECONDS_A_STILL = 0.1
"""Ten stills cost a second of the allowance (Samsara's API reference)."""
LONGEST_LIST_SECONDS = 86_400
"""The list of uploaded media takes at most 24 hours a call (Samsara's API reference)."""
_BYTES_A_SECOND = {
    MediaType.HIGH: 500_000,
    MediaType.LOW: 60_000,
    MediaType.HYPERLAPSE: 50_000,
    MediaType.IMAGE: 5_000,
}
"""Of one camera: 4 Mbit/s is usual for 1080p, the others follow from their sizes. Nobody publishes these."""
_USUAL = FilmSettings()
_WITHIN = SEAM_SECONDS - 0.001


def split_window(window: TimeWindow, longest: int, cuts: Iterable[float] = ()) -> tuple[TimeWindow, ...]:
    """`window` as consecutive windows of at most `longest` seconds that cover it exactly.

    None of them goes across one of the `cuts`, which are seconds from the start.
    """
    inside = sorted({cut for cut in cuts if 0 < cut < window.seconds})
    points = [window.start, *(window.start + timedelta(seconds=cut) for cut in inside), window.end]
    parts = [TimeWindow(start, end) for start, end in pairwise(points)]
    return tuple(each for part in parts for each in _split_evenly(part, longest))


def _split_evenly(window: TimeWindow, longest: int) -> tuple[TimeWindow, ...]:
    step = timedelta(seconds=longest)
    count = math.ceil((window.end - window.start) / step)
    starts = [window.start + step * index for index in range(count)]
    return tuple(TimeWindow(start, min(start + step, window.end)) for start in starts)


def covering(links: Collection[MediaLink], window: TimeWindow) -> tuple[MediaLink, ...]:
    """The fewest of one camera's `links` that together cover `window` but for seams; empty where they cannot.

    A still has no length: it answers for the window at whose start it was taken.
    """
    stills = [link for link in links if link.window.seconds == 0 and _at_start(link, window)]
    if stills:
        return (min(stills, key=lambda link: abs(link.window.start - window.start)),)
    near = [link for link in links if link.window.overlap(window)]
    whole = [link for link in near if link.window.covers(window, within=_WITHIN)]
    if whole:
        return (min(whole, key=lambda link: (link.window.seconds, link.window.start)),)
    return _chain(sorted(near, key=lambda link: link.window), window)


def may_answer(link: MediaLink, window: TimeWindow) -> bool:
    """Whether media shows something of a window, alone or with other media."""
    return link.window.overlap(window) is not None or (link.window.seconds == 0 and _at_start(link, window))


def _at_start(link: MediaLink, window: TimeWindow) -> bool:
    return abs((link.window.start - window.start).total_seconds()) <= _WITHIN


def _chain(links: Sequence[MediaLink], window: TimeWindow) -> tuple[MediaLink, ...]:
    slack = timedelta(seconds=_WITHIN)
    chosen: list[MediaLink] = []
    at: datetime = window.start
    while at < window.end - slack:
        reachable = [link for link in links if link.window.start <= at + slack and link.window.end > at]
        if not reachable:
            return ()
        best = max(reachable, key=lambda link: link.window.end)
        chosen.append(best)
        at = best.window.end
    return tuple(chosen)


def spans(windows: Iterable[TimeWindow]) -> tuple[TimeWindow, ...]:
    """Windows in time order with those that touch or overlap made one."""
    joined: list[TimeWindow] = []
    for window in sorted(windows):
        if joined and window.start <= joined[-1].end:
            joined[-1] = TimeWindow(joined[-1].start, max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return tuple(joined)


def quota_seconds(wanted: Iterable[tuple[str, TimeWindow]], media_type: MediaType = MediaType.HIGH) -> float:
    """Seconds of high-resolution video that requests for these camera windows cost, counted per camera.

    What low resolution and hyperlapse cost is not published: they are counted as if they were high, which is the most.
    """
    if media_type is MediaType.IMAGE:
        return _SECONDS_A_STILL * sum(1 for _ in wanted)
    return sum(window.seconds for _, window in wanted)


def expected_bytes(
    cameras: int, seconds: float, media_type: MediaType, films: FilmSettings = _USUAL
) -> tuple[int, int]:
    """About how much there is to download, and how much of the disk the finished folder takes: a guess in bytes.

    Originals, their joined copy and, where cameras are composed, the film of all. No service tells sizes beforehand.
    """
    download = round(cameras * seconds * _BYTES_A_SECOND[media_type])
    if media_type is MediaType.IMAGE or films.films == "none":
        return download, download
    film = _composed_bytes(cameras, seconds, films) if media_type in (MediaType.HIGH, MediaType.LOW) else 0
    return download, 2 * download + film


def _composed_bytes(cameras: int, seconds: float, films: FilmSettings) -> int:
    if films.films != "all" or not cameras:
        return 0
    picture = arrange(min(cameras, MOST_TILES), films.layout, films.tile_height)
    return estimated_bytes(films.quality, picture.width, picture.height, Fraction(films.fps), seconds)


def by_window(wanted: Iterable[tuple[str, TimeWindow]]) -> list[tuple[TimeWindow, tuple[str, ...]]]:
    """Camera windows grouped into requests, oldest first; cameras keep the order in which they come."""
    ordered = sorted(wanted, key=lambda cell: cell[1])
    groups = groupby(ordered, key=lambda cell: cell[1])
    return [(window, tuple(camera for camera, _ in cells)) for window, cells in groups]
