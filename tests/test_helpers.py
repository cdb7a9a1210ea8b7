"""Claims about what people type: the parsers by table and by law, the questions by script and in a real terminal."""

import io
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import InputRefused, Interrupted, KeyMissing, UnclearTime, UnknownVehicle
from footage.models import UTC, Camera, TimeWindow
from footage.walltime import parse_wall_time, place, span
from helpers import (
    Asker,
    Question,
    ask_until_valid,
    check_past,
    local_zone_name,
    parse_cameras,
    parse_duration,
    parse_end,
    parse_source,
    parse_start,
    parse_yes_no,
    parse_zone,
    resolve_key,
    say_on_stderr,
    window_of,
)

ROOT = Path(__file__).parents[1]
CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ODD_TEXT = st.text() | st.from_regex(r"[0-9/:T. +Z-]{0,30}")


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("04/16/2025 13:30", "2025-04-16T18:30:00Z"),
        (" 4/6/2025   9:05 ", "2025-04-06T14:05:00Z"),
        ("01/16/2025 00:00:59", "2025-01-16T06:00:59Z"),
        ("02/29/2024 23:59", "2024-03-01T05:59:00Z"),
        ("04/16/2025 1:30 PM", "2025-04-16T18:30:00Z"),
        ("4/16/2025 1:30:07pm", "2025-04-16T18:30:07Z"),
        ("04/16/2025 12:05 a.m.", "2025-04-16T05:05:00Z"),
        ("04/16/2025 12:05 PM", "2025-04-16T17:05:00Z"),
        ("2025-04-16T13:30", "2025-04-16T18:30:00Z"),
        ("2025-04-16 13:30:07", "2025-04-16T18:30:07Z"),
        ("20250416T133000", "2025-04-16T18:30:00Z"),
        ("2025-04-16T13:30:00Z", "2025-04-16T13:30:00Z"),
        ("2025-04-16t13:30:00.000z", "2025-04-16T13:30:00Z"),
        ("2025-04-16T13:30:59.5Z", "2025-04-16T13:31:00Z"),
        ("2025-04-16 13:30 -05:00", "2025-04-16T18:30:00Z"),
        ("2025-04-16T13:30+05:30", "2025-04-16T08:00:00Z"),
        ("2026-11-01T01:30:00-06:00", "2026-11-01T07:30:00Z"),
        ("2026-11-01T01:30:00-05:00", "2026-11-01T06:30:00Z"),
        ("2026-03-08T02:30:00-06:00", "2026-03-08T08:30:00Z"),
    ],
)
def test_a_start_is_understood(text, moment):
    expected = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    for parse in (parse_start, parse_end):
        assert parse(text, CHICAGO) == expected
        assert parse(text, CHICAGO).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "yesterday 10:00",
        "16/04/2025 13:30",
        "02/29/2025 10:00",
        "04/16/25 13:30",
        "04-16-2025 13:30",
        "04/16/2025 24:30",
        "04/16/2025 13:60",
        "04/16/2025 13:30 PM",
        "04/16/2025 0:30 AM",
        "04/16/2025 1:30 XM",
        "04/16/2025 13.30",
        "13:30",
        "04/16/2025 13:30 CST",
        "2025-13-01T10:00",
        "2025-04-16T25:00",
        "2025-04-16T13",
        "2025-W16-3T10:00",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-14:00",
        "1999-12-31T23:59",
        "٠٤/١٦/٢٠٢٥ ١٣:٣٠",
        "x" * 5000,
    ],
)
def test_what_is_no_start_is_answered_with_one_sentence_that_shows_a_right_one(text):
    with pytest.raises(InputRefused, match="MM/DD/YYYY HH:MM") as caught:
        parse_start(text, CHICAGO)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250


@pytest.mark.parametrize("text", ["04/16/2025", "2025-04-16", "20250416"])
def test_a_date_without_a_time_is_told_so(text):
    with pytest.raises(InputRefused, match="a date but no time"):
        parse_start(text, CHICAGO)


