"""Streams come whole and in time, or their holes have names: real boto3 against the stand-in over real HTTP."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, chain, pairwise, repeat
from pathlib import Path

import av
import boto3
import pytest

from demo.cameras import DRIVER
from demo.clockcode import read
from demo.faults import Fault
from demo.kinesis_footage import demo_streams
from demo.kinesis_rules import Most
from demo.kinesis_service import EXPIRED_KEY, KinesisService, service_error
from demo.kinesis_streams import TORN, KinesisStream, Studio
from footage.errors import BrokenMedia, FootageError, InputRefused, InsecureAddress, Interrupted, ServiceUnreachable
from footage.kinesis.check import key_frames, key_times
from footage.kinesis.errors import AwsCredentials, AwsPermission, Call, explain, explain_failure
from footage.kinesis.fragments import Selector
from footage.kinesis.pace import FragmentBucket
from footage.kinesis.pull import KinesisOptions, StreamPull
from footage.models import Camera, Clip, Missing, TimeWindow
from footage.pacing import Pause
from footage.progress import Progress
from footage.timeline import coverage, lay
from footage.video.probe import inspect
from kinesis_clip import KinesisClient

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
NOW = T0 + timedelta(hours=1)
SMALL = replace(DRIVER.scaled(72), fps=Fraction(2), key_seconds=2.0)
DENSE = replace(SMALL, key_seconds=1.0)
LARGER = SMALL.scaled(90)
BAD_FRAME = "InvalidMediaFrameException"


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this computer's own AWS settings gets into a test."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@lru_cache
def session(key: str = "AKIATEST", region: str | None = "us-east-1") -> boto3.Session:
    return boto3.Session(key, "secret", region_name=region)


class Listener(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.bytes = 0

    def say(self, text: str) -> None:
        self.sentences.append(text)

    def received(self, count: int) -> None:
        self.bytes += count


class Yard:
    """One stream `yard` at a stand-in, and pulls of it into a folder."""

    def __init__(self, folder: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.stream = KinesisStream("yard", T0 - timedelta(hours=2))
        self.service_now = NOW
        self.service = KinesisService([self.stream], studio=studio, now=lambda: self.service_now)
        self.listener = Listener()
        self.recorded: list[Clip | Missing] = []
        self.record: Callable[[Clip | Missing], None] = self.recorded.append
        self.stop = threading.Event()
        self.waits: list[float] = []
        self.studio = studio
        monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS_VIDEO", self.service.url)

    def film(self, start: float, seconds: float, model=SMALL, fragment_seconds: float | None = None, **more) -> None:
        take = self.studio.take(model, after(start), seconds, fragment_seconds=fragment_seconds)
        self.stream.put(take, after(start), **more)

    def client(self, *, key: str = "AKIATEST", region: str | None = "us-east-1", **more) -> KinesisClient:
        return KinesisClient(session=session(key, region), pause=Pause(self.stop, self.waits.append), **more)

    def pull(self, start: float, end: float, *, known: Sequence[Clip] = (), **options) -> list[Clip | Missing]:
        more = {name: options.pop(name) for name in ("client", "stream", "sleep") if name in options}
        return StreamPull(
            Camera("yard", source="kinesis", stream=more.get("stream", "yard")),
            TimeWindow(after(start), after(end)),
            client=more.get("client") or self.client(),
            inspect=inspect,
            folder=self.folder,
            work=self.folder / ".work",
            name_for=lambda moment, number: f"Yard_{moment:%H-%M-%S}_{number}.mp4",
            record=self.record,
            known=known,
            options=KinesisOptions(**options),
            progress=self.listener,
            pause=Pause(self.stop, more.get("sleep", self.waits.append)),
            clock=lambda: NOW,
        ).run()

    def said(self) -> str:
        return "\n".join(self.listener.sentences)


@pytest.fixture
def yard(tmp_path: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    yard = Yard(tmp_path, studio, monkeypatch)
    with yard.service:
        yield yard


def clips_of(results: Sequence[Clip | Missing]) -> list[Clip]:
    return [each for each in results if isinstance(each, Clip)]


def gaps_of(results: Sequence[Clip | Missing]) -> list[tuple[float, float, str]]:
    missing = [each for each in results if isinstance(each, Missing)]
    return [((m.window.start - T0).total_seconds(), (m.window.end - T0).total_seconds(), m.reason) for m in missing]


def coverage_of(results: Sequence[Clip | Missing], start: float, end: float) -> Sequence[Missing]:
    """The gaps as a report tells them."""
    window = TimeWindow(after(start), after(end))
    missing = [each for each in results if isinstance(each, Missing)]
    return coverage("yard", window, lay(window, clips_of(results), missing)).gaps


def truth(clip: Clip) -> list[tuple[float, float]]:
    """For each picture: the moment that its clock code shows, and the one that the clip's place claims, after T0."""
    with av.open(str(clip.path)) as film:
        pictures = [(read(frame.to_ndarray(format="gray")), frame.time) for frame in film.decode(video=0)]
    placed = (clip.window.start - T0).total_seconds()
    return [(found.milliseconds / 1000 - T0.timestamp(), placed + at) for found, at in pictures if found]


