"""What a person sees while a run works, how Ctrl-C ends it, and how the end calls them back."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Timer

import pexpect
import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.desktop import opener
from cli.grid import Span, Standing, grid_lines, sign
from cli.leaving import INTERRUPTED, Leaving
from cli.picture import Picture, can_draw
from cli.screen import GridProgress, LineProgress
from demo.faults import ClipFate, Script
from footage.models import UTC, Camera, TimeWindow
from footage.progress import COMPOSED, ENDED, JOINED, CellState, PieceState
from footage.samsara.board import Board
from tests.site import ROOT, START, Outcome, Site, open_site
from tests.waiting import wait_until

BEGIN = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
needs_pty = pytest.mark.skipif(os.name == "nt", reason="pexpect drives a pty, which Windows does not have")


def minute(number: int) -> TimeWindow:
    return TimeWindow(BEGIN + timedelta(minutes=number), BEGIN + timedelta(minutes=number + 1))


def standing_of(rows: dict[str, list[CellState]]) -> Standing:
    states = {(word, minute(number)): state for word, row in rows.items() for number, state in enumerate(row)}
    until, resume = BEGIN + timedelta(hours=12), "python main.py resume latest"
    return Standing("Truck 104", since=BEGIN, until=until, resume=resume, states=states)


def shown(standing: Standing, width: int, *, plain: bool = False) -> list[str]:
    return ["".join(span.text for span in line) for line in grid_lines(standing, width, plain=plain)]


# ---------------------------------------------------------------- the picture


def test_there_is_a_row_a_camera_and_a_cell_a_window() -> None:
    lines = shown(standing_of({"road": list(CellState), "driver": [CellState.HERE] * 5}), 40)
    assert lines[1:3] == ["road   ·○↑↓▒█×- 1/8", "driver █████ 5/5"]
    text = " ".join(lines)
    for state in CellState:
        assert f"{sign(state, plain=False)} {6 if state is CellState.HERE else 1} {state.value}" in text
    assert "resume latest" in text


def test_cameras_keep_the_order_in_which_they_were_asked_for() -> None:
    standing = standing_of({"cab": [CellState.HERE], "late": [CellState.HERE], "yard": [CellState.HERE]})
    standing.order = ("yard", "cab", "gate")
    assert standing.cameras() == ["yard", "cab", "late"]


def test_since_when_and_until_when_it_waits_is_said_while_it_waits() -> None:
    waiting = " ".join(shown(standing_of({"road": [CellState.UPLOADING]}), 80))
    assert "Working since 14:30, waiting until Thu 02:30 at most." in waiting
    ended = " ".join(shown(standing_of({"road": [CellState.HERE, CellState.MISSING]}), 80))
    assert "Working since 14:30. Ctrl-C" in ended


@pytest.mark.parametrize("plain", [False, True])
def test_every_state_of_a_window_has_a_sign_of_its_own(plain: bool) -> None:
    assert len({sign(state, plain=plain) for state in CellState}) == len(CellState)
    assert len({sign(state, plain=plain) for state in PieceState}) == len(PieceState)


def test_films_have_rows_that_fill_as_they_are_made() -> None:
    standing = standing_of({"road": [CellState.HERE] * 4})
    for number, state in ((0, PieceState.MAKING), (0, PieceState.MADE), (1, PieceState.MAKING)):
        standing.note_piece(COMPOSED, number, 4, state)
    standing.note_piece(JOINED, 0, 1, PieceState.MADE)
    lines = shown(standing, 60)
    assert lines[1:4] == ["road         ████ 4/4", "side by side █»·· 1/4", "joined       █ 1/1"]
    assert "» 1 being made" in " ".join(lines)


def test_what_is_here_and_cannot_be_read_to_its_end_is_not_called_verified() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, clock=lambda: 0.0)
    with progress.shown():
        progress.cell("road", minute(0), CellState.HERE, "damaged")
    assert lines == ["Footage: 1 here; 0.0 MB received"]


def test_a_console_with_ascii_only_gets_ascii() -> None:
    lines = shown(standing_of({"road": list(CellState)}), 40, plain=True)
    assert "\n".join(lines).isascii()


STATES = st.lists(st.sampled_from(CellState), min_size=1, max_size=120)


@given(st.dictionaries(st.text(min_size=1, max_size=30), STATES, max_size=4), st.integers(20, 200))
def test_no_line_is_wider_than_the_window(rows: dict[str, list[CellState]], width: int) -> None:
    assert all(len(line) <= width for line in shown(standing_of(rows), width))


@given(STATES, st.integers(20, 200))
def test_a_window_that_is_not_here_shows_however_many_share_its_cell(states: list[CellState], width: int) -> None:
    row = shown(standing_of({"road": states}), width)[1]
    unfinished = any(state not in ENDED for state in states)
    signs = [sign(state, plain=False) for state in CellState if state not in ENDED]
    assert any(letter in row for letter in signs) == unfinished
    assert row.endswith(f"{states.count(CellState.HERE)}/{len(states)}")


@pytest.mark.parametrize("at", [0, 51, 99])
def test_one_window_of_a_hundred_that_is_not_here_is_seen(at: int) -> None:
    states = [CellState.HERE] * 100
    states[at] = CellState.UPLOADING
    assert "↑" in shown(standing_of({"road": states}), 40)[1]


def drawn(stream: io.StringIO, columns: int) -> list[str]:
    screen = pyte.Screen(columns, 20)
    pyte.Stream(screen).feed(stream.getvalue().replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]


class FakeTerminal(io.StringIO):
    """Says that it is a terminal that knows all letters."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_picture_changes_in_place_and_sentences_pass_above(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, noted = FakeTerminal(), []
    progress = GridProgress(stream, standing_of({}), note=noted.append, width=60)
    with progress.shown():
        for state in (CellState.WANTED, CellState.ASKED, CellState.FETCHING, CellState.HERE):
            progress.cell("road", minute(0), state)
        progress.received(2_000_000)
        progress.say("Joining 1 clip of camera road.")
    lines = drawn(stream, 60)
    assert lines[0] == "Joining 1 clip of camera road."
    assert "road █ 1/1" in lines
    assert sum("road █" in line for line in lines) == 1
    assert any("2.0 MB" in line for line in lines)
    assert noted == ["Joining 1 clip of camera road."]


