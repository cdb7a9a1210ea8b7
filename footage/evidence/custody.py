"""The log of custody: what was done to an incident's folder, a line each, every line sealed by the one that follows."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from footage.files import disk_trouble, make_read_only
from footage.models import Clip
from footage.values_json import time_text
from footage.version import PROGRAM, VERSION

NAME = "custody.log"
FIRST = "0" * 64
"""What the first line names as the hash of the line before it."""
RECEIVED, DROPPED, MADE, PACKAGE, PACKED = "received", "dropped", "made", "package", "packed"

Entry = dict[str, Any]


class Custody:
    """Appends to the log of one folder; safe to use from several threads. A line is on disk when the call returns."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime]) -> None:
        self._path = folder / NAME
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, str | None] = {}
        self._last: dict[str, Entry] = {}
        _drop_torn_line(self._path)
        lines = read_lines(self._path)
        self._count, self._hash = len(lines), line_hash(lines[-1]) if lines else FIRST
        for entry in entries_of(lines):
            self._remember(entry)

    def note(self, event: str, **facts: Any) -> None:
        """Append one event."""
        with self._lock:
            entry = {
                "line": self._count + 1,
                "time": time_text(self._clock()),
                "event": event,
                **facts,
                "program": f"{PROGRAM} {VERSION}",
                "previous": self._hash,
            }
            line = json.dumps(entry, ensure_ascii=False)
            with disk_trouble(self._path), self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._count, self._hash = self._count + 1, line_hash(line)
            self._remember(entry)

    def receive(self, clip: Clip) -> None:
        """Take an original into custody: nobody may write into it from now on, and the log tells that it came.

        A file of that name and content that is in custody already is let be.
        """
        if not clip.path.is_file():
            return
        make_read_only(clip.path)
        if not self.knows(clip.path.name, clip.sha256):
            origin = {"from": clip.source} if clip.source else {}
            self.note(RECEIVED, file=clip.path.name, bytes=clip.size, sha256=clip.sha256, **origin)

    def knows(self, file: str, sha256: str) -> bool:
        """Whether the last that the log tells of a file is that it has this content."""
        return self._known.get(file) == sha256

    def last(self, event: str) -> Entry | None:
        """The newest entry of a kind."""
        return self._last.get(event)

    def _remember(self, entry: Entry) -> None:
        """Keep of an entry what is asked for later: of hours of footage there are thousands."""
        self._last[str(entry.get("event"))] = entry
        if "file" in entry:
            self._known[str(entry["file"])] = entry.get("sha256")


def read_lines(path: Path) -> list[str]:
    """The log's lines; none where there is no log. Bytes that are no text are kept visible, so that they are found."""
    if not path.exists():
        return []
    return path.read_bytes().decode("utf-8", "backslashreplace").split("\n")[:-1]


def line_hash(line: str) -> str:
    """SHA-256 of a line without its line feed."""
    return hashlib.sha256(line.encode()).hexdigest()


def entries_of(lines: Iterable[str]) -> list[Entry]:
    """The lines that can be read, as values."""
    return [entry for line in lines if (entry := _parsed(line)) is not None]


def last_of(entries: Iterable[Entry], event: str) -> Entry | None:
    """The newest of `entries` of a kind."""
    found = [entry for entry in entries if entry.get("event") == event]
    return found[-1] if found else None


def broken_links(lines: Iterable[str]) -> Iterator[str]:
    """A sentence for each line that does not follow from the one before it."""
    before, number = FIRST, 0
    for number, line in enumerate(lines, 1):
        entry = _parsed(line)
        if entry is None:
            yield f"line {number} of {NAME} cannot be read"
        elif entry.get("line") != number:
            yield f"line {number} of {NAME} says that it is line {entry.get('line')}: lines were taken out or put in"
        elif entry.get("previous") != before:
            yield f"line {number} of {NAME} does not follow from the line before it: one of them was changed"
        before = line_hash(line)
    if not number:
        yield f"{NAME} is empty"


def _parsed(line: str) -> Entry | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _drop_torn_line(path: Path) -> None:
    """Take away a last line that a power cut left half written: it was never whole, so nothing was noted by it."""
    if not path.exists():
        return
    with disk_trouble(path), path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
