"""Stills: what a picture file really holds, and all stills of an incident on one contact sheet."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from footage.errors import BrokenMedia
from footage.files import disk_trouble, replace
from footage.models import Media, VideoTrack
from footage.video.bar import Size, paint_heading, paint_title

if TYPE_CHECKING:
    from PIL.Image import Image

_CELL = Size(480, 270)
_CAPTION_HEIGHT = 26
_TITLE_HEIGHT = 44
_GAP = 8
_GROUND = (16, 20, 28)
_LONGEST_SIDE = 60_000
"""A JPEG's sides end at 65535 pixels."""


@dataclass(frozen=True, slots=True)
class Still:
    """A picture on the sheet and the words under it."""

    path: Path
    caption: str


def inspect_still(path: Path) -> Media:
    """What a JPEG or PNG holds, found by decoding all of it. Raises BrokenMedia where it is none, or cut off."""
    picture = _opened(path)
    track = VideoTrack(
        codec=(picture.format or "").casefold(),
        profile="",
        width=picture.width,
        height=picture.height,
        pixel_format=picture.mode,
        frame_rate=0.0,
        rotation=0,
        extradata=hashlib.sha256(b"").hexdigest(),
        packets=1,
    )
    return Media(video=track, audio=None, first_picture=0.0, duration=0.0)


def contact_sheet(title: str, rows: Sequence[Sequence[Still]], target: Path) -> None:
    """All stills as one JPEG, a row of cells for each of `rows`, wrapped where it grows too wide; captions below them.

    Each picture is fitted into its cell and centred, its aspect kept. One that cannot be read leaves its cell empty.
    """
    from PIL import Image

    columns = max(1, min(6, max((len(row) for row in rows), default=1)))
    lines = [row[at : at + columns] for row in rows for at in range(0, len(row), columns)]
    lines = lines[: (_LONGEST_SIDE - _TITLE_HEIGHT) // (_CELL.height + _CAPTION_HEIGHT + _GAP)]
    width = columns * (_CELL.width + _GAP) + _GAP
    line_height = _CELL.height + _CAPTION_HEIGHT + _GAP
    sheet = Image.new("RGB", (width, _TITLE_HEIGHT + len(lines) * line_height + _GAP), _GROUND)
    head = Size(width, _TITLE_HEIGHT)
    sheet.paste(Image.frombytes("RGB", head, paint_title(title, head)), (0, 0))
    for number, line in enumerate(lines):
        for column, still in enumerate(line):
            at = (_GAP + column * (_CELL.width + _GAP), _TITLE_HEIGHT + number * line_height)
            _put(sheet, still, at)
    _write(sheet, target)


def _put(sheet: Image, still: Still, at: tuple[int, int]) -> None:
    from PIL import Image

    caption = Size(_CELL.width, _CAPTION_HEIGHT)
    below = (at[0], at[1] + _CELL.height)
    sheet.paste(Image.frombytes("RGB", caption, paint_heading(still.caption, caption)), below)
    try:
        picture = _opened(still.path).convert("RGB")
    except BrokenMedia:
        return
    picture.thumbnail(_CELL)
    sheet.paste(picture, (at[0] + (_CELL.width - picture.width) // 2, at[1] + (_CELL.height - picture.height) // 2))


def _opened(path: Path) -> Image:
    from PIL import Image

    try:
        picture = Image.open(path, formats=("JPEG", "PNG"))
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BrokenMedia(f"{path.name} is no readable picture: {error}") from error
    return picture


def _write(sheet: Image, target: Path) -> None:
    content = io.BytesIO()
    sheet.save(content, "JPEG", quality=88)
    beside = target.with_name(f".{target.name}.part")
    with disk_trouble(target):
        beside.write_bytes(content.getvalue())
        replace(beside, target)
