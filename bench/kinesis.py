"""Kinesis Video: windows of fixed length, one after another, against the planned pull, on the same stand-in.

The first way follows the rules of AWS's get-clip sample (neighbouring windows share their bounds, a pause of 0.2 s
between calls, the answer read as a whole); its code is not used. Run: python -m bench.kinesis [--minutes 30]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from demo.cameras import DRIVER
from demo.kinesis_footage import demo_streams
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import KinesisStream, StoredFragment, Studio
from footage.kinesis.pull import StreamPull
from footage.models import Camera, TimeWindow
from footage.video.probe import inspect
from kinesis_clip import KinesisClient

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

START = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
SAMPLE_PAUSE = 0.2
LATENCY = 0.3
Way = Callable[[str, str, TimeWindow, Path], None]
"""Brings (service's address, stream's name, window, into folder)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each way brings, how long it takes and how much memory it holds; 0 where the promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.kinesis", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        studio = Studio(Path(folder))
        streams = demo_streams(studio, START, asked.minutes, height=72, fps=4)
        window = TimeWindow(START, START + timedelta(minutes=asked.minutes))
        kept = [compare_fragments(studio, streams, window), compare_time(studio, streams, window)]
        if Path("/proc/self/status").exists():
            kept.append(compare_memory(studio))
    return 0 if all(kept) else 1


def compare_fragments(studio: Studio, streams: Sequence[KinesisStream], window: TimeWindow) -> bool:
    """Fragments that should have come and did not, and those that came more than once."""
    good = True
    aligned = _aligned(studio)
    for stream in (*streams, aligned):
        if stream is aligned:
            window = TimeWindow(START, START + timedelta(minutes=10))
        wanted = _playing(stream, window)
        for name, way in WAYS.items():
            with _serving(studio, [stream]) as service, tempfile.TemporaryDirectory() as folder:
                way(service.url, stream.name, window, Path(folder))
                came = Counter(each.number for each in service.delivered)
            missing = len(wanted - set(came))
            doubled = sum(count - 1 for count in came.values())
            print(f"fragments {stream.name:12} {name:8} wanted {len(wanted):4} missing {missing:4} doubled {doubled:4}")
            good = good and (name != "planned" or missing == doubled == 0)
    return good


def compare_time(studio: Studio, streams: Sequence[KinesisStream], window: TimeWindow) -> bool:
    """Seconds at 300 ms latency per call, for one stream and for all, which the program pulls beside each other."""
    ratios = []
    for chosen in (streams[:1], streams):
        seconds = {name: _seconds(way, name == "planned", studio, chosen, window) for name, way in WAYS.items()}
        ratios.append(seconds["fixed"] / seconds["planned"])
        told = ", ".join(f"{name} {taken:.1f} s" for name, taken in seconds.items())
        print(f"time      {len(chosen)} stream(s): {told}; fixed / planned: {ratios[-1]:.1f}")
    return ratios[-1] >= 3


def _seconds(way: Way, beside: bool, studio: Studio, streams: Sequence[KinesisStream], window: TimeWindow) -> float:
    at_once = len(streams) if beside else 1
    with _serving(studio, streams, latency=LATENCY) as service, tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            goings = []
            for stream in streams:
                target = Path(folder) / stream.name
                target.mkdir()
                goings.append(pool.submit(way, service.url, stream.name, window, target))
        for going in goings:
            going.result()
        return time.monotonic() - begun


def compare_memory(studio: Studio) -> bool:
    """How much memory more each way takes for clips of some 84 MB than for small ones."""
    model = replace(DRIVER.scaled(72), fps=Fraction(2))
    window = TimeWindow(START, START + timedelta(seconds=780))
    take = studio.take(model, START, window.seconds)
    grown = {}
    for name in WAYS:
        peaks = []
        for padding in (0, 420_000):
            stream = KinesisStream("heavy", START - timedelta(hours=2))
            stream.put(take, START, padding=padding)
            with _serving(studio, [stream]) as service, tempfile.TemporaryDirectory() as folder:
                peaks.append(_peak_megabytes(name, service.url, window, Path(folder)))
        grown[name] = peaks[1] - peaks[0]
        print(f"memory    {name:8} {peaks[0]:.1f} MB, with clips of 84 MB {peaks[1]:.1f} MB: {grown[name]:+.1f}")
    return grown["planned"] < 16


