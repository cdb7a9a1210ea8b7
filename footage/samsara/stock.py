"""What a journal already holds: whole clips, ids worth reading again, requests whose fate is unknown."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from footage.files import sha256_of
from footage.journal import ASKED_AGAIN, DAMAGED, Journal, Request
from footage.models import Clip, MediaLink
from footage.progress import CellState
from footage.samsara.board import ABSENT_WORDS, Board, Cell
from footage.samsara.plan import covering

log = logging.getLogger(__name__)

WORTH_ANOTHER_TRY = frozenset({"download", "unsettled", "no_media"})
"""Outcomes that a resumed run does not take for an end: what was left out of an answer may have come late."""


@dataclass
class Stock:
    """`lost`: requests whose answer never came. `alone`: cells that are asked for by themselves. `held`: ids reused."""

    lost: list[Request] = field(default_factory=list)
    alone: set[Cell] = field(default_factory=set)
    held: int = 0


def check_clips(journal: Journal) -> bool:
    """Whether every clip is what it was; one whose file is gone or changed is dropped, so that it is fetched again."""
    broken = [clip for clip in journal.clips if not _is_whole(clip)]
    for clip in broken:
        log.warning("%s is gone or changed; it is fetched again", clip.path.name)
        _drop(journal, clip)
    return not broken


def lost_on_the_way(journal: Journal) -> bool:
    """Whether footage of a stream is missing for a reason that may have passed."""
    streams = {camera.word for camera in journal.incident.cameras if camera.source == "kinesis"}
    return any(hole.camera in streams and hole.reason in WORTH_ANOTHER_TRY for hole in journal.missing)


def take_stock(journal: Journal, board: Board) -> Stock:
    """Put on the board what the journal knows, and say what is left to be settled."""
    stock = Stock()
    absent = _absent_cameras(journal)
    for request in list(journal.requests):
        _reopen(journal, request, absent)
        _place(journal.requests[request.number], board, stock)
    for cell in board.in_state(CellState.WANTED):
        if _covered_without_request(journal, cell):
            board.set(cell, CellState.HERE)
    for clip in journal.clips:
        if not clip.media.is_whole:
            _note_broken(clip, board)
    return stock


def _note_broken(clip: Clip, board: Board) -> None:
    for cell in board.in_state(CellState.HERE):
        if cell[0] == clip.camera and clip.requested.overlap(cell[1]):
            board.set(cell, CellState.HERE, DAMAGED)


def _is_whole(clip: Clip) -> bool:
    path = clip.path
    return path.is_file() and path.stat().st_size == clip.size and sha256_of(path) == clip.sha256


def _drop(journal: Journal, clip: Clip) -> None:
    journal.drop_clip(clip)
    for request in journal.requests:
        if request.window.overlap(clip.requested) and request.outcome.get(clip.camera) == "here":
            journal.reopen(request.number, clip.camera)


def _absent_cameras(journal: Journal) -> frozenset[str]:
    """Cameras that nobody named and that no answer knows: they are not looked for again."""
    known = {word for request in journal.requests for word in request.cameras if not _denies(request, word)}
    seen = {clip.camera for clip in journal.clips}
    return frozenset(camera.word for camera in journal.incident.cameras if not camera.named) - known - seen


def _denies(request: Request, word: str) -> bool:
    never_asked = request.state in ("withdrawn", "refused") and not request.outcome
    return never_asked or request.outcome.get(word) in ABSENT_WORDS


def _reopen(journal: Journal, request: Request, absent: frozenset[str]) -> None:
    for camera, outcome in request.outcome.items():
        if outcome in WORTH_ANOTHER_TRY and camera not in absent:
            with journal.together():
                journal.drop_missing(camera, request.window, outcome)
                journal.reopen(request.number, camera)


def _place(request: Request, board: Board, stock: Stock) -> None:
    if request.state == "withdrawn":
        return
    cells = [(camera, request.window) for camera in request.cameras if (camera, request.window) in board]
    if request.state == "refused" and not request.outcome:
        stock.alone.update(cells)
        return
    for cell in cells:
        _place_cell(request, cell, board)
    if request.open_cameras and request.state in ("intended", "sighted"):
        stock.lost.append(request)
    stock.held += request.state == "accepted"


def _place_cell(request: Request, cell: Cell, board: Board) -> None:
    outcome = request.outcome.get(cell[0])
    if outcome is None:
        if board.state(cell) is not CellState.HERE:  # another request has brought it
            board.set(cell, CellState.ASKED)
    elif outcome == ASKED_AGAIN:
        board.set(cell, CellState.WANTED)
    elif outcome == "here":
        board.set(cell, CellState.HERE)
    else:
        board.set(cell, CellState.MISSING, outcome)


def _covered_without_request(journal: Journal, cell: Cell) -> bool:
    camera, window = cell
    own = {request.retrieval_id for request in journal.requests if request.retrieval_id is not None}
    near = [clip for clip in journal.clips if clip.camera == camera and clip.requested.overlap(window)]
    return bool(covering([_as_link(clip) for clip in near if clip.retrieval_id not in own], window))


def _as_link(clip: Clip) -> MediaLink:
    return MediaLink(clip.camera, clip.returned, "available")
