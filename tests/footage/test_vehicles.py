"""Which vehicle a name or an id means, and what is said where none or several are meant."""

from __future__ import annotations

import pytest

from footage.errors import UnknownVehicle
from footage.models import Vehicle
from footage.vehicles import find_vehicle

FLEET = [
    Vehicle("11", "Truck 104", "AAA"),
    Vehicle("12", "Truck 105"),
    Vehicle("13", "Van", "P1"),
    Vehicle("14", "van ", "P2"),
    Vehicle("15"),
    Vehicle("16", "11"),
]


@pytest.mark.parametrize(("text", "id_"), [("truck 104", "11"), ("  TRUCK   105 ", "12"), ("15", "15"), ("11", "11")])
def test_a_vehicle_is_found_by_exact_name_in_any_case_or_by_id(text, id_):
    assert find_vehicle(FLEET, text).id == id_


def test_an_unknown_vehicle_is_answered_with_the_nearest_names():
    with pytest.raises(UnknownVehicle, match=r"'Truk 104'.*Truck 104, Truck 105"):
        find_vehicle(FLEET, "Truk 104")
    with pytest.raises(UnknownVehicle, match="Truck 104"):
        find_vehicle(FLEET, "104")
    with pytest.raises(UnknownVehicle, match="None of the 6 vehicles"):
        find_vehicle(FLEET, "zzz")
    with pytest.raises(UnknownVehicle, match="no vehicle at all"):
        find_vehicle([], "Truck 104")


def test_a_shared_name_is_answered_with_ids_and_plates():
    with pytest.raises(UnknownVehicle, match=r"13 \(plate P1\); 14 \(plate P2\)"):
        find_vehicle(FLEET, "VAN")
