"""A list of incidents against the stand-in: asked for together, paid for once, each row by itself, resumed as one."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.kinesis_incident import environment, studio_in
from demo.faults import ClipFate, Fault, Script, not_licensed, quota_exceeded
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from footage.models import UTC
from tests.site import QUICK, ROOT, Outcome, Site, open_site
from tests.small_disk import small_disk
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

HEAD = ("reference", "vehicle", "start", "duration")
QUIET = Script(limits=False)


@pytest.fixture
def site(tmp_path: Path, clips: Path) -> Iterator[Site]:
    with open_site(tmp_path, clips, QUIET) as opened:
        yield opened


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def write_list(site: Site, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> Path:
    path = site.folder / "incidents.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def run_list(site: Site, *more: str, films: str = "none") -> Outcome:
    return site.run("batch", "incidents.csv", "--films", films, *QUICK, *more)


@contextmanager
def begun_list(site: Site) -> Iterator[subprocess.Popen[str]]:
    """The list on its way; whatever happens, it does not outlive the test."""
    command, pipe = site.command("batch", "incidents.csv", "--films", "none", *QUICK), subprocess.PIPE
    with subprocess.Popen(
        command, env=site.environment(), stdout=pipe, stderr=pipe, text=True, cwd=site.folder
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def rows_of(site: Site) -> dict[str, dict[str, Any]]:
    told = json.loads((site.videos / "summary.json").read_text("utf-8"))
    return {row["reference"]: row for row in told["rows"]}


def journals(site: Site) -> list[Path]:
    return sorted(site.logs.glob("batch_*/request_ids_*.json"))


TRUCK = ("A-1", "Truck 104", "2026-11-18T14:30:00Z", "2")
VAN = ("A-2", "Van 7", "2026-11-18T14:30:00Z", "1")
RIG = ("A-3", "Rig 12", "2026-11-18T15:00:00Z", "1")
LATER = ("A-4", "Truck 104", "2026-11-18T15:30:00Z", "1")


def test_every_row_is_pulled_and_the_summary_says_so(site: Site) -> None:
    write_list(site, TRUCK, VAN, RIG)
    outcome = run_list(site)
    assert outcome.code == 0, outcome.err
    assert {row["status"] for row in outcome.result["rows"]} == {"complete"}
    assert [row["reference"] for row in outcome.result["rows"]] == ["A-1", "A-2", "A-3"]
    for row in rows_of(site).values():
        assert (Path(row["folder"]) / "manifest.json").is_file()
        assert row["coverage_percent"] == 100.0
    assert [count for *_, count in site.asked()] == [1, 1, 1, 1]


def test_a_dry_run_sends_nothing_that_changes_anything(site: Site) -> None:
    write_list(site, TRUCK, VAN)
    outcome = run_list(site, "--dry-run")
    assert outcome.code == 0
    assert outcome.result["plan"]["requests"] == 3
    rows = outcome.result["plan"]["rows"]
    assert [(row["row"], row["reference"], row["requests"]) for row in rows] == [(2, "A-1", 2), (3, "A-2", 1)]
    assert outcome.result["quota"]["estimated_seconds"] == 540
    assert site.posts_sent() == 0
    assert not site.videos.exists()


def test_the_plan_shows_each_row_as_it_was_understood(site: Site) -> None:
    write_list(site, TRUCK, VAN)
    told = site.run("batch", "incidents.csv", "--cameras", "road,driver", "--dry-run", "--timezone", "America/Chicago")
    assert "Row 2 (A-1): Truck 104, 2026-11-18 08:30:00 CST, 2 min, road, driver: 2 requests" in told.out
    assert "Row 3 (A-2): Van 7, 2026-11-18 08:30:00 CST, 1 min, road, driver: 1 request" in told.out


def test_a_stream_that_is_not_there_is_a_fault_of_its_row(site: Site) -> None:
    write_list(site, (*TRUCK, ""), ("K", "", VAN[2], "1", "yard=no-such-stream"), head=(*HEAD, "stream"))
    studio = studio_in(site.folder)
    streams = demo_streams(studio, datetime(2026, 11, 18, tzinfo=UTC), 1, height=120, fps=5, hole=0.0)
    with KinesisService(streams, studio=studio) as service:
        site.environ |= environment(service)
        outcome = run_list(site)
        assert outcome.code == 2, outcome.err
        [fault] = outcome.result["error"]["faults"]
        assert (fault["row"], fault["column"]) == (3, "stream")
        assert site.posts_sent() == 0
        left_out = run_list(site, "--skip-faulty", "--cameras", "road")
    assert left_out.code == 3
    assert {name: row["exit_code"] for name, row in rows_of(site).items()} == {"A-1": 0, "K": 2}
    assert left_out.result["requests"] == {"made": 2, "reused": 0, "already_uploaded": 0}


def test_faults_of_all_rows_are_told_before_anything_is_spent(site: Site) -> None:
    write_list(site, TRUCK, ("A-2", "Van 8", *VAN[2:]), ("A-3", "Rig 12", "yesterday", "1"))
    outcome = run_list(site)
    assert outcome.code == 2
    assert "row 3, vehicle" in outcome.err
    assert "row 4, start" in outcome.err
    assert site.posts_sent() == 0


def test_faulty_rows_can_be_left_out(site: Site) -> None:
    write_list(site, TRUCK, ("A-2", "Van 8", *VAN[2:]))
    outcome = run_list(site, "--skip-faulty")
    assert outcome.code == 0
    assert "Left out: row 3, vehicle" in outcome.err
    assert list(rows_of(site)) == ["A-1"]


def test_rows_that_overlap_ask_once_and_each_has_its_own_footage(site: Site) -> None:
    write_list(
        site,
        ("B-1", "Truck 104", "2026-11-18T14:30:00Z", "3"),
        ("B-2", "Truck 104", "2026-11-18T14:31:20Z", "3"),
        ("B-3", "Truck 104", "2026-11-18T14:32:00Z", "0.5"),
    )
    outcome = run_list(site)
    assert outcome.code == 0, outcome.err
    asked = sorted((post.start, post.end) for post in site.service.posts.elements())
    assert [asked[0][0], asked[-1][1]] == ["2026-11-18T14:30:00Z", "2026-11-18T14:34:20Z"]
    assert all(one[1] == other[0] for one, other in pairwise(asked))
    rows = rows_of(site)
    assert [row["received_seconds"] for row in rows.values()] == [540, 540, 90]
    first, third = (Path(rows[name]["folder"]) for name in ("B-1", "B-3"))
    lent, borrowed = (folder / "Road_VideoClip_2026-11-18_06-32-00.mp4" for folder in (first, third))
    assert lent.read_bytes() == borrowed.read_bytes()
    told = json.loads((third / "manifest.json").read_text("utf-8"))
    assert all(clip["retrieval_id"] for camera in told["cameras"].values() for clip in camera["clips"])


def test_what_one_row_cannot_have_is_missing_for_the_other_too_and_not_asked_again(site: Site) -> None:
    fate = ClipFate(camera="driver", start="2026-11-18T14:31:00Z", status="unavailable")
    site.service.script = Script(limits=False, clips=(fate,))
    write_list(
        site,
        ("B-1", "Truck 104", "2026-11-18T14:30:00Z", "2"),
        ("B-2", "Truck 104", "2026-11-18T14:31:00Z", "2"),
    )
    outcome = run_list(site)
    assert outcome.code == 3
    assert [count for *_, count in site.asked()] == [1, 1, 1]
    for row in rows_of(site).values():
        assert row["status"] == "partial"
        assert "driver: 60 of 120 s missing, the camera no longer has it." in row["reason"]


def test_a_row_that_ends_badly_ends_alone(site: Site) -> None:
    fates = (
        ClipFate(vehicle="281474990123457", status="failed"),
        ClipFate(vehicle="281474990123458", camera="road", status="unavailable"),
    )
    site.service.script = Script(limits=False, clips=fates)
    write_list(site, TRUCK, VAN, RIG)
    outcome = run_list(site)
    assert outcome.code == 3
    statuses = {name: row["status"] for name, row in rows_of(site).items()}
    assert statuses == {"A-1": "complete", "A-2": "nothing", "A-3": "partial"}


def test_what_is_done_stays_done_and_new_rows_are_added(site: Site) -> None:
    write_list(site, TRUCK)
    assert run_list(site).code == 0
    folder = Path(rows_of(site)["A-1"]["folder"])
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    downloads = site.downloads()
    write_list(site, TRUCK, VAN)
    assert run_list(site).code == 0
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert [count for *_, count in site.asked()] == [1, 1, 1]
    assert site.downloads() == downloads + 2
    assert list(rows_of(site)) == ["A-1", "A-2"]


def test_a_single_pull_and_a_list_know_of_each_other(site: Site) -> None:
    assert site.pull().code == 0
    write_list(site, TRUCK)
    outcome = run_list(site)
    assert outcome.code == 0
    assert site.posts_sent() == 2
    assert site.pull().code == 0
    assert site.posts_sent() == 2


def test_rows_that_wait_are_pending_and_resume_completes_them(site: Site) -> None:
    site.service.script = Script(limits=False, clips=(ClipFate(vehicle="281474990123457", ready_after=20.0),))
    write_list(site, TRUCK, VAN)
    outcome = run_list(site, "--wait", "0.15")
    assert outcome.code == 4
    assert {name: row["status"] for name, row in rows_of(site).items()} == {"A-1": "complete", "A-2": "pending"}
    assert "resume" in outcome.err
    resumed = site.resume()
    assert resumed.code == 0, resumed.err
    assert {row["status"] for row in rows_of(site).values()} == {"complete"}
    assert [count for *_, count in site.asked()] == [1, 1, 1]


def test_a_list_that_is_killed_is_resumed_as_one_and_asks_nothing_twice(site: Site) -> None:
    site.service.script = Script(limits=False, ready_after=1.5)
    write_list(site, TRUCK, VAN, RIG)
    with begun_list(site) as process:
        wait_until(lambda: site.posts_sent() == 3)
        process.kill()
    resumed = site.resume("--settle", "15")
    if resumed.code == 4:  # killed between writing down a request and sending it: nobody has it
        resumed = site.resume("--settle", "1", "--ask-again")
    assert resumed.code == 0, resumed.err
    assert {row["status"] for row in resumed.result["rows"]} == {"complete"}
    assert [count for *_, count in site.asked()] == [1, 1, 1, 1]


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to another process")
def test_an_interrupted_list_leaves_at_once_and_can_be_resumed(site: Site) -> None:
    site.service.script = Script(limits=False, ready_after=8.0)
    write_list(site, TRUCK, VAN)
    with begun_list(site) as process:
        wait_until(lambda: site.posts_sent() == 3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert json.loads(out)["error"]["kind"] == "interrupted"
    assert "resume" in err.strip().splitlines()[-1]
    assert site.resume().code == 0
    assert [count for *_, count in site.asked()] == [1, 1, 1]


def test_quota_that_is_used_up_ends_only_rows_that_were_not_paid_for_and_says_so(site: Site) -> None:
    site.service.script = Script(limits=False, ready_after=2.0, faults=(quota_exceeded(after=2),))
    write_list(site, VAN, RIG, LATER)
    outcome = run_list(site)
    assert outcome.code == 3, outcome.err
    rows = rows_of(site)
    assert [row["status"] for row in rows.values()] == ["complete", "complete", "failed"]
    assert rows["A-4"]["exit_code"] == 7
    assert "quota exceeded" in rows["A-4"]["reason"]
    site.service.script = QUIET
    assert site.resume().code == 0
    assert [count for *_, count in site.asked()] == [1, 1, 1]


def test_a_resumed_list_does_not_spend_what_the_known_figure_does_not_hold(site: Site) -> None:
    site.service.script = Script(limits=False, quota_used=890, quota_limit=1000)
    write_list(site, TRUCK, VAN)
    assert run_list(site).code != 0
    again = site.resume()
    assert any("quota" in (row["reason"] or "") for row in again.result["rows"]), again.err
    assert [count for *_, count in site.asked()] == [1]
    allowed = site.resume("--over-quota")
    assert allowed.code == 0, allowed.err
    assert [count for *_, count in site.asked()] == [1, 1, 1]


def test_a_row_that_the_quota_is_too_small_for_names_the_option_that_asks_all_the_same(site: Site) -> None:
    site.service.script = Script(limits=False, quota_used=899_900.0)
    write_list(site, VAN, RIG, LATER)
    run_list(site, "--cameras", "road")
    assert [row["status"] for row in rows_of(site).values()] == ["complete", "failed", "failed"]
    assert "--over-quota" in rows_of(site)["A-3"]["reason"]


def test_a_list_waits_for_what_it_has_paid_for_though_the_quota_is_used_up(site: Site) -> None:
    site.service.script = Script(limits=False, ready_after=6.0, faults=(quota_exceeded(after=1),))
    write_list(site, VAN, RIG)
    assert run_list(site, "--wait", "0.01").code == 4
    site.service.script = Script(limits=False, ready_after=6.0, faults=(quota_exceeded(),))
    resumed = site.resume("--wait", "2")
    assert resumed.code == 3, resumed.err
    assert [row["status"] for row in rows_of(site).values()] == ["complete", "failed"]


def test_a_row_does_not_wait_for_what_another_one_was_refused(site: Site) -> None:
    site.service.script = Script(limits=False, faults=(quota_exceeded(after=1),))
    longer, within = ("A-5", *RIG[1:3], "2"), ("A-6", "Rig 12", "2026-11-18T15:01:00Z", "1")
    write_list(site, VAN, longer, within)
    outcome = run_list(site)
    assert outcome.code == 3
    assert [row["status"] for row in rows_of(site).values()] == ["complete", "failed", "failed"]


def test_a_vehicle_that_may_not_be_asked_for_ends_its_row_alone(site: Site) -> None:
    site.service.script = Script(limits=False, ready_after=2.0, faults=(not_licensed(VAN[2]),))
    write_list(site, VAN, RIG, LATER)
    outcome = run_list(site)
    assert outcome.code == 3, outcome.err
    rows = rows_of(site)
    assert [row["exit_code"] for row in rows.values()] == [6, 0, 0]
    assert "not licensed" in rows["A-2"]["reason"]


def test_a_key_that_may_ask_for_nothing_ends_the_whole_list(site: Site) -> None:
    site.service.script = Script(limits=False, faults=(not_licensed(),))
    write_list(site, VAN, RIG, LATER)
    outcome = run_list(site)
    assert outcome.code == 6
    assert {row["status"] for row in outcome.result["rows"]} == {"failed", "pending"}


def test_what_nobody_foresaw_ends_its_row_alone_and_the_log_says_where(site: Site) -> None:
    site.service.script = Script(limits=False, clips=(ClipFate(vehicle="281474990123457", ready_after=3.0),))
    break_finishing_of(site, "Truck 104")
    write_list(site, VAN, RIG, LATER)
    outcome = run_list(site)
    assert outcome.code == 3, outcome.err
    rows = rows_of(site)
    assert {name: row["exit_code"] for name, row in rows.items()} == {"A-2": 0, "A-3": 0, "A-4": 1}
    assert "ValueError: odd footage" in rows["A-4"]["reason"]
    assert "in finish" in next(site.logs.glob("*.log")).read_text("utf-8")
    site.environ.clear()
    assert site.resume().code == 0
    assert {count for *_, count in site.asked()} == {1}


def break_finishing_of(site: Site, vehicle: str) -> None:
    """Have the program meet an error that nobody foresaw, once a vehicle's footage is there."""
    (site.folder / "sitecustomize.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from footage.execution import Execution\n"
        "old = Execution.finish\n"
        "def finish(self):\n"
        f"    if self.journal.incident.vehicle.name == {vehicle!r}:\n"
        "        raise ValueError('odd footage')\n"
        "    return old(self)\n"
        "Execution.finish = finish\n"
    )
    site.environ["PYTHONPATH"] = str(site.folder)


