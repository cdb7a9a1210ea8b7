"""The list of uploaded media has the last word: what a retrieval does not tell, or denied, is taken from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.faults import ClipFate, Fault, Script, Upload, lost_answer, not_recording, refusal
from tests.samsara_bench import LIST, RETRIEVAL
from tests.site import START, Outcome, Site

pytestmark = pytest.mark.slow

SiteWith = Callable[[Script], Site]
FORGOTTEN = refusal(404, "Retrieval not found.", method="GET", path=RETRIEVAL)
STUCK = ClipFate(stuck=True, ready_after=3)
ALL = ("--cameras", "road,driver,analog1")
HOLES = Script(
    limits=False,
    clips=(ClipFate(camera="driver", status="failed"),),
    faults=(not_recording("analog1"),),
)
UPLOADED = Script(limits=False, uploads=tuple(Upload("281474990123456", each, START) for each in ("driver", "analog1")))


def calls(site: Site, path: str = "") -> int:
    """How many calls were made, of one path or in all."""
    return sum(request.path == path or not path for request in site.service.requests)


def with_holes(site: Site) -> Outcome:
    """A run that is over, with two cameras of which there was nothing."""
    outcome = site.pull(*ALL, minutes="1", films="joined")
    assert outcome.code == 3, outcome.err
    assert (outcome.reasons("driver"), outcome.reasons("analog1")) == (["failed"], ["not_recording"])
    return outcome


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


def test_a_hole_that_somebody_has_uploaded_since_is_filled_by_resume(site_with: SiteWith) -> None:
    site = site_with(HOLES)
    journal, posts = with_holes(site).result["journal"], site.posts_sent()
    site.service.script = UPLOADED
    again = site.run("resume", journal, "--json", "--poll-interval", "0.1")
    assert again.code == 0, again.err
    assert all(camera["merged"] for camera in again.result["cameras"].values())
    assert again.result["requests"]["already_uploaded"] == 2
    made = calls(site)
    assert site.run("resume", journal, "--json").code == 0
    assert (calls(site), site.posts_sent()) == (made, posts)


def test_a_hole_that_somebody_has_uploaded_since_is_filled_by_a_new_pull(site_with: SiteWith) -> None:
    site = site_with(HOLES)
    with_holes(site)
    posts = site.posts_sent()
    site.service.script = UPLOADED
    again = site.pull(*ALL, minutes="1", films="joined")
    assert again.code == 0, again.err
    assert site.posts_sent() == posts


def test_a_hole_that_nobody_has_filled_costs_one_call_and_stays(site_with: SiteWith) -> None:
    site = site_with(HOLES)
    journal, made, listed = with_holes(site).result["journal"], calls(site), calls(site, LIST)
    again = site.run("resume", journal, "--json")
    assert (again.code, again.reasons("driver"), again.reasons("analog1")) == (3, ["failed"], ["not_recording"])
    assert (calls(site) - made, calls(site, LIST) - listed) == (1, 1)


def test_where_nobody_may_look_a_run_with_holes_is_told_as_it_is(site_with: SiteWith) -> None:
    site = site_with(HOLES)
    journal = with_holes(site).result["journal"]
    site.service.script = Script(limits=False, missing_permissions=("Read Media Retrieval",))
    again = site.run("resume", journal, "--json")
    assert (again.code, again.reasons("driver")) == (3, ["failed"]), again.err
    assert "Whether more is uploaded by now is not known" in again.err


def test_what_fills_a_hole_and_cannot_be_fetched_is_not_asked_for(site_with: SiteWith) -> None:
    site = site_with(HOLES)
    journal, posts = with_holes(site).result["journal"], site.posts_sent()
    site.service.script = Script(limits=False, uploads=UPLOADED.uploads, faults=(Fault(path="/media/", status=500),))
    again = site.run("resume", journal, "--json", "--poll-interval", "0.1")
    assert (again.code, again.reasons("driver"), again.reasons("analog1")) == (3, ["download"], ["download"])
    site.service.script = UPLOADED
    assert site.resume().code == 0
    assert site.posts_sent() == posts


def test_a_run_that_was_closed_takes_what_has_come_since(site_with: SiteWith) -> None:
    late = ClipFate(camera="driver", ready_after=3600)
    site = site_with(Script(limits=False, clips=(late,), faults=HOLES.faults))
    assert site.pull(*ALL, "--wait", "0", minutes="1").code == 4
    closed = site.resume("--accept-partial")
    assert (closed.code, closed.reasons("driver")) == (3, ["pending"]), closed.err
    posts = site.posts_sent()
    site.service.script = UPLOADED
    again = site.run("resume", closed.result["journal"], "--accept-partial", "--json", "--poll-interval", "0.1")
    assert again.code == 0, again.err
    assert site.posts_sent() == posts


def test_a_lost_request_is_found_later_while_the_run_goes_on(site_with: SiteWith) -> None:
    """The search for it is over after the settle time; what the list brings meanwhile is still its own."""
    first, second = ClipFate(start=START, ready_after=6), ClipFate(stuck=True, ready_after=9)
    site = site_with(Script(limits=False, clips=(first, second), faults=(lost_answer(1),)))
    outcome = site.pull("--cameras", "road", "--settle", "1", "--wait", "1", minutes="2")
    assert outcome.code == 0, outcome.err
    assert [count for *_, count in site.asked()] == [1, 1]
