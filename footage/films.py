"""From clips to films: offers each stretch as soon as it can be composed, joins each camera, ends the side-by-side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from footage.errors import ToolFailed
from footage.filmbook import CONTACT_SHEET, SIDE_BY_SIDE, FilmBook, key_of
from footage.journal import Journal
from footage.merging import Merging
from footage.models import UTC, Camera, Clip, MediaType, TimeWindow
from footage.naming import Names
from footage.overlay import clock_line
from footage.progress import COMPOSED, PieceState, Progress
from footage.settings import USUAL_QUALITY, FilmSettings
from footage.standing import Standing
from footage.telematics import NO_TRACK, Track
from footage.timeline import Piece
from footage.video.bar import clock_text
from footage.video.cutting import Tile
from footage.video.damage import united
from footage.video.ffmpeg import FFmpeg
from footage.video.side_by_side import Look, SideBySide
from footage.video.sound import has_sound, sound_beside
from footage.video.stills import Still, contact_sheet
from footage.workshop import Kind, LocalWorkshop, Terms, Workshop, results

log = logging.getLogger(__name__)

_OFFER_EVERY = 1.0
_NEIGHBOUR_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class FilmSet:
    """The films of an incident: one a camera where there is footage, and the side-by-side. `notes` are sentences.

    Of stills there is one contact sheet, and no film. `error` is why a camera's film is not there though it should be.
    """

    merged: Mapping[str, Path]
    side_by_side: Path | None
    notes: tuple[str, ...]
    contact_sheet: Path | None = None
    error: ToolFailed | None = None


def nothing_to_look_at(films: FilmSet) -> None:
    """Takes the films of a first look and does nothing with them."""


class Films:
    """Makes the films of one incident in its folder, with pieces under way in `work`. One thread calls it.

    `first_look` is called once nothing more can come, before any film is waited for: a page can play the clips. What is
    heavy is done in `workshop`, without one in threads of this program.
    """

    def __init__(
        self,
        journal: Journal,
        standing: Standing,
        settings: FilmSettings,
        *,
        work: Path,
        tool: FFmpeg,
        progress: Progress,
        workshop: Workshop | None = None,
        first_look: Callable[[FilmSet], None] = nothing_to_look_at,
        track: Callable[[], Track] = lambda: NO_TRACK,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._journal = journal
        self._standing = standing
        self._settings = settings
        self._names = Names(journal.incident)
        self._work = work
        self._tool = tool
        self._progress = progress
        self._first_look = first_look
        self._track = track
        self._clock = clock
        self._is_own = workshop is None
        self._workshop = LocalWorkshop() if workshop is None else workshop
        self._book = FilmBook(journal, tool, self._workshop, clock=now)
        self._last_offer = -_OFFER_EVERY
        self._offered: tuple[int, int, int] | None = None
        self._merging = Merging(journal, standing, self._book, work, tool, self._workshop, progress)
        self._side_by_side = self._open_side_by_side() if settings.films == "all" and self._is_composed else None

    def offer(self) -> None:
        """Start what can be joined and composed by now; returns at once. May be called as often as one likes."""
        version = self._standing.version
        if not self._is_filmed or version == self._offered or self._clock() - self._last_offer < _OFFER_EVERY:
            return
        self._last_offer, self._offered = self._clock(), version
        self._merging.begin()
        if self._side_by_side is not None:
            self._offer_stretches(self._side_by_side)

    def _offer_stretches(self, side_by_side: SideBySide) -> None:
        tiles = self._tiles()
        ready = [
            number
            for number, stretch in enumerate(side_by_side.stretches)
            if all(self._is_ready(camera.word, tile, stretch) for camera, tile in tiles)
        ]
        if ready:
            side_by_side.offer([tile for _, tile in tiles], ready)

    def finish(self) -> FilmSet:
        """Make every film that is asked for and not made yet; one camera's that fails costs no other film.

        Raises ToolFailed where the side-by-side fails, DiskTrouble, Interrupted.
        """
        if not self._is_filmed:
            sheet = None if self._settings.films == "none" else self._contact_sheet()
            self._book.seal()
            return FilmSet({}, None, (), sheet)
        self._merging.begin_all()
        if self._merging.is_under_way or self._is_to_compose:
            self._first_look(FilmSet({}, None, ()))
        merged = self._merging.finish()
        side_by_side = self._compose(merged.notes) if self._side_by_side and self._has_footage else None
        self._book.seal()
        return FilmSet(merged.films, side_by_side, tuple(merged.notes), error=merged.error)

    def stop(self) -> None:
        """End background work within a moment."""
        self._tool.stop.set()
        if self._side_by_side is not None:
            self._side_by_side.stop()
        if self._is_own:
            self._workshop.close()

    @property
    def _is_to_compose(self) -> bool:
        """Whether there is a side-by-side to be made that is not there yet."""
        wanted = bool(self._side_by_side and self._has_footage)
        return wanted and self._book.made(SIDE_BY_SIDE, self._film_key()) is None

    @property
    def _has_footage(self) -> bool:
        return any(self._standing.playable(camera.word) for camera in self._standing.cameras())

    @property
    def _is_filmed(self) -> bool:
        """Whether films are wanted; stills make none."""
        return self._settings.films != "none" and self._journal.incident.media_type is not MediaType.IMAGE

    @property
    def _is_composed(self) -> bool:
        """A hyperlapse has no common second with anything, and a still has none at all."""
        return self._journal.incident.media_type in (MediaType.HIGH, MediaType.LOW)

    def _contact_sheet(self) -> Path | None:
        """The sheet of all stills; one that is there and shows just these is left as it is."""
        found = [(camera, self._standing.playable(camera.word)) for camera in self._standing.cameras()]
        rows = [(camera, clips) for camera, clips in found if clips]
        if not rows:
            return None
        title, target = self._journal.incident.name, self._journal.folder / self._names.contact_sheet()
        stills = [[self._still(camera, clip) for clip in clips] for camera, clips in rows]
        shown = [clip for _, clips in rows for clip in clips]
        captions = [[still.caption for still in row] for row in stills]
        key = key_of([title, captions, [clip.sha256 for clip in shown]])
        if self._book.made(CONTACT_SHEET, key) is None:
            self._progress.say("Laying the stills on one contact sheet.")
            contact_sheet(title, stills, target)
            self._book.enter_sheet(key, target, shown)
        return target

    def _still(self, camera: Camera, clip: Clip) -> Still:
        return Still(clip.path, f"{camera.label}  {clock_text(clip.returned.start, self._zone)}")

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._journal.incident.timezone)

    def _open_side_by_side(self) -> SideBySide:
        incident, settings = self._journal.incident, self._settings
        look = Look(
            title=incident.name,
            timezone=incident.timezone,
            layout=settings.layout,
            tile_height=settings.tile_height,
            fps=settings.fps,
            engine=settings.engine,
            quality=settings.quality,
        )
        line = clock_line(settings.overlay, ZoneInfo(incident.timezone), incident.window.start, self._track)
        return SideBySide(
            incident.window,
            look,
            work=self._work,
            tool=self._tool,
            workshop=self._workshop,
            told=self._tell_stretch,
            clock_line=line,
        )

    def _tell_stretch(self, number: int, is_made: bool) -> None:
        if self._side_by_side is not None:
            of = len(self._side_by_side.stretches)
            self._progress.piece(COMPOSED, number, of, PieceState.MADE if is_made else PieceState.MAKING)

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

    def _compose(self, notes: list[str]) -> Path:
        assert self._side_by_side is not None  # noqa: S101 - `finish` asks for it only where films are composed
        target = self._journal.folder / self._names.side_by_side()
        key = self._film_key()
        if (made := self._book.made(SIDE_BY_SIDE, key)) is not None:
            notes += made["notes"]
            return target
        self._progress.say("Composing the side-by-side film.")
        while damage := self._side_by_side.complete([tile for _, tile in self._tiles()]):
            for clip, parts in ((found.clip, found.ranges) for found in damage):
                log.warning("%s breaks inside: %s", clip.path.name, parts)
                media = replace(clip.media, damage=united([*clip.media.damage, *parts]))
                self._journal.add_clip(replace(clip, media=media))
        heard = self._heard()
        sound = self._sound(heard) if heard is not None else None
        film = self._side_by_side.finish([tile for _, tile in self._tiles()], sound, target)
        film = replace(film, audio=heard.word if heard is not None else None, notes=(*film.notes, self._told(heard)))
        shown = {p.clip.path: p.clip for camera in self._standing.cameras() for p in self._pieces(camera) if p.clip}
        notes += self._book.enter_side_by_side(self._film_key(), film, list(shown.values()))
        return target

    def _heard(self) -> Camera | None:
        """The camera whose sound the side-by-side has."""
        wanted = self._settings.audio
        able = [camera for camera in self._standing.cameras() if wanted in (None, camera.word)]
        return next((camera for camera in able if has_sound(self._pieces(camera))), None)

    def _sound(self, heard: Camera) -> Path | None:
        terms, window = Terms(self._tool, Kind.COPY), self._standing.window
        laying = self._workshop.submit(terms, sound_beside, self._pieces(heard), window, self._work)
        return results([laying], self._tool)[0]

    def _told(self, heard: Camera | None) -> str:
        """Where the sound comes from, in a sentence."""
        wanted = self._settings.audio
        if heard is not None:
            return f"The sound of the side-by-side is camera {heard.word}'s, with silence where that has none."
        if wanted == "none":
            return "The side-by-side has no sound, as asked."
        if wanted is None:
            return "The side-by-side has no sound: no camera has any in this time."
        return f"The side-by-side has no sound: camera {wanted} has none in this time."

    def _film_key(self) -> str:
        tiles = [
            [tile.label, [[str(p.window), p.clip.sha256 if p.clip else p.reason, p.seam] for p in tile.pieces]]
            for _, tile in self._tiles()
        ]
        settings = self._settings
        said = [str(reading) for reading in self._track().readings] if settings.overlay == "speed" else []
        look = [settings.layout, settings.tile_height, settings.fps, settings.audio, settings.engine, settings.overlay]
        # Last, and only where it is another: a film of an earlier version has the usual one and is not made anew.
        other = [settings.quality] if settings.quality != USUAL_QUALITY else []
        return key_of([tiles, *look, said, *other])