def moments(results: Sequence[Clip | Missing]) -> list[float]:
    """All moments shown, in the order of the clips; each clip is checked to be where it says."""
    shown: list[float] = []
    for clip in clips_of(results):
        pictures = truth(clip)
        assert all(abs(code - claimed) < 0.01 for code, claimed in pictures)
        shown += [code for code, _ in pictures]
    return shown


def every(start: float, end: float) -> list[float]:
    return [start + 0.5 * number for number in range(round((end - start) * 2))]


def test_a_stream_with_a_hole_a_codec_change_a_burst_and_repeats_comes_once_and_in_time(
    yard: Yard, studio: Studio
) -> None:
    streams = demo_streams(studio, T0, 3, height=72, fps=2, hole=30.0)
    yard.service.streams += streams
    for stream in streams:
        yard.service.delivered.clear()
        results = yard.pull(0, 180, stream=stream.name, chunk_minutes=1)
        shown = moments(results)
        assert Counter(shown) == Counter(set(shown))
        assert shown == sorted(shown)
        holes = [(start, end) for start, end, _ in gaps_of(results)]
        whole = every(shown[0], shown[-1] + 0.5)
        due = [moment for moment in whole if not any(start - 0.01 < moment < end - 0.01 for start, end in holes)]
        assert shown == pytest.approx(due, abs=0.001)
        assert shown[0] <= 0
        assert shown[-1] >= 179.5
        numbers = Counter(each.number for each in yard.service.delivered)
        assert set(numbers.values()) == {1}
    road = gaps_of(yard.pull(0, 180, stream="yard-road"))
    assert len(road) == 1
    assert road[0][1] - road[0][0] == pytest.approx(30)


def test_more_than_200_fragments_come_whole(yard: Yard) -> None:
    yard.film(0, 230, DENSE)
    results = yard.pull(0, 230)
    assert moments(results) == every(0, 230)
    assert [clip.window.seconds for clip in clips_of(results)] == [195, 35]


def test_the_lead_in_before_the_start_is_kept_in_the_original(yard: Yard) -> None:
    yard.film(0, 20)
    (clip,) = clips_of(yard.pull(5, 10))
    assert clip.window == TimeWindow(after(4), after(10))
    assert moments([clip]) == every(4, 10)


def test_a_change_of_resolution_gives_clips_on_either_side_and_no_gap(yard: Yard) -> None:
    yard.film(0, 14)
    yard.film(14, 26, LARGER)
    results = yard.pull(0, 40)
    assert gaps_of(results) == []
    assert moments(results) == every(0, 40)
    widths = [clip.media.video.width for clip in clips_of(results) if clip.media.video]
    assert set(widths) == {SMALL.width, LARGER.width}
    assert widths == sorted(widths)


def test_a_fragment_that_cannot_be_parsed_is_a_gap_with_its_name_and_the_rest_comes(yard: Yard) -> None:
    yard.film(0, 40, flaws={7: BAD_FRAME})
    results = yard.pull(0, 40)
    assert gaps_of(results) == [(14.0, 16.0, BAD_FRAME)]
    assert moments(results) == every(0, 14) + every(16, 40)


def test_a_clip_that_is_cut_without_a_word_is_asked_for_again_in_parts(yard: Yard) -> None:
    yard.film(0, 40)
    yard.service.most = Most(fragments=8)
    results = yard.pull(0, 40)
    assert gaps_of(results) == []
    assert moments(results) == every(0, 40)
    assert yard.service.calls["GetClip"] == 1 + 2 + 4


# True to the clock


def uneven(holes: Sequence[float]) -> list[float]:
    """Starts of two-second fragments with these holes after them."""
    return [round(start, 3) for start in accumulate((2 + hole for hole in holes), initial=0.0)]


CHANCE = random.Random(4)
HOLES = {
    "half a second after each": [0.5] * 9,
    "a little after each": [0.19] * 9,
    "of any length up to half a second": [round(CHANCE.uniform(0, 0.5), 3) for _ in range(20)],
    "a clock one per cent fast": [0.02] * 25,
    "a clock one per cent slow": [-0.02] * 25,
}


@pytest.mark.parametrize("keys_apart", [2.0, 1.0], ids=["a key frame each", "more key frames"])
@pytest.mark.parametrize("holes", HOLES.values(), ids=HOLES.keys())
def test_holes_that_a_clip_closes_never_move_a_picture_on_the_clock(
    yard: Yard, holes: Sequence[float], keys_apart: float
) -> None:
    yard.stream.lets_overlap = True
    starts = uneven(holes)
    for start in starts:
        yard.film(start, 2, replace(SMALL, fps=Fraction(5), key_seconds=keys_apart), fragment_seconds=2.0)
    results = yard.pull(0, starts[-1] + 2)
    pictures = [each for clip in clips_of(results) for each in truth(clip)]
    assert max(abs(code - claimed) for code, claimed in pictures) < 0.13
    assert {round(code, 3) for code, _ in pictures} == {round(s + n / 5, 3) for s in starts for n in range(10)}


