"""The vehicle's track as files that other programs read, GPX and CSV, and the CSV read back."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from footage.evidence.manifest import TRACK, files_told
from footage.files import sha256_of, write_pieces
from footage.models import Incident
from footage.report import Report
from footage.telematics import NO_TRACK, Reading, Readings, Track
from footage.values_json import time_from, time_text
from footage.version import PROGRAM, VERSION

CSV_NAME, GPX_NAME = "telematics.csv", "telematics.gpx"
_COLUMNS = ("time_utc", "latitude", "longitude", "heading_degrees", "speed_m_s", "speed_source", "told_by")

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML 1.0 cannot hold in any spelling."""

Json = dict[str, Any]


def write_track(report: Report, track: Track, before: Mapping[str, Any], now: datetime) -> list[Json]:
    """Write both files where there is a track, and tell of them as the manifest does."""
    if not track.readings:
        return []
    folder, incident = report.journal.folder, report.journal.incident
    known = {each["file"]: each for each in files_told(before) if each.get("role") == TRACK}
    texts = {CSV_NAME: partial(csv_lines, track), GPX_NAME: partial(gpx_lines, track, incident)}
    return [_write(folder / name, lines, track.source, known.get(name), now) for name, lines in texts.items()]


def csv_lines(track: Track) -> Iterator[str]:
    """A head and one reading a line, in UTC and SI units."""
    rows = csv.writer(_Handed(), lineterminator="\n")
    yield rows.writerow(_COLUMNS)
    for each in track.readings:
        place = (f"{each.latitude:.7f}", f"{each.longitude:.7f}", _text(each.heading), _text(each.speed))
        yield rows.writerow((time_text(each.moment), *place, each.speed_source, track.source))


def read_track(folder: Path) -> Track:
    """The track that an earlier run wrote; none where there is none that can be read."""
    try:
        with (folder / CSV_NAME).open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            first = next(rows, None)
            if first is None:
                return NO_TRACK
            return Track(Readings(_reading(row) for row in chain((first,), rows)), first["told_by"])
    except (OSError, ValueError, KeyError, TypeError):
        return NO_TRACK


def gpx_lines(track: Track, incident: Incident) -> Iterator[str]:
    """GPX 1.1; a hole ends a segment, so that no map draws a line through the unknown. GPX itself has no speed."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<gpx version="1.1" creator="{PROGRAM} {VERSION}" xmlns="http://www.topografix.com/GPX/1/1">\n'
    name = escape(_NOT_IN_XML.sub("", incident.name))
    yield f"<trk><name>{name}</name><trkseg>\n"
    last: Reading | None = None
    for each in track.readings:
        if last is not None and each.moment - last.moment > timedelta(seconds=track.hole_seconds):
            yield "</trkseg><trkseg>\n"
        place = f'lat="{each.latitude:.7f}" lon="{each.longitude:.7f}"'
        yield f"<trkpt {place}><time>{time_text(each.moment)}</time></trkpt>\n"
        last = each
    yield "</trkseg></trk></gpx>\n"


class _Handed:
    """Hands a line that the csv writer writes back to whom asked for it."""

    def write(self, line: str) -> str:
        return line


def _write(path: Path, lines: Callable[[], Iterator[str]], source: str, known: Json | None, now: datetime) -> Json:
    if not path.is_file() or sha256_of(path) != _digest(lines()):
        write_pieces(path, lines())
        known = None
    facts = {"file": path.name, "role": TRACK, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
    if known is not None and all(known.get(name) == fact for name, fact in facts.items()):
        return known
    return {**facts, "made": time_text(now), "program": f"{PROGRAM} {VERSION}", "parents": [], "source": source}


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


def _reading(row: Mapping[str, str]) -> Reading:
    heading, speed = (float(row[name]) if row[name] else None for name in ("heading_degrees", "speed_m_s"))
    place = float(row["latitude"]), float(row["longitude"])
    return Reading(time_from(row["time_utc"]), *place, heading, speed, row["speed_source"])


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
