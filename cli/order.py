"""From options and answers to an incident and the settings of its run; what is missing is asked for or named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from cli.aws_questions import Aws, ask_access, ask_selector
from footage.cameras import is_analog, stream_name
from footage.errors import InputRefused
from footage.models import Camera, Incident, MediaType, Selector, TimeWindow, Vehicle
from footage.settings import RunSettings
from footage.typed import parse_span
from footage.video.layout import MOST_TILES
from footage.walltime import parse_end, parse_start, parse_zone
from footage.wording import one_line
from helpers import (
    Asker,
    check_past,
    local_zone_name,
    parse_cameras,
    parse_duration,
    parse_source,
    parse_streams,
    window_of,
)

if TYPE_CHECKING:
    from cli.fleet import Fleet

T = TypeVar("T")
AROUND_BEFORE, AROUND_AFTER = "5", "10"
"""Minutes before and after a moment where only the moment is given."""


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What was given on the command line; None is "not given"."""

    vehicle: str | None = None
    streams: Sequence[str] = ()
    source: str | None = None
    start: str | None = None
    duration: str | None = None
    end: str | None = None
    around: str | None = None
    before: str | None = None
    after: str | None = None
    timezone: str | None = None
    cameras: str | None = None
    name: str | None = None
    media_type: MediaType = MediaType.HIGH
    selector: Selector = "producer"
    settings: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, and how it is to be done."""

    incident: Incident
    settings: RunSettings


def take_order(
    options: PullOptions,
    *,
    asker: Asker | None,
    ask_all: bool,
    read_fleet: Callable[[], Fleet],
    aws: Callable[[], Aws],
    now: datetime,
) -> Order:
    """What the options and, where `asker` is given, the person's answers describe.

    `ask_all` asks also for what has a default. `read_fleet` reads the vehicles, and gets the key, when they are needed;
    `aws` tells what there is in AWS when streams are asked for. Raises InputRefused, which names a missing option where
    nobody can be asked. What was given is judged before anything is asked or read.
    """
    source = _source(options, asker)
    if source == "samsara" and options.vehicle is None:
        _need(asker, "--vehicle")
    settled = None if _asks_for_time(options, asker) else order_window(options, asker, ask_all=ask_all, now=now)
    given = () if ask_all or source == "kinesis" else _cameras(options, None)
    add_streams(of_media_type(given, options) if given else (), given_streams(options))
    if source == "kinesis" and ask_all and asker is not None:
        kinesis = ask_access(asker, aws(), options.settings.kinesis)
        options = replace(options, settings=replace(options.settings, kinesis=kinesis))
    vehicle = _vehicle(options, asker, read_fleet()) if source == "samsara" else None
    window, zone = settled or order_window(options, asker, ask_all=ask_all, now=now)
    cameras = given or (_cameras(options, asker) if vehicle else ())
    streams = _streams(options, asker, aws, ask_all=ask_all) if options.streams or source == "kinesis" else ()
    cameras = add_streams(of_media_type(cameras, options), streams)
    check_audio(options.settings.films.audio, cameras)
    check_tiles(options, cameras)
    name = order_name(options, vehicle, cameras)
    return Order(Incident(name, window, zone.key, cameras, vehicle, options.media_type), options.settings)


def of_media_type(cameras: Sequence[Camera], options: PullOptions) -> tuple[Camera, ...]:
    """The cameras that can have this type of media. Raises InputRefused where one was named that cannot."""
    if options.media_type is not MediaType.HIGH and (options.streams or not cameras):
        raise InputRefused(f"--media-type {options.media_type.value} is of Samsara only: a stream has one kind.")
    if options.media_type is not MediaType.LOW:
        return tuple(cameras)
    analog = [camera.word for camera in cameras if is_analog(camera.word) and camera.named]
    if analog:
        raise InputRefused(
            f"{', '.join(analog)}: Samsara keeps no low resolution of analog cameras. "
            "Ask for --media-type high, or for road and driver only."
        )
    return tuple(camera for camera in cameras if not is_analog(camera.word))


def check_audio(audio: str | None, cameras: Sequence[Camera]) -> None:
    """Raise InputRefused where the sound is to come from a camera that is not asked for."""
    words = [camera.word for camera in cameras]
    if audio not in (None, "none", *words):
        raise InputRefused(f"--audio {audio!r} is none of the cameras: use none or one of {', '.join(words)}.")


def check_tiles(options: PullOptions, cameras: Sequence[Camera]) -> None:
    """Raise InputRefused where there are more cameras than stand side by side in one film."""
    composed = options.settings.films.films == "all" and options.media_type in (MediaType.HIGH, MediaType.LOW)
    if composed and len(cameras) > MOST_TILES:
        raise InputRefused(
            f"{len(cameras)} cameras are too many for one side-by-side film, which shows {MOST_TILES} at most. "
            "Ask for fewer of them, or for --films joined."
        )


def add_streams(cameras: Sequence[Camera], streams: Sequence[Camera]) -> tuple[Camera, ...]:
    """All cameras of an incident. Raises InputRefused where two would be called the same."""
    words = Counter(camera.word.casefold() for camera in (*cameras, *streams))
    twice = next((camera.word for camera in streams if words[camera.word.casefold()] > 1), None)
    if twice is not None:
        raise InputRefused(f"{twice!r} names two cameras: give each stream a word of its own, as in yard=STREAM.")
    return (*cameras, *streams)


def _streams(options: PullOptions, asker: Asker | None, aws: Callable[[], Aws], *, ask_all: bool) -> tuple[Camera, ...]:
    if options.streams:
        return given_streams(options)
    asked = _need(asker, "--stream")
    cameras = asked.streams(lambda: aws().streams(options.settings.kinesis))
    selector = ask_selector(asked) if ask_all else options.selector
    return tuple(replace(camera, selector=selector) for camera in cameras)


def given_streams(options: PullOptions) -> tuple[Camera, ...]:
    """The cameras of all `--stream`, by the clock that was chosen. Raises InputRefused."""
    cameras = (camera for text in options.streams for camera in parse_streams(text))
    return tuple(replace(camera, selector=options.selector) for camera in cameras)


def order_name(options: PullOptions, vehicle: Vehicle | None, cameras: Sequence[Camera]) -> str:
    """What heads the folder's name."""
    if options.name and one_line(options.name):
        return one_line(options.name)
    if vehicle is not None:
        return vehicle.name or f"vehicle {vehicle.id}"
    return stream_name(cameras[0].stream or cameras[0].word)


