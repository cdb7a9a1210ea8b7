"""Claims about `verify`: whatever was done to a folder is found and named, and an untouched one passes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from footage.errors import InputRefused, Interrupted
from footage.evidence import checksums, custody
from footage.evidence.verify import State, Verification, verify
from footage.folder import IDENTITY
from footage.video.ffmpeg import FFmpeg
from main import run_program
from tests.evidence_samples import copy_of, flip, one_of

pytestmark = pytest.mark.slow


def check(folder: Path, *, decode: bool = False) -> Verification:
    return verify(folder, decode=decode, say=lambda text: None)


def states(folder: Path) -> dict[str, State]:
    return {each.file: each.state for each in check(folder).findings}


def relist(folder: Path) -> None:
    """What a tamperer does who knows about SHA256SUMS: list anew what is there."""
    paths = [folder / name for name in checksums.read_checksums(folder)]
    there = [path for path in paths if path.exists()]
    hashes = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in there}
    checksums.write_checksums(folder, hashes)


@pytest.fixture
def copy(evidence_folder: Path, tmp_path: Path) -> Iterator[Path]:
    folder = copy_of(evidence_folder, tmp_path / "copy")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_an_untouched_folder_passes_and_its_films_are_as_planned(evidence_folder: Path) -> None:
    found = check(evidence_folder, decode=True)
    assert found.differences == []
    assert found.films == 4
    assert {finding.state for finding in found.findings} == {State.UNCHANGED}


def test_sha256sum_passes_on_a_finished_folder(evidence_folder: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum on this computer")
    command = ["sha256sum", "--strict", "-c", checksums.NAME]
    done = subprocess.run(command, cwd=evidence_folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = [path for path in evidence_folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert len(done.stdout.splitlines()) == len(seen) - 1


def test_a_copy_of_all_that_can_be_seen_passes_both_checks(copy: Path) -> None:
    (copy / IDENTITY).unlink()
    assert check(copy).differences == []
    assert all((copy / name).is_file() for name in checksums.read_checksums(copy))


KINDS = ["Road_VideoClip_*", "Driver_Merged_*", "SideBySide_*", "stills/*", "telematics.csv", "telematics.gpx"]
KINDS += ["manifest.json", "index.html", "custody.log", "SHA256SUMS"]


@pytest.mark.parametrize("kind", [*KINDS, IDENTITY])
@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.999])
def test_one_flipped_bit_is_found_and_its_file_named(copy: Path, kind: str, at: float) -> None:
    victim = one_of(copy, kind)
    flip(victim, at)
    assert any(victim.name in sentence for sentence in check(copy).differences)


@pytest.mark.parametrize("kind", KINDS)
def test_a_removed_file_is_found_and_named(copy: Path, kind: str) -> None:
    victim = one_of(copy, kind)
    victim.unlink()
    assert any(victim.name in sentence and "missing" in sentence for sentence in check(copy).differences)


@pytest.mark.parametrize("name", ["Road_VideoClip_extra.mp4", "stills/more.jpg", ".hidden"])
def test_an_added_file_is_found_and_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"new")
    finding = next(each for each in check(copy).findings if each.file == name)
    assert finding.state is State.UNKNOWN


def test_what_a_file_manager_leaves_behind_is_named_and_no_difference(copy: Path) -> None:
    for name in ("Thumbs.db", "stills/.DS_Store"):
        (copy / name).write_bytes(b"thumbs")
    found = check(copy)
    assert found.differences == []
    assert {each.file for each in found.findings if each.state is State.IGNORED} == {"Thumbs.db", "stills/.DS_Store"}


@pytest.mark.parametrize("name", ["new/desktop.ini", ".work/piece.mp4", ".work/deep/run.lock"])
def test_what_is_hidden_under_a_name_that_is_passed_over_elsewhere_is_found(copy: Path, name: str) -> None:
    (copy / name).parent.mkdir(parents=True)
    (copy / name).write_bytes(b"new")
    assert states(copy)[name] is State.UNKNOWN


def test_pieces_of_a_run_that_has_not_ended_are_no_difference(copy: Path) -> None:
    (copy / ".work").mkdir()
    (copy / ".work" / "piece.mp4").write_bytes(b"piece")
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"partial"', '"pending"', 1), encoding="utf-8")
    assert states(copy)[".work"] is State.IGNORED


def test_a_link_is_found_and_named(copy: Path, tmp_path: Path) -> None:
    film = one_of(copy, "SideBySide_*")
    film.rename(tmp_path / "elsewhere.mp4")
    try:
        film.symlink_to(tmp_path / "elsewhere.mp4")
        (copy / "beside").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made on this computer")
    found = states(copy)
    assert (found[film.name], found["beside"]) == (State.CHANGED, State.UNKNOWN)


SHAPES = ['{"files": null}', '{"files": 5}', '{"files": [{"file": {"a": 1}, "role": "joined"}]}', "[1]", "[" * 100_000]


@pytest.mark.parametrize("text", SHAPES)
def test_a_manifest_of_any_shape_is_found_and_named(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    found = check(copy, decode=True).differences
    assert any(sentence.startswith("manifest.json: changed") for sentence in found)


@pytest.mark.parametrize("key", ['"height"', '"packets"', '"parents"', '"role"', '"stream"', '"sha256"'])
def test_a_bit_flipped_in_any_key_of_the_manifest_ends_with_nine(
    copy: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = copy / "manifest.json"
    content = bytearray(manifest.read_bytes())
    at = content.index(key.encode(), content.index(b'"role": "side_by_side"') if key == '"height"' else 0)
    content[at + 3] ^= 1
    manifest.write_bytes(content)
    assert run_program(["verify", str(copy)]) == 9
    assert "changed  manifest.json" in capsys.readouterr().out


@pytest.mark.parametrize("line", ['{"line": 5, "event": "packed", "left_out": null}', "[" * 100_000])
def test_a_log_with_a_line_of_any_shape_is_found_and_named(copy: Path, line: str) -> None:
    with (copy / custody.NAME).open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{line}\n")
    assert any(sentence.startswith(f"{custody.NAME}: changed") for sentence in check(copy).differences)


def test_an_edited_manifest_is_found_even_where_the_list_was_written_anew(copy: Path) -> None:
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"partial"', '"complete"'), encoding="utf-8")
    relist(copy)
    assert any(sentence.startswith("manifest.json: changed") for sentence in check(copy).differences)


def test_an_original_that_was_exchanged_is_found_even_where_the_list_was_written_anew(copy: Path) -> None:
    victim, other = one_of(copy, "Road_VideoClip_*"), one_of(copy, "Analog1_VideoClip_*")
    victim.write_bytes(other.read_bytes())
    relist(copy)
    sentence = next(each for each in check(copy).differences if each.startswith(victim.name))
    assert "manifest.json" in sentence
    assert custody.NAME in sentence


def lines_of(folder: Path) -> list[str]:
    return (folder / custody.NAME).read_text(encoding="utf-8").splitlines(keepends=True)


CUTS: dict[str, Callable[[list[str]], list[str]]] = {
    "its last line": lambda lines: lines[:-1],
    "its first line": lambda lines: lines[1:],
    "a line in the middle": lambda lines: [*lines[:3], *lines[4:]],
    "the end of its last line": lambda lines: [*lines[:-1], lines[-1][:-9]],
    "everything": lambda lines: [],
}


@pytest.mark.parametrize("what", CUTS)
def test_a_cut_log_is_found_even_where_the_list_was_written_anew(copy: Path, what: str) -> None:
    (copy / custody.NAME).write_text("".join(CUTS[what](lines_of(copy))), encoding="utf-8", newline="\n")
    relist(copy)
    assert any(sentence.startswith(custody.NAME) or f"of {custody.NAME}" in sentence for sentence in check(copy).others)


def test_a_changed_line_of_the_log_breaks_the_chain(copy: Path) -> None:
    lines = lines_of(copy)
    lines[1] = lines[1].replace('"received"', '"recieved"')
    (copy / custody.NAME).write_text("".join(lines), encoding="utf-8", newline="\n")
    relist(copy)
    assert any("line 3" in sentence and "does not follow" in sentence for sentence in check(copy).others)


def test_a_film_that_is_not_the_planned_one_is_found_by_playing_it(copy: Path) -> None:
    film = one_of(copy, "SideBySide_*")
    old = hashlib.sha256(film.read_bytes()).hexdigest()
    shorter = film.with_name("shorter.mp4")
    FFmpeg().run(["-i", str(film), "-t", "80", "-c", "copy", str(shorter)])
    shorter.replace(film)
    new = hashlib.sha256(film.read_bytes()).hexdigest()
    for name in ("manifest.json", custody.NAME, checksums.NAME):
        text = (copy / name).read_text(encoding="utf-8").replace(old, new)
        (copy / name).write_text(text, encoding="utf-8", newline="\n")
    found = check(copy, decode=True)
    assert any(film.name in sentence and "pictures where 1350 were planned" in sentence for sentence in found.others)


def test_the_command_ends_with_nine_on_a_difference_and_names_it(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = one_of(copy, "Road_VideoClip_*")
    flip(victim)
    assert run_program(["verify", str(copy), "--json"]) == 9
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 9
    assert told["error"]["kind"] == "verification"
    assert any(victim.name in sentence for sentence in told["differences"])


def test_the_command_ends_with_nought_on_an_untouched_folder_and_changes_nothing(
    evidence_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in evidence_folder.rglob("*")}
    assert run_program(["verify", str(evidence_folder), "--quick"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in evidence_folder.rglob("*")} == before


def test_a_folder_without_a_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"manifest\.json"):
        check(tmp_path)


def test_a_stop_is_heeded(evidence_folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        verify(evidence_folder, say=lambda text: None, stop=stop)


@pytest.mark.parametrize("value", [None, 5, "x", [1], {"video": [2]}, [{"a": {}}]])
def test_a_film_is_checked_against_an_entry_of_any_shape(copy: Path, value: object) -> None:
    manifest = copy / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    for entry in told["files"]:
        film = entry["role"] in ("joined", "side_by_side")
        keys = ("packets", "frames", "width", "height", "parents") if film else ("stream", "role")
        entry.update(dict.fromkeys(keys, value))
    manifest.write_text(json.dumps(told), encoding="utf-8")
    found = check(copy, decode=True)
    assert found.films == 4
    assert any(sentence.startswith("manifest.json: changed") for sentence in found.differences)
