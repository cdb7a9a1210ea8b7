"""A killed run, resumed, leaves what an undisturbed one leaves, and pays for each window once.

`python -m bench.kill --points 50` is the long form of this.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.kill import Moment, Undisturbed, after_file, after_request, after_seconds, strike, undisturbed

pytestmark = pytest.mark.slow

CLIP, STRETCH = "Videos/*/*_VideoClip_*", "Videos/*/.work/*.part.mp4"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"), clips)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(after_request("POST", "/", 2, 0.15), id="between a request and its answer"),
        pytest.param(after_request("GET", "/media/", 2, 0.2), id="in the downloads"),
        pytest.param(after_file(CLIP, nth=3), id="when a clip has got its name"),
        pytest.param(after_file(STRETCH), id="while a stretch is composed"),
        pytest.param(after_seconds(1.5), id="anywhere"),
    ],
)
def test_a_killed_run_is_resumed_to_the_same_end(
    tmp_path: Path, clips: Path, whole: Undisturbed, moment: Moment
) -> None:
    assert strike(tmp_path / "site", clips, moment, whole.left).differences == ()