def test_no_name_and_no_sentence_steers_the_terminal_from_within_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = FakeTerminal()
    picture = Picture(
        stream, lambda width, plain: [[Span("Truck\x1b]0;a\x07 \u202e1")]], note=lambda text: None, width=60
    )
    with picture.shown():
        picture.say("Found Truck\x1b]0;b\x07 \u202e1")
    assert [part for part in ("\x1b]", "\x07", "\u202e") if part in stream.getvalue()] == []


def test_after_its_end_the_picture_is_not_drawn_again_by_a_sentence_of_another_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")

    def slow_lines(width: int, plain: bool) -> list[list[Span]]:
        time.sleep(0.2)
        return [[Span("the picture")]]

    stream = FakeTerminal()
    picture = Picture(stream, slow_lines, note=lambda text: None, width=60)
    speaker = Timer(0.1, picture.say, args=("A sentence at the end.",))
    with picture.shown():
        speaker.start()
    speaker.join()
    lines = drawn(stream, 60)
    assert lines.index("A sentence at the end.") > max(at for at, line in enumerate(lines) if line == "the picture")


def test_a_question_in_between_has_the_terminal_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = FakeTerminal()
    progress = GridProgress(stream, standing_of({"road": [CellState.ASKED]}), note=lambda text: None, width=60)
    with progress.shown(), progress.hidden():
        before = stream.getvalue()
        time.sleep(0.6)
        assert stream.getvalue() == before


