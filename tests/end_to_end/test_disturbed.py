"""A run that is disturbed from outside: another run, Ctrl-C, a full disk, a broken journal; and its way back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.faults import ClipFate, Fault, Script
from footage.journals import find_journals
from tests.site import QUICK, ROOT, START, Site
from tests.small_disk import mount, small_disk
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SiteWith = Callable[[Script], Site]
ORDER = ("--vehicle", "Truck 104", "--start", START, "--duration", "2", "--cameras", "road,driver", "--films", "none")
PENDING_DRIVER = Script(limits=False, clips=(ClipFate(camera="driver", status="pending"),))
WELL = Script(limits=False)


def waits(site: Site) -> bool:
    """Whether all is asked for and what can be had is there."""
    return site.posts_sent() == 2 and len(list(site.videos.glob("*/*_VideoClip_*"))) == 2


def reads(site: Site) -> bool:
    """Whether all is asked for and looked at."""
    looks = [each for each in site.service.requests if (each.method, each.path) == ("GET", "/cameras/media/retrieval")]
    return site.posts_sent() == 2 and bool(looks)


def asked_once(site: Site) -> bool:
    return [count for _, _, count in site.asked()] == [1, 1]


def status(site: Site, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "main.py"), "status", "--logs", str(site.logs), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)


@pytest.mark.parametrize("cameras", ["road,driver", "road"])
def test_a_second_run_is_told_who_holds_the_incident(site_with: SiteWith, cameras: str) -> None:
    site = site_with(PENDING_DRIVER)
    with site.begun("pull", *ORDER, *QUICK) as first:
        wait_until(lambda: waits(site))
        second = site.pull("--cameras", cameras)
        assert second.code == 11, second.err
        assert f"process {first.pid} on " in second.err
        assert second.result["error"]["kind"] == "held"
        site.service.script = WELL
    assert asked_once(site)


def test_what_a_killed_run_held_is_taken_over(site_with: SiteWith) -> None:
    site = site_with(PENDING_DRIVER)
    with site.begun("pull", *ORDER, *QUICK):
        wait_until(lambda: waits(site))
    outcome = site.resume("--wait", "0.01")
    assert outcome.code == 4, outcome.err
    assert asked_once(site)


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize(
    ("script", "moment"),
    [
        pytest.param(Script(limits=False, empty_for=3600), reads, id="in the waiting"),
        pytest.param(
            Script(limits=False, faults=(Fault(path="/media/", bytes_per_second=2000),)),
            lambda site: site.downloads() >= 2,
            id="in the downloading",
        ),
        pytest.param(
            Script(limits=False, faults=(Fault(method="POST", nth=(2,), delay=30),)),
            lambda site: site.posts_sent() == 2,
            id="between a request and its answer",
        ),
        pytest.param(
            Script(limits=False, faults=(Fault(path="/cameras/media/retrieval", method="GET", status=503),)),
            reads,
            id="while a failing call is repeated",
        ),
    ],
)
def test_ctrl_c_keeps_everything_and_says_how_to_go_on(
    site_with: SiteWith, script: Script, moment: Callable[[Site], bool]
) -> None:
    site = site_with(script)
    with site.begun("pull", *ORDER, *QUICK) as process:
        wait_until(lambda: moment(site))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["error"]["kind"] == "interrupted"
    [journal] = find_journals(site.logs)
    assert journal.state == "interrupted"
    assert err.splitlines()[-1] == f'To go on later: python main.py resume "{journal.path}"'
    site.service.script = WELL
    again = site.resume("--settle", "20")
    assert again.code == 0, again.err
    assert asked_once(site)


@pytest.mark.parametrize("full", ["Videos", "."])
def test_a_full_disk_ends_the_run_and_resume_goes_on_once_there_is_room(site: Site, full: str) -> None:
    site.folder /= "small"
    site.folder.mkdir()
    where = site.folder / full
    with small_disk(where, "size=2m"):
        outcome = site.pull("--cameras", "road,driver")
        assert outcome.code == 8, outcome.err
        assert outcome.result["error"]["kind"] == "disk"
        assert "resume" in outcome.err.splitlines()[-1]
        assert mount("-o", "remount,size=50m", str(where)) == 0
        again = site.resume()
        assert again.code == 0, again.err
        assert not list(where.rglob("*.part"))
    assert asked_once(site)


@pytest.mark.parametrize("forbidden", ["Videos", "Logs"])
def test_where_nothing_can_be_written_nothing_is_asked_for(site: Site, forbidden: str) -> None:
    with small_disk(site.folder / forbidden, "ro"):
        outcome = site.pull()
    assert outcome.code == 8, outcome.err
    assert forbidden in outcome.err
    assert site.posts_sent() == 0


def test_a_file_in_the_place_of_the_output_folder_is_said(site: Site) -> None:
    site.videos.touch()
    outcome = site.pull()
    assert outcome.code == 8, outcome.err
    assert "Videos" in outcome.err
    assert site.posts_sent() == 0


def test_what_is_no_journal_is_a_sentence(site: Site) -> None:
    site.logs.mkdir()
    for text in ("", "{", "null", '{"schema": 7}'):
        (site.logs / "request_ids_x.json").write_text(text)
        outcome = site.run("resume", str(site.logs / "request_ids_x.json"), "--json")
        assert outcome.code == 2, outcome.err
        assert "request_ids_x.json" in outcome.result["error"]["message"]
        assert "Traceback" not in outcome.err
        assert site.resume().code == 2


def test_a_broken_journal_is_passed_over_for_a_good_one(site: Site) -> None:
    site.pull("--cameras", "road", minutes="1")
    (site.logs / "request_ids_2999-01-01_00-00-00.json").write_text("")
    assert site.resume().code == 0
    told = json.loads(status(site, "--json").stdout)
    assert (len(told["journals"]), len(told["unreadable"])) == (1, 1)
    assert "request_ids_2999-01-01_00-00-00.json is not a journal" in status(site).stdout
    again = site.pull("--cameras", "road,driver", minutes="1")
    assert again.code == 0, again.err
    assert "request_ids_2999-01-01_00-00-00.json is not a journal" in again.err


def test_what_an_unreadable_journal_may_have_paid_for_is_not_asked_for_again_unseen(site: Site) -> None:
    first = site.pull("--cameras", "road", minutes="1")
    journal = Path(first.result["journal"])
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "schema": 999}))
    shutil.rmtree(first.result["folder"])
    again = site.pull("--cameras", "road,driver", minutes="1")
    assert again.code == 2, again.err
    assert "newer version" in again.err
    assert "paid for twice" in again.result["error"]["message"]
    assert site.posts_sent() == 1
    other = site.pull("--cameras", "road", vehicle="Van 7", minutes="1")
    assert other.code == 0, other.err


def test_all_unfinished_runs_go_on_in_one_call(site_with: SiteWith) -> None:
    site = site_with(Script(limits=False, empty_for=3600))
    for vehicle in ("Truck 104", "Van 7"):
        outcome = site.pull("--cameras", "road", "--wait", "0.005", vehicle=vehicle)
        assert outcome.code == 4, outcome.err
    assert status(site).stdout.count("pending, since") == 2
    site.service.script = WELL
    outcome = site.run("resume", "--all", "--poll-interval", "0.1", "--json")
    assert outcome.code == 0, outcome.err
    assert status(site).stdout.count("complete, since") == 2
    assert {count for _, _, count in site.asked()} == {1}
    assert site.run("resume", "--all", "--json").code == 0


def test_a_run_whose_vehicle_never_answers_is_closed_on_demand(site_with: SiteWith) -> None:
    site = site_with(PENDING_DRIVER)
    assert site.pull("--cameras", "road,driver", "--wait", "0.005").code == 4
    closed = site.resume("--accept-partial")
    assert closed.code == 3, closed.err
    assert closed.reasons("driver") == ["pending"]
    assert closed.result["cameras"]["road"]["received_seconds"] == 120
    assert not list(site.videos.glob("*/.work"))
    [journal] = json.loads(status(site, "--json").stdout)["journals"]
    assert (journal["state"], journal["finished"]) == ("partial", True)


def test_the_status_says_what_is_waited_for(site_with: SiteWith) -> None:
    site = site_with(PENDING_DRIVER)
    site.pull("--cameras", "road,driver", "--wait", "0.15")
    told = status(site).stdout
    assert "pending, since" in told
    assert "2 clips here, 2 of 2 requests open" in told
    [journal] = json.loads(status(site, "--json").stdout)["journals"]
    assert (journal["state"], journal["clips"], journal["open_requests"]) == ("pending", 2, 2)
