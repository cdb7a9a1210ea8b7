"""One zip of a whole folder, stored and not deflated, read back before it gets its name; smaller ones on request."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from footage.errors import InputRefused, VerificationFailed
from footage.evidence import checksums, custody
from footage.evidence.custody import Custody
from footage.evidence.email_copy import make_email_copy
from footage.evidence.manifest import JOINED, ORIGINAL, SIDE, files_told, read_manifest
from footage.files import BLOCK, disk_trouble, replace, sha256_of
from footage.video.ffmpeg import FFmpeg

_HEADERS = 200
"""Bytes that a zip needs for a file beside its content and twice its name, at most."""
_FIRST_TO_GO = (SIDE, JOINED, ORIGINAL)
"""What is left out where a size limit asks for it, in this order; pages, stills and lists always stay."""
_ROOM_FOR_LOG = 8192

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Packed:
    """A zip that was written and read back. `copy` is the e-mail-sized film that took the side-by-side's place."""

    path: Path
    bytes: int
    files: int
    left_out: tuple[str, ...]
    copy: str | None


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a limit made of the content: what is in, what is left out, and the name of a small copy, if there is one."""

    content: _Content
    left_out: tuple[str, ...]
    copy: str | None


@dataclass(frozen=True, slots=True)
class _Content:
    """What goes into the zip: each name with its file and hash."""

    files: Mapping[str, tuple[Path, str]]

    def size(self, top: str) -> int:
        """Bytes of the zip in which they lie below a folder `top`."""
        names = sum(2 * len(f"{top}/{name}".encode()) + _HEADERS for name in self.files)
        return names + sum(path.stat().st_size for path, _ in self.files.values())

    def without(self, names: Iterable[str]) -> _Content:
        gone = set(names)
        return _Content({name: each for name, each in self.files.items() if name not in gone})

    def and_also(self, more: Mapping[str, tuple[Path, str]]) -> _Content:
        return _Content({**self.files, **more})


def pack(
    folder: Path,
    target: Path,
    *,
    max_bytes: int | None = None,
    tool: FFmpeg,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
) -> Packed:
    """Write `target`. The folder itself is not touched; what a limit leaves out, the zip's own log and list tell.

    Raises InputRefused where there is no package, where `target` is there or would lie in the folder, or the limit is
    too small for any, and VerificationFailed where a file is missing or not what SHA256SUMS says, now or in the zip
    that was written.
    """
    _refuse_target(folder, target)
    whole = _content(folder)
    with _own_folder(target) as work:
        choice = _Choice(whole, (), None)
        if max_bytes is not None and whole.size(folder.name) > max_bytes:
            choice = _made_to_fit(folder, whole, max_bytes, work, tool, clock, say)
        beside = work / "package.zip"
        _write(beside, folder.name, choice.content)
        say("Reading the zip back.")
        _check(beside, folder.name, choice.content)
        size = beside.stat().st_size
        if max_bytes is not None and size > max_bytes:
            raise InputRefused(f"The zip came out at {size} bytes, above {max_bytes}: give it a little more room.")
        with disk_trouble(target):
            _refuse_target(folder, target)  # it may have come meanwhile
            replace(beside, target)
    return Packed(target, size, len(choice.content.files), choice.left_out, choice.copy)


def _refuse_target(folder: Path, target: Path) -> None:
    if folder.resolve() in target.resolve().parents:
        raise InputRefused(f"{target} lies in the folder that is packed: name a place outside of it with --to.")
    if target.exists() or target.is_symlink():
        raise InputRefused(f"{target} is there already: remove it, or name another file with --to.")


@contextmanager
def _own_folder(target: Path) -> Iterator[Path]:
    """A folder on the same disk for what is not whole yet."""
    with disk_trouble(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="pack-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _content(folder: Path) -> _Content:
    hashes = checksums.read_checksums(folder)
    if not hashes:
        raise InputRefused(f"{folder} holds no evidence package: there is no SHA256SUMS in it.")
    missing = [name for name in hashes if not (folder / name).is_file()]
    if missing:
        raise VerificationFailed(f"{', '.join(missing)}: missing. Run verify on this folder first.")
    own = {checksums.NAME: sha256_of(folder / checksums.NAME)}
    return _Content({name: (folder / name, sha256) for name, sha256 in {**hashes, **own}.items()})


def _made_to_fit(
    folder: Path,
    whole: _Content,
    limit: int,
    work: Path,
    tool: FFmpeg,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
) -> _Choice:
    files = files_told(read_manifest(folder))
    left_out: list[str] = []
    for role in _FIRST_TO_GO:
        left_out += [each["file"] for each in files if each.get("role") == role and each["file"] in whole.files]
        content = whole.without(left_out)
        room = limit - content.size(folder.name) - _ROOM_FOR_LOG - sum(len(name) + 8 for name in left_out)
        if room >= 0:
            break
    else:
        raise InputRefused(f"Even without any film this package needs {(limit - room) / 1e6:.1f} MB.")
    say(f"Left out to stay below {limit / 1e6:g} MB: {', '.join(left_out)}.")
    side = next((each for each in files if each.get("role") == SIDE), None)
    made = make_email_copy(folder, side, room, work, tool) if side else None
    entry = {made.name: (work / made.name, made.sha256)} if made else {}
    log = _own_log(folder, work, clock, left_out, made.facts if made else None)
    content = content.and_also({**entry, **log})
    return _Choice(content.and_also(_own_list(content, work)), tuple(left_out), made.name if made else None)


def _own_log(
    folder: Path, work: Path, clock: Callable[[], datetime], left_out: Sequence[str], copy: Json | None
) -> dict[str, tuple[Path, str]]:
    """The folder's log, continued in the zip by what packing did."""
    path = work / custody.NAME
    path.write_bytes((folder / custody.NAME).read_bytes())
    log = Custody(work, clock=clock)
    if copy is not None:
        log.note(custody.MADE, **copy)
    log.note(custody.PACKED, left_out=list(left_out))
    return {custody.NAME: (path, sha256_of(path))}


def _own_list(content: _Content, work: Path) -> dict[str, tuple[Path, str]]:
    """A list of hashes for what is in the zip, so that it is whole where it is unpacked."""
    hashes = {name: sha256 for name, (_, sha256) in content.files.items() if name != checksums.NAME}
    checksums.write_checksums(work, hashes)
    path = work / checksums.NAME
    return {checksums.NAME: (path, sha256_of(path))}


def _write(target: Path, top: str, content: _Content) -> None:
    with disk_trouble(target), zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, (path, sha256) in content.files.items():
            info = zipfile.ZipInfo.from_file(path, f"{top}/{name}", strict_timestamps=False)
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as member:
                found = _copied(source, member)
            if found != sha256:
                raise VerificationFailed(f"{name}: changed. Run verify on this folder first.")


def _check(path: Path, top: str, content: _Content) -> None:
    with zipfile.ZipFile(path) as archive:
        for name, (_, sha256) in content.files.items():
            with archive.open(f"{top}/{name}") as member:
                if _copied(member, None) != sha256:
                    raise VerificationFailed(f"{name} did not reach the zip as it is; is the disk sound?")


def _copied(source: IO[bytes], target: IO[bytes] | None) -> str:
    digest = hashlib.sha256()
    for block in _blocks(source):
        digest.update(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest()


def _blocks(source: IO[bytes]) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block
