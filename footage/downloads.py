"""Bytes onto disk: part file, resume, length, digest. A part is handed over only when it is as long as announced."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import random
import re
import shutil
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

import requests

from footage import parts
from footage.addresses import refuse_insecure
from footage.errors import FootageError, InsecureAddress, Interrupted
from footage.files import BLOCK, disk_trouble, free_bytes, sha256_of
from footage.parts import Part, Sidecar, part_path

log = logging.getLogger(__name__)

_STALE_LINK = {400, 401, 403, 404, 410}
_TRANSIENT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+)")
_PIECE = 1 << 16
_TIMEOUT = (10.0, 30.0)
_MAX_REDIRECTS = 5
_MAX_RENEWALS = 4
_LONGEST_PAUSE = 30.0


class DownloadFailed(FootageError):
    """A file never became complete within the retries; its footage is reported as missing (`download`)."""

    kind = "download"
    remedy = "Resume later: the download is tried again."


class _LinkStale(Exception):
    """The signed link is not accepted any more (S3 answers 403 once it has expired)."""


class _Again(Exception):
    """This attempt failed in a way that another may cure; `wait` is what the server asked for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class _WrongPlace(_Again):
    """The answer does not continue the part: nothing of it may be kept."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A link was not accepted, as happens once it has expired; another one may be."""

    why: str


