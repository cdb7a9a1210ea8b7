"""A list of incidents to begin with: headings and example rows, as CSV or as an Excel workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from footage.batch.workbook import Value, write_workbook
from footage.errors import InputRefused
from footage.files import disk_trouble

COLUMNS = ("reference", "vehicle", "start", "duration", "timezone", "cameras", "media-type", "note")
"""The usual ones; a list may have a column for nearly every option of pull."""
_EXAMPLES: tuple[tuple[str, str, str, float, str, str, str, str], ...] = (
    (
        *("CLM-2025-0417", "Truck 104", "2025-04-16 13:30", 10, "America/Chicago"),
        *("road,driver,analog1", "high", "Rear-end collision, exit 12"),
    ),
    ("CLM-2025-0418", "Van 7", "2025-04-17 08:05", 2.5, "America/New_York", "road,driver", "low", ""),
    ("CLM-2025-0422", "Truck 9", "2025-04-21 22:15", 5, "", "", "", ""),
)
_START = COLUMNS.index("start")


def write_template(path: Path) -> None:
    """Write the template as .csv or .xlsx, by the name. Raises InputRefused where a file is there, DiskTrouble."""
    try:
        if path.suffix.casefold() == ".xlsx":
            write_workbook(path, COLUMNS, [_with_moment(row) for row in _EXAMPLES])
        elif path.suffix.casefold() == ".csv":
            _write_csv(path)
        else:
            raise InputRefused(f"{path.name} is no name for a list: let it end in .csv or .xlsx.")
    except FileExistsError:
        raise InputRefused(f"{path} is there already, and is not overwritten: give another name.") from None


def _with_moment(row: Sequence[Value]) -> list[Value]:
    return [datetime.fromisoformat(str(each)) if place == _START else each for place, each in enumerate(row)]


def template_text() -> str:
    """The template as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *_EXAMPLES])
    return text.getvalue()


def _write_csv(path: Path) -> None:
    """With the mark by which Excel knows UTF-8."""
    with disk_trouble(path), path.open("x", encoding="utf-8-sig") as file:
        file.write(template_text())
