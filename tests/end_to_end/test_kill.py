"""A killed run, resumed, leaves what an undisturbed one leaves, pays for no window twice and fetches nothing again.

`python -m bench.kill --points 50`, with `--source kinesis` for streams, is the long form of this.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.kill import Undisturbed, strike, undisturbed
from bench.kill_grounds import CLIPS, GROUNDS, Moment, after_call, after_file, after_request, after_seconds

pytestmark = pytest.mark.slow

STRETCH, PART = "Videos/*/.work/*.part.mp4", "Videos/*/.work/kinesis-*/*.part"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Undisturbed:
    return undisturbed(GROUNDS["samsara"], tmp_path_factory.mktemp("undisturbed"), clips)


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory, takes: Path) -> Undisturbed:
    return undisturbed(GROUNDS["kinesis"], tmp_path_factory.mktemp("undisturbed"), takes)


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("takes")


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(after_request("POST", "/", 2, 0.15), id="between a request and its answer"),
        pytest.param(after_request("GET", "/media/", 2, 0.2), id="in the downloads"),
        pytest.param(after_file(CLIPS, nth=3), id="when a clip has got its name"),
        pytest.param(after_file(STRETCH), id="while a stretch is composed"),
        pytest.param(after_seconds(1.5), id="anywhere"),
    ],
)
def test_a_killed_run_is_resumed_to_the_same_end(
    tmp_path: Path, clips: Path, whole: Undisturbed, moment: Moment
) -> None:
    assert strike(GROUNDS["samsara"], tmp_path / "site", clips, moment, whole).differences == ()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(after_call("GetClip", 4, 0.1), id="in the clips"),
        pytest.param(after_file(PART, nth=4), id="with several under way"),
        pytest.param(after_file(CLIPS, nth=2), id="when a clip has got its name"),
        pytest.param(after_file(STRETCH), id="while a stretch is composed"),
    ],
)
def test_a_killed_pull_of_streams_is_resumed_to_the_same_end_and_fetches_nothing_again(
    tmp_path: Path, takes: Path, streamed: Undisturbed, moment: Moment
) -> None:
    assert strike(GROUNDS["kinesis"], tmp_path / "site", takes, moment, streamed).differences == ()
