"""What all tests share: sites to run the program in."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from demo.faults import Script
from demo.samsara_service import SamsaraService
from tests.evidence_samples import made_folder, make_folder
from tests.media_samples import SiteOf, footage_of_all_types
from tests.site import Site, open_site

# No test asserts a time: a machine that is busy with something else is no failure.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.register_profile("few", deadline=None, max_examples=20)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A suite that is started in the background ignores Ctrl-C, and so would every program that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this run of the suite have in common."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


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


@pytest.fixture
def site_of(tmp_path: Path, clips: Path) -> Iterator[SiteOf]:
    """Opens a site that has footage of all types."""
    with ExitStack() as stack:

        def opened(script: Script) -> Site:
            service = SamsaraService(script=script, footage=footage_of_all_types(clips))
            return Site(stack.enter_context(service), tmp_path)

        yield opened


@pytest.fixture(scope="session")
def evidence_folder(shared: Path) -> Path:
    """A finished incident folder with gaps, sound and telematics; nobody may write into it."""
    root = shared / "evidence"
    with FileLock(shared / "evidence.lock"):
        return make_folder(root) if not root.exists() else made_folder(root)
