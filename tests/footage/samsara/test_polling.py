"""When the service is looked at again; the list of uploaded media is read once and then only for what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import RequestRefused
from footage.models import UTC, Camera, Incident, MediaLink, MediaType, Ticket, TimeWindow, Vehicle
from footage.samsara.plan import LONGEST_REQUEST
from footage.samsara.polling import Interval
from footage.samsara.uploads import Uploads

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
PAGE = 3


def minute(number: int) -> TimeWindow:
    return TimeWindow(T0 + timedelta(minutes=number), T0 + timedelta(minutes=number + 1))


def link(number: int, camera: str = "road") -> MediaLink:
    available = T0 + timedelta(hours=1, minutes=number)
    return MediaLink(camera, minute(number), "available", url=f"https://x/{number}", available_at=available)


@dataclass
class Page:
    links: tuple[MediaLink, ...]
    cursor: str | None


@dataclass
class Listing:
    """A service that has only a list, in pages of three, and keeps with what it was asked."""

    links: list[MediaLink]
    asked: list[tuple[TimeWindow, datetime | None, str | None]] = field(default_factory=list)
    unknown: str = ""
    """A vehicle of which the service knows nothing."""

    def uploaded(
        self,
        vehicle_ids: Sequence[str],
        window: TimeWindow,
        *,
        media_types: Sequence[MediaType],
        available_after: datetime | None = None,
        cursor: str | None = None,
        patient: bool = True,
    ) -> Page:
        self.asked.append((window, available_after, cursor))
        if self.unknown in vehicle_ids:
            raise RequestRefused("400")
        fits = [
            each
            for each in self.links
            if each.window.overlap(window)
            and (not each.vehicle_id or each.vehicle_id in vehicle_ids)
            and (available_after is None or (each.available_at or T0) >= available_after)
        ]
        at = int(cursor or 0)
        return Page(tuple(fits[at : at + PAGE]), str(at + PAGE) if at + PAGE < len(fits) else None)

    def retrieval(self, retrieval_id: str, *, patient: bool = True) -> list[MediaLink]:
        raise AssertionError(retrieval_id)

    def create_retrieval(
        self, vehicle_id: str, window: TimeWindow, cameras: Sequence[str], media_type: MediaType
    ) -> Ticket:
        raise AssertionError(window)


def incident_of(vehicle_id: str, minutes: int = 60, begins: int = 0) -> Incident:
    start = T0 + timedelta(minutes=begins)
    window = TimeWindow(start, start + timedelta(minutes=minutes))
    return Incident("Truck", window, "UTC", (Camera("road"),), Vehicle(vehicle_id, "Truck"))


INCIDENT = incident_of("1")


def uploads(listing: Listing, minutes: int = 60) -> Uploads:
    reader = Uploads(listing)
    reader.join([incident_of("1", minutes)])
    return reader


@given(news=st.lists(st.booleans(), max_size=40))
def test_an_adaptive_interval_stays_between_seconds_and_minutes(news: list[bool]) -> None:
    interval = Interval()
    for each in news:
        before = interval.seconds
        interval.news() if each else interval.nothing_new()
        assert (interval.seconds <= before) if each else (interval.seconds >= before)
        assert 2.0 <= interval.seconds <= 90.0


@given(news=st.lists(st.booleans(), max_size=10))
def test_a_fixed_interval_stays_as_it_is(news: list[bool]) -> None:
    interval = Interval(7.5)
    for each in news:
        interval.news() if each else interval.nothing_new()
    assert interval.seconds == 7.5


@given(count=st.integers(0, 20), calls=st.integers(1, 5))
def test_however_few_calls_a_read_may_make_all_is_read_in_the_end(count: int, calls: int) -> None:
    listing = Listing([link(number) for number in range(count)])
    reader, found = uploads(listing), set[MediaLink]()
    for _ in range(30):
        new, made = reader.read(calls)
        assert made <= calls
        found.update(new)
    assert found == set(listing.links)
    assert all(reader.covering(INCIDENT, ("road", minute(number))) == (link(number),) for number in range(count))


def test_a_second_read_asks_only_for_what_is_new() -> None:
    listing = Listing([link(number) for number in range(10)])
    reader = uploads(listing)
    reader.read()
    before = len(listing.asked)
    listing.links.append(link(20))
    new, made = reader.read()
    assert new == [link(20)]
    assert made == len(listing.asked) - before == 1
    assert listing.asked[-1][1] == T0 + timedelta(hours=1, minutes=9) - timedelta(seconds=30)


def test_a_list_call_covers_no_more_than_a_day() -> None:
    listing = Listing([])
    uploads(listing, minutes=60 * 30).read()
    assert len(listing.asked) == 2
    assert all(window.seconds <= 86_400 for window, _, _ in listing.asked)


def test_a_day_with_much_news_does_not_keep_the_next_one_from_being_read() -> None:
    listing = Listing([link(number) for number in range(60 * 25, 60 * 25 + 5)])
    reader = uploads(listing, minutes=60 * 30)
    for number in range(6):
        listing.links.append(link(number))
        reader.read(1)
    assert reader.covering(INCIDENT, ("road", minute(60 * 25 + 4))) != ()


def test_a_link_without_an_address_covers_nothing() -> None:
    reader = uploads(Listing([MediaLink("road", minute(0), "available")]))
    reader.read()
    assert reader.find(INCIDENT, [("road", minute(0))]) == {}


def test_media_is_found_by_the_camera_or_its_role_in_any_case() -> None:
    reader = uploads(Listing([MediaLink("analog1", minute(0), "available", role="leftSide", url="https://x")]))
    reader.read()
    assert set(reader.find(INCIDENT, [("Analog1", minute(0)), ("leftside", minute(0)), ("road", minute(0))])) == {
        ("Analog1", minute(0)),
        ("leftside", minute(0)),
    }


def test_vehicles_of_one_day_are_listed_in_one_call_of_at_most_twenty() -> None:
    listing = Listing([])
    reader = Uploads(listing)
    reader.join([incident_of(str(number), begins=number) for number in range(41)])
    _, made = reader.read()
    assert made == reader.calls_a_round == 3


def test_what_is_listed_together_stays_with_its_vehicle() -> None:
    ours = MediaLink("road", minute(0), "available", url="https://x/7", vehicle_id="7")
    reader = Uploads(Listing([ours]))
    reader.join([incident_of("7"), incident_of("8")])
    reader.read()
    assert reader.covering(incident_of("7"), ("road", minute(0))) == (ours,)
    assert reader.covering(incident_of("8"), ("road", minute(0))) == ()


@given(begins=st.lists(st.integers(0, 60 * 24 * 4), max_size=60), vehicles=st.integers(1, 30))
def test_every_incident_is_listed_whole_in_calls_of_a_day_and_twenty_vehicles(begins: list[int], vehicles: int) -> None:
    incidents = [incident_of(str(nth % vehicles), 30, begin) for nth, begin in enumerate(begins)]
    listing = Listing([])
    reader = Uploads(listing)
    reader.join(incidents)
    reader.read()
    assert all(window.seconds <= 86_400 for window, _, _ in listing.asked)
    for incident in incidents:
        assert any(window.covers(incident.window) for window, _, _ in listing.asked)


def test_a_vehicle_that_the_service_does_not_know_costs_the_others_nothing() -> None:
    ours = MediaLink("road", minute(0), "available", url="https://x/7", vehicle_id="7")
    listing, said = Listing([ours], unknown="9"), list[str]()
    reader = Uploads(listing, say=said.append)
    reader.join([incident_of("9"), incident_of("7"), incident_of("8")])
    reader.read()
    assert reader.covering(incident_of("7"), ("road", minute(0))) == (ours,)
    assert len(said) == 1
    asked = len(listing.asked)
    reader.read()
    assert len(listing.asked) - asked == reader.calls_a_round == 2


@pytest.mark.parametrize("media_type", MediaType)
@pytest.mark.parametrize("longest", [0, 3600])
def test_the_list_is_asked_for_all_that_may_reach_into_an_incident_and_for_a_day_at_most(
    media_type: MediaType, longest: int
) -> None:
    listing, incident = Listing([]), replace(incident_of("1", minutes=60 * 24 - 3), media_type=media_type)
    reader = Uploads(listing)
    reader.join([incident], longest)
    reader.read()
    before = timedelta(seconds=max(longest, LONGEST_REQUEST[media_type]))
    assert min(window.start for window, _, _ in listing.asked) == incident.window.start - before
    assert all(window.seconds <= 86_400 for window, _, _ in listing.asked)


def test_nothing_of_the_future_is_asked_for() -> None:
    listing = Listing([])
    reader = Uploads(listing, clock=lambda: INCIDENT.window.end)
    reader.join([INCIDENT])
    reader.read()
    assert [window.end for window, _, _ in listing.asked] == [INCIDENT.window.end]


def test_a_vehicle_that_has_left_is_listed_no_longer() -> None:
    listing = Listing([])
    reader = Uploads(listing)
    reader.join([incident_of("1"), incident_of("1", begins=60 * 48)])
    reader.leave(incident_of("1"))
    reader.read()
    assert [window.covers(INCIDENT.window) for window, _, _ in listing.asked] == [False]


def test_what_is_listed_late_is_found_and_most_looks_do_not_go_back_far() -> None:
    listing = Listing([link(number) for number in range(10)])
    reader = uploads(listing)
    reader.read()
    late = replace(link(8), window=minute(30))  # became available before the newest, and listed after it
    for _ in range(12):
        reader.read()
    listing.links.append(late)
    found = [new for _ in range(12) for new in reader.read()[0]]
    assert found == [late]
    reaches = [T0 + timedelta(hours=1, minutes=9) - after for _, after, _ in listing.asked if after is not None]
    assert reaches.count(timedelta(seconds=30)) > 3 * reaches.count(timedelta(minutes=2)) > 0


def test_what_is_new_does_not_wait_for_what_may_have_been_listed_late() -> None:
    listing = Listing([link(number) for number in range(10)])
    reader = uploads(listing)
    for _ in range(6):
        reader.read()
    listing.links.append(link(20))
    first, *rest = reader.pages(10)
    assert (first, [new for page in rest for new in page]) == ([link(20)], [])
    assert listing.asked[-len(rest)][1] == T0 + timedelta(hours=1, minutes=20) - timedelta(minutes=2)
