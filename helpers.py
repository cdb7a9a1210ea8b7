"""What people type and what the program means by it: pure parsers, the questions around them, and the key's sources.

A parser takes text and raises InputRefused with one sentence that says what would be right; a question repeats until
its parser is content. Everything is asked and said on stderr, so that stdout carries nothing but results.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar, cast, get_args
from zoneinfo import ZoneInfo

from footage.cameras import CAMERA_INPUTS, CAMERA_ROLES, DEFAULT_CAMERAS, known_word, parse_streams
from footage.errors import InputRefused, Interrupted, KeyMissing, UnclearTime
from footage.keys import clean_key
from footage.models import UTC, Camera, Source, TimeWindow
from footage.walltime import local_zone_name, parse_end, parse_start, parse_wall_time, parse_zone, place

__all__ = ["local_zone_name", "parse_end", "parse_start", "parse_streams", "parse_zone"]

log = logging.getLogger(__name__)

T = TypeVar("T")
Say = Callable[[str], None]

MAX_DURATION = timedelta(days=7)
KEY_VARIABLE = "SAMSARA_API_KEY"
KEYRING_SERVICE = "incident-footage"
KEYRING_USER = "samsara"


def parse_source(text: str) -> Source:
    """`samsara` or `kinesis`, in any case."""
    word = text.strip().casefold()
    if word not in get_args(Source):
        raise InputRefused(f"{text.strip()[:40]!r} is no source of footage: type samsara or kinesis.")
    return cast(Source, word)


def parse_duration(text: str) -> timedelta:
    """Minutes with decimals, rounded to whole seconds: "1.5" is 90 seconds."""
    typed = text.strip()
    problem = InputRefused(
        f"{typed[:40]!r} is no duration: type minutes such as 10, or 1.5 for 90 seconds, at most 10080."
    )
    if len(typed) > 20 or not typed.isascii() or not typed.replace(".", "", 1).isdigit():
        raise problem
    seconds = int((Decimal(typed) * 60).to_integral_value(ROUND_HALF_UP))
    if not 0 < seconds <= MAX_DURATION.total_seconds():
        raise problem
    return timedelta(seconds=seconds)


def parse_cameras(text: str) -> tuple[Camera, ...]:
    """Cameras from a list with commas, each once, in the order typed; no text means the default ones.

    Cameras of the default and of `all` are not `named`: they may turn out not to be installed.
    """
    cameras: dict[str, Camera] = {}
    for typed in text.split(",") if text.strip() else DEFAULT_CAMERAS:
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


def check_past(window: TimeWindow, now: datetime) -> None:
    """Raise InputRefused where the window has not ended yet: what is not recorded cannot be fetched."""
    if window.end > now:
        ends, is_now = (f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" for moment in (window.end, now))
        raise InputRefused(f"{ends} is in the future (it is now {is_now}): choose an earlier start or a shorter time.")


@dataclass(frozen=True, slots=True)
class Question:
    """One question. An empty answer takes `default`; `shown` stands for it on the screen where the two differ."""

    name: str
    text: str
    default: str | None = None
    shown: str | None = None
    hidden: bool = False

    @property
    def prompt(self) -> str:
        """The question as it stands on the screen."""
        shown = self.shown or self.default
        return f"{self.text} [{shown}]:" if shown else f"{self.text}:"


Ask = Callable[[Question], str]

SOURCE = Question("source", "Source (samsara or kinesis)", default="samsara")
KEY = Question("key", "Samsara API key (hidden)", hidden=True)
VEHICLE = Question("vehicle", "Vehicle name or id")
START = Question("start", "Start (MM/DD/YYYY HH:MM, 24-hour)")
ZONE = Question("zone", "Time zone of the start")
DURATION = Question("duration", "Duration in minutes")
STREAMS = Question("camera", "Cameras and their streams (CAMERA=STREAM, with commas)")
CAMERAS = Question("camera", "Cameras, with commas", default="", shown=",".join(DEFAULT_CAMERAS))


def say_on_stderr(sentence: str) -> None:
    """Print a sentence where people read, leaving stdout to results."""
    print(sentence, file=sys.stderr, flush=True)


def ask_until_valid(question: Question, parse: Callable[[str], T], ask: Ask, say: Say = say_on_stderr) -> T:
    """Ask, and ask again with the parser's sentence, until the answer can be understood. Raises Interrupted."""
    while True:
        answer = ask(question).strip()
        if not answer and question.default is None:
            say(f"The {question.name} has no default: please type it.")
            continue
        try:
            return parse(answer or question.default or "")
        except InputRefused as refused:
            say(refused.message)


