"""Logs/request_ids_*.json: the durable record of one run's requests, clips and holes, which makes resume possible.

The file is one JSON object with one record a line. It is rewritten whole, beside and renamed, at each change, so that
it is always readable and never behind what was sent. It holds no secret: no key, no signed address.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from footage.errors import InputRefused
from footage.files import create_text, make_folder, write_pieces
from footage.models import Clip, Incident, Missing, Quota, Ticket, TimeWindow
from footage.record_lines import RecordLines
from footage.settings import RunSettings, settings_to_json
from footage.values_json import (
    clip_to_json,
    incident_to_json,
    missing_to_json,
    time_text,
    window_to_json,
)

log = logging.getLogger(__name__)

SCHEMA = 1
PREFIX = "request_ids_"
SUPERSEDED = "superseded"
_FINISHED = {"complete", "partial", "nothing", SUPERSEDED}
_MOST_TWINS = 10_000
ASKED_AGAIN = "asked_again"
"""Outcome of a camera whose request is lost and that the person allowed to be asked for anew."""
DAMAGED = "damaged"
"""The contract's word for what came and cannot be read."""
_NO_HOLE = {"here", ASKED_AGAIN}


@dataclass(frozen=True, slots=True)
class Request:
    """One POST for one window.

    `state`: intended (fate unknown), accepted, sighted (its media was seen, the id is lost), refused, or withdrawn (it
    provably never left). `outcome` says for each camera that has ended how: `here`, or the reason why there is nothing.
    """

    number: int
    window: TimeWindow
    cameras: tuple[str, ...]
    state: str
    asked_at: datetime
    retrieval_id: str | None = None
    outcome: dict[str, str] = field(default_factory=dict)

    @property
    def open_cameras(self) -> tuple[str, ...]:
        """The cameras of this request whose fate is not known yet."""
        return tuple(camera for camera in self.cameras if camera not in self.outcome)


