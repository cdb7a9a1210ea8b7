"""Logs/batch_*.json: the durable record of a list of incidents: which there are, where each has its journal, its end.

Each incident's requests and clips stand in a journal of its own, in the folder named like this file: a change of one
row costs one small file, however long the list is.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from footage.errors import InputRefused
from footage.files import create_text, disk_trouble, write_text
from footage.journal import Journal
from footage.models import Incident
from footage.settings import RunSettings, settings_from_json, settings_to_json
from footage.values_json import incident_from_json, incident_to_json, time_from, time_text

SCHEMA = 1
PREFIX = "batch_"
WAITING, RUNNING = "waiting", "running"
_OPEN = {WAITING, RUNNING, "pending"}
_MOST_TWINS = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: what is wanted, the journal that it has got, and how it stands (a status, or an error's kind)."""

    row: int
    incident: Incident
    settings: RunSettings
    journal: Path | None = None
    state: str = WAITING
    message: str = ""

    @property
    def reference(self) -> str:
        """The claim or case number."""
        return self.settings.evidence.reference


class BatchJournal:
    """The record of one list. Every change is on disk when the call returns. Safe to use from several threads."""

    def __init__(self, sheet: str, output: Path, created: datetime, entries: Iterable[Entry]) -> None:
        self.path: Path | None = None
        self.sheet = sheet
        self.output = output
        self.created = created
        self.state = RUNNING
        self._entries = {entry.row: entry for entry in entries}
        self._lock = threading.Lock()

    @property
    def entries(self) -> Sequence[Entry]:
        """All rows in their order."""
        return tuple(self._entries.values())

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be done or waited for."""
        return self.state not in _OPEN

    def keep_in(self, logs: Path) -> None:
        """Give a new record a file of its own, with `_2` where the second is taken."""
        with disk_trouble(logs):
            logs.mkdir(parents=True, exist_ok=True)
        name = f"{PREFIX}{self.created.astimezone():%Y-%m-%d_%H-%M-%S}"
        for nth in range(1, _MOST_TWINS):
            path = logs / (f"{name}.json" if nth == 1 else f"{name}_{nth}.json")
            try:
                create_text(path, self._text())
            except FileExistsError:
                continue
            self.path = path
            return
        raise InputRefused(f"Too many lists named {name} in {logs}.")

    @property
    def rows_folder(self) -> Path:
        """Where the rows have their journals."""
        if self.path is None:
            raise ValueError("a list has a file before its rows have journals")
        return self.path.with_suffix("")

    def keep_row(self, draft: Journal, row: int) -> None:
        """Give the draft of a row's journal a file of its own, with `_2` where an earlier one has the name."""
        name = f"request_ids_row_{row:05d}"
        for nth in range(1, _MOST_TWINS):
            try:
                return draft.keep_at(self.rows_folder / (f"{name}.json" if nth == 1 else f"{name}_{nth}.json"))
            except FileExistsError:
                continue
        raise InputRefused(f"Too many journals named {name} in {self.rows_folder}.")

    def change_settings(self, change: Callable[[RunSettings], RunSettings]) -> None:
        """Go on with other settings of every row."""
        changed = [replace(entry, settings=change(entry.settings)) for entry in self.entries]
        self._entries = {entry.row: entry for entry in changed}

    def move_to(self, output: Path) -> None:
        """Say that the incidents' folders lie in another one now."""
        self.output = output.absolute()

    def note(self, row: int, *, state: str, journal: Path | None = None, message: str = "") -> None:
        """Note how a row stands."""
        with self._lock:
            entry = self._entries[row]
            self._entries[row] = replace(entry, state=state, journal=journal or entry.journal, message=message)
            self._write()

    def finish(self, state: str) -> None:
        """Note how the whole list stands: running, complete, partial, pending, or superseded by another one."""
        with self._lock:
            self.state = state
            self._write()

    def _write(self) -> None:
        if self.path is not None:
            write_text(self.path, self._text())

    def _text(self) -> str:
        head = {
            "schema": SCHEMA,
            "kind": "batch",
            "state": self.state,
            "sheet": self.sheet,
            "output": str(self.output),
            "created": time_text(self.created),
        }
        rows = ",\n  ".join(json.dumps(_entry_to_json(entry), ensure_ascii=False) for entry in self.entries)
        return f'{json.dumps(head, ensure_ascii=False)[:-1]},\n "rows": [\n  {rows}\n ]}}\n'


def load_batch(path: Path) -> BatchJournal:
    """Read the record of a list. Raises InputRefused with a sentence where it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] > SCHEMA:
            raise InputRefused(f"{path} was written by a newer version of this program.")
        entries = [_entry_from_json(record) for record in data["rows"]]
        batch = BatchJournal(data["sheet"], Path(data["output"]), time_from(data["created"]), entries)
    except OSError as error:
        raise InputRefused(f"The list {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefused(f"{path} is not a list of this program ({error}).") from error
    batch.path, batch.state = path, data["state"]
    return batch


def is_batch(path: Path) -> bool:
    """Whether a file is named as the record of a list is."""
    return path.name.startswith(PREFIX)


def batch_paths(logs: Path) -> list[Path]:
    """Every file in the logs folder that is named as the record of a list is, oldest first."""
    return sorted(path for path in logs.glob(f"{PREFIX}*.json") if path.is_file())


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    return {
        "row": entry.row,
        "state": entry.state,
        "message": entry.message,
        "journal": None if entry.journal is None else str(entry.journal),
        "incident": incident_to_json(entry.incident),
        "settings": settings_to_json(entry.settings),
    }


def _entry_from_json(data: dict[str, Any]) -> Entry:
    return Entry(
        row=data["row"],
        incident=incident_from_json(data["incident"], data["settings"]),
        settings=settings_from_json(data["settings"]),
        journal=None if data["journal"] is None else Path(data["journal"]),
        state=data["state"],
        message=data["message"],
    )
