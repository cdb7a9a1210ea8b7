"""CSV as it comes out of spreadsheets: which encoding, which delimiter, which rows are filled."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from footage.batch.cells import Grid, Line
from footage.errors import InputRefused

_DELIMITERS = ",;\t"
_OF_THE_DECIMAL_COMMA = ";"
"""Where a comma stands before decimals, a spreadsheet puts this between the cells."""
_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(data: bytes, name: str, is_column: Callable[[str], bool]) -> Grid:
    """The filled rows. The delimiter is the one by which most headings are known. Raises InputRefused."""
    text = _text_of(data, name)
    hint = _HINT.match(text)  # Excel's own line for it; Excel does not show it, and so does not count it
    if hint:
        rows = _split(text[hint.end() :], hint[1], name)
        return Grid(rows, decimal_comma=hint[1] == _OF_THE_DECIMAL_COMMA)
    top = next(iter(text.lstrip("\r\n").splitlines()), "")
    delimiter = max(_DELIMITERS, key=lambda each: _headings_in(top, each, is_column))
    return Grid(_split(text, delimiter, name), decimal_comma=delimiter == _OF_THE_DECIMAL_COMMA)


def _text_of(data: bytes, name: str) -> str:
    """The text as UTF-8, as UTF-16 with its mark, or as Excel saves CSV on western Windows."""
    for encoding in ("utf-16",) if data.startswith(_UTF_16) else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputRefused(f"{name} is no text and no Excel workbook: give a list as CSV or .xlsx.")


def _headings_in(line: str, delimiter: str, is_column: Callable[[str], bool]) -> int:
    return sum(map(is_column, next(csv.reader([line], delimiter=delimiter), [])))


def _split(text: str, delimiter: str, name: str) -> list[Line]:
    lines: list[Line] = []
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                lines.append((number, stripped))
    except csv.Error as error:
        raise InputRefused(f"{name} cannot be read at row {number + 1}: {_words(str(error))}") from None
    return lines


def _words(said: str) -> str:
    if "end of data" in said:
        return "a quotation mark is opened there and never closed."
    if "expected after" in said:
        return "a quotation mark stands inside a cell that is between quotation marks: write it twice."
    return f"{said}."
