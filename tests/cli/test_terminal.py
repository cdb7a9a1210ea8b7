"""The program without options, in a real terminal, against the stand-in: what a person types and sees."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pytest

from demo.faults import Script
from tests.site import ROOT, Site, open_site
from tests.waiting import LONGEST, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="pexpect drives a pty, which Windows does not have"),
]

ANSWERS = (
    ("source", "samsara"),
    ("key", "<the key>"),
    ("vehicle", "truck 104"),
    ("start", "11/18/2026 06:30"),
    ("zone", "America/Los_Angeles"),
    ("duration", "0.1"),
    ("camera", "road,driver"),
)
"""The contract's questions in its order; six seconds of footage are enough to be asked about."""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
COLOUR = re.compile(r"\x1b\[[0-9;]*\b(3|4|9|10)[0-8]\b[0-9;]*m")


@dataclass
class Terminal:
    """One call of the program in a terminal of its own."""

    child: pexpect.spawn[str]
    key: str
    seen: io.StringIO = field(default_factory=io.StringIO)

    def expect(self, text: str) -> None:
        """Wait until the screen shows it."""
        self.child.expect(text)

    def expect_question(self, name: str) -> None:
        """Wait for the question whose words contain this name."""
        self.child.expect(f"(?i){name}[^\n]*:")

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and type the answer."""
        self.expect_question(question)
        self.child.sendline(self.key if text == "<the key>" else text)

    def answer_until(self, question: str) -> None:
        """Answer well up to this question, which is left open."""
        for name, text in ANSWERS:
            if name == question:
                break
            self.answer(name, text)
        self.expect_question(question)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)

    @property
    def screen(self) -> str:
        """Everything that was shown, without the terminal's own codes."""
        return ESCAPES.sub("", self.seen.getvalue())


@contextmanager
def terminal(site: Site, **environ: str) -> Iterator[Terminal]:
    """Start the program without options where it has no key; its folders are made where it runs."""
    own = {**site.environment(), "TERM": "xterm-256color", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    own = {name: text for name, text in (own | environ).items() if name != "SAMSARA_API_KEY"}
    folder, program = str(site.folder), str(ROOT / "main.py")
    child = pexpect.spawn(
        sys.executable, [program], cwd=folder, env=own, encoding="utf-8", timeout=LONGEST, dimensions=(40, 160)
    )
    opened = Terminal(child, site.service.key)
    child.logfile_read = opened.seen
    try:
        yield opened
    finally:
        child.close(force=True)


@pytest.fixture
def at_work(site: Site) -> Iterator[Terminal]:
    """The program, just started."""
    with ExitStack() as stack:
        yield stack.enter_context(terminal(site))


def folders(site: Site) -> list[Path]:
    """The incident folders."""
    return sorted(site.videos.iterdir()) if site.videos.exists() else []


def test_the_questions_lead_to_the_films(site: Site, at_work: Terminal) -> None:
    for name, text in ANSWERS:
        at_work.answer(name, text)
    at_work.expect("Requests: 1 new for 1 window")
    at_work.expect("Quota: about 12 seconds")
    at_work.answer("go on", "y")
    at_work.expect("Complete")
    assert at_work.end() == 0, at_work.screen
    made = {path.name.partition("_2026")[0] for path in folders(site)[0].glob("*.mp4")}
    assert made == {"Road_VideoClip", "Driver_VideoClip", "Road_Merged", "Driver_Merged", "SideBySide_Merged"}
    assert [count for _, _, count in site.asked()] == [1]


def test_the_key_is_neither_shown_nor_kept(site: Site, at_work: Terminal) -> None:
    at_work.answer_until("start")
    at_work.child.sendcontrol("c")
    at_work.end()
    assert site.service.key not in re.sub(r"\s", "", at_work.screen)
    assert site.service.key not in "".join(path.read_text("utf-8") for path in (site.folder / "Logs").iterdir())


WRONG = {
    "source": [("dropbox", "samsara or kinesis")],
    "vehicle": [("truck 1O4", "Truck 104"), ("Spare", "281474990654324")],
    "start": [("31/31/2026 25:99", "MM/DD/YYYY HH:MM"), ("", "no default")],
    "zone": [("Chicago time", "America/")],
    "duration": [("ten", "minutes"), ("-1", "minutes")],
    "camera": [("roof", "road, driver")],
}
"""What somebody may type by mistake, and words of the sentence that says what would be right."""


def test_a_wrong_answer_is_explained_and_the_same_question_comes_again(site: Site, at_work: Terminal) -> None:
    for question, right in ANSWERS:
        for typed, sentence in WRONG.get(question, []):
            at_work.expect_question(question)
            at_work.child.sendline(typed)
            at_work.expect(sentence)
        at_work.answer(question, right)
    at_work.expect_question("go on")
    assert site.posts_sent() == 0


def test_a_mistyped_key_is_asked_for_again(site: Site, at_work: Terminal) -> None:
    at_work.answer("source", "samsara")
    at_work.answer("key", "no-such-key")
    at_work.expect("does not accept the key")
    at_work.answer("key", "<the key>")
    at_work.expect_question("vehicle")
    assert "no-such-key" not in at_work.screen
    assert site.posts_sent() == 0


def test_ctrl_c_while_the_program_is_being_loaded_ends_it_without_a_trace(site: Site) -> None:
    command = [sys.executable, "-X", "importtime", str(ROOT / "main.py"), "pull"]
    with subprocess.Popen(command, env=site.environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "cli.desktop" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize("question", ["source", "key", "camera"])
def test_ctrl_c_at_a_question_ends_with_130_and_asks_the_vehicle_for_nothing(
    site: Site, at_work: Terminal, question: str
) -> None:
    at_work.answer_until(question)
    at_work.child.sendcontrol("c")
    assert at_work.end() == 130
    assert "Traceback" not in at_work.screen
    assert site.posts_sent() == 0


def test_no_to_the_plan_spends_nothing(site: Site, at_work: Terminal) -> None:
    for name, text in ANSWERS:
        at_work.answer(name, text)
    at_work.answer("go on", "n")
    assert at_work.end() == 130
    assert site.posts_sent() == 0


def test_ctrl_c_while_waiting_says_how_to_go_on(tmp_path: Path, clips: Path) -> None:
    with open_site(tmp_path, clips, Script(limits=False, ready_after=600)) as site, terminal(site) as at_work:
        for name, text in ANSWERS:
            at_work.answer(name, text)
        at_work.answer("go on", "y")
        wait_until(lambda: site.posts_sent() == 1)
        at_work.child.sendcontrol("c")
        at_work.expect("main.py resume")
        assert at_work.end() == 130
        assert [count for _, _, count in site.asked()] == [1]


def test_there_is_no_colour_with_no_color(site: Site) -> None:
    with terminal(site, NO_COLOR="1") as at_work:
        at_work.answer_until("vehicle")
        at_work.child.sendcontrol("c")
        at_work.end()
        assert not COLOUR.search(at_work.seen.getvalue())


def test_without_a_terminal_nothing_is_asked_and_the_exit_code_is_2(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "main.py"],
        cwd=site.folder,
        env=site.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pull" in done.stderr
    assert done.stdout == ""
