"""docs/scale.md says what the bench says, and the bench multiplies rightly."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.scale import DAY, Load, Means, Work, looks_a_day, main, own_costs, posts_in_a_day, service_costs
from tests.site import ROOT

PAGE = ROOT / "docs" / "scale.md"
COMMANDS = re.findall(r"^python -m bench\.scale (--.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
WORK = Work(core_seconds=60.0, joined_seconds=2.0)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_has_what_the_bench_prints_for_its_figures(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(shlex.split(command))
    assert capsys.readouterr().out in PAGE.read_text(encoding="utf-8")


def test_the_page_names_at_least_two_sizes_of_incident() -> None:
    assert len(COMMANDS) >= 2


@given(
    load=st.builds(Load, st.integers(1, 100_000), st.floats(0.5, 600), st.integers(1, 6), st.floats(0.1, 72)),
    means=st.builds(Means, st.floats(1e3, 1e9), st.floats(1e6, 1e11), st.integers(1, 1000), st.floats(0.1, 1e5)),
)
@settings(deadline=None)
def test_what_is_enough_for_so_many_incidents_is_used_up_by_them(load: Load, means: Means) -> None:
    for costs in (service_costs(load, WORK, means), own_costs(load, WORK, means)):
        allowed = [cost.incidents for cost in costs]
        assert allowed == sorted(allowed)
        assert all(cost.each * cost.incidents == pytest.approx(cost.limit) for cost in costs)


def test_quota_counts_every_camera_and_requests_do_not() -> None:
    one, three = (
        {cost.name: cost.each for cost in service_costs(Load(cameras=cameras), WORK, Means())} for cameras in (1, 3)
    )
    assert (one["quota"], three["quota"]) == (600, 1800)
    assert (one["requests"], three["requests"]) == (10, 10)


def test_the_programs_pace_stays_below_the_services() -> None:
    assert 0.8 * 144_000 < posts_in_a_day() < 144_000


@given(st.integers(1, 10**7), st.floats(0.1, 100))
def test_looking_never_takes_more_calls_than_the_service_allows(incidents: int, hours: float) -> None:
    looks = looks_a_day(Load(incidents=incidents, waiting_hours=hours))
    assert 0 < looks <= 5 * DAY
    assert looks <= looks_a_day(replace(Load(incidents=incidents, waiting_hours=hours), waiting_hours=2 * hours)) + 1e-6
