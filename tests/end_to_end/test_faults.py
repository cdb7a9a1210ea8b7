"""The fault matrix: what the person gets when the service, the network or a clip goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from demo.faults import (
    JSON_HEADERS,
    ClipFate,
    Fault,
    Script,
    Upload,
    lost_answer,
    not_recording,
    quota_exceeded,
    refusal,
    web_page,
)
from tests.site import START, Site

pytestmark = pytest.mark.slow

SiteWith = Callable[[Script], Site]
SECOND = "2026-11-18T14:31:00Z"


def test_a_good_run_is_complete_and_asks_each_window_once(site: Site) -> None:
    outcome = site.pull()
    assert outcome.code == 0, outcome.err
    assert [count for _, _, count in site.asked()] == [1, 1]
    assert outcome.result["requests"] == {"made": 2, "reused": 0, "already_uploaded": 0}
    assert outcome.result["cameras"]["road"]["received_seconds"] == 120


@pytest.mark.parametrize("status", ["unavailable", "invalid", "failed", "someFutureStatus"])
def test_a_final_status_is_a_gap_with_that_reason_at_once(site_with: SiteWith, status: str) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="driver", start=START, status=status),)))
    outcome = site.pull("--cameras", "road,driver")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == [status]
    assert outcome.reasons("road") == []


def test_each_part_of_a_window_that_ended_has_its_own_reason(site_with: SiteWith) -> None:
    parts = ClipFate(camera="driver", status="failed", split_at=20, second_status="someFutureStatus")
    site = site_with(Script(limits=False, clips=(parts,)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert outcome.code == 3, outcome.err
    gaps = outcome.result["cameras"]["driver"]["gaps"]
    assert [(gap["start"][14:19], gap["end"][14:19], gap["reason"]) for gap in gaps] == [
        ("30:00", "30:20", "failed"),
        ("30:20", "31:00", "someFutureStatus"),
    ]


def test_a_camera_that_nobody_named_and_that_is_always_invalid_is_not_installed(site: Site) -> None:
    outcome = site.pull(vehicle="Van 7")
    assert outcome.code == 0, outcome.err
    assert outcome.result["cameras"]["analog1"]["installed"] is False
    assert outcome.result["cameras"]["analog1"]["gaps"] == []


def test_a_named_camera_that_is_invalid_is_a_gap(site: Site) -> None:
    outcome = site.pull("--cameras", "road,analog1", vehicle="Van 7")
    assert outcome.code == 3
    assert outcome.reasons("analog1") == ["invalid"]


def test_nothing_at_all_is_exit_5(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(status="unavailable"),)))
    outcome = site.pull()
    assert (outcome.code, outcome.result["status"]) == (5, "nothing")


def test_one_camera_that_was_not_recording_does_not_cost_the_others(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(not_recording(camera="driver", start=START),)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == ["not_recording"]
    assert outcome.result["cameras"]["road"]["received_seconds"] == 60
    assert site.posts_sent() == 3


def test_an_empty_media_list_is_pending_and_the_wait_ends_with_exit_4(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, empty_for=3600))
    outcome = site.pull("--wait", "0.03")
    assert outcome.code == 4
    assert set(outcome.reasons("road")) == {"pending"}
    assert "resume" in outcome.err


def test_a_resume_after_the_wait_completes_and_asks_nothing_again(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="driver", ready_after=15),)))
    first = site.pull("--wait", "0.1", "--cameras", "road,driver", films="joined")
    assert first.code == 4
    assert first.result["cameras"]["road"]["received_seconds"] == 120
    second = site.resume("--wait", "1")
    assert second.code == 0, second.err
    assert second.result["requests"] == {"made": 0, "reused": 2, "already_uploaded": 0}
    assert [count for _, _, count in site.asked()] == [1, 1]


def test_a_resume_of_a_complete_run_asks_for_nothing_and_reports_it_again(site: Site) -> None:
    first = site.pull(films="joined")
    calls = len(site.service.requests)
    site.environ["SAMSARA_API_KEY"] = ""
    again = site.resume()
    assert again.code == 0, again.err
    assert again.result["cameras"] == first.result["cameras"]
    assert len(site.service.requests) == calls


def test_a_clip_that_vanished_from_the_folder_is_fetched_again_without_a_new_request(site: Site) -> None:
    first = site.pull("--cameras", "road")
    folder = site.videos / first.result["folder"]
    victim = folder / first.result["cameras"]["road"]["clips"][0]["file"]
    victim.unlink()
    again = site.resume()
    assert again.code == 0, again.err
    assert victim.exists()
    assert [count for _, _, count in site.asked()] == [1, 1]


def test_a_second_pull_of_the_same_incident_pays_nothing(site: Site) -> None:
    site.pull("--cameras", "road")
    again = site.pull("--cameras", "road,driver")
    assert again.code == 0, again.err
    assert {cameras for _, cameras, _ in site.asked()} == {("dashcamRoadFacing",), ("dashcamDriverFacing",)}
    assert len(list(site.videos.iterdir())) == 1


def test_what_is_already_uploaded_costs_nothing(site_with: SiteWith) -> None:
    vehicle = "281474990123456"
    uploads = tuple(
        Upload(vehicle=vehicle, camera=camera, start=START, trigger="videoRetrieval") for camera in ("road", "driver")
    )
    site = site_with(Script(limits=False, uploads=uploads))
    outcome = site.pull("--cameras", "road,driver")
    assert outcome.code == 0, outcome.err
    assert [start for start, _, _ in site.asked()] == [SECOND]
    assert outcome.result["requests"] == {"made": 1, "reused": 0, "already_uploaded": 2}


def test_a_lost_answer_is_settled_by_looking_and_never_asked_twice(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(lost_answer(1),)))
    outcome = site.pull("--settle", "20", "--cameras", "road,driver")
    assert outcome.code == 0, outcome.err
    assert [count for _, _, count in site.asked()] == [1, 1]


def test_a_request_of_unknown_fate_stays_open_until_it_is_allowed_again(site_with: SiteWith) -> None:
    swallowed = Fault(method="POST", nth=(1,), drop=True)
    site = site_with(Script(limits=False, faults=(swallowed,)))
    outcome = site.pull("--settle", "1", "--cameras", "road")
    assert outcome.code == 4, outcome.err
    assert outcome.reasons("road") == ["unsettled"]
    *_, by_leave, as_it_is = outcome.err.splitlines()
    assert by_leave.endswith(f'resume "{outcome.result["journal"]}" --ask-again')
    assert as_it_is.endswith(f'resume "{outcome.result["journal"]}"')
    assert len(site.asked()) == 1
    looked = site.resume("--settle", "0.5")
    assert (looked.code, len(site.asked())) == (4, 1)
    allowed = site.resume("--ask-again", "--settle", "0.5")
    assert allowed.code == 0, allowed.err
    assert [count for _, _, count in site.asked()] == [1, 1]


def test_a_server_error_on_the_post_is_not_answered_with_a_second_post(site_with: SiteWith) -> None:
    accepted_but_500 = Fault(method="POST", nth=(1,), status=500, handled=True, body="{}")
    site = site_with(Script(limits=False, faults=(accepted_but_500,)))
    outcome = site.pull("--settle", "20", "--cameras", "road")
    assert outcome.code == 0, outcome.err
    assert [count for _, _, count in site.asked()] == [1, 1]


def test_quota_words_end_with_exit_7_and_keep_what_was_asked(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(quota_exceeded(after=1),)))
    outcome = site.pull("--cameras", "road", minutes="3")
    assert outcome.code == 7, outcome.err
    assert outcome.result["error"]["kind"] == "quota"
    site.service.script = Script(limits=False)
    again = site.resume()
    assert again.code == 0, again.err
    assert [count for _, _, count in site.asked()] == [1, 1, 1]


def test_what_was_accepted_before_the_quota_was_used_up_is_waited_for(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, ready_after=1.5, faults=(quota_exceeded(after=2),)))
    outcome = site.pull("--cameras", "road", minutes="3")
    assert outcome.code == 7, outcome.err
    assert outcome.result["cameras"]["road"]["received_seconds"] == 120
    assert outcome.reasons("road") == ["quota"]


def test_a_plan_beyond_the_fresh_figure_stops_after_the_first_request(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, quota_used=890, quota_limit=1000))
    outcome = site.pull("--cameras", "road", minutes="5")
    assert outcome.code == 7
    assert len(site.asked()) == 1
    allowed = site.resume("--over-quota")
    assert allowed.code == 0, allowed.err
    assert len(site.asked()) == 5


def test_a_rate_limit_is_waited_out(site_with: SiteWith) -> None:
    limited = refusal(429, "Rate limit exceeded.", nth=(1,))
    waiting = {**JSON_HEADERS, "Retry-After": "0.40235"}
    faults = tuple(replace(limited, method=method, headers=waiting) for method in ("POST", "GET"))
    site = site_with(Script(limits=False, faults=faults))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err


def test_a_missing_permission_is_named_and_exit_6(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, missing_permissions=("Write Media Retrieval",)))
    outcome = site.pull()
    assert outcome.code == 6
    assert "Write Media Retrieval" in outcome.result["error"]["message"]


def test_a_rejected_key_is_exit_6(site: Site) -> None:
    site.environ["SAMSARA_API_KEY"] = "samsara_api_wrong0000000000000000000000"
    outcome = site.pull()
    assert (outcome.code, outcome.result["error"]["kind"]) == (6, "key_rejected")
    assert "wrong0000" not in outcome.err + outcome.out


def test_web_pages_in_place_of_answers_are_endured(site_with: SiteWith) -> None:
    page = web_page(502, method="GET", path="/cameras/media/retrieval", nth=(1, 2))
    site = site_with(Script(limits=False, faults=(page,)))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(path="/media/", each=True, nth=(1,), close_after=4000), id="early close"),
        pytest.param(
            Fault(path="/media/", each=True, nth=(1, 2), close_after=4000, headers={"ETag": '"x"'}), id="changed ETag"
        ),
        pytest.param(Fault(path="/media/", each=True, nth=(1,), expired=True), id="expired link"),
        pytest.param(Fault(path="/media/", each=True, nth=(1,), status=503), id="server error"),
        pytest.param(Fault(path="/media/", each=True, nth=(1,), delay=0.5), id="slow start"),
        pytest.param(Fault(path="/media/", each=True, bytes_per_second=200_000), id="slow drip"),
        pytest.param(Fault(path="/media/", each=True, nth=(1,), drop=True), id="dropped connection"),
    ],
)
def test_a_download_that_breaks_off_is_completed(site_with: SiteWith, site: Site, fault: Fault) -> None:
    good = site.pull("--cameras", "road")
    broken = site_with(Script(limits=False, faults=(fault,)))
    broken.folder = site.folder / "second"
    broken.folder.mkdir()
    outcome = broken.pull("--cameras", "road")
    assert outcome.code == 0, outcome.err
    assert _hashes(outcome.result) == _hashes(good.result)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(Fault(path="/media/", nth=(2,), headers={"Content-Range": "bytes 7-9/10"}), id="wrong range"),
        pytest.param(Fault(path="/media/", nth=(2,), ignore_range=True), id="200 instead of 206"),
        pytest.param(Fault(path="/media/", nth=(2,), headers={"ETag": '"other"'}), id="other ETag"),
    ],
)
def test_a_part_is_continued_only_on_an_exact_answer(site_with: SiteWith, site: Site, second: Fault) -> None:
    good = site.pull("--cameras", "road", minutes="1")
    first = Fault(path="/media/", nth=(1,), close_after=4000)
    broken = site_with(Script(limits=False, faults=(first, second)))
    broken.folder = site.folder / "second"
    broken.folder.mkdir()
    outcome = broken.pull("--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err
    assert _hashes(outcome.result) == _hashes(good.result)


def test_a_download_that_never_completes_is_a_gap_that_resume_closes(site_with: SiteWith) -> None:
    never = Fault(path="/media/", camera="driver", close_after=100)
    site = site_with(Script(limits=False, faults=(never,)))
    outcome = site.pull("--cameras", "road,driver", "--retries", "2", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == ["download"]
    site.service.script = Script(limits=False)
    again = site.run("resume", outcome.result["journal"], "--json", "--poll-interval", "0.1")
    assert again.code == 0, again.err


def test_a_clip_broken_inside_is_fetched_once_more(site_with: SiteWith) -> None:
    fate = ClipFate(camera="road", damage_at=0.5, damaged_downloads=1)
    site = site_with(Script(limits=False, clips=(fate,)))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err
    assert site.downloads() == 2


def test_a_clip_that_stays_broken_is_kept_and_its_broken_part_is_a_gap(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="road", cut_to=0.6),)))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 3, outcome.err
    assert set(outcome.reasons("road")) == {"damaged"}
    assert 5 < outcome.result["cameras"]["road"]["received_seconds"] < 59
    assert site.downloads() == 2


@pytest.mark.parametrize("films", ["joined", "all"])
def test_a_clip_of_which_much_is_broken_ends_in_a_whole_package_with_that_gap(site_with: SiteWith, films: str) -> None:
    fate = ClipFate(camera="road", damage_at=0.5, damaged_bytes=300_000)
    site = site_with(Script(limits=False, clips=(fate,)))
    outcome = site.pull("--cameras", "road", "--tile-height", "120", minutes="1", films=films)
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("road") == ["damaged"]
    folder = Path(outcome.result["folder"])
    assert all((folder / name).is_file() for name in ("manifest.json", "SHA256SUMS", "index.html"))
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert "last picture before a gap" in [each.get("why") for each in told["files"]]


@pytest.mark.parametrize("copies", [ClipFate(copies=2), ClipFate(lead=3.0), ClipFate(split_at=30.0)])
def test_duplicates_overlaps_and_segments_cover_the_window_once(site_with: SiteWith, copies: ClipFate) -> None:
    site = site_with(Script(limits=False, clips=(copies,)))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 0, outcome.err
    assert outcome.result["cameras"]["road"]["received_seconds"] == 60


def test_a_clip_that_starts_late_leaves_a_gap_where_it_is_missing(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="road", shift=2.0),)))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.result["cameras"]["road"]["received_seconds"] == 58


def test_a_camera_that_gave_no_pictures_inside_its_clip_leaves_a_gap_there(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="road", pause=(20.0, 24.0)),)))
    outcome = site.pull("--cameras", "road", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("road") == ["no_media"]
    assert outcome.result["cameras"]["road"]["received_seconds"] == pytest.approx(56, abs=0.01)
    assert site.downloads() == 1


def test_a_link_that_is_missing_at_first_is_waited_for(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="road", linked=False),)))
    outcome = site.pull("--cameras", "road", "--wait", "0.03", minutes="1")
    assert (outcome.code, outcome.reasons("road")) == (4, ["pending"])


def _hashes(result: dict[str, object]) -> list[str]:
    return [clip["sha256"] for clip in result["cameras"]["road"]["clips"]]  # type: ignore[index]


def test_a_link_that_is_not_https_costs_its_clip_and_is_not_followed(site_with: SiteWith) -> None:
    fate = ClipFate(camera="driver", url="http://media.example.com/clip.mp4")
    site = site_with(Script(limits=False, clips=(fate,)))
    outcome = site.pull("--cameras", "road,driver", minutes="1")
    assert outcome.code == 3, outcome.err
    assert outcome.reasons("driver") == ["download"]
    assert "https" in outcome.result["cameras"]["driver"]["gaps"][0]["detail"]
