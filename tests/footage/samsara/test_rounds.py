"""How long the loop goes on while the service is silent, and what a look makes of calls that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import FootageError, ServiceUnreachable, SilentToTheEnd
from footage.models import UTC
from footage.progress import Progress
from footage.report import PENDING
from footage.samsara.rounds import Patience, Rounds
from footage.samsara.sweep import Sweep

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)


@dataclass
class Waiting(Progress):
    """A retrieval that waits, the clock that its waiting turns, and what the person is told."""

    now: datetime = T0
    is_complete: bool = False
    is_fetching: bool = False
    is_asking: bool = False
    next_window: None = None
    stopped_by: FootageError | None = None
    looking: None = None
    said: list[str] = field(default_factory=list)

    @property
    def is_stopped(self) -> bool:
        return self.stopped_by is not None

    def take_arrivals(self, seconds: float) -> bool:
        self.now += timedelta(seconds=max(seconds, 0.01))
        return False

    def on_turn(self) -> None:
        """Nothing is offered."""

    def give_up(self, error: FootageError) -> None:
        self.stopped_by = error

    def say(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Silent:
    """Looks that find nobody at home before `answers_at`, and then all that was waited for."""

    waiting: Waiting
    answers_at: datetime

    def look(self, lookings: object, meanwhile: Callable[[], object], seconds: float, *, is_last: bool) -> bool:
        if self.waiting.now < self.answers_at:
            raise ServiceUnreachable("Nobody answers.")
        self.waiting.is_complete = True
        return True


def wait_out(waiting: Waiting, answers: timedelta, wait: timedelta, poll_interval: float | None = None) -> None:
    silent = Silent(waiting, T0 + answers)
    go_round(waiting, silent, Patience(T0 + wait, poll_interval))  # type: ignore[arg-type]


def go_round(waiting: Waiting, sweep: Sweep, patience: Patience) -> None:
    Rounds(
        [waiting],  # type: ignore[list-item]
        sweep,
        patience,
        progress=waiting,
        clock=lambda: waiting.now,
        sleep=lambda _: None,
    ).run()


def test_a_network_that_is_gone_for_an_hour_ends_no_run_that_may_wait_longer() -> None:
    waiting = Waiting()
    wait_out(waiting, timedelta(hours=1), timedelta(hours=12))
    assert waiting.stopped_by is None
    assert timedelta(hours=1) <= waiting.now - T0 < timedelta(minutes=63)
    assert 5 <= len(waiting.said) <= 7


def test_a_wait_that_ends_in_silence_ends_with_it_and_as_one_for_footage_to_come() -> None:
    waiting = Waiting()
    wait_out(waiting, timedelta(hours=2), timedelta(hours=1))
    assert isinstance(waiting.stopped_by, SilentToTheEnd)
    assert waiting.stopped_by.exit_code == PENDING
    assert waiting.now - T0 < timedelta(minutes=63)


@dataclass
class Asleep(Waiting):
    """A laptop that is closed after five minutes, and opened the next morning."""

    def take_arrivals(self, seconds: float) -> bool:
        slept = T0 + timedelta(minutes=5) <= self.now < T0 + timedelta(hours=9)
        self.now = T0 + timedelta(hours=9) if slept else self.now
        return super().take_arrivals(seconds)


def test_a_computer_that_slept_through_the_wait_looks_once_more() -> None:
    waiting = Asleep()
    wait_out(waiting, timedelta(hours=8), timedelta(hours=1), poll_interval=24 * 3600.0)
    assert waiting.is_complete
    assert waiting.now < T0 + timedelta(hours=9, minutes=1)


@dataclass
class Open:
    """An incident's open retrievals; those in `broken` never answer."""

    numbers: list[int]
    broken: set[int]
    read_now: list[int] = field(default_factory=list)
    is_searching: bool = False

    def waiting(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(number=number) for number in self.numbers]

    def read(self, number: int) -> bool:
        self.read_now.append(number)
        if number in self.broken:
            raise ServiceUnreachable("500")
        return True

    def match(self, links: object) -> bool:
        return False

    def judge_lost(self) -> bool:
        return False


@dataclass
class Listing:
    """A list that brings nothing, or is not answered, and counts how often it is read."""

    broken: bool = False
    calls_a_round: int = 1
    calls: int = 0

    def pages(self, calls: int) -> Iterator[list[object]]:
        self.calls += 1
        if self.broken:
            raise ServiceUnreachable("500")
        yield []


