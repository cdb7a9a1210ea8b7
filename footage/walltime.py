"""Wall-clock times and zones as people write them, and the one moment that each means."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from dateutil import tz
from dateutil.parser import isoparse

from footage.cities import CITY_ZONES
from footage.errors import InputRefused, UnclearTime
from footage.models import UTC

_US = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) +([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AP])\.?M\.?)?")
_ISO = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ][0-9]{2}:?[0-9]{2}[0-9:.,]*(?: ?(?:Z|[+-][0-9:]+))?")
_DATE_ONLY = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
_BLANK_BEFORE_OFFSET = re.compile(r"(?<=[0-9]) (?=Z|[+-])")
_HALF_A_SECOND = timedelta(microseconds=500_000)
_HOURS_OF_A_HALF = 12
_YEARS = range(2000, 2100)
_ENOUGH_OF_A_CITY = 3
_ALIKE = 0.8

_REGIONS = frozenset(
    ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)

# What people in North America say instead of a zone's name; offered, never taken for it.
_SAID = {
    "America/New_York": ("et", "est", "edt", "eastern", "eastern time"),
    "America/Chicago": ("ct", "cst", "cdt", "central", "central time"),
    "America/Denver": ("mt", "mst", "mdt", "mountain", "mountain time"),
    "America/Los_Angeles": ("pt", "pst", "pdt", "pacific", "pacific time"),
    "America/Anchorage": ("akst", "akdt", "alaska", "alaska time"),
    "Pacific/Honolulu": ("hst", "hawaii", "hawaii time"),
}
_MISTAKEN = frozenset(("EST", "MST", "HST", "localtime", "Factory"))
"""Names that the zones' rules know, but not as people mean them: the first three never have daylight time."""


def parse_start(text: str, zone: tzinfo) -> datetime:
    """The start in UTC. Raises InputRefused, and UnclearTime for an hour that the zone skips or repeats."""
    return place(parse_wall_time(text), zone, "start")


def parse_end(text: str, zone: tzinfo) -> datetime:
    """The end in UTC. Raises InputRefused, and UnclearTime for an hour that the zone skips or repeats."""
    return place(parse_wall_time(text), zone, "end")


def parse_wall_time(text: str) -> datetime:
    """A date and time as typed: aware where the text carries an offset, else naive. Rounded to whole seconds."""
    typed = " ".join(text.split()).upper()
    try:
        moment = _from_us(typed) or _from_iso(typed)
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        raise InputRefused(_advice(" ".join(text.split())))
    return (moment + _HALF_A_SECOND).replace(microsecond=0)


def place(wall: datetime, zone: tzinfo, what: str) -> datetime:
    """The moment in UTC that a wall-clock time means in a zone; an aware one keeps its own meaning.

    Raises UnclearTime, naming `what` and both readings, where clocks go back or forward over that time.
    """
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    moments = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if moments[0] == moments[1]:
        return moments[0]
    happens = "happens twice" if tz.datetime_exists(wall, zone) else "is skipped by the clocks"
    first, second = (moment.astimezone(zone).isoformat() for moment in moments)
    raise UnclearTime(
        f"The {what} {wall:%Y-%m-%d %H:%M:%S} {happens} in {zone}: write {first} or {second}.", (first, second)
    )


def parse_zone(text: str) -> ZoneInfo:
    """The zone of that IANA name, in any case. Raises InputRefused with names that come near."""
    typed = text.strip()[:100]
    names = _zone_names()
    name = names.get(typed.casefold().replace(" ", "_"))
    if name is None or name in _MISTAKEN:
        near = ", ".join(_near_zones(typed.casefold(), names)) or "America/Chicago"
        raise InputRefused(f"{typed[:40]!r} is no time zone: type an IANA name such as {near}.")
    return ZoneInfo(name)


def parse_place(text: str) -> ZoneInfo:
    """The zone of an IANA name or of a city that gives a zone its name: Chicago, or as much of it as only it has."""
    try:
        return parse_zone(text)
    except InputRefused:
        typed = _as_city(text)
        begun = [name for city, name in _cities().items() if city.startswith(typed) and len(typed) >= _ENOUGH_OF_A_CITY]
        named = _cities().get(typed) or (begun[0] if len(begun) == 1 else None)
        if named is None:
            raise
        return ZoneInfo(named)


