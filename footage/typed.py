"""What people type besides times and zones: sources, regions, durations, cameras, yes and no; and their window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import cast, get_args

from footage.cameras import CAMERA_INPUTS, CAMERA_ROLES, DEFAULT_CAMERAS, known_word
from footage.errors import InputRefused
from footage.models import UTC, Camera, Selector, Source, TimeWindow

MAX_DURATION = timedelta(days=7)
_AWS_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_LONGEST_NUMBER = 20
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])")
_AROUND = re.compile(r"([0-9.]{1,20}) *(?:min\w*)? *before *(?:,|and|&)? *([0-9.]{1,20}) *(?:min\w*)? *after")


def parse_source(text: str) -> Source:
    """`samsara` or `kinesis`, in any case."""
    word = text.strip().casefold()
    if word not in get_args(Source):
        raise InputRefused(f"{text.strip()[:40]!r} is no source of footage: type samsara or kinesis.")
    return cast(Source, word)


def parse_selector(text: str) -> Selector:
    """`producer` or `server`, in any case."""
    word = text.strip().casefold()
    if word not in get_args(Selector):
        raise InputRefused(f"{text.strip()[:40]!r} is no selector: type producer or server.")
    return cast(Selector, word)


def parse_aws_region(text: str) -> str:
    """A region of AWS by its code."""
    word = text.strip().casefold()
    if not _AWS_REGION.fullmatch(word):
        raise InputRefused(f"{text.strip()[:40]!r} is no region of AWS: type its code, such as us-east-1.")
    return word


def parse_duration(text: str) -> timedelta:
    """Minutes with decimals, rounded to whole seconds: "1.5" is 90 seconds, and so is "0:01:30"."""
    typed = text.strip()
    if clock := _CLOCK.fullmatch(typed):
        hours, minutes, seconds = map(int, clock.groups())
        typed = str(Decimal(hours * 3600 + minutes * 60 + seconds) / 60)[:_LONGEST_NUMBER]
    problem = InputRefused(
        f"{text.strip()[:40]!r} is no duration: type minutes such as 10, or 1.5 for 90 seconds, at most 10080."
    )
    if len(typed) > _LONGEST_NUMBER or not typed.isascii() or not typed.replace(".", "", 1).isdigit():
        raise problem
    seconds = int((Decimal(typed) * 60).to_integral_value(ROUND_HALF_UP))
    if not 0 < seconds <= MAX_DURATION.total_seconds():
        raise problem
    return timedelta(seconds=seconds)


def parse_stretch(text: str) -> tuple[timedelta, timedelta]:
    """How long before and after a moment: "10" is 10 minutes from it on, "5 before, 10 after" is around it."""
    around = _AROUND.fullmatch(text.strip().casefold())
    if around is None:
        return timedelta(), parse_duration(text)
    before, after = parse_span(around[1]), parse_span(around[2])
    return before, after


def parse_span(text: str) -> timedelta:
    """Like `parse_duration`, and 0 is allowed: a stretch that lies all before, or all after."""
    digits = text.strip().replace(".", "", 1)
    return timedelta() if digits and not digits.strip("0") else parse_duration(text)


def parse_cameras(text: str) -> tuple[Camera, ...]:
    """Cameras from a list with commas, each once, in the order typed; no text means the default ones.

    Cameras of the default and of `all` are not `named`: they may turn out not to be installed.
    """
    cameras: dict[str, Camera] = {}
    parts = [part for part in text.split(",") if part.strip()] or ([text] if text.strip() else DEFAULT_CAMERAS)
    for typed in parts:
        for camera in _cameras_of(typed.strip(), named=bool(text.strip())):
            known = cameras.get(camera.word, camera)
            cameras[camera.word] = replace(camera, named=camera.named or known.named)
    return tuple(cameras.values())


def _cameras_of(typed: str, *, named: bool) -> list[Camera]:
    if typed.casefold() == "all":
        return [Camera(word, named=False) for word in CAMERA_INPUTS]
    word = known_word(typed)
    if word is None:
        raise InputRefused(
            f"{typed[:40]!r} is no camera: type road, driver, analog1 to analog4 or all, with commas between, "
            f"or a role such as {', '.join(CAMERA_ROLES[:4])}."
        )
    return [Camera(word, named=named)]


def cameras_text(cameras: Sequence[Camera]) -> str:
    """The text that `parse_cameras` understands as these cameras; empty where they are the default ones."""
    if [camera.word for camera in cameras if not camera.named] == list(DEFAULT_CAMERAS) == [c.word for c in cameras]:
        return ""
    return ",".join(dict.fromkeys(camera.word if camera.named else "all" for camera in cameras))


def parse_yes_no(text: str) -> bool:
    """True for y or yes, False for n or no, in any case."""
    word = text.strip().casefold()
    if word not in ("y", "yes", "n", "no"):
        raise InputRefused("Type y for yes or n for no.")
    return word.startswith("y")


def window_of(start: datetime, *, duration: timedelta | None = None, end: datetime | None = None) -> TimeWindow:
    """The asked window from its start and one of the other two. Raises InputRefused where it is empty or too long."""
    if (duration is None) == (end is None):
        raise InputRefused("Give either a duration or an end, not both and not neither.")
    if end is None:
        end = start + (duration or timedelta())
    if not timedelta() < end - start <= MAX_DURATION:
        raise InputRefused("The end must come after the start, and at most 7 days later.")
    return TimeWindow(start, end)


def check_past(window: TimeWindow, now: datetime, zone: tzinfo = UTC) -> None:
    """Raise InputRefused where the window has not ended yet: what is not recorded cannot be fetched."""
    if window.end > now:
        named = "UTC" if zone is UTC else f"in {zone}"
        ends, is_now = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" for moment in (window.end, now))
        raise InputRefused(
            f"{ends} {named} is in the future (it is now {is_now}): choose an earlier start or a shorter time."
        )
