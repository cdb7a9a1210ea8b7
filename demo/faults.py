"""What a stand-in can be told to do wrong, as data: faults of single answers, fates of single clips, whole scripts."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from demo.times import tell_time

INPUTS = {"road": "dashcamRoadFacing", "driver": "dashcamDriverFacing"}
"""The person's words for the two inputs whose names differ; `analog1` to `analog4` are called the same everywhere."""
JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Subject:
    """What a request is about, as far as it can be known: `start` is the asked start in RFC 3339, UTC."""

    vehicle: str = ""
    cameras: tuple[str, ...] = ()
    start: str = ""
    parameters: frozenset[str] = frozenset()
    """The names in the query."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with an answer; what is left out stays as it should be.

    Which requests: by method, path prefix, camera (word, input or role), asked start and the name of a parameter; of
    those that match, the `nth` ones (from 1, all if empty) later than the first `after`, counted per clip where `each`.
    """

    method: str = ""
    path: str = ""
    camera: str = ""
    start: str = ""
    parameter: str = ""
    nth: tuple[int, ...] = ()
    after: int = 0
    each: bool = False

    handled: bool = False
    """With `status` or `drop`: the request is carried out first and only its answer is replaced or lost."""
    drop: bool = False
    """The connection ends without an answer."""
    delay: float = 0.0
    """Seconds before the answer begins."""
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to the answer, or in place of its own; `Content-Range` and `ETag` can be made wrong so."""
    close_after: int | None = None
    """The connection ends after so many bytes of the body, though the length promised more."""
    bytes_per_second: float | None = None
    ignore_range: bool = False
    """A Range request is answered with the whole file and 200."""
    expired: bool = False
    """The link is treated as expired: 403."""

    def concerns(self, method: str, path: str, subject: Subject) -> bool:
        """Whether a request is of the kind that this fault may strike."""
        return (
            self.method in ("", method)
            and path.startswith(self.path)
            and (not self.camera or input_name(self.camera) in subject.cameras)
            and self.start in ("", subject.start)
            and (not self.parameter or self.parameter in subject.parameters)
        )

    def strikes(self, count: int) -> bool:
        """Whether the count-th request that it concerns is struck."""
        return count > self.after and (not self.nth or count in self.nth)


@dataclass(frozen=True)
class ClipFate:
    """What becomes of the clips that match by camera (word, input or role), vehicle and asked start (empty: all).

    Times in seconds. Pieces are the media items that answer for one camera of one request.
    """

    camera: str = ""
    vehicle: str = ""
    start: str = ""
    status: str = "available"
    """Any word, also one that nobody knows. `pending` stays so."""
    ready_after: float | None = None
    """From the request until the status; None: as the script says."""
    told: bool = True
    """False: no item answers for the camera, neither in the retrieval nor in the list."""
    stuck: bool = False
    """True: the retrieval says `pending` for ever; the list tells of the clip once it is ready."""
    untold: tuple[str, ...] = ()
    """Fields that the retrieval's item leaves out, as `startTime` or `input`."""
    role_told: bool = True
    """False: the item does not say which role it is of."""
    shift: float = 0.0
    """The footage, and the times returned with it, begin so much later (negative: earlier) than asked."""
    shorten: float = 0.0
    """The media ends so much before the end that is returned."""
    pause: tuple[float, ...] = ()
    """From and until when, from the footage's start, the camera gives no pictures: the clip goes on meanwhile."""
    lead: float = 0.0
    """A second piece follows from the middle on that begins so much before it: an overlap."""
    split_at: float | None = None
    """Two pieces: the second begins so long after the start."""
    second_status: str = ""
    """The second piece's status in place of the first one's."""
    copies: int = 1
    """How often the same piece is listed."""
    cut_to: float | None = None
    """The file is only this part of its bytes (0 to 1); its length is told as such."""
    damage_at: float | None = None
    """A stretch of bytes from this part of the file (0 to 1) on is overwritten; the length stays right."""
    damaged_bytes: int = 4096
    """How long that stretch is."""
    damaged_downloads: int | None = None
    """How many downloads get the damaged file before a sound one comes; None: all."""
    content: str | None = None
    """The file's content in place of a clip, for example an HLS playlist."""
    url: str | None = None
    """The link in place of the stand-in's own."""
    linked: bool = True
    """False: available, but without a link."""


@dataclass(frozen=True)
class Upload:
    """Media that is there without a retrieval: asked for in the dashboard (`videoRetrieval`), or a `safetyEvent`."""

    vehicle: str
    camera: str
    start: str
    seconds: float = 60.0
    trigger: str = "videoRetrieval"
    media_type: str = "videoHighRes"
    available_at: str = ""
    """RFC 3339; empty: ten minutes after its end."""
    linked: bool = True


