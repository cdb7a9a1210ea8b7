"""Names of files and folders: valid on Windows, macOS and Linux, sortable, short, whatever the vehicle is called."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil import tz

from footage.models import Incident, TimeWindow

_NAME_LIMIT = 50  # of four bytes each: with the times behind it, Linux takes 255 bytes
_LABEL_LIMIT = 32
_STEP = timedelta(minutes=10)  # repeated hours last at least half an hour, so a look each 10 minutes finds them


def clean(text: str, *, limit: int = _NAME_LIMIT, fallback: str = "vehicle") -> str:
    """`text` reduced to letters, digits, `-` and `_`: no path, no dot, no reserved device name can come out of it."""
    plain = unicodedata.normalize("NFC", text)
    kept = re.sub(r"[^\w-]+", "_", plain).strip("_-")
    return kept[:limit].rstrip("_-") or fallback


def stamp(moment: datetime, zone: ZoneInfo, *, with_offset: bool) -> str:
    """A local time for a file name: `2025-04-16_13-30-00`, or with `-0500` behind it."""
    return moment.astimezone(zone).strftime("%Y-%m-%d_%H-%M-%S" + ("%z" if with_offset else ""))


def touches_repeated_hour(window: TimeWindow, zone: ZoneInfo) -> bool:
    """Whether any local time inside the window happens twice in this zone."""
    moment = window.start
    while moment < window.end:
        if _ambiguous(moment, zone):
            return True
        moment += _STEP
    return _ambiguous(window.end, zone)


def minutes_text(seconds: float) -> str:
    """Whole minutes without a point, others with at most two decimals: `10`, `1.5`, `0.17`."""
    return f"{seconds / 60:.2f}".rstrip("0").rstrip(".")


class Names:
    """All names of one incident. Cameras whose words clean up alike are told apart by a piece of their hash."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self._zone = ZoneInfo(incident.timezone)
        self._with_offset = touches_repeated_hour(incident.window, self._zone)
        self._labels = _camera_labels(incident)

    def folder(self) -> str:
        """The incident folder's name, before any `_2` that keeps two vehicles apart."""
        window = self._incident.window
        return f"{clean(self._incident.name)}_{self._stamp(window.start)}_{minutes_text(window.seconds)}min"

    def clip(self, camera: str, asked_start: datetime, *, nth: int = 1, suffix: str = ".mp4") -> str:
        """An original's name; `nth` above 1 is a further segment of the same asked start."""
        ordinal = f"_{nth}" if nth > 1 else ""
        kind = "VideoClip" if suffix == ".mp4" else "Still"
        return f"{self._labels[camera]}_{kind}_{self._stamp(asked_start)}{ordinal}{suffix}"

    def merged(self, camera: str) -> str:
        """The joined film of one camera."""
        return f"{self._labels[camera]}_{self._span()}"

    def side_by_side(self) -> str:
        """The film of all cameras."""
        return f"SideBySide_{self._span()}"

    def contact_sheet(self) -> str:
        """The sheet of all stills."""
        return f"ContactSheet_{self._from_to()}.jpg"

    def _span(self) -> str:
        return f"Merged_{self._from_to()}.mp4"

    def _from_to(self) -> str:
        window = self._incident.window
        return f"{self._stamp(window.start)}_to_{self._stamp(window.end)}"

    def _stamp(self, moment: datetime) -> str:
        return stamp(moment, self._zone, with_offset=self._with_offset)


def _ambiguous(moment: datetime, zone: ZoneInfo) -> bool:
    return bool(tz.datetime_ambiguous(moment.astimezone(zone).replace(tzinfo=None), zone))


def _camera_labels(incident: Incident) -> dict[str, str]:
    plain = {camera.word: clean(camera.label, limit=_LABEL_LIMIT, fallback="Camera") for camera in incident.cameras}
    count = Counter(label.casefold() for label in [*plain.values(), "SideBySide"])
    return {
        word: label if count[label.casefold()] == 1 else f"{label}-{_short_hash(word)}" for word, label in plain.items()
    }


def _short_hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()[:6]
