"""The wizard: what is found by typing little, what is asked twice, and the one command that does the same."""

from __future__ import annotations

import io
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pexpect
import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.again import pull_command
from cli.desk import Desk, DeskOptions
from cli.fleet import Fleet
from cli.order import PullOptions, take_order
from cli.terminal import Question, TickList
from cli.warmup import WarmUp
from footage.cameras import CAMERA_INPUTS, CAMERA_ROLES, DEFAULT_CAMERAS
from footage.cities import CITY_ZONES
from footage.errors import InputRefused, UnknownVehicle
from footage.models import UTC, Incident, TimeWindow, Vehicle
from footage.typed import cameras_text, parse_cameras, parse_stretch
from footage.video.layout import MOST_TILES
from footage.walltime import echo, parse_place, parse_zone, zones_like
from helpers import Asker, ask_until_valid, parse_duration
from tests.site import Site
from tests.waiting import wait_until

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
VEHICLES = [
    Vehicle("281", "Old Trailer", "9OLD", "3AKJVIN00001"),
    Vehicle("282", "Truck 104", "8TRK104", "1FUJVIN8834", "CAM-1"),
    Vehicle("283", "Truck 105", "8TRK-105", "1FUJVIN8835", "CAM-2"),
    Vehicle("284", "Spare", "3SPR323", "", "CAM-3"),
    Vehicle("285", "Spare", "3SPR324", "", "CAM-4"),
    Vehicle("286", 'The "odd" $one', "1ODD", "", "CAM-5"),
]

# ---------------------------------------------------------------- vehicles


def fleet() -> tuple[Fleet, list[str]]:
    said: list[str] = []
    return Fleet(VEHICLES, said.append), said


@pytest.mark.parametrize("text", ["truck 104", "282", "104", "8trk104", "8trk 104", "vin8834", "8834"])
def test_a_vehicle_is_found_by_name_id_or_a_part_that_only_it_has(text: str) -> None:
    found, said = fleet()
    assert found.pick(text).id == "282"
    assert bool(said) == (text not in ("truck 104", "282")), "a part that is taken is said"


def test_a_part_that_several_vehicles_have_lists_them() -> None:
    found, said = fleet()
    with pytest.raises(UnknownVehicle, match=r"Truck 104 \(plate 8TRK104, id 282\); Truck 105") as caught:
        found.pick("truck")
    assert "'truck'" in caught.value.message
    assert said == []


def test_a_shared_name_is_told_apart_by_id_and_plate() -> None:
    with pytest.raises(UnknownVehicle, match="284 .*3SPR323.*285"):
        fleet()[0].pick("spare")


def test_vehicles_with_a_camera_are_offered_first() -> None:
    offers = fleet()[0].offers("r")
    assert offers[-1].answer == "Old Trailer"
    assert "no camera known" in offers[-1].about


def test_what_is_offered_finds_its_vehicle_again_and_is_safe_in_any_shell() -> None:
    found, _ = fleet()
    for vehicle in VEHICLES:
        handle = found.handle(vehicle)
        assert found.find(handle) == vehicle
        assert re.fullmatch(r"[\w .()]+", handle)


# ---------------------------------------------------------------- zones, times, durations


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("chicago", "America/Chicago"),
        ("chic", "America/Chicago"),
        ("New York", "America/New_York"),
        ("america/denver", "America/Denver"),
    ],
)
def test_a_zone_may_be_named_by_its_city(text: str, zone: str) -> None:
    assert parse_place(text).key == zone
    assert zones_like(zone.rpartition("/")[2][:5])[0] == zone


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("Houston", "America/Chicago"),
        ("boston", "America/New_York"),
        ("St. Louis", "America/Chicago"),
        ("salt lake", "America/Denver"),
        ("Calgary", "America/Edmonton"),
    ],
)
def test_a_city_that_gives_no_zone_its_name_is_known_too(city: str, zone: str) -> None:
    assert parse_place(city).key == zone
    assert zone in zones_like(city)