@dataclass(frozen=True)
class Script:
    """Everything that a stand-in can be told. The default behaves well and has each clip ready at once."""

    faults: tuple[Fault, ...] = ()
    clips: tuple[ClipFate, ...] = ()
    uploads: tuple[Upload, ...] = ()
    ready_after: float = 0.0
    """Seconds from a request until its clips are available."""
    empty_for: float = 0.0
    """Seconds from a request during which its media list is empty, and nothing of it is listed as uploaded."""
    missing_permissions: tuple[str, ...] = ()
    """Permissions that the key lacks, by Samsara's names, such as `Write Media Retrieval`."""
    track_holes: tuple[str, ...] = ()
    """Stretches without speed and place, each as `from/to` in RFC 3339."""
    link_seconds: float = 8 * 3600
    limits: bool = True
    list_page: int = 100
    list_by_start: bool = False
    """True: the list holds what begins in the asked time, not all that touches it."""
    list_drift: float = 0.0
    """Seconds by which the list tells all times later than the retrievals do."""
    vehicle_page: int = 512
    quota_used: float = 80000.4
    quota_limit: float = 900000.0

    @classmethod
    def from_json(cls, text: str) -> Script:
        """Read a script; raises TypeError where it holds a word that no script knows."""
        values: dict[str, Any] = json.loads(text)
        values["faults"] = tuple(Fault(**_tuples(item)) for item in values.get("faults", ()))
        values["clips"] = tuple(ClipFate(**_tuples(item)) for item in values.get("clips", ()))
        values["uploads"] = tuple(Upload(**item) for item in values.get("uploads", ()))
        return cls(**_tuples(values))

    def to_json(self) -> str:
        """The script in the form that `from_json` reads, with what differs from the default."""
        return json.dumps(_differences(self))

    def fate(self, vehicle: str, camera: str, role: str | None, start: str) -> ClipFate:
        """The first fate that matches a clip, or a good one."""
        for fate in self.clips:
            named = input_name(fate.camera) in ("", camera, role)
            if named and fate.vehicle in ("", vehicle) and fate.start in ("", start):
                return fate
        return ClipFate()


class FaultBook:
    """Counts the requests that each fault concerns and says which fault, if any, strikes."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._seen: Counter[object] = Counter()
        self._lock = threading.Lock()

    def choose(self, method: str, path: str, subject: Subject) -> Fault | None:
        """Count the request; of the faults that strike, the first."""
        with self._lock:
            striking = [
                fault
                for number, fault in enumerate(self._faults)
                if fault.concerns(method, path, subject) and fault.strikes(self._count(number, fault, path, subject))
            ]
        return striking[0] if striking else None

    def _count(self, number: int, fault: Fault, path: str, subject: Subject) -> int:
        key = (number, path, subject) if fault.each else number
        self._seen[key] += 1
        return self._seen[key]


def input_name(camera: str) -> str:
    """The API's name of an input for the person's word; other names stay."""
    return INPUTS.get(camera, camera)


def error_body(message: str) -> str:
    """The body of Samsara's error answers."""
    return json.dumps({"message": message, "requestId": "8916e1c1"})


def refusal(status: int, message: str, **which: Any) -> Fault:
    """A refused request: an error answer in Samsara's form, without carrying anything out."""
    return Fault(status=status, body=error_body(message), headers=JSON_HEADERS, **which)


def not_recording(camera: str = "", start: str = "") -> Fault:
    """Retrievals that name the camera are refused because it was not recording then."""
    message = f"Device was not recording at {start or 'the requested time'}."
    return refusal(400, message, method="POST", camera=camera, start=start)


def not_licensed(start: str = "") -> Fault:
    """Retrievals of that start, or all, are refused as those of a vehicle without a license are."""
    return refusal(403, "The vehicle is not licensed for media retrieval.", method="POST", start=start)


def quota_exceeded(after: int = 0) -> Fault:
    """Retrievals are refused in words of quota once `after` of them were asked for; no Retry-After comes with it."""
    return refusal(429, "Monthly media retrieval quota exceeded.", method="POST", after=after)


def web_page(status: int = 502, **which: Any) -> Fault:
    """A web page in place of an answer, as gateways and captive portals send."""
    body = f"<html><body>{status} Bad Gateway</body></html>"
    return replace(Fault(**which), status=status, body=body, headers={"Content-Type": "text/html"})


def lost_answer(*nth: int) -> Fault:
    """Retrievals that are accepted, but whose answer is lost on the way."""
    return Fault(method="POST", nth=nth, drop=True, handled=True)


def with_holes(start: datetime) -> Script:
    """An incident of a minute and a half with a bit of everything.

    A clip that ends early, one that starts early (and so leaves the end open), a camera that has nothing any more, and
    some seconds without speed and place.
    """
    second_minute = tell_time(start + timedelta(minutes=1))
    hole = "/".join(tell_time(start + timedelta(seconds=seconds)) for seconds in (18, 36))
    fates = (
        ClipFate(camera="road", start=tell_time(start), shorten=7.0),
        ClipFate(camera="analog1", start=second_minute, shift=-4.0),
        ClipFate(camera="driver", start=second_minute, status="unavailable"),
    )
    return Script(clips=fates, track_holes=(hole,))


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _differences(value: object) -> Any:
    if isinstance(value, (tuple, list)):
        return [_differences(item) for item in value]
    if not isinstance(value, (Script, Fault, ClipFate, Upload)):
        return value
    told = {item.name: getattr(value, item.name) for item in fields(value)}
    return {name: _differences(one) for name, one in told.items() if one not in ((), {}, None)}
