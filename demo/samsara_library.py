"""What the stand-in for Samsara holds: the retrievals it accepted, the media that is uploaded, the quota used."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from demo.cameras import ROAD
from demo.faults import ClipFate, Script, Upload, input_name
from demo.samsara_fleet import FleetVehicle
from demo.samsara_footage import Footage, Shot
from demo.times import parse_time, tell_time

_SECONDS_PER_STILL = 0.1
_UPLOAD_DELAY = timedelta(minutes=10)


@dataclass(frozen=True)
class Order:
    """A retrieval as it was asked for; `cameras` are pairs of input and, where it was asked for by role, the role."""

    vehicle: FleetVehicle
    cameras: tuple[tuple[str, str | None], ...]
    start: datetime
    end: datetime
    media_type: str


@dataclass(frozen=True)
class Piece:
    """One media item: what is told of it, and the footage behind it. `settles_at` is when its status is known."""

    key: str
    vehicle: FleetVehicle
    camera: str
    role: str | None
    media_type: str
    start: datetime
    end: datetime
    status: str
    settles_at: float
    shot: Shot
    fate: ClipFate
    asked_start: str
    trigger: str = "api"

    @property
    def charge(self) -> float:
        """Seconds of quota that the piece takes once it is available."""
        return _SECONDS_PER_STILL if self.media_type == "image" else (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Retrieval:
    """An accepted order."""

    id: str
    order: Order
    accepted_at: float
    pieces: tuple[Piece, ...]


class Library:
    """All media of the stand-in, under a lock. `script` is asked for at each request, so that it can change."""

    def __init__(self, fleet: Iterable[FleetVehicle], footage: Footage, script: Callable[[], Script]) -> None:
        self._fleet = tuple(fleet)
        self._footage = footage
        self._script = script
        self._retrievals: dict[str, Retrieval] = {}
        self._pieces: dict[str, Piece] = {}
        self._lock = threading.Lock()

    def accept(self, order: Order, now: float) -> Retrieval:
        """Take an order in and begin to make its footage."""
        pieces = tuple(piece for camera, role in order.cameras for piece in self._pieces_of(order, camera, role, now))
        retrieval = Retrieval(str(uuid.uuid4()), order, now, pieces)
        with self._lock:
            self._retrievals[retrieval.id] = retrieval
            self._pieces.update({piece.key: piece for piece in pieces})
        for piece in pieces:
            if piece.status == "available":
                self._footage.prepare(piece.shot)
        return retrieval

    def retrieval(self, retrieval_id: str) -> Retrieval | None:
        """An accepted order by its id."""
        return self._retrievals.get(retrieval_id)

    def piece(self, key: str) -> Piece | None:
        """A media item by its key."""
        return self._pieces.get(key) or next((piece for piece in self._uploads() if piece.key == key), None)

    def status(self, piece: Piece, now: float) -> str:
        """The item's status at a moment."""
        settled = self.available_at(piece) if piece.status == "available" else piece.settles_at
        return piece.status if settled <= now else "pending"

    def available_at(self, piece: Piece) -> float:
        """When an item that becomes available can be had: not before its footage is made."""
        return max(piece.settles_at, self._footage.ready_at(piece.shot))

    def uploaded(self, now: float) -> list[Piece]:
        """All media that is available at a moment, whoever asked for it, in the order of its becoming available."""
        told_of = now - self._script().empty_for
        with self._lock:
            known = [retrieval for retrieval in self._retrievals.values() if retrieval.accepted_at <= told_of]
        pieces = [piece for retrieval in known for piece in retrieval.pieces]
        there = [piece for piece in (*pieces, *self._uploads()) if self.status(piece, now) == "available"]
        return sorted(there, key=lambda piece: (self.available_at(piece), piece.key))

    def usage(self, now: float) -> float:
        """Seconds of quota used: only what was retrieved and is available counts."""
        with self._lock:
            pieces = list(self._pieces.values())
        return self._script().quota_used + sum(
            piece.charge for piece in pieces if self.status(piece, now) == "available"
        )

    def _pieces_of(self, order: Order, camera: str, role: str | None, now: float) -> Iterator[Piece]:
        script, asked = self._script(), tell_time(order.start)
        fate = script.fate(order.vehicle.id, camera, role, asked)
        ready_after = script.ready_after if fate.ready_after is None else fate.ready_after
        model = order.vehicle.cameras.get(camera)
        piece = Piece(
            key="",
            vehicle=order.vehicle,
            camera=camera,
            role=role or order.vehicle.role_of(camera),
            media_type=order.media_type,
            start=order.start + timedelta(seconds=fate.shift),
            end=order.end + timedelta(seconds=fate.shift),
            status=fate.status if model and (role is None or role in order.vehicle.roles) else "invalid",
            settles_at=float("inf") if fate.status == "pending" else now + ready_after,
            shot=Shot(order.vehicle.id, camera, model or ROAD, order.start, 0.0, order.media_type),
            fate=fate,
            asked_start=asked,
        )
        for number, (start, end) in enumerate(_stretches(piece)):
            status = fate.second_status if number and fate.second_status else piece.status
            yield _cut(replace(piece, status=status), start, end, f"{uuid.uuid4().hex[:8]}-{number}")

    def _uploads(self) -> Iterator[Piece]:
        script = self._script()
        for number, upload in enumerate(script.uploads):
            vehicle = next(vehicle for vehicle in self._fleet if vehicle.answers_to(upload.vehicle))
            yield _upload_piece(vehicle, upload, number, script)


def _stretches(piece: Piece) -> list[tuple[datetime, datetime]]:
    """The stretches of time of the pieces that answer for one camera, as its fate tells."""
    fate, start, end = piece.fate, piece.start, piece.end
    if fate.split_at is not None:
        middle = start + timedelta(seconds=fate.split_at)
        stretches = [(start, middle), (middle, end)]
    elif fate.lead:
        middle = start + (end - start) / 2
        stretches = [(start, middle), (middle - timedelta(seconds=fate.lead), end)]
    else:
        stretches = [(start, end)]
    return stretches * fate.copies


def _cut(piece: Piece, start: datetime, end: datetime, name: str) -> Piece:
    suffix = "jpg" if piece.media_type == "image" else "mp4"
    seconds = max(0.0, (end - start).total_seconds() - piece.fate.shorten)
    shot = replace(piece.shot, start=start, seconds=seconds, pause=piece.fate.pause)
    key = f"{piece.vehicle.id}/{piece.camera}/{start.astimezone(timezone.utc):%Y%m%dT%H%M%S}-{name}.{suffix}"
    return replace(piece, key=key, start=start, end=end, shot=shot)


def _upload_piece(vehicle: FleetVehicle, upload: Upload, number: int, script: Script) -> Piece:
    camera, start = input_name(upload.camera), parse_time(upload.start)
    camera = vehicle.roles.get(camera, camera)
    end = start + timedelta(seconds=upload.seconds)
    available = parse_time(upload.available_at) if upload.available_at else end + _UPLOAD_DELAY
    fate = replace(script.fate(vehicle.id, camera, vehicle.role_of(camera), upload.start), linked=upload.linked)
    piece = Piece(
        key="",
        vehicle=vehicle,
        camera=camera,
        role=vehicle.role_of(camera),
        media_type=upload.media_type,
        start=start,
        end=end,
        status="available",
        settles_at=available.timestamp(),
        shot=Shot(vehicle.id, camera, vehicle.cameras.get(camera, ROAD), start, upload.seconds, upload.media_type),
        fate=fate,
        asked_start=upload.start,
        trigger=upload.trigger,
    )
    return _cut(piece, start, end, f"upload{number}")