@pytest.mark.parametrize("zone", sorted(set(CITY_ZONES.values())))
def test_every_city_keeps_the_clocks_of_a_zone(zone: str) -> None:
    assert parse_zone(zone).key == zone


@pytest.mark.parametrize("text", ["CST", "Chicago time", "Springfield", "New", "ch", "", "EST", "mst", "localtime"])
def test_what_is_no_city_of_a_zone_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(InputRefused):
        parse_place(text)


def test_a_moment_is_echoed_with_weekday_date_local_time_zone_and_utc() -> None:
    moment = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    assert echo(moment, ZoneInfo("America/Chicago")) == (
        "Wednesday, 18 November 2026, 08:30:00 in America/Chicago (UTC-06:00), which is 2026-11-18 14:30:00 UTC"
    )


MINUTES = st.integers(1, 600).map(lambda tenth: tenth / 10)


@given(MINUTES, MINUTES, st.sampled_from(["{} before, {} after", "{} min before {} min after", "{} BEFORE & {} AFTER"]))
def test_a_stretch_may_be_around_a_moment(before: float, after: float, form: str) -> None:
    assert parse_stretch(form.format(before, after)) == (timedelta(minutes=before), timedelta(minutes=after))
    assert parse_stretch(str(after)) == (timedelta(), timedelta(minutes=after))


@pytest.mark.parametrize("text", ["5 before", "before, after", "5 after, 10 before", "x before, 3 after", ""])
def test_half_a_stretch_is_explained(text: str) -> None:
    with pytest.raises(InputRefused, match="minutes"):
        parse_stretch(text)


def order_of(**given: str) -> Incident:
    return take_order(
        PullOptions(vehicle="truck 104", **given),
        asker=None,
        ask_all=False,
        read_fleet=lambda: fleet()[0],
        aws=lambda: pytest.fail("not asked"),
        now=NOW,
    ).incident


def test_around_takes_the_place_of_start_and_duration() -> None:
    moment = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    window = order_of(around="2026-11-18T14:30Z", before="2.5", after="0").window
    assert window == TimeWindow(moment - timedelta(minutes=2.5), moment)
    window = order_of(around="2026-11-18T14:30Z").window
    assert window == TimeWindow(moment - timedelta(minutes=5), moment + timedelta(minutes=10))


@pytest.mark.parametrize(
    "given",
    [
        {"around": "2026-11-18T14:30Z", "start": "2026-11-18T14:30Z"},
        {"around": "2026-11-18T14:30Z", "duration": "3"},
        {"start": "2026-11-18T14:30Z", "duration": "3", "before": "3"},
        {"around": "2026-11-18T14:30Z", "before": "0", "after": "0"},
        {"around": "2026-11-22T11:55Z"},
    ],
    ids=str,
)
def test_two_ways_at_once_nothing_and_the_future_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(InputRefused):
        order_of(**given)


# ---------------------------------------------------------------- cameras and the command


CAMERA_LISTS = st.lists(st.sampled_from([*CAMERA_INPUTS, *CAMERA_ROLES, "all"]), unique=True).map(",".join)


@given(CAMERA_LISTS)
def test_cameras_can_be_typed_again_from_what_they_became(text: str) -> None:
    cameras = parse_cameras(text)
    assert parse_cameras(cameras_text(cameras)) == cameras


