"""Writes the evidence package into an incident's folder: what is known, what it hashes to, and a page to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from footage.evidence import checksums, custody, viewer
from footage.evidence.custody import Custody
from footage.evidence.manifest import NAME as MANIFEST
from footage.evidence.manifest import (
    ORIGINAL,
    STILL,
    TRACK,
    build_manifest,
    files_told,
    manifest_pieces,
    read_manifest,
)
from footage.evidence.stills import plan_stills, take_stills
from footage.evidence.track_files import write_track
from footage.files import make_writable, sha256_of, write_pieces
from footage.folder import IDENTITY
from footage.report import Report
from footage.telematics import NO_TRACK, Track
from footage.values_json import time_text
from footage.video.ffmpeg import FFmpeg

Json = dict[str, Any]
_WRITTEN = "written"
SEALED = {"manifest": MANIFEST, "viewer": viewer.NAME, "identity": IDENTITY}
"""The files whose hashes stand in the log's line about the package, under these words."""


@dataclass(frozen=True, slots=True)
class Packaging:
    """What the package is written with. `track` is where the vehicle was; `notes` are sentences for the manifest."""

    custody: Custody
    tool: FFmpeg
    clock: Callable[[], datetime]
    track: Track = NO_TRACK
    notes: Sequence[str] = ()


def write_first_look(report: Report, packaging: Packaging) -> Path:
    """A page that plays all cameras, while the side-by-side is still being composed; hashes and stills follow later."""
    manifest = build_manifest(report, ffmpeg=packaging.tool.version, notes=packaging.notes)
    page = report.journal.folder / viewer.NAME
    write_pieces(page, viewer.page_pieces(manifest, packaging.track, under_way=True))
    return page


def write_package(report: Report, packaging: Packaging) -> None:
    """Bring the package up to date with the report; a folder that is as it was told already is not touched."""
    folder = report.journal.folder
    for clip in report.journal.clips:
        packaging.custody.receive(clip)
    before = read_manifest(folder) or {}
    if _is_told(report, packaging, before) and _is_sealed(folder, packaging.custody):
        return
    derived = _derived(report, packaging, before)
    manifest = build_manifest(report, ffmpeg=packaging.tool.version, derived=derived, notes=packaging.notes)
    _drop_stale(folder, manifest, before, packaging.custody)
    for entry in manifest["files"]:
        if entry["role"] != ORIGINAL and not packaging.custody.knows(entry["file"], entry["sha256"]):
            facts = {name: entry[name] for name in ("file", "bytes", "sha256", "parents")}
            packaging.custody.note(custody.MADE, **facts)
    _seal(folder, {**manifest, _WRITTEN: time_text(packaging.clock())}, packaging)


def _derived(report: Report, packaging: Packaging, before: Mapping[str, Any]) -> list[Json]:
    """Stills and the files of the track, made where they are not there."""
    known = [entry for entry in files_told(before) if entry.get("role") == STILL]
    bare = build_manifest(report, ffmpeg=packaging.tool.version)
    shots = plan_stills(bare, packaging.track.key_moments())
    now = packaging.clock()
    stills = take_stills(report.journal.folder, shots, known, packaging.tool, now) if shots else []
    return [*stills, *write_track(report, packaging.track, before, now)]


def _is_told(report: Report, packaging: Packaging, before: Mapping[str, Any]) -> bool:
    """Whether the manifest that is there tells just this. What it tells of stills and tracks is taken as it is.

    Files that somebody changed meanwhile are so left for `verify` to find, and not hashed anew as if they were right.
    """
    derived = [entry for entry in files_told(before) if entry.get("role") in (STILL, TRACK)]
    now = build_manifest(report, ffmpeg=packaging.tool.version, derived=derived, notes=packaging.notes)
    return _lasting(now) == _lasting(before)


def _lasting(manifest: Mapping[str, Any]) -> Json:
    # The counts of requests belong to a run, not to the folder: a resumed run that did nothing must change nothing.
    return {name: value for name, value in manifest.items() if name not in (_WRITTEN, "requests", "quota")}


def _is_sealed(folder: Path, log: Custody) -> bool:
    """Whether page, list and log were all written after this manifest, for a run may have been killed in between.

    The page is written before the log tells of both: one that differs then was changed, and is left for `verify`.
    """
    last = log.last(custody.PACKAGE)
    files = (viewer.NAME, checksums.NAME)
    if last is None or not all((folder / name).is_file() for name in files):
        return False
    return last.get("manifest") == checksums.read_checksums(folder).get(MANIFEST) == sha256_of(folder / MANIFEST)


def _drop_stale(folder: Path, manifest: Json, before: Mapping[str, Any], log: Custody) -> None:
    """Remove stills and tracks that an earlier package told of and this one does not."""
    here = {entry["file"] for entry in manifest["files"]}
    for entry in files_told(before):
        if entry.get("role") in (STILL, TRACK) and entry["file"] not in here and (folder / entry["file"]).is_file():
            make_writable(folder / entry["file"])
            (folder / entry["file"]).unlink()
            log.note(custody.DROPPED, file=entry["file"], sha256="", why="not part of the package any more")


def _seal(folder: Path, manifest: Json, packaging: Packaging) -> None:
    """Manifest, page, the log's line about both, and last the list of all hashes.

    The list leaves out the hidden file that says whose the folder is: who copies what can be seen has everything that
    the list asks for.
    """
    write_pieces(folder / MANIFEST, manifest_pieces(manifest))
    write_pieces(folder / viewer.NAME, viewer.page_pieces(manifest, packaging.track))
    told = {key: sha256_of(folder / name) for key, name in SEALED.items() if (folder / name).is_file()}
    packaging.custody.note(custody.PACKAGE, status=manifest["status"], files=len(manifest["files"]), **told)
    hashes = {entry["file"]: entry["sha256"] for entry in manifest["files"] if (folder / entry["file"]).is_file()}
    for name in (MANIFEST, viewer.NAME, custody.NAME):
        hashes[name] = sha256_of(folder / name)
    checksums.write_checksums(folder, hashes)
