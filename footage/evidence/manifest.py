"""manifest.json: the incident, every file with its origin and hash, the coverage, and each film's map to UTC.

The fields are documented in docs/manifest.md; a change that a reader could stumble over raises SCHEMA.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from footage.evidence.coverage import coverage_line, local_span, utc_span
from footage.filmbook import CONTACT_SHEET, SIDE_BY_SIDE
from footage.media_json import media_to_json
from footage.models import Camera, Clip, Missing
from footage.report import Report, reason_words
from footage.timeline import Piece
from footage.values_json import time_from, time_text, window_to_json
from footage.version import PROGRAM, VERSION
from footage.video.join_texts import pace_of

NAME = "manifest.json"
SCHEMA = 1
ORIGINAL, JOINED, SIDE, SHEET = "original", "joined", "side_by_side", "contact_sheet"
STILL, TRACK = "still", "track"

Json = dict[str, Any]
_FILM_FACTS = ("seconds", "packets", "frames", "width", "height", "encoder", "audio")


def build_manifest(report: Report, *, ffmpeg: str, derived: Sequence[Json] = (), notes: Sequence[str] = ()) -> Json:
    """The manifest of a folder as it stands, without `written`. `derived` are entries of files beside the films."""
    journal = report.journal
    result = report.to_json()
    evidence = journal.settings.evidence
    told = result["cameras"]
    cameras = {camera.word: _camera(report, camera, told[camera.word]) for camera in journal.incident.cameras}
    return {
        "schema": SCHEMA,
        "kind": "incident-footage manifest",
        "program": {"name": PROGRAM, "version": VERSION, "ffmpeg": ffmpeg},
        "status": result["status"],
        "exit_code": result["exit_code"],
        "incident": {"name": journal.incident.name, **result["incident"]},
        "reference": evidence.reference,
        "note": evidence.note,
        "clock_offset_seconds": evidence.clock_offset,
        "side_by_side": result["side_by_side"],
        "cameras": cameras,
        "requests": result["requests"],
        "quota": result["quota"],
        "notes": [*result["notes"], *notes],
        "error": result["error"],
        "files": [*_originals(report), *_films(report), *derived],
    }


def manifest_pieces(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The manifest as it goes to disk, piece by piece: readable, and the same bytes for the same facts."""
    yield from json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(manifest)
    yield "\n"


def read_manifest(folder: Path) -> Json | None:
    """The manifest in a folder; None where there is none that can be read."""
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) else None


def files_told(manifest: Mapping[str, Any] | None) -> list[Json]:
    """The entries of `files` in a manifest that anybody may have edited: those that name a file, and no others."""
    files = (manifest or {}).get("files")
    entries = files if isinstance(files, list) else []
    return [each for each in entries if isinstance(each, dict) and isinstance(each.get("file"), str)]


def _camera(report: Report, camera: Camera, told: Json) -> Json:
    zone = ZoneInfo(report.journal.incident.timezone)
    covered = report.coverage(camera)
    absence = f"{camera.label}: {report.standing.absence(camera.word)}."
    line = coverage_line(camera.label, covered, zone) if told["installed"] else absence
    gaps = [{**gap, **_gap_words(found, zone)} for gap, found in zip(told["gaps"], covered.gaps, strict=True)]
    timeline = list(_timeline(report, camera)) if told["installed"] else []
    return {"label": camera.label, "coverage": line, **told, "gaps": gaps, "timeline": timeline}


def _gap_words(gap: Missing, zone: ZoneInfo) -> Json:
    return {
        "seconds": gap.window.seconds,
        "local": local_span(gap.window, zone),
        "utc": utc_span(gap.window),
        "words": reason_words(gap),
    }


def _timeline(report: Report, camera: Camera) -> Iterator[Json]:
    """A camera's asked time piece by piece: what is shown there, and where in its film."""
    made = report.journal.films.get(camera.word, {}) if camera.word in report.films.merged else {}
    placed = {each["clip"]: each for each in made.get("placed", ())}
    zone = ZoneInfo(report.journal.incident.timezone)
    for piece in report.standing.pieces(camera.word):
        yield {**window_to_json(piece.window), **_piece(piece, placed, camera, zone)}


