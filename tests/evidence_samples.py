"""A finished incident folder with a bit of everything, and what a tamperer may do to copies of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from demo.faults import with_holes
from demo.samsara_fleet import TRUCK_104
from demo.samsara_service import SamsaraService

ROOT = Path(__file__).parent.parent
START = datetime(2026, 11, 18, 14, 30, tzinfo=timezone.utc)
SECONDS = 90
NASTY = "<img src=x onerror=alert(1)></script>"
REFERENCE, NOTE = "CLAIM-2026/17 & <b>co</b>", "Rear-end collision.\nSee the road camera."


def make_folder(root: Path) -> Path:
    """Pull an incident with holes, sound and speed of a vehicle with a nasty name, small enough to be quick."""
    truck = replace(TRUCK_104, record={**TRUCK_104.record, "name": NASTY})
    with SamsaraService(fleet=[truck], script=replace(with_holes(START), limits=False), height=180) as service:
        command = [sys.executable, str(ROOT / "main.py"), "pull", "--vehicle", truck.id, "--start", START.isoformat()]
        command += ["--duration", "1.5", "--timezone", "America/Chicago", "--tile-height", "180", "--fps", "15"]
        command += ["--reference", REFERENCE, "--note", NOTE, "--clock-offset", "-1.5", "--poll-interval", "0.2"]
        command += ["--yes", "--no-input", "--output", str(root / "Videos"), "--logs", str(root / "Logs")]
        keys = {"SAMSARA_API_KEY": service.key, "SAMSARA_API_URL": service.url}
        done = subprocess.run(command, env={**os.environ, **keys}, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    return made_folder(root)


def made_folder(root: Path) -> Path:
    """The folder that was made there."""
    return next((root / "Videos").iterdir())


def copy_of(folder: Path, target: Path) -> Path:
    """A copy that may be tampered with."""
    shutil.copytree(folder, target)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


def flip(path: Path, at: float = 0.6) -> None:
    """Turn round one bit of a file."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)


def one_of(folder: Path, pattern: str) -> Path:
    """The first file that matches."""
    return sorted(folder.glob(pattern))[0]