def zones_like(text: str) -> list[str]:
    """The zones whose city begins with this text, then those whose name contains it."""
    typed = _as_city(text)
    by_city = [name for city, name in sorted(_cities().items()) if city.startswith(typed)]
    others = [name for name in sorted(_cities().values()) if typed in name.replace("_", " ").casefold()]
    return list(dict.fromkeys(by_city + others))


def echo(moment: datetime, zone: tzinfo) -> str:
    """A moment for people: weekday, date, local time with zone, and UTC."""
    local = moment.astimezone(zone)
    offset = local.isoformat()[19:]
    return (
        f"{local:%A}, {local.day} {local:%B %Y, %H:%M:%S} in {zone} (UTC{offset}), "
        f"which is {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    )


def span(start: datetime, end: datetime, zone: tzinfo) -> str:
    """From-to on a zone's clocks: `13:30:00 to 13:40:00 CDT`; each end has its own date or zone where those differ."""
    ends = start.astimezone(zone), end.astimezone(zone)
    dates = [f"{each:%Y-%m-%d} " if ends[0].date() != ends[1].date() else "" for each in ends]
    begin, until = (f"{date}{_clock(each)}" for date, each in zip(dates, ends, strict=True))
    zones = [f"{each:%Z}" for each in ends]
    return f"{begin}{'' if zones[0] == zones[1] else f' {zones[0]}'} to {until} {zones[1]}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" + (f".{moment.microsecond // 1000:03d}" if moment.microsecond else "")


@cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@cache
def _cities() -> dict[str, str]:
    """City to zone; where a zone has several names, the one with its whole region."""
    names = sorted((name for name in available_timezones() if name.partition("/")[0] in _REGIONS), key=len)
    return {**CITY_ZONES, **{_as_city(name.rpartition("/")[2]): name for name in names}}


def _as_city(text: str) -> str:
    return " ".join(text.replace("_", " ").replace(".", "").replace(",", " ").casefold().split())


def local_zone_name() -> str:
    """The IANA name of this computer's zone, UTC where it cannot be told."""
    import tzlocal

    try:
        return parse_zone(tzlocal.get_localzone_name() or "UTC").key
    except (InputRefused, LookupError, ValueError, OSError):
        return "UTC"


def _from_us(typed: str) -> datetime | None:
    found = _US.fullmatch(typed)
    if not found:
        return None
    month, day, year, hour, minute, second = (int(part or 0) for part in found.groups()[:-1])
    hour = _on_24_hours(hour, found[7]) if found[7] else hour
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is asked for next


def _on_24_hours(hour: int, half: str) -> int:
    """The hour that 12-hour clocks show before noon (A) or after it (P). Raises ValueError where none shows it."""
    if not 1 <= hour <= _HOURS_OF_A_HALF:
        raise ValueError("no hour of a 12-hour clock")
    return hour % _HOURS_OF_A_HALF + (_HOURS_OF_A_HALF if half == "P" else 0)


def _from_iso(typed: str) -> datetime | None:
    return isoparse(_BLANK_BEFORE_OFFSET.sub("", typed)) if _ISO.fullmatch(typed) else None


def _advice(typed: str) -> str:
    right = "MM/DD/YYYY HH:MM, such as 04/16/2025 13:30 or 04/16/2025 1:30 PM, or ISO 8601 such as 2025-04-16T13:30"
    if _DATE_ONLY.fullmatch(typed):
        return f"{typed[:40]!r} has a date but no time: type {right}."
    return f"{typed[:40]!r} is no date and time: type {right}."


def _near_zones(typed: str, names: dict[str, str]) -> list[str]:
    said = [zone for zone, words in _SAID.items() if typed in words]
    cities = {name.rpartition("/")[2].replace("_", " "): name for name in sorted(names, reverse=True)}
    near = [cities[city] for city in difflib.get_close_matches(typed.replace("_", " "), cities, n=3, cutoff=_ALIKE)]
    near += difflib.get_close_matches(typed, names, n=3, cutoff=_ALIKE)
    known = [CITY_ZONES[city] for city in difflib.get_close_matches(_as_city(typed), CITY_ZONES, n=1, cutoff=_ALIKE)]
    found = [*said, *known, *[names[name] for name in near if names[name] not in _MISTAKEN]]
    return list(dict.fromkeys(found))[:3]
