"""What is asked for, by law: windows that cover the time exactly, the fewest pieces that cover a window."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from footage.models import UTC, MediaLink, MediaType, TimeWindow
from footage.samsara.plan import by_window, covering, expected_bytes, quota_seconds, spans, split_window
from footage.settings import FilmSettings

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
SEAM = 0.499


def window(start: float, end: float) -> TimeWindow:
    return TimeWindow(T0 + timedelta(seconds=start), T0 + timedelta(seconds=end))


def link(start: float, end: float) -> MediaLink:
    return MediaLink("road", window(start, end), "available", url="https://x")


lengths = st.integers(1, 60_000)
stretches = st.tuples(st.integers(-20, 80), st.integers(1, 60)).map(lambda pair: link(pair[0], pair[0] + pair[1]))
minutes = st.integers(0, 5).map(lambda n: window(n, n + 1))
cells = st.lists(st.tuples(st.sampled_from(["road", "driver"]), minutes), unique=True)


@given(seconds=lengths, longest=st.integers(1, 2400))
def test_windows_cover_the_time_exactly_and_are_as_few_as_can_be(seconds: int, longest: int) -> None:
    windows = split_window(window(0, seconds), longest)
    assert (windows[0].start, windows[-1].end) == (T0, T0 + timedelta(seconds=seconds))
    assert all(one.end == other.start for one, other in pairwise(windows))
    assert all(0 < each.seconds <= longest for each in windows)
    assert len(windows) == -(-seconds // longest)


@given(seconds=lengths, longest=st.integers(1, 2400), cuts=st.lists(st.integers(-10, 4000), max_size=5))
def test_no_window_goes_across_a_cut(seconds: int, longest: int, cuts: list[int]) -> None:
    windows = split_window(window(0, seconds), longest, cuts)
    assert (windows[0].start, windows[-1].end) == (T0, T0 + timedelta(seconds=seconds))
    assert all(one.end == other.start for one, other in pairwise(windows))
    assert all(0 < each.seconds <= longest for each in windows)
    for cut in cuts:
        at = T0 + timedelta(seconds=cut)
        assert not any(each.start < at < each.end for each in windows)


@given(minutes=st.integers(1, 600))
def test_so_many_minutes_are_so_many_windows(minutes: int) -> None:
    assert len(split_window(window(0, 60 * minutes), 60)) == minutes


def test_no_time_needs_no_window() -> None:
    assert split_window(window(0, 0), 60) == ()


def is_covered(links: tuple[MediaLink, ...], wanted: TimeWindow) -> bool:
    """Whether no hole is as long as half a second."""
    holes, at = [], wanted.start
    for each in sorted(links, key=lambda one: one.window):
        holes.append((each.window.start - at).total_seconds())
        at = max(at, each.window.end)
    holes.append((wanted.end - at).total_seconds())
    return max(holes) <= SEAM


@given(links=st.lists(stretches, max_size=6))
def test_what_covers_a_window_covers_it_with_the_fewest_pieces(links: list[MediaLink]) -> None:
    wanted = window(0, 60)
    near = [each for each in links if each.window.overlap(wanted)]
    counts = range(1, len(near) + 1)
    sizes = [count for count in counts if any(is_covered(few, wanted) for few in combinations(near, count))]
    chosen = covering(links, wanted)
    assert len(chosen) == (sizes[0] if sizes else 0)
    assert not chosen or is_covered(chosen, wanted)


def test_seams_do_not_keep_pieces_from_covering() -> None:
    assert len(covering([link(0.4, 30), link(30.4, 59.6)], window(0, 60))) == 2
    assert covering([link(0.4, 30), link(30.6, 60)], window(0, 60)) == ()


def test_of_pieces_that_cover_alone_the_shortest_is_taken() -> None:
    assert covering([link(-600, 600), link(-5, 70), link(0, 30)], window(0, 60)) == (link(-5, 70),)


@given(wanted=cells)
def test_requests_name_each_cell_once_oldest_window_first(wanted: list[tuple[str, TimeWindow]]) -> None:
    groups = by_window(wanted)
    assert sorted((camera, each) for each, cameras in groups for camera in cameras) == sorted(wanted)
    assert [each for each, _ in groups] == sorted({each for _, each in wanted})
    assert quota_seconds(wanted) == len(wanted)


@given(parts=st.lists(stretches, max_size=8))
def test_spans_hold_the_same_time_without_touching(parts: list[MediaLink]) -> None:
    windows = [each.window for each in parts]
    joined = spans(windows)
    assert all(one.end < other.start for one, other in pairwise(joined))
    assert all(any(span.covers(each) for span in joined) for each in windows)
    edges = {edge for each in windows for edge in (each.start, each.end)}
    assert {edge for span in joined for edge in (span.start, span.end)} <= edges


_LOOKS = st.builds(
    FilmSettings, layout=st.sampled_from(["row", "grid"]), tile_height=st.integers(120, 2160), fps=st.integers(1, 60)
)


@settings(deadline=None)
@given(look=_LOOKS, cameras=st.integers(1, 6), seconds=st.floats(10, 36_000))
def test_the_disk_that_is_planned_grows_with_quality_and_holds_only_what_is_made(look, cameras, seconds):
    def planned(**choice: str) -> tuple[int, int]:
        return expected_bytes(cameras, seconds, MediaType.HIGH, replace(look, **choice))

    ways = ({"films": "none"}, {"films": "joined"}, {"quality": "small"}, {"quality": "standard"}, {"quality": "high"})
    downloads, disks = zip(*(planned(**choice) for choice in ways), strict=True)
    assert len(set(downloads)) == 1
    assert list(disks) == sorted(set(disks))
    assert (disks[0], disks[1]) == (downloads[0], 2 * downloads[0])


def test_a_side_by_side_of_the_usual_look_takes_about_a_megabyte_a_second():
    download, disk = expected_bytes(3, 60, MediaType.HIGH)
    assert 40e6 < disk - 2 * download < 80e6
