"""Forty incidents as one list against the same rows pulled one after another: wall time, requests, every row's end.

`python -m bench.batch` takes about ten minutes, most of them for the rows one after another. Footage arrives over time,
at the same moments after its request for both; polling and the pace of requests are the real ones.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.cameras import DRIVER, ROAD
from demo.faults import ClipFate, Fault, Script, not_recording
from demo.samsara_fleet import DRIVER_INPUT, ROAD_INPUT, FleetVehicle
from tests.site import Site, open_site

ROWS = 40
SOONEST, LATEST = 5.0, 25.0
AT_LEAST = 5.0
_TRUTH = "complete"


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of doing it: wall seconds, how often a request was accepted at most, the end of each vehicle's row."""

    seconds: float
    most_requests: int
    requests: int
    ends: dict[str, str]


def fleet(rows: int) -> list[FleetVehicle]:
    """So many vehicles with a road and a driver camera."""
    cameras = {ROAD_INPUT: ROAD, DRIVER_INPUT: DRIVER}
    records = [{"name": f"Truck {nth}", "licensePlate": f"P{nth}"} for nth in range(rows)]
    return [FleetVehicle(str(1000 + nth), record, cameras) for nth, record in enumerate(records)]


def start_of(nth: int) -> str:
    """When a row's incident begins: each on its own minute of three days."""
    day, minute = divmod(nth * 97, 24 * 60)
    return f"2026-11-{16 + day % 3:02d}T{minute // 60:02d}:{minute % 60:02d}:00Z"


def script_of(rows: int) -> tuple[Script, dict[str, str]]:
    """Footage that arrives over time, five vehicles that have less to give, and the end that each row must have."""
    chance = random.Random(40)
    ids = [str(1000 + nth) for nth in range(rows)]
    ends = {f"Truck {nth}": _TRUTH for nth in range(rows)}
    fates = [
        ClipFate(vehicle=ids[3], status="unavailable"),
        ClipFate(vehicle=ids[11], camera="driver", status="failed"),
        ClipFate(vehicle=ids[26], cut_to=0.4, camera="road", ready_after=SOONEST),
        ClipFate(vehicle=ids[33], status="someNewWord", camera="road", ready_after=SOONEST),
    ]
    ends |= {"Truck 3": "nothing", "Truck 19": "nothing"}
    ends |= dict.fromkeys(("Truck 11", "Truck 26", "Truck 33"), "partial")
    fates += [ClipFate(vehicle=each, ready_after=chance.uniform(SOONEST, LATEST)) for each in ids]
    faults: tuple[Fault, ...] = (not_recording(start=start_of(19)),)
    return Script(clips=tuple(fates), faults=faults), ends


def as_list(site: Site, rows: int) -> Measured:
    """All rows as one list."""
    with (site.folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("vehicle", "start", "duration", "cameras", "timezone"))
        writer.writerows((f"Truck {nth}", start_of(nth), "1", "road,driver", "UTC") for nth in range(rows))
    began = time.monotonic()
    outcome = site.run("batch", "list.csv", "--films", "none", "--yes", "--json", timeout=1800)
    seconds = time.monotonic() - began
    if outcome.code not in (0, 3):
        raise SystemExit(outcome.err)
    return _measured(site, seconds, {row["vehicle"]: row["status"] for row in outcome.result["rows"]})


def one_after_another(site: Site, rows: int) -> Measured:
    """Each row by a call of its own."""
    ends = {}
    began = time.monotonic()
    for nth in range(rows):
        what = ("--vehicle", f"Truck {nth}", "--start", start_of(nth), "--duration", "1", "--cameras", "road,driver")
        outcome = site.run("pull", *what, "--timezone", "UTC", "--films", "none", "--yes", "--json", timeout=600)
        ends[f"Truck {nth}"] = outcome.result["status"]
    return _measured(site, time.monotonic() - began, ends)


def _measured(site: Site, seconds: float, ends: dict[str, str]) -> Measured:
    counts = list(site.service.posts.values())
    return Measured(seconds, max(counts), sum(counts), ends)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both ways and print the ratio."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="at least 34")
    rows = parser.parse_args(arguments).rows
    script, expected = script_of(rows)
    measured = []
    with tempfile.TemporaryDirectory(prefix="bench-batch-") as temporary:
        folder = Path(temporary)
        for way, name in ((as_list, "one list"), (one_after_another, "one after another")):
            place = folder / way.__name__
            place.mkdir()
            with open_site(place, folder / "clips", script, fleet(rows)) as site:
                found = way(site, rows)
            measured.append(found)
            wrong = {vehicle: end for vehicle, end in found.ends.items() if end != expected[vehicle]}
            print(f"{name}: {found.seconds:.0f} s, {found.requests} requests, each at most {found.most_requests} times")
            print(f"  rows with another end than they must have: {json.dumps(wrong) if wrong else 'none'}", flush=True)
    ratio = measured[1].seconds / measured[0].seconds
    print(f"{rows} incidents, 5 of them faulty: one list is {ratio:.1f} times as fast (at least {AT_LEAST:g})")
    good = ratio >= AT_LEAST and all(each.ends == expected and each.most_requests == 1 for each in measured)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
