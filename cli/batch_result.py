"""What came of a list of incidents so far: the outcome of each row, and the JSON object of the whole list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footage.batch.journal import BatchJournal, Entry
from footage.batch.plan import RowEnd
from footage.batch.summary import Outcome, outcome_of, summary_json
from footage.errors import FootageError
from footage.report import error_json, requests_json

if TYPE_CHECKING:
    from footage.batch.run import Batch


@dataclass
class ListAtWork:
    """One list on its way; `batch` is there as soon as something is spent or fetched."""

    journal: BatchJournal
    batch: Batch | None = None

    @property
    def outcomes(self) -> list[Outcome]:
        """What came of each row; empty before anything was begun."""
        if self.batch is None:
            return []
        ended = {end.entry.row: end for end in self.batch.ends}
        return [_outcome(entry, ended.get(entry.row)) for entry in self.journal.entries]

    def result(self, code: int, log: Path | None, error: FootageError | None = None) -> dict[str, Any]:
        """What --json prints; with `error` where the whole list ended by it."""
        path = self.journal.path
        return {
            "schema": 1,
            "kind": "batch",
            "status": "failed" if error else self.journal.state,
            "exit_code": code,
            "journal": str(path.absolute()) if path else None,
            "log": str(log.absolute()) if log else None,
            "rows": [summary_json(outcome) for outcome in self.outcomes],
            "requests": requests_json(self.batch.requests if self.batch else ()),
            "error": error_json(error),
        }


def _outcome(entry: Entry, end: RowEnd | None) -> Outcome:
    told = end or RowEnd(entry, None)
    return outcome_of(
        entry.row,
        entry.reference,
        entry.incident,
        folder=told.folder,
        facts=told.facts,
        error=told.error,
        delivered=told.delivered,
    )