def test_a_file_in_the_place_of_a_rows_folder_ends_that_row_alone(site: Site) -> None:
    site.service.script = Script(limits=False, ready_after=60.0)
    write_list(site, VAN, RIG)
    assert run_list(site, "--wait", "0.01").code == 4
    [folder] = site.videos.glob("Van*")
    shutil.rmtree(folder)
    folder.touch()
    site.service.script = QUIET
    resumed = site.resume()
    assert resumed.code == 3, resumed.err
    rows = rows_of(site)
    assert {name: row["exit_code"] for name, row in rows.items()} == {"A-2": 8, "A-3": 0}
    assert "is a file" in rows["A-2"]["reason"]


@pytest.mark.parametrize(("most", "code"), [(64, 2), (1024, 4)])
def test_a_list_needs_no_more_open_files_than_there_may_be(site: Site, most: int, code: int) -> None:
    pytest.importorskip("resource")
    site.service.script = Script(limits=False, ready_after=600.0)
    times = [f"2026-11-18T{14 + number // 20}:{number % 20 * 3:02}:00Z" for number in range(60)]
    write_list(site, *((str(number), "Van 7", start, "1") for number, start in enumerate(times)))
    few = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, {most}))"
    command = site.command("batch", "incidents.csv", "--films", "none", "--cameras", "road", "--wait", "0", *QUICK)
    done = subprocess.run(
        [sys.executable, "-c", f"{few}; os.execv(sys.argv[1], sys.argv[1:])", *command],
        **{"env": site.environment(), "capture_output": True, "text": True, "cwd": site.folder, "check": False},
    )
    assert done.returncode == code, done.stderr
    if code == 2:
        assert "split the list" in json.loads(done.stdout)["error"]["message"]
        assert site.posts_sent() == 0


