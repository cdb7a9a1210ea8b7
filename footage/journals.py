"""The journals of a logs folder: which there are, and what each says of its run."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footage.errors import InputRefused
from footage.journal import PREFIX, SCHEMA, SUPERSEDED, Journal, Request
from footage.models import Incident, Quota
from footage.settings import settings_from_json
from footage.values_json import clip_from_json, incident_from_json, missing_from_json, time_from, window_from_json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is named as a journal is and cannot be read as one; `why` is a sentence."""

    path: Path
    why: str

    def may_concern(self, incident: Incident) -> bool:
        """Whether requests for the incident's vehicle may stand in it."""
        if incident.vehicle is None:
            return False
        try:
            return incident.vehicle.id in self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return True


def load_journal(path: Path) -> Journal:
    """Read a journal. Raises InputRefused with a sentence where it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] > SCHEMA:
            raise InputRefused(f"{path} was written by a newer version of this program.")
        return _journal_from_json(path, data)
    except OSError as error:
        raise InputRefused(f"The journal {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefused(f"{path} is not a journal of this program ({error}).") from error


def journal_paths(logs: Path) -> list[Path]:
    """Every file that is named as a journal is, in the logs folder and in those of lists of incidents."""
    return sorted([*logs.glob(f"{PREFIX}*.json"), *logs.glob(f"batch_*/{PREFIX}*.json")])


def unreadable_journals(logs: Path) -> list[Unreadable]:
    """Every journal in the logs folder that cannot be read: damaged, locked, or of a newer version."""
    return _read_all(logs)[1]


def find_journals(logs: Path) -> list[Journal]:
    """Every journal in the logs folder that can be read, oldest first; the others are named in the log.

    One whose place a newer one took is `superseded`, though a kill may have kept that from being noted in its file.
    """
    journals, unreadable = _read_all(logs)
    for each in unreadable:
        log.warning("passed over: %s", each.why)
    replaced = {(journal.incident.subject, moment) for journal in journals for moment in journal.replaces}
    for journal in journals:
        if not journal.finished and (journal.incident.subject, journal.created) in replaced:
            journal.state = SUPERSEDED
    return sorted(journals, key=lambda journal: (journal.created, len(str(journal.path)), str(journal.path)))


def _read_all(logs: Path) -> tuple[list[Journal], list[Unreadable]]:
    journals: list[Journal] = []
    unreadable: list[Unreadable] = []
    for path in journal_paths(logs):
        try:
            journals.append(load_journal(path))
        except InputRefused as error:
            unreadable.append(Unreadable(path, error.message))
    return journals, unreadable


def _journal_from_json(path: Path, data: dict[str, Any]) -> Journal:
    folder = Path(data["folder"])
    incident = incident_from_json(data["incident"], data["settings"])
    journal = Journal(path, incident, folder, settings_from_json(data["settings"]), time_from(data["created"]))
    journal.state = data["state"]
    journal.replaces = tuple(time_from(text) for text in data.get("replaces", ()))
    journal.quota = Quota(*data["quota"]) if data["quota"] else None
    journal.films = data["films"]
    journal.track_note = data.get("track_note", "")
    journal.requests = [_request_from_json(number, record) for number, record in enumerate(data["requests"])]
    journal.clips = [clip_from_json(record, folder) for record in data["clips"]]
    journal.missing = [missing_from_json(record) for record in data["missing"]]
    return journal


def _request_from_json(number: int, data: dict[str, Any]) -> Request:
    window, asked_at = window_from_json(data), time_from(data["asked_at"])
    what = (number, window, tuple(data["cameras"]), data["state"], asked_at)
    return Request(*what, retrieval_id=data["retrieval_id"], outcome=dict(data["outcome"]))
