"""One whole incident, from the command line to the films: every picture shows the moment that it should."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from demo.clockcode import read
from demo.faults import Script
from demo.samsara_service import SamsaraService
from tests.site import START, Outcome, Site

pytestmark = pytest.mark.slow

TILE_HEIGHT, MINUTES, FPS = 240, 3, 30
PICTURE_SHAPES = {"road": 16 / 9, "driver": 854 / 480, "analog1": 4 / 3}
BEGIN = datetime.fromisoformat(START.replace("Z", "+00:00")).timestamp() * 1000


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A pulled incident of three minutes and three cameras."""
    folder = tmp_path_factory.mktemp("incident")
    with SamsaraService(script=Script(limits=False, ready_after=1), height=TILE_HEIGHT) as service:
        outcome = Site(service, folder).pull("--tile-height", str(TILE_HEIGHT), minutes=str(MINUTES), films="all")
    return folder, outcome


def test_the_incident_is_complete_and_leaves_no_work_behind(incident: tuple[Path, Outcome]) -> None:
    _, outcome = incident
    assert outcome.code == 0, outcome.err
    assert not (Path(outcome.result["folder"]) / ".work").exists()


def test_every_tile_shows_the_moment_within_one_of_its_frames(incident: tuple[Path, Outcome]) -> None:
    _, outcome = incident
    film = Path(outcome.result["folder"]) / outcome.result["side_by_side"]
    errors = [error for number, picture in _pictures(film) if number % FPS == 0 for error in _errors(number, picture)]
    assert len(errors) == MINUTES * 60 * len(PICTURE_SHAPES)
    assert max(errors) <= 1


def test_the_film_is_exactly_as_long_as_asked_at_a_constant_rate(incident: tuple[Path, Outcome]) -> None:
    _, outcome = incident
    with av.open(str(Path(outcome.result["folder"]) / outcome.result["side_by_side"])) as film:
        video = film.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        times = sorted(packet.pts * packet.time_base for packet in film.demux(video) if packet.pts is not None)
    assert times == [Fraction(index, FPS) for index in range(MINUTES * 60 * FPS)]


@pytest.mark.parametrize("camera", ["road", "driver", "analog1"])
def test_a_joined_film_holds_exactly_the_packets_of_its_clips(incident: tuple[Path, Outcome], camera: str) -> None:
    _, outcome = incident
    folder, told = Path(outcome.result["folder"]), outcome.result["cameras"][camera]
    clips: Counter[Any] = Counter()
    for clip in told["clips"]:
        clips += _packets(folder / clip["file"])
    assert _packets(folder / told["merged"]) == clips


def _pictures(film: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with av.open(str(film)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            yield number, frame.to_ndarray(format="gray")


def _errors(number: int, picture: NDArray[np.uint8]) -> Iterator[float]:
    """Each tile's error in frames of the film."""
    width = picture.shape[1] // len(PICTURE_SHAPES)
    for index, shape in enumerate(PICTURE_SHAPES.values()):
        inner = min(width, round(TILE_HEIGHT * shape))
        left = index * width + (width - inner) // 2
        reading = read(picture[-TILE_HEIGHT:, left : left + inner])
        assert reading is not None, f"no clock in tile {index} of picture {number}"
        slowest = 1000 / 15 if index == 2 else 1000 / 25 if index == 1 else 1000 / FPS
        yield abs(reading.milliseconds - (BEGIN + number * 1000 / FPS)) / slowest


def _packets(path: Path) -> Counter[tuple[str, str]]:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        streams = [*container.streams.video, *container.streams.audio]
        return Counter(
            (packet.stream.type, hashlib.sha256(bytes(packet)).hexdigest())
            for packet in container.demux(streams)
            if packet.size
        )
