"""How a run is to be done: every choice that is not the incident itself, as one frozen value that the journal keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from footage.wording import in_lines, one_line

FilmChoice = Literal["all", "joined", "none"]
Quality = Literal["small", "standard", "high"]
USUAL_QUALITY: Quality = "standard"
DEFAULT_WAIT_MINUTES = 720.0
DEFAULT_SETTLE_SECONDS = 120.0
DEFAULT_RETRIES = 8


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """What is made of the footage. `tile_height` in pixels, `fps` in pictures a second."""

    films: FilmChoice = "all"
    layout: Literal["row", "grid"] = "row"
    tile_height: int = 720
    fps: int = 30
    audio: str | None = None
    """A camera's word, `none` for silence, or None for the first camera that has sound."""
    engine: Literal["ffmpeg", "moviepy"] = "ffmpeg"
    overlay: Literal["clock", "speed", "none"] = "clock"
    """What stands in the side-by-side's bar beside the title."""
    quality: Quality = USUAL_QUALITY
    """How much of the detail the side-by-side keeps, and so how large it becomes."""


@dataclass(frozen=True, slots=True)
class WaitSettings:
    """How patient a run is. `poll_interval` and `settle` in seconds, `wait` in minutes; no interval means adaptive."""

    poll_interval: float | None = None
    wait: float = DEFAULT_WAIT_MINUTES
    settle: float = DEFAULT_SETTLE_SECONDS
    retries: int = DEFAULT_RETRIES


def wait_as(
    settings: WaitSettings, poll_interval: float | None, wait: float | None, settle: float | None
) -> WaitSettings:
    """The same patience but for what is given."""
    return replace(
        settings,
        poll_interval=settings.poll_interval if poll_interval is None else poll_interval,
        wait=settings.wait if wait is None else wait,
        settle=settings.settle if settle is None else settle,
    )


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """How Samsara is asked. `longest` is the most seconds of one request; None takes what is known of the media type.

    Samsara moved these limits out of its reference on purpose. Of images it says how far apart they are. No request
    goes across one of the `cuts` (seconds from the start): there, another incident of a list begins or ends.
    """

    longest: int | None = None
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class KinesisSettings:
    """How Kinesis Video is asked. `chunk` in minutes; None lets the plan decide."""

    profile: str | None = None
    region: str | None = None
    chunk: float | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What the person adds to the package. `reference` is a claim or case number, in the words of who keeps it.

    `clock_offset` is how far the cameras' clock was ahead of true time, in seconds (negative: behind), as somebody
    found out; it is told beside the times and never worked into them. None is "nobody looked".
    """

    reference: str = ""
    note: str = ""
    clock_offset: float | None = None

    def __post_init__(self) -> None:
        # however it was given: in a command, in a cell of a list, or in the record of an earlier run
        object.__setattr__(self, "reference", one_line(self.reference))
        object.__setattr__(self, "note", in_lines(self.note))


@dataclass(frozen=True, slots=True)
class RunSettings:
    """All of it. `deliver` is the address to which a finished folder is brought; None leaves it where it is.

    `over_quota`, `ask_again` and `accept_partial` are what the person allowed for this run only.
    """

    films: FilmSettings = FilmSettings()
    waiting: WaitSettings = WaitSettings()
    requests: RequestSettings = RequestSettings()
    kinesis: KinesisSettings = KinesisSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    deliver: str | None = None
    over_quota: bool = False
    ask_again: bool = False
    accept_partial: bool = False


def settings_to_json(settings: RunSettings) -> dict[str, Any]:
    """The settings as plain JSON values; permissions given for one run are left out."""
    parts = {part: asdict(getattr(settings, part)) for part in ("films", "waiting", "requests", "kinesis", "evidence")}
    return {**parts, "deliver": settings.deliver}


def settings_from_json(data: dict[str, Any]) -> RunSettings:
    """Inverse of `settings_to_json`; words that this version does not know are passed over."""
    return RunSettings(
        films=FilmSettings(**_known(FilmSettings, data.get("films", {}))),
        waiting=WaitSettings(**_known(WaitSettings, data.get("waiting", {}))),
        requests=_request_settings(data.get("requests", {})),
        kinesis=KinesisSettings(**_known(KinesisSettings, data.get("kinesis", {}))),
        evidence=EvidenceSettings(**_known(EvidenceSettings, data.get("evidence", {}))),
        deliver=data.get("deliver"),
    )


def _request_settings(data: dict[str, Any]) -> RequestSettings:
    settings = RequestSettings(**_known(RequestSettings, data))
    return replace(settings, cuts=tuple(settings.cuts))


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names}
