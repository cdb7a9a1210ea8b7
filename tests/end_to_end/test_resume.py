"""Going on with what was begun: several journals at once, new choices on an old run, giving up on a vehicle."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from demo.faults import ClipFate, Fault, Script, lost_answer, quota_exceeded, refusal
from footage.video.ffmpeg import find_ffmpeg
from tests.programs import program_of
from tests.site import START, Site

pytestmark = pytest.mark.slow

SiteWith = Callable[[Script], Site]


def test_resume_all_goes_on_where_one_journal_ends_badly(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=8),)))
    first = site.pull("--cameras", "road", "--wait", "0.02", minutes="1")
    second = site.pull("--cameras", "road", "--wait", "0.02", minutes="1", vehicle="Van 7")
    assert (first.code, second.code) == (4, 4)
    Path(first.result["folder"]).rename(site.folder / "moved")
    Path(first.result["folder"]).write_text("in the way")
    both = site.run("resume", "--all", "--json", "--poll-interval", "0.1", "--wait", "1")
    codes = [run["exit_code"] for run in both.result["runs"]]
    assert codes[1] == 0, both.err
    assert codes[0] not in (0, 1), both.err
    assert both.code == both.result["exit_code"] == max(codes)


def test_a_pull_that_goes_on_with_an_old_run_follows_the_new_choices(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=4),)))
    assert site.pull("--cameras", "road", "--wait", "0.01", minutes="1").code == 4
    again = site.pull("--cameras", "road", "--wait", "1", minutes="1", films="joined")
    assert again.code == 0, again.err
    assert again.result["cameras"]["road"]["merged"]
    assert [count for _, _, count in site.asked()] == [1]


def test_accept_partial_closes_a_run_whose_vehicle_never_answers(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(camera="driver", ready_after=3600),)))
    assert site.pull("--cameras", "road,driver", "--wait", "0.02", minutes="1").code == 4
    closed = site.resume("--accept-partial")
    assert (closed.code, closed.reasons("driver")) == (3, ["pending"])
    assert not (site.videos / closed.result["folder"] / ".work").exists()


FAILING_FFMPEG = f"""
import subprocess, sys
if "title=Truck 104 - Driver" in sys.argv:
    sys.exit("no film of the driver")
