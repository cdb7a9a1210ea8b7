"""From a link to a clip: download, look inside, give it its name. Several at once, results come in a queue."""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from footage.addresses import SignedLink, without_secret
from footage.bringing import copy_part, fetch_part, look_inside
from footage.downloads import Downloader, DownloadFailed, Refused, with_fresh_links
from footage.files import disk_trouble, replace
from footage.hours import always
from footage.models import UTC, Clip, Media, MediaLink, MediaType, TimeWindow
from footage.parts import Part
from footage.video.ffmpeg import FFmpeg
from footage.workshop import Kind, LocalWorkshop, Place, Terms, Workshop, nothing, result

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Errand:
    """A clip to bring. `requested` is what was asked, `renew` gets a fresh link; `original` is copied instead."""

    link: MediaLink
    camera: str
    name: str
    requested: TimeWindow
    renew: Callable[[], str]
    retrieval_id: str | None = None
    original: Path | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an errand ended: with a clip, or with the error that ended it."""

    errand: Errand
    clip: Clip | None = None
    error: BaseException | None = None


class _HoursOver(Exception):  # noqa: N818 - no error: the errand is kept for the next hours
    """Downloads may not begin any more, and this one's turn has only come now."""


class Fetcher:
    """Runs errands in the background; `arrivals` gives each result once, `settle` follows when it is recorded.

    A thread goes with each errand; what is heavy is done in `workshop`, without one in other threads of this program.
    While `may_fetch` says no, errands wait; what is on its way by then is brought to its end.
    """

    def __init__(
        self,
        downloader: Downloader,
        folder: Path,
        inspect: Callable[[Path], Media],
        media_type: MediaType = MediaType.HIGH,
        workshop: Workshop | None = None,
        may_fetch: Callable[[], bool] = always,
    ) -> None:
        self._may_fetch = may_fetch
        self._held: deque[Errand] = deque()
        self._running = 0
        self._closed = False
        self._lock = Lock()
        self._is_own = workshop is None
        self._workshop = LocalWorkshop() if workshop is None else workshop
        self._tool = FFmpeg(stop=downloader.stop)
        self._media_type = media_type
        self._downloader = downloader
        self._folder = folder
        self._inspect = inspect
        self._at_once = self._workshop.at_once(Kind.FETCH)
        self._pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="download")
        self._arrivals: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
        self.under_way = 0
        self.on_here: Callable[[Errand], None] = lambda errand: None
        """Called in the background when all bytes of an errand are here, before they are looked through."""

    def send(self, errand: Errand) -> None:
        """Start an errand; returns at once."""
        self.under_way += 1
        with self._lock:
            self._held.append(errand)
        self._let_go()

    def arrivals(self, timeout: float) -> list[Arrival]:
        """All results that are there, waiting at most `timeout` seconds for the first one."""
        self._let_go()
        found: list[Arrival] = []
        with suppress(queue.Empty):
            found.append(self._arrivals.get(timeout=timeout) if timeout > 0 else self._arrivals.get_nowait())
            while True:
                found.append(self._arrivals.get_nowait())
        self.under_way -= len(found)
        return found

    def settle(self, name: str) -> None:
        """Forget how a file came: it is recorded, and a later run need not find out whose it is."""
        self._downloader.discard(name)

    def take_back(self, recorded: Collection[str]) -> None:
        """Undo what a killed run did to the folder without recording it."""
        self._downloader.take_back(self._folder, recorded)

    def close(self) -> None:
        """Start nothing more; what is under way ends by the downloader's stop."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._is_own:
            self._workshop.close(wait=False)

    def _let_go(self) -> None:
        """Begin as many errands as there is room for now; the others wait, so that no hour is passed in a queue."""
        with self._lock:
            while self._held and not self._closed and self._running < self._at_once and self._may_fetch():
                self._running += 1
                self._pool.submit(self._run, self._held.popleft())

    def _run(self, errand: Errand) -> None:
        try:
            self._arrivals.put(Arrival(errand, clip=self._bring(errand)))
        except _HoursOver:
            with self._lock:
                self._held.appendleft(errand)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises what it cannot use
            self._arrivals.put(Arrival(errand, error=error))
        with self._lock:
            self._running -= 1
        self._let_go()

    def _check_hours(self) -> None:
        if not self._may_fetch():
            raise _HoursOver

    def _bring(self, errand: Errand) -> Clip:
        url = errand.link.url or errand.renew()
        part = self._download(errand, url)
        self.on_here(errand)
        media = self._look_inside(part)
        if not media.is_whole:
            log.warning("%s arrived whole in length but is broken inside; fetching it once more", errand.name)
            part, media = self._fetch_again(errand, part, media)
        target = self._folder / errand.name
        with disk_trouble(target):
            replace(part.path, target)
        return Clip(
            camera=errand.camera,
            path=target,
            window=self._shown(errand, media),
            requested=errand.requested,
            returned=errand.link.window,
            size=part.size,
            sha256=part.sha256,
            media=media,
            retrieval_id=errand.retrieval_id,
            source=without_secret(url),
            arrived=datetime.now(UTC),
        )

    def _shown(self, errand: Errand, media: Media) -> TimeWindow:
        """The time on the wall clock that the media shows; only a film at its own speed tells that by its length."""
        start = errand.link.window.start
        if media.video is None:
            return TimeWindow(start, start)
        if self._media_type is MediaType.IMAGE:
            return errand.requested  # a still has no length: it stands for the window that it was asked for
        if self._media_type is MediaType.HYPERLAPSE:
            return errand.link.window
        return TimeWindow(start, start + timedelta(seconds=round(media.duration, 6)))

    def _download(self, errand: Errand, url: str) -> Part:
        returned = errand.link.window
        media = f"{errand.camera} {returned.start.isoformat()} {returned.end.isoformat()}"
        downloader, name, original = self._downloader, errand.name, errand.original
        if original is not None:
            return downloader.adopt(name, self._done(copy_part, downloader, name, original, media))

        def fetch(url: str) -> Part | Refused:
            # Many incidents stand in one queue here; a cluster's workers begin what they were given.
            begins = self._check_hours if self._workshop.at_home else nothing
            terms = Terms(self._tool, Kind.FETCH, begins)
            return result(self._workshop.submit(terms, fetch_part, downloader, name, SignedLink(url), media))

        return downloader.adopt(name, with_fresh_links(name, url, errand.renew, fetch))

    def _fetch_again(self, errand: Errand, part: Part, media: Media) -> tuple[Part, Media]:
        kept = part.path.with_suffix(".first")
        replace(part.path, kept)
        self._downloader.discard(errand.name)
        try:
            part = self._download(errand, errand.renew())
            media = self._look_inside(part)
        except DownloadFailed:
            replace(kept, part.path)  # the first copy is all there is: what can be read of it is used
            return part, media
        kept.unlink(missing_ok=True)
        return part, media

    def _look_inside(self, part: Part) -> Media:
        return self._done(look_inside, self._inspect, part.path)

    def _done(self, task: Callable[Concatenate[Place, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return result(self._workshop.submit(Terms(self._tool, Kind.FETCH), task, *args, **kwargs))
