"""Where everything stands in the side-by-side picture: a bar with title and clock, headings, and equal 16:9 cells."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

Arrangement = Literal["row", "grid"]

WIDEST = 3840
TALLEST = 2304
MOST_TILES = 8
_LOWEST_CELL = 32
_TITLE_SHARE, _LOWEST_TITLE = 0.06, 24
_HEADING_SHARE, _LOWEST_HEADING = 0.045, 20
_CLOCK_SHARE, _CLOCK_ASPECT = 0.6, 13


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels from the upper left corner; all four numbers are even, as 4:2:0 colour needs."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture's size and its boxes. `headings` and `cells` stand in the order of the tiles."""

    width: int
    height: int
    title: Box
    clock: Box
    headings: tuple[Box, ...]
    cells: tuple[Box, ...]


def arrange(tiles: int, arrangement: Arrangement, tile_height: int) -> Layout:
    """Place 1 to 8 tiles. The cells shrink where the picture would pass 3840 by 2304 (H.264's level 5.1 ends there).

    Raises ValueError for a number of tiles that cannot be placed.
    """
    if not 1 <= tiles <= MOST_TILES:
        raise ValueError(f"between 1 and {MOST_TILES} cameras fit side by side, not {tiles}")
    columns = tiles if arrangement == "row" else ceil(sqrt(tiles))
    layout = _placed(tiles, columns, even(tile_height))
    while (layout.width > WIDEST or layout.height > TALLEST) and layout.cells[0].height > _LOWEST_CELL:
        layout = _placed(tiles, columns, layout.cells[0].height - 2)
    return layout


def even(value: float) -> int:
    """The even number nearest to `value`."""
    return 2 * round(value / 2)


def _placed(tiles: int, columns: int, cell_height: int) -> Layout:
    height = max(cell_height, _LOWEST_CELL)
    width = even(height * 16 / 9)
    title = max(_LOWEST_TITLE, even(height * _TITLE_SHARE))
    heading = max(_LOWEST_HEADING, even(height * _HEADING_SHARE))
    whole = columns * width
    clock = even(min(whole * _CLOCK_SHARE, title * _CLOCK_ASPECT))
    places = [((tile % columns) * width, title + (tile // columns) * (heading + height)) for tile in range(tiles)]
    return Layout(
        width=whole,
        height=title + ceil(tiles / columns) * (heading + height),
        title=Box(0, 0, whole - clock, title),
        clock=Box(whole - clock, 0, clock, title),
        headings=tuple(Box(x, y, width, heading) for x, y in places),
        cells=tuple(Box(x, y + heading, width, height) for x, y in places),
    )
