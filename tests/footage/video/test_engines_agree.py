"""Two ways to one film: ffmpeg's graph and moviepy's clips show the same picture, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf, log10
from pathlib import Path

import numpy as np
import pytest

from footage.models import Clip
from footage.timeline import lay
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import arrange
from footage.video.side_by_side import Film, Look, SideBySide, Tile
from tests.film_samples import NARROW, SLOW, WIDE, as_clip, clocks, encode, pictures, record, tile, window

pytestmark = pytest.mark.slow

SECONDS = 3


@pytest.fixture(scope="module")
def tiles(tmp_path_factory) -> list[Tile]:
    folder = tmp_path_factory.mktemp("cameras")
    whole = window(0, SECONDS)
    wide = [record(folder, WIDE, -1.4, 3.4, (-1, 2)), record(folder, WIDE, 2.0, 1.0)]
    slow = [record(folder, SLOW, 1.0, 2.0)]
    narrow = [record(folder, NARROW, 0.0, SECONDS)]
    half = [record(folder, replace(SLOW, fps=Fraction(15)), -0.018, 3.5)]
    more = {"Half": half, "Uneven": [_uneven(folder)], "Late": [_late_pictures(folder)]}
    cameras = {"Road": wide, "Driver": slow, "Analog1": narrow, **more}
    return [Tile(label, lay(whole, clips, [])) for label, clips in cameras.items()]


def _uneven(folder: Path) -> Clip:
    """A clip with pictures left out in no order, and a second of them before the film begins."""
    source, path = record(folder, WIDE, -1.0, 4.5).path, folder / "uneven.mp4"
    some = "select='not(eq(mod(n,7),3)+eq(mod(n,5),1)+between(n,50,58))'"
    FFmpeg().run(["-i", str(source), "-vf", some, "-fps_mode", "vfr", "-c:v", "libx264", "-qp", "20", str(path)])
    return as_clip(path, -1.0)


def _late_pictures(folder: Path) -> Clip:
    """A clip whose sound begins 1.3 seconds before its pictures."""
    source, path = record(folder, WIDE, 0.5, 4.0).path, folder / "late.mp4"
    sound = encode(folder / "sound.m4a", "-c:a", "aac", source="sine=duration=4")
    FFmpeg().run(["-itsoffset", "1.3", "-i", str(source), "-i", str(sound), "-c", "copy", str(path)])
    return as_clip(path, 0.5)


@pytest.fixture(scope="module", params=[30, Fraction(24000, 1001)], ids=["30", "23.976"])
def films(request, tiles, tmp_path_factory) -> tuple[Film, Film]:
    ours = _made("ffmpeg", request.param, tiles, tmp_path_factory.mktemp("ffmpeg"))
    return ours, _made("moviepy", request.param, tiles, tmp_path_factory.mktemp("moviepy"))


def _made(engine: str, fps: int | Fraction, tiles: list[Tile], folder: Path) -> Film:
    look = Look("Truck 42", "America/Chicago", tile_height=180, fps=fps, engine=engine)
    film = SideBySide(window(0, SECONDS), look, work=folder, tool=FFmpeg(), stretch_seconds=2, hardware=())
    try:
        assert film.complete(tiles) == ()
        return film.finish(tiles, None, folder / f"film-{engine}.mp4")
    finally:
        film.stop()


def test_both_films_are_equally_long(films):
    ours, moviepys = films
    assert (ours.frames, ours.width, ours.height) == (moviepys.frames, moviepys.width, moviepys.height)


def test_every_tile_and_the_bar_agree_in_every_frame(films):
    layout = arrange(6, "row", 180)
    worst = inf
    for ours, theirs in zip(*(pictures(film.path) for film in films), strict=True):
        for box in (*layout.cells, layout.title, layout.clock, *layout.headings):
            worst = min(worst, _signal_to_noise(tile(ours, box), tile(theirs, box)))
    assert worst > 30


def test_moviepys_tiles_show_their_moment_too(films):
    rate = films[1].frames / SECONDS
    for shown in clocks(films[1].path, arrange(6, "row", 180).cells, Fraction(round(rate * 1001), 1001)):
        *regular, uneven, late = shown.errors
        assert all(error is None or abs(error) <= 0.042 for error in (*regular, late))
        assert abs(uneven) <= 0.35


def _signal_to_noise(one: np.ndarray, other: np.ndarray) -> float:
    """PSNR in decibels."""
    error = float(np.mean((one.astype(float) - other.astype(float)) ** 2))
    return 10 * log10(255**2 / error) if error else inf
