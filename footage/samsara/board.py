"""How every camera of every window stands: the one table that the story, the films and the screen read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from footage.models import Camera, Missing, TimeWindow
from footage.progress import ENDED, CellState, Progress

Cell = tuple[str, TimeWindow]
"""A camera's word and an asked window."""

ABSENT_WORDS = frozenset({"invalid", "no_media"})
"""What a service says of a camera that is not there: that it makes no sense, or nothing beside the others' answers."""


class Board:
    """The cells of one vehicle's incident; each change is told to `progress`."""

    def __init__(self, windows: Sequence[TimeWindow], cameras: Sequence[Camera], progress: Progress) -> None:
        self._progress = progress
        self._cameras = tuple(cameras)
        self._seem_absent: set[str] = set()
        self.windows = tuple(windows)
        self._states = {(camera.word, window): CellState.WANTED for window in windows for camera in cameras}
        self._reasons: dict[Cell, str] = {}
        self.changes = 0
        """Grows with each change."""

    def __contains__(self, cell: Cell) -> bool:
        return cell in self._states

    def state(self, cell: Cell) -> CellState:
        """How a cell stands."""
        return self._states[cell]

    def reason(self, cell: Cell) -> str:
        """Why a cell is missing; empty where it is not."""
        return self._reasons.get(cell, "")

    def set(self, cell: Cell, state: CellState, reason: str = "") -> None:
        """Note how a cell stands now; `reason` belongs to MISSING, and to HERE where not all can be read."""
        self.changes += 1
        self._states[cell] = state
        self._reasons[cell] = reason
        self._tell_camera(cell[0]) if self._look_anew_at(cell[0]) else self._tell(cell)

    def note_arrival(self, cell: Cell) -> None:
        """Tell that all bytes of a cell are here; it ends when they have been looked through. From any thread."""
        self._progress.cell(*cell, CellState.ARRIVED)

    def tell(self) -> None:
        """Tell how every cell stands, those too that nothing has happened to."""
        for cell in self._states:
            self._tell(cell)

    def in_state(self, *states: CellState) -> list[Cell]:
        """All cells in one of these states, oldest window first, cameras in their order."""
        return [cell for cell, state in self._states.items() if state in states]

    @property
    def ended(self) -> bool:
        """Whether every cell has ended one way or another."""
        return all(state in ENDED for state in self._states.values())

    def missing(self) -> list[Missing]:
        """Every cell that ended without footage, with its reason."""
        cells = self.in_state(CellState.MISSING)
        return [Missing(camera, window, self._reasons[camera, window]) for camera, window in cells]

    def open_windows(self, camera: str) -> list[TimeWindow]:
        """The windows of a camera whose fate is not known yet."""
        return [window for (word, window), state in self._states.items() if word == camera and state not in ENDED]

    def not_installed(self) -> frozenset[str]:
        """Cameras that nobody named and of which every window said that they are not there."""
        return frozenset(camera.word for camera in self._cameras if not camera.named and self._never_there(camera.word))

    def looks_absent(self, camera: Camera) -> bool:
        """Whether all that is known so far of a camera that nobody named is that it is not there."""
        if camera.named:
            return False
        ended = [cell for cell, state in self._states.items() if cell[0] == camera.word and state in ENDED]
        return bool(ended) and all(map(self._is_absent, ended))

    def is_left_out(self, word: str) -> bool:
        """Whether some answer did not speak of a camera at all."""
        return any(cell[0] == word and reason == "no_media" for cell, reason in self._reasons.items())

    def _look_anew_at(self, word: str) -> bool:
        """Note whether a camera seems not to be there; whether it seemed otherwise before."""
        absent = any(camera.word == word and self.looks_absent(camera) for camera in self._cameras)
        changed = absent != (word in self._seem_absent)
        if changed:
            self._seem_absent ^= {word}
        return changed

    def _tell_camera(self, word: str) -> None:
        for cell in self._states:
            if cell[0] == word:
                self._tell(cell)

    def _tell(self, cell: Cell) -> None:
        state = self._states[cell]
        absent = state is CellState.MISSING and cell[0] in self._seem_absent
        self._progress.cell(*cell, CellState.ABSENT if absent else state, self._reasons.get(cell, ""))

    def _never_there(self, word: str) -> bool:
        return all(self._is_absent(cell) for cell in self._states if cell[0] == word)

    def _is_absent(self, cell: Cell) -> bool:
        return self._states[cell] is CellState.MISSING and self._reasons.get(cell, "") in ABSENT_WORDS


def cells_of(cameras: Iterable[str], window: TimeWindow) -> list[Cell]:
    """The cells of one request."""
    return [(camera, window) for camera in cameras]