class Asker:
    """Asks a person for the parts of an incident, in the order in which main.py needs them."""

    def __init__(self, ask: Ask | None = None, say: Say = say_on_stderr) -> None:
        self._ask = ask or ask_in_terminal
        self._say = say

    def valid(self, question: Question, parse: Callable[[str], T]) -> T:
        """The answer to any question, as its parser understands it."""
        return ask_until_valid(question, parse, self._ask, self._say)

    def source(self) -> Source:
        """Where the footage is."""
        return self.valid(SOURCE, parse_source)

    def key(self) -> str:
        """The Samsara key, typed without being shown."""
        return self.valid(KEY, clean_key)

    def vehicle(self, find: Callable[[str], T]) -> T:
        """The vehicle; `find` raises UnknownVehicle, with names that would do."""
        return self.valid(VEHICLE, find)

    def start(self, zone: ZoneInfo | None, now: datetime, default_zone: str) -> tuple[datetime, ZoneInfo]:
        """The start in UTC and the zone it was meant in; the zone is asked for after the start unless it is given."""
        while True:
            wall = self.valid(START, parse_wall_time)
            zone = zone or self.valid(replace(ZONE, default=default_zone), parse_zone)
            try:
                start = self._placed(wall, zone)
                check_past(TimeWindow(start, start), now)
            except InputRefused as refused:
                self._say(refused.message)
            else:
                return start, zone

    def duration(self, start: datetime, now: datetime) -> timedelta:
        """How long the incident lasts; its end has to lie in the past."""

        def parse(text: str) -> timedelta:
            duration = parse_duration(text)
            check_past(window_of(start, duration=duration), now)
            return duration

        return self.valid(DURATION, parse)

    def cameras(self) -> tuple[Camera, ...]:
        """The cameras, in the order of the tiles."""
        return self.valid(CAMERAS, parse_cameras)

    def streams(self, offered: Callable[[], Sequence[str]]) -> tuple[Camera, ...]:
        """The Kinesis cameras; the account's streams are shown as far as they may be listed."""
        names = offered()
        if names:
            self._say(f"Streams of this account: {', '.join(names)}")
        return self.valid(STREAMS, parse_streams)

    def confirm(self, text: str, *, default: bool) -> bool:
        """A yes or a no, typed and ended with Enter so that no stray key decides."""
        return self.valid(Question("answer", f"{text} (y/n)", default="y" if default else "n"), parse_yes_no)

    def _placed(self, wall: datetime, zone: ZoneInfo) -> datetime:
        try:
            return place(wall, zone, "start")
        except UnclearTime as unclear:
            readings = [datetime.fromisoformat(reading) for reading in unclear.readings]
            if readings[0].replace(tzinfo=None) != readings[1].replace(tzinfo=None):
                raise  # a skipped hour has no right reading
            self._say(unclear.message)
            for number, reading in enumerate(unclear.readings, 1):
                self._say(f"  {number}) {reading}")
            chosen = self.valid(Question("reading", "Which start is meant, 1 or 2"), _parse_choice)
            return place(readings[chosen - 1], zone, "start")


def _parse_choice(text: str) -> int:
    if text not in ("1", "2"):
        raise InputRefused("Type 1 or 2.")
    return int(text)


def can_ask() -> bool:
    """Whether a person can be asked: questions are read from stdin and shown on stderr."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def ask_in_terminal(question: Question) -> str:
    """One line from the person. Raises Interrupted for Ctrl-C, and for Ctrl-D, Ctrl-Z or a closed terminal."""
    try:
        return _ask_plainly(question) if _is_plain_terminal() else _ask_with_editing(question)
    except (KeyboardInterrupt, EOFError):
        say_on_stderr("")
        raise Interrupted(f"Stopped at the question for the {question.name}.") from None


def _is_plain_terminal() -> bool:
    # Line editing needs a screen that can be drawn on, and on Windows it draws on stdout's console.
    unable = ("dumb", "unknown") if os.name == "nt" else ("dumb", "unknown", "")
    return os.environ.get("TERM", "").casefold() in unable or not sys.stdout.isatty()


def _ask_plainly(question: Question) -> str:
    import getpass

    if question.hidden:
        return getpass.getpass(f"{question.prompt} ", stream=sys.stderr)
    print(question.prompt, end=" ", file=sys.stderr, flush=True)
    return input()


def _ask_with_editing(question: Question) -> str:
    import questionary
    from prompt_toolkit.output import ColorDepth, create_output

    output = create_output(stdout=sys.stderr)
    if hasattr(output, "enable_cpr"):
        output.enable_cpr = False  # nothing here needs the cursor's place, and not every terminal tells it
    make = questionary.password if question.hidden else questionary.text
    return str(make(question.prompt, qmark="", output=output, color_depth=ColorDepth.DEPTH_1_BIT).unsafe_ask())


def resolve_key(
    environ: Mapping[str, str],
    keyring_get: Callable[[], str | None] | None = None,
    ask: Callable[[], str] | None = None,
) -> str:
    """The Samsara key: SAMSARA_API_KEY, else the system's keyring, else typed. Raises KeyMissing, InputRefused."""
    held = environ.get(KEY_VARIABLE, "").strip() or (keyring_get or key_from_keyring)()
    if held:
        return clean_key(held)
    if ask is None:
        raise KeyMissing(f"No Samsara key: set {KEY_VARIABLE}, or run in a terminal and type it when asked.")
    return clean_key(ask())


def key_from_keyring() -> str | None:
    """The key that the system's keyring holds for us, None where there is none or no keyring."""
    import keyring
    import keyring.errors

    try:
        return keyring.get_password(KEYRING_SERVICE, KEYRING_USER)
    except (keyring.errors.KeyringError, ImportError, RuntimeError, OSError) as error:
        log.debug("the keyring gives no key: %s", type(error).__name__)  # none there, or locked: the person is asked
        return None
