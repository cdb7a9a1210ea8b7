"""The columns of a list of incidents: the options of `pull` that a row may have, with the types and limits of those."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any

import typer
from typer.exceptions import TyperException

from cli import options as given
from footage.cameras import parse_streams
from footage.errors import InputRefused
from footage.models import MediaType
from footage.typed import parse_cameras, parse_duration, parse_source, parse_span
from footage.walltime import parse_wall_time, parse_zone

_TEXTS = (
    *("reference", "vehicle", "stream", "source", "start", "duration", "end", "around", "before", "after"),
    *("timezone", "cameras", "audio", "note", "name", "profile", "region"),
)
_CHOICES = ("media-type", "films", "layout", "quality", "overlay", "engine", "selector")
_NUMBERS = ("tile-height", "fps", "clock-offset", "chunk", "longest")
COLUMNS = (*_TEXTS, *_CHOICES, *_NUMBERS)
NUMBERS = ("duration", "before", "after", *_NUMBERS)

PARSERS: dict[str, Callable[[str], object]] = {
    "source": parse_source,
    "timezone": parse_zone,
    "start": parse_wall_time,
    "end": parse_wall_time,
    "around": parse_wall_time,
    "duration": parse_duration,
    "before": parse_span,
    "after": parse_span,
    "cameras": parse_cameras,
    "stream": parse_streams,
}
"""What understands the text of a column by itself; whether the cells of a row go together is found out later."""

_cell = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
_PREFIX = re.compile(r"(Invalid value for [^:]+: )?(Value error, )?")
_NEXT_STREAM = re.compile(r"[,;\s]+(?=[^\s,;=]+\s*=)")


@_cell.command()
def _typed(
    media_type: given.Media = MediaType.HIGH,
    films: given.Films = given.FilmChoice.ALL,
    layout: given.Layout = given.LayoutChoice.ROW,
    tile_height: given.TileHeight = 720,
    fps: given.Fps = 30,
    quality: given.Quality = given.QualityChoice.STANDARD,
    overlay: given.Overlay = given.OverlayChoice.CLOCK,
    clock_offset: given.ClockOffset = None,
    engine: given.Engine = given.EngineChoice.FFMPEG,
    selector: given.Selector = given.SelectorChoice.PRODUCER,
    chunk: given.Chunk = None,
    longest: given.Longest = None,
) -> dict[str, Any]:
    return {**locals()}


@cache
def value_of(column: str, text: str) -> Any:
    """What a cell says, as the option of `pull` would take it. Raises InputRefused.

    A list of cameras or streams may have spaces, line breaks or semicolons in it where the option has commas.
    """
    if column == "cameras":
        text = ",".join(re.split(r"[\s,;]+", text))
    elif column == "stream":
        text = ",".join(_NEXT_STREAM.split(text))
    if column in PARSERS:
        PARSERS[column](text)
    return text if column in _TEXTS else _as_option(column, text.casefold() if column in _CHOICES else text)


def _as_option(column: str, text: str) -> Any:
    try:
        value = _cell([f"--{column}={text}"], standalone_mode=False)[column.replace("-", "_")]
    except TyperException as error:
        said = _PREFIX.sub("", error.format_message()).rstrip(".")
        raise InputRefused(f"{text[:40]!r} cannot be used: {said}.") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise InputRefused(f"{text[:40]!r} is no number.")
    return value.value if isinstance(value, Enum) and not isinstance(value, MediaType) else value
