"""Which vehicle of an account is meant by a name or an id, and which names are near to one that none has."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from footage.errors import UnknownVehicle
from footage.models import Vehicle
from footage.wording import one_line


def find_vehicle(vehicles: Sequence[Vehicle], text: str) -> Vehicle:
    """The vehicle of that id or exact name (case does not matter).

    Raises UnknownVehicle with the nearest names for an unknown name, with ids and plates for a shared one.
    """
    wanted = folded(text)
    found = [vehicle for vehicle in vehicles if vehicle.id == text.strip()]
    found = found or [vehicle for vehicle in vehicles if vehicle.name and folded(vehicle.name) == wanted]
    if len(found) == 1:
        return found[0]
    if not vehicles:
        raise UnknownVehicle("This key sees no vehicle at all: its token may be limited to other tags.")
    if not found:
        raise UnknownVehicle(f"No vehicle is called {text.strip()!r}. {_nearest(vehicles, wanted)}")
    which = "; ".join(f"{vehicle.id} (plate {vehicle.plate or 'unknown'})" for vehicle in found)
    raise UnknownVehicle(f"{len(found)} vehicles are called {text.strip()!r}. Give the id of the one meant: {which}.")


def folded(name: str) -> str:
    """A name as names are compared: in any case, with single spaces."""
    return " ".join(one_line(name).split()).casefold()


def _nearest(vehicles: Sequence[Vehicle], wanted: str) -> str:
    names = {folded(vehicle.name): vehicle.name for vehicle in vehicles if vehicle.name}
    close = difflib.get_close_matches(wanted, names, n=5, cutoff=0.5)
    close += [name for name in names if wanted and wanted in name and name not in close]
    if close:
        return f"The nearest names: {', '.join(names[name] for name in close[:5])}."
    return f"None of the {len(vehicles)} vehicles has a name like it; give its exact name or its id."
