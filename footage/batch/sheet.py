"""A list of incidents out of a spreadsheet: which rows there are, what stands in them, and what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from footage.batch.cells import MOST_BYTES, Line, column_letters, rounded_words
from footage.batch.delimited import read_delimited
from footage.errors import Fault, InputRefused

MOST_ROWS = 10_000
_ROUNDED = re.compile(r"[0-9][.,][0-9]+e\+[0-9]{2,3}", re.IGNORECASE)
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKED_AS_TEXT, _DECIMAL_COMMA = re.compile(r"'[0-9=+@-]"), re.compile(r"[0-9]+,[0-9]+")
_SHOWN = 40
_MISTYPED = 0.82
"""So alike are Refrence and reference, and notes and note; State and start are other words."""


@dataclass(frozen=True, slots=True)
class Row:
    """One incident of the list. `number` is the row as Excel counts it; `cells` by column, without the empty ones."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list that could be read, with what is wrong in it so far."""

    name: str
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()
    unused: tuple[str, ...] = ()
    """Headings of columns that are no part of such a list: people keep more in a spreadsheet than is wanted here."""


def read_sheet(path: Path, columns: Collection[str], numbers: Collection[str] = ()) -> Sheet:
    """The list in `path`. A heading may be written in capitals or not, with dashes, spaces or neither.

    `numbers` are the columns of which a decimal comma is understood, where the file is of a country that writes one.
    What is wrong with single headings and cells stands in the result, so that all of it can be told at once. Raises
    InputRefused where the file is no list at all.
    """
    known = {_folded(column): column for column in columns}
    data = _bytes_of(path)
    if data.startswith(_ZIP):
        from footage.batch.workbook import read_workbook

        grid = read_workbook(data, path.name)
    else:
        grid = read_delimited(data, path.name, lambda text: _folded(text) in known)
    if not grid.lines:
        raise InputRefused(f"{path.name} is empty. Its first row names the columns, as batch --template shows.")
    (number, texts), *lines = grid.lines
    headings = _Headings(number, texts, [known.get(_folded(text)) for text in texts])
    _refuse_no_list(path.name, headings, lines)
    with_comma = frozenset(numbers) if grid.decimal_comma else frozenset()
    rows = tuple(Row(number, headings.cells(texts, with_comma)) for number, texts in lines)
    faults = (*headings.faults(known), *headings.cell_faults(lines, grid.troubles))
    return Sheet(path.name, rows, faults, headings.unused(known))


@dataclass(frozen=True, slots=True)
class _Headings:
    """The row of headings: its number, what stands in it, and the column that each stands for, if it is one."""

    row: int
    texts: Sequence[str]
    columns: Sequence[str | None]

    def cells(self, texts: Sequence[str], with_comma: Collection[str]) -> dict[str, str]:
        """The filled cells of a row; of a column that is there twice the first counts."""
        found: dict[str, str] = {}
        for column, text in zip(self.columns, texts, strict=False):
            if column is not None and text:
                found.setdefault(column, _as_typed(text, has_comma=column in with_comma))
        return found

    def faults(self, known: Mapping[str, str]) -> Iterator[Fault]:
        """What is wrong with the headings."""
        for place, (column, text) in enumerate(zip(self.columns, self.texts, strict=True)):
            if column is None and (nearest := _mistyped(text, known)):
                said = f"is no column of such a list: is it {nearest}? If not, give it another name."
                yield Fault(self.row, text[:_SHOWN], said)
            elif column is not None and column in self.columns[:place]:
                yield Fault(self.row, column, "is there twice: keep one of the two columns.")

    def unused(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """The headings that are no column, and not meant as one."""
        pairs = zip(self.columns, self.texts, strict=True)
        return tuple(text[:_SHOWN] for column, text in pairs if text and column is None and not _mistyped(text, known))

    def cell_faults(self, lines: Sequence[Line], troubles: Mapping[tuple[int, int], str]) -> Iterator[Fault]:
        """What is wrong with single cells, whatever their column."""
        for number, texts in lines:
            for place, text in enumerate(texts):
                trouble = troubles.get((number, place)) or self._trouble(place, text)
                if trouble:
                    yield Fault(number, self._name(place), trouble)

    def _trouble(self, place: int, text: str) -> str:
        if text and not self._heading(place):
            return "stands below no heading: name the column; a comma inside a cell needs quotation marks around it."
        return rounded_words(text) if _ROUNDED.fullmatch(text) else ""

    def _name(self, place: int) -> str:
        if not self._heading(place):
            return f"column {column_letters(place)}"
        return self.columns[place] or self.texts[place][:_SHOWN]

    def _heading(self, place: int) -> str:
        return self.texts[place] if place < len(self.texts) else ""


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputRefused(f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB: that is no list.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputRefused(f"There is no file {path}.") from None
    except OSError as error:
        raise InputRefused(f"{path} cannot be read ({error.strerror}). Is it open in another program?") from error
    if data.startswith(_OLD_EXCEL):
        raise InputRefused(f"{path.name} has Excel's old form: save it as .xlsx or as CSV.")
    return data


def _refuse_no_list(name: str, headings: _Headings, lines: Sequence[Line]) -> None:
    if not any(headings.columns):
        raise InputRefused(
            f"The first row of {name} names no column that is known: begin with headings such as vehicle, start and "
            "duration, as batch --template shows."
        )
    if not lines:
        raise InputRefused(f"{name} has headings and no row below them.")
    if len(lines) > MOST_ROWS:
        raise InputRefused(f"{name} has {len(lines)} rows, and {MOST_ROWS} are the most: split it.")


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()


def _mistyped(text: str, known: Mapping[str, str]) -> str:
    """The column that a heading was meant for; empty where it is another word."""
    close = difflib.get_close_matches(_folded(text), known, n=1, cutoff=_MISTYPED)
    return known[close[0]] if close else ""


def _as_typed(text: str, *, has_comma: bool) -> str:
    """A cell without the apostrophe by which spreadsheets mark a number as text."""
    text = text[1:] if _MARKED_AS_TEXT.match(text) else text
    return text.replace(",", ".") if has_comma and _DECIMAL_COMMA.fullmatch(text) else text
