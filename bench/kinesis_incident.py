"""A whole pull of two Kinesis streams with a hole, a codec change and a burst, read back from the clocks in its film.

`python -m bench.kinesis_incident --minutes 30` prints what was delivered, the hole and the worst error of a tile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from demo.clockcode import read
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import Studio

START = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
TILE_HEIGHT, FPS, CAMERA_FPS = 180, 10, 15
SHAPES = (16 / 9, 854 / 480)
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Findings:
    """The program's result; fragments that left the service twice; each tile's worst error in seconds; slates (s)."""

    code: int
    result: dict[str, Any]
    doubled: int
    worst: tuple[float, ...]
    dark: tuple[tuple[float, ...], ...]


def pull(folder: Path, minutes: float) -> Findings:
    """Pull `minutes` of the demo's streams into `folder` and look at every second of the film."""
    studio = studio_in(folder)
    streams = demo_streams(studio, START, minutes, height=TILE_HEIGHT, fps=CAMERA_FPS, hole=90.0)
    with KinesisService(streams, studio=studio) as service:
        done = subprocess.run(
            _command(folder, minutes, [stream.name for stream in streams]),
            env={**os.environ, **environment(service)},
            capture_output=True,
            text=True,
            check=False,
        )
        delivered = [(fragment.take.path, fragment.number) for fragment in service.delivered]
    result = json.loads(done.stdout)
    readings = list(_readings(Path(result["folder"]) / result["side_by_side"]))
    return Findings(
        code=done.returncode,
        result=result,
        doubled=len(delivered) - len(set(delivered)),
        worst=tuple(max(abs(error) for _, error in tile if error is not None) for tile in zip(*readings, strict=True)),
        dark=tuple(tuple(second for second, error in tile if error is None) for tile in zip(*readings, strict=True)),
    )


def studio_in(folder: Path) -> Studio:
    """A studio that keeps its takes under `folder`."""
    takes = folder / "studio"
    takes.mkdir(parents=True)
    return Studio(takes)


def environment(service: KinesisService) -> Mapping[str, str]:
    """What makes the program talk to the stand-in."""
    return {
        "AWS_ENDPOINT_URL_KINESIS_VIDEO": service.url,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": service.streams[0].region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _command(folder: Path, minutes: float, streams: list[str]) -> list[str]:
    return [
        *(sys.executable, str(_ROOT / "main.py"), "pull", "--source", "kinesis", "--yes", "--json", "--no-input"),
        *("--stream", f"road={streams[0]}", "--stream", f"driver={streams[1]}"),
        *("--start", START.isoformat(), "--duration", str(minutes), "--timezone", "America/Chicago"),
        *("--tile-height", str(TILE_HEIGHT), "--fps", str(FPS)),
        *("--output", str(folder / "Videos"), "--logs", str(folder / "Logs")),
    ]


def _readings(film: Path) -> Iterator[list[tuple[float, float | None]]]:
    """For the middle of each second: what each tile's clock is off by, in seconds; None where it shows no clock."""
    with av.open(str(film)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % FPS == FPS // 2:
                yield [_reading(tile, number) for tile in _tiles(frame.to_ndarray(format="gray"))]


def _reading(tile: NDArray[np.uint8], number: int) -> tuple[float, float | None]:
    second, reading = number / FPS, read(tile)
    shown = None if reading is None else reading.milliseconds / 1000 - START.timestamp() - second
    return second, shown


def _tiles(picture: NDArray[Any]) -> Iterator[NDArray[np.uint8]]:
    width = picture.shape[1] // len(SHAPES)
    for index, shape in enumerate(SHAPES):
        inner = min(width, round(TILE_HEIGHT * shape))
        left = index * width + (width - inner) // 2
        yield picture[-TILE_HEIGHT:, left : left + inner]


def main() -> None:
    """Print the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    with tempfile.TemporaryDirectory(prefix="kinesis-incident-") as folder:
        found = pull(Path(folder), parser.parse_args().minutes)
    print(f"exit code {found.code}, status {found.result['status']}, fragments sent twice: {found.doubled}")
    for (word, camera), worst, dark in zip(found.result["cameras"].items(), found.worst, found.dark, strict=True):
        received, requested = camera["received_seconds"], camera["requested_seconds"]
        print(f"{word}: {received} of {requested} s in {len(camera['clips'])} clips")
        print(f"  gaps: {[(gap['start'], gap['end'], gap['reason']) for gap in camera['gaps']]}")
        print(f"  worst error {worst * 1000:.0f} ms (a frame of the film is {1000 / FPS:.0f} ms), slates {len(dark)} s")


if __name__ == "__main__":
    main()