def test_holes_between_clips_that_were_closed_at_first_are_named(yard: Yard) -> None:
    for start in uneven([0.6] * 4):
        yard.film(start, 2)
    gaps = gaps_of(yard.pull(0, 12.4))
    assert gaps == [(pytest.approx(2 + 2.6 * n), pytest.approx(2.6 + 2.6 * n), "no_media") for n in range(4)]


def test_what_was_sent_again_half_a_fragment_off_does_not_get_into_the_clips(yard: Yard) -> None:
    yard.film(0, 60)
    yard.film(20.7, 10, arrived=after(500))
    yard.stream.lets_overlap = True
    results = yard.pull(0, 60)
    assert gaps_of(results) == []
    assert moments(results) == every(0, 60)
    assert len(clips_of(results)) < 12


def test_a_drifting_clip_that_a_killed_run_left_is_not_taken_up(yard: Yard) -> None:
    starts = uneven([0.5] * 4)
    for start in starts:
        yard.film(start, 2)
    whole = yard.service.streams[0].fragments
    yard.record = _die
    with pytest.raises(Killed):
        yard.pull(0, 12, at_once=1)
    [note] = yard.folder.glob(".work/*/*.part.json")
    told = json.loads(json.loads(note.read_text())["media"])
    told["lengths"], told["begins"], told["end"] = [2.5] * 5, starts, after(12).isoformat()
    note.write_text(json.dumps({**json.loads(note.read_text()), "media": json.dumps(told)}))
    [clip] = yard.folder.glob("*.mp4")
    clip.write_bytes(yard.studio.clip(whole).read_bytes())
    yard.record = yard.recorded.append
    assert moments(yard.pull(0, 12)) == pytest.approx([s + n / 2 for s in starts for n in range(4)], abs=0.001)


# Broken for good


def test_an_answer_that_is_never_a_film_is_not_asked_for_over_and_over(yard: Yard) -> None:
    yard.film(0, 102)
    yard.service.fail(Fault(path="/getClip", status=200, body="sample-mp4-video"))
    results = yard.pull(0, 102)
    assert coverage_of(results, 0, 102)[0].reason == "download"
    assert yard.service.calls["GetClip"] <= 4


def test_a_clip_that_comes_broken_in_the_same_way_again_is_kept_with_what_can_be_read(yard: Yard) -> None:
    yard.film(0, 40, flaws={19: TORN})
    results = yard.pull(0, 40)
    (clip,) = clips_of(results)
    assert not clip.media.is_whole
    assert clip.window.start == T0
    assert yard.service.calls["GetClip"] == 2
    (gap,) = coverage_of(results, 0, 40)
    assert (gap.reason, gap.window.end) == ("damaged", after(40))
    assert gap.window.start > after(20)


def test_the_chunk_option_and_names_already_taken(yard: Yard) -> None:
    yard.film(0, 20)
    (yard.folder / "Yard_18-30-00_1.mp4").write_bytes(b"mine")
    names = [clip.path.name for clip in clips_of(yard.pull(0, 20, chunk_minutes=1 / 6))]
    assert names == ["Yard_18-30-00_2.mp4", "Yard_18-30-10_1.mp4"]
    assert (yard.folder / "Yard_18-30-00_1.mp4").read_bytes() == b"mine"
    assert not (yard.folder / ".work").exists() or not list((yard.folder / ".work").iterdir())


# Without permission to list


def test_without_permission_to_list_the_footage_comes_and_it_is_said_what_is_lost(yard: Yard) -> None:
    yard.film(-9, 149)
    yard.film(200, 40)
    yard.service.denied = {"ListFragments"}
    results = yard.pull(0, 240)
    shown = sorted({code for clip in clips_of(results) for code, _ in truth(clip)})
    assert shown == every(-9, 140) + every(200, 240)
    for clip in clips_of(results):
        assert all(-0.01 <= code - claimed <= 2.0 for code, claimed in truth(clip))
    before_the_hole = [clip.window for clip in clips_of(results) if clip.window.end <= after(140)]
    assert all(first.end == second.start for first, second in pairwise(before_the_hole))
    assert "kinesisvideo:ListFragments" in yard.said()
    assert "up to one fragment early" in yard.said()


def test_without_permission_to_list_a_clip_at_the_limit_is_halved(yard: Yard) -> None:
    yard.film(0, 230, replace(SMALL, fps=Fraction(4), key_seconds=0.5))
    yard.service.denied = {"ListFragments"}
    results = yard.pull(0, 230, chunk_minutes=4)
    shown = {code for clip in clips_of(results) for code, _ in truth(clip)}
    assert shown == {number / 4 for number in range(920)}
    assert gaps_of(results) == []


