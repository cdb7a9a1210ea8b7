"""The demo on a machine that has nothing but Python and the requirements: a fresh copy, no ffmpeg on the PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from footage.video.probe import inspect
from tests.site import ROOT, Outcome

pytestmark = pytest.mark.slow
FOLDER_OF_ITS_OWN = shutil.ignore_patterns(".*", "__pycache__", "Videos", "Logs")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without what runs, environments and tools leave behind."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("fresh") / "project", ignore=FOLDER_OF_ITS_OWN))


@pytest.fixture(scope="module")
def outcome(fresh: Path) -> Outcome:
    """The demo, run once for all claims, with an empty folder as its PATH and no key."""
    empty = fresh.parent / "empty"
    empty.mkdir()
    left_out = ("SAMSARA_API_KEY", "SAMSARA_API_URL", "IMAGEIO_FFMPEG_EXE")
    environ = {name: text for name, text in os.environ.items() if name not in left_out}
    assert shutil.which("ffmpeg", path=str(empty)) is None
    done = subprocess.run(
        [sys.executable, "main.py", "demo", "--json"],
        cwd=fresh,
        env={**environ, "PATH": str(empty)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_the_demo_is_complete_and_exits_0(outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.err
    assert (outcome.result["status"], outcome.result["exit_code"], outcome.result["error"]) == ("complete", 0, None)


PLAY = """
import sys
from datetime import datetime, timezone
from cli import demo
from cli.desk import DeskOptions
from cli.opening import open_desk
from footage.settings import FilmSettings, RunSettings
play = getattr(demo, f"play_{sys.argv[1]}")
desk = open_desk(DeskOptions(json=True, no_input=True, yes=True))
sys.exit(play(desk, RunSettings(films=FilmSettings("none")), datetime.now(timezone.utc)))
"""
"""The demo without its films, which talk to nobody and take long."""


@pytest.mark.parametrize("source", ["samsara", "kinesis"])
def test_the_demo_stays_on_this_computer_whatever_its_environment_says(tmp_path: Path, source: str) -> None:
    nowhere = "http://127.0.0.1:9"
    (tmp_path / "config").write_text("[default]\nignore_configured_endpoint_urls = true\nregion = eu-west-1\n")
    leading_away = {
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL", "KINESIS_DATA_ENDPOINT"), nowhere),
        **dict.fromkeys(("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT"), "true"),
        **{"AWS_PROFILE": "nobody", "AWS_DEFAULT_PROFILE": "nobody", "AWS_CONFIG_FILE": str(tmp_path / "config")},
        **{"NO_PROXY": "", "no_proxy": "example.com"},
    }
    done = subprocess.run(
        [sys.executable, "-c", PLAY, source],
        cwd=tmp_path,
        env={**os.environ, **leading_away, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_with_json_there_is_one_object_on_stdout_and_nothing_else(outcome: Outcome) -> None:
    _, end = json.JSONDecoder().raw_decode(outcome.out)
    assert outcome.out[end:].strip() == ""
    assert "\x1b" not in outcome.err, "no colour off a terminal"


def test_it_says_where_to_look(outcome: Outcome) -> None:
    assert outcome.result["side_by_side"] in outcome.err
    assert Path(outcome.result["folder"]).name in outcome.err


def test_the_side_by_side_lasts_exactly_as_long_as_was_asked(outcome: Outcome) -> None:
    start, end = (datetime.fromisoformat(outcome.result["incident"][edge][:-1]) for edge in ("start", "end"))
    film = inspect(Path(outcome.result["folder"]) / outcome.result["side_by_side"])
    assert film.video is not None
    assert film.video.packets == (end - start).total_seconds() * 30


def test_every_file_that_the_result_names_is_there(outcome: Outcome, fresh: Path) -> None:
    folder = Path(outcome.result["folder"])
    assert folder.parent == fresh / "Videos"
    cameras = outcome.result["cameras"].values()
    named = [outcome.result["side_by_side"], *(camera["merged"] for camera in cameras)]
    named += [clip["file"] for camera in cameras for clip in camera["clips"]]
    assert all((folder / name).stat().st_size > 0 for name in named)
    assert all(Path(outcome.result[name]).is_file() for name in ("journal", "log"))
    assert not (folder / ".work").exists()


def test_the_readme_s_lines_name_what_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:python3|py) -m venv .*$", text, re.MULTILINE)
    assert len(lines) == 4
    words = {word.strip("};") for line in lines for word in re.split(r"[ ]+", line)}
    assert {"requirements.txt", "requirements-dev.txt", "main.py"} <= words
    for name in words:
        assert not name.endswith((".txt", "main.py")) or (ROOT / name).is_file(), name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).is_file(), target
