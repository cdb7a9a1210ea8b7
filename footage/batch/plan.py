"""What is said of a list of incidents: its plan before anything is spent, who listens, how each row ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footage.batch.journal import Entry
from footage.errors import Fault, FootageError, InputRefused
from footage.evidence.manifest import read_manifest
from footage.journal import Journal
from footage.models import Quota
from footage.progress import Progress
from footage.run import Plan
from footage.samsara.budget import refuse_beyond_quota
from footage.settings import settings_to_json


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What a list would do, before anything is spent.

    `rows` have something to do, `refused` cannot go on. `borrowed` camera windows are paid for by another row.
    """

    rows: tuple[tuple[Entry, Plan], ...]
    done: int
    refused: tuple[RowEnd, ...]
    borrowed: int
    quota: Quota | None
    free: int

    @property
    def plans(self) -> tuple[Plan, ...]:
        """What each row would do."""
        return tuple(plan for _, plan in self.rows)

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with cells, as only a service could say: streams that are not there."""
        return [
            Fault(end.entry.row, "stream", end.error.message)
            for end in self.refused
            if isinstance(end.error, InputRefused) and any(camera.stream for camera in end.entry.incident.cameras)
        ]

    @property
    def requests(self) -> int:
        """How many requests it sends."""
        return sum(plan.requests for plan in self.plans)

    @property
    def estimated_seconds(self) -> float:
        """What it takes of the month's allowance."""
        return sum(plan.estimated_seconds for plan in self.plans)

    def refuse_beyond_quota(self) -> None:
        """Raise QuotaReached where the last known figure says that the plan is too large."""
        refuse_beyond_quota(self.quota, self.estimated_seconds)


@dataclass(frozen=True, slots=True)
class RowEnd:
    """How one row ended: `facts` as the contract's result has them, or the error that kept it from an end."""

    entry: Entry
    folder: Path | None
    facts: dict[str, Any] | None = None
    error: FootageError | None = None
    journal: Path | None = None
    delivered: str | None = None
    """The address of a copy that was compared."""

    @property
    def status(self) -> str:
        """The contract's word, or the kind of the error."""
        return self.error.kind if self.error else str((self.facts or {})["status"])

    @property
    def words(self) -> str:
        """How it ended, in a sentence."""
        return self.error.message if self.error else f"{self.status}."


class BatchProgress(Progress):
    """The silent listener of a whole list. A screen overrides what it shows."""

    def row(self, entry: Entry) -> Progress:
        """Who listens to one row."""
        return self

    def ended(self, end: RowEnd) -> None:
        """One row is over."""


def facts_if_done(journal: Journal, entry: Entry) -> dict[str, Any] | None:
    """What the manifest tells of a row that needs nothing more: finished as it is wanted now, and all of it there."""
    wanted, had = settings_to_json(entry.settings), settings_to_json(journal.settings)
    same = all(wanted[part] == had[part] for part in ("films", "kinesis", "evidence"))
    if not (journal.finished and same and all(_is_there(clip.path, clip.size) for clip in journal.clips)):
        return None
    facts = read_manifest(journal.folder)
    return facts if facts is not None and facts.get("status") == journal.state else None


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