def test_without_permission_to_list_no_clip_is_so_long_that_it_could_be_cut_without_a_word(yard: Yard) -> None:
    yard.film(0, 20)
    yard.service.denied = {"ListFragments"}
    yard.pull(0, 600, chunk_minutes=5)
    asked = [body["ClipFragmentSelector"] for action, body in yard.service.bodies if action == "GetClip"]
    times = [each["TimestampRange"] for each in asked]
    assert max(each["EndTimestamp"] - each["StartTimestamp"] for each in times) < 200


def test_without_permission_to_describe_the_stream_still_comes(yard: Yard) -> None:
    yard.film(0, 10)
    yard.service.denied = {"DescribeStream"}
    assert moments(yard.pull(0, 10)) == every(0, 10)
    assert "kinesisvideo:DescribeStream" in yard.said()


# What goes wrong on the way

CUT = Fault(path="/getClip", nth=(1,), close_after=2_000)
QUIET_CUT = replace(CUT, headers={"Content-Length": "2000"})


@pytest.mark.parametrize(
    "fault",
    [
        CUT,
        QUIET_CUT,
        Fault(path="/getClip", nth=(1, 2), drop=True),
        service_error("ClientLimitExceededException", path="/getClip", nth=(1, 2, 3)),
        service_error("InternalFailure", 500, path="/getClip", nth=(1, 2, 3)),
        service_error("ClientLimitExceededException", path="/listFragments", nth=(1,)),
        service_error("ClientLimitExceededException", path="/describeStream", nth=(1,)),
        service_error("ClientLimitExceededException", path="/getDataEndpoint", nth=(1,)),
        service_error("ResourceNotFoundException", 404, "No fragments found in the stream.", path="/getClip", nth=(1,)),
    ],
    ids=["cut", "quiet cut", "drop", "throttle", "500", "list throttle", "describe throttle", "endpoint", "404 once"],
)
def test_what_fails_in_passing_is_asked_for_again(yard: Yard, fault: Fault) -> None:
    yard.film(0, 20)
    yard.service.fail(fault)
    results = yard.pull(0, 20)
    assert gaps_of(results) == []
    assert moments(results) == every(0, 20)


def test_a_stream_that_is_read_too_fast_is_read_more_slowly(yard: Yard) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    yard.film(0, 20)
    yard.pull(0, 20, fragments_per_second=10, sleep=sleep)
    assert waits == []
    yard.service.fail(service_error("ClientLimitExceededException", path="/getClip", nth=(1,)))
    yard.pull(0, 20, fragments_per_second=10, sleep=sleep)
    assert sum(waits) > 1.3  # at the old rate it would have been 1.0


def test_a_data_endpoint_that_is_no_longer_right_is_asked_for_anew(yard: Yard) -> None:
    yard.film(0, 20)
    client = yard.client()
    assert client.fragments("yard", TimeWindow(T0, after(20)), "producer")
    yard.service.move_data_endpoint()
    assert moments(yard.pull(0, 20, client=client)) == every(0, 20)
    assert yard.service.calls["GetDataEndpoint"] == 3


PLAIN = {"Content-Type": "application/json"}
EXPIRED_ENDPOINTS = {
    "gateway": Fault(status=403, headers=PLAIN, body='{"message":"Forbidden"}'),
    "nothing": Fault(status=403),
    "denied": service_error("AccessDeniedException", 403, "Access denied"),
    "forbidden": service_error("ForbiddenException", 403, "no"),
    "unauthorized": service_error("NotAuthorizedException", 401, "no"),
    "not found": service_error("ResourceNotFoundException", 404, "The endpoint has expired."),
    "page": Fault(status=404, body="<html>Not here</html>"),
    "gone": Fault(status=410, headers=PLAIN, body='{"Message":"gone"}'),
}


@pytest.mark.parametrize("refusal", EXPIRED_ENDPOINTS.values(), ids=EXPIRED_ENDPOINTS.keys())
def test_a_data_endpoint_that_refuses_is_asked_for_anew_whatever_it_says(yard: Yard, refusal: Fault) -> None:
    yard.film(0, 20)
    client = yard.client()
    assert moments(yard.pull(0, 10, client=client)) == every(0, 10)
    yard.service.move_data_endpoint(refusal)
    assert moments(yard.pull(10, 20, client=client)) == every(10, 20)
    assert yard.service.calls["GetDataEndpoint"] == 4


def test_a_permission_that_is_withdrawn_on_the_way_is_named_at_its_second_refusal(yard: Yard) -> None:
    yard.film(0, 20)
    client = yard.client()
    assert moments(yard.pull(0, 10, client=client)) == every(0, 10)
    yard.service.denied = {"GetClip"}
    with pytest.raises(AwsPermission, match="kinesisvideo:GetClip"):
        yard.pull(10, 20, client=client)
    assert yard.service.calls["GetClip"] == 1 + 2


def test_a_service_that_never_answers_ends_the_run_and_keeps_what_came(yard: Yard) -> None:
    yard.film(0, 40)
    yard.service.fail(service_error("InternalFailure", 500, path="/getClip", nth=tuple(range(2, 200))))
    with pytest.raises(ServiceUnreachable, match="GetClip"):
        yard.pull(0, 40, chunk_minutes=0.1, retries=2, at_once=1)
    assert len(clips_of(yard.recorded)) == 1


