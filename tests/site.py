"""A place to run the whole program in: the stand-in on loopback, folders of its own, and the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from demo.faults import Script
from demo.samsara_fleet import FLEET, FleetVehicle
from demo.samsara_footage import Shot
from demo.samsara_service import SamsaraService
from footage.video.ffmpeg import FFmpeg

ROOT = Path(__file__).parent.parent
START = "2026-11-18T14:30:00Z"
QUICK = ("--poll-interval", "0.1", "--yes", "--json", "--timezone", "America/Los_Angeles")


@dataclass
class Outcome:
    """How one call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object on stdout."""
        value: dict[str, Any] = json.loads(self.out)
        return value

    def reasons(self, camera: str) -> list[str]:
        """Why a camera has gaps."""
        return [gap["reason"] for gap in self.result["cameras"][camera]["gaps"]]


class Program:
    """The program's command line in folders of its own; a subclass says which service it talks to."""

    folder: Path
    environ: dict[str, str]

    def service_environ(self) -> Mapping[str, str]:
        """What leads the program to the service."""
        return {}

    @property
    def videos(self) -> Path:
        return self.folder / "Videos"

    @property
    def logs(self) -> Path:
        return self.folder / "Logs"

    def command(self, *arguments: str) -> list[str]:
        folders = ["--output", str(self.videos), "--logs", str(self.logs)]
        return [sys.executable, str(ROOT / "main.py"), *arguments, *folders]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.service_environ(), **self.environ}

    def run(self, *arguments: str, timeout: float = 280) -> Outcome:
        """Run the program as a person would, without a terminal."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def begun(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The program, running; it is killed if it still runs in the end."""
        nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
        with subprocess.Popen(
            self.command(*arguments), env=self.environment(), stdin=nothing, stdout=pipe, stderr=pipe, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def resume(self, *more: str) -> Outcome:
        """Go on with the newest unfinished run."""
        return self.run("resume", "latest", "--poll-interval", "0.1", "--json", *more)


@dataclass
class Site(Program):
    """One service, one output folder, one logs folder."""

    service: SamsaraService
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def service_environ(self) -> Mapping[str, str]:
        return {"SAMSARA_API_KEY": self.service.key, "SAMSARA_API_URL": self.service.url}

    def pull(self, *more: str, vehicle: str = "Truck 104", minutes: str = "2", films: str = "none") -> Outcome:
        """Pull an incident that begins at START."""
        what = ("--vehicle", vehicle, "--start", START, "--duration", minutes, "--films", films)
        return self.run("pull", *what, *QUICK, *more)

    def asked(self) -> list[tuple[str, tuple[str, ...], int]]:
        """Start, cameras and number of the accepted retrievals."""
        return sorted((post.start, post.cameras, count) for post, count in self.service.posts.items())

    def posts_sent(self) -> int:
        """How many POSTs reached the service, accepted or not."""
        return sum(request.method == "POST" for request in self.service.requests)

    def downloads(self) -> int:
        """How many times media was asked for."""
        return sum(request.path.startswith("/media/") for request in self.service.requests)


def canned(folder: Path) -> Callable[[Shot], Path]:
    """Tiny clips as long as they should be, one file for each length, camera and pause."""
    folder.mkdir(parents=True, exist_ok=True)
    one_at_a_time = Lock()

    def clip(shot: Shot) -> Path:
        paused = "".join(f"-{second:g}" for second in shot.pause)
        path = folder / f"{shot.camera}-{shot.seconds:g}{paused}.mp4"
        with one_at_a_time:
            if not path.exists():
                beside = path.with_suffix(".making.mp4")
                FFmpeg().run(_clip_arguments(shot, len(shot.camera), beside))
                beside.replace(path)
        return path

    return clip


def _clip_arguments(shot: Shot, seed: int, target: Path) -> Sequence[str]:
    seconds = shot.seconds
    paused = (f"select='not(gte(t,{shot.pause[0]})*lt(t,{shot.pause[1]}))'",) if shot.pause else ()
    return [
        *("-f", "lavfi", "-i", f"testsrc2=size=128x72:rate=5:duration={seconds},hue=h={seed * 10}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate=16000"),
        *(("-vf", *paused, "-fps_mode", "vfr") if paused else ()),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "24k", "-shortest", "-movflags", "+faststart", str(target)),
    ]


@contextmanager
def open_site(
    folder: Path, clips: Path, script: Script | None = None, fleet: Sequence[FleetVehicle] = FLEET
) -> Iterator[Site]:
    """A site with a well-behaved service, or one that follows `script`."""
    with SamsaraService(script=script or Script(limits=False), footage=canned(clips), fleet=fleet) as service:
        yield Site(service, folder)
