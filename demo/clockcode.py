"""A clock that a machine can read, drawn into a picture: which camera it is, and the moment that the picture shows.

The code is a grid of black and white cells near the picture's top left, measured in fractions of the picture, so that
it is found again after the picture was scaled. Two side columns of alternating cells tell black from white; between
them stand 64 bits, row by row: camera (4), milliseconds since 1970 (44), checksum (16).
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(height, width) grey or (height, width, 3) colour."""

ROWS = 4
COLUMNS = 18
LEFT, TOP = 1 / 40, 1 / 22
CELL_WIDTH, CELL_HEIGHT = 1 / 40, 1 / 22
"""Position of the grid and size of a cell, as fractions of the picture's width and height."""
CAMERAS = 16
_MILLISECOND_BITS = 44
_LEAST_CONTRAST = 48
_LEAST_CELL = 3
_SIDES = np.arange(ROWS) % 2 == 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture's clock code says: the camera's index and milliseconds since 1970 (UTC)."""

    camera: int
    milliseconds: int


def paint(picture: Picture, camera: int, milliseconds: int) -> None:
    """Draw the code into the picture, in place. Camera is 0 to 15; both numbers must not be negative."""
    if not 0 <= camera < CAMERAS or not 0 <= milliseconds < 1 << _MILLISECOND_BITS:
        raise ValueError(f"camera {camera} at {milliseconds} ms does not fit into the clock code")
    rows, columns, area = _cells(picture.shape[0], picture.shape[1])
    cells = np.where(_grid(camera, milliseconds), 255, 0).astype(np.uint8)
    drawn = cells[rows][:, columns]
    picture[area] = drawn if picture.ndim == 2 else drawn[:, :, None]


def read(picture: NDArray[Any]) -> Reading | None:
    """Read the code back; None where there is none, or where its checksum is not right."""
    height, width = picture.shape[:2]
    if height * CELL_HEIGHT < _LEAST_CELL or width * CELL_WIDTH < _LEAST_CELL:
        return None
    levels = _levels(picture)
    left, right = levels[:, 0], levels[:, -1]
    white = np.concatenate([left[_SIDES], right[~_SIDES]])
    black = np.concatenate([left[~_SIDES], right[_SIDES]])
    if white.min() - black.max() < _LEAST_CONTRAST:
        return None
    threshold = (white.mean() + black.mean()) / 2
    packed = np.packbits((levels[:, 1:-1] > threshold).ravel()).tobytes()
    if binascii.crc_hqx(packed[:6], 0xFFFF) != int.from_bytes(packed[6:], "big"):
        return None
    value = int.from_bytes(packed[:6], "big")
    return Reading(value >> _MILLISECOND_BITS, value & ((1 << _MILLISECOND_BITS) - 1))


def _grid(camera: int, milliseconds: int) -> NDArray[np.bool_]:
    value = (camera << _MILLISECOND_BITS | milliseconds).to_bytes(6, "big")
    packed = value + binascii.crc_hqx(value, 0xFFFF).to_bytes(2, "big")
    bits = np.unpackbits(np.frombuffer(packed, np.uint8)).reshape(ROWS, COLUMNS - 2).astype(bool)
    return np.column_stack([_SIDES, bits, ~_SIDES])


@lru_cache(maxsize=16)
def _cells(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[slice, slice]]:
    """For each pixel row and column of the code, which cell it belongs to; and the code's place in the picture."""
    rows = np.round((TOP + CELL_HEIGHT * np.arange(ROWS + 1)) * height).astype(int)
    columns = np.round((LEFT + CELL_WIDTH * np.arange(COLUMNS + 1)) * width).astype(int)
    area = (slice(int(rows[0]), int(rows[-1])), slice(int(columns[0]), int(columns[-1])))
    return np.repeat(np.arange(ROWS), np.diff(rows)), np.repeat(np.arange(COLUMNS), np.diff(columns)), area


def _levels(picture: NDArray[Any]) -> NDArray[np.float64]:
    """Mean brightness of the middle of each cell."""
    tops, bottoms = _middles(TOP, CELL_HEIGHT, ROWS, picture.shape[0])
    lefts, rights = _middles(LEFT, CELL_WIDTH, COLUMNS, picture.shape[1])
    corner = picture[: bottoms[-1], : rights[-1]].astype(np.float64)
    grey = corner if corner.ndim == 2 else corner.mean(axis=2)
    sums = np.pad(grey.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    totals = sums[np.ix_(bottoms, rights)] - sums[np.ix_(tops, rights)]
    totals = totals - sums[np.ix_(bottoms, lefts)] + sums[np.ix_(tops, lefts)]
    means: NDArray[np.float64] = totals / np.outer(bottoms - tops, rights - lefts)
    return means


def _middles(first: float, cell: float, count: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and past-the-last pixel of the middle half of each cell along one axis; at least one pixel wide."""
    begin = first + cell * np.arange(count)
    starts = np.round((begin + cell / 4) * size).astype(int)
    return starts, np.maximum(np.round((begin + cell * 3 / 4) * size).astype(int), starts + 1)
