"""The rows of a list as incidents: each read as `pull` reads its options, with every fault of every row found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from cli.columns import PARSERS, value_of
from cli.order import (
    PullOptions,
    add_streams,
    check_audio,
    check_tiles,
    given_streams,
    of_media_type,
    order_name,
    order_window,
    refuse_two_ways,
)
from footage.batch.sheet import Row, Sheet
from footage.errors import Fault, InputRefused
from footage.models import Camera, Incident, TimeWindow, Vehicle
from footage.settings import RunSettings
from footage.typed import parse_cameras
from footage.walltime import local_zone_name, parse_end, parse_start, parse_zone

if TYPE_CHECKING:
    from cli.fleet import Fleet

T = TypeVar("T")
_MOMENT, _SPAN = ("start", "duration", "end"), ("around", "before", "after")
_PARTS = ("films", "requests", "kinesis", "evidence")
"""The parts of the settings that a row has columns for."""


@dataclass(frozen=True, slots=True)
class RowOrder:
    """What one row asks for. `row` as Excel counts it, `reference` in the words of who keeps the list."""

    row: int
    reference: str
    incident: Incident
    settings: RunSettings


def read_orders(
    sheet: Sheet, base: PullOptions, *, read_fleet: Callable[[], Fleet], now: datetime
) -> tuple[list[RowOrder], list[Fault]]:
    """The incidents of a list, in its order, and all faults of all rows: a row with a fault is no incident.

    `base` is what holds for rows whose own cell is empty. `read_fleet` is called once, and only where a row names a
    vehicle. Raises InputRefused for what is wrong with `base`, and what `read_fleet` raises.
    """
    _check(base)
    defaults = replace(base, timezone=base.timezone or local_zone_name())
    vehicles = _Vehicles(read_fleet)
    known = {(fault.row, fault.column) for fault in sheet.faults}
    faults, orders = list(sheet.faults), []
    for row in sheet.rows:
        reading = _Reading(row, defaults, {column for column in row.cells if (row.number, column) in known})
        order = reading.order(vehicles, now)
        faults += reading.faults
        orders += [order] if order is not None else []
    faults += _repeated(orders)
    faulty = {fault.row for fault in faults}
    return [order for order in orders if order.row not in faulty], sorted(faults, key=lambda fault: fault.row)


def _check(base: PullOptions) -> None:
    """Raise InputRefused for what was given on the command line: that is no fault of any row."""
    for column, parse in PARSERS.items():
        given = base.streams if column == "stream" else [getattr(base, column)]
        for text in given:
            if text is not None:
                parse(text)


class _Vehicles:
    """Finds vehicles in a fleet that is read at the first need; the same name is looked up once."""

    def __init__(self, read_fleet: Callable[[], Fleet]) -> None:
        self._fleet = cache(read_fleet)
        self._found: dict[str, Vehicle | InputRefused] = {}

    def find(self, text: str) -> Vehicle:
        """The vehicle of this name or id. Raises InputRefused."""
        if text not in self._found:
            self._found[text] = self._look_up(text)
        found = self._found[text]
        if isinstance(found, InputRefused):
            raise found
        return found

    def _look_up(self, text: str) -> Vehicle | InputRefused:
        try:
            return self._fleet().find(text)
        except InputRefused as refused:
            return refused


class _Reading:
    """One row on its way to an incident. `faulty` are the columns that cannot be used; `faults` says why."""

    def __init__(self, row: Row, defaults: PullOptions, faulty: set[str]) -> None:
        self.faults: list[Fault] = []
        self._row = row
        self._faulty = faulty
        values = {column: self._try(column, value_of, column, text) for column, text in row.cells.items()}
        self._options = _merged(defaults, row, {name: value for name, value in values.items() if value is not None})

    def order(self, vehicles: _Vehicles, now: datetime) -> RowOrder | None:
        """What the row asks for; None where anything is wrong with it."""
        options = self._options
        self._name_missing()
        vehicle = None if options.vehicle is None else self._try("vehicle", vehicles.find, options.vehicle)
        timed = self._window(now)
        cameras = self._cameras()
        if self._faulty or timed is None:
            return None
        window, zone = timed
        name = order_name(options, vehicle, cameras)
        incident = Incident(name, window, zone.key, cameras, vehicle, options.media_type)
        return RowOrder(self._row.number, options.settings.evidence.reference, incident, options.settings)

    def _try(self, column: str, action: Callable[..., T], *values: Any, **more: Any) -> T | None:
        """What the action gives; where it refuses, that is a fault of the column."""
        try:
            return action(*values, **more) if column not in self._faulty else None
        except InputRefused as refused:
            self._blame(column, re.sub(r"--(?=[a-z])", "", refused.message))
            return None

    def _blame(self, column: str, message: str) -> None:
        self._faulty.add(column)
        self.faults.append(Fault(self._row.number, column, message))

    def _is_sound(self, *columns: str) -> bool:
        return self._faulty.isdisjoint(columns)

    def _name_missing(self) -> None:
        options = self._options
        if options.vehicle is None and not options.streams and self._is_sound("vehicle", "stream"):
            self._blame("vehicle", "is missing: name a vehicle, or a stream.")
        if options.start is None and options.around is None and self._is_sound("start", "around"):
            self._blame("start", "is missing: give a start, or a moment in the column around.")
        has_length = options.duration is not None or options.end is not None or options.around is not None
        if not has_length and self._is_sound("duration", "end", "around"):
            self._blame("duration", "is missing: give minutes, or an end.")

    def _window(self, now: datetime) -> tuple[TimeWindow, ZoneInfo] | None:
        if not self._is_sound(*_MOMENT, *_SPAN, "timezone"):
            return None
        options = self._options
        self._try(self._last(("end", *_SPAN)), refuse_two_ways, options)
        zone = parse_zone(options.timezone or "UTC")
        for column, parse in (("start", parse_start), ("around", parse_start), ("end", parse_end)):
            if (text := getattr(options, column)) is not None:
                self._try(column, parse, text, zone)
        if not self._is_sound(*_MOMENT, *_SPAN):
            return None
        last = self._last(("start", "around", "end"))
        return self._try(last, order_window, options, None, ask_all=False, now=now)

    def _last(self, columns: Sequence[str]) -> str:
        """The last of these that the row uses."""
        used = [column for column in columns if getattr(self._options, column) is not None]
        return used[-1] if used else columns[0]

    def _cameras(self) -> tuple[Camera, ...]:
        options = self._options
        if not self._is_sound("cameras", "stream", "media-type"):
            return ()
        has_vehicle = options.vehicle is not None or not options.streams
        own = parse_cameras(options.cameras or "") if has_vehicle else ()
        fitting = self._try("media-type", of_media_type, own, options) or ()
        cameras = self._try("stream", add_streams, fitting, given_streams(options)) or ()
        if cameras:
            self._try("audio", check_audio, options.settings.films.audio, cameras)
            self._try("stream" if options.streams else "cameras", check_tiles, options, cameras)
        return cameras


def _merged(base: PullOptions, row: Row, values: dict[str, Any]) -> PullOptions:
    """The options of a row: its own values, and the defaults where it says nothing about the same thing."""
    own = {column.replace("-", "_"): value for column, value in values.items()}
    if "stream" in own:
        own["streams"] = (own["stream"],)
    unsaid: dict[str, None] = dict.fromkeys(_unsaid(row))
    settings = base.settings
    for part in _PARTS:
        settings = replace(settings, **{part: _with(getattr(settings, part), own)})
    return _with(replace(base, **unsaid, settings=settings), own)  # type: ignore[arg-type]


def _unsaid(row: Row) -> Iterator[str]:
    """The defaults that a row overrules by saying the time in another way."""
    if "around" in row.cells:
        yield from _MOMENT
    elif not row.cells.keys().isdisjoint(_MOMENT):
        yield from _SPAN
        yield from ["end"] if "duration" in row.cells else []
        yield from ["duration"] if "end" in row.cells else []


def _with(value: T, own: dict[str, Any]) -> T:
    names = {field.name for field in fields(value)}  # type: ignore[arg-type]
    return replace(value, **{name: each for name, each in own.items() if name in names})  # type: ignore[type-var]


def _repeated(orders: Sequence[RowOrder]) -> Iterator[Fault]:
    """A fault for each row whose incident another one has already: both would fill the same folder."""
    first: dict[object, RowOrder] = {}
    for order in orders:
        incident = order.incident
        other = first.setdefault(incident.subject, order)
        if other is not order:
            column = "vehicle" if incident.vehicle else "stream"
            yield Fault(order.row, column, _twice_words(other, incident.cameras))


def _twice_words(other: RowOrder, cameras: Sequence[Camera]) -> str:
    if {each.word for each in other.incident.cameras} == {each.word for each in cameras}:
        return f"is the same incident as row {other.row}: remove one of the two; its reference may name both claims."
    return (
        f"has the same vehicle, time and media type as row {other.row}, which makes one folder: "
        "name all its cameras in one row."
    )
