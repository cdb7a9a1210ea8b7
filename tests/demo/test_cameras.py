"""The demo's cameras tell true time: in every picture, in the sound, and alike in clips that overlap."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from demo.cameras import ANALOG1, ANALOG2, ANALOG3, ANALOG4, DRIVER, ROAD, CameraModel, render, render_still
from demo.clockcode import Reading, read

START = datetime(2026, 11, 18, 14, 30, 0, 400_000, tzinfo=timezone.utc)
SMALL_ROAD = ROAD.scaled(180)


def greys(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


def sound(path: Path) -> tuple[np.ndarray, int]:
    with av.open(str(path)) as film:
        frames = list(film.decode(audio=0))
    skipped = max(0, -frames[0].pts)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])[skipped:], frames[0].sample_rate


@pytest.mark.parametrize("model", [ROAD, DRIVER, ANALOG1, ANALOG2, ANALOG3, ANALOG4], ids=lambda model: model.word)
def test_frame_k_shows_the_start_plus_k_frame_times(model: CameraModel, tmp_path: Path) -> None:
    render(model, START, 1.2, tmp_path / "clip.mp4")
    begin = round(START.timestamp() * 1000)
    moments = [round(begin + number * 1000 / model.fps) for number in range(int(1.2 * model.fps))]
    pictures = greys(tmp_path / "clip.mp4")
    assert pictures[0].shape == (model.height, model.width)
    assert [read(picture) for picture in pictures][: len(moments)] == [Reading(model.index, at) for at in moments]


def test_the_same_call_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        render(SMALL_ROAD, START, 2.0, tmp_path / name)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.mp4", "two.mp4"]


def test_in_a_pause_there_are_no_frames_and_the_others_stay_at_their_times(tmp_path: Path) -> None:
    render(SMALL_ROAD, START, 3.0, tmp_path / "clip.mp4", pause=(1.0, 2.0))
    with av.open(str(tmp_path / "clip.mp4")) as film:
        shown = [(frame.time, read(frame.to_ndarray(format="gray"))) for frame in film.decode(video=0)]
    assert len(shown) == 2 * SMALL_ROAD.fps
    begin = round(START.timestamp() * 1000)
    assert all(abs(code.milliseconds - begin - at * 1000) <= 1 for at, code in shown)


def test_overlapping_clips_show_the_same_picture_at_the_same_time(tmp_path: Path) -> None:
    render(SMALL_ROAD, START, 2.0, tmp_path / "early.mp4")
    render(SMALL_ROAD, START + timedelta(seconds=1), 2.0, tmp_path / "late.mp4")
    early, late = greys(tmp_path / "early.mp4"), greys(tmp_path / "late.mp4")
    differences = [np.abs(a.astype(int) - b).mean() for a, b in zip(early[30:], late[:30], strict=True)]
    assert max(differences) < 3
    assert [read(picture) for picture in early[30:]] == [read(picture) for picture in late[:30]]


def test_the_scene_moves_outside_the_clock_code(tmp_path: Path) -> None:
    for model in (SMALL_ROAD, DRIVER.scaled(180), ANALOG1.scaled(180)):
        render(model, START, 1.0, tmp_path / "clip.mp4")
        pictures = greys(tmp_path / "clip.mp4")
        lower = slice(model.height // 3, model.height * 9 // 10)
        assert np.abs(pictures[0][lower].astype(int) - pictures[len(pictures) // 2][lower]).max() > 50


def test_the_sound_beeps_at_each_whole_second_of_the_wall_clock(tmp_path: Path) -> None:
    render(SMALL_ROAD, START, 3.0, tmp_path / "clip.mp4")
    samples, rate = sound(tmp_path / "clip.mp4")
    loudness = np.sqrt((samples[: len(samples) // 480 * 480].reshape(-1, 480) ** 2).mean(axis=1))
    loud = loudness > 0.15
    onsets = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    assert np.allclose(onsets * 480 / rate, [0.6, 1.6, 2.6], atol=0.03)


def test_only_cameras_with_a_microphone_have_sound(tmp_path: Path) -> None:
    heard = {}
    for model in (SMALL_ROAD, DRIVER.scaled(180)):
        render(model, START, 0.5, tmp_path / "clip.mp4")
        with av.open(str(tmp_path / "clip.mp4")) as film:
            heard[model.word] = bool(film.streams.audio)
    assert heard == {"road": True, "driver": False}


def test_key_frames_come_as_often_as_the_model_says(tmp_path: Path) -> None:
    render(ANALOG1.scaled(180), START, 3.0, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as film:
        keys = [packet.pts * packet.time_base for packet in film.demux(video=0) if packet.is_keyframe]
    assert keys == [0, 1, 2]


def test_the_index_stands_before_the_media(tmp_path: Path) -> None:
    render(SMALL_ROAD, START, 0.5, tmp_path / "clip.mp4")
    content = (tmp_path / "clip.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_still_shows_its_moment(tmp_path: Path) -> None:
    render_still(SMALL_ROAD, START, tmp_path / "still.jpg")
    assert read(greys(tmp_path / "still.jpg")[0]) == Reading(0, round(START.timestamp() * 1000))


def test_a_scaled_model_keeps_its_shape_and_even_sides() -> None:
    small = DRIVER.scaled(180)
    assert (small.width, small.height, small.fps) == (320, 180, Fraction(25))
