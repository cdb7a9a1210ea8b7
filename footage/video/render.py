"""Makes one stretch of the film: paints its words, runs the engine, and checks that every frame came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from footage.errors import ToolFailed
from footage.files import disk_trouble
from footage.video import bar
from footage.video.compose import Art, Scene, command
from footage.video.cutting import Card
from footage.video.encoder import Encoder
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import Box


@dataclass(frozen=True, slots=True)
class Words:
    """What the film says besides the slates: its title, the cameras' headings, and the zone of its clock.

    `lines` stand in the clock's place, one for each second that it would show, where it is not the clock alone;
    `room_for` is the longest that any of them may be, so that all have the same letter size.
    """

    title: str
    headings: tuple[str, ...]
    timezone: str
    lines: tuple[str, ...] | None = None
    room_for: str = ""


Engine = Callable[[Scene, Art, Encoder, Path, FFmpeg, int], str]
"""Makes a file from a scene and its painted parts, with so many threads; returns what was complained about."""


def with_ffmpeg(scene: Scene, art: Art, encoder: Encoder, target: Path, tool: FFmpeg, threads: int) -> str:
    """The usual engine: one ffmpeg command, no picture passes through Python."""
    return tool.run(command(scene, art, encoder, target, threads=threads))


def render(
    scene: Scene, words: Words, encoder: Encoder, target: Path, tool: FFmpeg, threads: int, engine: Engine = with_ffmpeg
) -> str:
    """Make the stretch at `target` and return what the decoders complained of.

    Raises ToolFailed where it has not exactly the frames that were planned.
    """
    with TemporaryDirectory(prefix="art-", dir=target.parent, ignore_cleanup_errors=True) as folder:
        art = paint(scene, words, Path(folder))
        said = engine(scene, art, encoder, target, tool, threads)
    _check(target, len(scene.stretch))
    return said


def paint(scene: Scene, words: Words, folder: Path) -> Art:
    """Paint the scene's title, clock, headings and slates into files in `folder`."""
    layout, zone = scene.layout, ZoneInfo(words.timezone)
    art = art_in(folder, scene)
    if words.lines is None:
        clock = bar.paint_clock(scene.clock_seconds, zone, _size(layout.clock))
    else:
        clock = bar.paint_lines(words.lines, _size(layout.clock), words.room_for)
    with disk_trouble(folder):
        _write(art.title, [bar.paint_title(words.title, _size(layout.title))])
        _write(art.clock, clock)
        for path, text, box in zip(art.headings, words.headings, layout.headings, strict=True):
            _write(path, [bar.paint_heading(text, _size(box))])
        for card, path in art.slates.items():
            _write(path, [bar.paint_slate(card.label, card.window, card.reason, zone, _size(layout.cells[0]))])
    return art


def art_in(folder: Path, scene: Scene) -> Art:
    """Where the painted parts of a scene are, if they are in `folder`."""
    cards = dict.fromkeys(cut for cuts in scene.tiles for cut in cuts if isinstance(cut, Card))
    return Art(
        title=folder / "title.rgb",
        clock=folder / "clock.rgb",
        headings=tuple(folder / f"heading{number}.rgb" for number in range(len(scene.tiles))),
        slates={card: folder / f"slate{number}.rgb" for number, card in enumerate(cards)},
    )


def _size(box: Box) -> bar.Size:
    return bar.Size(box.width, box.height)


def _write(path: Path, pictures: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pictures)


def _check(path: Path, frames: int) -> None:
    from footage.video.container import open_mp4

    with open_mp4(path) as film:
        made = film.streams.video[0].frames
    if made != frames:
        raise ToolFailed(f"ffmpeg made {made} frames where {frames} were planned")