def test_one_clip_that_never_comes_is_a_gap_of_the_download(yard: Yard) -> None:
    yard.film(0, 40)
    yard.service.fail(service_error("InternalFailure", 500, path="/getClip", nth=(2, 3, 4, 5)))
    results = yard.pull(0, 40, chunk_minutes=1 / 6, retries=2, at_once=1)
    assert gaps_of(results) == [(10.0, 20.0, "download")]
    assert moments(results) == every(0, 10) + every(20, 40)


def test_fragments_that_are_gone_when_they_are_fetched_are_a_gap(yard: Yard) -> None:
    yard.film(10, 20)

    class Remembering(KinesisClient):
        """Lists, the first time, two fragments that have expired since."""

        listed = 0

        def fragments(self, stream, window, selector):
            found = super().fragments(stream, window, selector)
            self.listed += 1
            number = min(each.number for each in found)
            oldest = next(each for each in found if each.number == number)
            ghosts = [replace(oldest, number=1 + n, producer=after(6 + 2 * n)) for n in range(2)]
            return found + ghosts if self.listed == 1 else found

    client = Remembering(session=session())
    yard.service.fail(service_error("ResourceNotFoundException", 404, "No fragments found.", path="/getClip", nth=(1,)))
    results = yard.pull(6, 30, client=client)
    assert gaps_of(results) == [(6.0, 10.0, "no_media")]
    assert moments(results) == every(10, 30)


def test_an_error_that_ends_the_run_lets_the_clips_under_way_come_in(yard: Yard) -> None:
    yard.film(0, 40)
    expired = service_error("ExpiredTokenException", 403, "The security token included in the request is expired")
    yard.service.fail(replace(expired, path="/getClip", nth=(3,)))
    with pytest.raises(AwsCredentials, match="resume"):
        yard.pull(0, 40, chunk_minutes=0.1, at_once=2)
    came = clips_of(yard.recorded)
    assert len(came) >= 2
    yard.service.fail()
    before = [each.number for each in yard.service.delivered]
    results = yard.pull(0, 40, known=came, chunk_minutes=0.1)
    after_that = [each.number for each in yard.service.delivered][len(before) :]
    assert not set(before) & set(after_that)
    assert moments(results) == every(0, 40)


def test_what_an_earlier_run_brought_is_not_fetched_again_even_with_other_chunks(yard: Yard) -> None:
    yard.film(0, 40)
    first = clips_of(yard.pull(0, 40, chunk_minutes=1 / 6))
    yard.service.delivered.clear()
    results = yard.pull(0, 40, known=[first[0], first[2]])
    assert moments(results) == every(0, 40)
    assert len(yard.service.delivered) == 10
    yard.service.delivered.clear()
    assert moments(yard.pull(0, 40, known=clips_of(results))) == every(0, 40)
    assert yard.service.delivered == []


class Killed(Exception):
    """Ends a run where a real one is killed: nothing after it is carried out."""


def test_a_clip_that_has_its_name_but_is_not_recorded_is_taken_up_and_not_fetched_again(yard: Yard) -> None:
    yard.film(0, 40)
    yard.record = _die
    with pytest.raises(Killed):
        yard.pull(0, 40, chunk_minutes=1 / 6, at_once=1)
    [before] = yard.folder.glob("*.mp4")
    fetched = {each.number for each in yard.service.delivered}
    yard.service.delivered.clear()
    yard.record = yard.recorded.append
    results = yard.pull(0, 40, chunk_minutes=1 / 6)
    assert not fetched & {each.number for each in yard.service.delivered}
    assert moments(results) == every(0, 40)
    assert clips_of(results)[0].path == before
    assert sorted(yard.folder.glob("*.mp4")) == sorted(clip.path for clip in clips_of(results))
    assert list((yard.folder / ".work").iterdir()) == []


@pytest.mark.parametrize("denied", [set(), {"ListFragments"}], ids=["fragments known", "fragments unknown"])
def test_of_what_a_killed_run_left_under_way_the_whole_is_used_and_the_rest_fetched(
    yard: Yard, denied: set[str]
) -> None:
    yard.film(-20, 60)
    yard.service.denied = denied
    yard.record = _die
    with pytest.raises(Killed):
        yard.pull(0, 40, chunk_minutes=1 / 6, at_once=1)
    [whole] = yard.folder.glob("*.mp4")
    [note] = yard.folder.glob(".work/*/*.part.json")
    half = note.with_name(f"half-{note.name}")
    half.write_text(note.read_text())
    half.with_suffix("").write_bytes(whole.read_bytes()[:-1000])
    whole.rename(note.with_suffix(""))
    fetched = len(yard.service.delivered)
    yard.record = yard.recorded.append
    results = yard.pull(0, 40, chunk_minutes=1 / 6)
    numbers = [each.number for each in yard.service.delivered]
    assert not set(numbers[:fetched]) & set(numbers[fetched:])
    assert len({clip.sha256 for clip in clips_of(results)}) == len(clips_of(results))
    assert set(every(0, 40)) <= set(moments(results))
    assert sorted(yard.folder.glob("*.mp4")) == sorted(clip.path for clip in clips_of(results))