def test_a_disk_that_is_full_ends_the_list_with_a_result(site: Site) -> None:
    write_list(site, VAN, RIG)
    with small_disk(site.videos, "size=64k"):
        fill(site.videos)
        outcome = run_list(site)
    assert outcome.code == 8, outcome.err
    assert outcome.result["error"]["kind"] == "disk"
    assert [row["reference"] for row in outcome.result["rows"]] == ["A-2", "A-3"]
    assert "Traceback" not in outcome.err


def fill(disk: Path) -> None:
    """Leave no room at all."""
    with (disk / "other").open("wb", buffering=0) as other, suppress(OSError):
        while True:
            other.write(bytes(4096))


def test_a_list_goes_on_with_a_row_that_was_pulled_again_with_other_cameras(site: Site) -> None:
    site.service.script = Script(limits=False, clips=(ClipFate(vehicle="281474990123457", ready_after=8.0),))
    write_list(site, RIG, VAN)
    assert run_list(site, "--cameras", "road", "--wait", "0.01").code == 4
    site.service.script = QUIET
    again = site.run("pull", "--vehicle", "Van 7", "--start", VAN[2], "--duration", "1", "--cameras", "road,driver",
                     "--films", "joined", *QUICK)  # fmt: skip
    assert again.code == 0, again.err
    sealed = (Path(again.result["folder"]) / "manifest.json").read_bytes()
    resumed = site.resume()
    assert resumed.code == 0, resumed.err
    assert {row["status"] for row in resumed.result["rows"]} == {"complete"}
    assert (Path(again.result["folder"]) / "manifest.json").read_bytes() == sealed


