"""Fetches where the vehicle was while its footage is being fetched. Optional: a run goes on without, and says so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from footage.errors import BadAnswer, FootageError, PermissionMissing, RequestRefused, ServiceUnreachable
from footage.models import Incident, TimeWindow
from footage.telematics import NO_TRACK, Reading, Track, in_order

log = logging.getLogger(__name__)

_MARGIN = 10.0
"""Seconds before and after the incident that are read too, so that its first and last second lie between readings."""
STREAM, HISTORY = "location and speed stream", "vehicle statistics"


class ReadingService(Protocol):
    """What of Samsara's client is needed; `SamsaraAPI.SamsaraClient` has it."""

    def readings(self, vehicle_id: str, window: TimeWindow, *, fine: bool) -> Iterable[Reading]:
        """Speed and place of a vehicle."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What came of it: a track, or a sentence that says why there is none."""

    track: Track
    note: str = ""


UNTRACKED = Tracked(NO_TRACK)
"""Nothing was asked for."""


class Tracking:
    """One vehicle's track over one incident, read in the background from `start` on (by `readers`, where given)."""

    def __init__(
        self, incident: Incident, service: Callable[[], ReadingService], readers: Executor | None = None
    ) -> None:
        self._incident = incident
        self._service = service
        self._readers = readers
        self._future: Future[Tracked] | None = None
        self._before = UNTRACKED
        self._may_read_again = False

    def start(self) -> None:
        """Begin to read; returns at once."""
        if self._incident.vehicle is None:
            return
        try:
            service = self._service()  # here and not in the background, because the person may be asked for the key
        except FootageError as error:
            self._future = Future()
            self._future.set_result(_left_out(error))
            return
        self._may_read_again = True
        pool = self._readers or ThreadPoolExecutor(1, thread_name_prefix="track")
        self._future = pool.submit(self._track, service, self._incident.vehicle.id)
        if pool is not self._readers:
            pool.shutdown(wait=False)

    def read_again(self) -> None:
        """Read once more where the readings do not reach over the whole incident; returns at once.

        A vehicle that was offline brings its readings later, as it brings its footage. What came before counts where
        nothing comes now.
        """
        if self.is_under_way or not self._may_read_again:
            return
        self._before = self.result()
        if not _reaches_over(self._before.track, self._incident.window):
            self.start()

    @property
    def is_under_way(self) -> bool:
        """Whether readings are on their way at this moment."""
        return self._future is not None and not self._future.done()

    def result(self, timeout: float | None = None) -> Tracked:
        """What came of it; nothing where it takes longer than `timeout` seconds."""
        if self._future is None:
            return UNTRACKED
        try:
            return self._future.result(timeout)
        except (NotYet, TimeoutError):  # two classes until Python 3.11
            return UNTRACKED

    def _track(self, service: ReadingService, vehicle_id: str) -> Tracked:
        try:
            track = self._read(service, vehicle_id)
        except FootageError as error:
            log.warning("no telematics: %s", error)
            return self._before if self._before.track.readings else _left_out(error)
        if len(track.readings) < len(self._before.track.readings):
            return self._before
        if not track.readings:
            return Tracked(NO_TRACK, "Speed and position are left out: Samsara has none of this vehicle and time.")
        return Tracked(track)

    def _read(self, service: ReadingService, vehicle_id: str) -> Track:
        window = self._incident.window.widened(_MARGIN, _MARGIN)
        try:
            track = in_order(service.readings(vehicle_id, window, fine=True), STREAM)
        except (PermissionMissing, RequestRefused, ServiceUnreachable, BadAnswer) as error:
            log.info("the stream of speed and place is not to be had: %s", error)
            track = NO_TRACK
        return track if track.readings else in_order(service.readings(vehicle_id, window, fine=False), HISTORY)


def _reaches_over(track: Track, window: TimeWindow) -> bool:
    """Whether it is known from the first to the last second where the vehicle was, but for holes."""
    if not track.readings:
        return False
    within = timedelta(seconds=track.hole_seconds)
    return track.readings[0].moment <= window.start + within and window.end - within <= track.readings[-1].moment


def _left_out(error: FootageError) -> Tracked:
    return Tracked(NO_TRACK, f"Speed and position are left out: {error.message}")
