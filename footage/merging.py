"""Each camera's film: begun as soon as nothing more of the camera can come, taken into the folder at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from footage.errors import BrokenMedia, ToolFailed
from footage.filmbook import FilmBook, key_of
from footage.journal import Journal
from footage.models import Camera, Clip
from footage.naming import Names
from footage.progress import JOINED, PieceState, Progress
from footage.standing import Standing
from footage.video.ffmpeg import FFmpeg
from footage.video.join import Joined, join_beside, joined_as
from footage.wording import one_line
from footage.workshop import Kind, Terms, Workshop, results

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Merged:
    """The films by camera, and sentences about them. `error` is why the first that failed could not be made."""

    films: dict[str, Path]
    notes: list[str]
    error: ToolFailed | None


@dataclass(frozen=True, slots=True)
class _Making:
    """A camera's film: the clips of which it is made, and the task that makes it where it is not there yet."""

    key: str
    clips: list[Clip]
    task: Future[Joined] | None


class Merging:
    """The joined films of one incident: several at once, for joining reads and writes and hardly computes."""

    def __init__(
        self,
        journal: Journal,
        standing: Standing,
        book: FilmBook,
        work: Path,
        tool: FFmpeg,
        workshop: Workshop,
        progress: Progress,
    ) -> None:
        self._journal = journal
        self._standing = standing
        self._book = book
        self._work = work
        self._tool = tool
        self._workshop = workshop
        self._progress = progress
        self._makings: dict[str, _Making] = {}

    def begin(self) -> None:
        """Have films of cameras begun that no more footage can come of; returns at once.

        So at the end only the cameras are waited for whose footage came last.
        """
        cameras = self._standing.cameras()
        self._begin(camera for camera in cameras if not self._standing.open_windows(camera.word))

    def begin_all(self) -> None:
        """Have the films of all cameras begun that have footage; returns at once."""
        self._begin(self._cameras)

    @property
    def is_under_way(self) -> bool:
        """Whether some film that was begun has not been taken into the folder."""
        return any(making.task is not None for making in self._makings.values())

    @property
    def _cameras(self) -> list[Camera]:
        return [camera for camera in self._standing.cameras() if self._standing.playable(camera.word)]

    def finish(self) -> Merged:
        """One film a camera that has footage, as far as each can be made. Raises DiskTrouble and Interrupted."""
        self.begin_all()
        cameras = self._cameras
        for number, camera in enumerate(cameras):
            self._tell(self._makings[camera.word], number, len(cameras))
        films: dict[str, Path] = {}
        notes: list[str] = []
        errors: list[ToolFailed] = []
        for camera in cameras:
            target = self._journal.folder / Names(self._journal.incident).merged(camera.word)
            try:
                notes += self._take_in(camera, self._makings[camera.word], target)
                films[camera.word] = target
            except BrokenMedia as broken:
                notes.append(self._without_film(camera, broken))
            except ToolFailed as failed:
                notes.append(self._without_film(camera, failed))
                errors.append(failed)
        return Merged(films, notes, errors[0] if errors else None)

    def _begin(self, cameras: Iterable[Camera]) -> None:
        """Have the films of these cameras made, but none that is there, or under way as it is wanted now."""
        for camera in cameras:
            clips = self._standing.playable(camera.word)
            key = key_of([[clip.sha256, str(clip.window.start)] for clip in clips])
            before = self._makings.get(camera.word)
            if not clips or (before is not None and before.key == key):
                continue
            if before is not None and before.task is not None:
                before.task.cancel()
            is_made = self._book.made(camera.word, key) is not None
            self._makings[camera.word] = _Making(key, clips, None if is_made else self._join(camera, clips))

    def _join(self, camera: Camera, clips: list[Clip]) -> Future[Joined]:
        self._progress.say(f"Joining {len(clips)} clip{'s' if len(clips) != 1 else ''} of camera {camera.word}.")
        zone = ZoneInfo(self._journal.incident.timezone)
        # a record of an earlier version may hold a name with a NUL, which no command takes
        title = one_line(f"{self._journal.incident.name} - {camera.label}")
        terms = Terms(self._tool, Kind.COPY)
        return self._workshop.submit(terms, join_beside, clips, self._work, zone, title)

    def _take_in(self, camera: Camera, making: _Making, target: Path) -> list[str]:
        if making.task is None:
            return list((self._book.made(camera.word, making.key) or {}).get("notes", ()))
        [joined] = results([making.task], self._tool, spared=(BrokenMedia, ToolFailed))
        self._book.enter_joined(camera.word, making.key, joined_as(target, joined), making.clips)
        self._makings[camera.word] = replace(making, task=None)
        return list(joined.notes)

    def _without_film(self, camera: Camera, error: BrokenMedia | ToolFailed) -> str:
        """A film that cannot be made costs nothing else: the clips are here, and so are the other films."""
        log.warning("camera %s has no joined film: %s", camera.word, error.message)
        del self._makings[camera.word]
        why = f": {error.message}" if isinstance(error, BrokenMedia) else ", the log says why."
        return f"{camera.label}: the clips are here, but they could not be joined into one film{why}"

    def _tell(self, making: _Making, number: int, of: int) -> None:
        told = partial(self._progress.piece, JOINED, number, of)
        if making.task is None:
            told(PieceState.MADE)
            return
        told(PieceState.MAKING)
        making.task.add_done_callback(lambda ended: None if _has_failed(ended) else told(PieceState.MADE))


def _has_failed(ended: Future[Joined]) -> bool:
    return ended.cancelled() or ended.exception() is not None
