"""Part files and the notes beside them: what they are a part of, and back from the folder what no journal knows."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from footage.files import disk_trouble, replace, write_text

log = logging.getLogger(__name__)

_PART, _OWN_PART, _JSON = ".part", ".part-alone", ".json"


@dataclass(frozen=True, slots=True)
class Part:
    """A complete part file: its length in bytes, and its SHA-256."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a part file is a part of, enough to know whether it may be continued; `media` is the caller's word.

    `validator` and `total` (bytes) are the server's, None where it told none.
    """

    media: str
    validator: str | None = None
    total: int | None = None


def part_path(work: Path, name: str) -> Path:
    """Where the part of a file that will be called `name` lives."""
    return work / f"{name}{_PART}"


def own_part_path(work: Path, name: str) -> Path:
    """A part that no other writer shares, on whatever machine it is: nobody goes on with it later."""
    return work / f"{name}.{secrets.token_hex(8)}{_OWN_PART}"


def adopt(part: Path, work: Path, name: str) -> Path:
    """Make a whole part with a name of its own the part of `name`, its note first; returns where it is then."""
    target = part_path(work, name)
    if part != target:
        discard(target)
        with disk_trouble(target):
            replace(_beside(part), _beside(target))
            replace(part, target)
    return target


def name_of(part: Path) -> str:
    """Inverse of `part_path`."""
    return part.name.removesuffix(_PART)


def discard(part: Path) -> None:
    """Throw away what is there of a part, and the note beside it."""
    part.unlink(missing_ok=True)
    _beside(part).unlink(missing_ok=True)


def write_sidecar(part: Path, sidecar: Sidecar) -> None:
    """Note what a part is a part of; on disk when this returns."""
    write_text(_beside(part), json.dumps(asdict(sidecar)))


def read_sidecar(part: Path) -> Sidecar | None:
    """The note beside a part; None where there is none that can be read."""
    try:
        return Sidecar(**json.loads(_beside(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def noted_parts(work: Path) -> Iterator[Path]:
    """The parts of a work folder that have a note beside them, whether they are there or not."""
    for path in sorted(work.glob(f"*{_PART}{_JSON}")):
        yield path.with_name(path.name.removesuffix(_JSON))


def take_back(work: Path, folder: Path, recorded: Collection[str]) -> None:
    """Make parts again of files that a killed run moved to `folder` but did not record.

    What proves a file to be such a one is its sidecar, which is thrown away only after the record is on disk.
    """
    for part in noted_parts(work):
        target = folder / name_of(part)
        if target.name in recorded:
            discard(part)
        elif not part.exists() and _is_whole(target, read_sidecar(part)):
            log.info("%s was not recorded: taken back", target.name)
            with disk_trouble(part):
                replace(target, part)


def _is_whole(file: Path, sidecar: Sidecar | None) -> bool:
    return sidecar is not None and file.is_file() and sidecar.total in (None, file.stat().st_size)


def _beside(part: Path) -> Path:
    return part.with_name(part.name + _JSON)
