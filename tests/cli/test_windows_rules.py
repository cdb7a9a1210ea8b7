"""What Windows asks of the program, checked on any system: names, long paths, no posix-only call, help that fits."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from contextlib import nullcontext
from datetime import datetime, timedelta
from importlib.metadata import packages_distributions
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.again import quoted
from cli.commands import app
from cli.desktop import extended, needs_extension, roomy, stays_open
from cli.grid import sign
from cli.handover import NEEDED, how_to_install
from cli.screen import GridProgress, Standing
from footage.files import patiently
from footage.models import UTC, Camera, Incident, TimeWindow, Vehicle
from footage.naming import Names
from footage.progress import CellState
from tests.site import ROOT, START, Site

BEGIN = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")}
ODD_NAMES = st.text(max_size=80) | st.sampled_from(["CON", "nul.txt", "a.", "b ", "..\\x", "C:\\", "Lkw 7/8: <rot>"])


def names_of(vehicle: str, word: str) -> list[str]:
    window = TimeWindow(BEGIN, BEGIN + timedelta(minutes=10))
    incident = Incident(vehicle, window, "America/Chicago", (Camera(word),), Vehicle("1", vehicle))
    names = Names(incident)
    clips = [names.clip(word, BEGIN, nth=2), names.clip(word, BEGIN, suffix=".jpg")]
    return [names.folder(), *clips, names.merged(word), names.side_by_side(), names.contact_sheet()]


@given(ODD_NAMES, ODD_NAMES.filter(bool))
def test_every_name_is_one_that_windows_takes(vehicle: str, word: str) -> None:
    for name in names_of(vehicle, word):
        assert not FORBIDDEN.search(name)
        assert name == name.rstrip(". ")
        assert len(name) <= 120
        assert name.partition(".")[0].casefold() not in DEVICES
        assert not PureWindowsPath(name).drive
        assert PureWindowsPath("C:/Videos", name).name == name
        assert not PureWindowsPath(name).is_reserved() if sys.version_info < (3, 13) else True


@pytest.mark.parametrize(
    ("path", "long"),
    [
        ("C:\\Users\\Ann\\Videos", "\\\\?\\C:\\Users\\Ann\\Videos"),
        ("\\\\server\\share\\Videos", "\\\\?\\UNC\\server\\share\\Videos"),
        ("\\\\?\\C:\\Videos", "\\\\?\\C:\\Videos"),
    ],
)
def test_a_long_path_takes_the_form_that_has_no_limit(path: str, long: str) -> None:
    assert str(extended(PureWindowsPath(path))) == long
    assert extended(extended(PureWindowsPath(path))) == PureWindowsPath(long)


@given(st.integers(1, 300))
def test_the_longest_name_below_a_folder_that_needs_no_extension_fits(length: int) -> None:
    folder = PureWindowsPath("C:\\" + "x" * length)
    longest = folder / ("v" * 86) / ".work" / ("c" * 120)
    assert needs_extension(folder) or len(str(longest)) <= 259


@pytest.mark.skipif(sys.platform == "win32", reason="there the folder may change")
def test_elsewhere_a_folder_stays_as_it_is() -> None:
    assert roomy(Path("x" * 300)) == Path("x" * 300)


@pytest.mark.parametrize(
    ("platform", "arguments", "environ", "processes", "stays"),
    [
        ("win32", [], {}, 1, True),
        ("win32", [], {}, 2, True),
        ("win32", [], {}, 5, False),
        ("win32", ["demo"], {}, 1, False),
        ("win32", [], {"PROMPT": "$P$G"}, 2, False),
        ("linux", [], {}, 1, False),
    ],
)
def test_a_window_of_its_own_waits_to_be_read(
    platform: str, arguments: list[str], environ: dict[str, str], processes: int, stays: bool
) -> None:
    assert stays_open(platform, arguments, environ, processes) is stays


@pytest.mark.parametrize(("held", "tries", "renamed"), [(0, 1, True), (19, 20, True), (20, 20, False), (1, 1, False)])
def test_a_file_that_a_scanner_holds_is_renamed_when_it_lets_go(held: int, tries: int, renamed: bool) -> None:
    refusals, pauses, done = iter(range(held)), [], []

    def rename() -> None:
        if next(refusals, None) is not None:
            raise PermissionError("held by a scanner")
        done.append(True)

    with nullcontext() if renamed else pytest.raises(PermissionError):
        patiently(rename, tries=tries, sleep=pauses.append)
    assert bool(done) == renamed
    assert len(pauses) == min(held, tries - 1)


class OldConsole(io.TextIOWrapper):
    """A console with the letters of code page 437."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="cp437")


