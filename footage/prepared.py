"""What a run is given before it begins: the parts that it works with, and what was found out before it spends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from footage.earlier import Witness
from footage.hours import always
from footage.journal import Journal, Request
from footage.kinesis.pull import Service
from footage.models import Media, Quota
from footage.progress import Progress
from footage.report import Requests
from footage.samsara.board import Board
from footage.samsara.polling import MediaService
from footage.samsara.stock import Stock
from footage.samsara.uploads import Found, Uploads
from footage.video.ffmpeg import FFmpeg
from footage.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run works with. The services are made at the first need: a run that is complete needs no key.

    `keep` gives a draft of a journal its file. `readers` reads telematics, `workshop` does what is heavy; None is one
    of the run's own. Footage is downloaded while `may_fetch` says yes.
    """

    service: Callable[[], MediaService]
    kinesis: Callable[[], Service]
    inspect: Callable[[Path], Media]
    tool: FFmpeg
    progress: Progress
    may_ask_again: Callable[[Request], bool]
    clock: Callable[[], datetime]
    keep: Callable[[Journal], None] = lambda draft: None
    log_file: Path | None = None
    readers: Executor | None = None
    workshop: Workshop | None = None
    may_fetch: Callable[[], bool] = always

    @property
    def stop(self) -> threading.Event:
        """Set to end everything within a moment."""
        return self.tool.stop


@dataclass
class Prepared:
    """What was found out before anything is spent; `streams_done` where no stream is to be fetched any more."""

    board: Board
    stock: Stock
    witness: Witness
    uploads: Uploads | None = None
    replaces: list[Journal] = field(default_factory=list)
    found: Found = field(default_factory=dict)
    estimated_seconds: float = 0.0
    quota: Quota | None = None
    """As it was last heard of, with what it does not count yet."""
    streams_done: bool = False


def requests_of(journal: Journal, prepared: Prepared | None, made: int) -> Requests:
    """How a run came to its ids, where it made `made` requests itself."""
    of_samsara = {camera.word for camera in journal.incident.cameras if camera.source == "samsara"}
    found = sum(clip.retrieval_id is None and clip.camera in of_samsara for clip in journal.clips)
    return Requests(made, prepared.stock.held if prepared else 0, found)
