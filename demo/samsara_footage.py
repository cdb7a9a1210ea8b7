"""The files behind the stand-in's clips: rendered beforehand, canned, or spoiled as a script tells."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from demo.cameras import CameraModel, render, render_still
from demo.faults import ClipFate

HYPERLAPSE_SPEED = 10


@dataclass(frozen=True)
class Shot:
    """What a clip shows: a camera of a vehicle from `start` on for `seconds` of the wall clock.

    From and until the seconds of `pause` there are no pictures.
    """

    vehicle: str
    camera: str
    model: CameraModel
    start: datetime
    seconds: float
    media_type: str = "videoHighRes"
    pause: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """A file name that no other footage has."""
        facts = (self.model, self.start, self.seconds, self.media_type, self.pause)
        fingerprint = hashlib.sha256(repr(facts).encode())
        return f"{self.model.word}-{fingerprint.hexdigest()[:16]}.{'jpg' if self.media_type == 'image' else 'mp4'}"


class Footage(Protocol):
    """Where clips come from."""

    def prepare(self, shot: Shot) -> None:
        """Begin to make a clip, without waiting for it."""

    def ready_at(self, shot: Shot) -> float:
        """When the clip could be had without waiting, in seconds since 1970; infinity where it cannot yet."""

    def path(self, shot: Shot) -> Path:
        """The clip's file; waits where it is still being made."""

    def close(self) -> None:
        """Make nothing more."""


class RenderedFootage:
    """Clips drawn by the demo's cameras, `workers` at once, kept in `folder` for the next time.

    `height` makes all pictures so high: quick footage for tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        height: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._height = height
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="render")
        self._made: dict[Shot, Future[Path]] = {}
        self._ended: dict[Shot, float] = {}
        self._lock = threading.Lock()

    def prepare(self, shot: Shot) -> None:
        """Begin to render."""
        self._future(shot)

    def ready_at(self, shot: Shot) -> float:
        """When its rendering ended, well or badly; begins to render it where nobody did."""
        self._future(shot)
        return self._ended.get(shot, math.inf)

    def path(self, shot: Shot) -> Path:
        """The rendered file. Raises what made the rendering fail."""
        return self._future(shot).result()

    def close(self) -> None:
        """Begin nothing more and wait for what is being rendered."""
        self._pool.shutdown(cancel_futures=True)

    def _future(self, shot: Shot) -> Future[Path]:
        with self._lock:
            future = self._made.get(shot)
            if future is None:
                future = self._made[shot] = self._pool.submit(self._render, replace(shot, model=self._model(shot)))
                future.add_done_callback(lambda _: self._ended.setdefault(shot, self._clock()))
        return future

    def _model(self, shot: Shot) -> CameraModel:
        model = shot.model.scaled(self._height) if self._height else shot.model
        if shot.media_type == "videoLowRes":
            return replace(model.scaled(min(model.height, 270)), sample_rate=None)
        if shot.media_type == "hyperlapse":
            return replace(model.scaled(min(model.height, 270)), sample_rate=None, speed=HYPERLAPSE_SPEED)
        return model

    def _render(self, shot: Shot) -> Path:
        target = self._folder / shot.name
        if target.exists():
            return target
        self._folder.mkdir(parents=True, exist_ok=True)
        if shot.media_type == "image":
            render_still(shot.model, shot.start, target)
        else:
            render(shot.model, shot.start, shot.seconds / shot.model.speed, target, pause=shot.pause)
        return target


class CannedFootage:
    """Clips that a function names: for runs in which nobody looks at the pictures."""

    def __init__(self, choose: Callable[[Shot], Path]) -> None:
        self._choose = choose

    def prepare(self, shot: Shot) -> None:
        """Nothing has to be made."""

    def ready_at(self, shot: Shot) -> float:
        """Always."""
        return -math.inf

    def path(self, shot: Shot) -> Path:
        """The file that the function names."""
        return self._choose(shot)

    def close(self) -> None:
        """Nothing is being made."""


class Spoiler:
    """Makes the files that a script wants cut, damaged or replaced, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._downloads: Counter[str] = Counter()
        self._lock = threading.Lock()

    def spoil(self, key: str, sound: Path, fate: ClipFate) -> Path:
        """The file to serve in place of the sound one, which is often the sound one itself."""
        content = self._content(key, sound, fate)
        if content is None:
            return sound
        target = self._folder / f"spoiled-{hashlib.sha256(content).hexdigest()[:16]}{sound.suffix}"
        with self._lock:
            if not target.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        return target

    def count_download(self, key: str) -> None:
        """Note that a download of the clip from its first byte on has ended, for fates that heal."""
        with self._lock:
            self._downloads[key] += 1

    def _content(self, key: str, sound: Path, fate: ClipFate) -> bytes | None:
        if fate.content is not None:
            return fate.content.encode()
        if fate.damaged_downloads is not None and self._downloads[key] >= fate.damaged_downloads:
            return None
        if fate.cut_to is not None:
            whole = sound.read_bytes()
            return whole[: int(len(whole) * fate.cut_to)]
        if fate.damage_at is not None:
            return _damaged(sound.read_bytes(), fate.damage_at, fate.damaged_bytes)
        return None


def _damaged(whole: bytes, part: float, count: int) -> bytes:
    """The same number of bytes with a stretch overwritten, so that pictures there cannot be decoded."""
    begin = int(len(whole) * part)
    length = len(whole[begin : begin + count])
    return whole[:begin] + b"\xff" * length + whole[begin + length :]
