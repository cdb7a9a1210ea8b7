"""Claims about `pack`: one zip that is whole, as small as asked, and honest about what it leaves out."""

from __future__ import annotations

import shutil
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cli.evidence import parse_size
from footage.errors import InputRefused, VerificationFailed
from footage.evidence import checksums, custody
from footage.evidence.pack import Packed, pack
from footage.evidence.verify import State, verify
from footage.folder import IDENTITY
from footage.video.ffmpeg import FFmpeg
from main import run_program
from tests.evidence_samples import copy_of, flip, one_of

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 18, 20, 0, tzinfo=timezone.utc)


def packed(folder: Path, target: Path, limit: int | None = None) -> Packed:
    return pack(folder, target, max_bytes=limit, tool=FFmpeg(), clock=lambda: NOW, say=lambda text: None)


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)  # noqa: S202 - our own zip
    return next(folder.iterdir())


def sizes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def test_the_zip_holds_every_file_as_it_is_and_stored(evidence_folder: Path, tmp_path: Path) -> None:
    done = packed(evidence_folder, tmp_path / "all.zip")
    with zipfile.ZipFile(done.path) as archive:
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
    copy = unpacked(done.path, tmp_path / "out")
    everything = (path for path in evidence_folder.rglob("*") if path.is_file() and path.name != IDENTITY)
    there = {path.relative_to(evidence_folder): path for path in everything}
    assert {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()} == set(there)
    for name, path in there.items():
        assert (copy / name).read_bytes() == path.read_bytes()
    assert done.left_out == ()


def test_a_limit_takes_the_side_by_side_out_first_and_puts_a_small_copy_in_its_place(
    evidence_folder: Path, tmp_path: Path
) -> None:
    side = one_of(evidence_folder, "SideBySide_*")
    whole = packed(evidence_folder, tmp_path / "all.zip").bytes
    limit = whole - side.stat().st_size // 10
    done = packed(evidence_folder, tmp_path / "small.zip", limit)
    assert done.bytes <= limit
    assert done.left_out == (side.name,)
    assert done.copy == f"{side.stem}_email_copy.mp4"
    copy = unpacked(done.path, tmp_path / "out")
    made = custody.last_of(custody.entries_of(custody.read_lines(copy / custody.NAME)), custody.MADE)
    assert made is not None
    assert made["what"].startswith("derivative")
    assert made["parents"] == [side.name]


def test_what_was_left_out_is_told_and_is_no_difference(evidence_folder: Path, tmp_path: Path) -> None:
    films = sizes(evidence_folder, "*_Merged_*")
    done = packed(evidence_folder, tmp_path / "small.zip", packed(evidence_folder, tmp_path / "all.zip").bytes - films)
    copy = unpacked(done.path, tmp_path / "out")
    found = verify(copy, say=lambda text: None)
    assert found.differences == []
    assert {each.file for each in found.findings if each.state is State.LEFT_OUT} == set(done.left_out)


def test_a_file_removed_from_a_smaller_zip_is_still_found(evidence_folder: Path, tmp_path: Path) -> None:
    whole = packed(evidence_folder, tmp_path / "all.zip").bytes
    done = packed(evidence_folder, tmp_path / "small.zip", whole - 1000)
    copy = unpacked(done.path, tmp_path / "out")
    victim = one_of(copy, "Road_VideoClip_*")
    victim.unlink()
    assert any(victim.name in sentence for sentence in verify(copy, decode=False, say=lambda text: None).differences)


def test_an_email_sized_zip_keeps_the_page_and_a_small_copy(evidence_folder: Path, tmp_path: Path) -> None:
    rest = sizes(evidence_folder, "stills/*") + 150_000
    done = packed(evidence_folder, tmp_path / "mail.zip", rest + 1_200_000)
    assert done.bytes <= rest + 1_200_000
    assert done.copy is not None
    copy = unpacked(done.path, tmp_path / "out")
    assert (copy / "index.html").is_file()
    assert set(checksums.read_checksums(copy)) >= {done.copy, "manifest.json", custody.NAME}


def test_a_limit_that_nothing_fits_is_refused(evidence_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="needs"):
        packed(evidence_folder, tmp_path / "none.zip", 10_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["flip", "remove"])
def test_a_folder_that_was_changed_is_not_packed(evidence_folder: Path, tmp_path: Path, harm: str) -> None:
    folder = copy_of(evidence_folder, tmp_path / "copy")
    victim = one_of(folder, "Road_VideoClip_*")
    if harm == "flip":
        flip(victim)
    else:
        victim.unlink()
    with pytest.raises(VerificationFailed, match=victim.name):
        packed(folder, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()
    shutil.rmtree(folder)


def test_the_folder_itself_is_not_touched(evidence_folder: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in evidence_folder.rglob("*")}
    packed(evidence_folder, tmp_path / "mail.zip", 1_500_000)
    assert {path: path.stat().st_mtime_ns for path in evidence_folder.rglob("*")} == before


def test_the_command_says_where_the_zip_is(
    evidence_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["pack", str(evidence_folder), "--to", str(tmp_path / "deep" / "it.zip")]) == 0
    assert str(tmp_path / "deep" / "it.zip") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "size"),
    [("25MB", 25_000_000), ("1.5 gb", 1_500_000_000), ("800k", 800_000), ("4096", 4096)],
)
def test_sizes_are_understood(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "-1MB", "0", "5 parsecs"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        parse_size(text)


def test_a_file_that_has_the_zips_name_is_not_written_over(
    evidence_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "all.zip").write_bytes(b"precious")
    assert run_program(["pack", str(evidence_folder), "--to", str(tmp_path / "all.zip")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "all.zip").read_bytes() == b"precious"


def test_a_zip_inside_of_the_folder_that_is_packed_is_refused(evidence_folder: Path) -> None:
    with pytest.raises(InputRefused, match="outside"):
        packed(evidence_folder, evidence_folder / "deep" / "all.zip")
    assert not (evidence_folder / "deep").exists()


def test_a_limit_is_kept_whatever_the_folder_is_called(evidence_folder: Path, tmp_path: Path) -> None:
    folder = copy_of(evidence_folder, tmp_path / ("\u0440" * 100))
    whole = packed(folder, tmp_path / "all.zip").bytes
    for less in (1, 3000):
        assert packed(folder, tmp_path / f"{less}.zip", whole - less).bytes <= whole - less
