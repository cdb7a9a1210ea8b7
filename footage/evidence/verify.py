"""Checks a folder against its manifest, list of hashes and log of custody. Changes nothing, asks nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Any

from footage.errors import InputRefused
from footage.evidence import checksums, custody, viewer
from footage.evidence.film_check import check_film, is_film
from footage.evidence.inventory import Inventory, take_inventory
from footage.evidence.manifest import NAME as MANIFEST
from footage.evidence.manifest import files_told, read_manifest
from footage.evidence.package import SEALED
from footage.folder import IDENTITY
from footage.hashing import hash_file
from footage.video.ffmpeg import FFmpeg
from footage.workshop import Kind, LocalWorkshop, Terms, Workshop, results

_OWN = (MANIFEST, checksums.NAME, custody.NAME)
_ENDED = {"complete", "partial", "nothing"}
"""How a run ended that left no pieces behind."""

Json = dict[str, Any]


class State(str, Enum):
    """What became of a file since the package was written."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    LEFT_OUT = "left out"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Finding:
    """One file and what became of it; `why` is a sentence where there is something to say."""

    file: str
    state: State
    why: str = ""

    @property
    def is_difference(self) -> bool:
        """Whether this file is not as it should be."""
        return self.state not in (State.UNCHANGED, State.LEFT_OUT, State.IGNORED)


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was found. `others` are sentences on what is wrong beyond single files: the chain, the films."""

    folder: Path
    findings: tuple[Finding, ...]
    others: tuple[str, ...]
    films: int
    bytes: int
    seconds: float
    """What the hashing took, without the films."""
    seal: str
    """SHA-256 of SHA256SUMS: the one hash to compare with what was told at the hand-over."""

    @property
    def differences(self) -> list[str]:
        """A sentence for each difference; none where all is as it was."""
        files = [f"{each.file}: {each.state.value}. {each.why}".strip() for each in self.findings if each.is_difference]
        return [*files, *self.others]


def verify(
    folder: Path,
    *,
    decode: bool = True,
    say: Callable[[str], None],
    stop: threading.Event | None = None,
    workshop: Workshop | None = None,
) -> Verification:
    """Read every file once, several at once, and compare; then play the films against the plan where `decode`.

    Both is done in `workshop`, without one in threads of this program. Raises InputRefused where the folder holds no
    package at all, and Interrupted on `stop`.
    """
    if not any((folder / name).is_file() for name in _OWN):
        raise InputRefused(f"{folder} holds no evidence package: there is no manifest.json and no SHA256SUMS in it.")
    folder, tool = folder.absolute(), FFmpeg(stop=stop)
    place = LocalWorkshop() if workshop is None else workshop
    say("Reading every file.")
    told = _Told.read(folder)
    there = take_inventory(folder, told.places, under_way=told.status not in _ENDED)
    began = perf_counter()
    actual = _hash_all(folder, there.files, tool, place)
    seconds = perf_counter() - began
    findings = tuple(_findings(told, there, actual))
    others = [*_list_trouble(folder, told), *_log_trouble(folder, told, actual)]
    unchanged = {each.file for each in findings if each.state is State.UNCHANGED}
    films = [each for each in told.files if decode and is_film(each) and each["file"] in unchanged]
    others += _play(folder, films, told.files, say, tool, place)
    size = sum((folder / name).stat().st_size for name in actual)
    return Verification(folder, findings, tuple(others), len(films), size, seconds, actual.get(checksums.NAME, ""))


@dataclass(frozen=True, slots=True)
class _Told:
    """What the folder tells of itself: hashes by who tells them."""

    files: list[Json]
    status: object
    manifest_is_readable: bool
    by_manifest: dict[str, str]
    by_list: dict[str, str]
    by_log: dict[str, str]
    lines: list[str]
    left_out: frozenset[str]

    @classmethod
    def read(cls, folder: Path) -> _Told:
        manifest = read_manifest(folder)
        files = files_told(manifest)
        lines = custody.read_lines(folder / custody.NAME)
        entries = custody.entries_of(lines)
        by_log = {str(each["file"]): str(each.get("sha256", "")) for each in entries if "file" in each}
        package, packed = (custody.last_of(entries, event) or {} for event in (custody.PACKAGE, custody.PACKED))
        left_out = packed.get("left_out")
        for key, name in SEALED.items():
            if key in package:
                by_log[name] = str(package[key])
        return cls(
            files,
            (manifest or {}).get("status"),
            manifest is not None,
            {each["file"]: str(each.get("sha256", "")) for each in files},
            checksums.read_checksums(folder),
            {name: sha256 for name, sha256 in by_log.items() if sha256},
            lines,
            frozenset(map(str, left_out if isinstance(left_out, list) else ())),
        )

    @property
    def places(self) -> set[str]:
        """The folders in which the package has files."""
        return {".", *(PurePosixPath(name).parent.as_posix() for name in (*self.by_manifest, *self.by_list))}

    def of(self, file: str) -> dict[str, str]:
        """Who tells which hash of a file."""
        sources = {MANIFEST: self.by_manifest, checksums.NAME: self.by_list, custody.NAME: self.by_log}
        return {name: hashes[file] for name, hashes in sources.items() if file in hashes}


def _hash_all(folder: Path, names: list[str], tool: FFmpeg, workshop: Workshop) -> dict[str, str]:
    """The hash of every file by its name, the largest begun first."""
    largest_first = sorted(names, key=lambda name: (folder / name).stat().st_size, reverse=True)
    terms = Terms(tool, Kind.COPY)
    hashes = results([workshop.submit(terms, hash_file, folder / name) for name in largest_first], tool)
    return dict(zip(largest_first, hashes, strict=True))


def _findings(told: _Told, there: Inventory, actual: Mapping[str, str]) -> Iterator[Finding]:
    listed = {*told.by_manifest, *told.by_list, checksums.NAME, custody.NAME, MANIFEST}
    if IDENTITY in told.by_log and IDENTITY in actual:  # a copy that left what is hidden behind is whole without it
        listed.add(IDENTITY)
    for file in sorted({*listed, *actual, *there.strange, *there.ignored}):
        if file in there.ignored:
            yield Finding(file, State.IGNORED, there.ignored[file])
        elif file in there.strange:
            yield Finding(file, State.CHANGED if file in listed else State.UNKNOWN, there.strange[file])
        elif file not in actual:
            left_out = file in told.left_out
            yield Finding(file, State.LEFT_OUT if left_out else State.MISSING)
        elif file not in listed:
            yield Finding(file, State.UNKNOWN, "The package does not tell of it.")
        elif file != checksums.NAME:
            yield _compared(file, actual[file], told.of(file))


def _compared(file: str, actual: str, told: Mapping[str, str]) -> Finding:
    wrong = [name for name, sha256 in told.items() if sha256 != actual]
    if not wrong:
        return Finding(file, State.UNCHANGED)
    if len(wrong) < len(told) and wrong == [checksums.NAME]:
        return Finding(file, State.UNCHANGED, f"Only its line in {checksums.NAME} differs.")
    return Finding(file, State.CHANGED, f"Its content is not what {' and '.join(wrong)} tell.")


def _list_trouble(folder: Path, told: _Told) -> Iterator[str]:
    """Whether SHA256SUMS itself is as it was written."""
    path = folder / checksums.NAME
    if not path.is_file():
        yield f"{checksums.NAME}: missing."
        return
    for file in sorted({*told.by_manifest, MANIFEST, viewer.NAME, custody.NAME} - {*told.by_list} - told.left_out):
        yield f"{checksums.NAME}: changed. It has no line for {file}."
    for file, sha256 in told.by_list.items():
        others = {name: each for name, each in told.of(file).items() if name != checksums.NAME}
        if others and sha256 not in others.values():
            yield f"{checksums.NAME}: changed. Its line for {file} is not what {' and '.join(others)} tell."
    if path.read_bytes() != checksums.text_of(told.by_list).encode():
        yield f"{checksums.NAME}: changed. It is not written as this program writes it."


def _log_trouble(folder: Path, told: _Told, actual: Mapping[str, str]) -> Iterator[str]:
    """Whether the log is a whole chain that ends with this very package."""
    if custody.NAME not in actual:
        return
    yield from custody.broken_links(told.lines)
    if not (folder / custody.NAME).read_bytes().endswith(b"\n"):
        yield f"{custody.NAME}: its last line is cut"
    if MANIFEST not in told.by_log:
        yield f"{custody.NAME}: the line that tells of the package is gone, so the log was cut"
    for file in sorted(told.by_manifest):
        if file not in told.by_log and told.lines:
            yield f"{custody.NAME}: it does not tell where {file} came from, so lines are missing"
    if not told.manifest_is_readable and MANIFEST in actual:
        yield f"{MANIFEST}: it cannot be read"


def _play(
    folder: Path,
    films: list[Json],
    files: list[Json],
    say: Callable[[str], None],
    tool: FFmpeg,
    workshop: Workshop,
) -> list[str]:
    if not films:
        return []
    say(f"Playing {len(films)} film{'s' if len(films) != 1 else ''} from end to end.")
    terms = Terms(tool, Kind.COPY)
    found = results([workshop.submit(terms, check_film, folder, film, files) for film in films], tool)
    return [sentence for sentences in found for sentence in sentences]
