"""A file system of a few megabytes, which fills up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[None]:
    """A file system of a few megabytes at `folder`."""
    folder.mkdir(exist_ok=True)
    if shutil.which("mount") is None or mount("-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)) != 0:
        pytest.skip("only root on Linux can make a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mount(*arguments: str) -> int:
    """Call the system's mount; its exit code."""
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
