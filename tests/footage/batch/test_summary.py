"""What came of a list: readable in a spreadsheet, harmless there, and true for scripts."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from footage.batch.summary import Outcome, code_of, outcome_of, summary_json, write_summary
from footage.errors import DiskTrouble, QuotaReached
from footage.files import write_text
from footage.models import UTC, Camera, Incident, TimeWindow, Vehicle

START = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
INCIDENT = Incident(
    "Truck 104",
    TimeWindow(START, START + timedelta(minutes=10)),
    "America/Chicago",
    (Camera("road"),),
    Vehicle("1", "Truck 104"),
)
DONE = Outcome(2, "CLM-1", "Truck 104", START, "America/Chicago", 10.0, "complete", 0, 600, 600)


def gap(begin: int, seconds: int, reason: str) -> dict:
    start = START + timedelta(seconds=begin)
    ends = {"start": start, "end": start + timedelta(seconds=seconds)}
    return {**{edge: f"{each:%Y-%m-%dT%H:%M:%SZ}" for edge, each in ends.items()}, "reason": reason}


FACTS = {
    "status": "partial",
    "exit_code": 3,
    "side_by_side": "SideBySide.mp4",
    "cameras": {
        "road": {"requested_seconds": 600, "received_seconds": 600, "installed": True, "gaps": []},
        "driver": {
            "requested_seconds": 600,
            "received_seconds": 450.5,
            "installed": True,
            "gaps": [gap(0, 60, "not_recording"), gap(120, 60, "not_recording"), gap(300, 29, "hiccup")],
        },
        "analog1": {"requested_seconds": 0, "received_seconds": 0, "installed": False, "gaps": []},
    },
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_line_says_what_a_claims_department_asks(tmp_path: Path) -> None:
    outcome = outcome_of(7, "CLM-7", INCIDENT, folder=tmp_path / "Truck_104", facts=FACTS, delivered="s3://bucket/x")
    [line] = read(write_summary(tmp_path, [outcome]))
    assert line == {
        "row": "7",
        "reference": "CLM-7",
        "vehicle": "Truck 104",
        "start": "2025-04-16 13:30:00",
        "zone": "CDT (America/Chicago)",
        "minutes": "10.0",
        "status": "partial",
        "exit code": "3",
        "requested seconds": "1200",
        "received seconds": "1050.5",
        "coverage percent": "87.5",
        "folder": str(tmp_path / "Truck_104"),
        "side by side": "SideBySide.mp4",
        "delivered": "s3://bucket/x",
        "reason": "driver: 120 of 600 s missing, the camera was not recording. "
        "driver: 29 of 600 s missing, the service says 'hiccup'. analog1: not installed.",
    }


def test_scripts_get_the_same_without_any_mark(tmp_path: Path) -> None:
    outcomes = [replace(DONE, reference="=1+1"), outcome_of(3, "", INCIDENT, facts=FACTS)]
    write_summary(tmp_path, outcomes)
    told = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert told == {"schema": 1, "exit_code": 3, "rows": [summary_json(outcome) for outcome in outcomes]}
    assert told["rows"][0]["reference"] == "=1+1"
    assert told["rows"][0]["start"] == "2025-04-16T13:30:00-05:00"


def test_a_row_that_an_error_ended_says_why_in_one_line() -> None:
    outcome = outcome_of(3, "x", INCIDENT, error=QuotaReached("The quota\n is used up."))
    assert (outcome.status, outcome.exit_code, outcome.reason) == ("failed", 7, "The quota is used up.")
    assert outcome.coverage_percent is None


def test_a_row_that_was_stopped_says_by_what() -> None:
    error = {"kind": "quota", "message": "The quota\n is used up."}
    facts = {**FACTS, "status": "failed", "exit_code": 7, "error": error}
    outcome = outcome_of(3, "x", INCIDENT, facts=facts)
    assert outcome.status == "failed"
    assert outcome.reason.endswith("not installed. The quota is used up.")


def test_a_row_that_did_not_end_is_pending() -> None:
    outcome = outcome_of(3, "x", INCIDENT)
    assert (outcome.status, outcome.exit_code) == ("pending", 4)


def test_an_incident_of_streams_is_called_by_its_name() -> None:
    assert outcome_of(2, "", replace(INCIDENT, vehicle=None, name="Gate")).vehicle == "Gate"


@pytest.mark.parametrize(
    ("codes", "whole"),
    [([0, 0], 0), ([0, 3], 3), ([0, 4, 3], 4), ([0, 5], 3), ([7, 0], 3), ([10, 4], 4), ([], 0), ([1], 3)],
)
def test_the_whole_is_complete_pending_or_partial(codes: list[int], whole: int) -> None:
    assert code_of([replace(DONE, exit_code=code) for code in codes]) == whole


@given(st.integers(1, 10**7), st.floats(0, 1))
def test_coverage_is_never_said_to_be_more_than_it_is(requested: int, part: float) -> None:
    received = requested * part
    percent = replace(DONE, requested_seconds=requested, received_seconds=received).coverage_percent
    assert percent is not None
    assert percent / 100 <= received / requested + 1e-9
    assert (percent == 100.0) == (received == requested)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
harmful = st.tuples(st.sampled_from(list("=+-@\t\r＝＋－＠")), texts).map("".join)


@given(texts=st.lists(texts | harmful, min_size=4, max_size=4))
@example(texts=["", "a\0b", "\0=1", "\0"])
@settings(deadline=None)
def test_no_text_becomes_a_formula_or_another_cell(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    reference, vehicle, delivered, reason = texts
    shown = [text.replace("\0", "") for text in texts]
    outcome = replace(DONE, reference=reference, vehicle=vehicle, delivered=delivered, reason=reason)
    [line] = read(write_summary(tmp_path_factory.mktemp("summary"), [outcome]))
    for name, text in zip(("reference", "vehicle", "delivered", "reason"), shown, strict=True):
        assert not line[name].startswith(tuple("=+-@\t\r\n＝＋－＠"))
        assert line[name].removeprefix("'") == text.removeprefix("'")


def test_what_reaches_excel_through_the_file_is_text(tmp_path: Path) -> None:
    [line] = read(write_summary(tmp_path, [replace(DONE, reference='=HYPERLINK("http://x","y")')]))
    cell = Workbook().active.cell(1, 1)
    cell.value = line["reference"]
    assert cell.data_type == "s"


def test_excel_knows_the_letters(tmp_path: Path) -> None:
    path = write_summary(tmp_path, [replace(DONE, vehicle="Müller 7")])
    assert path.read_bytes().startswith(b"\xef\xbb\xbfrow,")
    assert read(path)[0]["vehicle"] == "Müller 7"


def test_a_summary_that_is_open_in_excel_is_written_beside(tmp_path: Path) -> None:
    def held(path: Path, text: str) -> None:
        if path.name == "summary.csv":
            raise DiskTrouble("Cannot write it.")
        write_text(path, text)

    write_summary(tmp_path, [DONE])
    path = write_summary(tmp_path, [replace(DONE, status="partial")], write=held)
    assert path.name == "summary_2.csv"
    assert [read(each)[0]["status"] for each in (tmp_path / "summary.csv", path)] == ["complete", "partial"]


def test_the_summary_of_another_list_is_kept_under_a_name_of_its_own(tmp_path: Path) -> None:
    write_summary(tmp_path, [DONE])
    other = replace(DONE, reference="CLM-2")
    write_summary(tmp_path, [other])
    [kept] = tmp_path.glob("summary_*.csv")
    assert [read(path)[0]["reference"] for path in (kept, tmp_path / "summary.csv")] == ["CLM-1", "CLM-2"]
    assert json.loads(kept.with_suffix(".json").read_text("utf-8"))["rows"] == [summary_json(DONE)]
    write_summary(tmp_path, [replace(other, status="partial", exit_code=3), replace(DONE, reference="CLM-3")])
    assert len(list(tmp_path.glob("summary_*"))) == 2, "the same rows and new ones take the old ones' place"


def test_a_summary_that_cannot_be_read_is_not_overwritten_either(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("mine")
    write_summary(tmp_path, [DONE])
    assert [path.read_text("utf-8") for path in tmp_path.glob("summary_*.json")] == ["mine"]


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    def full(path: Path, text: str) -> None:
        if path.suffix == ".csv":
            raise DiskTrouble("No space left.")

    (tmp_path / "summary.csv").write_text("old")
    with pytest.raises(DiskTrouble, match="No space"):
        write_summary(tmp_path, [DONE], write=full)
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskTrouble):
        write_summary(tmp_path / "file" / "below", [DONE])


def test_a_row_that_an_error_ended_early_says_which_before_what_is_missing() -> None:
    facts = {**FACTS, "status": "failed", "exit_code": 6, "error": {"kind": "permission", "message": "May not."}}
    outcome = outcome_of(7, "CLM-7", INCIDENT, facts=facts)
    assert (outcome.status, outcome.exit_code) == ("failed", 6)
    assert outcome.reason.startswith("May not. driver: 120 of 600 s missing")
