"""Excel workbooks: the cells of the first sheet as the texts that a person would have typed, and a new one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from footage.batch.cells import MOST_BYTES, Grid, Line, rounded_words
from footage.errors import InputRefused
from footage.files import disk_trouble

_MOST_UNPACKED = 10 * MOST_BYTES
_EXCEL_DIGITS = 15
_TEXT, _MOMENT, _NUMBER = "@", "mm/dd/yyyy hh:mm", "General"
_BROKEN = (zipfile.BadZipFile, ParseError, EOFError, LookupError, ValueError, TypeError, AttributeError)
"""What openpyxl raises, besides its own, for a file that only looks like a workbook."""

Value = str | int | float | datetime


def read_workbook(data: bytes, name: str) -> Grid:
    """The filled rows of the first visible sheet. Raises InputRefused for what is no workbook."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _refuse_too_large(data, name)
        with _first_sheet(data, values=True) as shown, _first_sheet(data, values=False) as typed:
            return _read(shown, typed)
    except (*_BROKEN, InvalidFileException) as error:
        raise InputRefused(f"{name} is no Excel workbook that can be read: save it as .xlsx or as CSV.") from error


def write_workbook(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Write a new workbook whose columns of text are marked as text, so that Excel leaves the numbers in them alone.

    Raises FileExistsError where there is a file already, DiskTrouble.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Incidents"
    for values in (columns, *rows):
        sheet.append(values)
    for cells in sheet.columns:
        form = _format_of(cells[1].value)
        for cell in cells:
            cell.number_format = form
        cells[0].font = Font(bold=True)
        width = sheet.column_dimensions[cells[0].column_letter]
        width.width, width.number_format = max(14, *(len(str(cell.value or "")) + 2 for cell in cells)), form
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    with disk_trouble(path), path.open("xb") as file:
        file.write(content.getvalue())


def _format_of(value: object) -> str:
    if isinstance(value, datetime):
        return _MOMENT
    return _NUMBER if isinstance(value, (int, float)) else _TEXT


def _refuse_too_large(data: bytes, name: str) -> None:
    """A small zip may hold more than memory does."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
            raise InputRefused(f"{name} unpacks to more than {_MOST_UNPACKED // 1_000_000} MB: that is no list.")


@contextmanager
def _first_sheet(data: bytes, *, values: bool) -> Iterator[Any]:
    """The first visible sheet, with what its formulas came to (`values`) or with the formulas themselves."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=values)
    try:
        sheet: Any = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        sheet.reset_dimensions()  # some programs write a wrong size, and rows beyond it would be passed over
        yield sheet
    finally:
        book.close()


def _read(shown: Any, typed: Any) -> Grid:
    lines: list[Line] = []
    troubles: dict[tuple[int, int], str] = {}
    for number, (cells, originals) in enumerate(zip(shown.iter_rows(), typed.iter_rows(), strict=True), 1):
        texts = [text_of(cell.value, getattr(cell, "number_format", "")) for cell in cells]
        found = {(number, place): _trouble(*pair) for place, pair in enumerate(zip(cells, originals, strict=True))}
        troubles |= (found := {at: said for at, said in found.items() if said})
        if found or any(texts):
            lines.append((number, texts))
    return Grid(lines, troubles)


def _trouble(cell: Any, original: Any) -> str:
    if cell.value is None:
        formula = original.value is not None
        return "has a formula without a result: open the file in Excel and save it once." if formula else ""
    if cell.data_type == "e":
        return f"shows the error {cell.value}."
    if isinstance(cell.value, (int, float)) and abs(cell.value) >= 10**_EXCEL_DIGITS:
        return rounded_words(f"{cell.value:.0f}")
    return ""


def text_of(value: object, number_format: str = "") -> str:
    """A cell's value as a person would have typed it: a date without a time stays one, 10.0 is 10."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.{_EXCEL_DIGITS}g}"
    if isinstance(value, datetime):
        is_day = not (value.hour or value.minute or value.second) and "h" not in number_format.lower()
        return value.date().isoformat() if is_day else value.isoformat()
    return str(value).strip()
