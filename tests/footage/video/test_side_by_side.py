"""The side-by-side film: every tile at its moment, stretches kept and made anew only where something changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
import numpy as np
import pytest

from demo.cameras import CameraModel
from footage.errors import Interrupted, ToolFailed
from footage.models import Clip, Missing
from footage.timeline import lay
from footage.video.encoder import Encoder
from footage.video.ffmpeg import FFmpeg
from footage.video.layout import arrange
from footage.video.side_by_side import Film, Look, SideBySide, Tile
from tests.film_samples import (
    NARROW,
    SLOW,
    WIDE,
    as_clip,
    clocks,
    encode,
    inner,
    pictures,
    record,
    tile,
    window,
)
from tests.site import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LOOK = Look("Truck 42", "America/Chicago", tile_height=180)
FRAME = 1 / 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cameras")


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def laid(label: str, seconds: float, *clips: Clip, missing: Sequence[Missing] = ()) -> Tile:
    return Tile(label, lay(window(0, seconds), clips, missing))


def open_film(work: Path, seconds: float, look: Look = LOOK, **options) -> SideBySide:
    options = {"tool": FFmpeg(), "hardware": (), "stretch_seconds": 2.0, "scan": nothing_broken, **options}
    return SideBySide(window(0, seconds), look, work=work, **options)


def nothing_broken(path, media):
    return ()


def made(work: Path, seconds: float, tiles: Sequence[Tile], look: Look = LOOK, **options) -> Film:
    film = open_film(work, seconds, look, **options)
    try:
        assert film.complete(tiles) == ()
        return film.finish(tiles, None, work.parent / "film.mp4")
    finally:
        film.stop()


def cells_of(tiles: Sequence[Tile], look: Look = LOOK):
    return arrange(len(tiles), look.layout, look.tile_height).cells


def test_every_tile_shows_its_moment_and_slates_stand_where_nothing_was_recorded(folder, work):
    early = record(folder, WIDE, -2.4, 4.4, (-2, 2))
    second = record(folder, WIDE, 2.0, 4.0, (2, 6))
    slow = record(folder, SLOW, 0.0, 2.0)
    late = record(folder, SLOW, 4.0, 2.0)
    ntsc = record(folder, NARROW, 0.0, 6.0)
    tiles = [laid("Road", 6, second, early), laid("Driver", 6, slow, late), laid("Analog1", 6, ntsc)]
    film = made(work, 6, tiles)
    for shown in clocks(film.path, cells_of(tiles), Fraction(30)):
        road, driver, analog = shown.errors
        assert road is not None
        assert abs(road) <= FRAME
        assert (driver is None) == (60 <= shown.frame < 120), shown
        assert driver is None or abs(driver) <= FRAME
        assert analog is not None
        assert abs(analog) <= FRAME


def test_the_film_is_exactly_as_long_as_the_incident_with_a_frame_for_each_thirtieth(folder, work):
    tiles = [laid("Road", 5, record(folder, WIDE, 0.0, 4.0))]
    film = made(work, 5, tiles)
    assert (film.frames, film.seconds, film.encoder) == (150, 5.0, "libx264")
    with av.open(str(film.path)) as container:
        track = container.streams.video[0]
        times = [float(packet.pts * track.time_base) for packet in container.demux(track) if packet.pts is not None]
        assert times == pytest.approx([frame / 30 for frame in range(150)], abs=1e-6)
        assert (track.width, track.height, track.pix_fmt) == (film.width, film.height, "yuv420p")
    moov, mdat = (film.path.read_bytes().index(box) for box in (b"moov", b"mdat"))
    assert moov < mdat
    assert len(film.commands) == 4


def test_a_seam_holds_the_picture_before_it_and_a_gap_does_not(folder, work):
    first, second = record(folder, WIDE, 0.0, 3.8), record(folder, WIDE, 4.1, 45.9)
    tiles = [laid("Road", 50, first, second)]
    assert [piece.seam for piece in tiles[0].pieces] == [False, True, False]
    film = made(work, 50, tiles, stretch_seconds=3.9)
    errors = {shown.frame: shown.errors[0] for shown in clocks(film.path, cells_of(tiles), Fraction(30))}
    for frame in range(114, 123):
        assert errors[frame] == pytest.approx(3.8 - FRAME - frame / 30, abs=0.002)
    assert all(abs(errors[frame]) <= FRAME for frame in errors if not 114 <= frame < 123)


def test_a_camera_of_half_the_films_rate_is_within_a_frame_too_whatever_its_phase(folder, work):
    half = replace(SLOW, fps=Fraction(15))
    begins = (-1.0, -1.008, -1.016, -1.018, -1.026, -1.033)
    tiles = [laid(f"Half{number}", 2, record(folder, half, begin, 4.0)) for number, begin in enumerate(begins)]
    look = replace(LOOK, layout="grid")
    for shown in clocks(made(work, 2, tiles, look).path, cells_of(tiles, look), Fraction(30)):
        assert all(error is not None and abs(error) <= FRAME + 0.001 for error in shown.errors), shown


def test_a_camera_of_five_pictures_a_second_is_never_ahead_by_more_than_a_frame(folder, work):
    tiles = [laid("Slow", 2, record(folder, replace(SLOW, fps=Fraction(5)), -1.07, 4.0))]
    errors = [shown.errors[0] for shown in clocks(made(work, 2, tiles).path, cells_of(tiles), Fraction(30))]
    assert max(errors) <= FRAME
    assert min(errors) >= FRAME - 0.2


def test_an_incident_without_any_footage_is_all_slates(work):
    tiles = [laid("Road", 1), laid("Driver", 1)]
    film = made(work, 1, tiles)
    frames = list(pictures(film.path))
    assert len(frames) == 30
    assert np.ptp(tile(frames[0], cells_of(tiles)[0]).astype(int)) > 100


def test_the_clock_changes_in_the_frame_in_which_the_second_begins(folder, work):
    look = replace(LOOK, fps=12, title="")
    tiles = [laid("Road", 4, record(folder, WIDE, 0.0, 4.0))]
    film = made(work, 4, tiles, look, stretch_seconds=1.75)
    box = arrange(1, "row", 180).clock
    shown = [tile(picture, box).astype(int) for picture in pictures(film.path)]
    jumps = [np.abs(after - before).max() for before, after in zip(shown, shown[1:], strict=False)]
    assert [frame + 1 for frame, jump in enumerate(jumps) if jump > 60] == [12, 24, 36]


def test_a_grid_of_five_shows_each_camera_in_its_cell(folder, work):
    look = replace(LOOK, layout="grid")
    order = [WIDE, SLOW, NARROW, WIDE, SLOW]
    tiles = [laid(model.word, 1, record(folder, model, 0.0, 2.0)) for model in order]
    film = made(work, 1, tiles, look)
    [shown] = clocks(film.path, cells_of(tiles, look), Fraction(30), every=30)
    assert all(error is not None and abs(error) <= FRAME for error in shown.errors)


def _turned(upright: Path) -> Path:
    """The same coded pictures, with the word that they are to be shown turned by a quarter."""
    turned = upright.with_name("turned.mp4")
    FFmpeg().run(["-display_rotation", "90", "-i", str(upright), "-c", "copy", str(turned)])
    return turned


X264 = ("-c:v", "libx264", "-qp", "20", "-g", "45")
ODD_INPUTS = {
    "full range": ("-vf", "scale=out_range=pc,format=yuvj420p", *X264),
    "ten bits": ("-pix_fmt", "yuv420p10le", *X264),
    "hevc": ("-c:v", "libx265", "-x265-params", "log-level=error:crf=18", "-tag:v", "hvc1"),
    "odd size": ("-vf", "scale=321:181,format=yuv444p", *X264),
    "pixels twice as wide": ("-vf", "scale=160:180:flags=area,setsar=2", *X264),
    "pictures left out": ("-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "vfr", *X264),
    "clock starts at five": ("-c", "copy", "-output_ts_offset", "5"),
    "many b-frames": ("-bf", "8", "-g", "90", "-c:v", "libx264", "-preset", "slow"),
    "coarse clock": ("-c", "copy", "-video_track_timescale", "30"),
    "turned": ("-vf", "transpose=clock", *X264),
    "in fragments": ("-c", "copy", "-movflags", "frag_keyframe+empty_moov"),
}


@pytest.mark.parametrize("kind", ODD_INPUTS)
def test_unusual_clips_are_shown_upright_in_time_and_in_shape(folder, work, tmp_path, kind):
    source = record(folder, WIDE, -1.3, 4.0).path
    path = tmp_path / "odd.mp4"
    FFmpeg().run(["-i", str(source), *ODD_INPUTS[kind], str(path)])
    tiles = [laid("Road", 2.5, as_clip(_turned(path) if kind == "turned" else path, -1.3))]
    film = made(work, 2.5, tiles)
    [cell] = cells_of(tiles)
    for shown in clocks(film.path, [cell], Fraction(30)):
        assert shown.errors[0] is not None, shown.frame
        assert abs(shown.errors[0]) <= (2 * FRAME if kind == "pictures left out" else FRAME)
    picture = tile(next(pictures(film.path)), cell)
    assert inner(picture).shape[1] >= 316  # the whole cell: nothing squeezed
    assert picture.min() < 40 < 200 < picture.max()  # neither washed out nor crushed


LATE_KEYS = {
    "fragments": ("-c:v", "libx264", "-g", "30", "-bf", "3", "-movflags", "frag_keyframe+empty_moov"),
    "no edit list": ("-c:v", "libx264", "-g", "30", "-bf", "3", "-use_editlist", "0"),
    "open groups": ("-c:v", "libx265", "-x265-params", "log-level=error:keyint=30:min-keyint=30:open-gop=1"),
}


@pytest.mark.parametrize("begin", [-27, -28, -29, -30])
@pytest.mark.parametrize("kind", LATE_KEYS)
def test_a_film_that_begins_just_before_a_key_picture_shows_what_comes_before_it(folder, work, tmp_path, kind, begin):
    path = tmp_path / "late_keys.mp4"
    FFmpeg().run(["-i", str(record(folder, WIDE, 0.0, 4.0).path), *LATE_KEYS[kind], str(path)])
    clip = replace(as_clip(path, begin / 30), sha256=f"{kind}{begin}")
    tiles = [laid("Road", 0.5, clip)]
    for shown in clocks(made(work, 0.5, tiles).path, cells_of(tiles), Fraction(30)):
        assert shown.errors[0] == pytest.approx(-begin / 30, abs=0.01), shown


def test_the_delay_of_a_clip_that_an_earlier_version_looked_at_is_taken_to_be_long(folder, work, tmp_path):
    path = tmp_path / "late_keys.mp4"
    FFmpeg().run(["-i", str(record(folder, WIDE, 0.0, 4.0).path), *LATE_KEYS["fragments"], str(path)])
    clip = as_clip(path, -28 / 30)
    assert clip.media.key_delay == pytest.approx(2 / 30)
    tiles = [laid("Road", 0.5, replace(clip, media=replace(clip.media, key_delay=None)))]
    [shown, *_] = clocks(made(work, 0.5, tiles).path, cells_of(tiles), Fraction(30))
    assert shown.errors[0] == pytest.approx(28 / 30, abs=0.01)


def test_a_narrow_picture_stands_in_the_middle_with_black_beside_it(folder, work):
    tiles = [laid("Analog1", 1, record(folder, NARROW, 0.0, 2.0))]
    [cell] = cells_of(tiles)
    picture = tile(next(pictures(made(work, 1, tiles).path)), cell)
    assert picture[:, :38].max() < 40
    assert picture[:, -38:].max() < 40
    assert inner(picture).shape[1] == pytest.approx(240, abs=4)


def test_a_clip_without_its_first_key_frame_is_a_slate_until_the_next(folder, work, tmp_path):
    source = record(folder, WIDE, 0.0, 4.0).path
    headless = tmp_path / "headless.mp4"
    FFmpeg().run(["-i", str(source), "-c", "copy", "-bsf:v", "noise=drop=eq(n\\,0)", str(headless)])
    clip = as_clip(headless, FRAME)
    tiles = [laid("Road", 2, clip)]
    assert [piece.reason for piece in tiles[0].pieces] == ["no_media", "damaged", ""]
    shown = list(clocks(made(work, 2, tiles).path, cells_of(tiles), Fraction(30)))
    assert [each.errors[0] is None for each in shown] == [frame < 30 for frame in range(60)]
    assert all(abs(each.errors[0]) <= FRAME for each in shown[30:])


def test_a_camera_that_gives_no_pictures_for_a_while_is_a_slate_meanwhile(folder, work, tmp_path):
    source, path = record(folder, WIDE, 0.0, 4.0).path, tmp_path / "paused.mp4"
    left_out = ("-vf", "select='not(between(n,30,74))'", "-fps_mode", "vfr", "-bf", "3", "-preset", "medium")
    FFmpeg().run(["-i", str(source), *left_out, *X264, str(path)])
    tiles = [laid("Road", 4, as_clip(path, 0.0))]
    shown = list(clocks(made(work, 4, tiles).path, cells_of(tiles), Fraction(30)))
    assert [each.errors[0] is None for each in shown] == [30 <= frame < 75 for frame in range(120)]
    assert all(abs(each.errors[0]) <= FRAME for each in shown if each.errors[0] is not None)


def test_a_second_run_makes_nothing_that_is_there(folder, work):
    tiles = [laid("Road", 4, record(folder, WIDE, 0.0, 4.0))]
    made(work, 4, tiles)
    kept = sorted((path.name, path.stat().st_mtime_ns) for path in work.iterdir())
    assert len(kept) == 2
    told: list[tuple[int, bool]] = []
    made(work, 4, tiles, told=lambda number, is_made: told.append((number, is_made)))
    assert sorted(told) == [(0, True), (1, True)], "made from the start"
    assert kept == sorted((path.name, path.stat().st_mtime_ns) for path in work.iterdir())


def test_a_clip_that_came_late_changes_only_its_stretches(folder, work):
    first, second = record(folder, WIDE, 0.0, 2.0), record(folder, WIDE, 2.0, 2.0)
    told: list[tuple[int, bool]] = []
    made(work, 4, [laid("Road", 4, first)])
    tiles = [laid("Road", 4, first, second)]
    film = made(work, 4, tiles, told=lambda number, is_made: told.append((number, is_made)))
    assert [number for number, is_made in told if not is_made] == [1]
    assert told.index((1, False)) < told.index((1, True))
    assert all(shown.errors[0] is not None for shown in clocks(film.path, arrange(1, "row", 180).cells, Fraction(30)))


def test_the_same_clip_in_another_folder_needs_no_new_stretch(folder, work, tmp_path):
    clip = record(folder, WIDE, 0.0, 2.0)
    made(work, 2, [laid("Road", 2, clip)])
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(clip.path.read_bytes())
    told: list[tuple[int, bool]] = []
    tiles = [laid("Road", 2, replace(clip, path=moved))]
    made(work, 2, tiles, told=lambda number, is_made: told.append((number, is_made)))
    assert told == [(0, True)]


def test_what_a_killed_run_left_half_written_is_not_taken_for_a_stretch(folder, work):
    tiles = [laid("Road", 2, record(folder, WIDE, 0.0, 2.0))]
    made(work, 2, tiles)
    [stretch] = work.glob("*.mp4")
    stretch.rename(stretch.with_name(f"{stretch.stem}.4242-abcdef01.part.mp4"))
    told: list[tuple[int, bool]] = []
    made(work, 2, tiles, told=lambda number, is_made: told.append((number, is_made)))
    assert told == [(0, False), (0, True)]


def test_offered_stretches_are_made_in_the_background(folder, work):
    tiles = [laid("Road", 4, record(folder, WIDE, 0.0, 2.0))]
    film = open_film(work, 4)
    film.offer(tiles, [0])
    film.offer(tiles, [0])
    wait_until(lambda: list(work.glob("*-libx264.mp4")))
    film.stop()
    assert len(list(work.glob("*-libx264.mp4"))) == 1


def test_a_failure_in_the_background_comes_out_at_the_next_call(folder, work, tmp_path):
    clip = record(folder, WIDE, 0.0, 2.0)
    tiles = [laid("Road", 2, replace(clip, path=tmp_path / "gone.mp4"))]
    film = open_film(work, 2, scan=None)
    with pytest.raises(ToolFailed, match=r"gone\.mp4"):
        film.complete(tiles)
    film.stop()
    assert list(work.iterdir()) == []


def test_a_clip_that_breaks_inside_is_told_once_and_costs_its_broken_part_only(folder, work, tmp_path):
    clip = record(folder, WIDE, 0.0, 4.0)
    broken = tmp_path / "broken.mp4"
    _spoil(clip.path, broken)
    spoiled = replace(clip, path=broken, sha256="spoiled")
    film = open_film(work, 4, scan=None)
    damages = film.complete([laid("Road", 4, spoiled)])
    assert [damage.clip for damage in damages] == [spoiled]
    [(begin, end)] = damages[0].ranges
    assert 1.2 <= begin < 1.5
    assert end == pytest.approx(2.0, abs=0.001)
    known = replace(spoiled, media=replace(spoiled.media, damage=damages[0].ranges))
    tiles = [laid("Road", 4, known)]
    assert film.complete(tiles) == ()
    made_film = film.finish(tiles, None, tmp_path / "film.mp4")
    film.stop()
    shown = list(clocks(made_film.path, cells_of(tiles), Fraction(30)))
    first = ceil(begin * 30 - 1e-6)
    assert [each.errors[0] is None for each in shown] == [first <= frame < 60 for frame in range(120)]
    assert all(abs(each.errors[0]) <= FRAME for each in shown if each.errors[0] is not None)


def _spoil(source: Path, target: Path) -> None:
    """Overwrite the coded bytes of the pictures from 1.2 s to before 1.5 s: the file stays as long as it was."""
    with av.open(str(source)) as film:
        track = film.streams.video[0]
        packets = [(packet, packet.pts * track.time_base) for packet in film.demux(track) if packet.pts is not None]
        places = [(packet.pos, packet.size) for packet, seconds in packets if 1.2 <= seconds < 1.5]
    content = bytearray(source.read_bytes())
    for place, size in places:
        content[place + 6 : place + size] = b"\xa5" * (size - 6)
    target.write_bytes(content)


def test_a_file_that_is_no_film_any_more_is_damaged_from_end_to_end(folder, work, tmp_path):
    clip = record(folder, WIDE, 0.0, 4.0)
    rubbish = tmp_path / "rubbish.mp4"
    rubbish.write_bytes(b"#EXTM3U\nhttp://127.0.0.1:9/secret\n" * 99)
    film = open_film(work, 4, scan=None)
    [damage] = film.complete([laid("Road", 4, replace(clip, path=rubbish, sha256="rubbish"))])
    film.stop()
    assert damage.ranges == ((0.0, clip.media.duration),)


def test_a_complaint_that_turns_out_harmless_costs_nothing(folder, work, tmp_path):
    clip = record(folder, WIDE, 0.0, 4.0)
    broken = tmp_path / "broken.mp4"
    _spoil(clip.path, broken)
    made(work, 4, [laid("Road", 4, replace(clip, path=broken, sha256="spoiled"))])


class _FailsLater(FFmpeg):
    """A hardware encoder that passes its trial, and breaks when the film is made."""

    def run(self, arguments: Sequence[str]) -> str:
        if "libopenh264" in arguments and "lavfi" not in arguments:
            raise ToolFailed("the graphics card has left")
        return super().run(arguments)


@pytest.mark.parametrize(("tool", "encoder"), [(FFmpeg, "libopenh264"), (_FailsLater, "libx264")])
def test_hardware_that_fails_in_mid_run_is_replaced_for_the_whole_film(folder, work, tool, encoder):
    tiles = [laid("Road", 4, record(folder, WIDE, 0.0, 4.0))]
    hardware = (Encoder("libopenh264", ("-pix_fmt", "yuv420p", "-g", "60")),)
    film = made(work, 4, tiles, tool=tool(), hardware=hardware)
    assert film.encoder == encoder
    assert film.frames == 120


class _Noting(FFmpeg):
    """Notes of each stretch whether it gave way to everything else."""

    def __init__(self) -> None:
        super().__init__()
        self.gave_way: list[bool] = []

    def run(self, arguments: Sequence[str]) -> str:
        if "-filter_complex" in arguments:
            self.gave_way.append(self.is_modest)
        return super().run(arguments)


def test_stretches_give_way_to_everything_else_until_the_film_is_waited_for(folder, work):
    tool, tiles = _Noting(), [laid("Road", 4, record(folder, WIDE, 0.0, 4.0))]
    film = open_film(work, 4, tool=tool)
    film.offer(tiles, [0])
    wait_until(lambda: list(work.glob("*-libx264.mp4")))
    assert tool.gave_way == [True]
    film.complete(tiles)
    film.stop()
    assert tool.gave_way == [True, False]


def test_a_film_that_is_stopped_ends_at_once_and_keeps_nothing_half(folder, work):
    tiles = [laid("Road", 40, record(folder, WIDE, 4.1, 45.9))]
    film = open_film(work, 40, replace(LOOK, tile_height=720), stretch_seconds=20)
    film.offer(tiles, [0, 1])
    film.stop()
    with pytest.raises(Interrupted):
        film.complete(tiles)
    assert list(work.glob("*.part.mp4")) == []


def test_a_film_that_is_not_as_planned_replaces_nothing(folder, work, tmp_path):
    tiles = [laid("Road", 4, record(folder, WIDE, 0.0, 4.0))]
    film = open_film(work, 4)
    film.complete(tiles)
    target = tmp_path / "film.mp4"
    target.write_bytes(b"the old film")
    short = encode(tmp_path / "sound.m4a", "-c:a", "aac", source="sine=duration=1")
    with pytest.raises(ToolFailed, match="sound"):
        film.finish(tiles, short, target)
    film.stop()
    assert target.read_bytes() == b"the old film"


def test_sound_is_laid_under_the_whole_film(folder, work, tmp_path):
    tiles = [laid("Road", 4, record(folder, WIDE, 0.0, 4.0))]
    film = open_film(work, 4)
    film.complete(tiles)
    sound = encode(tmp_path / "sound.m4a", "-c:a", "aac", source="sine=duration=4")
    made_film = film.finish(tiles, sound, tmp_path / "film.mp4")
    film.stop()
    with av.open(str(made_film.path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        track = container.streams.audio[0]
        assert float(track.duration * track.time_base) == pytest.approx(4, abs=0.05)


def test_importing_the_film_brings_no_heavy_package():
    heavy = "('moviepy', 'numpy', 'PIL', 'av', 'imageio_ffmpeg')"
    code = f"import footage.video.side_by_side, sys; sys.exit(','.join(m for m in {heavy} if m in sys.modules) or 0)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


TINY = replace(LOOK, tile_height=90, title="")
MINUTES = range(0, 600, 60)


def _minutes(folder: Path, model: CameraModel, **other: tuple[float, float]) -> list[Clip]:
    """A clip for each minute of ten; `other` gives begin and length of those that differ, by minute: m4=(...)."""
    times = [other.get(f"m{at // 60}", (at, 60.0)) for at in MINUTES]
    clips = [(at, begin, length) for at, (begin, length) in zip(MINUTES, times, strict=True) if length]
    return [record(folder, model.scaled(90), begin, length, (at, at + 60)) for at, begin, length in clips]


@pytest.mark.timeout(1200)
def test_ten_minutes_of_four_cameras_stay_in_time(folder, work):
    cameras = {
        "Road": _minutes(folder, WIDE, m0=(-2.4, 62.4)),
        "Driver": _minutes(folder, SLOW, m4=(240, 0)),
        "Analog1": _minutes(folder, NARROW),
        "Analog2": _minutes(folder, replace(WIDE, index=3, word="analog2"), m8=(480, 59.3)),
    }
    tiles = [laid(label, 600, *clips) for label, clips in cameras.items()]
    film = made(work, 600, tiles, TINY, stretch_seconds=60.0)
    missing = {1: range(240 * 30, 300 * 30), 3: range(round(539.3 * 30), 540 * 30)}
    worst = 0.0
    for shown in clocks(film.path, cells_of(tiles, TINY), Fraction(30), every=7):
        for number, error in enumerate(shown.errors):
            assert (error is None) == (shown.frame in missing.get(number, ())), (shown, number)
            worst = max(worst, abs(error or 0.0))
    assert worst <= FRAME
