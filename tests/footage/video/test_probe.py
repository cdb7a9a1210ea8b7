"""What is said about a file is what its packets say, whatever its header claims."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import replace
from pathlib import Path

import av
import pytest

from footage.errors import BrokenMedia
from footage.media_json import media_from_json, media_to_json
from footage.video import nal
from footage.video.probe import inspect
from tests.footage_samples import (
    PLAIN,
    REAL,
    TOOL,
    Sample,
    copied,
    make,
    needs_real_recordings,
    overwritten,
    rotated,
    starting_late,
    truncated,
    with_messages_of_zeros,
    with_variable_rate,
    without_first_key_frame,
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("probe") / "plain.mp4")


def test_a_plain_clip_is_described_by_its_packets(plain: Path) -> None:
    media = inspect(plain)
    assert media.video is not None
    assert media.audio is not None
    assert (media.video.codec, media.video.width, media.video.height) == ("h264", 128, 72)
    assert (media.video.packets, media.video.frame_rate, media.video.pixel_format) == (60, 30.0, "yuv420p")
    assert (media.audio.codec, media.audio.sample_rate, media.audio.channels) == ("aac", 48000, 1)
    assert media.audio.offset == pytest.approx(-1024 / 48000)
    assert (media.first_picture, media.duration) == (0, pytest.approx(2.0))
    assert media.complete
    assert media.damage == ()


@pytest.mark.parametrize(
    ("sample", "codec", "pixel_format"),
    [
        (PLAIN.but(codec="libx265", sound=""), "hevc", "yuv420p"),
        (PLAIN.but(codec="libx265", pixel_format="yuv420p10le"), "hevc", "yuv420p10le"),
        (PLAIN.but(pixel_format="yuvj420p"), "h264", "yuvj420p"),
        (PLAIN.but(width=130, height=98, pixel_format="yuv444p"), "h264", "yuv444p"),
        (PLAIN.but(codec="mpeg4"), "mpeg4", "yuv420p"),
        (PLAIN.but(rate="30000/1001", b_frames=0), "h264", "yuv420p"),
    ],
)
def test_every_kind_of_picture_is_whole_and_complete(
    tmp_path: Path, sample: Sample, codec: str, pixel_format: str
) -> None:
    media = inspect(make(tmp_path / "clip.mp4", sample))
    assert media.video is not None
    assert (media.video.codec, media.video.pixel_format) == (codec, pixel_format)
    assert media.complete
    assert media.damage == ()
    assert media.duration == pytest.approx(2.0, abs=0.04)


def test_rotation_is_told_counter_clockwise(plain: Path, tmp_path: Path) -> None:
    for degrees in (90, 180, 270):
        media = inspect(rotated(plain, tmp_path / f"{degrees}.mp4", degrees))
        assert media.video is not None
        assert media.video.rotation == degrees


@pytest.mark.parametrize(
    ("said", "aspect", "matrix"),
    [
        (("-vf", "setsar=4/3"), 4 / 3, 2),
        (("-aspect", "16:9", "-s", "120x90"), 4 / 3, 2),
        (("-colorspace", "smpte170m"), 1.0, 6),
        (("-colorspace", "bt470bg"), 1.0, 5),
        (("-colorspace", "bt709"), 1.0, 1),
    ],
)
def test_the_shape_of_a_pixel_and_the_colour_matrix_are_told(
    tmp_path: Path, said: tuple[str, ...], aspect: float, matrix: int
) -> None:
    video = inspect(make(tmp_path / "clip.mp4", PLAIN.but(sound="", seconds=0.5, extra=said))).video
    assert video is not None
    assert (video.pixel_aspect, video.matrix) == (pytest.approx(aspect), matrix)


def test_a_pixel_shape_that_only_the_container_tells_counts_too(plain: Path, tmp_path: Path) -> None:
    video = inspect(copied(plain, tmp_path / "pasp.mp4", after=["-aspect", "64:27"])).video
    assert video is not None
    assert video.pixel_aspect == pytest.approx(4 / 3)


def test_a_clip_that_starts_late_in_its_own_clock_is_as_long_as_its_pictures(plain: Path, tmp_path: Path) -> None:
    media = inspect(starting_late(plain, tmp_path / "late.mp4", 1.5))
    assert media.first_picture == pytest.approx(1.5)
    assert media.duration == pytest.approx(2.0)
    assert media.audio is not None
    assert media.audio.offset == pytest.approx(-1024 / 48000, abs=0.001)


def test_pictures_that_an_edit_list_hides_are_counted_but_take_no_time(plain: Path, tmp_path: Path) -> None:
    media = inspect(copied(plain, tmp_path / "edited.mp4", "-ss", "0.7"))
    assert media.video is not None
    assert media.complete
    assert media.damage == ()
    assert media.video.packets == 45  # from the key frame at 0.5 s on
    assert media.first_picture == pytest.approx(0, abs=0.001)
    assert media.duration == pytest.approx(1.3, abs=0.001)


def test_a_variable_rate_is_told_as_its_mean_and_keeps_its_length(tmp_path: Path) -> None:
    media = inspect(with_variable_rate(tmp_path / "vfr.mp4"))
    assert media.video is not None
    assert media.video.frame_rate == pytest.approx(20, abs=0.6)
    assert media.duration + media.first_picture == pytest.approx(2.0, abs=0.04)


def test_pictures_before_the_first_key_frame_are_damage(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", PLAIN.but(b_frames=0, sound=""))
    media = inspect(without_first_key_frame(whole, tmp_path / "late_key.mp4", packets=5))
    assert len(media.damage) == 1
    begin, end = media.damage[0]
    assert begin == 0
    assert end == pytest.approx(10 / 30)
    assert media.duration == pytest.approx(55 / 30)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.97])
def test_a_truncated_faststart_file_is_incomplete_and_as_long_as_what_can_be_read(
    plain: Path, tmp_path: Path, share: float
) -> None:
    media = inspect(truncated(plain, tmp_path / "cut.mp4", share))
    assert media.video is not None
    assert not media.complete
    assert media.video.packets < 60
    assert media.duration == pytest.approx(media.video.packets / 30, abs=0.1)
    assert media.damage == ()


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_zeroed_region_is_damage_to_the_next_key_frame(tmp_path: Path, codec: str) -> None:
    whole = make(tmp_path / "whole.mp4", PLAIN.but(width=320, height=180, codec=codec, sound=""))
    media = inspect(overwritten(whole, tmp_path / "zeroed.mp4", at=0.4, size=4096))
    assert media.complete
    assert len(media.damage) == 1
    begin, end = media.damage[0]
    assert 0 < begin < end < 2
    assert (end * 2) % 1 == pytest.approx(0, abs=1e-6)  # a key frame stands at each half second


def test_a_hole_inside_one_picture_is_damage_though_all_lengths_are_right(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", PLAIN.but(width=320, height=180, sound=""))
    with av.open(str(whole)) as container:
        packet = next(each for number, each in enumerate(container.demux(video=0)) if number == 30)
        shown = float(packet.pts * packet.time_base)
        begin, size = packet.pos, packet.size
    data = bytearray(whole.read_bytes())
    data[begin + size // 2 : begin + size // 2 + 64] = bytes(64)
    (tmp_path / "hole.mp4").write_bytes(data)
    media = inspect(tmp_path / "hole.mp4")
    assert media.damage == ((pytest.approx(shown), pytest.approx(1.5)),)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_zeros_in_a_message_that_no_picture_needs_are_no_damage(tmp_path: Path, codec: str) -> None:
    whole = make(tmp_path / "whole.mp4", PLAIN.but(codec=codec, sound=""))
    told = with_messages_of_zeros(whole, tmp_path / "told.mp4")
    assert TOOL.run(["-xerror", "-i", str(told), "-f", "null", "-"]) == ""
    assert inspect(told).damage == ()


def test_bytes_that_are_no_packets_are_damage(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", PLAIN.but(width=320, height=180, sound=""))
    media = inspect(overwritten(whole, tmp_path / "noise.mp4", at=0.4, size=4096, fill=0x5A))
    assert len(media.damage) == 1


def test_a_fragmented_file_is_read_like_any_other(plain: Path, tmp_path: Path) -> None:
    target = tmp_path / "fragments.mp4"
    TOOL.run(["-i", str(plain), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", str(target)])
    media = inspect(target)
    assert media.video is not None
    assert media.complete
    assert media.video.packets == 60
    assert media.duration == pytest.approx(2.0, abs=0.05)


def test_a_file_of_sound_alone_is_refused_in_a_sentence(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mp4"
    TOOL.run(["-f", "lavfi", "-i", "sine=d=1", str(sound)])
    with pytest.raises(BrokenMedia, match="no picture track"):
        inspect(sound)


def test_a_header_without_a_picture_is_refused_in_a_sentence(plain: Path, tmp_path: Path) -> None:
    data = plain.read_bytes()
    header = tmp_path / "header.mp4"
    header.write_bytes(data[: data.index(b"mdat") + 14])
    with pytest.raises(BrokenMedia, match="no readable picture"):
        inspect(header)


@pytest.mark.parametrize("content", [b"", b"just words\n", b"<html><body>403</body></html>", bytes(5000)])
def test_what_is_no_mp4_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(BrokenMedia, match=r"clip\.mp4 is not a readable MP4"):
        inspect(path)


def test_a_missing_file_is_no_broken_media(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{local}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{address}'\n",
        "ffconcat version 1.0\nfile '{local}'\n",
    ],
)
def test_a_playlist_that_poses_as_a_clip_touches_nothing(plain: Path, tmp_path: Path, text: str) -> None:
    asked: list[str] = []

    class Witness(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Witness) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        poser = tmp_path / "poser.mp4"
        address = f"http://127.0.0.1:{server.server_address[1]}/clip.mp4"
        poser.write_text(text.format(address=address, local=plain.as_posix()), encoding="utf-8")
        with pytest.raises(BrokenMedia):
            inspect(poser)
        server.shutdown()
    assert asked == []


def test_what_is_known_of_a_file_survives_json(plain: Path, tmp_path: Path) -> None:
    for media in (inspect(plain), inspect(truncated(plain, tmp_path / "cut.mp4", 0.5))):
        assert media_from_json(json.loads(json.dumps(media_to_json(media)))) == media


def test_a_journal_that_knows_no_pixel_shape_and_no_matrix_is_still_read(plain: Path) -> None:
    media = inspect(plain)
    written = media_to_json(media)
    for fact in ("pixel_aspect", "matrix"):
        del written["video"][fact]
    known = media_from_json(written).video
    assert media.video is not None
    assert known == replace(media.video, pixel_aspect=1.0, matrix=None)


def test_a_journal_that_knows_no_pauses_and_no_delay_is_still_read(plain: Path) -> None:
    media = inspect(plain)
    written = media_to_json(media)
    for fact in ("pauses", "key_delay"):
        del written[fact]
    assert media.key_delay is not None
    assert media_from_json(written) == replace(media, pauses=(), key_delay=None)


def test_parameter_sets_in_another_order_are_the_same_fingerprint() -> None:
    def avcc(*pictures: bytes) -> bytes:
        one = [len(each).to_bytes(2, "big") + each for each in (b"\x67sps", *pictures)]
        return b"\x01\x64\x00\x0d\xff\xe1" + one[0] + bytes([len(pictures)]) + b"".join(one[1:])

    first = nal.fingerprint("h264", avcc(b"\x68a", b"\x68b"))
    assert first == nal.fingerprint("h264", avcc(b"\x68b", b"\x68a"))
    assert first != nal.fingerprint("h264", avcc(b"\x68a", b"\x68c"))


@needs_real_recordings
@pytest.mark.parametrize(
    ("name", "size", "rate", "pictures"),
    [
        ("road_highway_960x540_25fps.mp4", (960, 540), 25, 221),
        ("camera_1280x720_30fps_aac.mp4", (1280, 720), 30, 420),
    ],
)
def test_real_recordings_are_whole(name: str, size: tuple[int, int], rate: float, pictures: int) -> None:
    media = inspect(REAL / name)
    assert media.video is not None
    assert (media.video.width, media.video.height) == size
    assert (media.video.frame_rate, media.video.packets) == (rate, pictures)
    assert media.complete
    assert media.damage == ()