@pytest.mark.parametrize("text", ["11/01/2026 01:00", "11/01/2026 01:59:59", "2026-11-01T01:30"])
def test_an_hour_that_happens_twice_is_refused_with_both_readings(text):
    with pytest.raises(UnclearTime, match="happens twice in America/Chicago") as caught:
        parse_start(text, CHICAGO)
    readings = caught.value.readings
    assert [reading[-6:] for reading in readings] == ["-05:00", "-06:00"]
    assert all(reading in caught.value.message for reading in readings)
    first, second = (parse_start(reading, CHICAGO) for reading in readings)
    assert second - first == timedelta(hours=1)


def test_an_hour_that_the_clocks_skip_is_refused_with_both_readings():
    with pytest.raises(UnclearTime, match="skipped") as caught:
        parse_end("03/08/2026 02:30", CHICAGO)
    assert caught.value.readings == ("2026-03-08T01:30:00-06:00", "2026-03-08T03:30:00-05:00")
    assert "The end 2026-03-08 02:30:00" in caught.value.message


@pytest.mark.parametrize("text", ["11/01/2026 00:59:59", "11/01/2026 02:00", "03/08/2026 01:59:59", "03/08/2026 03:00"])
def test_the_edges_of_an_unclear_hour_are_clear(text):
    wall = parse_wall_time(text)
    assert parse_start(text, CHICAGO).astimezone(CHICAGO).replace(tzinfo=None) == wall


ZONES = st.sampled_from(
    ["America/Chicago", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Kolkata", "Pacific/Apia", "UTC"]
)


def readings_of(text, zone):
    try:
        return [parse_start(text, zone).astimezone(zone).isoformat()]
    except UnclearTime as unclear:
        return list(unclear.readings)


@given(st.integers(0, 4_100_000_000 - 946_684_800 - 86400), ZONES)
def test_every_moment_can_be_typed_in_its_zone_or_is_offered_as_a_reading(seconds, name):
    moment = datetime(2000, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)
    local = moment.astimezone(ZoneInfo(name))
    assert local.isoformat() in readings_of(f"{local:%m/%d/%Y %H:%M:%S}", ZoneInfo(name))
    assert parse_start(local.isoformat(), CHICAGO) == moment


def sentence_of(parse, text):
    try:
        parse(text)
    except InputRefused as refused:
        return refused.message
    return ""


@given(ODD_TEXT)
def test_no_text_ends_a_parser_in_anything_but_a_sentence(text):
    parsers = (parse_duration, parse_cameras, parse_zone, parse_source, parse_yes_no, lambda t: parse_start(t, CHICAGO))
    for parse in parsers:
        assert len(sentence_of(parse, text)) < 400


# ---------------------------------------------------------------- zones


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("America/Chicago", "America/Chicago"),
        (" america/new york ", "America/New_York"),
        ("utc", "UTC"),
        ("asia/kolkata", "Asia/Kolkata"),
    ],
)
def test_a_zone_is_found_in_any_case(text, key):
    assert parse_zone(text).key == key


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Chicago", "America/Chicago"),
        ("CST", "America/Chicago"),
        ("Pacific time", "America/Los_Angeles"),
        ("America/Chicgo", "America/Chicago"),
        ("new york", "America/New_York"),
        ("", "America/Chicago"),
        ("../../etc/passwd", "IANA"),
        ("posix/America/Chicago", "America/Chicago"),
        ("/etc/localtime", "IANA"),
    ],
)
def test_what_is_no_zone_is_answered_with_names_that_are(text, offered):
    with pytest.raises(InputRefused, match=offered) as caught:
        parse_zone(text)
    names = caught.value.message.partition("such as ")[2].rstrip(".").split(", ")
    assert set(names) <= available_timezones()


