"""Each camera's film is begun as soon as nothing more of the camera can come, and made once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from footage.errors import BrokenMedia, FootageError, ToolFailed
from footage.films import Films, FilmSet
from footage.journal import Journal
from footage.models import Camera, Clip, Incident, TimeWindow
from footage.progress import CellState, Progress
from footage.samsara.board import Board
from footage.settings import FilmSettings, RunSettings
from footage.standing import Standing
from footage.video.ffmpeg import FFmpeg
from footage.workshop import LocalWorkshop, Terms
from tests.footage_samples import PLAIN, START, clip, make, packet_hashes

LENGTH = timedelta(seconds=2)
CAMERAS = (Camera("road"), Camera("driver"))


class Watched(LocalWorkshop):
    """A workshop that remembers of which camera each film is that it was asked to join."""

    def __init__(self) -> None:
        super().__init__()
        self.joined: list[str] = []
        self.failing: dict[str, FootageError] = {}

    def submit(self, terms: Terms, task: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        if task.__name__ == "join_beside":
            camera = args[0][0].camera
            self.joined.append(camera)
            if camera in self.failing:
                failed: Future[Any] = Future()
                failed.set_exception(self.failing[camera])
                return failed
        return super().submit(terms, task, *args, **kwargs)


class Incoming:
    """An incident of two cameras and two windows whose footage arrives when a test says so."""

    def __init__(self, folder: Path) -> None:
        window = TimeWindow(START, START + 2 * LENGTH)
        self.folder = folder
        self.windows = [TimeWindow(START, START + LENGTH), TimeWindow(START + LENGTH, window.end)]
        incident = Incident("Truck", window, "America/Chicago", CAMERAS)
        self.journal = Journal(None, incident, folder, RunSettings(), START)
        self.board = Board(self.windows, CAMERAS, Progress())
        self.workshop = Watched()
        (folder / ".work").mkdir()
        seconds = iter(range(0, 1000, 10))
        self.films = Films(
            self.journal,
            Standing(self.journal, self.board),
            FilmSettings(films="joined"),
            work=folder / ".work",
            tool=FFmpeg(),
            progress=Progress(),
            workshop=self.workshop,
            clock=lambda: float(next(seconds)),
        )

    def arrives(self, camera: str, number: int) -> Clip:
        path = make(self.folder / f"{camera}{number}.mp4", PLAIN.but(tone=440 + number))
        arrived = clip(path, self.windows[number].start, camera=camera)
        self.journal.add_clip(arrived)
        self.board.set((camera, self.windows[number]), CellState.HERE)
        self.films.offer()
        return arrived

    def finish(self) -> FilmSet:
        try:
            return self.films.finish()
        finally:
            self.workshop.close()


@pytest.fixture
def incoming(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path)


def test_a_camera_is_joined_while_another_one_is_still_awaited(incoming: Incoming) -> None:
    incoming.arrives("road", 0)
    assert incoming.workshop.joined == []
    incoming.arrives("road", 1)
    incoming.arrives("driver", 1)
    assert incoming.workshop.joined == ["road"]
    incoming.arrives("driver", 0)
    assert incoming.workshop.joined == ["road", "driver"]
    assert set(incoming.finish().merged) == {"road", "driver"}
    assert incoming.workshop.joined == ["road", "driver"]


def test_a_name_with_a_nul_in_an_older_record_keeps_no_film_from_being_made(incoming: Incoming) -> None:
    incoming.journal.incident = replace(incoming.journal.incident, name="Tr\0uck \ud800")
    incoming.arrives("road", 0)
    assert set(incoming.finish().merged) == {"road"}


def test_a_film_that_was_begun_too_early_is_made_anew_with_all_that_came(incoming: Incoming) -> None:
    clips = [incoming.arrives("road", 0)]
    incoming.board.set(("road", incoming.windows[1]), CellState.MISSING, "unavailable")
    incoming.films.offer()
    assert incoming.workshop.joined == ["road"]
    clips.append(incoming.arrives("road", 1))
    film = incoming.finish().merged["road"]
    assert incoming.workshop.joined == ["road", "road"]
    assert packet_hashes(film, "video") == [packet for each in clips for packet in packet_hashes(each.path, "video")]


def test_a_film_that_is_there_is_not_joined_again(incoming: Incoming) -> None:
    incoming.arrives("road", 0)
    incoming.arrives("road", 1)
    film = incoming.films.finish().merged["road"]
    written = film.stat().st_mtime_ns
    assert incoming.finish().merged["road"].stat().st_mtime_ns == written
    assert incoming.workshop.joined == ["road"]


def test_a_film_that_ffmpeg_cannot_make_costs_no_other_film_and_is_an_error(incoming: Incoming) -> None:
    incoming.workshop.failing["road"] = ToolFailed("ffmpeg ended with code 1: no")
    for camera in ("road", "driver"):
        incoming.arrives(camera, 0)
        incoming.arrives(camera, 1)
    films = incoming.finish()
    assert set(films.merged) == {"driver"}
    assert films.merged["driver"].is_file()
    assert films.error is incoming.workshop.failing["road"]
    assert [note for note in films.notes if note.startswith("Road: ")]


def test_clips_of_which_none_can_be_shown_make_no_film_and_that_is_said_but_is_no_error(incoming: Incoming) -> None:
    incoming.workshop.failing["driver"] = BrokenMedia("None of the clips can be shown.")
    for camera in ("road", "driver"):
        incoming.arrives(camera, 0)
        incoming.arrives(camera, 1)
    films = incoming.finish()
    assert set(films.merged) == {"road"}
    assert films.error is None
    assert films.notes[-1].startswith("Driver: ")
    assert films.notes[-1].endswith("None of the clips can be shown.")


def test_a_film_that_failed_is_tried_again_by_the_next_run(incoming: Incoming) -> None:
    incoming.workshop.failing["road"] = ToolFailed("ffmpeg ended with code 1: no")
    incoming.arrives("road", 0)
    incoming.arrives("road", 1)
    assert incoming.films.finish().merged == {}
    incoming.workshop.failing.clear()
    assert set(incoming.finish().merged) == {"road"}
