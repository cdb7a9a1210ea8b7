"""The clock code is read back as it was painted, whatever happens to a picture on its way into a film."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.clockcode import Reading, paint, read

SHAPES = [(360, 640), (720, 1280), (1080, 1920), (480, 640), (480, 854)]
TILES = [(180, 320), (240, 320), (360, 640), (540, 960), (720, 1280)]
NOW = 1_795_012_200_000


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A busy colour picture: coloured noise in coarse blocks."""
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.ascontiguousarray(blocks.repeat(8, 0).repeat(8, 1)[:height, :width])


def fitted(shape: tuple[int, int], tile: tuple[int, int]) -> tuple[int, int]:
    """The picture's even size inside a tile, aspect kept."""
    scale = min(tile[0] / shape[0], tile[1] / shape[1])
    return int(shape[0] * scale) // 2 * 2, int(shape[1] * scale) // 2 * 2


def through_h264(pictures: list[np.ndarray], size: tuple[int, int], crf: int = 28) -> list[np.ndarray]:
    """The pictures scaled to `size`, encoded as yuv420p and decoded again, as grey pictures."""
    height, width = size
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=30, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame = frame.reformat(width, height, "yuv420p", interpolation="BICUBIC")
            frame.pts = None
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    target.seek(0)
    with av.open(target) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


@given(
    shape=st.sampled_from(SHAPES),
    camera=st.integers(0, 15),
    milliseconds=st.integers(0, 2**44 - 1),
    grey=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_what_was_painted_is_read(shape: tuple[int, int], camera: int, milliseconds: int, grey: bool) -> None:
    picture = scene(*shape)[:, :, 0].copy() if grey else scene(*shape)
    paint(picture, camera, milliseconds)
    assert read(picture) == Reading(camera, milliseconds)


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_code_survives_scaling_into_a_tile_and_h264(shape: tuple[int, int], tile: tuple[int, int]) -> None:
    moments = [NOW + 33 * number for number in range(6)]
    pictures = [scene(*shape, seed=number) for number in range(6)]
    for number, picture in enumerate(pictures):
        paint(picture, number, moments[number])
    decoded = through_h264(pictures, fitted(shape, tile))
    assert [read(picture) for picture in decoded] == [Reading(number, moments[number]) for number in range(6)]


def test_being_cut_one_pixel_off_does_not_lose_the_code() -> None:
    picture = scene(180, 320)
    paint(picture, 3, NOW)
    assert all(read(np.roll(picture, shift, (0, 1))) == Reading(3, NOW) for shift in [(1, 1), (-1, 1), (1, -1)])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_picture_without_the_code_reads_as_none(shape: tuple[int, int]) -> None:
    assert [read(scene(*shape, seed=seed)) for seed in range(20)] == [None] * 20
    assert read(np.zeros(shape, np.uint8)) is None
    assert read(np.full((10, 10), 255, np.uint8)) is None


def test_one_wrong_cell_is_noticed() -> None:
    picture = np.zeros((360, 640), np.uint8)
    paint(picture, 1, NOW)
    height, width = 360 // 22, 640 // 40
    wrong = 0
    for row in range(4):
        for column in range(18):
            damaged = picture.copy()
            cell = damaged[(row + 1) * 360 // 22 :, (column + 1) * width :][:height, :width]
            cell[:] = 255 - cell
            wrong += read(damaged) is not None
    assert wrong == 0


@pytest.mark.parametrize(("camera", "milliseconds"), [(16, 0), (-1, 0), (0, -1), (0, 2**44)])
def test_numbers_that_do_not_fit_are_refused(camera: int, milliseconds: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        paint(np.zeros((360, 640), np.uint8), camera, milliseconds)
