"""What the stand-in for Samsara refuses: bad keys, missing permissions, too many requests, wrong parameters."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from demo.exchange import Refused, Request
from demo.samsara_fleet import ALL_INPUTS, ROLES, FleetVehicle
from demo.samsara_library import Order
from demo.times import parse_time

LONGEST_SECONDS = {"videoHighRes": 60, "videoLowRes": 600, "hyperlapse": 2400, "image": 0}
"""The longest stretch per media type. Of these Samsara publishes only the 60 s; the others are the likely ones."""
_SLACK = 0.05
"""A limit's window is counted this part shorter: requests that are paced well may arrive a little unevenly."""


class RateLimit:
    """At most `calls` in any stretch of `seconds`."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds * (1 - _SLACK)
        self._taken: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self, now: float) -> None:
        """Count a request; raises Refused (429, with a fractional Retry-After) where it is one too many."""
        with self._lock:
            while self._taken and self._taken[0] <= now - self._seconds:
                self._taken.popleft()
            if len(self._taken) < self._calls:
                self._taken.append(now)
                return
            wait = self._taken[0] + self._seconds - now
        raise Refused(429, "Rate limit exceeded.", {"Retry-After": f"{max(wait, 0.00001):.5f}"})


def check_key(request: Request, key: str) -> None:
    """Raises Refused (401) unless the request carries the key."""
    if request.headers.get("authorization") != f"Bearer {key}":
        raise Refused(401, "Invalid token.")


def check_permission(permission: str, missing: Iterable[str]) -> None:
    """Raises Refused (403) where the permission is missing."""
    if permission in missing:
        raise Refused(403, f"Token does not have the required permission: {permission}.")


def read_order(body: bytes, fleet: Iterable[FleetVehicle]) -> Order:
    """The order that a retrieval's body makes; raises Refused (400) where it is not as Samsara wants it."""
    values = _json_object(body)
    vehicle = next((vehicle for vehicle in fleet if vehicle.id == values.get("vehicleId")), None)
    if vehicle is None:
        raise Refused(400, "Invalid value for parameter vehicleId.")
    media_type = values.get("mediaType")
    if media_type not in LONGEST_SECONDS:
        raise Refused(400, "Invalid value for parameter mediaType.")
    start, end = read_time(values.get("startTime"), "startTime"), read_time(values.get("endTime"), "endTime")
    _check_duration(media_type, (end - start).total_seconds())
    return Order(vehicle, _cameras(values, vehicle), start, end, media_type)


def read_time(value: Any, name: str) -> datetime:
    """A time parameter; raises Refused (400) where it is missing or not RFC 3339."""
    try:
        return parse_time(value)
    except (TypeError, ValueError):
        raise Refused(400, f"Invalid value for parameter {name}: an RFC 3339 time is needed.") from None


def choices(request: Request, name: str, allowed: Iterable[str]) -> set[str]:
    """The values of a repeated filter; raises Refused (400) for `k[]`, joined and unknown values."""
    if request.many(f"{name}[]"):
        raise Refused(400, f"Unknown parameter {name}[].")
    chosen = set(request.many(name))
    if not chosen <= set(allowed):
        raise Refused(400, f"Invalid value for parameter {name}: {', '.join(sorted(chosen - set(allowed)))}.")
    return chosen


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except ValueError:
        raise Refused(400, "The request body is not JSON.") from None
    if not isinstance(values, dict):
        raise Refused(400, "The request body is not a JSON object.")
    return values


def _check_duration(media_type: str, seconds: float) -> None:
    longest = LONGEST_SECONDS[media_type]
    if not min(1, longest) <= seconds <= longest:
        raise Refused(400, f"Invalid duration for mediaType {media_type}.")


def _cameras(values: dict[str, Any], vehicle: FleetVehicle) -> tuple[tuple[str, str | None], ...]:
    inputs, roles = values.get("inputs") or [], values.get("cameraRoles") or []
    if not isinstance(inputs, list) or not set(inputs) <= set(ALL_INPUTS):
        raise Refused(400, "Invalid value for parameter inputs.")
    if not isinstance(roles, list) or not set(roles) <= ROLES:
        raise Refused(400, "Invalid value for parameter cameraRoles.")
    if not inputs and not roles:
        raise Refused(400, "One of inputs and cameraRoles is required.")
    return (*((name, None) for name in inputs), *((vehicle.roles.get(role, "analog1"), role) for role in roles))
