"""The choice of the encoder: only what proves itself on a real second of film is used."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from footage.video.encoder import QUALITIES, Choice, Encoder, estimated_bytes, hardware, software, works
from footage.video.ffmpeg import FFmpeg

RATE = Fraction(30)
# Another software encoder stands for hardware that works: what it takes to be chosen is the same.
WORKING = Encoder("libopenh264", ("-pix_fmt", "yuv420p", "-g", "60"))
ABSENT = Encoder("h264_no_such_thing", ())


def choice(work: Path, *candidates: Encoder) -> Choice:
    return Choice(candidates, software("standard", RATE), RATE, tool=FFmpeg(), work=work)


def test_libx264_works_at_every_quality(tmp_path):
    for quality in QUALITIES:
        assert works(software(quality, RATE), 320, 180, RATE, tool=FFmpeg(), work=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_hardware_the_choice_is_libx264(tmp_path):
    assert choice(tmp_path, ABSENT).encoder(320, 180).name == "libx264"


def test_the_first_hardware_that_works_is_chosen(tmp_path):
    assert choice(tmp_path, ABSENT, WORKING).encoder(320, 180) == WORKING


def test_an_encoder_that_writes_another_size_is_not_trusted(tmp_path):
    wrong = Encoder("libx264", ("-pix_fmt", "yuv420p", "-s", "160x90"))
    assert not works(wrong, 320, 180, RATE, tool=FFmpeg(), work=tmp_path)


def test_after_a_failure_the_whole_film_is_made_by_libx264(tmp_path):
    chosen = choice(tmp_path, WORKING)
    assert chosen.fall_back(chosen.encoder(320, 180))
    assert chosen.encoder(320, 180).name == "libx264"
    assert not chosen.fall_back(chosen.encoder(320, 180))


def test_every_hardware_encoder_of_the_contract_is_tried():
    assert [each.name for each in hardware("standard", RATE)] == [
        "h264_nvenc", "h264_qsv", "h264_amf", "h264_videotoolbox", "h264_mf", "h264_vaapi",
    ]  # fmt: skip


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_better_quality_is_estimated_larger(quality):
    sizes = {name: estimated_bytes(name, 3840, 796, RATE, 60) for name in QUALITIES}
    assert sizes["small"] < sizes["standard"] < sizes["high"]
    assert 5_000_000 < sizes[quality] < 200_000_000


def test_libx264_makes_frames_that_every_player_shows(tmp_path):
    encoder = software("standard", RATE)
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30:duration=1"]
    FFmpeg().run([*source, "-c:v", encoder.name, *encoder.options, str(tmp_path / "film.mp4")])
    with av.open(str(tmp_path / "film.mp4")) as film:
        track = film.streams.video[0].codec_context
        assert (track.name, track.pix_fmt, track.profile) == ("h264", "yuv420p", "High")