def test_what_was_brought_of_another_stream_or_by_another_clock_is_not_taken_up(yard: Yard) -> None:
    yard.film(0, 20)
    yard.record = _die
    with pytest.raises(Killed):
        yard.pull(0, 20)
    yard.record = yard.recorded.append
    fetched = len(yard.service.delivered)
    yard.pull(0, 20, selector="server")
    assert len(yard.service.delivered) > fetched


def _die(result: Clip | Missing) -> None:
    raise Killed


def test_a_stopped_run_leaves_at_once_in_the_middle_of_a_slow_body(yard: Yard) -> None:
    yard.film(0, 40)
    yard.service.bytes_per_second = 1  # the whole body would take hours
    threading.Timer(0.5, yard.stop.set).start()
    with pytest.raises(Interrupted):
        yard.pull(0, 40, sleep=None)
    assert clips_of(yard.recorded) == []


def test_a_body_of_which_hardly_anything_comes_is_asked_for_again(yard: Yard) -> None:
    yard.film(0, 20)
    looks = chain([0.0], repeat(3600.0))  # the first piece takes an hour, and no other any time
    results = yard.pull(0, 20, client=yard.client(clock=lambda: next(looks)))
    assert moments(results) == every(0, 20)
    assert yard.service.calls["GetClip"] == 2


# Age and retention


def test_what_lies_before_the_retention_is_a_gap_and_is_said(yard: Yard) -> None:
    yard.stream.created = T0 - timedelta(days=3)
    yard.stream.retention_hours = 1
    yard.film(-40, 100)
    results = yard.pull(-40, 20, selector="server")
    assert gaps_of(results)[0] == (-40.0, 0.0, "no_media")
    assert "keeps 1 hours" in yard.said()
    assert clips_of(results)[0].window.start >= T0


def test_footage_sent_late_from_before_the_stream_was_made_still_comes_by_its_own_time(yard: Yard) -> None:
    yard.stream.created = after(59)
    yard.film(0, 20, arrived=after(60), apart=0.5)
    assert moments(yard.pull(0, 20)) == every(0, 20)


@pytest.mark.parametrize("selector", ["producer", "server"])
@pytest.mark.parametrize("blind", [True, False], ids=["blind", "seeing"])
def test_a_window_just_after_the_stream_s_beginning_comes_whole(yard: Yard, selector: Selector, blind: bool) -> None:
    yard.stream.created = after(-5)
    yard.stream.blind_before_head = blind
    yard.film(-4, 40)
    results = yard.pull(1.5, 20, selector=selector)
    assert gaps_of(results) == []
    late = 0 if selector == "producer" else 1.5
    assert clips_of(results)[0].window.start == after(late)


@pytest.mark.parametrize("selector", ["producer", "server"])
@pytest.mark.parametrize("ahead", [0.0, 5.0, 30.0])
def test_at_the_edge_of_the_retention_what_is_still_there_comes(yard: Yard, selector: Selector, ahead: float) -> None:
    """`ahead`: what the service's clock is ahead of this computer's, or the time until it was asked."""
    yard.stream.created = T0 - timedelta(days=3)
    yard.stream.retention_hours = 1
    yard.stream.blind_before_head = True
    yard.service_now = NOW + timedelta(seconds=ahead)
    yard.film(-40, 150)
    results = yard.pull(-20, 100, selector=selector)
    [(_, until)] = [(start, end) for start, end, _ in gaps_of(coverage_of(results, -20, 100))]
    assert until <= max(ahead, 1) + (60 if ahead > 10 else 10)
    assert clips_of(results)[-1].window.end >= after(100)


def test_fragments_that_expire_between_list_and_fetch_cost_no_others(yard: Yard) -> None:
    yard.stream.created = T0 - timedelta(days=3)
    yard.stream.retention_hours = 1
    yard.film(-10, 120)

    class Slow(KinesisClient):
        """Time passes after the list."""

        def fragments(self, stream, window, selector):
            found = super().fragments(stream, window, selector)
            yard.service_now = NOW + timedelta(seconds=20)
            return found

    results = yard.pull(0, 100, selector="server", client=Slow(session=session()))
    lost = [end for start, end, _ in gaps_of(coverage_of(results, 0, 100)) if start < 30]
    assert max(lost) <= 23


def test_what_is_long_out_of_the_retention_is_a_gap_with_the_sentence(yard: Yard) -> None:
    yard.stream.created = T0 - timedelta(days=30)
    yard.stream.retention_hours = 1
    yard.film(-90_000, 20)
    (missing,) = yard.pull(-90_000, -89_940)
    assert isinstance(missing, Missing)
    assert (missing.reason, "keeps 1 hours" in missing.detail) == ("no_media", True)
    assert "--selector" not in yard.said()


