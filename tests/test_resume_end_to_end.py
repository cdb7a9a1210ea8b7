"""Going on with what was begun: several journals at once, new choices on an old run, giving up on a vehicle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from demo.faults import ClipFate, Script
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
