"""The sound of an incident: each sample where the wall clock puts it, silence elsewhere, exactly as long as asked."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import BrokenMedia, Interrupted
from footage.models import TimeWindow
from footage.timeline import Piece
from footage.video.ffmpeg import FFmpeg
from footage.video.sound import RATE, Stretch, lay_sound, lay_stretches
from footage.video.sound_encode import sections
from tests.footage_samples import PLAIN, START, TOOL, Sample, clip, make, starting_late, truncated

pytestmark = pytest.mark.slow

TICK = 0.25
"""Beeps begin at every whole quarter second of a clip's own time."""


def beeping(path: Path, sample: Sample) -> Path:
    """A clip that beeps for 20 ms at each quarter of a second, first at 0."""
    beep = f"aevalsrc=exprs='0.6*sin(2*PI*1500*t)*lt(mod(t,{TICK}),0.02)':s={sample.sample_rate}:d={sample.seconds}"
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=64x64:r={sample.rate}:d={sample.seconds}", "-f", "lavfi", "-i", beep]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", sample.sound, "-ac", str(sample.channels)]
    TOOL.run([*picture, *coded, *sample.extra, str(path)])
    return path


def heard(path: Path) -> np.ndarray:
    """The first channel as players present it: what the last packet holds past the declared length is cut off."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.sample_rate == RATE
        length = round(stream.duration * stream.time_base * RATE)
        frames = list(container.decode(stream))
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert length <= len(samples) < length + 1024
    return samples[:length]


def beeps(samples: np.ndarray) -> list[float]:
    """When each beep begins, in seconds."""
    loud = np.abs(samples) > 0.1
    begins = [n for n in np.flatnonzero(loud) if not loud[max(n - RATE // 20, 0) : n].any()]
    return [float(n) / RATE for n in begins]


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def window(begin: float, end: float) -> TimeWindow:
    return TimeWindow(START + after(begin), START + after(end))


@pytest.mark.parametrize(
    "sample",
    [
        PLAIN,
        PLAIN.but(channels=2),
        PLAIN.but(sample_rate=16000),
        PLAIN.but(sample_rate=44100),
        PLAIN.but(sound="pcm_alaw", sample_rate=8000),
    ],
)
def test_each_sound_is_at_its_wall_clock_time_to_the_millisecond(tmp_path: Path, sample: Sample) -> None:
    source = beeping(tmp_path / "beeps.mov", sample.but(seconds=4))
    late = clip(source, START + after(1.1))
    pieces = [
        Piece(window(0, 1.6), reason="no_media"),
        Piece(window(1.6, 4.35), late),  # from 0.5 s of the clip on
        Piece(window(4.35, 6), reason="no_media"),
    ]
    target = lay_sound(pieces, window(0, 6), tmp_path / "sound.m4a", tool=TOOL)
    assert target is not None
    samples = heard(target)
    assert len(samples) == 6 * RATE
    expected = [1.6 + TICK * n for n in range(11)]
    assert beeps(samples) == pytest.approx(expected, abs=0.002)
    assert np.abs(samples[: int(1.59 * RATE)]).max() < 0.01
    assert np.abs(samples[int(4.37 * RATE) :]).max() < 0.01


def test_clips_that_follow_one_another_stay_in_time(tmp_path: Path) -> None:
    source = beeping(tmp_path / "beeps.mp4", PLAIN.but(seconds=1))
    pieces = [Piece(window(n, n + 1), clip(source, START + after(n))) for n in range(12)]
    target = lay_sound(pieces, window(0, 12), tmp_path / "sound.m4a", tool=TOOL)
    assert target is not None
    assert beeps(heard(target)) == pytest.approx([n * TICK for n in range(48)], abs=0.002)


def test_a_clip_whose_clock_does_not_begin_at_zero_is_placed_by_its_first_picture(tmp_path: Path) -> None:
    late = starting_late(beeping(tmp_path / "beeps.mp4", PLAIN), tmp_path / "late.mp4", 3.0)
    target = lay_sound([Piece(window(0, 2), clip(late))], window(0, 2), tmp_path / "sound.m4a", tool=TOOL)
    assert target is not None
    assert beeps(heard(target)) == pytest.approx([n * TICK for n in range(8)], abs=0.002)


def test_a_clip_that_is_cut_off_is_silent_after_its_end(tmp_path: Path) -> None:
    source = make(tmp_path / "whole.mp4", PLAIN.but(seconds=4))
    cut = clip(truncated(source, tmp_path / "cut.mp4", 0.6))
    target = lay_sound([Piece(window(0, 4), cut)], window(0, 4), tmp_path / "sound.m4a", tool=TOOL)
    assert target is not None
    samples = heard(target)
    assert len(samples) == 4 * RATE
    assert np.abs(samples[:RATE]).max() > 0.05
    assert np.abs(samples[-RATE // 2 :]).max() < 0.001


def test_where_no_piece_has_sound_there_is_no_track(tmp_path: Path) -> None:
    silent = clip(make(tmp_path / "silent.mp4", PLAIN.but(sound="")))
    pieces = [Piece(window(0, 2), silent), Piece(window(2, 3), reason="no_media")]
    assert lay_sound(pieces, window(0, 3), tmp_path / "sound.m4a", tool=TOOL) is None
    assert not (tmp_path / "sound.m4a").exists()


def test_a_clip_that_vanished_is_named(tmp_path: Path) -> None:
    gone = clip(make(tmp_path / "gone.mp4"))
    gone.path.unlink()
    with pytest.raises(BrokenMedia, match=r"gone\.mp4"):
        lay_sound([Piece(window(0, 2), gone)], window(0, 2), tmp_path / "sound.m4a", tool=TOOL)


def test_stereo_stays_stereo_and_mono_mono(tmp_path: Path) -> None:
    for channels in (1, 2):
        source = clip(make(tmp_path / f"{channels}.mp4", PLAIN.but(channels=channels)))
        target = lay_sound([Piece(window(0, 2), source)], window(0, 2), tmp_path / f"{channels}.m4a", tool=TOOL)
        assert target is not None
        with av.open(str(target)) as container:
            assert container.streams.audio[0].codec_context.layout.nb_channels == channels


@given(st.integers(0, 3_000_000), st.integers(1, 9))
def test_sections_share_no_packet_and_lose_none(samples: int, count: int) -> None:
    divided = sections(samples, count)
    assert divided[0].first == 0
    assert divided[-1].end is None
    assert all(a.end == b.first and a.first < b.first for a, b in pairwise(divided))
    assert len(divided) <= count


@pytest.mark.parametrize("divisions", [2, 3, 5])
def test_sections_encoded_side_by_side_meet_without_a_click(tmp_path: Path, divisions: int) -> None:
    source = make(tmp_path / "tone.mp4", PLAIN.but(seconds=6, tone=337, channels=2))
    whole, divided = (
        heard(
            lay_stretches(
                [Stretch(0.0, 6.0, source, 0.0)], 6.0, tmp_path / f"{n}.m4a", channels=2, tool=TOOL, divisions=n
            )
        )
        for n in (1, divisions)
    )
    assert len(whole) == len(divided) == 6 * RATE
    inner = slice(RATE // 10, -RATE // 10)
    assert roughness(divided[inner]) < 1.5 * roughness(whole[inner])
    assert np.abs(whole - divided)[inner].max() < 0.01


def roughness(samples: np.ndarray) -> float:
    """The largest bend from one sample to the next: a click stands out by far."""
    return float(np.abs(np.diff(samples, 2)).max())


def test_a_stop_ends_the_laying_and_leaves_nothing(tmp_path: Path) -> None:
    source = clip(make(tmp_path / "clip.mp4"))
    tool = FFmpeg()
    tool.stop.set()
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(Interrupted):
        lay_sound([Piece(window(0, 2), source)], window(0, 2), folder / "sound.m4a", tool=tool)
    assert list(folder.iterdir()) == []