def test_what_the_service_says_where_it_will_not_list_is_the_gap_s_detail(yard: Yard) -> None:
    yard.film(0, 20)
    yard.service.fail(service_error("InvalidArgumentException", 400, "The moon is wrong.", path="/listFragments"))
    (missing,) = yard.pull(0, 20)
    assert isinstance(missing, Missing)
    assert "The moon is wrong." in missing.detail


def test_a_stream_that_keeps_nothing_is_one_gap(yard: Yard) -> None:
    yard.stream.retention_hours = 0
    (missing,) = yard.pull(0, 20)
    assert isinstance(missing, Missing)
    assert missing.reason == "no_media"
    assert "keeps no footage" in missing.detail


def test_nothing_by_the_camera_s_time_is_a_gap_and_a_wrong_clock_is_pointed_out(yard: Yard) -> None:
    yard.film(-5000, 40, arrived=after(0))
    results = yard.pull(0, 60)
    assert gaps_of(results) == [(0.0, 60.0, "no_media")]
    assert "--selector server" in yard.said()


def test_by_server_time_clips_stand_where_they_arrived(yard: Yard) -> None:
    yard.film(0, 20)
    results = yard.pull(2, 20, selector="server")
    assert clips_of(results)[0].window.start == after(1.5)
    assert "arrival" in yard.said()


# Who may, where, and how


def test_streams_are_listed_over_all_pages(yard: Yard) -> None:
    yard.service.streams += [KinesisStream(f"dock{number}", T0) for number in range(4)]
    assert yard.client().streams() == ["yard", "dock0", "dock1", "dock2", "dock3"]


def test_a_stream_is_described_by_name_and_by_arn(yard: Yard) -> None:
    facts = yard.client().describe("yard")
    assert (facts.created, facts.retention_hours) == (yard.stream.created, 24)
    assert yard.client(region="eu-west-1").describe(yard.stream.arn) == facts


def test_an_unknown_stream_is_refused_with_the_region(yard: Yard) -> None:
    with pytest.raises(InputRefused, match="no stream dock in region us-east-1"):
        yard.pull(0, 10, stream="dock")


def test_aws_region_counts_where_boto_knows_none(yard: Yard) -> None:
    client = yard.client(region=None, environ={"AWS_REGION": "us-east-1"})
    assert client.describe("yard").name == "yard"
    with pytest.raises(InputRefused, match="--region"):
        yard.client(region=None, environ={}).describe("yard")


@pytest.mark.parametrize("action", ["GetClip", "GetDataEndpoint"])
def test_a_missing_permission_is_named(yard: Yard, action: str) -> None:
    yard.film(0, 10)
    yard.service.denied = {action}
    with pytest.raises(AwsPermission, match=f"kinesisvideo:{action}") as refused:
        yard.pull(0, 10)
    assert refused.value.exit_code == 6


def test_a_session_that_is_over_is_told_with_the_line_to_type(yard: Yard) -> None:
    with pytest.raises(AwsCredentials, match="aws sso login --profile fleet"):
        yard.client(key=EXPIRED_KEY, environ={"AWS_PROFILE": "fleet"}).streams()


def test_without_credentials_the_sentence_says_so(yard: Yard) -> None:
    client = KinesisClient(region="us-east-1", environ={})
    with pytest.raises(AwsCredentials, match="No AWS credentials"):
        client.streams()


def test_half_of_a_key_is_told_as_such(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    with pytest.raises(AwsCredentials, match="incomplete"):
        KinesisClient(region="us-east-1", environ={}).streams()


def test_a_profile_that_does_not_exist_is_refused(yard: Yard) -> None:
    with pytest.raises(InputRefused, match="nobody"):
        KinesisClient(profile="nobody", region="us-east-1", environ={}).streams()


def test_an_sso_profile_without_a_sign_in_gets_the_line_to_type(yard: Yard, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile fleet]\nsso_session = fleet\nsso_account_id = 123456789012\nsso_role_name = reader\n"
        "[sso-session fleet]\nsso_region = us-east-1\nsso_start_url = https://fleet.awsapps.com/start\n"
    )
    with pytest.raises(AwsCredentials, match="aws sso login --profile fleet"):
        KinesisClient(profile="fleet", region="us-east-1", environ={}).streams()


def test_the_data_endpoint_can_be_overridden_and_a_wrong_one_is_told(yard: Yard) -> None:
    yard.film(0, 10)
    wrong = yard.client(environ={"KINESIS_DATA_ENDPOINT": f"{yard.service.url}/nowhere"})
    with pytest.raises(InputRefused, match="KINESIS_DATA_ENDPOINT"):
        yard.pull(0, 10, client=wrong)
    right = yard.client(environ={"KINESIS_DATA_ENDPOINT": f"{yard.service.url}/b-00000001"})
    assert moments(yard.pull(0, 10, client=right)) == every(0, 10)
    assert yard.service.calls["GetDataEndpoint"] == 0


def test_addresses_that_are_not_https_are_refused(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InsecureAddress):
        yard.client(environ={"KINESIS_DATA_ENDPOINT": "http://example.com"}).fragments(
            "yard", TimeWindow(T0, after(1)), "producer"
        )
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS_VIDEO", "http://example.com")
    with pytest.raises(InsecureAddress):
        yard.client().streams()


