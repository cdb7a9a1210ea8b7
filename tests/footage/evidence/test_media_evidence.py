"""Claims about the evidence package of what is no plain film: stills and hyperlapses."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from demo.faults import Script
from footage.evidence import checksums
from footage.evidence.manifest import read_manifest
from main import run_program
from tests.media_samples import SiteOf, pull
from tests.site import START, Outcome, Site

pytestmark = pytest.mark.slow


def folder_of(done: Outcome) -> Path:
    assert done.code == 0, done.err
    return Path(done.result["folder"])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_untouched_incident_of_stills_is_verified_with_its_contact_sheet(site_of: SiteOf) -> None:
    done = pull(site_of(Script(limits=False)), "image", "--cameras", "road,driver", minutes="2")
    folder = folder_of(done)
    assert run_program(["verify", str(folder)]) == 0
    manifest = read_manifest(folder)
    assert manifest is not None
    sheet = next(each for each in manifest["files"] if each["role"] == "contact_sheet")
    assert sheet["file"] == done.result["contact_sheet"]
    originals = {each["file"] for each in manifest["files"] if each["role"] == "original"}
    assert set(sheet["parents"]) == originals
    assert sheet["file"] in checksums.read_checksums(folder)


def test_a_zip_of_stills_holds_the_contact_sheet(site_of: SiteOf, tmp_path: Path) -> None:
    folder = folder_of(pull(site_of(Script(limits=False)), "image", "--cameras", "road", minutes="1"))
    assert run_program(["pack", str(folder), "--to", str(tmp_path / "all.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert any("/ContactSheet_" in name for name in archive.namelist())


def finished_and_resumed(site: Site, media_type: str) -> Outcome:
    """A finished incident, of which a resume has touched no file."""
    done = pull(site, media_type, "--cameras", "road", minutes="1")
    before = contents(folder_of(done))
    assert site.run("resume", done.result["journal"], "--json").code == 0
    assert contents(folder_of(done)) == before
    return done


def test_a_finished_incident_of_stills_is_not_touched_by_a_resume(site_of: SiteOf) -> None:
    finished_and_resumed(site_of(Script(limits=False)), "image")


def test_a_film_that_a_later_run_does_not_ask_for_stays_part_of_the_package(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    folder = folder_of(pull(site, "high", "--cameras", "road", minutes="1", films="all"))
    assert folder_of(pull(site, "high", "--cameras", "road", minutes="1", films="none")) == folder
    assert run_program(["verify", str(folder)]) == 0


def test_a_hyperlapse_is_told_with_the_moments_that_it_shows(site_of: SiteOf) -> None:
    folder = folder_of(pull(site_of(Script(limits=False)), "hyperlapse", "--cameras", "road", minutes="2"))
    manifest = read_manifest(folder)
    assert manifest is not None
    film = next(each for each in manifest["files"] if each["role"] == "joined")
    [row] = film["time_to_utc"]
    assert (row["start"], row["end"][:19]) == (START, "2026-11-18T14:32:00")
    assert row["pace"] == pytest.approx(10, rel=0.05)
    assert (row["film_end"] - row["film_start"]) * row["pace"] == pytest.approx(120, abs=0.01)
    [piece] = manifest["cameras"]["road"]["timeline"]
    assert piece["pace"] == row["pace"]


def test_the_page_of_stills_shows_them_and_no_player(site_of: SiteOf) -> None:
    folder = folder_of(pull(site_of(Script(limits=False)), "image", "--cameras", "road", minutes="2"))
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count('<img src="Road_Still_') == 2
    assert "<video" not in page
    assert "<script" not in page


def test_a_finished_run_that_is_resumed_touches_no_file_and_an_edited_page_is_still_found(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    done = finished_and_resumed(site, "high")
    folder = folder_of(done)
    page = folder / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Nothing is missing", "All is well"), encoding="utf-8")
    assert site.run("resume", done.result["journal"], "--json").code == 0
    assert run_program(["verify", str(folder)]) == 9
