"""What a logs folder holds that can be gone on with: single runs and lists of incidents, oldest first."""

from __future__ import annotations

import logging
from pathlib import Path

from footage.batch.journal import BatchJournal, batch_paths, is_batch, load_batch
from footage.errors import InputRefused
from footage.journal import Journal
from footage.journals import find_journals, load_journal

log = logging.getLogger(__name__)

Resumable = Journal | BatchJournal


def find_resumables(logs: Path) -> list[Resumable]:
    """Every single run and every list that can be read, oldest first; the runs of a list's rows are the list's own."""
    singles = [journal for journal in find_journals(logs) if journal.path is not None and journal.path.parent == logs]
    return sorted([*singles, *find_lists(logs)], key=lambda each: (each.created, str(each.path)))


def find_lists(logs: Path) -> list[BatchJournal]:
    """Every list that can be read, oldest first; the others are named in the log."""
    lists = []
    for path in batch_paths(logs):
        try:
            lists.append(load_batch(path))
        except InputRefused as error:
            log.warning("passed over: %s", error)
    return lists


def latest_resumable(logs: Path) -> Resumable:
    """The newest run or list that is not finished, else the newest. Raises InputRefused where there is none."""
    found = find_resumables(logs)
    if not found:
        raise InputRefused(f"There is no journal in {logs}; nothing to resume.")
    return next((each for each in reversed(found) if not each.finished), found[-1])


def load_resumable(path: Path, logs: Path) -> Resumable:
    """The run or the list that a file records, also by its mere name in `logs`. Raises InputRefused for any other."""
    path = path if path.is_file() or not (logs / path.name).is_file() else logs / path.name
    return load_batch(path) if is_batch(path) else load_journal(path)
