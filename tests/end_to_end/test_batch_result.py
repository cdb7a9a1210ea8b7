"""Several lists in one call: what is told and kept of each is its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cli.batch import BatchDesk, ListAtWork
from cli.desk import DeskOptions
from footage.batch.journal import BatchJournal, Entry
from footage.batch.plan import RowEnd
from footage.errors import ServiceUnreachable
from footage.models import UTC, Camera, Incident, TimeWindow, Vehicle
from footage.report import Requests
from footage.settings import EvidenceSettings, RunSettings

START = datetime(2026, 11, 18, tzinfo=UTC)


@dataclass
class Ended:
    """A list all of whose rows are over."""

    ends: list[RowEnd]
    requests: tuple[Requests, ...] = ()

    def stop(self) -> None:
        """Nothing is under way."""


class Unsteady(BatchDesk):
    """Finishes lists without any work; of the second one not even the plan can be made."""

    def _prepare_list(self, journal, progress):
        if journal.sheet == "second.csv":
            raise ServiceUnreachable("Samsara did not answer.")
        return None, None

    def _carry_out_list(self, at_work: ListAtWork, prepared, progress) -> int:
        facts = {"status": "complete", "exit_code": 0, "cameras": {}, "side_by_side": "film.mp4"}
        at_work.batch = Ended([RowEnd(entry, None, facts) for entry in at_work.journal.entries])  # type: ignore[assignment]
        return self._report_list(at_work, 0.0)


def list_of(folder: Path, sheet: str, vehicle: str) -> BatchJournal:
    minute = TimeWindow(START, START + timedelta(minutes=1))
    incident = Incident(vehicle, minute, "UTC", (Camera("road"),), Vehicle("1", vehicle))
    entry = Entry(2, incident, RunSettings(evidence=EvidenceSettings(reference=vehicle)))
    journal = BatchJournal(sheet, folder / vehicle, START, [entry])
    journal.keep_in(folder / "Logs")
    return journal


def test_a_list_whose_plan_cannot_be_made_is_not_told_with_the_rows_of_the_one_before(tmp_path: Path) -> None:
    told: list[str] = []
    desk = Unsteady(DeskOptions(json=True, logs=tmp_path / "Logs"), out=told.append, say=lambda line: None)
    first, second = list_of(tmp_path, "first.csv", "Van"), list_of(tmp_path, "second.csv", "Rig")
    assert desk.resume_all([first, second]) == ServiceUnreachable.exit_code
    runs = json.loads(told[-1])["runs"]
    assert [[row["reference"] for row in run["rows"]] for run in runs] == [["Van"], []]
    assert [(journal.output / "summary.json").exists() for journal in (first, second)] == [True, False]
