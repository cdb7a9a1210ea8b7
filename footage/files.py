"""Writing to disk so that nothing is ever half there: beside, fsync, rename; and what a full disk is called."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from footage.errors import DiskTrouble, InTheWay

BLOCK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.ENODEV}  # a drive that is not there, or not any more
_DISK_ERRORS = _FULL | _FORBIDDEN | _GONE
_BESIDE = re.compile(r"(\.[0-9a-f]{8})?\.part$")
_RENAME_TRIES = 40
_RENAME_PAUSE = 0.05


@contextmanager
def disk_trouble(what: Path) -> Iterator[None]:
    """Turns a full, forbidden or missing disk into DiskTrouble, which names the file; other OSErrors pass through."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise DiskTrouble(f"Cannot write {what}: {error.strerror}.") from error


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, where it is not there. Raises DiskTrouble; a file may be in its place."""
    with disk_trouble(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise in_the_way(folder) from error


def in_the_way(folder: Path) -> InTheWay:
    """What to say where a file stands in the place of a folder, or of one above it."""
    file = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), folder)
    return InTheWay(f"{file} is a file, and a folder is needed there: name another folder.", file.absolute())


def write_text(path: Path, text: str) -> None:
    """Write `text` so that `path` holds either the old text or all of the new one, even if the power fails."""
    write_pieces(path, (text,))


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """The same for a text in pieces, which is never in memory as a whole."""
    with disk_trouble(path), _written_beside(path, pieces) as beside:
        replace(beside, path)


def create_text(path: Path, text: str) -> None:
    """Write a file that must be new: whole or not at all. Raises FileExistsError where another was faster."""
    with disk_trouble(path), _written_beside(path, (text,)) as beside:
        if os.name == "nt":
            beside.rename(path)  # never replaces on Windows
        else:
            _link(beside, path)
        sync_folder(path.parent)


@contextmanager
def _written_beside(path: Path, pieces: Iterable[str]) -> Iterator[Path]:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def left_beside(folder: Path) -> Iterator[tuple[Path, str]]:
    """What writers that were killed left in a folder, each with the name of the file that it was to be."""
    for path in folder.glob(".*.part"):
        yield path, _BESIDE.sub("", path.name.removeprefix("."))


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:  # a stick or a share without hard links: the name is taken first, and filled by the rename
        target.open("x").close()
        source.replace(target)


def replace(source: Path, target: Path) -> None:
    """Rename over `target`, again for two seconds where a scanner on Windows holds the file; then fsync the folder."""
    if os.name == "nt":
        make_writable(target)
    patiently(lambda: source.replace(target), tries=_RENAME_TRIES if os.name == "nt" else 1)
    sync_folder(target.parent)


def patiently(action: Callable[[], object], *, tries: int, sleep: Callable[[float], object] = time.sleep) -> None:
    """Do what somebody may forbid for a moment, again and again. Raises the last refusal."""
    for left in reversed(range(tries)):
        try:
            action()
        except PermissionError:
            if not left:
                raise
            sleep(_RENAME_PAUSE)
        else:
            return


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path, each_block: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of a file, read in blocks; several threads may each read one of their own at full speed.

    `each_block` is called before each block, and may raise to end the reading.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        block = memoryview(bytearray(BLOCK))
        while count := file.readinto(block):
            each_block()
            digest.update(block[:count])
    return digest.hexdigest()


def digest_of_head(file: BinaryIO, length: int) -> hashlib._Hash:
    """SHA-256 of the first `length` bytes of an open file, to go on with; the file stands behind them then."""
    digest = hashlib.sha256()
    while file.tell() < length:
        digest.update(file.read(min(BLOCK, length - file.tell())))
    return digest


def make_read_only(path: Path) -> None:
    """Take away everybody's right to write into a file, which on Windows sets its read-only mark."""
    with disk_trouble(path):
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)


def make_writable(path: Path) -> None:
    """Give the owner the right to write back, without which Windows neither replaces nor removes a file."""
    if path.exists():
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written under `folder` (or its nearest parent that exists)."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
