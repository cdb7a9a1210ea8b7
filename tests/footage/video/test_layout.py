"""Laws of the side-by-side picture's layout."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.video.layout import arrange

_layouts = given(tiles=st.integers(1, 8), arrangement=st.sampled_from(["row", "grid"]), height=st.integers(90, 2160))


def _boxes(layout):
    return [layout.title, layout.clock, *layout.headings, *layout.cells]


@settings(deadline=None)
@_layouts
def test_everything_is_even_inside_the_picture_and_apart(tiles, arrangement, height):
    layout = arrange(tiles, arrangement, height)
    for box in _boxes(layout):
        assert all(value % 2 == 0 for value in (box.x, box.y, box.width, box.height))
        assert box.width > 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height
    for a, b in combinations(_boxes(layout), 2):
        assert a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y


@settings(deadline=None)
@_layouts
def test_the_picture_plays_everywhere_and_cells_are_equal_and_wide(tiles, arrangement, height):
    layout = arrange(tiles, arrangement, height)
    assert layout.width <= 3840
    assert layout.height <= 2304
    assert layout.width % 2 == layout.height % 2 == 0
    assert len({(cell.width, cell.height) for cell in layout.cells}) == 1
    assert layout.cells[0].width == pytest.approx(layout.cells[0].height * 16 / 9, abs=2)
    assert layout.cells[0].height <= height + 1


@pytest.mark.parametrize(
    ("tiles", "arrangement", "cell"),
    [(3, "row", (1280, 720)), (4, "row", (960, 540)), (1, "row", (1280, 720)), (4, "grid", (1280, 720))],
)
def test_cells_are_as_high_as_asked_until_the_row_is_too_wide(tiles, arrangement, cell):
    layout = arrange(tiles, arrangement, 720)
    assert (layout.cells[0].width, layout.cells[0].height) == cell


def test_a_row_keeps_the_order_and_a_grid_fills_line_by_line():
    assert [cell.x for cell in arrange(3, "row", 720).cells] == [0, 1280, 2560]
    cells = arrange(5, "grid", 360).cells
    assert [(cell.x // 640, cell.y > 400) for cell in cells] == [
        (0, False), (1, False), (2, False), (0, True), (1, True),
    ]  # fmt: skip


@pytest.mark.parametrize("tiles", [0, 9])
def test_a_number_of_cameras_that_cannot_be_placed_is_refused(tiles):
    with pytest.raises(ValueError, match="side by side"):
        arrange(tiles, "row", 720)
