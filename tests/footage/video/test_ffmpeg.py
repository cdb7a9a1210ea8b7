"""The runner of ffmpeg: how its end is told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from footage.errors import DiskTrouble, Interrupted, ToolFailed
from footage.video.ffmpeg import FFmpeg
from tests.programs import program_of

PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=600")
FULL = Path("/dev/full")
HOW_MODEST = """
import ctypes, os, sys
if os.name == "nt":
    kernel = ctypes.windll.kernel32
    print(int(kernel.GetPriorityClass(kernel.GetCurrentProcess()) == 0x4000), file=sys.stderr)
else:
    print(os.nice(0), file=sys.stderr)
"""


def test_what_ffmpeg_said_comes_with_its_failure(tmp_path):
    with pytest.raises(ToolFailed, match=r"nowhere\.mp4"):
        FFmpeg().run(["-i", str(tmp_path / "nowhere.mp4"), "-f", "null", "-"])


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_told_apart():
    with pytest.raises(DiskTrouble, match="disk is full"):
        FFmpeg().run([*PICTURES, "-c:v", "rawvideo", "-f", "rawvideo", str(FULL)])


def test_stop_ends_a_running_command():
    tool = FFmpeg()
    timer = threading.Timer(0.5, tool.stop.set)
    timer.start()
    with pytest.raises(Interrupted):
        tool.run([*PICTURES, "-c:v", "libx264", "-f", "null", "-"])


def test_a_modest_command_gives_way_until_somebody_waits_for_it(tmp_path):
    tool, waited_for = FFmpeg(program_of(tmp_path, HOW_MODEST)), threading.Event()
    modest = tool.modest(waited_for)
    assert int(modest.run([])) > int(tool.run([]))
    waited_for.set()
    assert int(modest.run([])) == int(tool.run([]))


def test_a_modest_command_ends_with_the_same_stop():
    tool = FFmpeg()
    timer = threading.Timer(0.5, tool.stop.set)
    timer.start()
    with pytest.raises(Interrupted):
        tool.modest(threading.Event()).run([*PICTURES, "-c:v", "libx264", "-f", "null", "-"])
