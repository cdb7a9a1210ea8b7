"""One run's hand on the package: takes originals into custody as they come, shows a first look, seals at the end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path

from footage.evidence.custody import Custody
from footage.evidence.manifest import files_told, read_manifest
from footage.evidence.package import Packaging, write_first_look, write_package
from footage.evidence.track_files import CSV_NAME, read_track
from footage.files import sha256_of
from footage.journal import Journal
from footage.report import Report
from footage.samsara.tracking import ReadingService, Tracked, Tracking
from footage.telematics import NO_TRACK, Track
from footage.video.ffmpeg import FFmpeg


class Packager:
    """Works beside one run. With `asks_nothing` the track is the one that an earlier run wrote, if any."""

    def __init__(
        self,
        journal: Journal,
        service: Callable[[], ReadingService],
        tool: FFmpeg,
        clock: Callable[[], datetime],
        say: Callable[[str], None],
        *,
        asks_nothing: bool,
        readers: Executor | None = None,
    ) -> None:
        self._journal = journal
        self._tool = tool
        self._clock = clock
        self._say = say
        self._custody = Custody(journal.folder, clock=clock)
        self._tracking = Tracking(journal.incident, service, readers)
        self._asks_nothing = asks_nothing
        journal.on_clip = self._custody.receive
        if not asks_nothing:
            self._tracking.start()

    def footage_is_here(self) -> None:
        """All footage is here that will come: so may be readings that were not there when they were read first."""
        if not self._asks_nothing:
            self._tracking.read_again()

    def track(self) -> Track:
        """The vehicle's track, once it is known."""
        return self._tracked().track

    def first_look(self, report: Report) -> None:
        """Write the page that plays all cameras; without the track where that is still on its way."""
        page = write_first_look(report, self._packaging(self._tracked(timeout=0.0)))
        self._say(f"All cameras can be watched now: {page}")

    def finish(self, report: Report) -> None:
        """Bring the whole package up to date."""
        if self._tracking.is_under_way:
            self._say("Waiting for the vehicle's speed and position.")
        tracked = self._tracked()
        if not self._asks_nothing:
            with self._journal.together():
                self._journal.track_note = tracked.note
        write_package(report, self._packaging(tracked))

    def _tracked(self, timeout: float | None = None) -> Tracked:
        if self._asks_nothing:
            return Tracked(_kept_track(self._journal.folder), self._journal.track_note)
        return self._tracking.result(timeout)

    def _packaging(self, tracked: Tracked) -> Packaging:
        notes = (tracked.note,) if tracked.note else ()
        return Packaging(self._custody, self._tool, self._clock, tracked.track, notes)


def _kept_track(folder: Path) -> Track:
    """The track that an earlier run wrote; one that was changed since is not taken for it."""
    files = files_told(read_manifest(folder))
    told = next((each.get("sha256") for each in files if each["file"] == CSV_NAME), None)
    path = folder / CSV_NAME
    return read_track(folder) if path.is_file() and sha256_of(path) == told else NO_TRACK
