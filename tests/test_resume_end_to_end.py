"""Going on with what was begun: several journals at once, new choices on an old run, giving up on a vehicle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from demo.faults import ClipFate, Script
from tests.site import Site

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