def _piece(piece: Piece, placed: Mapping[str, Json], camera: Camera, zone: ZoneInfo) -> Json:
    if piece.clip is None:
        hole = Missing(camera.word, piece.window, piece.reason, piece.detail)
        words = {} if piece.seam else {"words": reason_words(hole), "local": local_span(piece.window, zone)}
        return {"reason": piece.reason, "seam": piece.seam, **words}
    place = placed.get(piece.clip.path.name)
    into = (piece.window.start - piece.clip.window.start).total_seconds()
    pace = pace_of(piece.clip)
    film = round(place["film_start"] + into / pace, 6) if place else None
    return {"clip": piece.clip.path.name, "film": film, "pace": round(pace, 6)}


def _originals(report: Report) -> Iterator[Json]:
    for camera in report.journal.incident.cameras:
        for clip in report.standing.clips(camera.word):
            yield {
                "file": clip.path.name,
                "role": ORIGINAL,
                "camera": camera.word,
                "bytes": clip.size,
                "sha256": clip.sha256,
                "received": time_text(clip.arrived) if clip.arrived else None,
                "source": clip.source,
                **_origin(clip, camera),
                **window_to_json(clip.window),
                "requested": window_to_json(clip.requested),
                "returned": window_to_json(clip.returned),
                "stream": media_to_json(clip.media),
            }


def _origin(clip: Clip, camera: Camera) -> Json:
    if camera.source == "samsara":
        return {"retrieval_id": clip.retrieval_id}
    fragments = {"stream": camera.stream, "selector": camera.selector, **window_to_json(clip.requested)}
    return {"retrieval_id": None, "fragments": fragments}


def _films(report: Report) -> Iterator[Json]:
    """What was made of the originals and is there, also what an earlier run made and this one did not ask for."""
    for word, made in _made(report):
        if word == CONTACT_SHEET:
            yield _film(made, SHEET)
        elif word == SIDE_BY_SIDE:
            window = report.journal.incident.window
            whole = {"film_start": 0.0, "film_end": window.seconds, **window_to_json(window), "pace": 1.0}
            yield {**_film(made, SIDE), "time_to_utc": [whole]}
        else:
            paces = {clip.path.name: pace_of(clip) for clip in report.standing.clips(word)}
            yield {**_film(made, JOINED), "camera": word, "time_to_utc": list(_time_map(made["placed"], paces))}


def _made(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The films in the cameras' order, then the film and the sheet of all."""
    books, folder = report.journal.films, report.journal.folder
    for word in (*(camera.word for camera in report.journal.incident.cameras), SIDE_BY_SIDE, CONTACT_SHEET):
        made = books.get(word)
        if made is not None and (folder / made["file"]).is_file():
            yield word, made


def _film(made: Mapping[str, Any], role: str) -> Json:
    facts = {name: made[name] for name in _FILM_FACTS if name in made}
    return {
        "file": made["file"],
        "role": role,
        "bytes": made["bytes"],
        "sha256": made.get("sha256"),
        "made": made.get("made"),
        "program": made.get("program"),
        "ffmpeg": made.get("ffmpeg"),
        "parents": made.get("parents", []),
        "commands": made.get("commands", []),
        **facts,
        "notes": made["notes"],
    }


def _time_map(placed: Iterable[Mapping[str, Any]], paces: Mapping[str, float]) -> Iterator[Json]:
    """From film time to UTC, a row for each clip; within a row a second of the film is `pace` seconds of the clock."""
    for each in placed:
        pace = paces.get(each["clip"], 1.0)
        length = timedelta(seconds=(each["film_end"] - each["film_start"]) * pace)
        yield {
            "film_start": each["film_start"],
            "film_end": each["film_end"],
            "start": each["utc"],
            "end": time_text(time_from(each["utc"]) + length),
            "pace": round(pace, 6),
            "clip": each["clip"],
        }