class Downloader:
    """Fetches signed links into part files under `work`; several threads may use one at a time.

    `attempts` failures in a row without a new byte end a download. `stop` ends all of them within a moment.
    """

    def __init__(
        self,
        work: Path,
        *,
        attempts: int = 8,
        stop: threading.Event | None = None,
        session: Callable[[], requests.Session] = requests.Session,
        on_bytes: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.stop = stop or threading.Event()
        self.is_elsewhere = False
        self._work = work
        self._attempts = attempts
        self._session = session
        self._on_bytes = on_bytes
        self._local = threading.local()

    def __reduce__(self) -> tuple[Callable[..., Downloader], tuple[Path, int]]:
        """On another machine it writes parts with names of their own: somebody else may be at work on the same file."""
        return _elsewhere, (self._work, self._attempts)

    def fetch(self, name: str, url: str, *, media: str) -> Part | Refused:
        """Download to `<work>/<name>.part`, going on where an earlier attempt at the same `media` ended.

        Raises DownloadFailed, DiskTrouble, Interrupted.
        """
        part, found = self._part(name), None
        try:
            found = self._fetch(part, name, url, media)
        finally:
            if self.is_elsewhere and not isinstance(found, Part):
                parts.discard(part)  # nobody will go on with it
        return found

    def _fetch(self, part: Path, name: str, url: str, media: str) -> Part | Refused:
        failures = 0
        while True:
            before = _size(part)
            try:
                return self._attempt(part, url, media)
            except InsecureAddress as error:  # one bad link is one clip's loss, not the run's
                raise DownloadFailed(error.message) from error
            except _LinkStale as error:
                return Refused(str(error))
            except (_Again, *_TRANSIENT) as error:
                failures = 1 if _size(part) > before else failures + 1
                log.info("download of %s broke off at %d bytes: %s", name, _size(part), type(error).__name__)
                if failures >= self._attempts:
                    raise DownloadFailed(f"{name} did not arrive whole in {failures} attempts.") from error
                self._pause(failures, error)
            except requests.RequestException as error:  # its words may hold the link, which is a secret
                raise DownloadFailed(f"{name} cannot be downloaded ({type(error).__name__}).") from None

    def adopt(self, name: str, part: Part) -> Part:
        """Take over what was fetched elsewhere; what was fetched here is taken over already."""
        path = parts.adopt(part.path, self._work, name)
        if path != part.path:
            self._on_bytes(part.size)
        return replace(part, path=path)

    def copy(self, name: str, original: Path, *, media: str) -> Part:
        """Take a copy of a file instead. Raises DownloadFailed where it is gone, DiskTrouble where there is no room."""
        part = self._part(name)
        if not original.is_file():
            raise DownloadFailed(f"{original.name} is gone, of which {name} would have been a copy.")
        with disk_trouble(part):
            parts.write_sidecar(part, Sidecar(media, total=original.stat().st_size))
            shutil.copyfile(original, part)
        return Part(part, part.stat().st_size, sha256_of(part))

    def _part(self, name: str) -> Path:
        return (parts.own_part_path if self.is_elsewhere else part_path)(self._work, name)

    def discard(self, name: str) -> None:
        """Throw away what is there of a part, so that the next fetch starts from nothing."""
        parts.discard(part_path(self._work, name))

    def take_back(self, folder: Path, recorded: Collection[str]) -> None:
        """Make parts again of files that a killed run moved to `folder` but did not record."""
        parts.take_back(self._work, folder, recorded)

    def _attempt(self, part: Path, url: str, media: str) -> Part:
        sidecar, have = _known(part, media), _size(part)
        if sidecar.total is not None and have == sidecar.total:
            return Part(part, have, sha256_of(part))
        headers = {"Accept-Encoding": "identity"}
        if have and sidecar.validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": sidecar.validator}
        with self._open(url, headers) as response:
            try:
                return self._receive(response, part, have if "Range" in headers else 0, sidecar)
            except _WrongPlace:
                parts.discard(part)
                raise

    def _open(self, url: str, headers: dict[str, str]) -> requests.Response:
        for _ in range(_MAX_REDIRECTS):
            refuse_insecure(url, "A download link")
            response = self._own_session().get(
                url, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=False
            )
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
            response.close()
        raise _LinkStale("too many redirects")

    def _own_session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = self._session()
            self._local.session.trust_env = True
            self._local.session.auth = _no_credentials
        session: requests.Session = self._local.session
        return session

    def _receive(self, response: requests.Response, part: Path, asked_from: int, sidecar: Sidecar) -> Part:
        status = response.status_code
        if status in _STALE_LINK:
            raise _LinkStale(f"status {status}")
        if status == 416:
            raise _WrongPlace("the part is not a part of this file any more")
        if status not in (200, 206):
            raise _Again(f"status {status}", _retry_after(response))
        offset, total = _placed(response, asked_from)
        if offset and total != sidecar.total:
            raise _WrongPlace("the file changed its length")
        with disk_trouble(part):
            parts.write_sidecar(part, replace(sidecar, validator=_validator(response), total=total))
            self._check_space(total, offset)
            size, digest = self._write(response, part, offset)
        if total is not None and size != total:
            raise _Again(f"{size} of {total} bytes")
        return Part(part, size, digest)

    def _check_space(self, total: int | None, offset: int) -> None:
        if total is not None and free_bytes(self._work) < total - offset:
            raise OSError(errno.ENOSPC, "not enough free space for the next clip")

    def _write(self, response: requests.Response, part: Path, offset: int) -> tuple[int, str]:
        part.touch()
        with part.open("r+b") as file:
            digest = _digest_of_head(file, offset)
            file.truncate(offset)
            for block in response.iter_content(_PIECE):
                if self.stop.is_set():
                    raise Interrupted("stopped while downloading")
                file.write(block)
                digest.update(block)
                self._on_bytes(len(block))
            file.flush()
            os.fsync(file.fileno())
            return file.tell(), digest.hexdigest()

    def _pause(self, failures: int, error: Exception) -> None:
        asked = getattr(error, "wait", None)
        grown = min(0.25 * 2.0**failures, _LONGEST_PAUSE)
        if self.stop.wait(asked if asked is not None else random.uniform(0.5, 1.0) * grown):  # noqa: S311 - not secret
            raise Interrupted("stopped while downloading")


def with_fresh_links(name: str, url: str, renew: Callable[[], str], fetch: Callable[[str], Part | Refused]) -> Part:
    """Fetch by `url`, and by a fresh link of `renew` as often as one is refused. Raises DownloadFailed past a few."""
    for _ in range(_MAX_RENEWALS):
        found = fetch(url)
        if isinstance(found, Part):
            return found
        url = renew()
    found = fetch(url)
    if isinstance(found, Refused):
        raise DownloadFailed(f"{name}: every link was refused ({found.why}).")
    return found


def _elsewhere(work: Path, attempts: int) -> Downloader:
    downloader = Downloader(work, attempts=attempts)
    downloader.is_elsewhere = True
    return downloader


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # A signed link refuses a second way of signing in, and a .netrc entry must not travel to a storage host.
    request.headers.pop("Authorization", None)
    return request


def _digest_of_head(file: BinaryIO, length: int) -> hashlib._Hash:
    digest = hashlib.sha256()
    while file.tell() < length:
        block = file.read(min(BLOCK, length - file.tell()))
        digest.update(block)
    return digest


def _placed(response: requests.Response, asked_from: int) -> tuple[int, int | None]:
    """Where the body belongs in the file, and the whole file's length in bytes where the server tells it."""
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match["start"]) != asked_from:
        raise _WrongPlace(f"Content-Range {response.headers.get('Content-Range')!r} for an offset of {asked_from}")
    return asked_from, int(match["total"])


def _validator(response: requests.Response) -> str | None:
    """What may stand in If-Range: a strong ETag, else the date of the last change (RFC 9110, 13.1.5)."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _retry_after(response: requests.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _known(part: Path, media: str) -> Sidecar:
    """What is known of a part; one of other media, or of which nothing can be read, is started anew."""
    sidecar = parts.read_sidecar(part)
    return sidecar if sidecar is not None and sidecar.media == media else Sidecar(media)