@given(
    CAMERA_LISTS.filter(lambda text: len(parse_cameras(text)) <= MOST_TILES),
    st.integers(0, 600 * 86_400),
    st.integers(1, 7 * 86_400),
    st.sampled_from(["America/Chicago", "America/New_York", "Asia/Kolkata", "UTC"]),
)
def test_the_command_means_the_same_incident(text: str, begin: int, seconds: int, zone: str) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=begin)
    window = TimeWindow(start, start + timedelta(seconds=seconds))
    incident = Incident("Truck 104", window, zone, parse_cameras(text), VEHICLES[1])
    words = shlex.split(pull_command(incident, "Truck 104"))[3:]
    given = {name.lstrip("-"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    options = PullOptions(**{**given, "vehicle": "Truck 104"})
    read = take_order(
        options,
        asker=None,
        ask_all=False,
        read_fleet=lambda: fleet()[0],
        aws=lambda: pytest.fail("not asked"),
        now=datetime(2027, 1, 1, tzinfo=UTC),
    ).incident
    assert read == incident


def test_a_tick_list_is_the_same_as_its_text() -> None:
    ticks = TickList(tuple(CAMERA_INPUTS), ",".join(DEFAULT_CAMERAS))
    assert [line.strip() for line in ticks.lines("")][:4] == ["[x] road", "[x] driver", "[x] analog1", "[ ] analog2"]
    ticks.move(1)
    ticks.move(1)
    assert ticks.toggled("") == "road,analog1"
    assert ticks.toggled("road, analog1") == "road,analog1,driver"
    assert ticks.toggled("leftSide,driver") == "leftSide"
    assert ticks.toggled("all") == "road,analog1,analog2,analog3,analog4"
    for _ in range(20):
        ticks.move(1)
    assert ticks.marked == 5
    for _ in range(20):
        ticks.move(-1)
    assert ticks.marked is None
    assert ticks.toggled("road") == "road"


@given(st.lists(st.sampled_from(list(CAMERA_INPUTS)), unique=True), st.integers(1, 6))
def test_ticking_twice_changes_nothing_but_the_order(words: list[str], steps: int) -> None:
    ticks = TickList(tuple(CAMERA_INPUTS), "")
    ticks.move(steps)
    text = ",".join(words)
    assert sorted(ticks.toggled(ticks.toggled(text)).split(",")) == sorted(text.split(","))


def test_a_wrong_answer_is_kept_for_the_next_question() -> None:
    asked: list[Question] = []
    answers = ["ten", "x", "3"]

    def ask(question: Question) -> str:
        asked.append(question)
        return answers.pop(0)

    ask_until_valid(Question("duration", "Duration"), parse_duration, ask, lambda text: None)
    assert [question.earlier for question in asked] == [(), ("ten",), ("ten", "x")]


def test_a_start_that_turns_out_to_be_impossible_is_kept_too() -> None:
    asked: list[Question] = []
    said: list[str] = []
    answers = ["12/01/2026 08:00", "Chicago", "03/08/2026 02:30", "11/20/2026 08:00"]

    def ask(question: Question) -> str:
        asked.append(question)
        return answers.pop(0)

    start, _ = Asker(ask, said.append).start(None, NOW, "UTC")
    assert start == datetime(2026, 11, 20, 14, tzinfo=UTC)
    assert [question.earlier for question in asked] == [
        (),
        (),
        ("12/01/2026 08:00",),
        ("12/01/2026 08:00", "03/08/2026 02:30"),
    ]
    assert "2026-12-01 08:00:00 in America/Chicago is in the future (it is now 2026-11-22 06:00:00)" in said[0]


def test_a_start_that_cameras_may_have_overwritten_is_warned_of_before_more_is_asked() -> None:
    said: list[str] = []
    answers = ["11/14/2026 08:00", "11/16/2026 08:00"]
    asker = Asker(lambda question: answers.pop(0), said.append)
    asker.start(ZoneInfo("UTC"), NOW, "UTC")
    assert "more than a week ago" in said[-1]
    asker.start(ZoneInfo("UTC"), NOW, "UTC")
    assert "Monday" in said[-1]


def test_the_wizard_says_when_a_part_was_taken() -> None:
    said: list[str] = []
    found = Fleet(VEHICLES, said.append)
    answers = ["truck", "105"]
    vehicle = Asker(lambda question: answers.pop(0), said.append).vehicle(found.pick, found.offers)
    assert vehicle.id == "283"
    assert "part of 2 vehicles" in said[0]
    assert "only vehicle with '105'" in said[1]


def test_what_is_needed_later_is_loaded_once_and_waited_for() -> None:
    warm_up = WarmUp(("json", "csv"))
    warm_up.begin()
    warm_up.begin()
    warm_up.end()
    WarmUp(("no.such.module",)).end()


# ---------------------------------------------------------------- in a terminal

slow = pytest.mark.slow
needs_pty = pytest.mark.skipif(os.name == "nt", reason="pexpect drives a pty, which Windows does not have")
DOWN, UP, RIGHT, LEFT, BACKSPACE = "\x1b[B", "\x1b[A", "\x1b[C", "\x1b[D", "\x7f"


class Wizard:
    """The program without options in a terminal."""

    def __init__(self, child: pexpect.spawn[str], columns: int, key: str) -> None:
        self.child = child
        self._columns = columns
        self._key = key
        self.seen = io.StringIO()
        child.logfile_read = self.seen

    def ask(self, name: str) -> None:
        """Wait for a question."""
        self.child.expect(f"(?i){name}")
        self.child.expect("\\][:]|:")

    def answer(self, name: str, text: str) -> None:
        """Wait for a question and type the answer."""
        self.ask(name)
        self.child.sendline(self._key if text == "<key>" else text)

    def answer_all(self, steps: Sequence[tuple[str, str]]) -> None:
        """Answer some questions, each when it comes."""
        for name, text in steps:
            self.answer(name, text)

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)

    @property
    def lines(self) -> list[str]:
        """What was shown, as the terminal has it; lines that it wrapped are put together."""
        screen = pyte.HistoryScreen(self._columns, 30, history=5000)
        pyte.Stream(screen).feed(self.seen.getvalue())
        rows = [*screen.history.top, *(screen.buffer[row] for row in range(30))]
        return ["".join(row[column].data for column in range(self._columns)).rstrip() for row in rows]


@contextmanager
def wizard(site: Site, columns: int = 120, **environ: str) -> Iterator[Wizard]:
    command = site.command()[:2]
    quiet = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "TERM": "xterm-256color"}
    own = {**site.environment(), **quiet, **environ}
    own.pop("SAMSARA_API_KEY")
    child = pexpect.spawn(
        command[0], command[1:], cwd=str(site.folder), env=own, encoding="utf-8", timeout=60, dimensions=(30, columns)
    )
    opened = Wizard(child, columns, site.service.key)
    try:
        yield opened
    finally:
        child.close(force=True)


