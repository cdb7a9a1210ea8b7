"""The month's allowance: a run that fits is never stopped, one that does not fit spends nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.faults import ClipFate, Script, quota_exceeded
from footage.errors import QuotaReached
from footage.models import UTC, Quota
from footage.samsara.budget import Budget
from tests.site import QUICK, START, Site

SiteWith = Callable[[Script], Site]
T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
ROAD = ("--cameras", "road")
TIGHT = Script(limits=False, quota_used=890, quota_limit=1000)
"""One minute fits, two do not."""
NEVER = (ClipFate(ready_after=3600),)


@given(finished=st.lists(st.booleans(), min_size=1, max_size=40), price=st.floats(0.1, 600), spare=st.floats(0, 600))
def test_what_fits_is_asked_for_whatever_has_finished_meanwhile(
    finished: list[bool], price: float, spare: float
) -> None:
    """The service's figure holds what has finished: of that, nothing is counted twice."""
    budget, left = Budget(over_quota=False, clock=lambda: T0), len(finished)
    budget.join(lambda: price * left)
    used, limit = 300.0, 300.0 + price * len(finished) * 1.000001 + spare
    for is_finished in finished:
        left -= 1
        budget.spend(price, Quota(used, limit))
        used += price * is_finished


@given(finished=st.lists(st.booleans(), min_size=2, max_size=40), price=st.floats(1, 600))
def test_what_does_not_fit_ends_with_the_first_answer(finished: list[bool], price: float) -> None:
    budget = Budget(over_quota=False, clock=lambda: T0)
    budget.join(lambda: price * (len(finished) - 1))
    with pytest.raises(QuotaReached):
        budget.spend(price, Quota(300.0, 300.0 + price * (len(finished) - 0.5)))


def test_what_is_known_of_an_earlier_run_counts_until_a_fresh_figure_is_told() -> None:
    budget = Budget(over_quota=False, clock=lambda: T0, known=Quota(950.0, 1000.0))
    budget.join(lambda: 60.0)
    with pytest.raises(QuotaReached):
        budget.check()
    budget.spend(60.0, Quota(100.0, 1000.0))
    budget.check()


def test_the_rest_after_a_request_that_is_not_taken_grows_to_minutes_and_is_short_again_after_an_answer() -> None:
    now = T0
    budget, rests = Budget(over_quota=False, clock=lambda: now), list[float]()
    for _ in range(6):
        budget.rest("429")
        began = now
        while budget.is_resting:
            now += timedelta(seconds=1)
        rests.append((now - began).total_seconds())
    assert rests == [20, 40, 80, 160, 300, 300]
    budget.hear()
    budget.rest("429")
    assert budget.is_resting
    now += timedelta(seconds=20)
    assert not budget.is_resting


def test_a_reason_to_rest_is_new_once_until_it_changes_or_an_answer_comes() -> None:
    budget = Budget(over_quota=False, clock=lambda: T0)
    assert [budget.rest(why) for why in ("429", "429", "gone", "429")] == [True, False, True, True]
    budget.hear()
    assert budget.rest("429")


@pytest.mark.slow
def test_a_run_that_fits_is_complete_though_its_footage_is_counted_as_it_comes(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, quota_used=300, quota_limit=1000))
    outcome = site.pull(*ROAD, minutes="10")
    assert outcome.code == 0, outcome.err
    assert len(site.asked()) == 10


@pytest.mark.slow
def test_a_resume_does_not_spend_what_the_known_figure_does_not_hold(site_with: SiteWith) -> None:
    """What was asked for is brought; what was not stays unasked, however often the run is resumed."""
    site = site_with(replace(TIGHT, ready_after=3))
    assert site.pull(*ROAD, minutes="3").code == 7
    for _ in range(2):
        again = site.resume()
        assert again.code == 7, again.err
        assert "--over-quota" in again.result["error"]["message"]
        assert len(site.asked()) == 1
    assert again.result["cameras"]["road"]["received_seconds"] == 60


@pytest.mark.slow
def test_one_window_less_than_is_left_does_not_slip_through_with_each_resume(site_with: SiteWith) -> None:
    """The figure does not hold the request that told it: 150 s were left, 60 of them are on their way."""
    site = site_with(Script(limits=False, quota_used=850, quota_limit=1000, clips=NEVER))
    assert site.pull(*ROAD, "--wait", "0.01", minutes="3").code == 7
    assert site.resume("--wait", "0.01").code == 7
    assert len(site.asked()) == 1


@pytest.mark.slow
def test_only_what_was_not_asked_for_is_missing_because_of_the_quota(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=NEVER, faults=(quota_exceeded(after=1),)))
    outcome = site.pull(*ROAD, "--wait", "0.05", minutes="3")
    assert outcome.code == 7, outcome.err
    gaps = [(gap["start"], gap["reason"]) for gap in outcome.result["cameras"]["road"]["gaps"]]
    assert gaps == [(START, "pending"), ("2026-11-18T14:31:00Z", "quota")]


@pytest.mark.slow
def test_a_pull_that_meets_an_unfinished_run_spends_nothing_unconfirmed(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(quota_exceeded(after=1),)))
    assert site.pull(*ROAD, minutes="3").code == 7
    site.service.script = Script(limits=False)
    what = ("--vehicle", "Truck 104", "--start", START, "--duration", "3", "--films", "none", *ROAD)
    quick = [option for option in QUICK if option != "--yes"]
    unconfirmed = site.run("pull", *what, *quick)
    assert (unconfirmed.code, len(site.asked())) == (2, 1), unconfirmed.err
    assert "Quota: about 120 seconds" in unconfirmed.err
    confirmed = site.run("pull", *what, *QUICK)
    assert confirmed.code == 0, confirmed.err
    assert [count for *_, count in site.asked()] == [1, 1, 1]
