"""The incident's folder: one owner, one run at a time, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.errors import DiskTrouble, IncidentHeld
from footage.files import create_text, write_text
from footage.folder import claim_folder, clear_work, find_folder, hold_folder, remove_work, work_folder
from footage.models import UTC, Camera, Incident, MediaType, TimeWindow, Vehicle
from footage.naming import Names
from tests.site import ROOT

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
HOLDER = """
import sys, time
from datetime import datetime, timezone
from pathlib import Path
from footage.folder import hold_folder
with hold_folder(Path(sys.argv[1]), datetime.now(timezone.utc)):
    print("held", flush=True)
    sys.stdin.read()
"""


def incident(vehicle: str = "1", name: str = "Truck 104", media_type: MediaType = MediaType.HIGH) -> Incident:
    window = TimeWindow(T0, T0 + timedelta(minutes=10))
    return Incident(name, window, "America/Chicago", (Camera("road"),), Vehicle(vehicle, name), media_type)


def holding(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_the_same_incident_gets_the_same_folder(tmp_path: Path) -> None:
    assert claim_folder(tmp_path, incident()) == claim_folder(tmp_path, incident())


@pytest.mark.parametrize("other", [incident(vehicle="2"), incident(media_type=MediaType.LOW)])
def test_another_incident_of_the_same_name_gets_another_folder(tmp_path: Path, other: Incident) -> None:
    assert claim_folder(tmp_path, incident()) != claim_folder(tmp_path, other)


def test_names_that_differ_only_in_case_are_one_on_some_systems_and_never_shared(tmp_path: Path) -> None:
    mine = claim_folder(tmp_path, incident(name="TRUCK"))
    theirs = claim_folder(tmp_path, incident(vehicle="2", name="truck"))
    assert mine.name.casefold() != theirs.name.casefold()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / Names(incident()).folder()
    theirs.mkdir()
    (theirs / "holiday.mp4").write_bytes(b"mine")
    assert claim_folder(tmp_path, incident()).name == f"{theirs.name}_2"


@pytest.mark.parametrize("left", [[], ["..incident.json.0a1b2c3d.part"]])
def test_a_folder_that_a_killed_run_only_began_is_taken(tmp_path: Path, left: list[str]) -> None:
    begun = tmp_path / Names(incident()).folder()
    begun.mkdir()
    for name in left:
        (begun / name).touch()
    assert claim_folder(tmp_path, incident()) == begun
    with hold_folder(begun, T0):
        assert {path.name for path in begun.iterdir()} == {".incident.json", ".work"}


def test_to_look_for_a_folder_makes_none(tmp_path: Path) -> None:
    found, ours = find_folder(tmp_path / "Videos", incident())
    assert (ours, found.exists(), (tmp_path / "Videos").exists()) == (False, False, False)


def test_a_folder_is_told_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert claim_folder(Path("Videos"), incident()).parent == tmp_path / "Videos"


@settings(max_examples=15, deadline=None)
@given(vehicles=st.lists(st.sampled_from("12345678"), min_size=2, max_size=8))
def test_runs_that_claim_at_once_share_a_folder_only_for_the_same_vehicle(
    tmp_path_factory: pytest.TempPathFactory, vehicles: list[str]
) -> None:
    output = tmp_path_factory.mktemp("Videos")
    claimed: list[tuple[str, Path]] = []
    together = threading.Barrier(len(vehicles))

    def claim(vehicle: str) -> None:
        together.wait()
        claimed.append((vehicle, claim_folder(output, incident(vehicle=vehicle))))

    runs = [threading.Thread(target=claim, args=(vehicle,)) for vehicle in vehicles]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len({folder for _, folder in claimed}) == len(set(vehicles)) == len(set(claimed))


def test_a_held_folder_is_refused_and_says_by_whom(tmp_path: Path) -> None:
    process = holding(tmp_path)
    try:
        with pytest.raises(IncidentHeld, match=f"process {process.pid} on "), hold_folder(tmp_path, T0):
            pass
    finally:
        end(process)


def test_a_lock_left_by_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    end(holding(tmp_path))
    with hold_folder(tmp_path, T0) as work:
        assert json.loads((work / "holder.json").read_text())["pid"] == os.getpid()


def test_a_folder_can_be_held_again_after_it_was_left(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_folder(tmp_path, T0) as work:
            clear_work(work)
    remove_work(tmp_path)
    assert not work_folder(tmp_path).exists()


def test_pieces_stay_for_the_next_run_and_are_cleared_at_the_end(tmp_path: Path) -> None:
    with hold_folder(tmp_path, T0) as work:
        (work / "x.mp4.part").touch()
        (work / "join-1").mkdir()
        (work / "join-1" / "y").touch()
    remove_work(tmp_path)
    assert work.is_dir()
    with hold_folder(tmp_path, T0) as work:
        assert (work / "x.mp4.part").exists()
        clear_work(work)
        assert {path.name for path in work.iterdir()} == {"run.lock", "holder.json"}
    remove_work(tmp_path)
    assert not work.exists()


def test_a_work_folder_that_another_run_has_entered_stays(tmp_path: Path) -> None:
    with hold_folder(tmp_path, T0) as work:
        clear_work(work)
    process = holding(tmp_path)
    remove_work(tmp_path)
    try:
        with pytest.raises(IncidentHeld), hold_folder(tmp_path, T0):
            pass
    finally:
        end(process)


def test_a_place_where_nothing_can_be_made_is_trouble_with_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskTrouble, match="file"):
        claim_folder(tmp_path / "file", incident())


def test_a_text_is_new_or_refused_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    create_text(tmp_path / "a", "one")
    with pytest.raises(FileExistsError):
        create_text(tmp_path / "a", "two")
    write_text(tmp_path / "a", "three")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "three")]
