"""Claims about manifest.json, the log of custody and the originals of a finished folder."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import asarray
from PIL import Image

from demo.clockcode import read
from footage.evidence import custody
from footage.evidence.custody import Custody
from footage.evidence.manifest import read_manifest
from footage.values_json import time_from
from footage.version import VERSION
from tests.evidence_samples import NASTY, NOTE, REFERENCE, START

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 20, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def manifest(evidence_folder: Path) -> dict[str, Any]:
    found = read_manifest(evidence_folder)
    assert found is not None
    return found


def of_role(manifest: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [entry for entry in manifest["files"] if entry["role"] == role]


def test_every_file_of_the_folder_is_told_with_its_size_and_hash(
    manifest: dict[str, Any], evidence_folder: Path
) -> None:
    own = {"manifest.json", "index.html", "SHA256SUMS", "custody.log", ".incident.json"}
    there = {path.relative_to(evidence_folder).as_posix() for path in evidence_folder.rglob("*") if path.is_file()}
    assert {entry["file"] for entry in manifest["files"]} == there - own
    for entry in manifest["files"]:
        content = (evidence_folder / entry["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_originals_are_read_only_and_nothing_else_poses_as_one(manifest: dict[str, Any], evidence_folder: Path) -> None:
    for path in evidence_folder.glob("*_VideoClip_*"):
        assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert {entry["file"] for entry in of_role(manifest, "original")} == {
        path.name for path in evidence_folder.glob("*_VideoClip_*")
    }


def test_an_original_tells_what_was_asked_what_came_whence_and_when(manifest: dict[str, Any]) -> None:
    early = of_role(manifest, "original")[-1]
    assert early["camera"] == "analog1"
    assert early["requested"]["start"] == "2026-11-18T14:31:00Z"
    assert early["returned"]["start"] == "2026-11-18T14:30:56Z"
    assert early["retrieval_id"]
    assert early["source"].startswith("http://127.0.0.1:")
    assert "?" not in early["source"]
    assert time_from(early["received"]) > START
    assert early["stream"]["video"]["codec"] == "h264"


def test_no_signature_and_no_key_is_anywhere_in_the_folder(evidence_folder: Path) -> None:
    for name in ("manifest.json", "index.html", "custody.log", ".incident.json"):
        text = (evidence_folder / name).read_text(encoding="utf-8")
        assert "samsara_api_" not in text
        assert "Signature" not in text


def test_a_derivative_names_parents_command_and_makers(manifest: dict[str, Any]) -> None:
    originals = {entry["file"] for entry in of_role(manifest, "original")}
    for film in [*of_role(manifest, "joined"), *of_role(manifest, "side_by_side")]:
        assert film["parents"]
        assert set(film["parents"]) <= originals
        assert film["commands"]
        assert all(command.startswith("ffmpeg ") for command in film["commands"])
        assert film["program"].endswith(VERSION)
        assert film["ffmpeg"]


def test_the_side_by_side_names_the_camera_whose_sound_it_has(manifest: dict[str, Any]) -> None:
    [film] = of_role(manifest, "side_by_side")
    assert film["audio"] == "road"
    assert any("camera road's" in note for note in manifest["notes"])


def shown_at(film: Path) -> Iterator[tuple[float, Any]]:
    """Each picture with its time in the film."""
    with av.open(str(film)) as container:
        for frame in container.decode(container.streams.video[0]):
            yield frame.time, frame.to_ndarray(format="gray")


@pytest.mark.parametrize("camera", ["road", "driver", "analog1"])
def test_a_joined_films_time_maps_to_the_moment_that_its_pictures_show(
    manifest: dict[str, Any], evidence_folder: Path, camera: str
) -> None:
    film = next(each for each in of_role(manifest, "joined") if each["camera"] == camera)
    for seconds, picture in islice(shown_at(evidence_folder / film["file"]), 0, None, 40):
        code = read(picture)
        assert code is not None
        row = next(each for each in film["time_to_utc"] if each["film_start"] - 0.001 <= seconds < each["film_end"])
        told = time_from(row["start"]) + timedelta(seconds=seconds - row["film_start"])
        assert abs(told.timestamp() - code.milliseconds / 1000) < 0.002


def test_coverage_is_one_line_a_camera_with_each_gap_in_both_clocks(manifest: dict[str, Any]) -> None:
    road = manifest["cameras"]["road"]
    assert road["coverage"].startswith("Road: 83 of 90 seconds. 1 gap: 08:30:53 to 08:31:00 CST, 7 s, ")
    assert road["gaps"][0]["utc"] == "14:30:53 to 14:31:00 UTC"
    driver = manifest["cameras"]["driver"]["gaps"][0]
    assert (driver["reason"], driver["words"]) == ("unavailable", "the camera no longer has it")


def test_what_the_person_adds_is_there(manifest: dict[str, Any]) -> None:
    assert (manifest["reference"], manifest["note"], manifest["clock_offset_seconds"]) == (REFERENCE, NOTE, -1.5)
    assert manifest["incident"]["name"] == NASTY
    assert manifest["incident"]["timezone"] == "America/Chicago"


def test_stills_show_the_moment_that_they_are_named_for(manifest: dict[str, Any], evidence_folder: Path) -> None:
    stills = of_role(manifest, "still")
    assert {"begin", "middle", "last picture before a gap", "first picture after a gap"} <= {s["why"] for s in stills}
    for still in stills:
        code = read(asarray(Image.open(evidence_folder / still["file"]).convert("L")))
        assert code is not None
        late = time_from(still["moment"]).timestamp() - code.milliseconds / 1000
        assert -0.002 <= late <= 1 / 15 + 0.003, still["file"]


def test_the_track_is_there_as_csv_and_gpx_with_its_hole(evidence_folder: Path) -> None:
    rows = list(csv.DictReader((evidence_folder / "telematics.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 111 - 18
    gpx = ElementTree.parse(evidence_folder / "telematics.gpx").getroot()  # noqa: S314 - our own file
    names = {"gpx": "http://www.topografix.com/GPX/1/1"}
    assert len(gpx.findall("gpx:trk/gpx:trkseg", names)) == 2
    assert len(gpx.findall(".//gpx:trkpt", names)) == len(rows)


def test_the_log_is_a_chain_that_tells_of_every_file(manifest: dict[str, Any], evidence_folder: Path) -> None:
    lines = custody.read_lines(evidence_folder / custody.NAME)
    assert list(custody.broken_links(lines)) == []
    told = {entry["file"]: entry["sha256"] for entry in custody.entries_of(lines) if "file" in entry}
    assert told == {entry["file"]: entry["sha256"] for entry in manifest["files"]}


Facts = st.lists(st.dictionaries(st.sampled_from(["file", "why"]), st.text(max_size=20)), min_size=1, max_size=8)


@settings(deadline=None)
@given(facts=Facts, cut=st.data())
def test_a_log_with_any_line_changed_taken_out_or_doubled_is_no_chain(
    tmp_path_factory: pytest.TempPathFactory, facts: list[dict[str, str]], cut: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = Custody(folder, clock=lambda: NOW)
    for each in facts:
        log.note("made", **each)
    lines = custody.read_lines(folder / custody.NAME)
    assert list(custody.broken_links(lines)) == []
    number = cut.draw(st.integers(0, len(lines) - 1))
    harm: Callable[[list[str]], list[str]] = cut.draw(st.sampled_from([_doubled(number), _swapped(number)]))
    harmed = harm(lines)
    assert harmed == lines or list(custody.broken_links(harmed))


def _doubled(number: int) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[: number + 1], *lines[number:]]


def _swapped(number: int) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines[number:], *lines[:number]]


def test_a_line_torn_by_a_power_cut_is_dropped_and_the_log_goes_on(tmp_path: Path) -> None:
    Custody(tmp_path, clock=lambda: NOW).note("made", file="a")
    with (tmp_path / custody.NAME).open("a", encoding="utf-8") as file:
        file.write('{"line": 2, "ti')
    Custody(tmp_path, clock=lambda: NOW).note("made", file="b")
    lines = custody.read_lines(tmp_path / custody.NAME)
    assert [json.loads(line)["file"] for line in lines] == ["a", "b"]
    assert list(custody.broken_links(lines)) == []
