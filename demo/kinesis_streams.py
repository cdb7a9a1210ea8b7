"""Kinesis streams that the stand-in holds: fragments cut from footage of the demo's cameras, and clips made of them."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cameras import CameraModel, render

if TYPE_CHECKING:
    from av import Packet
    from av.container import OutputContainer
    from av.stream import Stream

REGION, ACCOUNT = "us-east-1", "123456789012"
_FIRST_NUMBER = 91343852333181432392682062000000000000
_FREE_BOX_HEADER = 8
TORN = "torn"
"""The flaw of a fragment whose media was not stored whole: clips with it come, but lack the last of what they name."""


@dataclass(frozen=True, slots=True)
class Take:
    """Footage that one camera made in one go, on disk; `index` holds the bytes of each fragment's packets."""

    path: Path
    model: CameraModel
    fragment_seconds: float
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredFragment:
    """A fragment in a stream: part number `part` of its take. `listed_seconds` leaves out the last frame.

    `flaw` is the code of the error with which GetClip refuses it, or TORN. `padding` is bytes of nothing that come with
    it.
    """

    number: int
    producer: datetime
    server: datetime
    take: Take
    part: int
    padding: int = 0
    flaw: str = ""

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.take.fragment_seconds

    @property
    def listed_seconds(self) -> float:
        """Its length as ListFragments tells it."""
        return self.seconds - float(1 / self.take.model.fps)

    @property
    def size(self) -> int:
        """Bytes of media and padding."""
        return self.take.sizes[self.part] + self.padding

    @property
    def codec(self) -> tuple[int, int, int | None]:
        """What its codec private data depends on."""
        return self.take.model.width, self.take.model.height, self.take.model.sample_rate


@dataclass
class KinesisStream:
    """A stream and what was put into it, in the order of arrival; the rules say what `blind_before_head` means.

    With `lets_overlap` only what has the very same time is taken for sent again.
    """

    name: str
    created: datetime
    retention_hours: int = 24
    region: str = REGION
    fragments: list[StoredFragment] = field(default_factory=list)
    blind_before_head: bool = False
    lets_overlap: bool = False

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        made = round(self.created.timestamp() * 1000)
        return f"arn:aws:kinesisvideo:{self.region}:{ACCOUNT}:stream/{self.name}/{made}"

    def put(
        self,
        take: Take,
        start: datetime,
        *,
        arrived: datetime | None = None,
        apart: float | None = None,
        padding: int = 0,
        flaws: dict[int, str] | None = None,
    ) -> None:
        """Add the fragments of a take whose first frame the camera made at `start`.

        They arrive as they are made, a second and a half late; or, as a burst, from `arrived` on, `apart` seconds from
        each other. `flaws` names the error code for single parts of the take.
        """
        for part in range(len(take.sizes)):
            producer = start + timedelta(milliseconds=round(part * take.fragment_seconds * 1000))
            server = producer + timedelta(seconds=1.5)
            if arrived is not None:
                server = arrived + timedelta(seconds=part * (apart or take.fragment_seconds))
            number = _FIRST_NUMBER + len(self.fragments) * 7
            flaw = (flaws or {}).get(part, "")
            self.fragments.append(StoredFragment(number, producer, server, take, part, padding, flaw))


class Studio:
    """Makes takes and clips, each once, in `folder`; several threads may ask at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._takes: dict[tuple[Path, float], Take] = {}

    def take(
        self, model: CameraModel, start: datetime, seconds: float, *, fragment_seconds: float | None = None
    ) -> Take:
        """Footage from `start` on; each fragment begins with a key frame, and has no other unless it is told longer."""
        told = f"{model}|{start.isoformat()}|{seconds}"
        path = self._folder / f"take-{hashlib.sha256(told.encode()).hexdigest()[:16]}.mp4"
        length = fragment_seconds or model.key_seconds
        with self._lock:
            if (path, length) not in self._takes:
                if not path.exists():
                    render(model, start, seconds, path)
                self._takes[path, length] = Take(path, model, length, _sizes(path, length))
            return self._takes[path, length]

    def clip(self, fragments: Sequence[StoredFragment]) -> Path:
        """An MP4 of exactly these fragments, one after the other, whatever time lies between them."""
        told = "|".join(f"{each.take.path.name}:{each.part}:{each.padding}:{each.flaw}" for each in fragments)
        path = self._folder / f"clip-{hashlib.sha256(told.encode()).hexdigest()[:16]}.mp4"
        if not path.exists():
            beside = path.with_name(f"{uuid.uuid4().hex}.mp4")
            _write_clip(fragments, beside)
            _pad(beside, sum(each.padding for each in fragments))
            if any(each.flaw == TORN for each in fragments):
                _tear(beside)
            beside.replace(path)
        return path


def _sizes(path: Path, fragment_seconds: float) -> tuple[int, ...]:
    sizes: dict[int, int] = {}
    for packet in _packets(path):
        part = int(_seconds(packet) / Fraction(fragment_seconds))
        sizes[part] = sizes.get(part, 0) + packet.size
    return tuple(sizes[part] for part in sorted(sizes))


def _packets(path: Path) -> Iterator[Packet[Stream]]:
    """Packets of a take that belong to its time: what a sound encoder sends ahead is left out."""
    import av

    with av.open(str(path)) as film:
        for packet in film.demux():
            if packet.size and packet.pts is not None and packet.pts >= 0:
                yield packet


def _seconds(packet: Packet[Stream]) -> Fraction:
    if packet.pts is None or packet.time_base is None:
        raise ValueError("a packet of a take has no time")
    return packet.pts * packet.time_base


def _write_clip(fragments: Sequence[StoredFragment], target: Path) -> None:
    import av

    with av.open(str(target), "w", format="mp4") as clip, av.open(str(fragments[0].take.path)) as model:
        tracks = {stream.type: clip.add_stream_from_template(stream) for stream in model.streams}
        elapsed = Fraction(0)
        for take, group in groupby(fragments, key=lambda each: each.take):
            elapsed = _copy_parts(clip, tracks, take, [each.part for each in group], elapsed)


def _copy_parts(
    clip: OutputContainer, tracks: dict[str, Stream], take: Take, parts: Iterable[int], elapsed: Fraction
) -> Fraction:
    """Copy parts of a take so that they play from `elapsed` on; returns when the last one ends."""
    length = Fraction(take.fragment_seconds)
    moves: dict[int, Fraction] = {}
    for part in parts:
        moves[part] = elapsed - part * length
        elapsed += length
    for packet in _packets(take.path):
        move = moves.get(int(_seconds(packet) / length))
        if move is None or packet.time_base is None or packet.pts is None:
            continue
        packet.pts += round(move / packet.time_base)
        packet.dts = packet.pts
        packet.stream = tracks[packet.stream.type]
        clip.mux(packet)
    return elapsed


def _pad(path: Path, padding: int) -> None:
    """Let the file be so much longer, by a box that means nothing and takes no room on disk."""
    if padding < _FREE_BOX_HEADER:
        return
    with path.open("ab") as file:
        file.write(padding.to_bytes(4, "big") + b"free")
        file.truncate(file.tell() - _FREE_BOX_HEADER + padding)


def _tear(path: Path) -> None:
    """Take a third of the media away, from its end; the boxes still add up."""
    content = path.read_bytes()
    kind = content.index(b"mdat")
    size = int.from_bytes(content[kind - 4 : kind], "big")
    left = size * 2 // 3
    end = kind - 4 + size
    path.write_bytes(content[: kind - 4] + left.to_bytes(4, "big") + content[kind : kind - 4 + left] + content[end:])
