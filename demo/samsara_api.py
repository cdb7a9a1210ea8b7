"""The stand-in's answers to Samsara's API: the same paths, parameters and JSON as the real service, from a library."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from demo.exchange import Answer, Refused, Request, json_answer
from demo.faults import Script, Subject
from demo.samsara_checks import LONGEST_SECONDS, RateLimit, check_key, check_permission, choices, read_order, read_time
from demo.samsara_fleet import ALL_INPUTS, DRIVER_INPUT, ROAD_INPUT, FleetVehicle
from demo.samsara_library import Library, Piece
from demo.samsara_telematics import Telematics
from demo.times import parse_time, tell_time

LISTED_INPUTS = {ROAD_INPUT: "dashcamForwardFacing", DRIVER_INPUT: "dashcamInwardFacing"}
"""The list of uploaded media calls these two inputs differently."""
TRIGGERS = (
    *("api", "panicButton", "periodicStill", "rfidEvent", "safetyEvent"),
    *("tripEndStill", "tripStartStill", "videoRetrieval"),
)
_LISTED_TYPES = ("image", "videoHighRes")
_MOST_VEHICLES_LISTED = 20
_MOST_VEHICLES_PAGED = 512

Linker = Callable[[Piece], dict[str, str]]
"""Makes the `urlInfo` of a media item."""


class SamsaraApi:
    """Routes requests to answers. `now` is seconds since 1970; Refused becomes an error answer."""

    def __init__(
        self,
        key: str,
        fleet: Iterable[FleetVehicle],
        library: Library,
        script: Callable[[], Script],
        link: Linker,
    ) -> None:
        self._key = key
        self._fleet = tuple(fleet)
        self._library = library
        self._script = script
        self._link = link
        self._telematics = Telematics(self._fleet, script)
        self._routes = {
            ("GET", "/me"): (self._me, "Read Org Information", RateLimit(150, 1)),
            ("GET", "/fleet/vehicles"): (self._vehicles, "Read Vehicles", RateLimit(25, 1)),
            ("GET", "/fleet/vehicles/"): (self._vehicle, "Read Vehicles", RateLimit(25, 1)),
            ("POST", "/cameras/media/retrieval"): (self._retrieve, "Write Media Retrieval", RateLimit(100, 60)),
            ("GET", "/cameras/media/retrieval"): (self._retrieval, "Read Media Retrieval", RateLimit(5, 1)),
            ("GET", "/assets/location-and-speed/stream"): (self._located, "Read Vehicles", RateLimit(10, 1)),
            ("GET", "/fleet/vehicles/stats/history"): (self._history, "Read Vehicle Statistics", RateLimit(25, 1)),
            ("GET", "/cameras/media"): (self._uploaded, "Read Media Retrieval", RateLimit(5, 1)),
        }

    def answer(self, request: Request, now: float) -> Answer:
        """The answer to a request; raises Refused."""
        check_key(request, self._key)
        path = request.path
        if path.startswith("/fleet/vehicles/") and ("GET", path) not in self._routes:
            path = "/fleet/vehicles/"
        route = self._routes.get((request.method, path))
        if route is None:
            known = {known for _, known in self._routes}
            raise Refused(405, "Method not allowed.") if path in known else Refused(404, "Not found.")
        handle, permission, limit = route
        check_permission(permission, self._script().missing_permissions)
        if self._script().limits:
            limit.take(now)
        return json_answer(handle(request, now))

    def subject(self, request: Request) -> Subject:
        """What a request is about, as far as it can be seen without answering it."""
        return replace(self._subject(request), parameters=frozenset(name for name, _ in request.query))

    def _subject(self, request: Request) -> Subject:
        if request.method == "POST":
            return _subject_of_body(request.body)
        if request.path.startswith("/media/"):
            piece = self._library.piece(request.path.removeprefix("/media/"))
            return _subject_of_pieces([piece] if piece else [])
        retrieval = self._library.retrieval(request.one("retrievalId") or "")
        return _subject_of_pieces(retrieval.pieces if retrieval else ())

    def _me(self, request: Request, now: float) -> dict[str, Any]:
        return {"data": {"id": "90210", "name": "Northline Haulage", "carrierSettings": {}}}

    def _vehicles(self, request: Request, now: float) -> dict[str, Any]:
        limit = request.one("limit") or str(_MOST_VEHICLES_PAGED)
        if not limit.isdigit() or not 1 <= int(limit) <= _MOST_VEHICLES_PAGED:
            raise Refused(400, "Invalid value for parameter limit.")
        page = min(int(limit), self._script().vehicle_page)
        vehicles = [vehicle.json for vehicle in self._fleet]
        # Samsara may send an empty page in the middle: here the second one always is
        pages: list[list[dict[str, Any]]] = [vehicles[at : at + page] for at in range(0, len(vehicles), page)] or [[]]
        return _paged([pages[0], [], *pages[1:]] if len(pages) > 1 else pages, request)

    def _vehicle(self, request: Request, now: float) -> dict[str, Any]:
        reference = request.path.removeprefix("/fleet/vehicles/")
        for vehicle in self._fleet:
            if vehicle.answers_to(reference):
                return {"data": vehicle.json}
        raise Refused(404, "Vehicle not found.")

    def _located(self, request: Request, now: float) -> dict[str, Any]:
        return _paged(self._telematics.stream(request), request)

    def _history(self, request: Request, now: float) -> dict[str, Any]:
        return _paged(self._telematics.history(request), request)

    def _retrieve(self, request: Request, now: float) -> dict[str, Any]:
        order = read_order(request.body, self._fleet)
        used = self._library.usage(now)
        retrieval = self._library.accept(order, now)
        limit = self._script().quota_limit
        sentence = f"Current monthly usage is {used:.1f} seconds of high-res video out of {limit:.1f} available."
        return {"data": {"retrievalId": retrieval.id, "quotaStatus": sentence}}

    def _retrieval(self, request: Request, now: float) -> dict[str, Any]:
        retrieval = self._library.retrieval(request.one("retrievalId") or "")
        if retrieval is None:
            raise Refused(404, "Retrieval not found.")
        if now < retrieval.accepted_at + self._script().empty_for:
            return {"data": {"media": []}}
        told = [piece for piece in retrieval.pieces if self._is_told(piece)]
        return {"data": {"media": [self._retrieved_item(piece, now) for piece in told]}}

    def _is_told(self, piece: Piece) -> bool:
        """Whether an item answers for a piece by now; what was left out may come late."""
        return self._script().fate(piece.vehicle.id, piece.camera, piece.role, piece.asked_start).told

    def _retrieved_item(self, piece: Piece, now: float) -> dict[str, Any]:
        status = "pending" if piece.fate.stuck else self._library.status(piece, now)
        item = _item(piece, piece.camera) | {"status": status}
        if piece.role and piece.vehicle.serial:
            item["auxcamSerial"] = piece.vehicle.serial
        if status == "available":
            item |= self._availability(piece)
        return {name: value for name, value in item.items() if name not in piece.fate.untold}

    def _availability(self, piece: Piece) -> dict[str, Any]:
        moment = datetime.fromtimestamp(self._library.available_at(piece), timezone.utc)
        told: dict[str, Any] = {"availableAtTime": tell_time(moment)}
        return told | ({"urlInfo": self._link(piece)} if piece.fate.linked else {})

    def _uploaded(self, request: Request, now: float) -> dict[str, Any]:
        chosen = self._chosen(request, now)
        items = [self._listed_item(piece) for piece in chosen]
        size = self._script().list_page
        answer = _paged([items[at : at + size] for at in range(0, len(items), size)] or [[]], request)
        return {"data": {"media": answer["data"]}, "pagination": answer["pagination"]}

    def _listed_item(self, piece: Piece) -> dict[str, Any]:
        drift = timedelta(seconds=self._script().list_drift)
        drifted = replace(piece, start=piece.start + drift, end=piece.end + drift)
        item = _item(drifted, LISTED_INPUTS.get(piece.camera, piece.camera)) | {"triggerReason": piece.trigger}
        if piece.role and piece.vehicle.serial:
            item["auxCamSerial"] = piece.vehicle.serial.replace("-", "")
        return item | self._availability(piece)

    def _chosen(self, request: Request, now: float) -> list[Piece]:
        wanted, by_start = _Filter.of(request, now), self._script().list_by_start
        return [
            piece
            for piece in filter(self._is_told, self._library.uploaded(now))
            if (piece.start >= wanted.start or not by_start)
            and wanted.lets_through(piece)
            and self._library.available_at(piece) > wanted.later_than
        ]


@dataclass(frozen=True)
class _Filter:
    """What a request for the list of uploaded media wants to see."""

    vehicles: list[str]
    start: datetime
    end: datetime
    inputs: set[str]
    types: set[str]
    triggers: set[str]
    later_than: float

    @classmethod
    def of(cls, request: Request, now: float) -> _Filter:
        """Read the parameters; raises Refused (400)."""
        start, end = (read_time(request.one(name), name) for name in ("startTime", "endTime"))
        if not timedelta() <= end - start <= timedelta(hours=24):
            raise Refused(400, "startTime and endTime must not be more than 24 hours apart.")
        if end.timestamp() > now:
            raise Refused(400, "endTime must not be in the future.")
        vehicles = (request.one("vehicleIds") or "").split(",")
        if not all(vehicles) or len(vehicles) > _MOST_VEHICLES_LISTED:
            raise Refused(400, "Invalid value for parameter vehicleIds.")
        after = request.one("availableAfterTime")
        return cls(
            vehicles,
            start,
            end,
            choices(request, "inputs", ALL_INPUTS) or set(ALL_INPUTS),
            choices(request, "mediaTypes", _LISTED_TYPES) or set(LONGEST_SECONDS),
            choices(request, "triggerReasons", TRIGGERS) or set(TRIGGERS),
            read_time(after, "availableAfterTime").timestamp() if after else float("-inf"),
        )

    def lets_through(self, piece: Piece) -> bool:
        """Whether a piece is wanted; pieces that only touch the asked time are."""
        return (
            (piece.start <= self.end and piece.end >= self.start)
            and (piece.camera in self.inputs and piece.media_type in self.types and piece.trigger in self.triggers)
            and any(piece.vehicle.answers_to(reference) for reference in self.vehicles)
        )


def _item(piece: Piece, name: str) -> dict[str, Any]:
    item = {
        "vehicleId": piece.vehicle.id,
        "input": name,
        "mediaType": piece.media_type,
        "startTime": tell_time(piece.start),
        "endTime": tell_time(piece.end),
    }
    return item | ({"cameraRole": piece.role} if piece.role and piece.fate.role_told else {})


def _paged(pages: list[list[dict[str, Any]]], request: Request) -> dict[str, Any]:
    """The page that the request's cursor asks for. A cursor holds only with the parameters that it was given for."""
    others = sorted(pair for pair in request.query if pair[0] != "after")
    mark = hashlib.sha256(json.dumps(others).encode()).hexdigest()[:8]
    number, known = _read_cursor(request.one("after")) if request.one("after") else (0, mark)
    if known != mark or not 0 <= number < len(pages):
        raise Refused(400, "Invalid value for parameter after.")
    more = number + 1 < len(pages)
    cursor = base64.urlsafe_b64encode(f"{number + 1}:{mark}".encode()).decode() if more else ""
    return {"data": pages[number], "pagination": {"endCursor": cursor, "hasNextPage": more}}


def _read_cursor(cursor: str | None) -> tuple[int, str]:
    try:
        number, mark = base64.urlsafe_b64decode((cursor or "").encode()).decode().split(":")
        return int(number), mark
    except ValueError:
        raise Refused(400, "Invalid value for parameter after.") from None


def _subject_of_body(body: bytes) -> Subject:
    try:
        values = json.loads(body)
        cameras = (*(values.get("inputs") or ()), *(values.get("cameraRoles") or ()))
        return Subject(values.get("vehicleId", ""), cameras, tell_time(parse_time(values["startTime"])))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Subject()  # the request is refused later, in words


def _subject_of_pieces(pieces: Iterable[Piece]) -> Subject:
    pieces = tuple(pieces)
    if not pieces:
        return Subject()
    cameras = tuple(dict.fromkeys(name for piece in pieces for name in (piece.camera, piece.role) if name))
    return Subject(pieces[0].vehicle.id, cameras, pieces[0].asked_start)
