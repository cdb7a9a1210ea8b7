"""Laws of the plan: whatever fragments a stream holds, each one is asked for once, and no chunk is cut short."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from footage.kinesis.fragments import Fragment, Selector, settle
from footage.kinesis.judge import Played, Timing, drifts
from footage.kinesis.plan import HOLE_SECONDS, Chunk, divided, fixed_chunks, halves, outside, plan_chunks
from footage.models import TimeWindow

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
FRAME = 0.04


def at(seconds: float) -> datetime:
    return T0 + timedelta(milliseconds=round(seconds * 1000))


def fragment(number: int, start: float, seconds: float = 2.0, size: int = 100_000, late: float = 1.0) -> Fragment:
    return Fragment(number, at(start), at(start + late), size, round(seconds - FRAME, 3))


def steady(count: int, seconds: float = 2.0, first: float = 0.0) -> list[Fragment]:
    return [fragment(number, first + number * seconds, seconds) for number in range(count)]


def answered(chunk: Chunk, fragments: list[Fragment], selector: Selector, *, floored: bool = False) -> list[int]:
    """What GetClip takes into the clip, by its documented rule."""
    start, end = chunk.start, chunk.end
    if floored:
        start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    return [each.number for each in fragments if start <= each.start(selector) <= end]


@dataclass(frozen=True)
class Stream:
    fragments: list[Fragment]
    window: TimeWindow


@st.composite
def streams(draw: st.DrawFn, *, whole_seconds: bool = False) -> Stream:
    """Irregular fragments with holes; PutMedia takes at most five a second."""
    unit = 1000 if whole_seconds else 1
    fragment_and_hole = st.tuples(st.integers(200, 20_000), st.sampled_from([0, 0, 0, 150, 400, 90_000]))
    steps = draw(st.lists(fragment_and_hole, max_size=60))
    now, fragments = draw(st.integers(0, 30_000)) // unit * unit, []
    for number, (length, hole) in enumerate(steps):
        length = max(length // unit * unit, unit)
        delay = draw(st.integers(0, 150))
        fragments.append(Fragment(number, at(now / 1000), at((now + delay) / 1000), length * 50, length / 1000))
        now += length + hole // unit * unit
    begins, lasts = draw(st.integers(-5_000, now + 5_000)), draw(st.integers(1_000, 400_000))
    return Stream(fragments, TimeWindow(at(begins / 1000), at((begins + lasts) / 1000)))


def playing(stream: Stream) -> list[int]:
    settled = settle(stream.fragments, "producer")
    spans = zip(settled.fragments, settled.starts, settled.lengths, strict=True)
    window = stream.window
    inside = (f.number for f, s, n in spans if s < window.end and s + timedelta(seconds=n) > window.start)
    return sorted(inside)


@given(streams())
def test_every_fragment_that_plays_in_the_window_is_in_exactly_one_clip(stream: Stream) -> None:
    chunks = plan_chunks(stream.fragments, stream.window, "producer", max_fragments=9, max_bytes=900_000)
    came = [number for chunk in chunks for number in answered(chunk, stream.fragments, "producer")]
    assert sorted(came) == playing(stream)
    assert [each.number for chunk in chunks for each in chunk.fragments] == playing(stream)


@given(streams(whole_seconds=True))
def test_whole_second_fragments_come_once_even_where_milliseconds_are_cut_off(stream: Stream) -> None:
    chunks = plan_chunks(stream.fragments, stream.window, "producer", max_fragments=5)
    came = [number for chunk in chunks for number in answered(chunk, stream.fragments, "producer", floored=True)]
    assert sorted(came) == playing(stream)


@given(st.lists(st.integers(1_001, 4_000), min_size=1, max_size=40), st.integers(0, 999))
def test_fragments_more_than_a_second_apart_come_once_even_where_milliseconds_are_cut_off(
    steps: list[int], first: int
) -> None:
    starts = list(accumulate(steps, initial=first))
    spaced = [Fragment(n, at(s / 1000), at(s / 1000), 1000, 1.0) for n, s in enumerate(starts)]
    chunks = plan_chunks(spaced, TimeWindow(at(-5), at(500)), "producer", max_fragments=3)
    came = [number for chunk in chunks for number in answered(chunk, spaced, "producer", floored=True)]
    assert came == list(range(len(spaced)))


@given(streams(), st.sampled_from(["producer", "server"]))
def test_no_chunk_passes_a_limit_and_all_bounds_are_in_order(stream: Stream, selector: Selector) -> None:
    chunks = plan_chunks(stream.fragments, stream.window, selector, max_fragments=9, max_bytes=900_000, max_seconds=45)
    for chunk in chunks:
        assert chunk.start < chunk.end
        assert len(chunk.fragments) <= 9
        assert len(chunk.fragments) == 1 or sum(each.size for each in chunk.fragments) <= 900_000
        assert len(chunk.fragments) == 1 or chunk.seconds <= 45 + 1e-6 or selector == "server"
        assert (chunk.end - chunk.start) < timedelta(seconds=48)
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)


@given(streams())
def test_a_chunk_never_closes_a_hole_that_would_move_its_clock(stream: Stream) -> None:
    for chunk in plan_chunks(stream.fragments, stream.window, "producer"):
        at_seconds = 0.0
        for each, length in zip(chunk.fragments, chunk.lengths, strict=True):
            shown_at = (each.producer - chunk.window.start).total_seconds()
            assert abs(shown_at - at_seconds) <= HOLE_SECONDS + 1e-6
            at_seconds += length


@given(streams())
def test_windows_of_chunks_follow_each_other_without_overlap(stream: Stream) -> None:
    chunks = plan_chunks(stream.fragments, stream.window, "producer", max_fragments=4)
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert before.window.end <= after.window.start


@given(streams())
def test_halving_down_to_the_fragment_loses_and_doubles_nothing(stream: Stream) -> None:
    waiting = list(plan_chunks(stream.fragments, stream.window, "producer"))
    single: list[Chunk] = []
    while waiting:
        parts = halves(waiting.pop(), "producer")
        (single if len(parts) == 1 else waiting).extend(parts)
    came = [number for chunk in single for number in answered(chunk, stream.fragments, "producer")]
    assert sorted(came) == playing(stream)
    assert all(len(chunk.fragments) == 1 for chunk in single)


@given(streams(), st.data())
def test_what_is_done_is_not_asked_for_again_and_the_rest_still_is(stream: Stream, data: st.DataObject) -> None:
    chunks = plan_chunks(stream.fragments, stream.window, "producer", max_fragments=3)
    done = [chunk.window for chunk in chunks if data.draw(st.booleans())]
    rest = plan_chunks(stream.fragments, stream.window, "producer", max_fragments=8, done=done)
    before = [each.number for chunk in chunks if chunk.window in done for each in chunk.fragments]
    came = [number for chunk in rest for number in answered(chunk, stream.fragments, "producer")]
    assert Counter(before + came) == Counter(playing(stream))


@given(st.lists(st.tuples(st.integers(1_000, 20_000), st.integers(-100, 600)), min_size=1, max_size=60))
def test_a_clip_that_closed_its_holes_is_divided_until_each_part_keeps_to_the_clock(
    steps: list[tuple[int, int]],
) -> None:
    lengths = [length / 1000 for length, _ in steps]
    begins = list(accumulate(((length + hole) / 1000 for length, hole in steps[:-1]), initial=0.0))
    keys = list(accumulate(lengths[:-1], initial=0.0))
    guess = tuple(length + 0.3 for length in lengths)
    places = drifts(Timing(tuple(begins), guess), Played(sum(lengths), 1, tuple(keys)))
    for first, after in pairwise([0, *places, len(steps)]):
        for place in range(first, after):
            assert abs((begins[place] - begins[first]) - (keys[place] - keys[first])) <= HOLE_SECONDS + 0.021
    assert drifts(Timing(tuple(begins), guess), Played(sum(lengths), 1, tuple(begins))) == []


@given(streams(), st.data())
def test_a_chunk_divided_anywhere_loses_and_doubles_nothing(stream: Stream, data: st.DataObject) -> None:
    parts: list[Chunk] = []
    for chunk in plan_chunks(stream.fragments, stream.window, "producer"):
        inner = range(1, len(chunk.fragments))
        places = sorted(data.draw(st.sets(st.sampled_from(inner)))) if inner else []
        parts += divided(chunk, places, "producer")
    came = [number for part in parts for number in answered(part, stream.fragments, "producer")]
    assert came == playing(stream)
    assert [each.number for part in parts for each in part.fragments] == came


def test_the_bounds_of_clips_keep_clear_of_fragments_that_are_left_out() -> None:
    again = [replace(each, number=each.number + 100) for each in steady(4, first=2.7)]
    listed = [*steady(6), *again]
    (chunk,) = plan_chunks(listed, TimeWindow(at(0), at(12)), "producer")
    assert len(chunk.others) == 4
    singles = divided(chunk, range(1, 6), "producer")
    assert [answered(each, listed, "producer") for each in singles] == [[n] for n in range(6)]
    first_three, *rest = plan_chunks(listed, TimeWindow(at(0), at(12)), "producer", max_fragments=3)
    assert answered(first_three, listed, "producer") == [0, 1, 2, 100]
    assert first_three.others == (at(2.7),)
    assert [each.number for each in rest[0].fragments] == [3, 4, 5]


def test_a_whole_stream_of_two_second_fragments_is_cut_at_195() -> None:
    chunks = plan_chunks(steady(400), TimeWindow(at(0), at(800)), "producer")
    assert [len(chunk.fragments) for chunk in chunks] == [195, 195, 10]
    assert [chunk.window.start for chunk in chunks] == [at(0), at(390), at(780)]
    assert chunks[-1].window.end == at(800)


def test_large_fragments_are_cut_by_bytes() -> None:
    big = [replace(each, size=10_000_000) for each in steady(20)]
    assert [len(chunk.fragments) for chunk in plan_chunks(big, TimeWindow(at(0), at(40)), "producer")] == [8, 8, 4]


def test_the_chunk_option_makes_chunks_shorter() -> None:
    chunks = plan_chunks(steady(90), TimeWindow(at(0), at(180)), "producer", chunk_seconds=60)
    assert [len(chunk.fragments) for chunk in chunks] == [30, 30, 30]


def test_a_hole_divides_chunks_and_leaves_the_hole_out_of_both() -> None:
    fragments = [*steady(10), *(replace(each, number=each.number + 10) for each in steady(10, first=110))]
    first, second = plan_chunks(fragments, TimeWindow(at(0), at(130)), "producer")
    assert (first.window.end, second.window.start) == (at(20), at(110))


def test_the_fragment_already_playing_at_the_start_comes_too_and_the_one_at_the_end_does_not() -> None:
    (chunk,) = plan_chunks(steady(20), TimeWindow(at(5), at(20)), "producer")
    assert [each.number for each in chunk.fragments] == list(range(2, 10))
    assert answered(chunk, steady(20), "producer") == list(range(2, 10))


def test_fragments_of_one_producer_time_keep_the_one_that_arrived_first() -> None:
    again = [replace(each, number=each.number + 100) for each in steady(3)]
    settled = settle([*again, *steady(6)], "producer")
    assert [each.number for each in settled.fragments] == [0, 1, 2, 3, 4, 5]
    assert settled.repeated == 3


def test_a_later_upload_over_earlier_footage_is_left_out_and_counted() -> None:
    later = [replace(each, number=each.number + 100) for each in steady(8, first=0.7)]
    settled = settle([*steady(6), *later], "producer")
    assert [each.number for each in settled.fragments] == [0, 1, 2, 3, 4, 5, 106, 107]
    assert (settled.repeated, settled.overtaken) == (0, 6)


def test_footage_that_is_uploaded_later_fills_the_hole_it_belongs_to() -> None:
    around = [*steady(5), *(replace(each, number=each.number + 5) for each in steady(5, first=20))]
    backfill = [replace(each, number=each.number + 50, server=at(900 + each.number)) for each in steady(5, first=10)]
    (chunk,) = plan_chunks([*around, *backfill], TimeWindow(at(0), at(30)), "producer")
    assert len(chunk.fragments) == 15
    assert chunk.window == TimeWindow(at(0), at(30))


def test_a_listed_length_of_nothing_is_taken_from_the_distance() -> None:
    blank = [replace(each, seconds=0.0) for each in steady(10)]
    (chunk,) = plan_chunks(blank, TimeWindow(at(0), at(20)), "producer")
    assert chunk.seconds == 20.0


def test_irregular_fragments_of_no_listed_length_lose_no_lead_in_and_stay_in_one_clip() -> None:
    steps = [1.0, 13.0, 2.7, 20.0, 5.0, 1.3, 8.4, 3.1]
    starts = accumulate(steps, initial=0.0)
    blank = [Fragment(n, at(s), at(s + 1), 100_000, 0.0) for n, s in enumerate(starts)]
    (chunk,) = plan_chunks(blank, TimeWindow(at(12), at(50)), "producer")
    assert [each.number for each in chunk.fragments] == [1, 2, 3, 4, 5, 6]
    assert chunk.lengths == (13.0, 2.7, 20.0, 5.0, 1.3, 8.4)


def test_a_fragment_of_no_listed_length_is_not_taken_to_fill_a_long_hole() -> None:
    blank = [Fragment(n, at(s), at(s + 1), 100_000, 0.0) for n, s in enumerate([0, 2, 4, 94, 96])]
    first, second = plan_chunks(blank, TimeWindow(at(0), at(100)), "producer")
    assert (first.window.end, second.window.start) == (at(24), at(94))


def test_a_clip_of_the_stream_s_first_fragments_begins_no_earlier_than_they_do() -> None:
    for selector in ("producer", "server"):
        chunk = plan_chunks(steady(5, first=0.4), TimeWindow(at(0), at(9)), selector)[0]
        assert timedelta() < chunk.fragments[0].start(selector) - chunk.start <= timedelta(milliseconds=1)


def test_a_camera_of_one_frame_a_second_still_fills_its_chunks() -> None:
    slow = [replace(each, seconds=1.0) for each in steady(40)]
    (chunk,) = plan_chunks(slow, TimeWindow(at(0), at(80)), "producer")
    assert chunk.seconds == 80.0


def test_fragments_that_trickle_in_by_server_time_stay_in_one_chunk() -> None:
    trembling = [replace(each, server=at(each.number * 2 + 0.3 * (each.number % 3))) for each in steady(30)]
    assert len(plan_chunks(trembling, TimeWindow(at(0), at(60)), "server")) == 1


def test_a_burst_upload_is_one_chunk_by_server_time_and_plays_its_whole_length() -> None:
    burst = [replace(each, server=at(100 + each.number * 0.1)) for each in steady(30)]
    (chunk,) = plan_chunks(burst, TimeWindow(at(90), at(200)), "server")
    assert round(chunk.seconds, 3) == 60.0


@given(st.integers(1, 900_000), st.integers(1_000, 90_000))
def test_fixed_chunks_cover_the_window_once(length: int, step: int) -> None:
    window = TimeWindow(at(0), at(length / 1000))
    chunks = fixed_chunks(window, step / 1000)
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert before.end + timedelta(milliseconds=1) == after.start
    assert sum(chunk.window.seconds for chunk in chunks) >= window.seconds - 0.0011


def test_fixed_chunks_halve_down_to_a_second() -> None:
    (chunk,) = fixed_chunks(TimeWindow(at(0), at(4)), 60)
    left, right = halves(chunk, "producer")
    assert (left.window.end, right.window.start) == (at(2), at(2))
    (short,) = fixed_chunks(TimeWindow(at(0), at(1.5)), 60)
    assert halves(short, "producer") == (short,)


def test_what_lies_outside_of_windows_is_told() -> None:
    taken = [TimeWindow(at(10), at(20)), TimeWindow(at(15), at(30)), TimeWindow(at(55), at(90))]
    assert outside(TimeWindow(at(0), at(60)), taken) == (TimeWindow(at(0), at(10)), TimeWindow(at(30), at(55)))
