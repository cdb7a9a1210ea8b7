"""Low resolution, hyperlapse, stills and camera roles: what is asked for, what comes, and how it counts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from demo.faults import ClipFate, Script, Upload, lost_answer
from demo.samsara_fleet import TRUCK_104
from footage.errors import BrokenMedia
from footage.models import UTC, MediaLink, MediaType, TimeWindow
from footage.samsara.plan import covering, quota_seconds, split_window
from footage.settings import RequestSettings, RunSettings, settings_from_json, settings_to_json
from footage.video.stills import Still, contact_sheet, inspect_still
from tests.media_samples import SiteOf, pull
from tests.site import START, Site

pytestmark = pytest.mark.slow

BEGIN = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)


def files(site: Site) -> list[str]:
    return sorted(path.name for path in next(site.videos.iterdir()).iterdir() if not path.name.startswith("."))


def test_low_resolution_is_asked_in_ten_minutes_joined_and_composed(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    done = pull(site, "low", "--cameras", "road,driver", minutes="1.5")
    assert done.code == 0, done.err
    assert [len(cameras) for _, cameras, _ in site.asked()] == [2]
    assert {name.partition("_2026")[0] for name in files(site) if name.endswith(".mp4")} == {
        *("Road_VideoClip", "Driver_VideoClip", "Road_Merged", "Driver_Merged", "SideBySide_Merged")
    }


def test_a_still_whose_answer_was_lost_is_found_in_the_list(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False, faults=(lost_answer(1),)))
    done = pull(site, "image", "--cameras", "road,driver", "--settle", "20", films="none")
    assert done.code == 0, done.err
    assert [count for _, _, count in site.asked()] == [1, 1]


def test_low_resolution_of_an_analog_camera_is_refused_with_the_reason(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    for camera in ("analog1", "leftSide"):
        done = pull(site, "low", "--cameras", f"road,{camera}")
        assert (done.code, camera in done.err) == (2, True)
        assert "no low resolution" in done.result["error"]["message"]
    assert site.posts_sent() == 0


def test_low_resolution_without_named_cameras_leaves_the_analog_one_out(site_of: SiteOf) -> None:
    done = pull(site_of(Script(limits=False)), "low", "--dry-run")
    assert [camera["word"] for camera in done.result["incident"]["cameras"]] == ["road", "driver"]


def test_low_resolution_that_was_uploaded_in_ten_minutes_is_found_by_when_it_begins(site_of: SiteOf) -> None:
    long = Upload("281474990123456", "road", "2026-11-18T14:24:00Z", 600.0, media_type="videoLowRes")
    site = site_of(Script(limits=False, uploads=(long,), list_by_start=True))
    outcome = site.pull("--media-type", "low", "--cameras", "road", "--longest", "120")
    assert outcome.code == 0, outcome.err
    assert (site.asked(), outcome.result["requests"]["already_uploaded"]) == ([], 1)


def test_media_of_another_type_for_the_same_time_is_not_taken(site_of: SiteOf) -> None:
    upload = Upload(TRUCK_104.id, "road", START, 60)
    site = site_of(Script(limits=False, uploads=(upload,)))
    done = pull(site, "low", "--cameras", "road", minutes="1", films="none")
    assert done.result["requests"] == {"made": 1, "reused": 0, "already_uploaded": 0}


def test_a_hyperlapse_counts_by_the_times_that_were_returned_and_is_not_composed(
    site_of: SiteOf,
) -> None:
    site = site_of(Script(limits=False))
    done = pull(site, "hyperlapse", "--cameras", "road", minutes="2")
    assert done.code == 0, done.err
    road = done.result["cameras"]["road"]
    assert (road["received_seconds"], road["gaps"]) == (120, [])
    assert road["merged"] is not None
    assert done.result["side_by_side"] is None
    assert len(site.asked()) == 1


def test_a_hyperlapse_that_returned_less_leaves_a_gap(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False, clips=(ClipFate(camera="road", shift=30.0),)))
    done = pull(site, "hyperlapse", "--cameras", "road", minutes="2", films="none")
    assert done.code == 3
    assert done.result["cameras"]["road"]["received_seconds"] == 90


def test_stills_come_as_files_with_one_contact_sheet(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    done = pull(site, "image", "--cameras", "road,driver", minutes="3")
    assert done.code == 0, done.err
    names = files(site)
    assert sum(name.endswith(".jpg") and "_Still_" in name for name in names) == 6
    assert done.result["contact_sheet"] in names
    assert "Media: stills" in done.err
    assert done.result["side_by_side"] is None
    assert done.result["cameras"]["road"]["received_seconds"] == 180
    assert json.loads(pull(site, "image", "--cameras", "road,driver", minutes="3").out)["requests"]["made"] == 0


@pytest.mark.parametrize("media_type", ["image", "hyperlapse", "low"])
def test_what_shows_nothing_is_not_counted_as_there(site_of: SiteOf, media_type: str) -> None:
    site = site_of(Script(limits=False, clips=(ClipFate(camera="road", content="no picture at all"),)))
    done = pull(site, media_type, "--cameras", "road,driver", minutes="1", films="none")
    assert done.code == 3, done.err
    road = done.result["cameras"]["road"]
    assert (road["received_seconds"], done.reasons("road")) == (0, ["damaged"])
    assert done.result["cameras"]["driver"]["received_seconds"] == 60


def test_a_still_that_is_uploaded_already_is_not_asked_for(site_of: SiteOf) -> None:
    upload = Upload(TRUCK_104.id, "road", START, 0, media_type="image", trigger="api")
    done = pull(site_of(Script(limits=False, uploads=(upload,))), "image", "--cameras", "road", minutes="1")
    assert done.code == 0, done.err
    assert done.result["requests"] == {"made": 0, "reused": 0, "already_uploaded": 1}


def test_stills_take_of_the_quota_what_stills_cost(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False, quota_used=900, quota_limit=1000))
    done = pull(site, "image", "--cameras", "road", minutes="4", films="none")
    assert done.code == 0, done.err
    assert len(site.asked()) == 4


def test_a_role_is_a_camera_of_its_own_in_every_name(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    what = ("--vehicle", "Rig 12", "--start", START, "--duration", "0.5", "--films", "none")
    done = site.run("pull", *what, "--cameras", "leftside,road", "--poll-interval", "0.1", "--yes", "--json")
    assert done.code == 0, done.err
    assert list(done.result["cameras"]) == ["leftSide", "road"]
    assert any(name.startswith("LeftSide_VideoClip_") for name in files(site))


def test_the_longest_request_is_a_setting_that_the_journal_keeps(site_of: SiteOf) -> None:
    site = site_of(Script(limits=False))
    assert pull(site, "high", "--longest", "30", "--cameras", "road", minutes="1", films="none").code == 0
    assert len(site.asked()) == 2
    kept = RunSettings(requests=RequestSettings(longest=30))
    assert settings_from_json(settings_to_json(kept)).requests.longest == 30


@given(st.integers(1, 12), st.integers(0, 11))
def test_a_still_answers_for_its_own_window_and_no_other(count: int, which: int) -> None:
    windows = split_window(TimeWindow(BEGIN, BEGIN + timedelta(minutes=count)), 60)
    stills = [MediaLink("road", TimeWindow(window.start, window.start), "available") for window in windows]
    window = windows[which % count]
    assert covering(stills, window) == (stills[which % count],)
    assert covering([still for still in stills if still.window.start != window.start], window) == ()


def test_stills_cost_a_tenth_of_a_second_each() -> None:
    windows = split_window(TimeWindow(BEGIN, BEGIN + timedelta(minutes=3)), 60)
    cells = [(camera, window) for window in windows for camera in ("road", "driver")]
    assert quota_seconds(cells, MediaType.IMAGE) == pytest.approx(0.6)
    assert quota_seconds(cells, MediaType.LOW) == quota_seconds(cells) == 360


def test_a_cut_off_picture_is_broken_media(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    Image.effect_noise((320, 180), 60).convert("RGB").save(whole)
    cut.write_bytes(whole.read_bytes()[:2000])
    assert inspect_still(whole).video.width == 320
    with pytest.raises(BrokenMedia):
        inspect_still(cut)


def test_the_sheet_has_a_cell_for_every_still_and_an_empty_one_for_a_broken_one(tmp_path: Path) -> None:
    good, bad, sheet = tmp_path / "good.jpg", tmp_path / "bad.jpg", tmp_path / "sheet.jpg"
    Image.new("RGB", (100, 200), (250, 0, 0)).save(good)
    bad.write_bytes(b"nothing")
    contact_sheet("Truck 104", [[Still(good, "Road 13:30"), Still(bad, "Road 13:31")]], sheet)
    with Image.open(sheet) as picture:
        cells = [picture.getpixel((8 + 240 + at, 44 + 135)) for at in (0, 488)]
    assert cells[0][0] > 200 > 60 > cells[0][1]
    assert max(cells[1]) < 60
