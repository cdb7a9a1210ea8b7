"""What people type and what the program means by it: the questions of the wizard, and how they are asked.

A parser takes text and raises InputRefused with one sentence that says what would be right; a question repeats until
its parser is content. Everything is asked and said on stderr, so that stdout carries nothing but results.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO, TypeVar
from zoneinfo import ZoneInfo

from cli.terminal import Offer, Offers, Question, ask_drawn
from footage.cameras import CAMERA_INPUTS, DEFAULT_CAMERAS, parse_streams
from footage.errors import InputRefused, NotBegun, UnclearTime
from footage.keys import clean_key, key_from_keyring, resolve_key
from footage.models import UTC, Camera, Source, TimeWindow
from footage.typed import (
    check_past,
    parse_cameras,
    parse_duration,
    parse_source,
    parse_stretch,
    parse_yes_no,
    window_of,
)
from footage.walltime import (
    echo,
    local_zone_name,
    parse_end,
    parse_place,
    parse_start,
    parse_wall_time,
    parse_zone,
    place,
    zones_like,
)
from footage.wording import in_lines

__all__ = [
    "Question",
    "check_past",
    "clean_key",
    "key_from_keyring",
    "local_zone_name",
    "parse_cameras",
    "parse_duration",
    "parse_end",
    "parse_source",
    "parse_start",
    "parse_streams",
    "parse_stretch",
    "parse_yes_no",
    "parse_zone",
    "resolve_key",
    "window_of",
]

T = TypeVar("T")
_FELT_WITHIN = 0.2
Say = Callable[[str], None]
Ask = Callable[[Question], str]

SOURCE = Question("source", "Source (samsara or kinesis)", default="samsara", plain=True)
KEY = Question("key", "Samsara API key (hidden)", hidden=True)
VEHICLE = Question("vehicle", "Vehicle: name, id, or part of name, plate or VIN")
START = Question("start", "Start (MM/DD/YYYY HH:MM, 24-hour)")
ZONE = Question("zone", "Time zone of the start (city or zone)", offers=lambda text: list(map(Offer, zones_like(text))))
CAMERAS_KEEP = timedelta(days=7)
"""About how long a camera keeps what nobody asked for: by driving time, less than a week (Samsara's help pages)."""
OLD_FOOTAGE = (
    "That is more than a week ago. The cameras overwrite their oldest footage after some days of driving: "
    "what was not uploaded by then may be gone."
)

DURATION = Question("duration", "Duration in minutes (or 5 before, 10 after)")
STREAMS = Question("camera", "Cameras and their streams (CAMERA=STREAM, with commas)")
CAMERAS = Question(
    "camera", "Cameras, with commas", default="", shown=",".join(DEFAULT_CAMERAS), ticks=tuple(CAMERA_INPUTS)
)


def say_on_stderr(sentence: str) -> None:
    """Print a sentence where people read, leaving stdout to results."""
    with _unread_endured("stderr"):
        print(in_lines(sentence), file=sys.stderr, flush=True)


def ring_bell() -> None:
    """Call the person back to the terminal."""
    print("\a", end="", file=sys.stderr, flush=True)


def print_result(line: str) -> None:
    """Print a line of the result on stdout."""
    with _unread_endured("stdout"):
        print(in_lines(line), flush=True)


@contextmanager
def _unread_endured(name: str) -> Iterator[None]:
    """Go on where nobody reads any more, as behind a pipe to `head`: the work and the exit code count all the same."""
    try:
        yield
    except BrokenPipeError:
        setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - for as long as the program runs


def screen() -> TextIO:
    """Where a picture for people may be drawn."""
    return sys.stderr


def endure_old_consoles() -> None:
    """Let no letter that a console or a pipe cannot show end the program: it is written as its code instead."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def wait_for_enter() -> None:
    """Keep a window open that would close with the program, so that the end can be read."""
    if can_ask():
        with suppress(EOFError, KeyboardInterrupt):
            input("Press Enter to close this window.")


def ask_until_valid(question: Question, parse: Callable[[str], T], ask: Ask, say: Say = say_on_stderr) -> T:
    """Ask, and ask again with the parser's sentence, until the answer can be understood. Raises Interrupted.

    A wrong answer stays on the line, to be corrected there or typed anew.
    """
    while True:
        answer = ask(question).strip()
        if not answer and question.default is None:
            say(f"The {question.name} has no default: please type it.")
            continue
        try:
            return parse(answer or question.default or "")
        except InputRefused as refused:
            say(refused.message)
        if answer and not question.hidden:
            question = _with_earlier(question, answer)


def _with_earlier(question: Question, answer: str) -> Question:
    """The question again, with an answer that was wrong; by now what edits lines is loaded."""
    return replace(question, earlier=(*question.earlier, answer), plain=False)


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

    def vehicle(self, find: Callable[[str], T], offers: Offers | None = None) -> T:
        """The vehicle; `find` raises UnknownVehicle, with names that would do."""
        return self.valid(replace(VEHICLE, offers=offers), find)

    def start(self, zone: ZoneInfo | None, now: datetime, default_zone: str) -> tuple[datetime, ZoneInfo]:
        """The start in UTC and the zone it was meant in; the zone is asked for after the start unless it is given."""
        question = START
        while True:
            text, wall = self.valid(question, lambda typed: (typed, parse_wall_time(typed)))
            zone = zone or self.valid(replace(ZONE, default=default_zone), parse_place)
            try:
                start = self._placed(wall, zone)
                check_past(TimeWindow(start, start), now, zone)
            except InputRefused as refused:
                self._say(refused.message)
                question = _with_earlier(question, text)
            else:
                self._say(f"That is {echo(start, zone)}.")
                if now - start > CAMERAS_KEEP:
                    self._say(OLD_FOOTAGE)
                return start, zone

    def window(self, start: datetime, now: datetime, zone: tzinfo = UTC) -> TimeWindow:
        """The incident's time: so many minutes from the start on, or some before it and some after."""

        def parse(text: str) -> TimeWindow:
            before, after = parse_stretch(text)
            window = window_of(start - before, end=start + after)
            check_past(window, now, zone)
            return window

        return self.valid(DURATION, parse)

    def cameras(self) -> tuple[Camera, ...]:
        """The cameras, in the order of the tiles."""
        return self.valid(CAMERAS, parse_cameras)

    def streams(self, offered: Callable[[], Sequence[str]]) -> tuple[Camera, ...]:
        """The Kinesis cameras; the account's streams are shown as far as they may be listed."""
        names = offered()
        if names:
            self._say(f"Streams of this account: {', '.join(names)}")
        return self.valid(STREAMS, lambda text: _known_streams(parse_streams(text), names))

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


def _known_streams(cameras: tuple[Camera, ...], names: Sequence[str]) -> tuple[Camera, ...]:
    """The cameras, where their streams are among the account's as far as those may be listed; an ARN names its own."""
    listed = [*names, *(camera.stream for camera in cameras if "/" in (camera.stream or ""))]
    unknown = next((camera.stream for camera in cameras if names and camera.stream not in listed), None)
    if unknown is not None:
        raise InputRefused(f"There is no stream {unknown} in this account and region: {', '.join(names)}.")
    return cameras


def _parse_choice(text: str) -> int:
    if text not in ("1", "2"):
        raise InputRefused("Type 1 or 2.")
    return int(text)


def can_ask() -> bool:
    """Whether a person can be asked: questions are read from stdin and shown on stderr."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def ask_in_terminal(question: Question, *, on_drawn: Callable[[], None] | None = None) -> str:
    """One line from the person; `on_drawn` is called once the question stands on a screen that can be drawn on.

    Raises NotBegun for Ctrl-C, and for Ctrl-D, Ctrl-Z or a closed terminal.
    """
    try:
        if question.plain or _is_plain_terminal():
            return _ask_plainly(question, on_drawn)
        return ask_drawn(question, sys.stderr, on_drawn=on_drawn)
    except (KeyboardInterrupt, EOFError):
        say_on_stderr("")
        raise NotBegun(f"Stopped at the question for the {question.name}.") from None


def _is_plain_terminal() -> bool:
    # Line editing needs a screen that can be drawn on, and on Windows it draws on stdout's console.
    unable = ("dumb", "unknown") if os.name == "nt" else ("dumb", "unknown", "")
    return os.environ.get("TERM", "").casefold() in unable or not sys.stdout.isatty()


def _ask_plainly(question: Question, on_drawn: Callable[[], None] | None = None) -> str:
    if question.hidden:
        import getpass

        return getpass.getpass(f"{question.prompt} ", stream=sys.stderr)
    print(question.prompt, end=" ", file=sys.stderr, flush=True)
    if on_drawn is not None:
        on_drawn()
    _await_line()
    return input()


def _await_line() -> None:
    """Wait until a line is typed. A Ctrl-C just before the reading begins would not be felt within it."""
    while os.name != "nt" and not select.select([sys.stdin], [], [], _FELT_WITHIN)[0]:
        pass