@pytest.mark.parametrize(
    ("environ", "drawable"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_picture_is_drawn_where_the_terminal_can_and_the_person_wants(
    environ: dict[str, str], drawable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert can_draw(FakeTerminal()) is drawable
    assert can_draw(io.StringIO()) is False


# ---------------------------------------------------------------- off a terminal


def test_plain_lines_come_when_all_is_asked_and_then_at_most_every_two_seconds() -> None:
    now, lines = [0.0], []
    progress = LineProgress(lines.append, clock=lambda: now[0])
    with progress.shown():
        for state in (CellState.WANTED, CellState.ASKED):
            for number in range(3):
                progress.cell("road", minute(number), state)
        assert lines == ["Footage: 3 requested; 0.0 MB received"]
        progress.cell("road", minute(0), CellState.HERE)
        now[0] = 2.5
        progress.cell("road", minute(1), CellState.HERE)
        progress.cell("road", minute(2), CellState.HERE)
    assert lines[1:] == [
        "Footage: 1 requested, 2 verified; 0.0 MB received",
        "Footage: 3 verified; 0.0 MB received",
    ]


def test_the_last_change_is_said_even_where_none_follows() -> None:
    now, lines, reminders = [0.0], [], []
    progress = LineProgress(lines.append, clock=lambda: now[0], later=lambda seconds, act: reminders.append(act))
    with progress.shown():
        progress.cell("road", minute(0), CellState.ASKED)
        now[0] = 0.5
        for state in (CellState.ASKED, CellState.UPLOADING, CellState.UPLOADING):
            progress.cell("road", minute(0), state)
        assert lines == ["Footage: 1 requested; 0.0 MB received"]
        [remind] = reminders
        remind()
        remind()
        assert lines[1:] == ["Footage: 1 uploading; 0.0 MB received"]
        progress.cell("road", minute(0), CellState.FETCHING)
    assert lines[2:] == ["Footage: 1 downloading; 0.0 MB received"], "how it stood at the end"
    reminders[-1]()
    assert len(lines) == 3, "nothing is said after the end"


def test_how_an_earlier_run_left_it_is_not_told_window_by_window() -> None:
    lines: list[str] = []
    progress = LineProgress(lines.append, clock=lambda: 0.0, later=lambda seconds, act: None)
    for number in range(3):
        progress.cell("road", minute(number), CellState.HERE)
    assert lines == [], "the plan says it"
    with progress.shown():
        for number in range(3):
            progress.cell("road", minute(number), CellState.HERE)
        assert lines == []
    assert lines == ["Footage: 3 verified; 0.0 MB received"]


def test_a_camera_window_that_is_still_to_be_asked_for_is_shown_from_the_start() -> None:
    stream = FakeTerminal()
    progress = GridProgress(stream, standing_of({}), note=lambda text: None, width=60)
    board = Board([minute(0), minute(1)], [Camera("road"), Camera("driver")], progress)
    board.set(("road", minute(1)), CellState.MISSING, "failed")
    board.tell()
    assert "road   ·× 0/2\ndriver ·· 0/2" in progress.picture().plain


def test_a_camera_that_nobody_named_and_that_is_not_there_is_not_shown_as_missing() -> None:
    stream = FakeTerminal()
    progress = GridProgress(stream, standing_of({}), note=lambda text: None, width=60)
    board = Board([minute(0), minute(1)], [Camera("road", named=False), Camera("analog1", named=False)], progress)
    board.tell()
    board.set(("road", minute(0)), CellState.MISSING, "failed")
    board.set(("analog1", minute(0)), CellState.MISSING, "invalid")
    assert "road    ×· 0/2\nanalog1 -· 0/2" in progress.picture().plain
    board.set(("analog1", minute(1)), CellState.MISSING, "failed")
    assert "analog1 ×× 0/2" in progress.picture().plain


def test_films_are_told_in_plain_lines_too() -> None:
    now, lines = [0.0], []
    progress = LineProgress(lines.append, clock=lambda: now[0])
    for number in range(3):
        progress.piece(COMPOSED, number, 3, PieceState.MAKING)
        progress.piece(COMPOSED, number, 3, PieceState.MADE)
        now[0] += 1.5
    assert lines == ["Films: side by side, 3 of 3 made"]
    progress.piece(COMPOSED, 1, 3, PieceState.MAKING)
    now[0] += 1.5
    progress.piece(COMPOSED, 1, 3, PieceState.MADE)
    assert lines[1:] == ["Films: side by side, 3 of 3 made"]


def test_in_a_pipe_there_are_lines_and_no_escape_codes(site: Site) -> None:
    done = site.pull("--cameras", "road", minutes="1")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out + done.err
    assert "Footage: 1 verified" in done.err


# ---------------------------------------------------------------- Ctrl-C


def test_the_second_ctrl_c_leaves_at_once() -> None:
    said, left = [], []
    leaving = Leaving(said.append, lambda: None, leave=left.append, patience=60)
    with pytest.raises(KeyboardInterrupt):
        leaving._on_signal(signal.SIGINT, None)
    leaving._on_signal(signal.SIGINT, None)
    assert left == [INTERRUPTED]
    assert len(said) == 1
    assert "kept" in said[0]


def test_a_run_that_does_not_end_by_itself_is_cut_off_with_its_farewell() -> None:
    order: list[object] = []
    leaving = Leaving(lambda text: None, lambda: order.append("farewell"), leave=order.append, patience=0.01)
    with pytest.raises(KeyboardInterrupt):
        leaving._on_signal(signal.SIGINT, None)
    wait_until(lambda: len(order) == 2)
    assert order == ["farewell", INTERRUPTED]


@pytest.fixture
def waiting_site(tmp_path: Path, clips: Path) -> Iterator[Site]:
    """A site whose footage is a long time coming."""
    with open_site(tmp_path, clips, Script(limits=False, ready_after=600)) as site:
        yield site


PULL = ("pull", "--vehicle", "Truck 104", "--start", START, "--duration", "1", "--cameras", "road", "--yes")


def wait_for_post(site: Site) -> None:
    wait_until(site.posts_sent)


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process there")
def test_ctrl_c_in_the_waiting_ends_with_the_resume_command(waiting_site: Site) -> None:
    with running(waiting_site, *PULL) as process:
        wait_for_post(waiting_site)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "kept" in err
    last = err.strip().splitlines()[-1]
    assert re.search(r'To go on later: python main.py resume ".*request_ids_.*\.json"', last)


@contextmanager
def running(site: Site, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        site.command(*arguments), env=site.environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@needs_pty
@pytest.mark.parametrize(("columns", "environ"), [(40, {}), (100, {}), (40, {"NO_COLOR": "1"})])
def test_the_waiting_in_a_terminal_says_how_to_leave_and_come_back(
    waiting_site: Site, columns: int, environ: dict[str, str]
) -> None:
    command = waiting_site.command(*PULL)
    own = {**waiting_site.environment(), "TERM": "xterm-256color", **environ}
    child = pexpect.spawn(command[0], command[1:], env=own, encoding="utf-8", timeout=60, dimensions=(30, columns))
    seen = io.StringIO()
    child.logfile_read = seen
    child.expect("uploading")
    child.sendcontrol("c")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130, seen.getvalue()
    assert "To go on later" in seen.getvalue()
    assert ("\x1b[" in seen.getvalue()) == (not environ)


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("platform", "environ", "program"),
    [
        ("win32", {}, "startfile"),
        ("darwin", {}, "open"),
        ("linux", {"DISPLAY": ":0"}, "xdg-open"),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, "xdg-open"),
        ("linux", {}, None),
    ],
)
def test_a_folder_is_opened_by_the_desktop_where_there_is_one(
    platform: str, environ: dict[str, str], program: str | None
) -> None:
    assert opener(platform, environ) == program


def test_without_a_way_to_keep_the_computer_awake_the_work_goes_on() -> None:
    code = "from cli.desktop import awake\nwith awake():\n    print('worked')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("worked", 0), done.stderr


def test_a_sentence_before_the_picture_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, noted = FakeTerminal(), []
    progress = GridProgress(stream, standing_of({}), note=noted.append, width=60)
    progress.say("Reading what is uploaded.")
    assert "Reading what is uploaded." in stream.getvalue()
    assert noted == ["Reading what is uploaded."]


# ---------------------------------------------------------------- what the service lets one know


def last_footage_line(outcome: Outcome) -> str:
    """How the cells stood at the end."""
    return [line for line in outcome.err.splitlines() if line.startswith("Footage:")][-1]


@pytest.mark.parametrize(
    ("script", "word"),
    [
        pytest.param(Script(limits=False, empty_for=3600), "requested", id="nothing is said of it"),
        pytest.param(Script(limits=False, ready_after=3600), "uploading", id="pending"),
        pytest.param(Script(limits=False, clips=(ClipFate(damage_at=0.9),)), "here", id="a part is unreadable"),
        pytest.param(Script(limits=False), "verified", id="whole"),
        pytest.param(Script(limits=False, clips=(ClipFate(status="failed"),)), "missing", id="failed"),
    ],
)
def test_a_window_is_called_what_the_service_and_the_file_let_one_know(
    site_with: Callable[[Script], Site], script: Script, word: str
) -> None:
    outcome = site_with(script).pull("--cameras", "road", "--wait", "0.06", minutes="1")
    assert last_footage_line(outcome).startswith(f"Footage: 1 {word};"), outcome.err
