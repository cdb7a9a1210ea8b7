"""The hours in which footage may be downloaded."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import InputRefused
from footage.hours import Hours, parse_hours
from footage.models import UTC

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
