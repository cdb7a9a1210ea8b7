"""Colours of the side-by-side film: what the cameras showed, whatever they call it and whoever composes."""

from __future__ import annotations

from dataclasses import replace
from math import log10
from pathlib import Path

import av
import numpy as np
import pytest

from footage.models import Clip
from footage.timeline import lay
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import arrange
from footage.video.side_by_side import Look, SideBySide, Tile
from tests.film_samples import as_clip, encode, tile, window

pytestmark = pytest.mark.slow

_ALL_601 = "colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m"
CAMERAS = {
    "Unsaid": "scale=out_color_matrix=bt601,format=yuv420p,setparams=colorspace=unknown",
    "Bt601": f"scale=out_color_matrix=bt601,format=yuv420p,setparams={_ALL_601}",
    "Bt709": "scale=out_color_matrix=bt709,format=yuv420p,setparams=colorspace=bt709",
    "Full601": "scale=out_range=pc:out_color_matrix=bt601,format=yuvj420p,setparams=colorspace=bt470bg:range=pc",
    "Full709": "scale=out_range=pc:out_color_matrix=bt709,format=yuvj420p,setparams=colorspace=bt709:range=pc",
    "Bt2020": "scale=out_color_matrix=bt2020,format=yuv420p,setparams=colorspace=bt2020nc",
}
LOOK = Look("Truck 42", "America/Chicago", layout="grid", tile_height=180)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("cameras")
    source = "testsrc2=size=320x180:rate=30:duration=0.5"
    options = ("-c:v", "libx264", "-qp", "8")
    paths = [encode(folder / f"{label}.mp4", "-vf", said, *options, source=source) for label, said in CAMERAS.items()]
    return [as_clip(path, 0) for path in paths]


def _first_picture(path: Path) -> np.ndarray:
    """As (height, width, 3) in RGB, by what the file says of its colours."""
    with av.open(str(path)) as film:
        return next(film.decode(video=0)).to_ndarray(format="rgb24")


def _film(clips: list[Clip], work: Path, engine: str) -> np.ndarray:
    tiles = [Tile(label, lay(window(0, 0.5), [clip], [])) for label, clip in zip(CAMERAS, clips, strict=True)]
    film = SideBySide(window(0, 0.5), replace(LOOK, engine=engine), work=work, tool=FFmpeg(), hardware=())
    try:
        assert film.complete(tiles) == ()
        return _first_picture(film.finish(tiles, None, work / "film.mp4").path)
    finally:
        film.stop()


def _assert_alike(one: np.ndarray, other: np.ndarray, label: str) -> None:
    error = float(np.mean((one.astype(float) - other.astype(float)) ** 2))
    assert 10 * log10(255**2 / error) > 30, label


@pytest.mark.parametrize("engine", ["ffmpeg", "moviepy"])
def test_every_camera_keeps_its_colours_in_the_film(clips, tmp_path, engine):
    film = _film(clips, tmp_path, engine)
    for label, clip, cell in zip(CAMERAS, clips, arrange(6, "grid", 180).cells, strict=True):
        _assert_alike(tile(film, cell), _first_picture(clip.path), label)


def test_colours_that_an_earlier_version_did_not_look_at_are_right_too(clips, tmp_path):
    tracks = [replace(clip.media.video, matrix=None) for clip in clips if clip.media.video is not None]
    unknown = [replace(clip, media=replace(clip.media, video=track)) for clip, track in zip(clips, tracks, strict=True)]
    film = _film(unknown, tmp_path, "ffmpeg")
    for label, clip, cell in zip(CAMERAS, clips, arrange(6, "grid", 180).cells, strict=True):
        _assert_alike(tile(film, cell), _first_picture(clip.path), label)
