"""Bytes onto disk: part file, resume, length, digest. A part is handed over only when it is as long as announced."""

from __future__ import annotations

import errno
import logging
import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from footage import parts
from footage.addresses import is_loopback, refuse_insecure
from footage.errors import FootageError, InsecureAddress, Interrupted
from footage.files import digest_of_head, disk_trouble, free_bytes, sha256_of
from footage.incoming import Tempo, body_of
from footage.pacing import seconds_of
from footage.parts import Part, Sidecar, part_path

log = logging.getLogger(__name__)

_STALE_LINK = {400, 401, 403, 404, 410}
_TRANSIENT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
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

    `attempts` failures in a row of which none brought a new piece end a download: a drip must end some day. `stop` ends
    all of them within a moment.
    """

    def __init__(
        self,
        work: Path,
        *,
        attempts: int = 8,
        stop: threading.Event | None = None,
        session: Callable[[], requests.Session] = requests.Session,
        on_bytes: Callable[[int], None] = lambda count: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stop = stop or threading.Event()
        self.is_elsewhere = False
        self._work = work
        self._attempts = attempts
        self._session = session
        self._on_bytes = on_bytes
        self._clock = clock
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
        furthest = _size(part)
        while True:
            try:
                return self._attempt(part, url, media)
            except InsecureAddress as error:  # one bad link is one clip's loss, not the run's
                raise DownloadFailed(error.message) from error
            except _LinkStale as error:
                return Refused(str(error))
            except (_Again, *_TRANSIENT) as error:
                failures = 1 if _size(part) >= furthest + _PIECE else failures + 1
                furthest = max(furthest, _size(part))
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
        try:
            return self._follow(url, headers)
        except requests.RequestException:
            raise
        except (ValueError, HTTPError):  # of requests' and urllib3's own readers of addresses; the words hold the link
            raise InsecureAddress("A download link cannot be read as an address.") from None

    def _follow(self, url: str, headers: dict[str, str]) -> requests.Response:
        for _ in range(_MAX_REDIRECTS):
            refuse_insecure(url, "A download link")
            host = urlsplit(url).hostname or ""
            # A proxy that is set for the outside world has no business between this computer and itself.
            proxies = {"no_proxy": host} if is_loopback(host) else None
            response = self._own_session().get(
                url, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=False, proxies=proxies
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
            raise _Again(f"status {status}", seconds_of(response.headers))
        body = body_of(status, response.headers, asked_from, sidecar)
        if body is None:
            raise _WrongPlace("the answer does not go on with what is here")
        with disk_trouble(part):
            parts.write_sidecar(part, replace(sidecar, validator=body.validator, total=body.total))
            self._check_space(body.total, body.offset)
            size, digest = self._write(response, part, body.offset)
        if body.total is not None and size != body.total:
            raise _Again(f"{size} of {body.total} bytes")
        return Part(part, size, digest)

    def _check_space(self, total: int | None, offset: int) -> None:
        if total is not None and free_bytes(self._work) < total - offset:
            raise OSError(errno.ENOSPC, "not enough free space for the next clip")

    def _write(self, response: requests.Response, part: Path, offset: int) -> tuple[int, str]:
        part.touch()
        tempo = Tempo(self._clock)
        with part.open("r+b") as file:
            digest = digest_of_head(file, offset)
            file.truncate(offset)
            for block in _blocks(response):
                if self.stop.is_set():
                    raise Interrupted("stopped while downloading")
                file.write(block)
                digest.update(block)
                self._on_bytes(len(block))
                if tempo.is_too_slow(len(block)):
                    raise _Again("hardly anything comes")
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


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in. A read that waits for a full block would not feel a stop, nor see how slow it is."""
    try:
        while block := response.raw.read1(_PIECE, decode_content=True):
            yield block
    except HTTPError as error:
        raise _Again(type(error).__name__) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _known(part: Path, media: str) -> Sidecar:
    """What is known of a part; one of other media, or of which nothing can be read, is started anew."""
    sidecar = parts.read_sidecar(part)
    return sidecar if sidecar is not None and sidecar.media == media else Sidecar(media)
