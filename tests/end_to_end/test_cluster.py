"""On a real Dask cluster a run comes to the same as on one computer, whatever ends in the middle of it."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.cluster import BLOWS, FILMS, Blow, Left, differences, pulled, struck
from demo.faults import Fault, Script
from footage.addresses import SignedLink
from footage.bringing import fetch_part
from footage.cluster.tasks import Ending, about_here, fitness
from footage.cluster.workshop import ClusterWorkshop
from footage.downloads import Downloader, DownloadFailed
from footage.errors import InputRefused, Interrupted, ServiceUnreachable, ToolFailed
from footage.hashing import hash_file
from footage.timeline import lay
from footage.video.ffmpeg import FFmpeg
from footage.video.side_by_side import Look, SideBySide, Tile
from footage.workshop import Kind, LocalWorkshop, Place, Terms, Workshop, result, results
from tests.dask_cluster import ROOT, DaskCluster, running_cluster, runs_ffmpeg
from tests.film_samples import SLOW as SLOW_CAMERA
from tests.film_samples import WIDE, record, window
from tests.site import QUICK, Site
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

LOOK = Look("Truck 42", "America/Chicago", tile_height=180)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster that all tests use which leave it in peace."""
    with running_cluster(tmp_path_factory.mktemp("cluster"), 2) as running:
        yield running


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Left:
    """What one computer makes of the order."""
    return pulled(tmp_path_factory.mktemp("whole") / "site", clips)


@pytest.fixture
def workshop(cluster: DaskCluster, tmp_path: Path) -> Iterator[ClusterWorkshop]:
    with opened(cluster, tmp_path) as shop:
        yield shop


@contextmanager
def opened(cluster: DaskCluster, folder: Path, **options: object) -> Iterator[ClusterWorkshop]:
    shop = ClusterWorkshop(cluster.address, **options)  # type: ignore[arg-type]
    with shop.open(folder):
        yield shop


def hashed(shop: Workshop, path: Path, tool: FFmpeg | None = None) -> str:
    return result(shop.submit(Terms(tool or FFmpeg(), Kind.COPY), hash_file, path))


def endless(place: Place) -> None:
    place.tool.run(["-f", "lavfi", "-i", "testsrc2=size=64x36:rate=5:duration=100000", "-f", "null", "-"])


def test_a_cluster_comes_to_the_same_as_one_computer(
    tmp_path: Path, clips: Path, cluster: DaskCluster, whole: Left
) -> None:
    assert list(differences(whole, pulled(tmp_path / "site", clips, "--cluster", cluster.address))) == []
    assert whole.code == 0
    assert len(whole.posts) == 3


@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: blow.name)
def test_whatever_ends_in_the_middle_the_result_is_the_same_and_nothing_is_requested_again(
    tmp_path: Path, clips: Path, whole: Left, blow: Blow
) -> None:
    with running_cluster(tmp_path / "cluster", 2) as own:
        assert list(differences(whole, struck(tmp_path / "site", clips, own, blow))) == []


def test_rows_of_a_list_that_overlap_come_out_whole_on_a_cluster(
    site_with: Callable[[Script], Site], cluster: DaskCluster
) -> None:
    site = site_with(Script(limits=False))
    share = site.folder / "share"
    rows = ("Truck 104,2026-11-18T14:30:00Z,0.4", "Truck 104,2026-11-18T14:30:12Z,0.4")
    (site.folder / "incidents.csv").write_text("\n".join(("vehicle,start,duration", *rows)))
    outcome = site.run(
        *("batch", "incidents.csv", "--cameras", "road,driver", *FILMS, *QUICK),
        *("--cluster", cluster.address, "--deliver", str(share)),
    )
    assert outcome.code == 0, outcome.err
    for row in outcome.result["rows"]:
        assert (Path(row["delivered"]) / row["side_by_side"]).is_file()
        assert row["coverage_percent"] == 100.0
    assert [count for *_, count in site.asked()] == [1, 1, 1]
    assert outcome.result["requests"]["made"] == 3