STEPS = (
    ("source", ""),
    ("key", "<key>"),
    ("vehicle", "8trk"),
    ("start", "11/01/2026 01:30"),
    ("zone", "new york"),
    ("which", "2"),
    ("duration", "0.1"),
    ("camera", "road"),
    ("go on", "y"),
)


@slow
@needs_pty
@pytest.mark.parametrize(("columns", "environ"), [(120, {}), (40, {}), (40, {"NO_COLOR": "1"})], ids=str)
def test_little_typing_leads_to_the_footage(site: Site, columns: int, environ: dict[str, str]) -> None:
    with wizard(site, columns, **environ) as asked:
        asked.answer_all(STEPS)
        assert asked.end() == 0, asked.lines
        text = "".join(asked.lines)
    assert "2026-11-01T01:30:00-05:00" in text
    assert "which is 2026-11-01 06:30:00 UTC" in text
    assert "only vehicle with '8trk'" in text
    assert [start for start, _, _ in site.asked()] == ["2026-11-01T06:30:00Z"]


@slow
@needs_pty
def test_the_printed_command_does_the_same_without_questions(site: Site) -> None:
    with wizard(site) as asked:
        asked.answer_all(STEPS)
        assert asked.end() == 0
        text = "".join(asked.lines)
    command = re.search(r"same without questions: (python main.py pull .*?)(?:More|That is|Incident:)", text)
    assert command, text
    again = site.run(*shlex.split(command[1])[2:], "--json", "--yes")
    assert again.code == 0, again.err
    assert again.result["requests"]["made"] == 0
    assert len(list(site.videos.iterdir())) == 1


