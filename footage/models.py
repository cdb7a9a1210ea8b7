"""The nouns of the program: frozen values that travel between its parts. Arithmetic only, no input or output."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Literal

UTC = timezone.utc
SEAM_SECONDS = 0.5
"""A hole shorter than this is a seam, as clips cut at key frames leave: recorded, not counted as missing."""

UNTOLD = datetime.min.replace(tzinfo=UTC)
"""Stands where an answer tells no time that can be read."""

Source = Literal["samsara", "kinesis"]
Selector = Literal["producer", "server"]
"""Whose clock places a stream's footage: the camera's own, or that of its arrival."""


class MediaType(str, Enum):
    """What kind of media is asked for; the value is the word on the command line."""

    HIGH = "high"
    LOW = "low"
    HYPERLAPSE = "hyperlapse"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, order=True)
class TimeWindow:
    """A half-open stretch of time [start, end) in UTC. Both ends are aware; end is never before start."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a time window needs aware datetimes")
        if self.end < self.start:
            raise ValueError(f"a time window cannot end ({self.end}) before it starts ({self.start})")

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()

    def overlap(self, other: TimeWindow) -> TimeWindow | None:
        """The time both share, or None where they share none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return TimeWindow(start, end) if start < end else None

    def covers(self, other: TimeWindow, *, within: float = 0.0) -> bool:
        """Whether all of `other` lies inside, give or take `within` seconds at each edge."""
        slack = timedelta(seconds=within)
        return self.start - slack <= other.start and other.end <= self.end + slack

    def widened(self, before: float, after: float) -> TimeWindow:
        """The same window, `before` and `after` seconds longer at its ends."""
        return TimeWindow(self.start - timedelta(seconds=before), self.end + timedelta(seconds=after))


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of an incident. `word` is what the person calls it, and its name in every file and result."""

    word: str
    named: bool = True
    """False where it only comes with the default or with `all`: then it may turn out not to be installed."""
    source: Source = "samsara"
    stream: str | None = None
    """Kinesis only: the stream's name or ARN."""
    selector: Selector = "producer"
    """Kinesis only."""

    @property
    def label(self) -> str:
        """The word as a heading: `Road`, `Analog1`, `LeftSide`."""
        return self.word[:1].upper() + self.word[1:]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as Samsara knows it. Only `id` is sure to be there."""

    id: str
    name: str = ""
    plate: str = ""
    vin: str = ""
    camera_serial: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """What was asked for: which cameras of what, when. `cameras` stand in the order of the tiles."""

    name: str
    window: TimeWindow
    timezone: str
    cameras: tuple[Camera, ...]
    vehicle: Vehicle | None = None
    media_type: MediaType = MediaType.HIGH

    @property
    def source(self) -> Literal["samsara", "kinesis", "both"]:
        """Where the footage comes from."""
        sources = {camera.source for camera in self.cameras}
        if sources == {"samsara", "kinesis"}:
            return "both"
        return "kinesis" if sources == {"kinesis"} else "samsara"

    @property
    def subject(self) -> tuple[object, ...]:
        """What the footage is of: vehicle or streams, time and media type. Runs of one subject share a folder.

        The same streams by another clock are other footage.
        """
        streams = tuple(sorted((each.word, each.stream, each.selector) for each in self.cameras if each.stream))
        owner = streams if self.vehicle is None else self.vehicle.id
        return owner, self.window, self.media_type


@dataclass(frozen=True, slots=True)
class Quota:
    """Samsara's monthly allowance in seconds of high-resolution video, as a request's answer told it."""

    used_seconds: float
    limit_seconds: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """An accepted media retrieval: the id under which its media can be read, and the quota sentence if understood."""

    retrieval_id: str
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class MediaLink:
    """One piece of media of one camera as the service describes it; `window` is what it returned, not what was asked.

    `url` is a signed secret (8 hours at Samsara) and is kept out of every log and file.
    """

    camera: str
    window: TimeWindow
    status: str
    role: str | None = None
    url: str | None = None
    expires: datetime | None = None
    available_at: datetime | None = None
    media_type: str = ""
    trigger: str = ""
    vehicle_id: str = ""
    is_timed: bool = True
    """False where the service does not tell from when to when it is: `window` then is its beginning, or UNTOLD.

    `camera` is empty where it does not tell that.
    """

    def shows(self, word: str) -> bool:
        """Whether this is media of the camera that the person calls `word` (an input or a role, any case)."""
        return word.casefold() in (self.camera.casefold(), (self.role or "").casefold())


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """Facts of a picture track. `packets` were counted, not read from a header; `extradata` is its SHA-256.

    `pixel_aspect` is a stored pixel's width by its height (1 is square). `matrix` is how colours became brightness and
    two differences, by its number in ITU-T H.273: 1 is BT.709, 5 and 6 are BT.601, 2 says nothing; None where nobody
    looked, as in a journal of an earlier version, which knows no `pixel_aspect` either.
    """

    codec: str
    profile: str
    width: int
    height: int
    pixel_format: str
    frame_rate: float
    rotation: int
    extradata: str
    packets: int
    pixel_aspect: float = 1.0
    matrix: int | None = None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """Facts of a sound track. `offset` is its first packet's time relative to the first picture, in seconds."""

    codec: str
    sample_rate: int
    channels: int
    extradata: str
    packets: int
    offset: float
    duration: float