def fixed_windows(url: str, stream: str, window: TimeWindow, folder: Path) -> None:
    """Window after window, bounds shared, one call at a time, each answer in memory; errors cost their window."""
    from botocore.exceptions import ClientError

    length = timedelta(seconds=_WINDOW_SECONDS.get(stream, 60))
    control = _session().client("kinesisvideo", endpoint_url=url)
    endpoint = control.get_data_endpoint(StreamName=stream, APIName="GET_CLIP")["DataEndpoint"]
    archive = _session().client("kinesis-video-archived-media", endpoint_url=endpoint)
    at = window.start
    while at < window.end:
        until = min(at + length, window.end)
        try:
            answer = archive.get_clip(
                StreamName=stream,
                ClipFragmentSelector={
                    "FragmentSelectorType": "PRODUCER_TIMESTAMP",
                    "TimestampRange": {"StartTimestamp": at, "EndTimestamp": until},
                },
            )
            (folder / f"{at:%H-%M-%S}.mp4").write_bytes(answer["Payload"].read())
        except ClientError as error:
            print(f"          {stream}, {at:%H:%M:%S}: {error.response['Error']['Code']}")
        time.sleep(SAMPLE_PAUSE)
        at = until


def planned(url: str, stream: str, window: TimeWindow, folder: Path) -> None:
    """The program's way."""
    os.environ["AWS_ENDPOINT_URL_KINESIS_VIDEO"] = url
    StreamPull(
        Camera(stream, source="kinesis", stream=stream),
        window,
        client=KinesisClient(session=_session()),
        inspect=inspect,
        folder=folder,
        work=folder,
        name_for=lambda moment, number: f"{moment:%H-%M-%S}_{number}.mp4",
        record=lambda result: None,
        clock=_now,
    ).run()


_WINDOW_SECONDS = {"heavy": 388}
WAYS: dict[str, Way] = {"fixed": fixed_windows, "planned": planned}


def _aligned(studio: Studio) -> KinesisStream:
    """Ten minutes of fragments that begin on whole even seconds, as an encoder that starts with the minute makes."""
    stream = KinesisStream("aligned", START - timedelta(hours=2))
    stream.put(studio.take(replace(DRIVER.scaled(72), fps=Fraction(4)), START, 600), START)
    return stream


def _playing(stream: KinesisStream, window: TimeWindow) -> set[int]:
    """Numbers of the fragments that play in the window, of each time the one that came first."""
    first: dict[datetime, StoredFragment] = {}
    for each in stream.fragments:
        first.setdefault(each.producer, each)
    ends = {each.number: each.producer + timedelta(seconds=each.seconds) for each in first.values()}
    return {e.number for e in first.values() if e.producer < window.end and ends[e.number] > window.start}


@contextmanager
def _serving(studio: Studio, streams: Sequence[KinesisStream], latency: float = 0.0) -> Iterator[KinesisService]:
    with KinesisService(streams, studio=studio, now=_now, latency=latency, limits=True) as service:
        yield service


def _now() -> datetime:
    return START + timedelta(hours=3)


def _session() -> boto3.Session:
    return boto3.Session("AKIABENCH", "secret", region_name="us-east-1")


def _peak_megabytes(name: str, url: str, window: TimeWindow, folder: Path) -> float:
    """The most memory that a process of its own held at a time while it went one way."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_go_and_tell, args=(name, url, window, folder, theirs))
    process.start()
    peak = float(ours.recv())
    process.join()
    return peak


def _go_and_tell(name: str, url: str, window: TimeWindow, folder: Path, told: Connection) -> None:
    WAYS[name](url, "heavy", window, folder)
    status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    told.send(int(peak) / 1024)


if __name__ == "__main__":
    sys.exit(main())