@slow
@needs_pty
def test_an_hour_that_new_york_skips_is_asked_for_again(site: Site) -> None:
    with wizard(site) as asked:
        asked.answer_all(STEPS[:3])
        asked.answer("start", "03/08/2026 02:30")
        asked.answer("zone", "new york")
        asked.child.expect("skipped by the clocks in America/New_York")
        asked.answer("start", "03/08/2026 03:30")
        asked.child.expect("2026-03-08 07:30:00 UTC")
        asked.ask("duration")
        asked.child.sendcontrol("c")
        assert asked.end() == 130


@slow
@needs_pty
@pytest.mark.parametrize("depth", range(len(STEPS)), ids=[name for name, _ in STEPS])
def test_ctrl_c_at_every_question_stops_and_spends_nothing(site: Site, depth: int) -> None:
    with wizard(site) as asked:
        asked.answer_all(STEPS[:depth])
        asked.ask(STEPS[depth][0])
        asked.child.sendcontrol("c")
        assert asked.end() == 130, asked.lines
        text = "".join(asked.lines)
    assert "Stopped at the question" in text
    assert "Traceback" not in text
    assert site.posts_sent() == 0


@slow
@needs_pty
def test_a_list_is_ticked_and_a_wrong_answer_is_corrected_where_it_stands(site: Site) -> None:
    with wizard(site) as asked:
        asked.answer_all(STEPS[:3])
        asked.answer("start", "11/18/2026 08:3")
        asked.ask("Start .MM")
        asked.child.expect("11/18/2026 08:3")
        asked.child.send(RIGHT)
        asked.child.sendline("0")
        asked.answer("zone", "chicago")
        asked.answer("duration", "0.1")
        asked.ask("Cameras, with commas")
        asked.child.send(DOWN + DOWN + " ")
        asked.child.expect("road,analog1")
        asked.child.send("\r")
        asked.child.expect("--cameras road,analog1")
        asked.ask("go on")
        asked.child.sendcontrol("c")
        assert asked.end() == 130


@slow
@needs_pty
@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        pytest.param(["chicago"], "America/Chicago", id="typed anew"),
        pytest.param([RIGHT, BACKSPACE, BACKSPACE], "America/Denver", id="corrected at its end"),
        pytest.param([BACKSPACE, BACKSPACE], "America/Denver", id="shortened"),
        pytest.param([LEFT, LEFT, BACKSPACE * 6, "phoenix", "\x0b"], "America/Phoenix", id="corrected inside"),
        pytest.param([UP, BACKSPACE, BACKSPACE], "America/Denver", id="fetched with Up"),
        pytest.param([], "America/Los_Angeles", id="Enter takes the default"),
    ],
)
def test_a_wrong_answer_stands_on_the_line_to_be_corrected_or_typed_anew(
    site: Site, keys: list[str], taken: str
) -> None:
    with wizard(site, TZ="America/Los_Angeles") as asked:
        asked.answer_all(STEPS[:3])
        asked.answer("start", "11/18/2026 08:30")
        asked.answer("zone", "denver11")
        asked.child.expect("is no time zone")
        asked.child.expect("Time zone of the start")
        asked.child.expect("denver11 .*right arrow to correct it")
        for key in keys:
            asked.child.send(key)
        asked.child.sendline("")
        asked.child.expect(f"08:30:00 in {taken}")
        asked.child.sendcontrol("c")
        assert asked.end() == 130


@slow
@needs_pty
def test_a_wrong_source_is_kept_as_well(site: Site) -> None:
    with wizard(site) as asked:
        asked.answer("source", "samsaraa")
        asked.child.expect("right arrow to correct it")
        asked.child.send(BACKSPACE + "\r")
        asked.ask("key")
        asked.child.sendcontrol("c")
        assert asked.end() == 130


