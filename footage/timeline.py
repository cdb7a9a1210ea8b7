"""Clips on the wall clock: which one shows each instant of an incident, what is missing and why. No input or output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Protocol, TypeVar

from footage.models import NOT_ASKED, SEAM_SECONDS, Clip, Missing, TimeWindow

_SEAM = timedelta(seconds=SEAM_SECONDS)
_SEAM_SHARE = 100
"""All seams of a camera together may last this part of the asked time (1/100); past that they are gaps."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one camera's time: shown from `clip`, or not there for `reason`.

    `seam` marks a hole so short that the picture before it is held; it carries its reason too, in case there is none.
    """

    window: TimeWindow
    clip: Clip | None = None
    reason: str = ""
    detail: str = ""
    seam: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a camera's asked time is there, in seconds. Seams are recorded and count as received."""

    requested_seconds: float
    received_seconds: float
    gaps: tuple[Missing, ...]
    seams: tuple[TimeWindow, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A playable part of a clip, and the windows that were asked when this clip came."""

    window: TimeWindow
    clip: Clip
    asked: tuple[TimeWindow, ...]

    def answers(self, instant: datetime) -> bool:
        return any(asked.start <= instant < asked.end for asked in self.asked)


@dataclass(frozen=True, slots=True)
class _Excuse:
    """Why a stretch of time may be without footage; the lower `rank` speaks first."""

    window: TimeWindow
    reason: str
    detail: str
    rank: int


class _Spanning(Protocol):
    @property
    def window(self) -> TimeWindow: ...


_Span = TypeVar("_Span", bound=_Spanning)


def lay(window: TimeWindow, clips: Iterable[Clip], missing: Iterable[Missing]) -> tuple[Piece, ...]:
    """Cover `window` exactly with the clips of one camera and the reasons for what they leave open.

    At each instant the clip that was asked for that instant wins, whatever else reaches into it; where there is none,
    the clip already playing goes on, else the earliest one begins. The order in which clips came makes no difference.
    """
    given = tuple(clips)
    parts = _playable(given)
    excuses = [_Excuse(each.window, each.reason, each.detail, 0) for each in missing]
    excuses += [each for clip in given for each in (*_broken(clip), *_paused(clip))]
    spans = [part.window for part in parts] + [excuse.window for excuse in excuses]
    cells = _choose(_edges(window, spans, parts), parts, excuses)
    return _with_seams(window, _merged(cells), [each.window for each in excuses if each.reason == "damaged"])


def left_open(window: TimeWindow, taken: Iterable[TimeWindow]) -> Iterator[TimeWindow]:
    """What of `window` none of the `taken` covers, in time order."""
    at = window.start
    for part in sorted(part for each in taken if (part := each.overlap(window))):
        if at < part.start:
            yield TimeWindow(at, part.start)
        at = max(at, part.end)
    if at < window.end:
        yield TimeWindow(at, window.end)


def coverage(camera: str, window: TimeWindow, pieces: Iterable[Piece]) -> Coverage:
    """Count what `pieces`, which cover `window`, show of it; neighbouring gaps with one reason become one.

    What was not asked for yet stays apart from what waits for its camera.
    """
    laid = tuple(pieces)
    gaps: list[Missing] = []
    for piece in laid:
        if piece.clip is not None or piece.seam:
            continue
        last = gaps[-1] if gaps else None
        if last and last.window.end == piece.window.start and _is_same_reason(last, piece):
            gaps[-1] = replace(last, window=TimeWindow(last.window.start, piece.window.end))
        else:
            gaps.append(Missing(camera, piece.window, piece.reason, piece.detail))
    lost = sum((gap.window.end - gap.window.start for gap in gaps), timedelta())
    received = (window.end - window.start - lost).total_seconds()
    return Coverage(window.seconds, received, tuple(gaps), tuple(piece.window for piece in laid if piece.seam))


def _is_same_reason(gap: Missing, piece: Piece) -> bool:
    return gap.reason == piece.reason and (gap.detail == NOT_ASKED) is (piece.detail == NOT_ASKED)


def _playable(clips: Iterable[Clip]) -> list[_Part]:
    """The parts that can be shown; a file that came twice counts once, for all that was asked."""
    same: dict[tuple[str, TimeWindow, tuple[TimeWindow, ...]], list[Clip]] = defaultdict(list)
    for clip in clips:
        same[clip.sha256, clip.window, clip.playable].append(clip)
    parts = []
    for copies in same.values():
        clip = min(copies, key=lambda copy: (copy.requested, str(copy.path)))
        asked = tuple(sorted({copy.requested for copy in copies}))
        parts += [_Part(part, clip, asked) for part in clip.playable]
    return parts


def _broken(clip: Clip) -> Iterator[_Excuse]:
    for part in _inside(clip, clip.media.damage):
        yield _Excuse(part, "damaged", f"{clip.path.name} cannot be read here", 1)


def _paused(clip: Clip) -> Iterator[_Excuse]:
    for part in _inside(clip, clip.media.pauses):
        yield _Excuse(part, "no_media", f"{clip.path.name} has no pictures here", 2)


def _inside(clip: Clip, parts: Iterable[tuple[float, float]]) -> Iterator[TimeWindow]:
    """Parts of a clip, in seconds from its beginning, on the wall clock."""
    for begin, end in parts:
        window = TimeWindow(clip.window.start + timedelta(seconds=begin), clip.window.start + timedelta(seconds=end))
        if inside := window.overlap(clip.window):
            yield inside


def _edges(window: TimeWindow, spans: Iterable[TimeWindow], parts: Iterable[_Part]) -> list[datetime]:
    """All instants at which the choice can change, both ends of `window` among them."""
    asked = {asked for part in parts for asked in part.asked}
    instants = {instant for span in (*spans, *asked) for instant in (span.start, span.end)}
    inside = {instant for instant in instants if window.start < instant < window.end}
    return sorted(inside | {window.start, window.end})


def _spanning(instants: Sequence[datetime], spans: Iterable[_Span]) -> Iterator[list[_Span]]:
    """For each of the rising `instants` the spans that cover it."""
    waiting = sorted(spans, key=lambda span: span.window, reverse=True)
    covering: list[_Span] = []
    for instant in instants:
        while waiting and waiting[-1].window.start <= instant:
            covering.append(waiting.pop())
        covering = [span for span in covering if span.window.end > instant]
        yield covering


def _precedence(excuse: _Excuse) -> tuple[int, TimeWindow, str, bool]:
    """Of several reasons the first by this order is told; one that has more to say goes before its like."""
    return excuse.rank, excuse.window, excuse.reason, not excuse.detail


def _choose(edges: Sequence[datetime], parts: list[_Part], excuses: list[_Excuse]) -> Iterator[Piece]:
    """One piece between each two edges."""
    playing: Clip | None = None
    at_hand = zip(_spanning(edges[:-1], parts), _spanning(edges[:-1], excuses), strict=True)
    for (start, end), (candidates, reasons) in zip(pairwise(edges), at_hand, strict=True):
        playing = _winner(start, candidates, playing)
        if playing is not None:
            yield Piece(TimeWindow(start, end), playing)
        else:
            why = min(reasons, key=_precedence, default=None)
            yield Piece(TimeWindow(start, end), None, why.reason if why else "no_media", why.detail if why else "")


def _winner(instant: datetime, candidates: list[_Part], playing: Clip | None) -> Clip | None:
    asked = [part.clip for part in candidates if part.answers(instant)]
    able = asked or [part.clip for part in candidates]
    if playing is not None and playing in able:
        return playing
    return min(able, key=lambda clip: (clip.window, clip.sha256, str(clip.path)), default=None)


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """The same pieces, neighbours that show the same thing (or lack it for the same reason) made one."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last and (last.clip, last.reason, last.detail) == (piece.clip, piece.reason, piece.detail):
            merged[-1] = replace(last, window=TimeWindow(last.window.start, piece.window.end))
        else:
            merged.append(piece)
    return merged


def _with_seams(window: TimeWindow, pieces: Iterable[Piece], damage: list[TimeWindow]) -> tuple[Piece, ...]:
    """Make each short hole one seam, unless something is damaged there or all of them together last too long."""
    runs = [(hole, tuple(run)) for hole, run in groupby(pieces, key=lambda piece: piece.clip is None)]
    laid: list[Piece] = []
    seams = timedelta()
    for hole, run in runs:
        whole = TimeWindow(run[0].window.start, run[-1].window.end)
        if hole and whole.end - whole.start < _SEAM and not any(bad.overlap(whole) for bad in damage):
            seams += whole.end - whole.start
            laid.append(replace(run[0], window=whole, seam=True))
        else:
            laid += run
    if seams * _SEAM_SHARE <= window.end - window.start:
        return tuple(laid)
    return tuple(piece for _, run in runs for piece in run)