sys.exit(subprocess.run([{str(find_ffmpeg())!r}, *sys.argv[1:]]).returncode)
"""


def test_a_camera_whose_film_fails_costs_nothing_else_and_resume_makes_it(site: Site) -> None:
    site.environ["IMAGEIO_FFMPEG_EXE"] = str(program_of(site.folder, FAILING_FFMPEG))
    first = site.pull("--cameras", "road,driver", "--tile-height", "180", minutes="1", films="all")
    assert (first.code, first.result["error"]["kind"]) == (1, "ffmpeg"), first.err
    folder = Path(first.result["folder"])
    cameras = first.result["cameras"]
    assert cameras["driver"]["merged"] is None
    assert (folder / cameras["road"]["merged"]).is_file()
    assert (folder / first.result["side_by_side"]).is_file()
    assert any("Driver" in note for note in first.result["notes"])
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["exit_code"] == 1
    assert "Driver_VideoClip" in (folder / "SHA256SUMS").read_text(encoding="utf-8")
    del site.environ["IMAGEIO_FFMPEG_EXE"]
    again = site.resume()
    assert again.code == 0, again.err
    assert (folder / again.result["cameras"]["driver"]["merged"]).is_file()


def test_closing_a_run_asks_for_nothing_more(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(quota_exceeded(after=1),)))
    assert site.pull("--cameras", "road", minutes="3").code == 7
    site.service.script = Script(limits=False)
    closed = site.resume("--accept-partial")
    assert (closed.code, closed.result["cameras"]["road"]["received_seconds"]) == (3, 60), closed.err
    assert len(site.asked()) == 1


def test_the_wait_does_not_cut_off_what_is_still_to_be_asked_for(site_with: SiteWith) -> None:
    """It is for footage to come; what was agreed to is on its way to the cameras before it may end."""
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=3600),)))
    outcome = site.pull("--cameras", "road", "--wait", "0", minutes="12")
    assert (outcome.code, outcome.reasons("road")) == (4, ["pending"]), outcome.err
    assert len(site.asked()) == 12


def test_the_wait_ends_where_the_service_takes_no_request(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, faults=(Fault(method="POST", after=1, status=429),)))
    outcome = site.pull("--cameras", "road", "--wait", "0", "--retries", "1", minutes="3")
    assert outcome.code == 4, outcome.err
    assert site.posts_sent() == 2


def test_a_service_that_takes_no_request_is_told_once_and_what_was_not_asked_for_is_told_apart(
    site_with: SiteWith,
) -> None:
    full = refusal(429, "Too many requests.", method="POST", after=1)
    site = site_with(Script(limits=False, faults=(full,), clips=(ClipFate(ready_after=3600),)))
    outcome = site.pull("--cameras", "road", "--wait", "0.5", "--retries", "1", minutes="3")
    assert (outcome.code, outcome.reasons("road")) == (4, ["pending", "pending"]), outcome.err
    assert site.posts_sent() > 2
    assert outcome.err.count("asked for again later") == 1
    assert outcome.result["cameras"]["road"]["gaps"][1]["detail"] == "it was not asked for yet"


def test_a_redirected_request_ends_the_asking_and_what_was_asked_for_is_delivered(site_with: SiteWith) -> None:
    elsewhere = Fault(method="POST", after=1, status=307, headers={"Location": "https://example.com/"})
    site = site_with(Script(limits=False, faults=(elsewhere,), clips=(ClipFate(ready_after=2),)))
    outcome = site.pull("--cameras", "road", minutes="3")
    assert (outcome.code, outcome.result["error"]["kind"]) == (10, "bad_answer"), outcome.err
    assert "redirects elsewhere" in outcome.err
    assert (site.posts_sent(), outcome.result["cameras"]["road"]["received_seconds"]) == (2, 60)
    site.service.script = Script(limits=False)
    assert site.resume().code == 0


def test_a_lost_request_is_found_though_its_footage_was_listed_before_the_search(site_with: SiteWith) -> None:
    """The plan of a resumed run reads the list already, where something is still to be asked for."""
    faults = (lost_answer(1), quota_exceeded(after=1))
    site = site_with(Script(limits=False, faults=faults, ready_after=4))
    stopped = site.pull("--cameras", "road", "--settle", "0", minutes="2")
    assert (stopped.code, stopped.reasons("road")) == (7, ["unsettled", "quota"]), stopped.err
    time.sleep(4)
    site.service.script = Script(limits=False)
    found = site.resume("--settle", "5")
    assert found.code == 0, found.err
    assert [count for *_, count in site.asked()] == [1, 1]


def test_a_minute_that_another_pull_waits_for_is_not_asked_for_again(site_with: SiteWith) -> None:
    """Longer, and begun a minute later: each pull gets its own copy of what is paid for once."""
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=12),)))
    first = site.pull("--cameras", "road", "--wait", "0.01")
    assert first.code == 4, first.err
    longer = site.pull("--cameras", "road,driver", "--wait", "0.01", minutes="3")
    assert longer.code == 4, longer.err
    later = site.pull("--cameras", "road", "--start", "2026-11-18T14:31:00Z", "--wait", "1")
    assert later.code == 0, later.err
    both = site.run("resume", "--all", "--json", "--poll-interval", "0.1", "--wait", "1")
    assert [run["exit_code"] for run in both.result["runs"]] == [0, 0], both.err
    posts = [(start, camera) for start, cameras, count in site.asked() for camera in cameras * count]
    assert len(posts) == len(set(posts)) == 6


def test_what_was_settled_once_is_not_searched_for_by_the_next_run(site_with: SiteWith) -> None:
    """The journal whose place was taken still holds the request open; its footage is there by another one."""
    site = site_with(Script(limits=False, faults=(Fault(method="POST", nth=(1,), drop=True),)))
    quick = ("--settle", "0.5")
    assert site.pull("--cameras", "road", *quick, minutes="1").code == 4
    assert site.pull("--cameras", "road,driver", *quick, minutes="1").code == 4
    assert site.resume("--ask-again", *quick).code == 0
    third = site.pull("--cameras", "road,driver,analog1", *quick, minutes="1")
    assert third.code == 0, third.err
    assert site.posts_sent() == 4
    assert [count for *_, count in site.asked()] == [1, 1, 1]


def test_a_plan_made_before_another_run_of_the_incident_ended_is_not_carried_out(site: Site) -> None:
    """The person thinks at "Go on?" while a colleague's run asks for the same minutes: nothing is asked twice."""
    what = ("--vehicle", "Truck 104", "--start", START, "--duration", "1", "--films", "none", "--cameras", "road")
    program, *arguments = site.command("pull", *what)
    waiting = pexpect.spawn(
        program,
        arguments,
        env=site.environment(),
        timeout=60,
        encoding="utf-8",
    )
    waiting.expect("Go on")
    assert site.pull("--cameras", "road", minutes="1").code == 0
    waiting.sendline("y")
    waiting.expect("run the command again")
    waiting.expect(pexpect.EOF)
    waiting.close()
    assert waiting.exitstatus == 11
    assert [count for _, _, count in site.asked()] == [1]


