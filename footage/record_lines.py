"""Frozen records as JSON, one a line, each spelled out once however often the file that holds them is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class RecordLines:
    """Remembers the lines of the records of one file, so that a long run does not spell out thousands anew."""

    def __init__(self) -> None:
        self._lines: dict[int, tuple[object, str]] = {}
        self._before: dict[int, tuple[object, str]] = {}

    def turn(self) -> None:
        """The file is about to be written: what is not asked for this time is forgotten at the next."""
        self._before, self._lines = self._lines, {}

    def block(self, key: str, records: Sequence[T], to_json: Callable[[T], Any]) -> Iterator[str]:
        """A list of records under a key, piece by piece."""
        yield f' "{key}": ['
        for number, record in enumerate(records):
            yield ",\n  " if number else "\n  "
            yield self._line(record, to_json)
        yield "\n ]" if records else "]"

    def _line(self, record: T, to_json: Callable[[T], Any]) -> str:
        line = self._before.get(id(record))
        if line is None or line[0] is not record:
            line = (record, json.dumps(to_json(record), ensure_ascii=False))
        self._lines[id(record)] = line
        return line[1]
