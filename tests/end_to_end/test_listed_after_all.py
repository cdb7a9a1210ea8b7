"""The list of uploaded media has the last word: what a retrieval does not tell, or denied, is taken from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.faults import ClipFate, Script, refusal
from tests.samsara_bench import RETRIEVAL
from tests.site import Site

pytestmark = pytest.mark.slow

SiteWith = Callable[[Script], Site]
FORGOTTEN = refusal(404, "Retrieval not found.", method="GET", path=RETRIEVAL)
STUCK = ClipFate(stuck=True, ready_after=3)


def test_a_retrieval_that_stays_pending_does_not_hide_what_the_list_has(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(STUCK,)))
    outcome = site.pull("--cameras", "road", "--wait", "0.5", minutes="1")
    assert outcome.code == 0, outcome.err
    assert [count for *_, count in site.asked()] == [1]


def test_a_resume_looks_in_the_list_for_what_stays_pending(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(STUCK,)))
    assert site.pull("--cameras", "road", "--wait", "0", minutes="1").code == 4
    again = site.resume("--wait", "0.5")
    assert again.code == 0, again.err
    assert [count for *_, count in site.asked()] == [1]


def test_what_an_id_that_is_not_known_any_more_was_for_is_found_in_the_list(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(FORGOTTEN,), ready_after=1.2))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err
    assert [count for *_, count in site.asked()] == [1]


def test_an_id_that_is_not_known_any_more_ends_as_a_gap_where_the_list_has_nothing(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(FORGOTTEN,), ready_after=3600))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert (outcome.code, outcome.reasons("road")) == (5, ["failed"]), outcome.err
    assert "does not know the retrieval any more" in outcome.err
