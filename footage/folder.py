"""The incident's folder: whose it is, where pieces under way live, and that only one run works in it."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from footage.errors import IncidentHeld, InputRefused
from footage.files import create_text, in_the_way, left_beside, make_folder, write_text
from footage.models import Camera, Incident
from footage.naming import Names
from footage.values_json import time_text, window_to_json

IDENTITY = ".incident.json"
"""Says whose a folder is, from before the first clip arrives; manifest.json tells everything else."""
_LOCK, _HOLDER = "run.lock", "holder.json"
RUN_MARKS = frozenset({_LOCK, _HOLDER})
"""What lies in the work folder while a run holds it, and stays there where the run was killed."""
_MOST_TWINS = 1000
_LEAVING_SECONDS = 0.5
"""How long a run waits for another one that may be just ending."""


def find_folder(output: Path, incident: Incident) -> tuple[Path, bool]:
    """The folder of this incident under `output`, and whether it is there already.

    A folder belongs to one vehicle (or set of streams, by one clock), time and media type; where another owns the name,
    `_2` follows. Raises DiskTrouble where `output` is a file.
    """
    name, output = Names(incident).folder(), output.absolute()
    if output.is_file():
        raise in_the_way(output)
    taken = {path.name.casefold(): path for path in output.iterdir()} if output.is_dir() else {}
    for nth in range(1, _MOST_TWINS):
        candidate = name if nth == 1 else f"{name}_{nth}"
        path = taken.get(candidate.casefold())
        if path is None:
            return output / candidate, False
        vacant = path.is_dir() and all(_is_unfinished_identity(each) for each in path.iterdir())
        if _owner(path) == _identity(incident):  # looked at last: it may have come this very moment, and be ours
            return path, True
        if vacant:
            return path, False
    raise InputRefused(f"There are {_MOST_TWINS} folders named {name} in {output}; clean up first.")


def claim_folder(output: Path, incident: Incident) -> Path:
    """Make the incident's folder, or find it, so that no other incident gets the same one."""
    while True:
        folder, ours = find_folder(output, incident)
        if ours:
            return folder
        make_folder(folder)
        try:
            create_text(folder / IDENTITY, json.dumps(_identity(incident)))
        except FileExistsError:
            continue  # another run was faster: look again whose it is
        return folder


def work_folder(folder: Path) -> Path:
    """Where pieces under way live; gone when the run is complete."""
    return folder / ".work"


@contextmanager
def hold_folder(folder: Path, now: datetime) -> Iterator[Path]:
    """Keep other runs out of an incident folder. Yields its work folder; raises IncidentHeld with who holds it.

    The system frees the lock of a process that died, however it died.
    """
    work = work_folder(folder)
    make_folder(work)
    _hide(work)
    lock = FileLock(work / _LOCK)
    try:
        lock.acquire(timeout=_LEAVING_SECONDS)
    except Timeout:
        raise IncidentHeld(_held_sentence(folder)) from None
    try:
        holder = {"pid": os.getpid(), "computer": platform.node(), "since": time_text(now)}
        write_text(work / _HOLDER, json.dumps(holder))
        for left, _ in left_beside(folder):
            _try_unlink(left)
        yield work
    finally:
        (work / _HOLDER).unlink(missing_ok=True)
        if os.name != "nt" and {path.name for path in work.iterdir()} <= {_LOCK}:
            (work / _LOCK).unlink(missing_ok=True)  # while it is held: once free, it may be another run's
        lock.release()


def clear_work(work: Path) -> None:
    """Remove all pieces under way; the lock's own file stays until `remove_work`."""
    for path in work.iterdir():
        if path.name in (_LOCK, _HOLDER):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            _try_unlink(path)


def remove_work(folder: Path) -> None:
    """Remove the work folder where it is empty; left alone where another run has come meanwhile."""
    work = work_folder(folder)
    if os.name == "nt":  # an open file cannot be removed there, and a held lock is open
        _try_unlink(work / _LOCK)
    with suppress(OSError):
        work.rmdir()


def _try_unlink(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False  # Windows: still open somewhere; the next run sweeps it
    return True


def _identity(incident: Incident) -> dict[str, Any]:
    streams = sorted(_stream_words(camera) for camera in incident.cameras if camera.stream)
    vehicle = incident.vehicle.id if incident.vehicle else None
    return {
        "schema": 1,
        "vehicle": vehicle,
        "streams": [] if vehicle else streams,
        **window_to_json(incident.window),
        "media_type": incident.media_type.value,
    }


def _stream_words(camera: Camera) -> str:
    words = f"{camera.word}={camera.stream}"
    return words if camera.selector == "producer" else f"{words} by {camera.selector} time"


def _owner(path: Path) -> dict[str, Any] | None:
    try:
        owner: dict[str, Any] = json.loads((path / IDENTITY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return owner


def _is_unfinished_identity(path: Path) -> bool:
    """Whether a file is what is left where a run was killed while it claimed the folder."""
    return path.name.startswith(f".{IDENTITY}.") and path.suffix == ".part"


def _held_sentence(folder: Path) -> str:
    try:
        holder = json.loads((work_folder(folder) / _HOLDER).read_text(encoding="utf-8"))
        who = f"process {holder['pid']} on {holder['computer']}, since {holder['since']}"
    except (OSError, ValueError, KeyError):
        who = "another process"
    return f"Another run works on this incident: {who}. Its folder is {folder}."


def _hide(work: Path) -> None:
    if os.name == "nt":  # a leading dot hides nothing on Windows
        import ctypes

        ctypes.windll.kernel32.SetFileAttributesW(str(work), 0x2)  # type: ignore[attr-defined,unused-ignore]