def test_a_run_that_differs_is_found(tmp_path: Path, whole: Left) -> None:
    changed = {**whole.manifest, "files": whole.manifest["files"][1:], "note": "other"}
    found = list(differences(whole, replace(whole, manifest=changed, posts=(1, 1, 2), code=3)))
    assert len(found) == 4


def test_films_composed_on_a_cluster_are_the_same_bytes(tmp_path: Path, workshop: ClusterWorkshop) -> None:
    clips = {"Road": record(tmp_path, WIDE, 0.0, 6.0), "Driver": record(tmp_path, SLOW_CAMERA, 1.0, 3.0)}
    tiles = [Tile(label, lay(window(0, 6), [clip], [])) for label, clip in clips.items()]
    here = composed(tmp_path / "here", LocalWorkshop(threads=1), tiles)
    there = composed(tmp_path / "there", workshop, tiles)
    assert hashlib.sha256(here.read_bytes()).digest() == hashlib.sha256(there.read_bytes()).digest()


def composed(folder: Path, shop: Workshop, tiles: list[Tile]) -> Path:
    work = folder / "work"
    work.mkdir(parents=True)
    film = SideBySide(window(0, 6), LOOK, work=work, tool=FFmpeg(), workshop=shop, stretch_seconds=2.0, hardware=())
    try:
        assert film.complete(tiles) == ()
        return film.finish(tiles, None, folder / "film.mp4").path
    finally:
        film.stop()


def test_a_link_that_has_expired_is_renewed_by_the_one_who_talks_to_samsara(
    site_with: Callable[[Script], Site], cluster: DaskCluster
) -> None:
    site = site_with(Script(limits=False, faults=(Fault(path="/media/", nth=(1,), expired=True),)))
    outcome = site.pull("--cameras", "road", "--cluster", cluster.address, minutes="1")
    assert outcome.code == 0, outcome.err
    assert site.downloads() == 2
    assert set(site.service.posts.values()) == {1}


def test_a_stop_ends_what_workers_are_at_within_a_moment(cluster: DaskCluster, workshop: ClusterWorkshop) -> None:
    tool = FFmpeg()
    begun = threading.Event()
    running = workshop.submit(Terms(tool, Kind.FILM, begun.set), endless)
    wait_until(lambda: any(runs_ffmpeg(worker) for worker in cluster.workers()))
    assert begun.is_set()
    tool.stop.set()
    with pytest.raises(Interrupted):
        running.result(5)
    wait_until(lambda: not any(runs_ffmpeg(worker) for worker in cluster.workers()), 5)
    assert hashed(workshop, ROOT / "main.py")


def test_a_task_that_is_given_up_leaves_its_worker_to_others(cluster: DaskCluster, workshop: ClusterWorkshop) -> None:
    given_up = [workshop.submit(Terms(FFmpeg(), Kind.FILM), endless) for _ in range(4)]
    wait_until(lambda: any(runs_ffmpeg(worker) for worker in cluster.workers()))
    assert all(each.cancel() for each in given_up)
    assert hashed(workshop, ROOT / "main.py")


def test_an_error_of_a_task_is_that_error_and_one_nobody_foresaw_ends_the_run_in_words(
    workshop: ClusterWorkshop, tmp_path: Path
) -> None:
    tool = FFmpeg()
    failing = workshop.submit(Terms(tool, Kind.FILM), fail_with_ffmpeg)
    with pytest.raises(ToolFailed, match="ffmpeg ended with code"):
        results([failing], tool)
    assert tool.stop.is_set()
    with pytest.raises(ToolFailed, match="The cluster gave up a task: FileNotFoundError"):
        hashed(workshop, tmp_path / "nothing")


def fail_with_ffmpeg(place: Place) -> None:
    place.tool.run(["-i", "nothing.mp4", "-f", "null", "-"])


