"""The hours in which footage may be downloaded."""

from __future__ import annotations

import time as clock
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.downloads import Downloader, DownloadFailed
from footage.errors import InputRefused
from footage.fetching import Arrival, Errand, Fetcher
from footage.hours import Hours, parse_hours
from footage.models import UTC, MediaLink, TimeWindow
from footage.parts import Part
from footage.video.probe import inspect
from footage.workshop import LocalWorkshop

moments = st.integers(946684800, 4102444800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
clocks = st.times().map(lambda moment: moment.replace(microsecond=0, second=0))


@pytest.mark.parametrize(
    ("text", "clock", "inside"),
    [
        ("22:00-06:00", "21:59", False),
        ("22:00-06:00", "22:00", True),
        ("22:00-06:00", "00:30", True),
        ("22:00-06:00", "06:00", False),
        ("08:30 - 17:00", "12:00", True),
        ("08:30-17:00", "08:29", False),
        ("18:00-24:00", "23:59", True),
        ("18:00-24:00", "00:00", False),
    ],
)
def test_hours_may_pass_midnight(text: str, clock: str, inside: bool) -> None:
    moment = datetime.fromisoformat(f"2026-11-18T{clock}").astimezone()
    assert parse_hours(text).has(moment) is inside


@given(first=clocks, last=clocks, moment=moments)
def test_a_moment_lies_in_some_hours_or_in_the_hours_between_them(first: time, last: time, moment: datetime) -> None:
    if first != last:
        assert Hours(first, last).has(moment) is not Hours(last, first).has(moment)


@pytest.mark.parametrize("text", ["", "22-06", "22:00", "25:00-06:00", "22:00-06:77", "night", "06:00-06:00"])
def test_what_is_no_hours_is_refused_with_an_example_or_a_way_out(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_hours(text)
    assert "22:00-06:00" in refused.value.message or "--hours" in refused.value.message


def test_a_gate_follows_the_clock() -> None:
    now = [datetime.fromisoformat("2026-11-18T21:59").astimezone()]
    may_fetch = parse_hours("22:00-06:00").gate(lambda: now[0])
    assert not may_fetch()
    now[0] += timedelta(minutes=1)
    assert may_fetch()


class Night(Downloader):
    """Downloads nothing; the hours of downloading end with the fifth that begins."""

    is_open = True

    def __init__(self, work: Path) -> None:
        super().__init__(work)
        self.begun: list[bool] = []
        self._counting = Lock()

    def fetch(self, name: str, url: str, *, media: str) -> Part:
        with self._counting:
            self.begun.append(self.is_open)
            self.is_open &= len(self.begun) != 5
        clock.sleep(0.02)
        raise DownloadFailed(name)


def test_no_download_begins_after_the_hours_though_many_stood_in_the_queue(tmp_path: Path) -> None:
    night, workshop = Night(tmp_path), LocalWorkshop(fetches=2)
    gate = {"workshop": workshop, "may_fetch": lambda: night.is_open}
    fetchers = [Fetcher(night, tmp_path, inspect, **gate) for _ in range(5)]  # type: ignore[arg-type]
    minute = TimeWindow(datetime(2026, 11, 18, tzinfo=UTC), datetime(2026, 11, 18, 0, 1, tzinfo=UTC))
    link = MediaLink("road", minute, "available", url="https://clips.example/1")
    for fetcher in fetchers:
        for number in range(8):
            fetcher.send(Errand(link, "road", f"{number}.mp4", minute, renew=lambda: "https://clips.example/1"))
    while night.is_open:
        arrived(fetchers)
    for _ in range(20):
        arrived(fetchers)
    assert night.begun.count(False) <= 1, "one may have passed the gate together with the last"
    night.is_open = True
    while any(fetcher.under_way for fetcher in fetchers):
        assert all(isinstance(arrival.error, DownloadFailed) for arrival in arrived(fetchers))
    assert len(night.begun) == 40
    workshop.close()


def arrived(fetchers: list[Fetcher]) -> list[Arrival]:
    return [arrival for fetcher in fetchers for arrival in fetcher.arrivals(0.01)]
