"""The vehicles of an account as a person looks for them: by part of the name, the plate or the VIN."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cli.terminal import Offer
from footage.errors import UnknownVehicle
from footage.models import Vehicle
from footage.vehicles import find_vehicle, folded

_SAFE_IN_A_SHELL = re.compile(r"[\w .,()/+-]+")


class Fleet:
    """All vehicles, those with a camera first. `say` tells what was understood."""

    def __init__(self, vehicles: Sequence[Vehicle], say: Callable[[str], None]) -> None:
        self._vehicles = sorted(vehicles, key=lambda each: (not each.camera_serial, folded(each.name), each.id))
        self._say = say

    def find(self, text: str) -> Vehicle:
        """The vehicle of exactly this name or id. Raises UnknownVehicle."""
        return find_vehicle(self._vehicles, text)

    def pick(self, text: str) -> Vehicle:
        """The same, and a part that only one vehicle has is enough, which is then said. Raises UnknownVehicle."""
        try:
            return self.find(text)
        except UnknownVehicle as unknown:
            matches = self.like(text)
            if not matches or "vehicles are called" in unknown.message:
                raise
            if len(matches) == 1:
                self._say(f"Taken: {_described(matches[0])}, the only vehicle with {text.strip()!r}.")
                return matches[0]
            listed = "; ".join(map(_described, matches[:8]))
            more = f"; and {len(matches) - 8} more" if len(matches) > 8 else ""
            said = f"{text.strip()!r} is part of {len(matches)} vehicles: {listed}{more}. Type more of the one meant."
            raise UnknownVehicle(said) from None

    def offers(self, text: str) -> list[Offer]:
        """What may be meant by what is typed so far."""
        return [Offer(self.handle(vehicle), _described(vehicle)) for vehicle in self.like(text)]

    def like(self, text: str) -> list[Vehicle]:
        """The vehicles that have this text in their name, plate, VIN or at the head of their id."""
        wanted = folded(text)
        return [vehicle for vehicle in self._vehicles if wanted and _has(vehicle, wanted)]

    def handle(self, vehicle: Vehicle) -> str:
        """What to type for just this vehicle: its name where that is its own and safe in any shell, else its id."""
        names = [folded(each.name) for each in self._vehicles]
        unique = names.count(folded(vehicle.name)) == 1
        return vehicle.name if unique and _SAFE_IN_A_SHELL.fullmatch(vehicle.name) else vehicle.id


def _has(vehicle: Vehicle, wanted: str) -> bool:
    squeezed = wanted.replace(" ", "").replace("-", "")
    codes = (vehicle.plate, vehicle.vin)
    return (
        wanted in folded(vehicle.name)
        or vehicle.id.startswith(wanted)
        or any(squeezed and squeezed in folded(code).replace(" ", "").replace("-", "") for code in codes)
    )


def _described(vehicle: Vehicle) -> str:
    parts = [f"plate {vehicle.plate}" if vehicle.plate else "", f"id {vehicle.id}"]
    parts += [] if vehicle.camera_serial else ["no camera known"]
    return f"{vehicle.name or 'no name'} ({', '.join(part for part in parts if part)})"
