"""Brings a finished incident's folder to a storage: file by file, read back and compared, the manifest last."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from footage.errors import InputRefused, Interrupted, VerificationFailed
from footage.evidence import checksums, manifest
from footage.files import sha256_of
from footage.folder import IDENTITY
from footage.storage import DeliveryRefused, Storage

log = logging.getLogger(__name__)

_LAST = (checksums.NAME, manifest.NAME)
"""Sent when everything else has arrived, in this order: who finds a manifest finds the whole folder."""
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a delivery: where the folder is now, how many files and bytes it has, how many were sent now."""

    address: str
    files: int
    bytes: int
    sent: int


def deliver(folder: Path, storage: Storage, *, stop: threading.Event | None = None) -> Delivered:
    """Copy an incident's package into a folder of the same name in `storage`, and compare every file after the copy.

    What is there and equal is not sent again. Raises DeliveryRefused where the place belongs to another incident,
    VerificationFailed where a file is not what SHA256SUMS says, here or there; DeliveryNotAllowed, DeliveryFailed,
    DiskTrouble; Interrupted on `stop`.
    """
    return _Delivery(folder, storage.below(folder.name), stop or threading.Event()).carry_out()


class _Delivery:
    """One folder on its way. Every file is known by its SHA-256 before it is sent, and read back after."""

    def __init__(self, folder: Path, target: Storage, stop: threading.Event) -> None:
        self._folder = folder
        self._target = target
        self._stop = stop
        self._hashes = _package(folder)
        self._sizes = {name: (folder / name).stat().st_size for name in self._hashes}
        self._there = target.sizes()

    def carry_out(self) -> Delivered:
        sent = 0
        if not self._is_whole():
            self._refuse_another()
            self._withdraw()
            first = [name for name in self._hashes if name == IDENTITY]
            rest = [name for name in self._hashes if name not in (*first, *_LAST)]
            sent = sum(map(self._bring, first)) + self._bring_together(rest) + sum(map(self._bring, _LAST))
            log.info("delivered %s: %d of %d files sent", self._target.address, sent, len(self._hashes))
        return Delivered(self._target.address, len(self._hashes), sum(self._sizes.values()), sent)

    def _is_whole(self) -> bool:
        """Whether all is there from an earlier delivery, whose manifest came last, after all was compared."""
        equal_sizes = self._sizes.items() <= self._there.items()
        return equal_sizes and all(self._is_equal(name) for name in _LAST)

    def _refuse_another(self) -> None:
        """Raise DeliveryRefused where something else than this incident is in the place."""
        ours = self._is_equal(IDENTITY) if IDENTITY in self._there else not self._there
        if not ours:
            raise DeliveryRefused(f"{self._target.address} holds something else already, and is not overwritten.")

    def _withdraw(self) -> None:
        """Take away the manifest of an earlier state of the same incident, and what only that state had."""
        earlier = checksums.hashes_in(self._read(checksums.NAME)) if checksums.NAME in self._there else {}
        stale = [name for name in earlier if name in self._there and name not in self._hashes]
        mark = [name for name in (manifest.NAME,) if name in self._there]
        for name in (*mark, *stale):
            self._target.remove(name)
            del self._there[name]

    def _bring_together(self, names: Iterable[str]) -> int:
        """Several at a time; one that fails keeps those that have not begun from beginning."""
        failed = threading.Event()

        def bring(name: str) -> bool:
            try:
                return not failed.is_set() and self._bring(name)
            except BaseException:
                failed.set()
                raise

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="deliver") as pool:
            return sum(pool.map(bring, names))

    def _bring(self, name: str) -> bool:
        """Make sure that a file is there and equal; whether it had to be sent."""
        if self._is_equal(name):
            return False
        if sha256_of(self._folder / name, self._check_stop) != self._hashes[name]:
            raise VerificationFailed(f"{name} is not what {checksums.NAME} says: run verify on {self._folder} first.")
        self._target.send(self._folder / name, name)
        if self._hash_there(name) != self._hashes[name]:
            raise VerificationFailed(f"{name} did not reach {self._target.address} as it is; run the command again.")
        return True

    def _is_equal(self, name: str) -> bool:
        return self._there.get(name) == self._sizes[name] and self._hash_there(name) == self._hashes[name]

    def _hash_there(self, name: str) -> str:
        digest = hashlib.sha256()
        for block in self._target.blocks(name):
            self._check_stop()
            digest.update(block)
        return digest.hexdigest()

    def _read(self, name: str) -> str:
        return b"".join(self._target.blocks(name)).decode("utf-8", "replace")

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Interrupted("Stopped while the folder was delivered; what has arrived is not sent again.")


def _package(folder: Path) -> dict[str, str]:
    """Every file of the package with its hash. Raises InputRefused where there is no package."""
    hashes = checksums.read_checksums(folder)
    if manifest.NAME not in hashes or not (folder / IDENTITY).is_file():
        raise InputRefused(f"{folder} holds no evidence package: there is nothing that could be delivered.")
    outside = [name for name in hashes if PureWindowsPath(name).anchor or ".." in PureWindowsPath(name).parts]
    missing = [name for name in hashes if name not in outside and not (folder / name).is_file()]
    if outside or missing:
        raise VerificationFailed(f"{', '.join(outside + missing)}: missing. Run verify on {folder} first.")
    return {**hashes, **{name: sha256_of(folder / name) for name in (IDENTITY, checksums.NAME)}}