def test_a_journal_whose_place_a_newer_run_took_is_not_resumed_by_itself(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=3),)))
    old = site.pull("--cameras", "road", "--wait", "0.01", minutes="1")
    new = site.pull("--cameras", "road,driver", "--wait", "1", minutes="1")
    assert (old.code, new.code) == (4, 0), new.err
    again = site.run("resume", old.result["journal"], "--json")
    assert again.code == 2, again.err
    assert new.result["journal"] in again.result["error"]["message"]
    assert all(count == 1 for _, _, count in site.asked())


def test_a_run_killed_while_it_took_another_s_place_is_gone_on_with_alone(site_with: SiteWith) -> None:
    """The old journal still says `pending` and knows nothing of what the new one asked for: nothing is paid twice."""
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=8),)))
    old = site.pull("--cameras", "road", "--wait", "0.01", minutes="1")
    as_it_was = Path(old.result["journal"]).read_text()
    new = site.pull("--cameras", "road,driver", "--wait", "0.01", minutes="1")
    assert (old.code, new.code) == (4, 4), new.err
    assert json.loads(Path(old.result["journal"]).read_text())["state"] == "superseded"
    Path(old.result["journal"]).write_text(as_it_was)  # as a kill leaves it between the two writes
    both = site.run("resume", "--all", "--json", "--poll-interval", "0.1", "--wait", "1")
    assert [run["journal"] for run in both.result["runs"]] == [new.result["journal"]], both.err
    refused = site.run("resume", old.result["journal"], "--json")
    assert refused.code == 2, refused.err
    assert new.result["journal"] in refused.result["error"]["message"]
    assert all(count == 1 for _, _, count in site.asked())


def test_what_a_killed_run_left_half_written_goes_and_another_run_s_stays(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, clips=(ClipFate(ready_after=3),)))
    first = site.pull("--cameras", "road", "--wait", "0.01", minutes="1")
    own = site.logs / f".{Path(first.result['journal']).name}.0a1b2c3d.part"
    other = site.logs / ".request_ids_2026-01-01_00-00-00.json.0a1b2c3d.part"
    old = site.logs / ".request_ids_2025-01-01_00-00-00.json.0a1b2c3d.part"
    page = Path(first.result["folder"]) / ".index.html.0a1b2c3d.part"
    for left in (own, other, old, page):
        left.write_text("{")
    os.utime(old, (0, 0))
    again = site.resume("--wait", "1")
    assert again.code == 0, again.err
    assert [left.exists() for left in (own, other, old, page)] == [False, True, False, False]


@pytest.mark.parametrize("folder", ["Videos", "Logs"])
def test_a_file_in_the_place_of_a_folder_is_refused_in_a_sentence(site: Site, folder: str) -> None:
    in_the_way = site.folder / folder
    in_the_way.write_text("")
    outcome = site.pull()
    assert (outcome.code, outcome.result["error"]["kind"]) == (8, "disk"), outcome.err
    assert f"{in_the_way} is a file" in outcome.result["error"]["message"]
    assert site.posts_sent() == 0


def test_the_same_incident_into_another_folder_comes_whole_and_asks_for_nothing(site: Site) -> None:
    assert site.pull("--cameras", "road,driver", minutes="1").code == 0
    elsewhere = str(site.folder / "elsewhere")
    what = ("pull", "--vehicle", "Truck 104", "--start", START, "--duration", "1", "--films", "none", "--json", "--yes")
    command = site.command(*what, "--cameras", "road,driver")
    command[command.index(str(site.videos))] = elsewhere
    done = subprocess.run(command, env=site.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert Path(result["folder"]).parent == Path(elsewhere)
    assert [len(result["cameras"][word]["clips"]) for word in ("road", "driver")] == [1, 1]
    assert [count for _, _, count in site.asked()] == [1]
