"""One film per camera: every packet of every clip once, in step, with the time written in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import BrokenMedia, Interrupted, ToolFailed
from footage.models import Clip
from footage.video.ffmpeg import FFmpeg
from footage.video.join import Joined, join
from footage.video.join_check import Expected, check
from footage.video.join_tables import FileTable, TrackTable, film_starts, read_table
from footage.video.join_texts import PlacedClip, chapters, clock_subtitles, concat_list, wall_clock
from footage.video.probe import inspect
from tests.footage_samples import (
    PLAIN,
    REAL,
    START,
    TOOL,
    Sample,
    clip,
    copied,
    make,
    needs_real_recordings,
    overwritten,
    packet_hashes,
    rotated,
    starting_late,
    truncated,
    with_track_declared_shorter,
    with_variable_rate,
    without_first_key_frame,
)

pytestmark = pytest.mark.slow

CHICAGO = ZoneInfo("America/Chicago")


def joined(clips: Sequence[Clip], folder: Path, *, name: str = "film.mp4", tool: FFmpeg = TOOL) -> Joined:
    return join(clips, folder / name, tool=tool, work=folder / "work", zone=CHICAGO, title="Road: it's = a; test #1")


def in_a_row(paths: Sequence[Path], *, every: float = 2.0) -> list[Clip]:
    return [clip(path, START + timedelta(seconds=number * every)) for number, path in enumerate(paths)]


def assert_every_packet_once(result: Joined, clips: Sequence[Clip], kinds: Sequence[str] = ("video", "audio")) -> None:
    for kind in kinds:
        wanted = [digest for each in clips for digest in packet_hashes(each.path, kind)]
        assert packet_hashes(result.path, kind) == wanted, kind
        assert result.packets[kind] == len(wanted)


def packet_times(path: Path, kind: str) -> list[tuple[float, float]]:
    """Presentation and decoding time of each packet in seconds, in the order of the file."""
    with av.open(str(path), options={"advanced_editlist": "0"}) as container:
        stream = container.streams.get(**{kind: 0})[0]
        return [
            (float(each.pts * stream.time_base), float(each.dts * stream.time_base))
            for each in container.demux(stream)
            if each.size and each.pts is not None and each.dts is not None
        ]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("join")
    return in_a_row([make(folder / f"clip {n}'s.mp4", PLAIN.but(tone=400 + 100 * n)) for n in range(3)])


def test_a_film_holds_every_packet_of_every_clip_once_in_time_order(clips: list[Clip], tmp_path: Path) -> None:
    result = joined([clips[2], clips[0], clips[1]], tmp_path)
    assert_every_packet_once(result, clips)
    assert [each.clip for each in result.placed] == clips
    assert result.notes == ()
    for kind in ("video", "audio"):
        decoding = [time for _, time in packet_times(result.path, kind)]
        assert all(a < b for a, b in pairwise(decoding))


def test_a_film_decodes_without_a_complaint_to_all_pictures(clips: list[Clip], tmp_path: Path) -> None:
    result = joined(clips, tmp_path)
    said = TOOL.run(["-xerror", "-i", str(result.path), "-f", "null", "-"])
    assert said == ""
    with av.open(str(result.path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 180


def test_nothing_is_left_behind_but_the_film(clips: list[Clip], tmp_path: Path) -> None:
    result = joined(clips, tmp_path)
    assert list((tmp_path / "work").iterdir()) == []
    assert result.path == tmp_path / "film.mp4"


def test_the_index_stands_before_the_media_and_the_brand_is_mp4(clips: list[Clip], tmp_path: Path) -> None:
    data = joined(clips, tmp_path).path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_placed_tells_where_each_clips_first_picture_is(clips: list[Clip], tmp_path: Path) -> None:
    result = joined(clips, tmp_path)
    pictures = packet_times(result.path, "video")
    for number, placed in enumerate(result.placed):
        assert pictures[60 * number][0] == pytest.approx(placed.film_start, abs=0.001)
    assert result.placed[0].film_start == 0
    assert result.seconds == pytest.approx(result.placed[-1].film_end, abs=0.05)


def test_sound_stays_in_step_over_sixty_joins(tmp_path: Path) -> None:
    source = make(tmp_path / "one.mp4", PLAIN.but(seconds=0.5, gop=15))
    many = [clip(source, START + timedelta(seconds=n)) for n in range(60)]
    result = joined(many, tmp_path)
    pictures, sounds = packet_times(result.path, "video"), packet_times(result.path, "audio")
    per_clip = many[0].media.audio.packets if many[0].media.audio else 0
    for n in range(60):
        assert sounds[n * per_clip][0] - pictures[n * 15][0] == pytest.approx(-1024 / 48000, abs=0.001)
    by_samples = len(sounds) * 1024 / 48000
    assert by_samples == pytest.approx(sounds[-1][0] + 2 * 1024 / 48000, abs=0.001)  # players that count samples


def test_gaps_are_closed_and_overlaps_kept_whole(clips: list[Clip], tmp_path: Path) -> None:
    apart = [clip(clips[0].path), clip(clips[1].path, START + timedelta(minutes=5))]
    over = [clip(clips[0].path), clip(clips[1].path, START + timedelta(seconds=1))]
    for name, pair in (("apart.mp4", apart), ("over.mp4", over)):
        result = joined(pair, tmp_path, name=name)
        assert_every_packet_once(result, pair)
        assert result.placed[1].film_start == pytest.approx(2.0, abs=0.05)


def test_chapters_tell_each_clips_wall_clock(clips: list[Clip], tmp_path: Path) -> None:
    late = clip(clips[1].path, START + timedelta(seconds=60.2))
    result = joined([clips[0], late], tmp_path)
    told = tmp_path / "told.txt"
    TOOL.run(["-i", str(result.path), "-f", "ffmetadata", str(told)])
    text = told.read_text(encoding="utf-8")
    titles = [line.removeprefix("title=") for line in text.splitlines() if line.startswith("title=")]
    assert titles[0] == "Road: it's \\= a\\; test \\#1"
    assert titles[1:] == ["2025-04-16 13:30:00.000 -0500", "2025-04-16 13:31:00.200 -0500"]
    starts = [int(line.removeprefix("START=")) for line in text.splitlines() if line.startswith("START=")]
    scales = [int(line.removeprefix("TIMEBASE=1/")) for line in text.splitlines() if line.startswith("TIMEBASE=")]
    begins = [start / scale for start, scale in zip(starts, scales, strict=True)]
    assert begins == pytest.approx([each.film_start for each in result.placed], abs=0.002)


def test_the_running_clock_is_a_subtitle_track(clips: list[Clip], tmp_path: Path) -> None:
    result = joined([clips[0], clip(clips[1].path, START + timedelta(seconds=60.2))], tmp_path)
    said = tmp_path / "clock.srt"
    TOOL.run(["-i", str(result.path), "-map", "0:s:0", str(said)])
    lines = [line for line in said.read_text(encoding="utf-8").splitlines() if "UTC" in line]
    assert lines[:2] == ["2025-04-16 13:30:00 -0500  (18:30:00 UTC)", "2025-04-16 13:30:01 -0500  (18:30:01 UTC)"]
    assert lines[2] == "2025-04-16 13:31:00 -0500  (18:31:00 UTC)"


def test_a_truncated_clip_gives_what_can_be_read_and_costs_no_other_clip(clips: list[Clip], tmp_path: Path) -> None:
    cut = clip(truncated(clips[1].path, tmp_path / "cut.mp4", 0.6), clips[1].window.start)
    assert not cut.media.complete
    row = [cut, clips[2]]
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row)
    first_again = joined([clips[0], cut, clips[2]], tmp_path, name="middle.mp4")
    assert_every_packet_once(first_again, [clips[0], cut, clips[2]])


def test_damaged_packets_go_in_as_they_are(clips: list[Clip], tmp_path: Path) -> None:
    holed = clip(overwritten(clips[1].path, tmp_path / "holed.mp4", at=0.4, size=4096), clips[1].window.start)
    assert holed.media.damage
    row = [clips[0], holed, clips[2]]
    assert_every_packet_once(joined(row, tmp_path), row)


def odd_ones(folder: Path, plain: Path) -> dict[str, Path]:
    moved = copied(plain, folder / "sound_first.mp4", after=["-map", "0:a", "-map", "0:v"])
    fragmented = folder / "fragmented.mp4"
    TOOL.run(["-i", str(plain), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", str(fragmented)])
    return {
        "sound first": moved,
        "fragmented": fragmented,
        "another clock": copied(plain, folder / "clock.mp4", after=["-video_track_timescale", "90000"]),
        "starts late": starting_late(plain, folder / "late.mp4", 1.5),
        "hidden pictures": copied(plain, folder / "hidden.mp4", "-ss", "0.7"),
        "no first key frame": without_first_key_frame(plain, folder / "no_key.mp4", packets=4),
    }


@pytest.mark.parametrize(
    "kind", ["sound first", "fragmented", "another clock", "starts late", "hidden pictures", "no first key frame"]
)
def test_odd_clips_lose_no_packet_and_cost_none(clips: list[Clip], tmp_path: Path, kind: str) -> None:
    odd = clip(odd_ones(tmp_path, clips[1].path)[kind], clips[1].window.start)
    row = [clips[0], odd, clips[2]]
    result = joined(row, tmp_path)
    kinds = ("video",) if odd.media.audio is None else ("video", "audio")
    assert_every_packet_once(result, row, kinds)
    pictures = packet_times(result.path, "video")
    first = len(packet_hashes(row[0].path, "video")) + len(packet_hashes(odd.path, "video"))
    assert pictures[first][0] == pytest.approx(result.placed[2].film_start, abs=0.002)


@pytest.mark.parametrize("kind", ["starts late", "hidden pictures", "no first key frame"])
def test_an_odd_clip_may_come_first(clips: list[Clip], tmp_path: Path, kind: str) -> None:
    odd = clip(odd_ones(tmp_path, clips[0].path)[kind], clips[0].window.start)
    row = [odd, clips[1]]
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row, ("video",) if odd.media.audio is None else ("video", "audio"))
    shown = [time for time, _ in packet_times(result.path, "video")]
    assert any(abs(time - result.placed[0].film_start) < 0.002 for time in shown)


@pytest.mark.parametrize("sound", ["", "aac", "pcm_alaw"])
def test_a_film_may_begin_with_a_clip_without_a_key_frame_or_consist_of_such(tmp_path: Path, sound: str) -> None:
    sample = PLAIN.but(b_frames=0, sound=sound, sample_rate=8000)
    whole = make(tmp_path / "whole.mov", sample)
    headless = without_first_key_frame(whole, tmp_path / "headless.mov", packets=4)
    for name, paths in (("alone.mp4", [headless]), ("first.mp4", [headless, whole]), ("both.mp4", [headless] * 2)):
        row = in_a_row(paths)
        assert_every_packet_once(joined(row, tmp_path, name=name), row, ["video"])


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_a_track_is_as_long_as_its_packets_whatever_its_header_says(
    clips: list[Clip], tmp_path: Path, kind: str
) -> None:
    short = with_track_declared_shorter(clips[0].path, tmp_path / "short.mp4", kind)
    row = in_a_row([short] * 3)
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row)
    assert [each.film_start for each in result.placed] == pytest.approx([0, 2, 4], abs=0.1)


def test_a_clip_that_lost_its_first_pictures_is_followed_by_others(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", PLAIN.but(b_frames=2, sound=""))
    for packets in range(1, 7):
        headless = without_first_key_frame(whole, tmp_path / f"{packets}.mp4", packets=packets)
        row = in_a_row([headless] * 2)
        assert_every_packet_once(joined(row, tmp_path), row, ["video"])


def picture_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0) if frame.time is not None]


def test_clips_of_variable_rate_keep_their_times(tmp_path: Path) -> None:
    row = in_a_row([with_variable_rate(tmp_path / f"{n}.mp4") for n in range(2)])
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row)
    times = sorted(time for time, _ in packet_times(result.path, "video"))
    half = len(times) // 2
    assert np.diff(times[:half]) == pytest.approx(np.diff(times[half:]), abs=0.001)


def test_hevc_is_tagged_so_that_players_know_it(tmp_path: Path) -> None:
    sample = PLAIN.but(codec="libx265", sound="", seconds=0.5)
    row = in_a_row([make(tmp_path / f"{n}.mp4", sample) for n in range(2)])
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row, ["video"])
    assert result.packets == {"video": 30}
    assert b"hvc1" in result.path.read_bytes()


def test_rotation_survives_the_join(clips: list[Clip], tmp_path: Path) -> None:
    row = in_a_row([rotated(clips[n].path, tmp_path / f"{n}.mp4", 90) for n in range(2)])
    result = joined(row, tmp_path)
    assert result.notes == ()
    video = inspect(result.path).video
    assert video is not None
    assert video.rotation == 90


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw", "pcm_s16le"])
def test_sound_that_mp4_does_not_carry_becomes_aac(tmp_path: Path, codec: str) -> None:
    sample = PLAIN.but(sound=codec, sample_rate=8000)
    row = in_a_row([make(tmp_path / f"{n}.mov", sample) for n in range(2)])
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row, ["video"])
    audio = inspect(result.path).audio
    assert audio is not None
    assert audio.codec == "aac"
    assert len(result.notes) == 1
    assert codec in result.notes[0]


@pytest.mark.parametrize(
    "other",
    [PLAIN.but(sound=""), PLAIN.but(sample_rate=16000), PLAIN.but(channels=2), PLAIN.but(sound="libmp3lame")],
)
def test_where_only_the_sound_differs_the_pictures_stay_as_they_are(
    clips: list[Clip], tmp_path: Path, other: Sample
) -> None:
    row = in_a_row([clips[0].path, make(tmp_path / "other.mp4", other), clips[2].path])
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row, ["video"])
    assert "sound differs" in result.notes[0]
    loud = loudness(result.path)
    silent = not other.sound
    assert loud(result.placed[0].film_start + 1) > 0.02
    assert (loud(result.placed[1].film_start + 1) < 0.001) == silent
    assert loud(result.placed[2].film_start + 1) > 0.02


def loudness(path: Path):  # noqa: ANN201
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    rate = frames[0].sample_rate
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return lambda second: float(np.sqrt(np.mean(samples[int((second - 0.1) * rate) : int((second + 0.1) * rate)] ** 2)))


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.but(width=96, height=72),
        PLAIN.but(width=160, height=90, rate="25", sound=""),
        PLAIN.but(codec="libx265"),
        PLAIN.but(pixel_format="yuv444p"),
        PLAIN.but(pixel_format="yuvj420p"),
        PLAIN.but(b_frames=0),
    ],
)
def test_pictures_that_differ_are_encoded_once_to_one_shape_and_it_is_said(
    clips: list[Clip], tmp_path: Path, other: Sample
) -> None:
    row = in_a_row([clips[0].path, make(tmp_path / "other.mp4", other), clips[2].path])
    result = joined(row, tmp_path)
    assert "pictures differ" in result.notes[0]
    video = inspect(result.path).video
    assert video is not None
    largest = max((128, 72), (other.width, other.height))
    assert (video.width, video.height, video.frame_rate) == (*largest, 30.0)
    assert len(picture_times(result.path)) == 180
    assert result.seconds == pytest.approx(6.0, abs=0.05)


def test_a_rotated_clip_among_others_is_turned_and_fitted(clips: list[Clip], tmp_path: Path) -> None:
    row = in_a_row([clips[0].path, rotated(clips[1].path, tmp_path / "r.mp4", 90)])
    result = joined(row, tmp_path)
    with av.open(str(result.path)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert frames[90].shape == frames[30].shape
    edge = frames[90][:, : frames[90].shape[1] // 8]
    assert edge.mean() < 24  # black beside the upright picture


def test_a_clip_that_shows_nothing_is_left_out_of_a_new_shape_and_named(clips: list[Clip], tmp_path: Path) -> None:
    other = make(tmp_path / "other.mp4", PLAIN.but(width=96, seconds=0.5, sound=""))
    zeros = overwritten(other, tmp_path / "dark.mp4", at=0, size=other.stat().st_size)
    dark = clip(zeros, START + timedelta(seconds=9))
    result = joined([clips[0], dark], tmp_path)
    assert [each.clip for each in result.placed] == [clips[0]]
    assert "dark.mp4" in result.notes[1]


def test_a_film_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenMedia):
        joined([], tmp_path)


def test_a_clip_that_vanished_is_a_failure_and_not_a_shorter_film(clips: list[Clip], tmp_path: Path) -> None:
    gone = make(tmp_path / "gone.mp4")
    row = in_a_row([clips[0].path, gone])
    gone.unlink()
    with pytest.raises(FileNotFoundError):
        joined(row, tmp_path)
    assert not (tmp_path / "film.mp4").exists()


def test_a_stopped_join_leaves_no_film(clips: list[Clip], tmp_path: Path) -> None:
    tool = FFmpeg()
    tool.stop.set()
    alaw = in_a_row([make(tmp_path / "a.mov", PLAIN.but(sound="pcm_alaw", sample_rate=8000))])
    with pytest.raises(Interrupted):
        joined(alaw, tmp_path, tool=tool)
    assert not (tmp_path / "film.mp4").exists()
    assert list((tmp_path / "work").iterdir()) == []


def test_the_check_refuses_a_film_that_lacks_a_clip_or_has_it_elsewhere(clips: list[Clip], tmp_path: Path) -> None:
    tables = [read_table(each.path, each.media, with_sound=True) for each in clips]
    starts = film_starts(tables)
    film = joined(clips, tmp_path).path
    assert check(film, Expected(tables, starts, copied_sound=True, laid_sound=False))[0]["video"] == 180
    short = joined(clips[:2], tmp_path, name="short.mp4").path
    with pytest.raises(ToolFailed, match="packets"):
        check(short, Expected(tables, starts, copied_sound=True, laid_sound=False))
    moved = [starts[0], starts[1] + 40_000, *starts[2:]]
    with pytest.raises(ToolFailed, match="no clip beginning"):
        check(film, Expected(tables, moved, copied_sound=True, laid_sound=False))
    with pytest.raises(ToolFailed, match="lasts"):
        check(film, Expected(tables, [*starts[:-1], starts[-1] + 500_000], copied_sound=True, laid_sound=False))


ticks = st.sampled_from([Fraction(1, 25), Fraction(1, 1000), Fraction(1, 15360), Fraction(1, 90000)])
tracks = st.builds(
    lambda tick, shown, delay, length: TrackTable(
        0, tick, 1, shown * tick, (shown - delay) * tick, length * tick, (shown + length) * tick
    ),
    ticks,
    st.integers(-3000, 200_000),
    st.integers(0, 5000),
    st.integers(1, 6_000_000),
)
files = st.builds(FileTable, tracks, st.none() | tracks, st.integers(-100_000, 2_000_000))


@given(st.lists(files, min_size=1, max_size=12))
def test_no_track_ever_overlaps_and_no_file_is_later_than_it_must(tables: list[FileTable]) -> None:
    starts = film_starts(tables)
    assert starts[0] == 0
    last: dict[str, tuple[Fraction, Fraction]] = {}
    for table, start in zip(tables, starts, strict=False):
        shift = Fraction(start - table.start, 1_000_000)
        room = []
        for kind, track in table.tracks():
            if kind in last:
                room += [shift + track.shown - last[kind][0], shift + track.stored - last[kind][1]]
            last[kind] = (shift + track.until, shift + track.stored + track.length)
        if room:
            assert 0 <= min(room) <= table.video.time_base + Fraction(1, 1_000_000)


@given(
    st.datetimes(min_value=START.replace(tzinfo=None), max_value=START.replace(tzinfo=None, year=2030)),
    st.floats(0, 5000),
    st.floats(0.05, 130),
)
def test_clock_cues_follow_one_another_and_tell_the_second_that_runs(
    start: object, film_start: float, length: float
) -> None:
    begin = start.replace(tzinfo=START.tzinfo)  # type: ignore[attr-defined]
    template = stand_in(begin)
    placed = PlacedClip(template, film_start, film_start + length)
    cues = [cue.splitlines() for cue in clock_subtitles([placed], CHICAGO).strip().split("\n\n")]
    times = [[srt_seconds(part) for part in cue[1].split(" --> ")] for cue in cues]
    assert times[0][0] == pytest.approx(film_start, abs=0.001)
    assert times[-1][1] == pytest.approx(film_start + length, abs=0.001)
    assert all(a[1] == b[0] for a, b in pairwise(times))
    for (cue_begin, _), cue in zip(times[1:], cues[1:], strict=True):
        shown = begin + timedelta(seconds=cue_begin - film_start)
        told = cue[2][-13:-5]
        near = {f"{shown + timedelta(seconds=slack):%H:%M:%S}" for slack in (-0.002, 0.002)}
        assert told in near


def stand_in(start: object) -> Clip:
    from footage.models import Media, TimeWindow  # noqa: PLC0415

    window = TimeWindow(start, start)  # type: ignore[arg-type]
    return Clip("road", Path("x.mp4"), window, window, window, 0, "", Media(None, None, 0, 0))


def srt_seconds(text: str) -> float:
    hours, minutes, seconds = text.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_the_list_quotes_apostrophes_and_tells_each_length() -> None:
    text = concat_list([Path("/a/it's 1.mp4"), Path("/a/b.mp4")], [0, 60_032_001, 61_000_000])
    assert "it'\\''s 1.mp4'" in text
    assert "duration 60.032001\n" in text
    assert "duration 0.967999\n" in text


def test_chapter_titles_are_escaped_and_rise() -> None:
    text = chapters([PlacedClip(stand_in(START), 0.0, 2.0), PlacedClip(stand_in(START), 2.0, 4.0)], CHICAGO, 4.0)
    assert text.count("[CHAPTER]") == 2
    assert "START=2000\nEND=4000" in text
    assert wall_clock(START, CHICAGO) == "2025-04-16 13:30:00.000 -0500"


@needs_real_recordings
@pytest.mark.parametrize("name", ["road_highway_960x540_25fps.mp4", "camera_1280x720_30fps_aac.mp4"])
def test_real_recordings_are_joined_packet_for_packet(name: str, tmp_path: Path) -> None:
    row = [clip(REAL / name, START + timedelta(seconds=20 * n)) for n in range(3)]
    result = joined(row, tmp_path)
    assert_every_packet_once(result, row)
    pictures, sounds = packet_times(result.path, "video"), packet_times(result.path, "audio")
    for n in range(3):
        begin = pictures[n * len(pictures) // 3][0], sounds[n * len(sounds) // 3][0]
        assert begin[0] == pytest.approx(begin[1], abs=0.001)
