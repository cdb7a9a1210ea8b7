"""Words that others chose, made fit to be shown and written: none of them steers a terminal or breaks a file."""

from __future__ import annotations

import re

from footage.addresses import without_secrets

_UNFIT = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f"  # control characters: they move the cursor, colour, ring, or end a text for C
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn round in which order letters are shown
    r"\u2028\u2029"  # ends of lines for some readers
    r"\ud800-\udfff"  # halves of letters, which cannot be written as UTF-8
)
_IN_LINES = re.compile(f"[{_UNFIT}]+")
_IN_A_LINE = re.compile(f"[{_UNFIT}\n]+")
_LONGEST_WORD = 100
_LONGEST_MESSAGE = 500


def one_line(text: str) -> str:
    """The text on one line, with blanks for what is unfit."""
    return _IN_A_LINE.sub(" ", text).strip()


def in_lines(text: str) -> str:
    """The text with its own ends of lines, and with blanks for all else that is unfit."""
    return _IN_LINES.sub(" ", text.replace("\r\n", "\n"))


def short_word(text: str) -> str:
    """A word of a service, which is no longer than a word that people can read."""
    return _shortened(one_line(text), _LONGEST_WORD)


def message_of(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """What a service or a package says, on one line of bearable length, without what is secret of an address."""
    return _shortened(without_secrets(one_line(text)), longest)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