def test_an_old_console_gets_a_picture_in_its_own_letters() -> None:
    standing = Standing("Truck 104", states={("road", TimeWindow(BEGIN, BEGIN)): state for state in CellState})
    text = GridProgress(OldConsole(), standing, note=lambda text: None, width=40).picture().plain
    text.encode("cp437")
    assert sign(CellState.HERE, plain=False) not in text


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_name_that_an_old_console_cannot_show_ends_nothing(site: Site, encoding: str) -> None:
    site.environ = {"PYTHONIOENCODING": encoding}
    pull = ("pull", "--vehicle", "Truck 104", "--start", START, "--duration", "0.1", "--cameras", "road", "--yes")
    folders = ("--output", str(site.folder / "Vidéos 🚚"), "--logs", str(site.logs))
    for arguments in ((*pull, "--name", "Lkw 7 🚚 “Žofie”", *folders), ("status", *folders[2:])):
        done = run_in(encoding, site, *arguments)
        assert done.returncode == 0, done.stderr
        assert "\\U0001f69a" in done.stdout
        assert "Unexpected" not in done.stderr


def run_in(encoding: str, site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program where its letters are those of `encoding`."""
    command = [sys.executable, str(ROOT / "main.py"), *arguments]
    environ = site.environment()
    return subprocess.run(command, capture_output=True, encoding=encoding, env=environ, cwd=site.folder, check=False)


POSIX_ONLY = [
    "import fcntl",
    "import termios",
    "import resource",
    "import pwd",
    "import os\n\nos.fork()",
    "import os\n\nos.getuid()",
    "from os import setsid\n\nsetsid()",
    "import signal\n\nsignal.alarm(1)",
    "import signal\n\nprint(signal.SIGKILL)",
]


@pytest.mark.parametrize("line", POSIX_ONLY, ids=[line.splitlines()[-1] for line in POSIX_ONLY])
def test_what_windows_lacks_is_refused_by_lint(line: str, tmp_path: Path) -> None:
    done = lint(f"{line}\n", "--select", "TID251")
    assert done.returncode == 1, done.stdout
    assert "TID251" in done.stdout


def lint(text: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "footage/planted.py", *more, "-"]
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)


def test_the_program_itself_calls_nothing_that_windows_lacks() -> None:
    sources = ["main.py", "helpers.py", "SamsaraAPI.py", "kinesis_clip.py", "footage", "cli", "demo"]
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--ignore-noqa", *sources]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_test_of_the_program_is_for_posix_alone_but_those_in_a_pseudo_terminal() -> None:
    skipped = [
        (path.name, line.strip())
        for path in sorted((ROOT / "tests").glob("test_*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "skipif" in line and "reason=" in line and ('os.name == "nt"' in line or 'sys.platform == "win32"' in line)
    ]
    known = ("pty", "Ctrl-C cannot be sent", "no SIGINT")
    unexplained = [
        (name, line)
        for name, line in skipped
        if name != "test_windows_rules.py" and not any(reason in line for reason in known)
    ]
    assert unexplained == []


COMMANDS = ["", "pull", "resume", "batch", "status", "verify", "pack", "doctor", "demo", "worker"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_examples_and_fits_a_screen(command: str) -> None:
    arguments = [command] if command else []
    done = subprocess.run(
        [sys.executable, "main.py", *arguments, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0] == "Examples:"
    assert lines[1].startswith("  python main.py")
    assert len(lines) <= 30
    assert max(map(len, lines)) < 80


def test_no_command_is_without_a_test_of_its_help() -> None:
    assert {command.name or command.callback.__name__ for command in app.registered_commands} == set(COMMANDS) - {""}


def test_every_option_is_explained_on_request() -> None:
    done = subprocess.run(
        [sys.executable, "main.py", "pull", "--help-all"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for option in ("--films", "--engine", "--retries", "--longest", "--clock-offset"):
        assert re.search(rf"^  {option}\b.*", done.stdout, re.MULTILINE)


# ---------------------------------------------------------------- started by another Python


def copied_program(folder: Path) -> Path:
    """The program in a folder of its own, without packages."""
    for name in ("main.py", "helpers.py", "SamsaraAPI.py", "kinesis_clip.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("cli", "footage"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "main.py"


def without_packages(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it by a Python that has none of the packages, as a double click does."""
    command = [sys.executable, "-S", "-E", str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_started_by_a_python_without_packages_the_one_of_the_environment_carries_on(tmp_path: Path) -> None:
    program = copied_program(tmp_path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    packages = next((tmp_path / ".venv").rglob("site-packages"))
    (packages / "those_of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    done = without_packages(program, "status", "--logs", str(tmp_path / "Logs"), "--json")
    assert (json.loads(done.stdout)["journals"], done.stderr, done.returncode) == ([], "", 0)
    done = without_packages(program, "pull", "--no-input")
    assert done.returncode == 2, "the exit code is that of the one who did the work"


def test_each_requirement_is_looked_for_before_anything_begins() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {re.split(r"[<>=]", line)[0].replace("_", "-").casefold() for line in lines if line and line[0] != "#"}
    brings = packages_distributions()  # Python 3.10 knows only packages that list what they bring
    named = {name for package in NEEDED for name in brings.get(package, [package])}
    looked_for = {name.replace("_", "-").casefold() for name in named}
    assert wanted <= looked_for


def test_a_python_that_has_some_of_the_packages_is_not_taken_for_one_that_has_all(tmp_path: Path) -> None:
    program = copied_program(tmp_path)
    lacking = "import runpy, sys; sys.modules['typer'] = None; sys.path.insert(0, '.'); sys.argv = ['', 'status']"
    command = [sys.executable, "-c", f"{lacking}; runpy.run_path('main.py', run_name='__main__')"]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "lacks a package that the program needs: typer" in done.stderr


def test_without_an_environment_a_sentence_says_how_to_make_one(tmp_path: Path) -> None:
    done = without_packages(copied_program(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "-m venv .venv" in done.stderr
    assert "-m pip install -r requirements.txt" in done.stderr


def test_on_windows_the_lines_are_those_of_windows() -> None:
    lines = "\n".join(how_to_install("rich", "win32", has_environment=False))
    assert "  py -m venv .venv\n" in lines
    assert "  .venv\\Scripts\\python -m pip install" in lines
    assert "venv .venv" not in "\n".join(how_to_install("rich", "win32", has_environment=True))


# ---------------------------------------------------------------- what is printed to be pasted


def read_by_windows(line: str) -> list[str]:
    """The arguments as a program on Windows reads them: double quotes hold together, two in a row are one."""
    return [word.replace('""', "\0").replace('"', "").replace("\0", '"') for word in split_on_blanks(line)]


def split_on_blanks(line: str) -> list[str]:
    return re.findall(r'(?:[^ "]|"(?:[^"]|"")*")+', line)


PASTED = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1) | st.sampled_from(
    ["Truck 104", "C:\\Users\\Ann Lee\\Logs\\a.json", "yard=gate-1", "O'Neil", 'the "odd" one', "a,b", "$HOME", "a!b"]
)


@given(PASTED, st.booleans())
def test_what_is_quoted_is_read_back_by_windows_and_by_a_posix_shell(text: str, always: bool) -> None:
    assert read_by_windows(quoted(text, platform="win32", always=always)) == [text]
    assert shlex.split(quoted(text, platform="linux", always=always)) == [text]


@pytest.mark.parametrize("text", ["Truck 104", "yard=gate-camera-1", "Pickup 7 (no camera)"])
def test_what_people_usually_paste_looks_the_same_in_every_shell(text: str) -> None:
    assert quoted(text, platform="win32") == quoted(text, platform="linux") == f'"{text}"'


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell and its pty are tried here")
@given(PASTED.filter(lambda text: "\0" not in text))
@settings(max_examples=40, deadline=None)
def test_a_real_shell_hands_over_what_was_quoted(text: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"printf %s {quoted(text, platform='linux')}"], capture_output=True, check=True
    )
    assert done.stdout.decode() == text
