"""From a link to a clip: download, look inside, give it its name. Several at once, results come in a queue."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from footage.addresses import without_secret
from footage.downloads import Downloader, DownloadFailed, Part
from footage.errors import BrokenMedia, RequestRefused, ServiceUnreachable
from footage.files import disk_trouble, replace
from footage.models import UTC, Clip, Media, MediaLink, MediaType, TimeWindow

log = logging.getLogger(__name__)

_AT_ONCE = 4
_NOTHING_READABLE = Media(video=None, audio=None, first_picture=0.0, duration=0.0, complete=False)


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


class Fetcher:
    """Runs errands in the background; `arrivals` gives each result once, `settle` follows when it is recorded."""

    def __init__(
        self,
        downloader: Downloader,
        folder: Path,
        inspect: Callable[[Path], Media],
        media_type: MediaType = MediaType.HIGH,
    ) -> None:
        self._media_type = media_type
        self._downloader = downloader
        self._folder = folder
        self._inspect = inspect
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="download")
        self._arrivals: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
        self.under_way = 0
        self.on_here: Callable[[Errand], None] = lambda errand: None
        """Called in the background when all bytes of an errand are here, before they are looked through."""

    def send(self, errand: Errand) -> None:
        """Start an errand; returns at once."""
        self.under_way += 1
        self._pool.submit(self._run, errand)

    def arrivals(self, timeout: float) -> list[Arrival]:
        """All results that are there, waiting at most `timeout` seconds for the first one."""
        found: list[Arrival] = []
        with suppress(queue.Empty):
            found.append(self._arrivals.get(timeout=max(timeout, 0.001)))
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
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, errand: Errand) -> None:
        try:
            self._arrivals.put(Arrival(errand, clip=self._bring(errand)))
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises what it cannot use
            self._arrivals.put(Arrival(errand, error=error))

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
        if self._media_type is MediaType.IMAGE:
            return errand.requested  # a still has no length: it stands for the window that it was asked for
        if self._media_type is MediaType.HYPERLAPSE:
            return errand.link.window
        start = errand.link.window.start
        return TimeWindow(start, start + timedelta(seconds=round(media.duration, 6)))

    def _download(self, errand: Errand, url: str) -> Part:
        returned = errand.link.window
        media = f"{errand.camera} {returned.start.isoformat()} {returned.end.isoformat()}"
        if errand.original is not None:
            return self._downloader.copy(errand.name, errand.original, media=media)
        return self._downloader.fetch(errand.name, url, media=media, renew=errand.renew)

    def _fetch_again(self, errand: Errand, part: Part, media: Media) -> tuple[Part, Media]:
        kept = part.path.with_suffix(".first")
        replace(part.path, kept)
        self._downloader.discard(errand.name)
        try:
            part = self._download(errand, errand.renew())
            media = self._look_inside(part)
        except (DownloadFailed, RequestRefused, ServiceUnreachable):
            replace(kept, part.path)  # the first copy is all there is: what can be read of it is used
            return part, media
        kept.unlink(missing_ok=True)
        return part, media

    def _look_inside(self, part: Part) -> Media:
        try:
            return self._inspect(part.path)
        except BrokenMedia as error:
            log.warning("%s", error)
            return _NOTHING_READABLE