class Journal:
    """The record of one run. Every change is on disk when the call returns. Safe to use from several threads.

    A draft has no path yet: it is kept in memory until `keep_in` gives it a file. One that was read is kept in memory
    until `finish` says how it stands now, because its file may be in another run's hands until the folder is held.
    """

    def __init__(
        self, path: Path | None, incident: Incident, folder: Path, settings: RunSettings, created: datetime
    ) -> None:
        self.path = path
        self.incident = incident
        self.folder = folder
        self.settings = settings
        self.created = created
        self.state = "running"
        self.quota: Quota | None = None
        self.films: dict[str, Any] = {}
        self.track_note = ""
        self.replaces: tuple[datetime, ...] = ()
        """When those runs of the incident were begun whose place this one takes: true before they are told so."""
        self.requests: list[Request] = []
        self.clips: list[Clip] = []
        self.missing: list[Missing] = []
        self.on_clip: Callable[[Clip], None] = lambda clip: None
        """Called with each clip that was noted."""
        self._lines = RecordLines()
        self._lock = threading.RLock()
        self._held = 0
        self._ours = False

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be done, waited for or tried again."""
        return self.state in _FINISHED and (self.state == SUPERSEDED or not self.awaits_another_try)

    @property
    def awaits_another_try(self) -> bool:
        """Whether some footage is there and could not be fetched: resuming tries it again."""
        return any(gap.reason == "download" for gap in self.missing)

    def keep_in(self, logs: Path) -> None:
        """Give a draft a file of its own: `request_ids_<local time>.json`, with `_2` where the second is taken."""
        name = f"{PREFIX}{self.created.astimezone():%Y-%m-%d_%H-%M-%S}"
        for nth in range(1, _MOST_TWINS):
            try:
                return self.keep_at(logs / (f"{name}.json" if nth == 1 else f"{name}_{nth}.json"))
            except FileExistsError:
                continue
        raise InputRefused(f"Too many journals named {name} in {logs}.")

    def keep_at(self, path: Path) -> None:
        """Give a draft this file. Raises FileExistsError where it is taken."""
        make_folder(path.parent)
        with self._lock:
            self._ours = True
            create_text(path, "".join(self._pieces()))
            self.path = path

    def change_settings(self, change: Callable[[RunSettings], RunSettings]) -> None:
        """Go on with other settings."""
        self.settings = change(self.settings)

    def move_to(self, output: Path) -> None:
        """Say that the incident's folder lies in another one now."""
        with self.together():
            self.folder = output.absolute() / self.folder.name
            self.clips = [replace(clip, path=self.folder / clip.path.name) for clip in self.clips]

    def intend(self, window: TimeWindow, cameras: tuple[str, ...], now: datetime) -> Request:
        """Note that a request is about to be sent."""
        return self._put(Request(len(self.requests), window, cameras, "intended", now))

    def accept(self, request: Request, ticket: Ticket) -> Request:
        """Note the id that the service gave to a request."""
        self.quota = ticket.quota or self.quota
        return self._put(replace(request, state="accepted", retrieval_id=ticket.retrieval_id))

    def mark(self, request: Request, state: str) -> Request:
        """Note another state of a request: sighted, refused or withdrawn."""
        return self._put(replace(request, state=state))

    def end_camera(self, number: int, camera: str, outcome: str) -> Request:
        """Note how one camera of a request ended: `here`, or the reason why it has nothing."""
        request = self.requests[number]
        return self._put(replace(request, outcome={**request.outcome, camera: outcome}))

    def reopen(self, number: int, camera: str) -> Request:
        """Take back how a camera ended, because it is worth another try."""
        request = self.requests[number]
        outcome = {word: end for word, end in request.outcome.items() if word != camera}
        return self._put(replace(request, outcome=outcome))

    def owner(self, camera: str, window: TimeWindow) -> Request | None:
        """The newest request that waits for this camera of this window."""
        for request in reversed(self.requests):
            if request.window == window and camera in request.open_cameras:
                return request if request.state in ("accepted", "sighted") else None
        return None

    def hole(self, camera: str, window: TimeWindow) -> str | None:
        """The reason with which this camera of this window ended last; None where it did not end, or not without."""
        for request in reversed(self.requests):
            if request.window == window and camera in request.outcome:
                outcome = request.outcome[camera]
                return None if outcome in _NO_HOLE else outcome
        return None

    def fill(self, camera: str, window: TimeWindow) -> None:
        """Note that footage has come after all where a camera had ended without, by whomever it was asked for."""
        with self.together():
            for request in [each for each in self.requests if each.window == window and camera in each.outcome]:
                state = "sighted" if request.state == "intended" else request.state
                self._put(replace(request, state=state, outcome={**request.outcome, camera: "here"}))
            self.missing = [hole for hole in self.missing if hole.reason == DAMAGED or not _is_of(hole, camera, window)]

    def add_clip(self, clip: Clip) -> None:
        """Note a clip that is whole on disk; one of the same file is replaced by it."""
        with self.together():
            self.clips = [known for known in self.clips if known.path.name != clip.path.name] + [clip]
        self.on_clip(clip)

    def drop_clip(self, clip: Clip) -> None:
        """Forget a clip whose file is gone or changed."""
        with self.together():
            self.clips = [known for known in self.clips if known.path.name != clip.path.name]

    def add_missing(self, missing: Missing) -> None:
        """Note a hole that no request's outcome tells: a part of a window, or the sentence behind a reason."""
        with self.together():
            if missing not in self.missing:
                self.missing.append(missing)

    def drop_missing(self, camera: str, window: TimeWindow, reason: str | None = None) -> None:
        """Forget the holes noted for a camera inside `window` (with one reason), because it is asked for again."""
        with self.together():
            self.missing = [
                hole for hole in self.missing if not _is_of(hole, camera, window) or reason not in (None, hole.reason)
            ]

    def finish(self, state: str) -> None:
        """Note how the run stands: running, pending, complete, partial, nothing, failed or superseded."""
        with self.together():
            self._ours, self.state = True, state

    @contextmanager
    def together(self) -> Iterator[None]:
        """Several changes that reach the disk as one."""
        with self._lock:
            self._held += 1
            try:
                yield
            finally:
                self._held -= 1
            if self._ours and not self._held and self.path is not None:
                write_pieces(self.path, self._pieces())

    def _put(self, request: Request) -> Request:
        with self.together():
            self.requests[request.number : request.number + 1] = [request]
        return request

    def _pieces(self) -> Iterator[str]:
        head = {
            "schema": SCHEMA,
            "state": self.state,
            "created": time_text(self.created),
            "replaces": [time_text(moment) for moment in self.replaces],
            "folder": str(self.folder),
            "incident": incident_to_json(self.incident),
            "settings": settings_to_json(self.settings),
            "quota": None if self.quota is None else [self.quota.used_seconds, self.quota.limit_seconds],
            "films": self.films,
            "track_note": self.track_note,
        }
        yield "{\n"
        for key, value in head.items():
            yield f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n"
        self._lines.turn()
        yield from self._lines.block("requests", self.requests, _request_to_json)
        yield ",\n"
        yield from self._lines.block("clips", self.clips, clip_to_json)
        yield ",\n"
        yield from self._lines.block("missing", self.missing, missing_to_json)
        yield "\n}\n"


def _is_of(hole: Missing, camera: str, window: TimeWindow) -> bool:
    return hole.camera == camera and window.covers(hole.window)


def _request_to_json(request: Request) -> dict[str, Any]:
    return {
        **window_to_json(request.window),
        "cameras": list(request.cameras),
        "state": request.state,
        "asked_at": time_text(request.asked_at),
        "retrieval_id": request.retrieval_id,
        "outcome": request.outcome,
    }
