"""What is known of an incident's footage at this moment, from both sources on one axis: clips, holes, what is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from footage.journal import Journal
from footage.models import NOT_ASKED, Camera, Clip, Missing, TimeWindow
from footage.progress import CellState
from footage.samsara.board import Board
from footage.timeline import Piece, lay, left_open

STILL_TO_COME = frozenset({"pending", "unsettled"})
"""Reasons that a later run can still turn into footage by itself."""


class Standing:
    """Reads the journal and the board; `streams_open` names the Kinesis cameras that are still being fetched."""

    def __init__(self, journal: Journal, board: Board | None) -> None:
        self._journal = journal
        self._board = board
        self.streams_open = {camera.word for camera in journal.incident.cameras if camera.source == "kinesis"}
        self.beyond_quota = False
        """True where the quota ended the asking: what was not asked for is missing for that reason."""
        self.close_for_good = False
        """True where the person takes what is open for lost."""

    @property
    def window(self) -> TimeWindow:
        """The asked time."""
        return self._journal.incident.window

    @property
    def version(self) -> tuple[int, int, int]:
        """Another value whenever something has changed that films may depend on."""
        return len(self._journal.clips), len(self._journal.missing), self._board.changes if self._board else 0

    def cameras(self) -> tuple[Camera, ...]:
        """The cameras that are installed as far as is known, in their order: those that get a tile."""
        return tuple(camera for camera in self._journal.incident.cameras if not self._absent(camera))

    def not_installed(self) -> frozenset[str]:
        """Cameras that turned out not to exist."""
        return self._board.not_installed() if self._board else frozenset()

    def absence(self, word: str) -> str:
        """What is known of a camera that turned out not to exist: services tell that in two ways."""
        left_out = self._board is not None and self._board.is_left_out(word)
        return "not installed, or it recorded nothing" if left_out else "not installed"

    def clips(self, word: str) -> list[Clip]:
        """A camera's originals in time order."""
        return sorted((clip for clip in self._journal.clips if clip.camera == word), key=lambda clip: clip.window)

    def playable(self, word: str) -> list[Clip]:
        """Those of a camera's originals that hold pictures in motion."""
        return [clip for clip in self.clips(word) if clip.media.video is not None]

    def open_windows(self, word: str) -> list[TimeWindow]:
        """Where footage of a camera may still come in this run."""
        if word in self.streams_open:
            return [self.window]
        return self._board.open_windows(word) if self._board else []

    def holes(self, word: str) -> list[Missing]:
        """Why a camera has nothing where it has nothing: what is noted of a part goes before what ended its window."""
        noted = [hole for hole in self._journal.missing if hole.camera == word]
        still_open = [self._open_hole(word, window) for window in self.open_windows(word)]
        return [*noted, *self._ended(word, [hole.window for hole in noted]), *still_open]

    def pieces(self, word: str) -> tuple[Piece, ...]:
        """A camera's time, piece by piece."""
        return lay(self.window, self.clips(word), self.holes(word))

    @property
    def still_to_come(self) -> bool:
        """Whether a later run may bring more."""
        if self.close_for_good:
            return False
        cameras = self._journal.incident.cameras
        if any(self.open_windows(camera.word) for camera in cameras):
            return True
        return any(hole.reason in STILL_TO_COME for camera in cameras for hole in self.holes(camera.word))

    def _ended(self, word: str, noted: list[TimeWindow]) -> Iterator[Missing]:
        for hole in self._board.missing() if self._board else ():
            if hole.camera == word:
                yield from (replace(hole, window=part) for part in left_open(hole.window, noted))

    def _open_hole(self, word: str, window: TimeWindow) -> Missing:
        cell = (word, window)
        unasked = self._board is not None and cell in self._board and self._board.state(cell) is CellState.WANTED
        if unasked and self.beyond_quota:
            return Missing(word, window, "quota")
        return Missing(word, window, "pending", NOT_ASKED if unasked else "")

    def _absent(self, camera: Camera) -> bool:
        # While answers are still coming, a camera that none of them knows is taken for "not installed": the stretches
        # are composed without a tile for it, and anew in the rare case that it turns up after all.
        return self._board is not None and camera.source == "samsara" and self._board.looks_absent(camera)