def test_a_stream_that_the_account_does_not_have_is_asked_for_again() -> None:
    said: list[str] = []
    answers = ["yard=gate, cab=dock", "yard=gate-camera-1"]
    cameras = Asker(lambda question: answers.pop(0), said.append).streams(lambda: ["gate-camera-1", "dock"])
    assert [camera.stream for camera in cameras] == ["gate-camera-1"]
    assert said[1:] == ["There is no stream gate in this account and region: gate-camera-1, dock."]


@pytest.mark.parametrize(
    ("names", "typed"),
    [([], "gate"), (["dock"], "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/gate/1600000000000")],
    ids=["none may be listed", "an ARN may be of another region"],
)
def test_a_stream_that_cannot_be_looked_up_is_taken_as_it_is_typed(names: list[str], typed: str) -> None:
    [camera] = Asker(lambda question: f"yard={typed}").streams(lambda: names)
    assert camera.stream == typed


WRONG = {
    "key": [("\x16", "failed paste"), ("", "no default")],
    "vehicle": [("7", "part of . vehicles"), ("roof", "No vehicle"), ("spare", "281474990654323")],
    "start": [("11/31/2026 01:30", "MM/DD/YYYY"), ("11/01/2026", "no time")],
    "zone": [("the east", "no time zone")],
    "which": [("3", "Type 1 or 2")],
    "duration": [("99999", "at most 10080"), ("5 after, 3 before", "minutes")],
    "camera": [("road,roof", "is no camera")],
    "go on": [("perhaps", "Type y for yes")],
}
"""Every question with each kind of answer that is no answer, and what is said of it."""


@slow
@needs_pty
def test_every_kind_of_wrong_answer_is_explained_and_asked_about_again(site: Site) -> None:
    with wizard(site, columns=160) as asked:
        for name, text in STEPS:
            for wrong, said in WRONG.get(name, []):
                asked.answer(name, wrong)
                asked.child.expect(said)
            asked.answer(name, text)
        assert asked.end() == 0, asked.lines
        text = "".join(asked.lines)
    assert "which is 2026-11-01 06:30:00 UTC" in text, "what was typed after a wrong answer took its place"
    assert [start for start, _, _ in site.asked()] == ["2026-11-01T06:30:00Z"]
    assert "Traceback" not in text


@slow
@needs_pty
def test_a_start_in_the_future_is_asked_about_again_and_the_zone_is_kept(site: Site) -> None:
    with wizard(site) as asked:
        asked.answer_all(STEPS[:3])
        asked.answer("start", "12/31/2098 08:00")
        asked.answer("zone", "denver")
        asked.child.expect("2098-12-31 08:00:00 in America/Denver is in the future")
        asked.answer("start", "11/18/2026 08:00")
        asked.child.expect("08:00:00 in America/Denver")
        asked.ask("duration")
        asked.child.sendcontrol("c")
        assert asked.end() == 130


@slow
@needs_pty
def test_at_the_end_the_folder_is_opened_for_whoever_wants_it(site: Site) -> None:
    opened, program = site.folder / "opened.txt", site.folder / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    program.chmod(0o755)
    with wizard(site, DISPLAY=":7", PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}") as asked:
        asked.answer_all(STEPS)
        asked.answer("open the folder", "")
        assert asked.end() == 0, asked.lines
    wait_until(lambda: opened.exists() and opened.read_text().strip())
    assert opened.read_text().strip() == str(next(site.videos.iterdir()))


@pytest.mark.parametrize(("seconds", "rings"), [(59, False), (61, True)])
def test_who_went_away_while_it_took_long_is_called_back(
    seconds: float, rings: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("cli.desk.can_ask", lambda: True)
    desk = Desk(DeskOptions(yes=True), out=lambda line: None, say=lambda line: None)
    desk._call_back(tmp_path, seconds)
    assert ("\a" in capsys.readouterr().err) is rings
