"""The nouns as plain JSON and back: times as RFC 3339 in UTC, files relative to the incident's folder."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from dateutil.parser import isoparse

from footage.media_json import media_from_json, media_to_json
from footage.models import UTC, Camera, Clip, Incident, MediaType, Missing, TimeWindow, Vehicle


@lru_cache(maxsize=1024)  # the same moment is told many times in one manifest, each time near the last
def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC: `2025-04-16T18:30:00Z`, with milliseconds or microseconds only where there are some."""
    utc = moment.astimezone(UTC)
    precision = "seconds" if not utc.microsecond else "milliseconds" if utc.microsecond % 1000 == 0 else "microseconds"
    return utc.isoformat(timespec=precision).replace("+00:00", "Z")


def time_from(text: str) -> datetime:
    """Inverse of `time_text`; any RFC 3339 time with an offset is understood."""
    return isoparse(text).astimezone(UTC)


def window_to_json(window: TimeWindow) -> dict[str, str]:
    """A window as its two ends."""
    return {"start": time_text(window.start), "end": time_text(window.end)}


def window_from_json(data: dict[str, Any]) -> TimeWindow:
    """Inverse of `window_to_json`."""
    return TimeWindow(time_from(data["start"]), time_from(data["end"]))


def incident_to_json(incident: Incident) -> dict[str, Any]:
    """The incident with all that a later run must know of it."""
    vehicle = incident.vehicle
    return {
        "source": incident.source,
        "name": incident.name,
        "vehicle": None if vehicle is None else {"id": vehicle.id, "name": vehicle.name},
        **window_to_json(incident.window),
        "timezone": incident.timezone,
        "media_type": incident.media_type.value,
        "cameras": [_camera_to_json(camera) for camera in incident.cameras],
    }


def incident_from_json(data: dict[str, Any], settings: dict[str, Any]) -> Incident:
    """Inverse of `incident_to_json`. `settings` stand beside it: there older records told the selector of streams."""
    vehicle = data.get("vehicle")
    selector = settings.get("kinesis", {}).get("selector", "producer")
    return Incident(
        name=data["name"],
        window=window_from_json(data),
        timezone=data["timezone"],
        cameras=tuple(_camera_from_json(camera, selector) for camera in data["cameras"]),
        vehicle=None if vehicle is None else Vehicle(vehicle["id"], vehicle["name"]),
        media_type=MediaType(data["media_type"]),
    )


def _camera_to_json(camera: Camera) -> dict[str, Any]:
    told = {"word": camera.word, "named": camera.named, "source": camera.source, "stream": camera.stream}
    return {**told, "selector": camera.selector} if camera.stream else told


def _camera_from_json(data: dict[str, Any], selector: str) -> Camera:
    return Camera(**{"selector": selector, **data}) if data["stream"] else Camera(**data)


def clip_to_json(clip: Clip) -> dict[str, Any]:
    """A clip; its file by name alone, so that a copied folder stays true."""
    return {
        "camera": clip.camera,
        "file": clip.path.name,
        **window_to_json(clip.window),
        "requested": window_to_json(clip.requested),
        "returned": window_to_json(clip.returned),
        "bytes": clip.size,
        "sha256": clip.sha256,
        "retrieval_id": clip.retrieval_id,
        "source": clip.source,
        "arrived": time_text(clip.arrived) if clip.arrived else None,
        "media": media_to_json(clip.media),
    }


def clip_from_json(data: dict[str, Any], folder: Path) -> Clip:
    """Inverse of `clip_to_json`, with the file in `folder`."""
    return Clip(
        camera=data["camera"],
        path=folder / data["file"],
        window=window_from_json(data),
        requested=window_from_json(data["requested"]),
        returned=window_from_json(data["returned"]),
        size=data["bytes"],
        sha256=data["sha256"],
        retrieval_id=data["retrieval_id"],
        source=data.get("source", ""),
        arrived=time_from(data["arrived"]) if data.get("arrived") else None,
        media=media_from_json(data["media"]),
    )


def missing_to_json(missing: Missing) -> dict[str, Any]:
    """A hole with its reason."""
    return {
        "camera": missing.camera,
        **window_to_json(missing.window),
        "reason": missing.reason,
        "detail": missing.detail,
    }


def missing_from_json(data: dict[str, Any]) -> Missing:
    """Inverse of `missing_to_json`."""
    return Missing(data["camera"], window_from_json(data), data["reason"], data.get("detail", ""))
