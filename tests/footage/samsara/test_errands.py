"""Each piece of media is sent for once, and its link is renewed however little the tellings of it differ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from footage.downloads import DownloadFailed
from footage.errors import FootageError, KeyRejected, NotRecording, RequestRefused, ServiceUnreachable
from footage.fetching import Errand
from footage.journal import Journal
from footage.models import UTC, Camera, Incident, MediaLink, TimeWindow, Vehicle
from footage.naming import Names
from footage.samsara.board import Board
from footage.samsara.errands import Errands
from footage.settings import RunSettings

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
MINUTE = TimeWindow(T0, T0 + timedelta(minutes=1))
INCIDENT = Incident("Truck", MINUTE, "UTC", (Camera("road"), Camera("driver")), Vehicle("1", "Truck"))


class Sent:
    """Takes errands and never carries them out."""

    def __init__(self) -> None:
        self.errands: list[Errand] = []
        self.on_here: Callable[[Errand], None] = print

    def take_back(self, recorded: object) -> None:
        """There is nothing."""

    def send(self, errand: Errand) -> None:
        self.errands.append(errand)


class Quiet:
    """Progress that nobody sees."""

    def cell(self, *_: object) -> None:
        pass


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def errands(sent: Sent, tmp_path: Path) -> Errands:
    journal = Journal(None, INCIDENT, tmp_path, RunSettings(), T0)
    return Errands(journal, Board([MINUTE], INCIDENT.cameras, Quiet()), Names(INCIDENT), sent)  # type: ignore[arg-type]


def link(camera: str = "road", late: float = 0.0, longer: float = 0.0, url: str = "https://x/1") -> MediaLink:
    start, end = MINUTE.start + timedelta(seconds=late), MINUTE.end + timedelta(seconds=late + longer)
    return MediaLink(camera, TimeWindow(start, end), "available", url=url)


def send(errands: Errands, media: MediaLink, *fresh: MediaLink, fails: FootageError | None = None) -> bool:
    def relook() -> list[MediaLink]:
        if fails is not None:
            raise fails
        return list(fresh)

    return errands.send(media, media.camera, [(media.camera, MINUTE)], relook=relook)


def test_media_that_is_told_of_with_other_milliseconds_is_not_sent_for_twice(errands: Errands, sent: Sent) -> None:
    assert send(errands, link())
    assert not send(errands, link(late=0.033))
    assert len(sent.errands) == 1


@pytest.mark.parametrize("other", [link("driver"), link(late=0.6), link(longer=-40.0)], ids=str)
def test_other_media_is_sent_for(errands: Errands, sent: Sent, other: MediaLink) -> None:
    assert send(errands, link())
    assert send(errands, other)
    assert len(sent.errands) == 2


def test_the_fresh_link_is_that_of_the_closest_media_of_the_camera(errands: Errands, sent: Sent) -> None:
    fresh = [
        link("driver", url="https://x/driver"),
        link(late=0.4, url="https://x/later"),
        link(late=-0.033, longer=-30, url="https://x/shorter"),
        link(late=-0.033, url="https://x/it"),
        link(late=0.7, url="https://x/other"),
    ]
    send(errands, link(), *fresh)
    assert sent.errands[0].renew() == "https://x/it"


@pytest.mark.parametrize(
    "error", [RequestRefused("404"), NotRecording("400"), ServiceUnreachable("no answer"), None], ids=repr
)
def test_a_link_that_cannot_be_renewed_is_a_download_that_failed(
    errands: Errands, sent: Sent, error: FootageError | None
) -> None:
    send(errands, link(), fails=error)
    with pytest.raises(DownloadFailed):
        sent.errands[0].renew()


def test_a_key_that_is_not_accepted_any_more_is_nothing_of_one_clip(errands: Errands, sent: Sent) -> None:
    send(errands, link(), fails=KeyRejected("401"))
    with pytest.raises(KeyRejected):
        sent.errands[0].renew()
