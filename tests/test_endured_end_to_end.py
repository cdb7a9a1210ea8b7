"""What a bad answer of the service costs: its own clip, or its own look, and never the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.faults import ClipFate, Fault, Script, lost_answer, refusal
from tests.samsara_bench import RETRIEVAL
from tests.site import Site

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
