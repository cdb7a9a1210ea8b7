"""Paints the film's words: the bar with title and clock, the headings, and the slates for footage that is not there.

Everything is raw RGB, three bytes a pixel, which ffmpeg takes as it is. The font is the one that Pillow carries.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from footage.models import TimeWindow

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

_BAR = (16, 20, 28)
_SLATE = (44, 48, 56)
_BRIGHT = (240, 240, 240)
_DIM = (176, 182, 192)
_TEXT_SHARE = 0.62
"""The text's height in its line."""
_SMALLEST = 6
_PROBE_SIZE = 20
_NO_LETTER = "\uffff"
_REASONS = {
    "pending": "not uploaded yet",
    "unavailable": "the camera no longer has it",
    "invalid": "no such camera, or it does not take this request",
    "failed": "the upload failed",
    "not_recording": "the camera was not recording",
    "download": "the download never became complete",
    "damaged": "the file is broken here",
    "no_media": "no footage was sent for this time",
    "unsettled": "it is not known whether it was asked for",
    "quota": "not asked for: the quota is used up",
    "refused": "the service refused the request",
}
"""What footage/report.py says of each reason, in as few words as fit a cell: a film claims no more than the report."""

_NEAREST = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"ð": "d", "þ": "th", "ı": "i", "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'"}
)
_UNKNOWN = "?"


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def clock_text(instant: datetime, zone: ZoneInfo) -> str:
    """Date, time and zone as the bar shows them: `2025-04-16 13:30:07 CDT (UTC-05:00)`."""
    local = instant.astimezone(zone)
    digits, name = f"{local:%z}", local.tzname() or ""
    offset = f"UTC{digits[:3]}:{digits[3:5]}"
    # Zones without letters of their own are named by their offset ("-03"), which need not stand there twice.
    return f"{local:%Y-%m-%d %H:%M:%S} " + (f"{name} ({offset})" if name[:1].isalpha() else offset)


def reason_text(reason: str) -> str:
    """A reason in words; any other is the service's own word, and told as such."""
    return _REASONS.get(reason) or f'the service says "{reason.replace("_", " ")}"'


def readable(text: str) -> str:
    """The text in the font's letters, hardly more than ASCII: without accents, with "?" for what has no likeness."""
    shown = "".join(letter if has_letter(letter) else _plain(letter) for letter in text)
    return " ".join(shown.split())


@lru_cache(maxsize=1024)
def has_letter(letter: str) -> bool:
    """Whether the font can show a letter as itself."""
    font = _font(_PROBE_SIZE)
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask(_NO_LETTER))


def paint_title(text: str, size: Size) -> bytes:
    """The name of the vehicle or incident, at the left."""
    return _line(readable(text), size, colour=_BRIGHT).tobytes()


def paint_heading(text: str, size: Size) -> bytes:
    """A camera's name over its picture, in the middle."""
    return _line(readable(text), size, colour=_DIM, centred=True).tobytes()


def paint_clock(seconds: Iterable[datetime], zone: ZoneInfo, size: Size) -> Iterator[bytes]:
    """One picture of the clock for each of the given seconds. All have the letter size that the longest text allows."""
    return paint_lines([clock_text(second, zone) for second in seconds], size)


def paint_lines(texts: Sequence[str], size: Size, room_for: str = "") -> Iterator[bytes]:
    """One picture for each text, all in the letter size that the longest of them, or `room_for`, allows."""
    font = _fitting(max([*texts, room_for], key=len), size.width - size.height // 2, size.height)
    for text in texts:
        yield _line(text, size, colour=_BRIGHT, font=font).tobytes()


def paint_slate(label: str, window: TimeWindow, reason: str, zone: ZoneInfo, size: Size) -> bytes:
    """A whole cell that says which camera lacks footage, from when to when, and why."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", size, _SLATE)
    pen = ImageDraw.Draw(picture)
    lines = slate_lines(label, window, reason, zone)
    height = max(_SMALLEST, size.height // 9)
    y = (size.height - height * len(lines)) / 2 + height / 2
    for text, colour in zip(map(readable, lines), (_BRIGHT, _BRIGHT, _DIM, _DIM, _DIM), strict=False):
        width = round(size.width * 0.94)
        font = _fitting(text, width, height)
        pen.text((size.width / 2, y), _shortened(text, font, width), fill=colour, font=font, anchor="mm")
        y += height
    return picture.tobytes()


def slate_lines(label: str, window: TimeWindow, reason: str, zone: ZoneInfo) -> tuple[str, ...]:
    """The words on a slate: camera, "no footage", from - to in local time, and the reason."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    last = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    if start.utcoffset() != end.utcoffset():
        return (label, "no footage", clock_text(start, zone), f"to {clock_text(end, zone)}", reason_text(reason))
    return (label, "no footage", f"{start:%Y-%m-%d %H:%M:%S} to {last}", reason_text(reason))


def _plain(letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter.translate(_NEAREST))
    return "".join(part for part in bare if has_letter(part)) or _UNKNOWN


def _line(
    text: str, size: Size, *, colour: tuple[int, int, int], centred: bool = False, font: FreeTypeFont | None = None
) -> Image:
    """One line of text on the bar's ground, shortened where even small letters would not fit."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", size, _BAR)
    margin = size.height // 4
    font = font or _fitting(text, size.width - 2 * margin, size.height)
    shown = _shortened(text, font, size.width - 2 * margin)
    x, anchor = (size.width / 2, "mm") if centred else (margin, "lm")
    ImageDraw.Draw(picture).text((x, size.height / 2), shown, fill=colour, font=font, anchor=anchor)
    return picture


def _fitting(text: str, width: int, height: int) -> FreeTypeFont:
    """The font in the size that fills a line of `height`, smaller where `text` would be wider than `width`."""
    size = max(_SMALLEST, height * _TEXT_SHARE)
    font = _font(size)
    wide = font.getlength(text)
    return font if wide <= width else _font(max(_SMALLEST, size * width / wide))


def _shortened(text: str, font: FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _font(size: float) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, which its wheels carry")
    return font
