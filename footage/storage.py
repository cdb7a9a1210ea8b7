"""Storages behind an address such as s3://bucket/folder: the only place that knows fsspec, and what its errors mean."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from footage.errors import InputRefused, NotAllowed, ServiceUnreachable
from footage.files import disk_trouble

_INSTALL = "python -m pip install -r requirements-cluster.txt"
_BLOCK = 8 << 20
"""Bytes that are read, or sent as a part of a large file, at a time: several such are in memory for each file."""
_PARTS_AT_ONCE = 4
_SENDING: dict[str, dict[str, Any]] = {"s3": {"chunksize": _BLOCK, "max_concurrency": _PARTS_AT_ONCE}}
_LOCAL, _WITHOUT_FOLDERS = "file", ("s3", "gs", "abfs", "oss", "memory")
_READ_ONLY = ("http", "https")
_NO_CREDENTIALS = frozenset(
    ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound")
    + ("SSOError", "TokenRetrievalError")
)
"""Errors of botocore that say that it is not known who asks."""
_NO_ADDRESS = frozenset(("ParamValidationError", "ValueError"))
_SLASHES_FORGOTTEN = re.compile(r"[A-Za-z][A-Za-z0-9+]+:(?!//)")


class DeliveryRefused(InputRefused):
    """Nothing can be delivered to this address, or something else is there already."""

    kind = "delivery"
    remedy = "Give another address to --deliver, or none; the footage is safe in its folder."


class DeliveryNotAllowed(NotAllowed):
    """The credentials for the address of --deliver are missing, rejected or too weak."""

    kind = "delivery_not_allowed"
    remedy = "Sign in to the storage, or have listing, reading and writing there allowed; then run the command again."


class DeliveryFailed(ServiceUnreachable):
    """The storage of --deliver did not answer, or gave up in the middle."""

    kind = "delivery_failed"
    remedy = "Run the command again: what has arrived is not sent again, and the footage is safe in its folder."


@dataclass(frozen=True, slots=True)
class Storage:
    """One place in a storage. Names are relative to it, with forward slashes. `address` is what people may read."""

    address: str
    _system: Any
    _root: str
    _protocol: str

    def below(self, name: str) -> Storage:
        """A folder in it."""
        return Storage(f"{self.address}/{name}", self._system, f"{self._root}/{name}", self._protocol)

    def sizes(self) -> dict[str, int]:
        """Every file in it with its size in bytes; empty where it is not there. Raises DeliveryRefused and the rest."""
        with self._in_words("listed"):
            found: dict[str, dict[str, Any]] = self._system.find(self._root, detail=True)
        return {path[len(self._root) :].lstrip("/"): int(each["size"]) for path, each in found.items()}

    def send(self, file: Path, name: str) -> None:
        """Copy a file into it, over one of the same name."""
        target = self._path(name)
        with self._in_words("written to"):
            if self._protocol not in _WITHOUT_FOLDERS:
                self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(file), target, **_SENDING.get(self._protocol, {}))

    def blocks(self, name: str) -> Iterator[bytes]:
        """A file's content, block by block."""
        with self._in_words("read"), self._system.open(self._path(name), "rb", block_size=_BLOCK) as file:
            while block := file.read(_BLOCK):
                yield block

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._in_words("changed"):
            self._system.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _in_words(self, done: str) -> Iterator[None]:
        try:
            if self._protocol == _LOCAL:
                with disk_trouble(Path(self._root)):
                    yield
            else:
                yield
        except NotImplementedError:
            raise DeliveryRefused(f"{self.address} cannot be {done}: this kind of storage has no way to.") from None
        except PermissionError as error:
            raise DeliveryNotAllowed(f"{self.address} may not be {done} ({_said(error)}).") from error
        except FileNotFoundError as error:
            raise DeliveryRefused(f"{self.address} cannot be {done}: it is not there ({_said(error)}).") from error
        except _errors_of(self._protocol) as error:
            kinds = {kind.__name__ for kind in type(error).__mro__}
            if kinds & _NO_CREDENTIALS:
                raise DeliveryNotAllowed(f"{self.address} may not be {done} ({_said(error)}).") from error
            if kinds & _NO_ADDRESS:
                raise DeliveryRefused(f"{self.address} is no address of a storage ({_said(error)}).") from error
            raise DeliveryFailed(f"{self.address} could not be {done} ({_said(error)}).") from error


def open_storage(url: str) -> Storage:
    """The place behind an address, or a plain folder; nothing is asked of it yet.

    Credentials are those of the storage's own tools: for S3 the chain of AWS. Raises DeliveryRefused for an address
    that cannot be used or has a secret in it, which is then not repeated, and DeliveryNotAllowed.
    """
    _refuse_secrets(url)
    _refuse_no_address(url)
    system, root = _opened(url)
    names = system.protocol
    return Storage(url.rstrip("/\\"), system, root.rstrip("/"), names if isinstance(names, str) else names[0])


def usable_address(url: str | None) -> str | None:
    """The address as it can be kept, a plain folder with its whole path; None stays. Raises as `open_storage`."""
    if url is None:
        return None
    open_storage(url)
    return url if "://" in url else str(Path(url).absolute())


def _opened(url: str) -> tuple[Any, str]:
    """fsspec's own object for a kind of storage, and the path in it."""
    scheme = url.partition("://")[0]
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise DeliveryRefused(f"--deliver needs packages that are not installed: {_INSTALL}") from None
    try:
        system, root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        advice = f": {_INSTALL}" if scheme == "s3" else "."
        raise DeliveryRefused(f"{scheme}:// needs a package that is not installed ({error}){advice}") from None
    except ValueError as error:
        raise DeliveryRefused(f"{url} is no address of a storage ({error}).") from None
    except _errors_of(scheme) as error:
        raise DeliveryNotAllowed(f"{url} cannot be opened ({_said(error)}).") from error
    return system, str(root)


def _refuse_no_address(url: str) -> None:
    scheme, slashes, place = url.partition("://")
    if not (place if slashes else scheme).strip(" /") or _SLASHES_FORGOTTEN.match(url):
        raise DeliveryRefused(f"{url!r} is no address of a storage: give a folder, or one such as s3://bucket/folder.")
    if scheme in _READ_ONLY:
        raise DeliveryRefused(f"{url} can only be read: give the address of a storage, such as s3://bucket/folder.")


def _refuse_secrets(url: str) -> None:
    if "://" not in url:
        return
    try:
        parts = urlsplit(url)
        secret = parts.password or parts.query or (parts.fragment and parts.scheme != _LOCAL)
    except ValueError:
        raise DeliveryRefused("The address of --deliver is no address.") from None
    if secret or "::" in url:
        raise DeliveryRefused(
            "The address of --deliver has a password, a query or a second address in it. Give the plain address: "
            "credentials come from the environment or from the files of the storage's own tools."
        )


def _errors_of(protocol: str) -> tuple[type[Exception], ...]:
    """What a kind of storage raises: its own package's errors, where they are none of Python's, come last."""
    usual = (OSError, ValueError, asyncio.TimeoutError)
    if protocol != "s3":
        return usual
    from botocore.exceptions import BotoCoreError, ClientError

    return (*usual, BotoCoreError, ClientError)


def _said(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())[:200].rstrip(".")