def test_a_list_with_other_cameras_takes_the_place_of_the_one_before(site: Site) -> None:
    site.service.script = Script(limits=False, clips=(ClipFate(vehicle="281474990123457", ready_after=600.0),))
    write_list(site, VAN)
    assert run_list(site, "--cameras", "road", "--wait", "0.01").code == 4
    assert run_list(site, "--cameras", "road,driver", "--wait", "0.01").code == 4
    states = [json.loads(path.read_text("utf-8"))["state"] for path in sorted(site.logs.glob("batch_*.json"))]
    assert sorted(states) == ["pending", "superseded"]


def test_a_key_that_is_rejected_ends_the_whole_list(site: Site) -> None:
    site.service.script = Script(limits=False, faults=(Fault(method="POST", status=401),))
    write_list(site, TRUCK, VAN)
    outcome = run_list(site)
    assert outcome.code == 6
    assert site.posts_sent() == 1


def test_status_names_a_list_once_with_its_rows(site: Site) -> None:
    write_list(site, TRUCK, VAN)
    run_list(site)
    command = [sys.executable, str(ROOT / "main.py"), "status", "--logs", str(site.logs)]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert words.count("batch_") == 1
    assert "incidents.csv" in words
    assert "2 complete" in words


def test_films_of_all_rows_are_made(site: Site) -> None:
    write_list(site, ("A-1", "Truck 104", TRUCK[2], "0.2"), ("A-2", "Van 7", VAN[2], "0.2"))
    outcome = run_list(site, films="all")
    assert outcome.code == 0, outcome.err
    for row in rows_of(site).values():
        assert (Path(row["folder"]) / row["side_by_side"]).is_file()