CLIP = Call("GetClip", "yard", "us-east-1", "fleet")


@pytest.mark.parametrize(
    ("code", "status", "message", "exit_code", "words"),
    [
        ("400", 400, "The codec private data is not consistent between all fragments.", 1, "codec private data"),
        ("400", 400, "Rate exceeded", 10, "limits GetClip"),
        ("404", 404, "<html>Not here</html>", 2, "KINESIS_DATA_ENDPOINT"),
        ("403", 403, "Unable to determine service/operation name to be authorized", 2, "KINESIS_DATA_ENDPOINT"),
        ("AccessDeniedException", 400, "not authorized to perform: kms:Decrypt", 6, "kms:Decrypt"),
        ("NotAuthorizedException", 401, "The security token is expired", 6, "aws sso login --profile fleet"),
        ("UnrecognizedClientException", 403, "The security token is invalid", 6, "does not accept the credentials"),
        ("RequestExpired", 400, "Signature expired", 6, "clock"),
        ("ResourceNotFoundException", 404, "The stream yard is not found", 2, "no stream yard in region us-east-1"),
        ("429", 429, "", 10, "limits GetClip"),
        ("ServiceUnavailable", 503, "", 10, "503"),
        ("SomethingNew", 400, "never seen", 1, "never seen"),
    ],
)
def test_each_answer_has_its_exit_code_and_words(
    code: str, status: int, message: str, exit_code: int, words: str
) -> None:
    error = explain(CLIP, code, status, message)
    ending = error if isinstance(error, FootageError) else error.end  # type: ignore[attr-defined]
    assert ending.exit_code == exit_code
    assert words in ending.message


def test_a_console_sign_in_that_is_over_gets_its_own_line() -> None:
    error = explain_failure(CLIP, {"LoginRefreshRequired", "LoginError"}, "Your session has expired.")
    assert "aws login --profile fleet" in str(error)


# Whole or not


def test_a_clip_cut_at_any_byte_is_no_clip(studio: Studio, tmp_path: Path) -> None:
    whole = studio.take(SMALL, T0, 6).path.read_bytes()
    path = tmp_path / "clip.mp4"
    path.write_bytes(whole)
    assert key_frames(path) == 3
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(BrokenMedia):
            key_frames(path)


def test_the_index_tells_when_the_key_frames_play(studio: Studio) -> None:
    assert key_times(studio.take(SMALL, T0, 6).path) == (0.0, 2.0, 4.0)


def test_boxes_of_64_bit_lengths_and_open_ends_are_understood(studio: Studio, tmp_path: Path) -> None:
    whole = studio.take(SMALL, T0, 6).path.read_bytes()
    path = tmp_path / "clip.mp4"
    path.write_bytes(whole + (1).to_bytes(4, "big") + b"free" + (20).to_bytes(8, "big") + b"rest")
    assert key_frames(path) == 3
    path.write_bytes(whole + (0).to_bytes(4, "big") + b"free" + b"as long as the file")
    assert key_frames(path) == 3
    path.write_bytes(whole + (3).to_bytes(4, "big") + b"free")
    with pytest.raises(BrokenMedia):
        key_frames(path)


# How fast


def test_fragments_pass_at_the_rate_and_never_more_than_500_in_a_second() -> None:
    now = [0.0]
    taken: list[tuple[float, int]] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    bucket = FragmentBucket(250, Pause(sleep=sleep), lambda: now[0])
    for _ in range(40):
        bucket.take(195)
        taken.append((now[0], 195))
    for begin, _ in taken:
        assert sum(count for at, count in taken if begin <= at < begin + 1) <= 500
    assert now[0] == pytest.approx((40 * 195 - 250) / 250)


def test_a_refusal_halves_the_rate_and_time_brings_it_back() -> None:
    now = [0.0]
    bucket = FragmentBucket(200, Pause(sleep=lambda seconds: None), lambda: now[0])
    bucket.slow_down()
    assert bucket.rate == 100
    now[0] = 5.0
    bucket.take(1)
    assert bucket.rate == pytest.approx(150)
    now[0] = 60.0
    bucket.take(1)
    assert bucket.rate == 200


def test_calls_that_are_refused_together_slow_the_stream_down_once_and_never_to_a_crawl() -> None:
    now = [0.0]
    bucket = FragmentBucket(250, Pause(), lambda: now[0])
    for _ in range(4):
        bucket.slow_down()
    assert bucket.rate == 125
    for second in range(1, 60):
        now[0] = float(second)
        bucket.slow_down()
    assert bucket.rate >= 25


def test_a_few_refusals_at_the_start_cost_seconds_and_not_minutes() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    bucket = FragmentBucket(250, Pause(sleep=sleep), lambda: now[0])
    for refused in (4, 4, 0):  # four at once, as they are fetched
        for _ in range(4):
            bucket.take(150)
        for _ in range(refused):
            bucket.slow_down()
    assert now[0] < 20
