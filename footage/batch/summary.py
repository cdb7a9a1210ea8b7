"""What came of a list of incidents, a line a row: summary.csv for a spreadsheet, summary.json for scripts."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from footage.errors import DiskTrouble, FootageError
from footage.files import disk_trouble, write_text
from footage.models import UTC, Incident
from footage.report import COMPLETE, PARTIAL, PENDING, REASONS
from footage.values_json import window_from_json

CSV_NAME, JSON_NAME = "summary.csv", "summary.json"
_MARK = "\ufeff"
"""By this Excel knows that a CSV is UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MOST_NAMES = 100
_COLUMNS = (
    *("row", "reference", "vehicle", "start", "zone", "minutes", "status", "exit code", "requested seconds"),
    *("received seconds", "coverage percent", "folder", "side by side", "delivered", "reason"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row. `start` is aware, `exit_code` and `status` are the contract's, `reason` is in words.

    `delivered` is the address of a copy. Seconds are counted over all cameras.
    """

    row: int
    reference: str
    vehicle: str
    start: datetime
    timezone: str
    minutes: float
    status: str
    exit_code: int
    requested_seconds: float = 0.0
    received_seconds: float = 0.0
    folder: Path | None = None
    side_by_side: str | None = None
    delivered: str | None = None
    reason: str = ""

    @property
    def coverage_percent(self) -> float | None:
        """How much of what was asked for is there, never rounded up; None where nothing could be there."""
        if not self.requested_seconds:
            return None
        return math.floor(1000 * self.received_seconds / self.requested_seconds) / 10


def outcome_of(
    row: int,
    reference: str,
    incident: Incident,
    *,
    folder: Path | None = None,
    facts: Mapping[str, Any] | None = None,
    error: FootageError | None = None,
    delivered: str | None = None,
) -> Outcome:
    """The outcome of a row: `facts` as the contract's result has them, or the error; without both it is pending."""
    cameras = (facts or {}).get("cameras", {})
    status, code, reason = _ending(facts, error)
    return Outcome(
        row=row,
        reference=reference,
        vehicle=(incident.vehicle.name or incident.vehicle.id) if incident.vehicle else incident.name,
        start=incident.window.start,
        timezone=incident.timezone,
        minutes=round(incident.window.seconds / 60, 4),
        status=status,
        exit_code=code,
        requested_seconds=sum(camera["requested_seconds"] for camera in cameras.values()),
        received_seconds=sum(camera["received_seconds"] for camera in cameras.values()),
        folder=folder,
        side_by_side=(facts or {}).get("side_by_side"),
        delivered=delivered,
        reason=reason,
    )


def code_of(outcomes: Sequence[Outcome]) -> int:
    """The exit code of the whole list: 0 where every row is complete, 4 where any is pending, else 3."""
    codes = {outcome.exit_code for outcome in outcomes}
    if codes <= {COMPLETE}:
        return COMPLETE
    return PENDING if PENDING in codes else PARTIAL


def state_of(outcomes: Sequence[Outcome]) -> str:
    """How a list stands: what is pending or failed is gone on with by a later run."""
    if any(outcome.status in ("pending", "failed") for outcome in outcomes):
        return "pending"
    return "complete" if code_of(outcomes) == COMPLETE else "partial"


def write_summary(
    folder: Path, outcomes: Sequence[Outcome], *, write: Callable[[Path, str], None] = write_text
) -> Path:
    """Write both files into `folder`; the path of the CSV, which has a number where Excel holds the old one open.

    A summary with rows that are not in this one is another list's: it keeps its lines under the time of its writing.
    """
    rows = [summary_json(outcome) for outcome in outcomes]
    told = {"schema": 1, "exit_code": code_of(outcomes), "rows": rows}
    with disk_trouble(folder):
        folder.mkdir(parents=True, exist_ok=True)
        there = [path for path in (folder / CSV_NAME, folder / JSON_NAME) if path.exists()]
        if there and not _rows_told(folder / JSON_NAME) <= _row_names(rows):
            _set_aside(there)
    write(folder / JSON_NAME, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    text = _MARK + _csv_text(outcomes)
    for nth in range(1, _MOST_NAMES):
        path = folder / (CSV_NAME if nth == 1 else f"summary_{nth}.csv")
        try:
            write(path, text)
        except DiskTrouble:
            if not path.exists():
                raise
        else:
            return path
    raise DiskTrouble(f"Cannot write {folder / CSV_NAME}: close the old summaries.")


def _rows_told(path: Path) -> Counter[tuple[str, ...]]:
    """The rows of a summary that is there; one that cannot be read counts as a row that nobody else has."""
    try:
        return _row_names(json.loads(path.read_text(encoding="utf-8"))["rows"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Counter([()])


def _row_names(rows: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(str(row[part]) for part in ("reference", "vehicle", "start", "minutes")) for row in rows)


def _set_aside(there: Sequence[Path]) -> None:
    """Name a summary for when it was written; a file that Excel holds open on Windows keeps its name."""
    written = datetime.fromtimestamp(max(path.stat().st_mtime for path in there), UTC).astimezone()
    for nth in range(1, _MOST_NAMES):
        stem = f"summary_{written:%Y-%m-%d_%H-%M-%S}" + ("" if nth == 1 else f"_{nth}")
        aside = [path.with_name(stem + path.suffix) for path in there]
        if any(path.exists() for path in aside):
            continue
        for path, named in zip(there, aside, strict=True):
            with suppress(PermissionError):
                path.rename(named)
        return


def summary_json(outcome: Outcome) -> dict[str, Any]:
    """One row for scripts."""
    return {
        "row": outcome.row,
        "reference": outcome.reference,
        "vehicle": outcome.vehicle,
        "start": outcome.start.astimezone(ZoneInfo(outcome.timezone)).isoformat(),
        "timezone": outcome.timezone,
        "minutes": outcome.minutes,
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "requested_seconds": outcome.requested_seconds,
        "received_seconds": outcome.received_seconds,
        "coverage_percent": outcome.coverage_percent,
        "folder": str(outcome.folder.absolute()) if outcome.folder else None,
        "side_by_side": outcome.side_by_side,
        "delivered": outcome.delivered,
        "reason": outcome.reason,
    }


def _ending(facts: Mapping[str, Any] | None, error: FootageError | None) -> tuple[str, int, str]:
    if error is not None:
        return "failed", error.exit_code, " ".join(error.message.split())
    if facts is None:
        return "pending", PENDING, "Not finished yet."
    ended_by = [facts["error"]["message"]] if facts.get("error") else []
    reason = " ".join(" ".join([*_reasons(facts), *ended_by]).split())
    return str(facts["status"]), int(facts["exit_code"]), reason


def _reasons(facts: Mapping[str, Any]) -> Iterator[str]:
    """What ended the row early, if anything did, and a sentence for each camera and reason."""
    if facts.get("error"):
        yield str(facts["error"]["message"])
    for word, camera in facts["cameras"].items():
        seconds: dict[str, float] = {}
        for gap in camera["gaps"]:
            seconds[gap["reason"]] = seconds.get(gap["reason"], 0.0) + window_from_json(gap).seconds
        for reason, missing in seconds.items():
            words = REASONS.get(reason, f"the service says {reason!r}")
            yield f"{word}: {missing:g} of {camera['requested_seconds']:g} s missing, {words}."
        if not camera["installed"]:
            yield f"{word}: not installed."


def _csv_text(outcomes: Sequence[Outcome]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([_harmless(value) for value in _cells(outcome)] for outcome in outcomes)
    return text.getvalue()


def _cells(outcome: Outcome) -> Iterator[object]:
    local = outcome.start.astimezone(ZoneInfo(outcome.timezone))
    yield from (outcome.row, outcome.reference, outcome.vehicle)
    yield from (f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%Z} ({outcome.timezone})", outcome.minutes)
    yield from (outcome.status, outcome.exit_code, outcome.requested_seconds, outcome.received_seconds)
    yield outcome.coverage_percent
    yield outcome.folder.absolute() if outcome.folder else None
    yield from (outcome.side_by_side, outcome.delivered, outcome.reason)


def _harmless(value: object) -> object:
    """A text that a spreadsheet would take for a formula is marked as text; NUL, which CSV cannot hold, is left out."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value).replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) else text