@pytest.mark.parametrize(("text", "zone"), [("EST", "America/New_York"), ("mst", "America/Denver")])
def test_a_zone_without_daylight_time_is_not_taken_for_the_one_that_people_mean(text, zone):
    with pytest.raises(InputRefused, match=zone):
        parse_zone(text)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-18T14:30", "2026-11-18T14:40", "08:30:00 to 08:40:00 CST"),
        ("2026-11-18T14:30:00.250", "2026-11-18T14:40", "08:30:00.250 to 08:40:00 CST"),
        ("2026-11-01T06:55", "2026-11-01T07:05", "01:55:00 CDT to 01:05:00 CST"),
        ("2026-11-19T05:50", "2026-11-19T06:10", "2026-11-18 23:50:00 to 2026-11-19 00:10:00 CST"),
    ],
)
def test_each_end_of_a_span_has_its_own_date_and_zone_where_those_differ(start, end, said):
    begin, until = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    assert span(begin, until, CHICAGO) == said


def test_words_go_on_where_nobody_reads_them_any_more():
    code = "from helpers import print_result; [print_result('x' * 10000) for _ in range(100)]; raise SystemExit(3)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (3, b"")


@pytest.mark.parametrize(("tz", "name"), [("America/Denver", "America/Denver"), ("UTC", "UTC")])
def test_the_zone_of_this_computer_is_found(tz, name):
    code = "import helpers; print(helpers.local_zone_name())"
    assert run_python(code, TZ=tz).stdout.strip() == name
    assert parse_zone(local_zone_name())


# ---------------------------------------------------------------- durations and windows


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 600), ("1.5", 90), (" .5 ", 30), ("1.", 60), ("0.33", 20), ("0.0084", 1), ("10080", 604800), ("007", 420)]
    + [("0:10:00", 600), ("1:00:01", 3601), ("00:00:01", 1), ("168:00:00", 604800)],
)
def test_a_duration_is_minutes_and_ends_in_whole_seconds(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0.001",
        "-5",
        "+5",
        "nan",
        "inf",
        "1e3",
        "1,5",
        "ten",
        "10 min",
        "1.5.5",
        ".",
        "10080.1",
        "0:10",
        "0:00:00",
        "0:61:00",
        "9" * 999,
        "५",
    ],
)
def test_what_is_no_duration_is_answered_with_one_sentence(text):
    with pytest.raises(InputRefused, match="1.5 for 90 seconds") as caught:
        parse_duration(text)
    assert len(caught.value.message) < 200


@given(st.integers(1, 7 * 24 * 3600))
def test_every_number_of_seconds_can_be_typed_as_minutes(seconds):
    assert parse_duration(f"{seconds / 60:.6f}") == timedelta(seconds=seconds)


def test_a_window_is_made_of_a_start_and_a_duration_or_an_end():
    end = NOW + timedelta(minutes=2)
    assert window_of(NOW, end=end) == window_of(NOW, duration=timedelta(minutes=2)) == TimeWindow(NOW, end)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"duration": timedelta(1), "end": NOW},
        {"end": NOW},
        {"end": NOW - timedelta(1)},
        {"end": NOW + timedelta(days=7, seconds=1)},
    ],
)
def test_a_window_without_sense_is_refused(given_):
    with pytest.raises(InputRefused):
        window_of(NOW, **given_)


def test_what_is_not_over_yet_is_refused():
    check_past(TimeWindow(NOW - timedelta(1), NOW), NOW)
    with pytest.raises(InputRefused, match="2026-11-22 12:00:01 UTC is in the future"):
        check_past(TimeWindow(NOW, NOW + timedelta(seconds=1)), NOW)


# ---------------------------------------------------------------- cameras, source, yes and no


def words(text):
    return [(camera.word, camera.named) for camera in parse_cameras(text)]


@pytest.mark.parametrize(
    ("text", "cameras"),
    [
        ("road,driver,analog1", [("road", True), ("driver", True), ("analog1", True)]),
        ("", [("road", False), ("driver", False), ("analog1", False)]),
        (" Driver , ROAD ", [("driver", True), ("road", True)]),
        ("leftside,REARBUMPER", [("leftSide", True), ("rearBumper", True)]),
        ("all", [(word, False) for word in ("road", "driver", "analog1", "analog2", "analog3", "analog4")]),
        (
            "analog2,ALL",
            [("analog2", True)] + [(word, False) for word in ("road", "driver", "analog1", "analog3", "analog4")],
        ),
        ("all,driver", [("road", False), ("driver", True)] + [(f"analog{n}", False) for n in (1, 2, 3, 4)]),
        ("road,road,", [("road", True)]),
    ],
)
def test_cameras_keep_their_order_and_know_whether_somebody_named_them(text, cameras):
    assert words(text) == cameras
    assert all(isinstance(camera, Camera) for camera in parse_cameras(text))


