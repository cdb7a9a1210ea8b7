"""What a bad answer of the service costs: its own clip, or its own look, and never the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from demo.faults import ClipFate, Fault, Script, Upload, lost_answer, quota_exceeded, refusal
from tests.samsara_bench import LIST, RETRIEVAL
from tests.site import START, Site

pytestmark = pytest.mark.slow

SiteWith = Callable[[Script], Site]
EXPIRED_DRIVER = Fault(path="/media/", camera="driver", expired=True)


def test_a_fresh_link_that_cannot_be_had_costs_its_clip_until_a_resume(site_with: SiteWith) -> None:
    gone = refusal(404, "Retrieval not found.", method="GET", path=RETRIEVAL, after=1)
    site = site_with(Script(limits=False, faults=(EXPIRED_DRIVER, gone)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == ["download"]
    assert outcome.result["cameras"]["road"]["received_seconds"] == 60
    site.service.script = Script(limits=False)
    again = site.run("resume", outcome.result["journal"], "--json", "--poll-interval", "0.1")
    assert again.code == 0, again.err
    assert [count for _, _, count in site.asked()] == [1]


@pytest.mark.parametrize("link", ["https://[::1", f"https://{'a' * 70}.example.com/clip.mp4"])
def test_a_link_that_is_no_address_costs_its_clip(site_with: SiteWith, link: str) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="driver", url=link),)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == ["download"]
    assert outcome.result["cameras"]["road"]["received_seconds"] == 60


def test_a_link_of_the_list_is_renewed_by_a_retrieval_that_tells_other_milliseconds(site_with: SiteWith) -> None:
    stale = Fault(path="/media/", each=True, nth=(1,), expired=True)
    site = site_with(Script(limits=False, ready_after=3, list_drift=0.033, faults=(lost_answer(1), stale)))
    outcome = site.pull("--cameras", "road", "--settle", "20")
    assert outcome.code == 0, outcome.err
    assert len(outcome.result["cameras"]["road"]["clips"]) == 2


def test_a_camera_that_no_answer_speaks_of_and_nobody_named_is_not_installed(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="analog1", told=False),)))
    outcome = site.pull("--settle", "1")
    assert outcome.code == 0, outcome.err
    assert outcome.result["cameras"]["analog1"]["installed"] is False
    assert "Analog1: not installed, or it recorded nothing in this vehicle." in outcome.err
    calls = len(site.service.requests)
    assert site.run("resume", outcome.result["journal"], "--json").code == 0
    assert len(site.service.requests) == calls


def test_a_camera_that_is_not_there_is_waited_for_in_one_window_only(site_with: SiteWith) -> None:
    third = ClipFate(start="2026-11-18T14:32:00Z", camera="road", ready_after=12)
    absent = ClipFate(camera="analog1", told=False)
    site = site_with(Script(limits=False, clips=(third, absent)))
    outcome = site.pull("--settle", "8", "--wait", "0.3", minutes="3")
    assert outcome.code == 0, outcome.err
    assert outcome.result["cameras"]["analog1"]["installed"] is False


def test_a_camera_that_an_answer_leaves_out_is_a_gap_until_a_resume_finds_it(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="driver", start=START, told=False),)))
    outcome = site.pull("--settle", "1", "--cameras", "road,driver")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == ["no_media"]
    site.service.script = Script(limits=False)
    again = site.run("resume", outcome.result["journal"], "--json", "--poll-interval", "0.1", "--settle", "1")
    assert again.code == 0, again.err
    assert site.posts_sent() == 2


def test_a_camera_is_not_given_up_while_others_of_its_answer_are_under_way(site_with: SiteWith) -> None:
    late, unlisted = ClipFate(camera="road", ready_after=6), ClipFate(camera="driver", told=False)
    site = site_with(Script(limits=False, clips=(late, unlisted)))
    outcome = site.pull("--settle", "1", "--wait", "0.07", "--cameras", "road,driver", minutes="1")
    assert (outcome.code, outcome.reasons("driver")) == (4, ["pending"]), outcome.err


@pytest.mark.parametrize("stale", [False, True])
def test_media_that_does_not_tell_its_role_is_that_of_the_one_role_asked_for(site_with: SiteWith, stale: bool) -> None:
    faults = (Fault(path="/media/", each=True, nth=(1,), expired=True),) if stale else ()
    fate = ClipFate(camera="leftSide", role_told=False)
    site = site_with(Script(limits=False, clips=(fate,), faults=faults))
    outcome = site.pull("--cameras", "road,leftSide", "--wait", "0.2", vehicle="Rig 12", minutes="1")
    assert outcome.code == 0, outcome.err
    assert outcome.result["cameras"]["leftSide"]["received_seconds"] == 60


def test_a_lost_request_is_found_by_what_was_listed_before_it_was_looked_for(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, ready_after=4, faults=(lost_answer(1), quota_exceeded(after=1))))
    first = site.pull("--cameras", "road", "--wait", "0.02")
    assert first.code == 7, first.err
    site.service.script = Script(limits=False)
    time.sleep(4)
    again = site.resume("--settle", "3")
    assert again.code == 0, again.err
    assert [count for _, _, count in site.asked()] == [1, 1]


NO_LIST = refusal(400, "Invalid value.", method="GET", path="/cameras/media", parameter="vehicleIds")


@pytest.mark.parametrize("field", ["startTime", "endTime", "input"])
def test_media_that_does_not_tell_its_times_or_camera_is_taken_as_it_was_asked_for(
    site_with: SiteWith, field: str
) -> None:
    site = site_with(Script(limits=False, faults=(NO_LIST,), clips=(ClipFate(untold=(field,)),)))
    outcome = site.pull("--cameras", "road", "--wait", "0.3", minutes="1")
    assert outcome.code == 0, outcome.err
    assert ("it is placed where it was asked for, 2026-11-18 14:30:00 UTC" in outcome.err) is (field == "startTime")


def test_a_camera_that_has_ended_is_a_gap_at_once_whatever_times_are_told(site_with: SiteWith) -> None:
    ended = ClipFate(camera="driver", status="failed", untold=("startTime", "endTime"))
    site = site_with(Script(limits=False, clips=(ended,)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert (outcome.code, outcome.reasons("driver")) == (3, ["failed"]), outcome.err


def just_now(minutes: int) -> str:
    """So many minutes ago, to the second."""
    return (datetime.now(timezone.utc) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_incident_that_has_just_ended_is_listed_up_to_now(site: Site) -> None:
    start = just_now(1)
    outcome = site.pull("--start", start, "--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err
    assert {request.status for request in site.service.requests if request.path == "/cameras/media"} == {200}


@pytest.mark.parametrize("parameter", ["availableAfterTime", "vehicleIds"])
def test_a_list_that_is_refused_is_asked_for_otherwise_or_done_without(site_with: SiteWith, parameter: str) -> None:
    refused = refusal(400, "Invalid value.", method="GET", path="/cameras/media", parameter=parameter)
    known = Upload("281474990123456", "driver", START)
    site = site_with(Script(limits=False, ready_after=3, uploads=(known,), faults=(refused, lost_answer(2))))
    outcome = site.pull("--cameras", "road", "--settle", "6", minutes="2")
    if parameter == "availableAfterTime":
        assert outcome.code == 0, outcome.err
    else:
        assert outcome.reasons("road") == ["unsettled"], outcome.err
        assert "cannot be listed" in outcome.err
    assert outcome.result["cameras"]["road"]["received_seconds"] >= 60


def test_a_cursor_that_is_not_taken_any_more_is_dropped(site_with: SiteWith) -> None:
    uploads = tuple(Upload("281474990123456", camera, START) for camera in ("road", "driver"))
    stale = refusal(400, "Invalid value for parameter after.", parameter="after", nth=(1,))
    site = site_with(Script(limits=False, list_page=1, uploads=uploads, faults=(stale,)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert outcome.code == 0, outcome.err
    assert outcome.result["requests"] == {"made": 0, "reused": 0, "already_uploaded": 2}


def test_a_retrieval_that_never_answers_well_does_not_hold_up_the_others(site_with: SiteWith) -> None:
    broken = refusal(503, "Try again.", method="GET", path=RETRIEVAL, start=START)
    unlisted = tuple(ClipFate(start=start, status="pending") for start in (START, "2026-11-18T14:32:00Z"))
    site = site_with(Script(limits=False, faults=(broken,), clips=unlisted))
    outcome = site.pull("--cameras", "road", "--wait", "0.2", minutes="3")
    assert (outcome.code, set(outcome.reasons("road"))) == (4, {"pending"}), outcome.err
    assert outcome.result["cameras"]["road"]["received_seconds"] == 60


def test_a_wait_that_ends_in_silence_says_so_and_resume_goes_on(site_with: SiteWith) -> None:
    silent = refusal(503, "Try again.", method="GET", path=LIST, after=1)
    site = site_with(Script(limits=False, faults=(silent,)))
    outcome = site.pull("--cameras", "road", "--wait", "0.02", minutes="1")
    assert (outcome.code, outcome.result["status"]) == (4, "pending"), outcome.err
    assert outcome.result["error"]["kind"] == "unreachable"
    assert "resume" in outcome.err.splitlines()[-1]
    site.service.script = Script(limits=False)
    again = site.resume()
    assert again.code == 0, again.err
    assert [count for _, _, count in site.asked()] == [1]