def test_finished_rows_are_delivered_and_the_summary_has_the_address(site: Site) -> None:
    share = site.folder / "share"
    write_list(site, TRUCK, VAN)
    outcome = run_list(site, "--deliver", str(share))
    assert outcome.code == 0, outcome.err
    for row in rows_of(site).values():
        copy = Path(row["delivered"])
        assert copy.parent == share
        assert (copy / "manifest.json").read_bytes() == (Path(row["folder"]) / "manifest.json").read_bytes()


def test_a_delivery_that_fails_is_tried_again_by_resume(site: Site) -> None:
    share = site.folder / "share"
    share.write_text("a file where a folder should be")
    write_list(site, TRUCK)
    failed = run_list(site, "--deliver", str(share))
    assert failed.code == 3
    assert rows_of(site)["A-1"]["status"] == "failed"
    share.unlink()
    resumed = site.resume()
    assert resumed.code == 0, resumed.err
    assert Path(rows_of(site)["A-1"]["delivered"]).is_dir()
    assert site.posts_sent() == 2


def test_a_single_pull_is_delivered_too(site: Site) -> None:
    outcome = site.pull("--deliver", str(site.folder / "share"), minutes="1")
    assert outcome.code == 0
    assert (Path(outcome.result["delivered"]) / "manifest.json").is_file()


def test_a_template_is_read_back(site: Site) -> None:
    printed = site.run("batch", "--template")
    assert printed.code == 0
    assert printed.out.startswith("reference,vehicle,start,duration")
    written = site.run("batch", str(site.folder / "mine.xlsx"), "--template")
    assert written.code == 0
    assert (site.folder / "mine.xlsx").is_file()
    assert site.run("batch", str(site.folder / "mine.xlsx"), "--template").code == 2