def test_a_signed_link_is_told_nowhere(cluster: DaskCluster, workshop: ClusterWorkshop, tmp_path: Path) -> None:
    link = SignedLink("https://127.0.0.1:9/clip?signature=hush")
    assert "hush" not in repr(link)
    tool, downloader = FFmpeg(), Downloader(tmp_path, attempts=1)
    fetching = workshop.submit(Terms(tool, Kind.FETCH), fetch_part, downloader, "x.mp4", link, "road 1")
    with pytest.raises(DownloadFailed):
        result(fetching)
    unforeseen = workshop.submit(Terms(tool, Kind.FETCH), stumble, link)
    with pytest.raises(ToolFailed) as failure:
        result(unforeseen)
    assert "Compute Failed" in cluster.said, "Dask tells of it"
    assert "hush" not in cluster.said
    assert "hush" not in failure.value.message


def stumble(place: Place, link: SignedLink) -> None:
    raise ValueError(f"{len(link.url)} characters")


def test_a_scheduler_that_stays_away_ends_the_run_so_that_it_can_be_resumed(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        running_cluster(tmp_path / "cluster", 1) as own,
        opened(own, tmp_path, say=said.append, patience=4.0) as shop,
    ):
        assert own.scheduler is not None
        own.scheduler.kill()
        with pytest.raises(ServiceUnreachable, match="No scheduler with a worker"):
            hashed(shop, ROOT / "main.py")
    assert len(said) == 1
    assert "waiting for one" in said[0]


def test_what_only_a_worker_stopped_is_done_again(workshop: ClusterWorkshop, tmp_path: Path) -> None:
    tried = tmp_path / "tried"
    assert result(workshop.submit(Terms(FFmpeg(), Kind.COPY), stopped_at_first, tried)) == "the second time"


def stopped_at_first(place: Place, tried: Path) -> str:
    if tried.exists():
        return "the second time"
    tried.touch()
    raise Interrupted("the worker ends")


def test_a_worker_whose_scheduler_is_gone_drops_its_task(tmp_path: Path) -> None:
    with running_cluster(tmp_path / "cluster", 1) as own, opened(own, tmp_path) as shop:
        shop.submit(Terms(FFmpeg(), Kind.FILM), endless)
        wait_until(lambda: any(runs_ffmpeg(worker) for worker in own.workers()))
        assert own.scheduler is not None
        own.scheduler.kill()
        wait_until(lambda: not any(runs_ffmpeg(worker) for worker in own.workers()), 10)


def test_a_worker_that_is_ended_hands_its_task_to_the_next(tmp_path: Path) -> None:
    with running_cluster(tmp_path / "cluster", 1) as own, opened(own, tmp_path) as shop:
        running = shop.submit(Terms(FFmpeg(), Kind.FILM), endless_at_first, tmp_path / "tried")
        wait_until(lambda: (tmp_path / "tried").exists())
        own.hosts[0].terminate()
        own.start_workers(1)
        assert running.result(60) == "the second time"


def endless_at_first(place: Place, tried: Path) -> str:
    if not tried.exists():
        tried.touch()
        endless(place)
    return "the second time"


def test_a_worker_without_this_program_is_refused_in_words(tmp_path: Path) -> None:
    with running_cluster(tmp_path / "cluster", 0) as own, strange_worker(own, tmp_path, None):
        with pytest.raises(InputRefused, match=r"The worker at tcp://.* cannot load this program"):
            opened(own, tmp_path).__enter__()
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_worker_with_another_version_that_comes_later_gets_no_more_tasks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other"
    shutil.copytree(ROOT / "footage", other / "footage", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "footage" / "version.py").open("a") as file:
        file.write("\n# changed\n")
    said: list[str] = []
    with (
        running_cluster(tmp_path / "cluster", 1) as own,
        opened(own, tmp_path, say=said.append) as shop,
        strange_worker(own, tmp_path, other),
    ):
        tool = FFmpeg()
        for _ in range(30):
            assert len(set(results([submit_hash(shop, tool) for _ in range(20)], tool))) == 1
            if said:
                break
        caplog.clear()
        with caplog.at_level(logging.INFO, "footage.cluster.keeper"):
            results([submit_hash(shop, tool) for _ in range(60)], tool)
        assert "came back" not in caplog.text
    [refused] = said
    assert "has another version of this program" in refused
    assert "no more tasks" in refused


