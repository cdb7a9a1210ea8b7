"""The runs that `bench.kill` kills: one at Samsara's stand-in, one at Kinesis Video's, and their turning points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bench.kinesis_incident import environment
from demo.faults import Fault, Script
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import Studio
from footage.files import sha256_of
from tests.site import QUICK, START, Program, Site, open_site

CLIPS = "Videos/*/*_VideoClip_*"
_FILMS = ("--films", "all", "--tile-height", "120", "--fps", "5", *QUICK)

Due = Callable[[Program, float], bool]
"""Whether the moment has come, `seconds` after the start of the program."""
Repeats = Callable[[], list[str]]
"""What the service was asked for again though it was there when the program was killed, as sentences."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When the program is killed: `seconds` after `due` became true."""

    name: str
    due: Due
    seconds: float = 0.0


class Ground(Protocol):
    """A service and an order to it."""

    order: tuple[str, ...]
    turns: tuple[Moment, ...]

    def open(self, folder: Path, footage: Path) -> AbstractContextManager[Program]:
        """A place to run the program in; what the service shows is kept in `footage`."""

    def paid(self, site: Program) -> tuple[int, ...]:
        """How often each thing was asked for that costs something."""

    def watch(self, site: Program) -> Repeats:
        """Look what is whole now, just after the kill."""


def after_file(pattern: str, nth: int = 1, seconds: float = 0.0) -> Moment:
    """When the nth file of a pattern is there."""

    def due(site: Program, _: float) -> bool:
        return sum(1 for _ in site.folder.glob(pattern)) >= nth

    return Moment(f"file {pattern} no. {nth} + {seconds:g} s", due, seconds)


def after_seconds(seconds: float) -> Moment:
    """So many seconds after the start."""
    return Moment(f"{seconds:.2f} s", lambda _, elapsed: elapsed >= seconds)


def after_request(method: str, prefix: str, nth: int, seconds: float = 0.0) -> Moment:
    """When Samsara has got the nth request of a kind, answered or not."""

    def due(site: Program, _: float) -> bool:
        assert isinstance(site, Site)
        seen = sum(request.method == method and request.path.startswith(prefix) for request in site.service.requests)
        return seen >= nth

    return Moment(f"{method} {prefix} no. {nth} + {seconds:g} s", due, seconds)


def after_call(action: str, nth: int, seconds: float = 0.0) -> Moment:
    """When Kinesis Video has got the nth call of an action, answered or not."""

    def due(site: Program, _: float) -> bool:
        assert isinstance(site, KinesisSite)
        return site.service.calls[action] >= nth

    return Moment(f"{action} no. {nth} + {seconds:g} s", due, seconds)


_FILM_TURNS = (
    after_file("Videos/*/.work/join-*"),
    after_file("Videos/*/.work/join-*/*"),
    after_file("Videos/*/Road_Merged_*"),
    after_file("Videos/*/Driver_Merged_*"),
    after_file("Videos/*/.work/*.part.mp4"),
    after_file("Videos/*/.work/*.part.mp4", 1, 0.2),
    after_file("Videos/*/SideBySide_Merged_*"),
    after_file("Videos/*/SideBySide_Merged_*", 1, 0.02),
)


