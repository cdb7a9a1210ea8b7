"""The result of a run: coverage in values, the contract's JSON object, the exit code, and sentences for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from footage.errors import FootageError, SheetRefused
from footage.films import FilmSet
from footage.journal import Journal
from footage.models import UTC, Camera, Clip, Missing, Quota, TimeWindow
from footage.standing import Standing
from footage.timeline import Coverage, coverage
from footage.values_json import time_text, window_to_json
from footage.walltime import span

COMPLETE, PARTIAL, PENDING, NOTHING = 0, 3, 4, 5
_STATUS = {COMPLETE: "complete", PARTIAL: "partial", PENDING: "pending", NOTHING: "nothing"}

REASONS = {
    "pending": "not uploaded yet",
    "unavailable": "the camera no longer has it",
    "invalid": "the vehicle has no such camera, or it does not take this request",
    "failed": "the upload failed",
    "not_recording": "the camera was not recording",
    "download": "the download never became complete",
    "damaged": "the file is broken here",
    "no_media": "the service sent no footage for this time",
    "unsettled": "it is not known whether the request reached the service",
    "quota": "not asked for: the quota is used up",
    "refused": "the service refused the request",
}
"""The contract's reasons in words; any other reason is the service's own word."""


@dataclass(frozen=True, slots=True)
class Requests:
    """How the ids came: accepted POSTs of this run, ids from a journal, clips found without a request."""

    made: int = 0
    reused: int = 0
    already_uploaded: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """How one incident ended."""

    journal: Journal
    standing: Standing
    films: FilmSet
    requests: Requests
    estimated_seconds: float
    log: Path | None
    error: FootageError | None = None

    @property
    def exit_code(self) -> int:
        """The contract's number."""
        if self.error is not None:
            return self.error.exit_code
        if self.standing.still_to_come:
            return PENDING
        installed = [camera for camera in self.journal.incident.cameras if self._installed(camera)]
        if not any(self.coverage(camera).received_seconds for camera in installed):
            return NOTHING
        return PARTIAL if any(self.coverage(camera).gaps for camera in installed) else COMPLETE

    @property
    def leaves_work(self) -> bool:
        """Whether pieces under way are worth keeping for a later run."""
        return self.error is not None or self.standing.still_to_come

    @property
    def is_unsettled(self) -> bool:
        """Whether it is not known of some request if it reached the service."""
        holes = (hole for camera in self.journal.incident.cameras for hole in self.standing.holes(camera.word))
        return self.leaves_work and any(hole.reason == "unsettled" for hole in holes)

    @property
    def status(self) -> str:
        """The exit code as the contract's word."""
        return status_word(self.exit_code)

    def coverage(self, camera: Camera) -> Coverage:
        """What of a camera's asked time is there."""
        if not self._installed(camera):
            return Coverage(0.0, 0.0, (), ())
        return coverage(camera.word, self.standing.window, self.standing.pieces(camera.word))

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        incident = self.journal.incident
        vehicle = incident.vehicle
        return {
            "schema": 1,
            "status": self.status,
            "exit_code": self.exit_code,
            "folder": str(self.journal.folder.absolute()),
            "journal": str(self.journal.path.absolute()) if self.journal.path else None,
            "log": str(self.log.absolute()) if self.log else None,
            "incident": {
                "source": incident.source,
                "vehicle": None if vehicle is None else {"id": vehicle.id, "name": vehicle.name},
                **window_to_json(incident.window),
                "timezone": incident.timezone,
                "media_type": incident.media_type.value,
            },
            "side_by_side": self.films.side_by_side.name if self.films.side_by_side else None,
            "contact_sheet": self.films.contact_sheet.name if self.films.contact_sheet else None,
            "cameras": {camera.word: self._camera_json(camera) for camera in incident.cameras},
            "requests": requests_json([self.requests]),
            "quota": quota_json(self.journal.quota, self.estimated_seconds),
            "notes": list(self.films.notes),
            "error": error_json(self.error),
        }

    def sentences(self) -> Iterator[str]:
        """What is there and what is missing and why, a line each."""
        zone = ZoneInfo(self.journal.incident.timezone)
        for camera in self.journal.incident.cameras:
            if not self._installed(camera):
                yield f"{camera.label}: {self.standing.absence(camera.word)} in this vehicle."
                continue
            covered = self.coverage(camera)
            yield f"{camera.label}: {covered.received_seconds:g} of {covered.requested_seconds:g} seconds."
            for gap in covered.gaps:
                yield f"  missing {_from_to(gap.window, zone)}: {reason_words(gap)}"
        yield from self.films.notes

    def _installed(self, camera: Camera) -> bool:
        return camera.word not in self.standing.not_installed()

    def _camera_json(self, camera: Camera) -> dict[str, Any]:
        covered = self.coverage(camera)
        merged = self.films.merged.get(camera.word)
        return {
            "merged": merged.name if merged else None,
            "requested_seconds": _number(covered.requested_seconds),
            "received_seconds": _number(covered.received_seconds),
            "installed": self._installed(camera),
            "clips": [_clip_json(clip) for clip in self.standing.clips(camera.word)],
            "gaps": [_gap_json(gap) for gap in covered.gaps],
            "seams": [window_to_json(window) for window in covered.seams],
        }