def submit_hash(shop: Workshop, tool: FFmpeg):
    return shop.submit(Terms(tool, Kind.COPY), hash_file, ROOT / "main.py")


@contextmanager
def strange_worker(own: DaskCluster, folder: Path, program: Path | None) -> Iterator[None]:
    """A worker of Dask's that has another program on its path, or none."""
    count = own.said.count("Registered to:")
    environ = {**os.environ, "PYTHONPATH": str(program or folder)}
    command = [sys.executable, "-m", "dask", "worker", own.address, "--nthreads", "1", "--no-dashboard"]
    with (own.folder / "strange.said").open("wb") as said:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=said, stderr=said)
    try:
        wait_until(lambda: own.said.count("Registered to:") > count)
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"python": "3.9"}, "runs Python"),
        ({"program": "0"}, "another version of this program"),
        ({"code": "0"}, "another version of this program"),
        ({"ffmpeg": "1.0"}, "has ffmpeg"),
    ],
)
def test_a_worker_tells_why_it_is_not_fit(tmp_path: Path, change: dict[str, str], why: str) -> None:
    beacon = tmp_path / "beacon"
    beacon.touch()
    assert fitness(about_here(), beacon) == ""
    assert why in fitness(replace(about_here(), **change), beacon)


def test_a_worker_that_does_not_reach_the_folder_tells_so(tmp_path: Path) -> None:
    assert str(tmp_path / "away") in fitness(about_here(), tmp_path / "away" / "beacon")


def test_a_cluster_that_is_not_there_is_told_in_words(site: Site) -> None:
    nobody = site.pull("--cameras", "road", "--cluster", "tcp://127.0.0.1:9", minutes="1")
    assert (nobody.code, nobody.result["error"]["kind"]) == (10, "unreachable")
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in nobody.err
    assert site.posts_sent() == 0
    wrong = site.pull("--cameras", "road", "--cluster", "scheduler:8786", minutes="1")
    assert wrong.code == 2
    assert "tcp://HOST:8786" in wrong.err


def test_without_the_package_the_file_of_requirements_is_named() -> None:
    code = (
        "import sys; sys.modules['distributed'] = None\n"
        "from footage.cluster.workshop import ClusterWorkshop\n"
        "ClusterWorkshop('tcp://127.0.0.1:8786')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "pip install -r requirements-cluster.txt" in done.stderr


def test_a_task_hears_of_its_end_while_it_waits() -> None:
    over = threading.Event()
    ending = Ending(over.is_set)
    assert not ending.wait(0.3)
    threading.Timer(0.2, over.set).start()
    assert ending.wait(10)
    assert ending.is_set()


def test_verify_may_be_done_by_a_cluster(site: Site, cluster: DaskCluster) -> None:
    site.pull("--cameras", "road", minutes="1", films="joined")
    [folder] = [path for path in site.videos.iterdir() if path.is_dir()]
    verified = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "verify", str(folder), "--cluster", cluster.address, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
    assert '"films_played": 1' in verified.stdout
    clip = next(folder.glob("Road_VideoClip*"))
    clip.chmod(0o644)
    clip.write_bytes(clip.read_bytes()[:-1] + b"?")
    again = [sys.executable, str(ROOT / "main.py"), "verify", str(folder), "--cluster", cluster.address]
    assert subprocess.run(again, capture_output=True, check=False).returncode == 9
