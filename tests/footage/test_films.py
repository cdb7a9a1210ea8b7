"""What is chosen for the side-by-side: the one source of its sound, which is told, and its quality."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import av
import pytest

from footage.films import Films, FilmSet
from footage.journal import Journal
from footage.models import Camera, Incident, TimeWindow
from footage.progress import CellState, Progress
from footage.samsara.board import Board
from footage.settings import FilmSettings, RunSettings, settings_from_json, settings_to_json
from footage.standing import Standing
from footage.video.ffmpeg import FFmpeg
from tests.footage_samples import PLAIN, START, clip, make

pytestmark = pytest.mark.slow

SILENT, SOUNDING = "road", "driver"
CAMERAS = (Camera(SILENT), Camera(SOUNDING))
WINDOW = TimeWindow(START, START + timedelta(seconds=2))


def films_of(journal: Journal, settings: FilmSettings) -> Films:
    """The films of an incident whose footage is all there."""
    board = Board([WINDOW], journal.incident.cameras, Progress())
    for camera in journal.incident.cameras:
        board.set((camera.word, WINDOW), CellState.HERE)
    work = journal.folder / ".work"
    return Films(journal, Standing(journal, board), settings, work=work, tool=FFmpeg(), progress=Progress())


def made(folder: Path, audio: str | None, cameras: tuple[Camera, ...] = CAMERAS) -> tuple[FilmSet, Journal]:
    """The films of an incident whose first camera has no sound, with this choice of sound."""
    journal = Journal(None, Incident("Truck", WINDOW, "America/Chicago", cameras), folder, RunSettings(), START)
    (folder / ".work").mkdir()
    for camera in cameras:
        sound = "aac" if camera.word == SOUNDING else ""
        path = make(folder / f"{camera.word}.mp4", PLAIN.but(sound=sound))
        journal.add_clip(clip(path, camera=camera.word))
    films = films_of(journal, FilmSettings(tile_height=120, fps=5, audio=audio))
    try:
        return films.finish(), journal
    finally:
        films.stop()


def tracks(film: Path) -> int:
    with av.open(str(film)) as container:
        return len(container.streams.audio)


@pytest.mark.parametrize("audio", [None, SOUNDING])
def test_the_camera_that_gives_the_sound_is_told(tmp_path: Path, audio: str | None) -> None:
    films, journal = made(tmp_path, audio)
    assert films.side_by_side is not None
    assert tracks(films.side_by_side) == 1
    assert journal.films[""]["audio"] == SOUNDING
    told = f"The sound of the side-by-side is camera {SOUNDING}'s, with silence where that has none."
    assert told in films.notes
    assert told in journal.films[""]["notes"]


@pytest.mark.parametrize(
    ("audio", "cameras", "words"),
    [
        (SILENT, CAMERAS, f"The side-by-side has no sound: camera {SILENT} has none in this time."),
        (None, CAMERAS[:1], "The side-by-side has no sound: no camera has any in this time."),
        ("none", CAMERAS, "The side-by-side has no sound, as asked."),
    ],
)
def test_a_film_without_sound_says_so_and_why(
    tmp_path: Path, audio: str | None, cameras: tuple[Camera, ...], words: str
) -> None:
    films, journal = made(tmp_path, audio, cameras)
    assert films.side_by_side is not None
    assert tracks(films.side_by_side) == 0
    assert journal.films[""]["audio"] is None
    assert words in films.notes


def test_a_film_of_small_quality_takes_much_less_room_and_is_made_anew_for_another(tmp_path: Path) -> None:
    standard, journal = made(tmp_path, None)
    assert standard.side_by_side is not None
    usual = standard.side_by_side.stat().st_size
    films = films_of(journal, FilmSettings(tile_height=120, fps=5, quality="small"))
    try:
        again = films.finish()
    finally:
        films.stop()
    assert again.side_by_side == standard.side_by_side
    assert standard.side_by_side.stat().st_size < 0.8 * usual


def test_the_settings_of_an_earlier_version_have_the_usual_quality() -> None:
    written = settings_to_json(RunSettings())
    del written["films"]["quality"]
    assert settings_from_json(written) == RunSettings()
    high = RunSettings(films=FilmSettings(quality="high"))
    assert settings_from_json(settings_to_json(high)) == high