def status_word(exit_code: int) -> str:
    """The contract's word for how a run ended."""
    return _STATUS.get(exit_code, "failed")


def requests_json(runs: Sequence[Requests]) -> dict[str, int]:
    """How the ids of some runs came, all together."""
    return {field.name: sum(getattr(each, field.name) for each in runs) for field in fields(Requests)}


def quota_json(quota: Quota | None, estimated_seconds: float) -> dict[str, Any]:
    """What is known of the month's allowance, in seconds."""
    return {
        "used_seconds": quota.used_seconds if quota else None,
        "limit_seconds": quota.limit_seconds if quota else None,
        "estimated_seconds": _number(estimated_seconds),
    }


def error_json(error: FootageError | None) -> dict[str, Any] | None:
    """An error as the result shows it; of a list of incidents with every fault by itself."""
    if error is None:
        return None
    faults = {"faults": [asdict(fault) for fault in error.faults]} if isinstance(error, SheetRefused) else {}
    return {"kind": error.kind, "message": error.message, **faults}


def failure_json(error: FootageError, log: Path | None, journal: Path | None = None) -> dict[str, Any]:
    """The result of a run that ended before there was anything to report."""
    return {
        "schema": 1,
        "status": "failed",
        "exit_code": error.exit_code,
        "folder": None,
        "journal": str(journal.absolute()) if journal else None,
        "log": str(log.absolute()) if log else None,
        "incident": None,
        "side_by_side": None,
        "contact_sheet": None,
        "cameras": {},
        "requests": requests_json([]),
        "quota": quota_json(None, 0),
        "notes": [],
        "error": error_json(error),
    }


def _clip_json(clip: Clip) -> dict[str, Any]:
    return {
        "file": clip.path.name,
        **window_to_json(clip.window),
        "requested_start": time_text(clip.requested.start),
        "returned_start": time_text(clip.returned.start),
        "returned_end": time_text(clip.returned.end),
        "bytes": clip.size,
        "sha256": clip.sha256,
        "retrieval_id": clip.retrieval_id,
    }


def _gap_json(gap: Missing) -> dict[str, Any]:
    detail = {"detail": gap.detail} if gap.detail else {}
    return {**window_to_json(gap.window), "reason": gap.reason, **detail}


def _from_to(window: TimeWindow, zone: ZoneInfo) -> str:
    return f"{span(window.start, window.end, zone)} ({window.seconds:g} s)"


def reason_words(gap: Missing) -> str:
    """Why a stretch is missing, with the detail where there is one."""
    words = REASONS.get(gap.reason, f"the service says {gap.reason!r}")
    return f"{words} ({gap.detail})" if gap.detail else words


def _number(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)


def local_span(window: TimeWindow, zone: ZoneInfo) -> Iterable[str]:
    """A window for people: local with weekday and zone, and UTC."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    offset = f"UTC{start:%z}" if start.utcoffset() == end.utcoffset() else f"UTC{start:%z}, then UTC{end:%z}"
    yield f"{start:%A, %d %B %Y}, {span(start, end, zone)} ({offset})"
    yield f"{window.start:%Y-%m-%d}, {span(start, end, UTC)}"
