"""What all tests share: sites to run the program in."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from demo.faults import Script
from tests.evidence_samples import make_folder
from tests.site import Site, open_site

# No test asserts a time: a machine that is busy with something else is no failure.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A suite that is started in the background ignores Ctrl-C, and so would every program that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny clips, made once for all tests."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def site_with(tmp_path: Path, clips: Path) -> Iterator[Callable[[Script], Site]]:
    """Opens a site whose service follows a script."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(open_site(tmp_path, clips, script))


@pytest.fixture
def site(tmp_path: Path, clips: Path) -> Iterator[Site]:
    """A site whose service behaves."""
    with open_site(tmp_path, clips) as opened:
        yield opened


@pytest.fixture(scope="session")
def evidence_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished incident folder with gaps, sound and telematics; nobody may write into it."""
    return make_folder(tmp_path_factory.mktemp("evidence"))
