"""The vehicles that the stand-in for Samsara knows, and the cameras that are installed in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.cameras import ANALOG1, ANALOG2, ANALOG3, ANALOG4, DRIVER, ROAD, CameraModel

ROAD_INPUT, DRIVER_INPUT = "dashcamRoadFacing", "dashcamDriverFacing"
ALL_INPUTS = (ROAD_INPUT, DRIVER_INPUT, "analog1", "analog2", "analog3", "analog4")
MODELS = dict(zip(ALL_INPUTS, (ROAD, DRIVER, ANALOG1, ANALOG2, ANALOG3, ANALOG4), strict=True))
ROLES = frozenset(
    ("leftMirrorMount", "leftSide", "rightMirrorMount", "rightSide", "rearHigh", "rearBumper", "inCab", "front")
    + ("hopper", "other1", "other2", "other3", "other4")
    + ("leftBev", "rightBev", "rearBev", "frontBev", "otherBev", "bevNotUsed")
)
"""The 19 camera roles of Samsara's API."""
_BOTH = {ROAD_INPUT: ROAD, DRIVER_INPUT: DRIVER}


@dataclass(frozen=True)
class FleetVehicle:
    """A vehicle of the stand-in: `record` holds the optional fields of its JSON, `cameras` what is installed where.

    `roles` names analog inputs by what they look at; `serial` is the auxiliary camera unit's.
    """

    id: str
    record: Mapping[str, Any] = field(default_factory=dict)
    cameras: Mapping[str, CameraModel] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    serial: str = ""

    @property
    def json(self) -> dict[str, Any]:
        """The vehicle as the API tells it."""
        return {"id": self.id, "createdAtTime": "2023-02-11T16:04:05Z", **self.record}

    def role_of(self, camera: str) -> str | None:
        """The role under which an input is known, if any."""
        return next((role for role, name in self.roles.items() if name == camera), None)

    def answers_to(self, reference: str) -> bool:
        """Whether an id, or an external id as `key:value`, means this vehicle."""
        key, _, value = reference.partition(":")
        return reference == self.id or bool(value) and self.record.get("externalIds", {}).get(key) == value


def _record(name: str | None, plate: str, vin: str, camera: str | None = None) -> dict[str, Any]:
    serial = f"G{vin[-9:]}"
    told = {
        "vin": vin,
        "serial": serial,
        "licensePlate": plate,
        "gateway": {"model": "VG54NA", "serial": serial},
        "externalIds": {"samsara.serial": serial, "samsara.vin": vin},
        "notes": "",
    }
    return told | ({"name": name} if name else {}) | ({"cameraSerial": camera} if camera else {})


TRUCK_104 = FleetVehicle(
    "281474990123456",
    _record("Truck 104", "8TRK104", "1FUJGLDR9CLBP8834", "CXYZ-98K-LMN"),
    {**_BOTH, "analog1": ANALOG1},
    serial="CQAA-11B-CCD",
)
VAN_7 = FleetVehicle("281474990123457", _record("Van 7", "7VAN007", "1FTBW2CM5HKA12345", "CXYZ-98K-LMP"), _BOTH)
RIG_12 = FleetVehicle(
    "281474990123458",
    _record("Rig 12", "9RIG012", "3AKJHHDR7JSJV5535", "CXYZ-98K-LMQ"),
    {**_BOTH, "analog1": ANALOG1, "analog3": ANALOG3},
    roles={"leftSide": "analog1", "rearBumper": "analog3"},
    serial="CQAA-11B-CCE",
)
FLEET = (
    TRUCK_104,
    VAN_7,
    RIG_12,
    FleetVehicle("281474990654321", _record("Pickup 7 (no camera)", "5PCK321", "1FTFW1ET5DFC10312")),
    FleetVehicle("281474990654322", _record(None, "4NON322", "1FTFW1ET5DFC10313", "CXYZ-98K-LMR"), _BOTH),
    FleetVehicle("281474990654323", _record("Spare", "3SPR323", "1FTFW1ET5DFC10314", "CXYZ-98K-LMS"), _BOTH),
    FleetVehicle("281474990654324", _record("Spare", "3SPR324", "1FTFW1ET5DFC10315", "CXYZ-98K-LMT"), _BOTH),
)