@dataclass(frozen=True, slots=True)
class Media:
    """What a media file really holds, found by reading its packets.

    `first_picture` is the first picture's presentation time in the file's own clock, `duration` runs from there to the
    end of the last picture. `damage` lists the parts (from, to), in seconds from the first picture, that cannot be
    shown.
    `complete` is False where fewer packets can be read than the container declares. `pauses` lists the parts, like
    `damage`, in which the camera gave no pictures. `key_delay` is the longest time by which a key picture is shown
    after it is to be decoded; None where nobody looked, as in a journal of an earlier version.
    """

    video: VideoTrack | None
    audio: AudioTrack | None
    first_picture: float
    duration: float
    complete: bool = True
    damage: tuple[tuple[float, float], ...] = ()
    pauses: tuple[tuple[float, float], ...] = ()
    key_delay: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether there are pictures, and all of them can be read."""
        return self.complete and not self.damage and self.video is not None


@dataclass(frozen=True, slots=True)
class Clip:
    """One original on disk and where it sits on the wall clock.

    `window` begins at the start time that the service returned and is as long as the packets are; `returned` is the
    interval that the service claimed, `requested` the one that was asked for.
    """

    camera: str
    path: Path
    window: TimeWindow
    requested: TimeWindow
    returned: TimeWindow
    size: int
    sha256: str
    media: Media
    retrieval_id: str | None = None
    source: str = ""
    """Where the bytes came from, in words or as an address without its secret."""
    arrived: datetime | None = None

    @property
    def playable(self) -> tuple[TimeWindow, ...]:
        """The parts of `window` that can be shown: all of it but the damaged parts and the pauses, in time order."""
        parts, at = [], self.window.start
        for begin, end in sorted((*self.media.damage, *self.media.pauses)):
            bad_start = self.window.start + timedelta(seconds=begin)
            bad_end = min(self.window.start + timedelta(seconds=end), self.window.end)
            if at < bad_start:
                parts.append(TimeWindow(at, min(bad_start, self.window.end)))
            at = max(at, bad_end)
        if at < self.window.end:
            parts.append(TimeWindow(at, self.window.end))
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Missing:
    """A stretch of a camera's time without footage, and why: a value, because "no footage" is a normal answer.

    `reason` is one word of the contract (pending, unavailable, invalid, failed, not_recording, download, damaged,
    no_media, unsettled) or the service's own word; `detail` is a sentence for people, where there is more to say.
    """

    camera: str
    window: TimeWindow
    reason: str
    detail: str = ""


NOT_ASKED = "it was not asked for yet"
"""The detail of what is pending for no camera's fault: it is another state of things, and told apart."""
