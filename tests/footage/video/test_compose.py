"""Laws of the cut into frames, and the command that makes a stretch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.models import Clip, Media, TimeWindow, VideoTrack
from footage.timeline import Piece, lay
from footage.video.compose import Scene, command
from footage.video.cutting import Card, FrameAxis, Shot, Tile, tile_cuts
from footage.video.encoder import software
from footage.video.layout import arrange
from footage.video.render import art_in
from tests.film_samples import START, window

pytestmark = pytest.mark.slow

RATES = st.sampled_from([Fraction(30), Fraction(25), Fraction(30000, 1001), Fraction(12), Fraction(60)])
TRACK = VideoTrack("h264", "High", 1920, 1080, "yuv420p", 30.0, 0, "", 300)


def clip(begin: float, end: float, first_picture: float = 0.0, name: str = "a") -> Clip:
    where = window(begin, end)
    media = Media(TRACK, None, first_picture, end - begin)
    return Clip("road", Path(f"{name}.mp4"), where, where, where, 1, name, media)


def tile(seconds: float, *clips: Clip) -> Tile:
    return Tile("Road", lay(window(0, seconds), clips, []))


def cuts_of(tile: Tile, axis: FrameAxis, stretch: range | None = None) -> tuple[Shot | Card, ...]:
    return tile_cuts(axis, stretch or range(axis.frames), tile)


def axis_of(seconds: float, rate: Fraction = Fraction(30)) -> FrameAxis:
    return FrameAxis(window(0, seconds), rate)


@settings(deadline=None)
@given(rate=RATES, seconds=st.integers(1, 4000), stretch=st.floats(0.5, 300))
def test_the_stretches_hold_every_frame_of_the_film_once(rate, seconds, stretch):
    axis = axis_of(seconds, rate)
    cuts = axis.cut(stretch)
    assert [frame for cut in cuts for frame in (cut.start, cut.stop)] == sorted(
        frame for cut in cuts for frame in (cut.start, cut.stop)
    )
    assert sum(map(len, cuts)) == axis.frames == round(seconds * rate)
    assert all(cut.stop == after.start for cut, after in zip(cuts, cuts[1:], strict=False))


@settings(deadline=None)
@given(rate=RATES, second=st.integers(0, 40_000), offset=st.integers(0, 999_999))
def test_a_second_begins_in_the_first_frame_that_is_not_before_it(rate, second, offset):
    start = START + timedelta(microseconds=offset)
    axis = FrameAxis(TimeWindow(start, start + timedelta(days=1)), rate)
    frame = axis.at_or_after(START + timedelta(seconds=second + 1))
    elapsed = Fraction((second + 1) * 1_000_000 - offset, 1_000_000)
    assert Fraction(frame) / rate >= elapsed > Fraction(frame - 1) / rate


@st.composite
def _tiles(draw) -> Tile:
    instants = sorted(draw(st.lists(st.integers(-5_000, 65_000), min_size=2, max_size=12, unique=True)))
    begins = [at / 1000 for at in instants]
    pairs = list(zip(begins[::2], begins[1::2], strict=False))
    return tile(60, *(clip(begin, end, draw(st.sampled_from([0.0, 1.5])), str(begin)) for begin, end in pairs))


@settings(deadline=None)
@given(tile=_tiles(), rate=RATES, stretch=st.floats(2, 30))
def test_each_stretch_of_a_tile_has_exactly_its_frames_and_each_frame_its_moment(tile, rate, stretch):
    axis = axis_of(60, rate)
    for cut in axis.cut(stretch):
        cuts = cuts_of(tile, axis, cut)
        assert sum(each.frames for each in cuts) == len(cut)
        frame = cut.start
        for each in cuts:
            piece = _piece_at(tile, axis, frame)
            assert isinstance(each, Shot) == (piece.clip is not None or (piece.seam and piece is not tile.pieces[0]))
            if isinstance(each, Shot) and piece.clip is not None:
                assert each.clip == piece.clip
                meant = axis.microseconds(frame) - (each.clip.window.start - START) / timedelta(microseconds=1)
                error = meant - (each.at - each.clip.media.first_picture * 1_000_000)
                assert -1 <= error <= 1_000_000 / 30 / 2 + 1
            frame += each.frames


def _piece_at(tile: Tile, axis: FrameAxis, frame: int) -> Piece:
    elapsed = Fraction(frame) / axis.fps * 1_000_000
    return next(piece for piece in tile.pieces if elapsed < (piece.window.end - START) / timedelta(microseconds=1))


def test_a_seam_holds_the_picture_before_it_also_across_two_stretches():
    seamed = tile(120, clip(0, 59.8, name="a"), clip(60.2, 120, name="b"))
    axis = axis_of(120)
    [held] = cuts_of(seamed, axis, range(1700, 1806))
    assert (held.clip.sha256, held.frames) == ("a", 106)
    across = cuts_of(seamed, axis, range(1797, 1900))
    assert [(each.clip.sha256, each.frames) for each in across] == [("a", 9), ("b", 94)]
    assert across[0].at == round((59.8 - 1 / 60) * 1_000_000)


def test_a_seam_at_the_very_start_is_a_slate_as_nothing_stands_before_it():
    first, second = cuts_of(tile(60, clip(0.4, 60)), axis_of(60))
    assert isinstance(first, Card)
    assert (first.frames, second.frames) == (12, 1788)


def test_a_gap_across_stretches_is_one_gap_on_every_slate():
    gap = tile(60, clip(0, 10), clip(50, 60, name="b"))
    cards = [each for cut in axis_of(60).cut(15) for each in cuts_of(gap, axis_of(60), cut) if isinstance(each, Card)]
    assert {card.window for card in cards} == {window(10, 50)}
    assert sum(card.frames for card in cards) == 1200


def _scene(*tiles: Tile, stretch: range = range(1800), rate: Fraction = Fraction(30)) -> Scene:
    axis = axis_of(60, rate)
    return Scene(axis, stretch, arrange(len(tiles), "row", 180), tuple(cuts_of(each, axis, stretch) for each in tiles))


def _command(scene: Scene) -> list[str]:
    return command(scene, art_in(Path("art"), scene), software("standard", scene.axis.fps), Path("o.mp4"), threads=1)


def test_every_input_may_open_files_only_and_every_clip_is_read_as_mp4():
    arguments = _command(_scene(tile(60, clip(0, 60)), tile(60, clip(0, 20))))
    inputs = [place for place, argument in enumerate(arguments) if argument == "-i"]
    assert len(inputs) == 7
    for place in inputs:
        assert arguments[place - 2 : place] == ["-protocol_whitelist", "file,pipe"]
        if arguments[place + 1].endswith(".mp4"):
            assert arguments[place - 4 : place - 2] == ["-f", "mov"]


@pytest.mark.parametrize(("stretch", "shown"), [(range(1800), 60), (range(15, 45), 2), (range(30, 60), 1)])
def test_the_clock_shows_each_second_that_the_stretch_touches(stretch, shown):
    seconds = _scene(tile(60, clip(0, 60)), stretch=stretch).clock_seconds
    assert len(seconds) == shown
    assert seconds[0] == START + timedelta(seconds=floor(stretch.start / 30))


def test_the_same_scene_makes_the_same_command():
    scene = _scene(tile(60, clip(0, 60)), tile(60))
    assert _command(scene) == _command(replace(scene))
