"""The side-by-side film in stretches: made in the background as footage arrives, kept, and joined at the end."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_words
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from footage.errors import Interrupted
from footage.files import disk_trouble, replace
from footage.models import TimeWindow
from footage.video import encoder as encoders
from footage.video import film as films
from footage.video.complaints import Damage, Scan
from footage.video.compose import Scene, command
from footage.video.cutting import FrameAxis, Tile, tile_cuts
from footage.video.encoder import Encoder
from footage.video.ffmpeg import FFmpeg
from footage.video.film import Film
from footage.video.layout import Arrangement, arrange
from footage.video.making import Making
from footage.video.render import Words, art_in
from footage.video.stretch import EngineWord, Order, order_stretch
from footage.workshop import Kind, LocalWorkshop, Terms, Workshop, results

__all__ = ["ClockLine", "Damage", "Film", "Look", "SideBySide", "Tile"]


@dataclass(frozen=True, slots=True)
class Look:
    """How the film looks. `title` names the vehicle or incident; `quality` is a word of encoder.QUALITIES."""

    title: str
    timezone: str
    layout: Arrangement = "row"
    tile_height: int = 720
    fps: int | Fraction = 30
    quality: str = "standard"
    engine: EngineWord = "ffmpeg"


@dataclass(frozen=True, slots=True)
class ClockLine:
    """What stands in the bar in place of the clock alone: a text for each second, `longest` none of them longer."""

    text: Callable[[datetime], str]
    longest: str


def untold(stretch: int, is_made: bool) -> None:
    """Takes what is told of a stretch and does nothing with it."""


class SideBySide:
    """One film under way. `window` is the incident; `work` keeps the finished stretches from run to run.

    Stretches are made in `workshop`, without one in threads of this program; `told` hears, in other threads, which is
    begun (False) or made (True). `scan` and `hardware` stand for damage.scan and the hardware encoders to be tried.
    """

    def __init__(
        self,
        window: TimeWindow,
        look: Look,
        *,
        work: Path,
        tool: FFmpeg,
        workshop: Workshop | None = None,
        stretch_seconds: float = 60.0,
        told: Callable[[int, bool], None] = untold,
        clock_line: ClockLine | None = None,
        scan: Scan | None = None,
        hardware: Sequence[Encoder] | None = None,
    ) -> None:
        fps = Fraction(look.fps)
        self._look, self._tool, self._clock_line = look, tool, clock_line
        self._axis = FrameAxis(window, fps)
        self._cuts = self._axis.cut(stretch_seconds)
        self._is_own = workshop is None
        self._workshop = LocalWorkshop() if workshop is None else workshop
        candidates = self._candidates() if hardware is None else hardware
        choice = encoders.Choice(candidates, encoders.software(look.quality, fps), fps, tool=tool, work=work)
        self._awaited = threading.Event()
        modest = tool.modest(until=self._awaited)
        self._making = Making(self._workshop, tool=modest, work=work, choice=choice, scan=scan, told=told)

    @property
    def stretches(self) -> tuple[TimeWindow, ...]:
        """The times of the stretches, in order; the last one is shorter."""
        return tuple(TimeWindow(self._axis.instant(cut.start), self._axis.instant(cut.stop)) for cut in self._cuts)

    def offer(self, tiles: Sequence[Tile], stretches: Collection[int]) -> None:
        """Begin to make these stretches (numbers into `stretches`) in the background, but none that is there already.

        Never blocks; what is begun before `complete` is called gives way to everything else on the machine. Raises
        what went wrong in the background since the last call.
        """
        self._making.raise_failure()
        if self._tool.stop.is_set():
            raise Interrupted("the side-by-side film was stopped")
        for number in sorted(stretches):
            self._making.begin(number, self._order(tiles, number))

    def complete(self, tiles: Sequence[Tile]) -> tuple[Damage, ...]:
        """Make all stretches that are missing and wait for them.

        Returns damage that the clips' Media does not list yet: those stretches were not kept. Lay the tiles anew with
        it and call again, until nothing is returned. Raises Interrupted after `stop`.
        """
        self._awaited.set()
        orders = [self._order(tiles, number) for number in range(len(self._cuts))]
        while True:
            self.offer(tiles, range(len(self._cuts)))
            self._making.wait()
            self._making.raise_failure()
            if damages := self._making.damages():
                return damages
            if all(self._making.path(order).exists() for order in orders):
                return ()

    def finish(self, tiles: Sequence[Tile], sound: Path | None, target: Path) -> Film:
        """Join the stretches, with `sound` (an AAC track as long as the film) under them, to `target`, and check it.

        Raises ToolFailed where the film is not exactly as planned; `target` then is as it was.
        """
        orders = [self._order(tiles, number) for number in range(len(self._cuts))]
        layout = orders[0].scene.layout
        stretches = [self._making.path(order) for order in orders]
        terms = Terms(self._tool, Kind.COPY)
        joining = self._workshop.submit(terms, films.join, stretches, self._cuts, self._axis, layout, sound)
        [(whole, joined)] = results([joining], self._tool)
        with disk_trouble(target):
            replace(whole, target)
        return Film(
            path=target,
            seconds=float(self._axis.frames / self._axis.fps),
            frames=self._axis.frames,
            width=layout.width,
            height=layout.height,
            encoder=self._making.encoder(orders[0]).name,
            commands=(*self._commands(orders), shlex.join(("ffmpeg", *joined))),
        )

    def stop(self) -> None:
        """End all background work within a moment; what is whole is kept."""
        self._making.stop()
        if self._is_own:
            self._workshop.close()

    def _candidates(self) -> Sequence[Encoder]:
        """The hardware encoders to be tried. moviepy's writer can hand nothing to them; other computers have others."""
        usable = self._look.engine == "ffmpeg" and self._workshop.at_home
        return encoders.hardware(self._look.quality, self._axis.fps) if usable else ()

    def _order(self, tiles: Sequence[Tile], number: int) -> Order:
        cut = self._cuts[number]
        layout = arrange(len(tiles), self._look.layout, self._look.tile_height)
        scene = Scene(self._axis, cut, layout, tuple(tile_cuts(self._axis, cut, tile) for tile in tiles))
        words = Words(self._look.title, tuple(tile.label for tile in tiles), self._look.timezone)
        if self._clock_line is not None:
            lines = tuple(self._clock_line.text(second) for second in scene.clock_seconds)
            words = replace_words(words, lines=lines, room_for=self._clock_line.longest)
        return order_stretch(scene, words, self._look.quality, self._look.engine)

    def _commands(self, orders: Sequence[Order]) -> Iterator[str]:
        """The command of each stretch as a person would type it; painted parts stand there by their bare names."""
        for order in orders:
            art, target = art_in(Path(), order.scene), Path(self._making.path(order).name)
            arguments = command(order.scene, art, self._making.encoder(order), target, threads=1)
            yield shlex.join(("ffmpeg", *arguments))