class SamsaraGround:
    """A service that takes its time, so that a kill falls between a request and its answer, and into downloads."""

    order: tuple[str, ...] = (
        *("pull", "--vehicle", "Truck 104", "--start", START, "--duration", "1.2", "--cameras", "road,driver"),
        *_FILMS,
    )
    turns: tuple[Moment, ...] = (
        after_request("POST", "/", 1),
        after_request("POST", "/", 1, 0.15),
        after_request("POST", "/", 1, 0.3),
        after_request("POST", "/", 2),
        after_request("POST", "/", 2, 0.31),
        after_request("GET", "/media/", 1),
        after_request("GET", "/media/", 2, 0.2),
        after_request("GET", "/cameras/media/retrieval", 1),
        after_file("Logs/request_ids_*.json"),
        after_file("Videos/*"),
        after_file("Videos/*/.work"),
        after_file("Videos/*/.work/*.part"),
        after_file("Videos/*/.work/*.part.json", 2),
        *(after_file(CLIPS, nth) for nth in (1, 2, 3, 4)),
        *_FILM_TURNS,
    )

    @contextmanager
    def open(self, folder: Path, footage: Path) -> Iterator[Site]:
        """A site whose clips are `footage`."""
        slow = (Fault(method="POST", delay=0.3), Fault(path="/media/", each=True, bytes_per_second=600_000))
        with open_site(folder, footage, Script(limits=False, faults=slow)) as site:
            yield site

    def paid(self, site: Program) -> tuple[int, ...]:
        """How often each window was accepted."""
        assert isinstance(site, Site)
        return tuple(sorted(site.service.posts.values()))

    def watch(self, site: Program) -> Repeats:
        """What counts here is paid for, and `paid` tells it."""
        return list


@dataclass
class KinesisSite(Program):
    """One service with the demo's streams, one output folder, one logs folder."""

    service: KinesisService
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def service_environ(self) -> Mapping[str, str]:
        """The addresses of the stand-in."""
        return environment(self.service)


class KinesisGround:
    """Two streams in clips of a few seconds, with a hole and a change of resolution; calls and bodies take a while."""

    order: tuple[str, ...] = (
        *("pull", "--source", "kinesis", "--stream", "road=yard-road", "--stream", "driver=yard-driver"),
        *("--start", START, "--duration", "1.2", "--chunk", "0.2", *_FILMS),
    )
    turns: tuple[Moment, ...] = (
        after_call("DescribeStream", 1),
        after_call("ListFragments", 2),
        after_call("GetClip", 1),
        after_call("GetClip", 1, 0.05),
        after_call("GetClip", 4, 0.1),
        after_call("GetClip", 6, 0.1),
        after_call("GetClip", 9, 0.1),
        after_file("Logs/request_ids_*.json"),
        after_file("Videos/*/.work"),
        after_file("Videos/*/.work/kinesis-*/*.part.json"),
        after_file("Videos/*/.work/kinesis-*/*.part", 2),
        after_file("Videos/*/.work/kinesis-*/*.part", 4),
        *(after_file(CLIPS, nth) for nth in (1, 2, 4, 6, 8)),
        after_file(CLIPS, 5, 0.01),
        *_FILM_TURNS,
    )

    @contextmanager
    def open(self, folder: Path, footage: Path) -> Iterator[KinesisSite]:
        """A site whose takes and clips are kept in `footage`."""
        footage.mkdir(parents=True, exist_ok=True)
        start = datetime.fromisoformat(START.replace("Z", "+00:00"))
        studio = Studio(footage)
        streams = demo_streams(studio, start, 1.2, height=120, fps=5, hole=10.0)
        with KinesisService(streams, studio=studio, latency=0.1, bytes_per_second=200_000) as service:
            yield KinesisSite(service, folder)

    def paid(self, site: Program) -> tuple[int, ...]:
        """Nothing here costs anything."""
        return ()

    def watch(self, site: Program) -> Repeats:
        """Clips that are whole on disk, under any name, may not leave the service again."""
        assert isinstance(site, KinesisSite)
        service, asked = site.service, len(site.service.clips)
        known = {sha256_of(path): path.name for path in {*service.clips}}
        here = {sha256_of(path) for pattern in (CLIPS, "Videos/*/.work/*/*.part") for path in site.folder.glob(pattern)}
        whole = here & known.keys()

        def repeats() -> list[str]:
            again = [path.name for path in service.clips[asked:] if sha256_of(path) in whole]
            return [f"{len(again)} of {len(whole)} whole clips fetched again"] if again else []

        return repeats


GROUNDS: dict[str, Ground] = {"samsara": SamsaraGround(), "kinesis": KinesisGround()}
"""By the word for `--source`."""