def looks(opened: Open, count: int, listing: Listing) -> Iterator[list[int]]:
    sweep = Sweep(listing, lambda: T0)  # type: ignore[arg-type]
    for _ in range(count):
        opened.read_now.clear()
        try:
            sweep.look([opened], meanwhile=lambda: None, seconds=60)  # type: ignore[list-item]
        except ServiceUnreachable:
            yield []
        else:
            yield list(opened.read_now)


def test_retrievals_that_fail_alone_are_read_less_often_and_the_others_each_time() -> None:
    seen = list(looks(Open([0, 1, 2, 3], {0, 1}), 21, Listing()))
    assert all({2, 3} <= set(look) for look in seen[1:])
    assert 2 <= sum(0 in look for look in seen) < 8


def test_a_service_that_answers_nothing_is_asked_twice_a_look_and_is_silent() -> None:
    opened, listing = Open(list(range(10)), set(range(10))), Listing(broken=True)
    sweep = Sweep(listing, lambda: T0)  # type: ignore[arg-type]
    with pytest.raises(ServiceUnreachable):
        sweep.look([opened], meanwhile=lambda: None, seconds=60)  # type: ignore[list-item]
    assert (listing.calls, len(opened.read_now)) == (1, 1)


def test_a_list_that_fails_alone_is_asked_for_less_often_and_all_are_read() -> None:
    listing = Listing(broken=True)
    seen = list(looks(Open([0, 1, 2, 3], set()), 21, listing))
    assert all(look == [0, 1, 2, 3] for look in seen)
    assert 2 <= listing.calls < 8


def test_many_are_listed_and_read_in_turn_as_far_as_the_time_goes() -> None:
    opened, listing, now = Open(list(range(12)), set()), Listing(), T0

    def pass_time() -> None:
        nonlocal now
        now += timedelta(seconds=0.5)

    sweep = Sweep(listing, lambda: now)  # type: ignore[arg-type]
    for look in range(1, 5):
        opened.read_now.clear()
        sweep.look([opened], meanwhile=pass_time, seconds=2.0)  # type: ignore[list-item]
        assert listing.calls == look
        assert opened.read_now == [(look - 1) * 3 + nth for nth in range(3)]


def test_one_that_fails_slowly_is_not_all_that_is_read_of_a_look() -> None:
    opened, now = Open([0, 1, 2], {0}), T0

    def pass_time() -> None:
        nonlocal now
        now += timedelta(seconds=20)

    sweep = Sweep(Listing(), lambda: now)  # type: ignore[arg-type]
    assert sweep.look([opened], meanwhile=pass_time, seconds=2.0)  # type: ignore[list-item]
    assert opened.read_now == [0, 1]


@given(call=st.floats(0.26, 1.5), interval=st.floats(5, 90))
def test_what_is_new_is_listed_once_an_interval_however_long_the_reads_take(call: float, interval: float) -> None:
    waiting, listed = Waiting(), list[datetime]()

    class Calls(Open, Listing):
        def pages(self, calls: int) -> Iterator[list[object]]:
            listed.append(waiting.now)
            waiting.now += timedelta(seconds=call)
            yield []

        def read(self, number: int) -> bool:
            waiting.now += timedelta(seconds=call)
            waiting.is_complete = len(listed) > 20
            return False

    calls = Calls(list(range(480)), set())
    waiting.looking = calls  # type: ignore[assignment]
    go_round(
        waiting,
        Sweep(calls, lambda: waiting.now),  # type: ignore[arg-type]
        Patience(T0 + timedelta(days=1), interval),
    )
    gaps = [(after - before).total_seconds() for before, after in pairwise(listed)]
    assert max(gaps) <= interval


def test_few_are_read_one_by_one_at_each_look_and_listed_at_the_first_and_each_fifth() -> None:
    listed, listing = list[int](), Listing()
    for look, read in enumerate(looks(Open([0, 1, 2], set()), 12, listing), start=1):
        assert read == [0, 1, 2]
        listed += [look] * (listing.calls - len(listed))
    assert listed == [1, 6, 11]


def test_few_are_listed_at_the_last_look() -> None:
    waiting, listing = Waiting(), Listing()
    waiting.looking = Open([0], set())  # type: ignore[assignment]
    sweep = Sweep(listing, lambda: waiting.now)  # type: ignore[arg-type]
    go_round(waiting, sweep, Patience(T0 + timedelta(minutes=3), 60.0))
    assert listing.calls == 2


def test_where_nothing_is_waited_for_nothing_is_listed() -> None:
    listing = Listing()
    assert list(looks(Open([], set()), 6, listing)) == [[]] * 6
    assert listing.calls == 0