@pytest.mark.parametrize("text", ["roda", "road driver", ",", "analog5", "dashcamRoadFacing", "../x"])
def test_what_is_no_camera_is_answered_with_those_that_are(text):
    with pytest.raises(InputRefused, match=r"road, driver, analog1 to analog4 or all.*leftSide"):
        parse_cameras(text)


@pytest.mark.parametrize(("text", "answer"), [("Samsara", "samsara"), (" KINESIS ", "kinesis")])
def test_a_source_is_one_of_two(text, answer):
    assert parse_source(text) == answer
    with pytest.raises(InputRefused, match="samsara or kinesis"):
        parse_source(text + "x")


@pytest.mark.parametrize(("text", "answer"), [("y", True), ("YES", True), (" n ", False), ("No", False)])
def test_yes_and_no_are_words(text, answer):
    assert parse_yes_no(text) is answer


@pytest.mark.parametrize("text", ["", "ok", "yess", "1"])
def test_anything_else_is_neither_yes_nor_no(text):
    with pytest.raises(InputRefused, match="y for yes or n for no"):
        parse_yes_no(text)


# ---------------------------------------------------------------- questions


class Person:
    """Types prepared answers and remembers what was asked and said."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heard = []

    def ask(self, question):
        self.heard.append(question.name)
        return self.answers.pop(0)

    def say(self, sentence):
        self.heard.append(f"! {sentence}")

    def asker(self):
        return Asker(self.ask, self.say)

    @property
    def questions(self):
        return [word for word in self.heard if not word.startswith("!")]


def test_bad_input_gets_a_sentence_and_the_same_question_again():
    person = Person("abc", "", "1.5")
    question = Question("duration", "Duration in minutes")
    assert ask_until_valid(question, parse_duration, person.ask, person.say) == timedelta(seconds=90)
    assert person.questions == ["duration"] * 3
    assert "1.5 for 90 seconds" in person.heard[1]
    assert person.heard[3] == "! The duration has no default: please type it."


def test_an_empty_answer_takes_the_default_that_is_shown():
    person = Person("", "  ", "", "n")
    asker = person.asker()
    assert asker.source() == "samsara"
    assert [camera.named for camera in asker.cameras()] == [False] * 3
    assert asker.confirm("Go on?", default=True) is True
    assert asker.confirm("Go on?", default=True) is False


def test_a_question_shows_its_name_and_default():
    assert Question("zone", "Time zone", default="UTC").prompt == "Time zone [UTC]:"
    assert Question("camera", "Cameras", default="", shown="road").prompt == "Cameras [road]:"
    assert Question("start", "Start").prompt == "Start:"


def test_the_start_is_asked_before_its_zone():
    person = Person("11/18/2026 08:30", "")
    start, zone = person.asker().start(None, NOW, "America/Chicago")
    assert person.questions == ["start", "zone"]
    assert (start, zone) == (datetime(2026, 11, 18, 14, 30, tzinfo=UTC), CHICAGO)


def test_a_zone_that_is_known_is_not_asked_for():
    person = Person("11/18/2026 08:30")
    assert person.asker().start(CHICAGO, NOW, "UTC")[0] == datetime(2026, 11, 18, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(("answer", "hour"), [("1", 6), ("2", 7)])
def test_an_hour_that_happens_twice_is_asked_about(answer, hour):
    person = Person("11/01/2026 01:30", "America/Chicago", "3", answer)
    start, _ = person.asker().start(None, NOW, "UTC")
    assert start == datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
    assert person.questions == ["start", "zone", "reading", "reading"]
    assert "!   1) 2026-11-01T01:30:00-05:00" in person.heard
    assert "!   2) 2026-11-01T01:30:00-06:00" in person.heard


def test_an_hour_that_the_clocks_skip_is_asked_for_again():
    person = Person("03/08/2026 02:30", "03/08/2026 03:30")
    assert person.asker().start(CHICAGO, NOW, "UTC")[0] == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)
    assert person.questions == ["start", "start"]
    assert "skipped" in person.heard[1]


def test_what_lies_in_the_future_is_asked_for_again():
    person = Person("11/23/2026 08:30", "11/22/2026 05:55", "10", "5")
    asker = person.asker()
    start, _ = asker.start(CHICAGO, NOW, "UTC")
    assert asker.window(start, NOW) == TimeWindow(start, start + timedelta(minutes=5))
    assert person.questions == ["start", "start", "duration", "duration"]


def test_an_unknown_vehicle_is_asked_for_again_with_the_names_that_were_found():
    def find(text):
        if text != "Truck 104":
            raise UnknownVehicle("The nearest names: Truck 104.")
        return text

    person = Person("Truk", "Truck 104")
    assert person.asker().vehicle(find) == "Truck 104"
    assert person.heard == ["vehicle", "! The nearest names: Truck 104.", "vehicle"]


def test_a_key_that_was_pasted_badly_is_asked_for_again():
    person = Person("\x16", "", "samsara_api_1")
    assert person.asker().key() == "samsara_api_1"
    assert "failed paste" in person.heard[1]


def test_sentences_go_to_stderr(capsys):
    say_on_stderr("hello")
    assert capsys.readouterr() == ("", "hello\n")


# ---------------------------------------------------------------- the key


def no_keyring():
    return None


def test_the_key_comes_from_the_environment_then_the_keyring_then_the_person():
    environ = {"SAMSARA_API_KEY": " env-key\n"}
    assert resolve_key(environ, lambda: "ring-key", lambda: "typed-key") == "env-key"
    assert resolve_key({"SAMSARA_API_KEY": " "}, lambda: "ring-key", lambda: "typed-key") == "ring-key"
    assert resolve_key({}, no_keyring, lambda: "typed-key") == "typed-key"


def test_without_a_key_and_without_a_person_the_variable_is_named():
    with pytest.raises(KeyMissing, match="SAMSARA_API_KEY"):
        resolve_key({}, no_keyring)


def test_a_key_with_a_control_character_is_refused_wherever_it_comes_from():
    for environ, ring in (({"SAMSARA_API_KEY": "a\x16b"}, None), ({}, "a b")):
        with pytest.raises(InputRefused, match="control character"):
            resolve_key(environ, lambda ring=ring: ring)


@pytest.mark.parametrize(
    "backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "no.such.Backend"]
)
def test_a_computer_without_a_keyring_has_none_and_that_is_no_error(backend):
    code = "import helpers; print(helpers.key_from_keyring())"
    done = run_python(code, PYTHON_KEYRING_BACKEND=backend)
    assert (done.stdout.strip(), done.returncode) == ("None", 0), done.stderr


# ---------------------------------------------------------------- the module and the terminal


def run_python(code, **environ):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environ,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_helpers_loads_nothing_heavy():
    heavy = "requests boto3 moviepy numpy av questionary prompt_toolkit keyring rich typer"
    code = f"import sys, helpers; print([name for name in {heavy.split()} if name in sys.modules])"
    assert run_python(code).stdout.strip() == "[]"


WIZARD = """
import sys
from datetime import datetime, timezone
from footage.errors import Interrupted, UnknownVehicle
from helpers import Asker