def _asks_for_time(options: PullOptions, asker: Asker | None) -> bool:
    """Whether a person has to be asked for a part of the incident's time."""
    has_length = options.duration is not None or options.end is not None
    return asker is not None and options.around is None and not (options.start is not None and has_length)


def _source(options: PullOptions, asker: Asker | None) -> str:
    named = None if options.source is None else parse_source(options.source)
    if options.vehicle is not None:
        if named == "kinesis" and not options.streams:
            raise InputRefused("--source kinesis takes --stream: a vehicle is of Samsara.")
        return "samsara"
    if named is not None:
        return named
    if options.streams:
        return "kinesis"
    return _need(asker, "--vehicle").source()


def _vehicle(options: PullOptions, asker: Asker | None, fleet: Fleet) -> Vehicle:
    if options.vehicle is not None:
        return fleet.find(options.vehicle)
    return _need(asker, "--vehicle").vehicle(fleet.pick, fleet.offers)


def order_window(
    options: PullOptions, asker: Asker | None, *, ask_all: bool, now: datetime
) -> tuple[TimeWindow, ZoneInfo]:
    """The asked time and its zone. Raises InputRefused, also where the time has not passed yet."""
    refuse_two_ways(options)
    given = parse_zone(options.timezone) if options.timezone is not None else None
    if options.around is not None:
        zone = given or parse_zone(local_zone_name())
        window = _around(options, parse_start(options.around, zone))
    else:
        start, zone = _start(options, asker, given, ask_all=ask_all, now=now)
        window = _ending(options, asker, start, zone, now)
    check_past(window, now, zone)
    return window, zone


def refuse_two_ways(options: PullOptions) -> None:
    """Raise InputRefused where the same thing is said in two ways."""
    if options.duration is not None and options.end is not None:
        raise InputRefused("Give either --duration or --end, not both.")
    others = (options.start, options.duration, options.end)
    if options.around is not None and any(other is not None for other in others):
        raise InputRefused("--around takes the place of --start, --duration and --end: give it with --before, --after.")
    if options.around is None and (options.before is not None or options.after is not None):
        raise InputRefused("--before and --after go with --around.")


def _around(options: PullOptions, moment: datetime) -> TimeWindow:
    before, after = parse_span(options.before or AROUND_BEFORE), parse_span(options.after or AROUND_AFTER)
    return window_of(moment - before, end=moment + after)


def _start(
    options: PullOptions, asker: Asker | None, given: ZoneInfo | None, *, ask_all: bool, now: datetime
) -> tuple[datetime, ZoneInfo]:
    if options.start is not None:
        zone = given or parse_zone(local_zone_name())
        return parse_start(options.start, zone), zone
    known = given or (None if ask_all else parse_zone(local_zone_name()))
    return _need(asker, "--start").start(known, now, local_zone_name())


def _ending(options: PullOptions, asker: Asker | None, start: datetime, zone: ZoneInfo, now: datetime) -> TimeWindow:
    if options.end is not None:
        return window_of(start, end=parse_end(options.end, zone))
    if options.duration is not None:
        return window_of(start, duration=parse_duration(options.duration))
    return _need(asker, "--duration").window(start, now, zone)


def _cameras(options: PullOptions, asker: Asker | None) -> tuple[Camera, ...]:
    if options.cameras is None and asker is not None:
        return asker.cameras()
    return parse_cameras(options.cameras or "")


def _need(asker: Asker | None, option: str) -> Asker:
    if asker is None:
        raise InputRefused(f"{option} is missing. Give it, or run in a terminal to be asked.")
    return asker
