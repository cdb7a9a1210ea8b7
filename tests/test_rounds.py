"""How long the loop goes on while the service is silent, and what a look makes of calls that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from footage.errors import FootageError, ServiceUnreachable
from footage.models import UTC
from footage.progress import Progress
from footage.rounds import Patience, Rounds
from footage.sweep import Sweep

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

    def look(self, lookings: object, meanwhile: Callable[[], object]) -> bool:
        if self.waiting.now < self.answers_at:
            raise ServiceUnreachable("Nobody answers.")
        self.waiting.is_complete = True
        return True


def go_round(waiting: Waiting, answers: timedelta, wait: timedelta) -> None:
    silent = Silent(waiting, T0 + answers)
    patience = Patience(T0 + wait, None)
    Rounds(
        [waiting],  # type: ignore[list-item]
        silent,  # type: ignore[arg-type]
        patience,
        progress=waiting,
        clock=lambda: waiting.now,
        sleep=lambda _: None,
    ).run()


def test_a_network_that_is_gone_for_an_hour_ends_no_run_that_may_wait_longer() -> None:
    waiting = Waiting()
    go_round(waiting, timedelta(hours=1), timedelta(hours=12))
    assert waiting.stopped_by is None
    assert timedelta(hours=1) <= waiting.now - T0 < timedelta(minutes=63)
    assert 5 <= len(waiting.said) <= 7


def test_a_wait_that_ends_in_silence_ends_with_it() -> None:
    waiting = Waiting()
    go_round(waiting, timedelta(hours=2), timedelta(hours=1))
    assert isinstance(waiting.stopped_by, ServiceUnreachable)
    assert waiting.now - T0 < timedelta(minutes=63)


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

    def judge_lost(self) -> bool:
        return False


def looks(opened: Open, count: int) -> Iterator[list[int]]:
    sweep = Sweep(SimpleNamespace())  # type: ignore[arg-type]
    for _ in range(count):
        opened.read_now.clear()
        try:
            sweep.look([opened], meanwhile=lambda: None)  # type: ignore[list-item]
        except ServiceUnreachable:
            yield []
        else:
            yield list(opened.read_now)


def test_retrievals_that_fail_alone_are_read_less_often_and_the_others_each_time() -> None:
    seen = list(looks(Open([0, 1, 2, 3], {0, 1}), 21))
    assert all({2, 3} <= set(look) for look in seen[1:])
    assert 2 <= sum(0 in look for look in seen) < 8


def test_a_service_that_answers_nothing_is_asked_twice_a_look_and_is_silent() -> None:
    opened = Open(list(range(10)), set(range(10)))
    sweep = Sweep(SimpleNamespace())  # type: ignore[arg-type]
    with pytest.raises(ServiceUnreachable):
        sweep.look([opened], meanwhile=lambda: None)  # type: ignore[list-item]
    assert len(opened.read_now) == 2