def find(text):
    if text != "Truck 104":
        raise UnknownVehicle("The nearest names: Truck 104.")
    return text

asker, now = Asker(), datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
try:
    print("GOT", asker.source())
    print("GOT", len(asker.key()))
    print("GOT", asker.vehicle(find))
    start, zone = asker.start(None, now, "America/Chicago")
    print("GOT", start.isoformat(), zone.key)
    print("GOT", asker.window(start, now).seconds)
    print("GOT", *(camera.word for camera in asker.cameras()))
    print("GOT", asker.confirm("Go on?", default=False))
except Interrupted as error:
    print("STOPPED", error.message)
    sys.exit(130)
"""
ANSWERS = [
    ("Source", "", "GOT samsara"),
    ("key", "samsara_api_secret", "GOT 18"),
    ("Vehicle", "Truk", "nearest names"),
    ("Vehicle", "Truck 104", "GOT Truck 104"),
    ("Start", "11/01/2026 01:30", None),
    ("zone", "", r"2\) 2026-11-01T01:30:00-06:00"),
    ("which|Which", "2", "GOT 2026-11-01T07:30:00"),
    ("Duration", "ten", "1.5"),
    ("Duration", "1.5", "GOT 90.0"),
    ("Cameras", "", "GOT road driver analog1"),
    ("Go on", "yes", "GOT True"),
]


def start_wizard(script, stdout="", **environ):
    environ = {k: v for k, v in os.environ.items() if k != "TERM"} | {"PYTHONPATH": str(ROOT), **environ}
    command = f"exec {sys.executable} {script} {stdout}"
    return pexpect.spawn("/bin/sh", ["-c", command], env=environ, dimensions=(24, 40), encoding="utf-8", timeout=30)


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "wizard.py"
    path.write_text(WIZARD)
    return path


TERMINALS = [{"TERM": "xterm-256color"}, {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}]
needs_pty = pytest.mark.skipif(os.name == "nt", reason="pexpect drives a pty, which Windows does not have")


@needs_pty
@pytest.mark.parametrize("environ", TERMINALS, ids=lambda environ: " ".join(environ.values()) or "no TERM")
def test_the_questions_work_in_a_narrow_terminal(environ, script):
    seen = io.StringIO()
    wizard = start_wizard(script, **environ)
    wizard.logfile_read = seen
    for question, answer, result in ANSWERS:
        wizard.expect(question)
        wizard.expect(":")
        wizard.sendline(answer)
        if result:
            wizard.expect(result)
    wizard.expect(pexpect.EOF)
    wizard.close()
    assert wizard.exitstatus == 0
    assert "samsara_api" not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\s", "", seen.getvalue()).partition("key(hidden)")[2]
    assert not re.search(r"\x1b\[[0-9;]*\b(3|4|9|10)[0-8]\b[0-9;]*m", seen.getvalue()), "there is colour"
    assert "\x1b[6n" not in seen.getvalue(), "the terminal is asked where its cursor is"


@needs_pty
@pytest.mark.parametrize("environ", TERMINALS[:3], ids=lambda environ: " ".join(environ.values()))
@pytest.mark.parametrize(("key", "depth"), [("c", 0), ("d", 0), ("c", 1), ("d", 1), ("c", 2)])
def test_ctrl_c_and_ctrl_d_stop_at_any_question(key, depth, environ, script):
    wizard = start_wizard(script, **environ)
    for question, answer, _ in ANSWERS[:depth]:
        wizard.expect(question)
        wizard.expect(":")
        wizard.sendline(answer)
    wizard.expect(ANSWERS[depth][0])
    wizard.expect(":")
    wizard.sendcontrol(key)
    wizard.expect("STOPPED Stopped at the question")
    wizard.expect(pexpect.EOF)
    wizard.close()
    assert wizard.exitstatus == 130


@needs_pty
def test_with_stdout_in_a_file_the_questions_stay_on_the_screen_and_out_of_the_file(script, tmp_path):
    out = tmp_path / "out.txt"
    wizard = start_wizard(script, f"> {out}", TERM="xterm")
    for question, answer, _ in ANSWERS:
        wizard.expect(question)
        wizard.expect(":")
        wizard.sendline(answer)
    wizard.expect(pexpect.EOF)
    lines = out.read_text().splitlines()
    assert len(lines) == 7
    assert all(line.startswith("GOT ") for line in lines)


def test_asking_at_the_end_of_input_is_an_interruption():
    with pytest.raises(Interrupted):
        ask_until_valid(Question("start", "Start"), parse_wall_time, end_of_input)


def end_of_input(question):
    raise Interrupted(f"Stopped at the question for the {question.name}.")


def test_a_time_with_its_own_offset_needs_no_zone():
    moment = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=3)))
    assert place(moment, CHICAGO, "start") == datetime(2025, 12, 31, 21, tzinfo=UTC)
