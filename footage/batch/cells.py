"""What CSV and Excel have in common: filled rows as texts, by their number, and the limits of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MOST_BYTES = 20_000_000
"""Far above any list that people keep by hand; a larger file is a mistake, or means no good."""

Line = tuple[int, Sequence[str]]
"""A filled row: its number as Excel counts it, and its cells without the space around them."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The filled rows of a sheet. `troubles` are cells, by row and place (from 0), that cannot mean anything.

    With `decimal_comma` a number with a comma is one as 2.5 is elsewhere.
    """

    lines: Sequence[Line]
    troubles: Mapping[tuple[int, int], str] = field(default_factory=dict)
    decimal_comma: bool = False


def rounded_words(text: str) -> str:
    """What to do about a long number that a spreadsheet rounded."""
    return (
        f"{text} is what Excel made of a long number, whose last digits are lost. "
        "Format the column as text and type the number again."
    )


def column_letters(place: int) -> str:
    """The letters over a column: 0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
