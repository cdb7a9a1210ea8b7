"""The vehicle's track as files that other programs read, GPX and CSV, and the CSV read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from footage.evidence.manifest import TRACK
from footage.files import sha256_of, write_text
from footage.models import Incident
from footage.report import Report
from footage.telematics import HOLE_SECONDS, NO_TRACK, Reading, Track
from footage.values_json import time_from, time_text
from footage.version import PROGRAM, VERSION

CSV_NAME, GPX_NAME = "telematics.csv", "telematics.gpx"
_COLUMNS = ("time_utc", "latitude", "longitude", "heading_degrees", "speed_m_s", "speed_source", "told_by")

Json = dict[str, Any]


def write_track(report: Report, track: Track, before: Mapping[str, Any], now: datetime) -> list[Json]:
    """Write both files where there is a track, and tell of them as the manifest does."""
    if not track.readings:
        return []
    folder, incident = report.journal.folder, report.journal.incident
    known = {each["file"]: each for each in before.get("files", ()) if each.get("role") == TRACK}
    texts = {CSV_NAME: csv_text(track), GPX_NAME: gpx_text(track, incident)}
    return [_write(folder / name, text, track.source, known.get(name), now) for name, text in texts.items()]


def csv_text(track: Track) -> str:
    """One reading a line, in UTC and SI units."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for each in track.readings:
        place = (f"{each.latitude:.7f}", f"{each.longitude:.7f}", _text(each.heading), _text(each.speed))
        rows.writerow((time_text(each.moment), *place, each.speed_source, track.source))
    return out.getvalue()


def read_track(folder: Path) -> Track:
    """The track that an earlier run wrote; none where there is none that can be read."""
    try:
        rows = list(csv.DictReader((folder / CSV_NAME).read_text(encoding="utf-8").splitlines()))
        readings = tuple(_reading(row) for row in rows)
        return Track(readings, rows[0]["told_by"]) if rows else NO_TRACK
    except (OSError, ValueError, KeyError, TypeError):
        return NO_TRACK


def gpx_text(track: Track, incident: Incident) -> str:
    """GPX 1.1; a hole ends a segment, so that no map draws a line through the unknown. GPX itself has no speed."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<gpx version="1.1" creator="{PROGRAM} {VERSION}" xmlns="http://www.topografix.com/GPX/1/1">',
        f"<trk><name>{escape(incident.name)}</name><trkseg>",
    ]
    last: Reading | None = None
    for each in track.readings:
        if last is not None and each.moment - last.moment > timedelta(seconds=HOLE_SECONDS):
            lines.append("</trkseg><trkseg>")
        place = f'lat="{each.latitude:.7f}" lon="{each.longitude:.7f}"'
        lines.append(f"<trkpt {place}><time>{time_text(each.moment)}</time></trkpt>")
        last = each
    return "\n".join([*lines, "</trkseg></trk></gpx>", ""])


def _write(path: Path, text: str, source: str, known: Json | None, now: datetime) -> Json:
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)
        known = None
    facts = {"file": path.name, "role": TRACK, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
    if known is not None and all(known.get(name) == fact for name, fact in facts.items()):
        return known
    return {**facts, "made": time_text(now), "program": f"{PROGRAM} {VERSION}", "parents": [], "source": source}


def _reading(row: Mapping[str, str]) -> Reading:
    heading, speed = (float(row[name]) if row[name] else None for name in ("heading_degrees", "speed_m_s"))
    place = float(row["latitude"]), float(row["longitude"])
    return Reading(time_from(row["time_utc"]), *place, heading, speed, row["speed_source"])


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
