"""From clips to films: offers each stretch as soon as it can be composed, joins each camera, ends the side-by-side."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from footage.journal import Journal
from footage.models import Camera, Clip, TimeWindow
from footage.naming import Names
from footage.progress import Progress
from footage.settings import FilmSettings
from footage.standing import Standing
from footage.timeline import Piece
from footage.video.cutting import Tile
from footage.video.damage import united
from footage.video.ffmpeg import FFmpeg
from footage.video.join import join
from footage.video.side_by_side import Look, SideBySide
from footage.video.sound import lay_sound

log = logging.getLogger(__name__)

_OFFER_EVERY = 1.0
_NEIGHBOUR_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class FilmSet:
    """The films of an incident: one a camera where there is footage, and the side-by-side. `notes` are sentences."""

    merged: Mapping[str, Path]
    side_by_side: Path | None
    notes: tuple[str, ...]


class Films:
    """Makes the films of one incident in `folder`, with pieces under way in `work`. One thread calls it."""

    def __init__(
        self,
        journal: Journal,
        standing: Standing,
        settings: FilmSettings,
        *,
        work: Path,
        tool: FFmpeg,
        progress: Progress,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._journal = journal
        self._standing = standing
        self._settings = settings
        self._names = Names(journal.incident)
        self._work = work
        self._tool = tool
        self._progress = progress
        self._clock = clock
        self._last_offer = -_OFFER_EVERY
        self._side_by_side = self._open_side_by_side() if settings.films == "all" else None

    def offer(self) -> None:
        """Start composing what can be composed by now; returns at once."""
        if self._side_by_side is None or self._clock() - self._last_offer < _OFFER_EVERY:
            return
        self._last_offer = self._clock()
        tiles = self._tiles()
        ready = [
            number
            for number, stretch in enumerate(self._side_by_side.stretches)
            if all(self._is_ready(camera.word, tile, stretch) for camera, tile in tiles)
        ]
        if ready:
            self._side_by_side.offer([tile for _, tile in tiles], ready)

    def finish(self) -> FilmSet:
        """Make every film that is asked for and not made yet. Raises ToolFailed, DiskTrouble, Interrupted."""
        if self._settings.films == "none":
            return FilmSet({}, None, ())
        notes: list[str] = []
        merged = {
            camera.word: self._merge(camera, notes) for camera in self._standing.cameras() if self._playable(camera)
        }
        side_by_side = self._compose(notes) if merged and self._side_by_side else None
        return FilmSet(merged, side_by_side, tuple(notes))

    def stop(self) -> None:
        """End background work within a moment."""
        self._tool.stop.set()
        if self._side_by_side is not None:
            self._side_by_side.stop()

    def _open_side_by_side(self) -> SideBySide:
        incident, settings = self._journal.incident, self._settings
        look = Look(
            title=incident.name,
            timezone=incident.timezone,
            layout=settings.layout,
            tile_height=settings.tile_height,
            fps=settings.fps,
            engine=settings.engine,
        )
        return SideBySide(incident.window, look, work=self._work, tool=self._tool, say=self._progress.say)

    def _tiles(self) -> list[tuple[Camera, Tile]]:
        return [(camera, Tile(camera.label, self._pieces(camera))) for camera in self._standing.cameras()]

    def _pieces(self, camera: Camera) -> tuple[Piece, ...]:
        return self._standing.pieces(camera.word)

    def _is_ready(self, word: str, tile: Tile, stretch: TimeWindow) -> bool:
        """Whether nothing that may still come can change this stretch of a tile."""
        if all(piece.clip is not None for piece in tile.pieces if piece.window.overlap(stretch)):
            return True
        near = stretch.widened(_NEIGHBOUR_SECONDS, _NEIGHBOUR_SECONDS)
        return not any(window.overlap(near) for window in self._standing.open_windows(word))

    def _playable(self, camera: Camera) -> list[Clip]:
        return [clip for clip in self._standing.clips(camera.word) if clip.media.video is not None]

    def _merge(self, camera: Camera, notes: list[str]) -> Path:
        clips = self._playable(camera)
        target = self._journal.folder / self._names.merged(camera.word)
        key = _key([[clip.sha256, str(clip.window.start)] for clip in clips])
        if (made := self._made(camera.word, key)) is not None:
            notes += made["notes"]
            return target
        self._progress.say(f"Joining {len(clips)} clip{'s' if len(clips) != 1 else ''} of camera {camera.word}.")
        zone = ZoneInfo(self._journal.incident.timezone)
        title = f"{self._journal.incident.name} - {camera.label}"
        joined = join(clips, target, tool=self._tool, work=self._work, zone=zone, title=title)
        notes += joined.notes
        self._book(camera.word, target, key, joined.notes)
        return target

    def _compose(self, notes: list[str]) -> Path:
        assert self._side_by_side is not None  # noqa: S101 - `finish` asks for it only where films are composed
        target = self._journal.folder / self._names.side_by_side()
        key = self._film_key()
        if (made := self._made("", key)) is not None:
            notes += made["notes"]
            return target
        self._progress.say("Composing the side-by-side film.")
        while damage := self._side_by_side.complete([tile for _, tile in self._tiles()]):
            for clip, parts in ((found.clip, found.ranges) for found in damage):
                log.warning("%s breaks inside: %s", clip.path.name, parts)
                media = replace(clip.media, damage=united([*clip.media.damage, *parts]))
                self._journal.add_clip(replace(clip, media=media))
        sound = self._sound()
        film = self._side_by_side.finish([tile for _, tile in self._tiles()], sound, target)
        notes += film.notes
        self._book("", target, self._film_key(), (*film.notes, f"The side-by-side was encoded with {film.encoder}."))
        return target

    def _sound(self) -> Path | None:
        wanted = self._settings.audio
        if wanted == "none":
            return None
        for camera in self._standing.cameras():
            if wanted in (None, camera.word) and any(clip.media.audio for clip in self._playable(camera)):
                target = self._work / "sound.m4a"
                return lay_sound(self._pieces(camera), self._standing.window, target, tool=self._tool)
        return None

    def _film_key(self) -> str:
        tiles = [
            [tile.label, [[str(p.window), p.clip.sha256 if p.clip else p.reason, p.seam] for p in tile.pieces]]
            for _, tile in self._tiles()
        ]
        settings = self._settings
        return _key([tiles, settings.layout, settings.tile_height, settings.fps, settings.audio, settings.engine])

    def _made(self, word: str, key: str) -> dict[str, Any] | None:
        """What the journal knows of a film that is made of just this and still there."""
        made: dict[str, Any] | None = self._journal.films.get(word)
        if made is None or made["key"] != key:
            return None
        path = self._journal.folder / made["file"]
        return made if path.is_file() and path.stat().st_size == made["bytes"] else None

    def _book(self, word: str, path: Path, key: str, notes: Sequence[str]) -> None:
        with self._journal.together():
            self._journal.films[word] = {
                "file": path.name,
                "key": key,
                "bytes": path.stat().st_size,
                "notes": list(notes),
            }


def _key(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
