"""The Kinesis cameras of an incident: each stream is pulled beside the others, and what comes is booked at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from footage.errors import DiskTrouble, FootageError, Interrupted, ServiceUnreachable
from footage.hours import always
from footage.journal import Journal
from footage.kinesis.pull import KinesisOptions, Service, StreamPull
from footage.models import Camera, Clip, Media, Missing
from footage.naming import Names
from footage.pacing import Pause
from footage.progress import Progress
from footage.standing import Standing

log = logging.getLogger(__name__)

_CHECK_SECONDS = 0.5
_AT_ONCE = (Interrupted, DiskTrouble)


class Streams:
    """Pulls all streams of an incident in the background; `wait` returns when the last one has ended."""

    def __init__(
        self,
        journal: Journal,
        standing: Standing,
        *,
        client: Callable[[], Service],
        inspect: Callable[[Path], Media],
        work: Path,
        progress: Progress,
        stop: threading.Event,
        clock: Callable[[], datetime],
        may_fetch: Callable[[], bool] = always,
    ) -> None:
        self._may_fetch = may_fetch
        self._journal = journal
        self._standing = standing
        self._client = client
        self._inspect = inspect
        self._work = work
        self._progress = progress
        self._stop = stop
        self._clock = clock
        self._names = Names(journal.incident)
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    @property
    def started(self) -> bool:
        """Whether any stream is or was pulled."""
        return bool(self._threads)

    def start(self) -> None:
        """Begin with every stream; returns at once."""
        for camera in self._journal.incident.cameras:
            if camera.source == "kinesis":
                thread = threading.Thread(target=self._run, args=(camera,), name=f"pull-{camera.word}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def wait(self, meanwhile: Callable[[], None]) -> FootageError | None:
        """Wait for all streams, calling `meanwhile` twice a second. The first error that ended one, if any.

        A stream that an error ended leaves its camera open, and the films of the others can be made; a service that
        stayed silent is no error here, as the run is then pending. Raises what ends a run at once: Interrupted,
        DiskTrouble, and what is a bug.
        """
        while any(thread.is_alive() for thread in self._threads):
            meanwhile()
            for thread in self._threads:
                thread.join(_CHECK_SECONDS / len(self._threads))
        for failure in self._failures:
            if not isinstance(failure, FootageError) or isinstance(failure, _AT_ONCE):
                raise failure
        told = [each for each in self._failures if isinstance(each, FootageError)]
        return next((each for each in told if not isinstance(each, ServiceUnreachable)), None)

    def _run(self, camera: Camera) -> None:
        try:
            results = self._pull(camera).run()
        except FootageError as error:
            self._tell(camera, error)
            self._failures.append(error)
        except BaseException as error:  # noqa: BLE001 - raised again in `wait`
            log.exception("pulling camera %s", camera.word)
            self._failures.append(error)
        else:
            self._book(camera, results)

    def _tell(self, camera: Camera, error: FootageError) -> None:
        """Say at once what ended a stream: the run may wait for hours for its other cameras before it ends."""
        if not isinstance(error, Interrupted):
            self._progress.say(f"{camera.label}: {error} The stream is left open; resume goes on with it.")

    def _pull(self, camera: Camera) -> StreamPull:
        settings = self._journal.settings
        options = KinesisOptions(
            selector=camera.selector, chunk_minutes=settings.kinesis.chunk, retries=settings.waiting.retries
        )
        return StreamPull(
            camera,
            self._journal.incident.window,
            client=self._client(),
            inspect=self._inspect,
            folder=self._journal.folder,
            work=self._work,
            name_for=lambda start, number: self._names.clip(camera.word, start, nth=number),
            record=self._record,
            known=self._standing.clips(camera.word),
            options=options,
            progress=self._progress,
            pause=Pause(self._stop),
            clock=self._clock,
            may_fetch=self._may_fetch,
        )

    def _record(self, result: Clip | Missing) -> None:
        if isinstance(result, Clip):
            self._journal.add_clip(result)

    def _book(self, camera: Camera, results: list[Clip | Missing]) -> None:
        """Take over the final word on every clip and every hole of a stream."""
        with self._journal.together():
            self._journal.drop_missing(camera.word, self._journal.incident.window.widened(3600, 3600))
            for result in results:
                if isinstance(result, Clip):
                    self._journal.add_clip(result)
                else:
                    self._journal.add_missing(result)
        self._standing.streams_open.discard(camera.word)
