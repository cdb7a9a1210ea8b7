"""Started by a Python without the packages, as by a double click: the one of .venv carries on, or a line says why."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

_ENVIRONMENT = ".venv"
_FAILED = 1
NEEDED = (
    *("requests", "urllib3", "ratelimit", "stamina", "truststore", "boto3", "botocore", "dateutil", "tzdata"),
    *("tzlocal", "moviepy", "imageio_ffmpeg", "av", "numpy", "PIL", "typer", "prompt_toolkit", "rich", "keyring"),
    *("wakepy", "jinja2", "filelock", "openpyxl"),
)
"""What requirements.txt brings, by the names under which it is imported."""


def check_packages() -> None:
    """Raise ModuleNotFoundError for the first package that this Python does not have; loads none of them."""
    for name in NEEDED:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def start_elsewhere(program: Path, arguments: Sequence[str], missing: ModuleNotFoundError) -> tuple[int, list[str]]:
    """Run the program with the Python of the environment beside it: its exit code, and lines for the person.

    The lines say what to do where there is no such Python, where it does not start, or where it is this one.
    """
    environment = program.resolve().parent / _ENVIRONMENT
    python = Path(python_of(environment, sys.platform))
    is_this = Path(sys.prefix).resolve() == environment.resolve()
    lines = how_to_install(missing.name or "", sys.platform, has_environment=is_this)
    if is_this or not python.is_file():
        return _FAILED, lines
    try:
        return _carry_on(python, program, arguments), []
    except OSError as error:
        return _FAILED, [f"{python} cannot be started: {error}. Remove the folder .venv.", *lines]


def python_of(environment: PurePath, platform: str) -> PurePath:
    """The Python of a virtual environment; `platform` is `sys.platform`."""
    return environment / ("Scripts/python.exe" if platform == "win32" else "bin/python")


def how_to_install(package: str, platform: str, *, has_environment: bool) -> list[str]:
    """What to do about a package that is missing, a line each; `platform` is `sys.platform`."""
    path = PureWindowsPath if platform == "win32" else PurePosixPath
    python = str(python_of(path(_ENVIRONMENT), platform)).removesuffix(".exe")
    make = f"  {'py' if platform == 'win32' else 'python3'} -m venv {_ENVIRONMENT}"
    return [
        f"This Python lacks a package that the program needs: {package}. In the program's folder, once:",
        *([] if has_environment else [make]),
        f"  {python} -m pip install -r requirements.txt",
        "After that it starts by itself, also by a double click.",
    ]


def lacking(missing: ModuleNotFoundError) -> str:
    """The sentence for a package that turns out to be missing later: this Python has most of them."""
    return f'A package is missing: {missing.name}. To install it: "{sys.executable}" -m pip install -r requirements.txt'


def _carry_on(python: Path, program: Path, arguments: Sequence[str]) -> int:
    """Ctrl-C reaches both processes; only the one that works answers it."""
    signal.signal(signal.SIGINT, lambda number, frame: None)
    code = subprocess.run([python, program, *arguments], check=False).returncode
    return code if code >= 0 else _FAILED
