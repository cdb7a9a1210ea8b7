"""Clips whose pictures differ: one shape in which each keeps its form, its colours and its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest

from demo.clockcode import read
from footage.models import Clip, VideoTrack
from footage.video.ffmpeg import FFmpeg
from footage.video.join import Joined, join
from footage.video.join_shape import can_share, common_shape, differences
from footage.video.probe import inspect
from tests.film_samples import NARROW, WIDE, as_clip, inner, record
from tests.footage_samples import (
    PLAIN,
    START,
    Sample,
    clip,
    copied,
    make,
    packet_hashes,
    rotated,
    with_open_groups,
    without_first_key_frame,
)

pytestmark = pytest.mark.slow

TRACK = VideoTrack("h264", "High", 320, 180, "yuv420p", 30.0, 0, "", 300, matrix=2)


def joined(clips: Sequence[Clip], folder: Path) -> Joined:
    zone = ZoneInfo("America/Chicago")
    return join(clips, folder / "film.mp4", tool=FFmpeg(), work=folder / "work", zone=zone, title="Road")


def in_a_row(paths: Sequence[Path]) -> list[Clip]:
    return [clip(path, START + timedelta(seconds=number * 2)) for number, path in enumerate(paths)]


def test_a_clip_without_its_first_key_frame_keeps_its_true_time_in_a_new_shape(tmp_path: Path) -> None:
    whole = record(tmp_path, WIDE, 0.0, 2.0)
    headless = as_clip(without_first_key_frame(whole.path, tmp_path / "headless.mp4", packets=10), 10 / 30)
    film = joined([headless, record(tmp_path, NARROW, 10.0, 2.0)], tmp_path)
    assert film.placed[1].film_start == pytest.approx(headless.media.duration, abs=0.04)
    with av.open(str(film.path)) as container:
        shown = [(frame.time, read(inner(frame.to_ndarray(format="gray")))) for frame in container.decode(video=0)]
    for placed, from_then_on in zip(film.placed, (20 / 30, 0.0), strict=True):
        for at, seen in shown:
            if placed.film_start + from_then_on - 0.001 <= at < placed.film_end - 0.04:
                told = placed.clip.window.start.timestamp() + at - placed.film_start
                assert seen is not None
                assert seen.milliseconds / 1000 == pytest.approx(told, abs=0.04)


def test_pictures_of_oblong_pixels_keep_their_form_in_a_new_shape(tmp_path: Path) -> None:
    oblong = make(tmp_path / "oblong.mp4", PLAIN.but(width=96, sound="", seconds=0.5, extra=("-vf", "setsar=4/3")))
    other = make(tmp_path / "other.mp4", PLAIN.but(width=96, sound="", seconds=0.5))
    film = joined(in_a_row([oblong, other]), tmp_path)
    assert "pixels 4:3" in film.notes[0]
    video = inspect(film.path).video
    assert video is not None
    assert (video.width, video.height, video.pixel_aspect) == (128, 72, 1.0)
    with av.open(str(film.path)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert frames[3][:, :12].mean() > 24  # the oblong one fills the film
    assert frames[-3][:, :12].mean() < 24  # the other stands in its middle


def test_clips_that_differ_in_nothing_but_what_the_container_says_of_their_pixels_are_not_copied_as_one(
    tmp_path: Path,
) -> None:
    plain = make(tmp_path / "plain.mp4", PLAIN.but(sound="", seconds=0.5))
    oblong = copied(plain, tmp_path / "oblong.mp4", after=["-aspect", "64:27"])
    assert packet_hashes(plain, "video") == packet_hashes(oblong, "video")
    assert "pixels 1:1" in joined(in_a_row([plain, oblong]), tmp_path).notes[0]


RED = (199, 28, 38)


def red(path: Path, matrix: str, name: str, size: str) -> Path:
    source = f"color=c=0x{bytes(RED).hex()}:s={size}:r=30:d=0.5,format=gbrp"
    encoded = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p,setparams=colorspace={name}"
    FFmpeg().run(["-f", "lavfi", "-i", f"{source},{encoded}", "-c:v", "libx264", "-qp", "1", str(path)])
    return path


@pytest.mark.parametrize(
    "names",
    [("bt709", "smpte170m"), ("smpte170m", "bt709"), ("smpte170m", "bt470bg"), ("unknown", "bt709")],
)
def test_clips_of_two_colour_matrices_show_the_same_red_in_one_film(tmp_path: Path, names: tuple[str, str]) -> None:
    sizes = ("128x72", "96x72")
    row = [
        red(tmp_path / f"{n}.mp4", "bt709" if name == "bt709" else "bt601", name, size)
        for n, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]
    film = joined(in_a_row(row), tmp_path)
    with av.open(str(film.path)) as container:
        frames = list(container.decode(video=0))
    for frame in (frames[3], frames[-3]):
        shown = frame.to_ndarray(format="rgb24")[36, 64]
        assert np.abs(shown.astype(int) - RED).max() <= 4


def test_bt601_has_two_numbers_and_is_one() -> None:
    assert can_share([replace(TRACK, matrix=5), replace(TRACK, matrix=6)])
    assert not can_share([replace(TRACK, matrix=1), replace(TRACK, matrix=6)])
    assert not can_share([TRACK, replace(TRACK, pixel_aspect=4 / 3)])


def test_what_an_older_journal_did_not_tell_parts_no_clips() -> None:
    known = replace(TRACK, matrix=1, pixel_aspect=4 / 3)
    assert can_share([replace(TRACK, matrix=None), known])
    assert not can_share([replace(TRACK, matrix=None), replace(known, width=640)])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"width": 640, "height": 360}, "h264 320x180, h264 640x360"),
        ({"profile": "Main"}, "h264 320x180 High, h264 320x180 Main"),
        ({"pixel_format": "yuvj420p"}, "h264 320x180 yuv420p, h264 320x180 yuvj420p"),
        ({"rotation": 90}, "h264 320x180 turned by 90 degrees, h264 320x180 upright"),
        ({"pixel_aspect": 4 / 3}, "h264 320x180 pixels 1:1, h264 320x180 pixels 4:3"),
        ({"matrix": 6}, "h264 320x180 colours BT.601, h264 320x180 colours unnamed"),
        ({"extradata": "x"}, "h264 320x180, with other settings of the encoder"),
    ],
)
def test_the_sentence_names_what_tells_the_pictures_apart(other: dict[str, object], words: str) -> None:
    assert differences([TRACK, replace(TRACK, **other)]) == words  # type: ignore[arg-type]


def test_the_shape_is_the_largest_as_it_is_shown() -> None:
    oblong = replace(TRACK, width=240, pixel_aspect=2.0)
    assert (common_shape([TRACK, oblong]).width, common_shape([TRACK, oblong]).height) == (480, 180)
    tall = replace(TRACK, pixel_aspect=0.5, rotation=90)
    assert (common_shape([TRACK, tall]).width, common_shape([TRACK, tall]).height) == (360, 320)


def test_a_clip_that_is_only_turned_is_named_so(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain.mp4", Sample(sound="", seconds=0.5))
    film = joined(in_a_row([plain, rotated(plain, tmp_path / "turned.mp4", 90)]), tmp_path)
    assert "turned by 90 degrees" in film.notes[0]


def test_a_clip_that_goes_on_from_pictures_it_does_not_hold_is_named_where_it_follows_another(tmp_path: Path) -> None:
    whole = with_open_groups(tmp_path / "whole.mp4")
    opened = without_first_key_frame(whole, tmp_path / "opened.mp4", packets=13)
    assert inspect(opened).video is not None
    alone, after = joined(in_a_row([opened, whole]), tmp_path), joined(in_a_row([whole, opened, opened]), tmp_path)
    assert alone.notes == ()
    assert after.notes[0].startswith("opened.mp4, opened.mp4 begin amid pictures")
    assert packet_hashes(after.path, "video") == [
        each for path in (whole, opened, opened) for each in packet_hashes(path, "video")
    ]
