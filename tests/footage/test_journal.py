"""The journal: what is written is read back, at every moment the file is whole, and no secret is in it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.batch.resumable import latest_resumable
from footage.cameras import stream_source
from footage.earlier import carry_over, last_quota, unfinished_run
from footage.errors import InputRefused
from footage.journal import Journal
from footage.journals import find_journals, load_journal
from footage.models import (
    UTC,
    Camera,
    Clip,
    Incident,
    Media,
    MediaType,
    Missing,
    Quota,
    Selector,
    Ticket,
    TimeWindow,
    Vehicle,
)
from footage.progress import Progress
from footage.samsara.board import Board
from footage.samsara.stock import take_stock
from footage.settings import RunSettings

T0 = datetime(2025, 4, 16, 18, 30, tzinfo=UTC)
MEDIA = Media(video=None, audio=None, first_picture=0.04, duration=59.96, damage=((1.5, 2.0),), pauses=((3.0, 4.0),))

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
words = st.sampled_from(["road", "driver", "analog1", "leftSide"])
distances, lengths = st.timedeltas(timedelta(-999), timedelta(999)), st.timedeltas(timedelta(0), timedelta(hours=9))
windows = st.builds(lambda since, length: TimeWindow(T0 + since, T0 + since + length), distances, lengths)
missings = st.builds(Missing, words, windows, texts, texts)


def minute(number: int) -> TimeWindow:
    return TimeWindow(T0 + timedelta(minutes=number), T0 + timedelta(minutes=number + 1))


def incident(cameras: str = "road driver", vehicle: str = "1", name: str = "Truck 104") -> Incident:
    window, installed = TimeWindow(T0, T0 + timedelta(minutes=10)), tuple(Camera(word) for word in cameras.split())
    return Incident(name, window, "America/Chicago", installed, Vehicle(vehicle, name))


def journal(folder: Path, about: Incident | None = None, created: datetime = T0) -> Journal:
    made = Journal(None, about or incident(), folder / "incident", RunSettings(), created)
    made.keep_in(folder / "Logs")
    return made


def clip(folder: Path, name: str = "Road_VideoClip_x.mp4", retrieval_id: str | None = "r1") -> Clip:
    return Clip("road", folder / name, minute(0), minute(0), minute(0), 12, "ab" * 32, MEDIA, retrieval_id)


def facts(made: Journal) -> tuple[object, ...]:
    return (
        *(made.incident, made.folder, made.settings, made.created, made.state, made.quota, made.films),
        *(made.requests, made.clips, made.missing),
    )


def again(made: Journal) -> Journal:
    assert made.path is not None
    return load_journal(made.path)


actions = st.one_of(
    st.tuples(st.just("intend"), windows, st.lists(words, min_size=1, max_size=4, unique=True)),
    st.tuples(st.just("accept"), texts, st.none() | st.builds(Quota, st.floats(0, 1e6), st.floats(0, 1e6))),
    st.tuples(st.just("mark"), st.sampled_from(["sighted", "refused", "withdrawn"]), st.none()),
    st.tuples(st.just("end"), texts, st.none()),
    st.tuples(st.just("missing"), missings, st.none()),
    st.tuples(st.just("clip"), texts, st.none()),
    st.tuples(st.just("finish"), st.sampled_from(["pending", "complete", "interrupted"]), st.none()),
)


def act(made: Journal, what: str, first: object, second: object) -> None:
    if what == "intend":
        made.intend(first, tuple(second), T0)  # type: ignore[arg-type]
    elif what == "missing":
        made.add_missing(first)  # type: ignore[arg-type]
    elif what == "clip":
        made.add_clip(clip(made.folder, retrieval_id=str(first)))
    elif what == "finish":
        made.finish(str(first))
    elif made.requests and what == "accept":
        made.accept(made.requests[-1], Ticket(str(first), second))  # type: ignore[arg-type]
    elif made.requests and what == "mark":
        made.mark(made.requests[-1], str(first))
    elif made.requests and what == "end":
        made.end_camera(made.requests[-1].number, made.requests[-1].cameras[0], str(first))


@settings(max_examples=25, deadline=None)
@given(done=st.lists(actions, max_size=8), name=texts)
def test_after_each_change_the_file_holds_all_that_is_known(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, object, object]], name: str
) -> None:
    made = journal(tmp_path_factory.mktemp("run"), incident(name=name))
    assert facts(again(made)) == facts(made)
    for what, first, second in done:
        act(made, what, first, second)
        assert facts(again(made)) == facts(made)


def test_changes_made_together_reach_the_disk_as_one(tmp_path: Path) -> None:
    made = journal(tmp_path)
    with made.together():
        made.intend(minute(0), ("road",), T0)
        made.finish("pending")
        assert again(made).requests == []
    assert facts(again(made)) == facts(made)


def test_changes_from_several_threads_are_all_kept(tmp_path: Path) -> None:
    made = journal(tmp_path)

    def add(first: int) -> None:
        for number in range(first, first + 20):
            made.add_missing(Missing("road", minute(number), "x"))

    adders = [threading.Thread(target=add, args=(20 * nth,)) for nth in range(4)]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    assert len(again(made).missing) == 80


def test_a_journal_that_was_read_is_left_alone_until_it_says_how_it_stands(tmp_path: Path) -> None:
    made = journal(tmp_path)
    read = again(made)
    read.add_missing(Missing("road", minute(0), "x"))
    read.move_to(tmp_path / "elsewhere")
    assert facts(again(made)) == facts(made)
    read.finish("running")
    assert facts(again(made)) == facts(read)


def test_two_journals_of_one_second_have_files_of_their_own(tmp_path: Path) -> None:
    first, second = journal(tmp_path), journal(tmp_path)
    assert first.path != second.path
    assert again(first).path != again(second).path


def test_nothing_is_left_beside_a_journal(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.finish("complete")
    assert [path.name for path in (tmp_path / "Logs").iterdir()] == [made.path.name if made.path else ""]


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", "\x00\x00", '{"schema": 1}', '{"schema": "x"}', '{"schema": 99}']
)
def test_what_is_no_journal_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "request_ids_x.json"
    path.write_text(text)
    with pytest.raises(InputRefused, match="request_ids_x"):
        load_journal(path)


def test_a_journal_that_is_cut_off_anywhere_is_refused_with_a_sentence(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.intend(minute(0), ("road",), T0)
    assert made.path is not None
    whole = made.path.read_bytes()
    for length in range(0, len(whole.rstrip()), 7):
        made.path.write_bytes(whole[:length])
        with pytest.raises(InputRefused):
            load_journal(made.path)


def test_a_journal_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="cannot be read"):
        load_journal(tmp_path / "request_ids_gone.json")


def test_a_journal_with_bytes_that_are_no_text_is_passed_over(tmp_path: Path) -> None:
    good = journal(tmp_path)
    (tmp_path / "Logs" / "request_ids_bad.json").write_bytes(b"\xff\xfe\x00{")
    assert [found.path for found in find_journals(tmp_path / "Logs")] == [good.path]


def test_the_latest_journal_is_the_newest_unfinished_one_else_the_newest(tmp_path: Path) -> None:
    old, new = journal(tmp_path), journal(tmp_path, created=T0 + timedelta(hours=1))
    new.finish("complete")
    assert latest_resumable(tmp_path / "Logs").path == old.path
    old.finish("partial")
    assert latest_resumable(tmp_path / "Logs").path == new.path


def test_without_a_journal_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="nothing to resume"):
        latest_resumable(tmp_path)


def test_the_owner_of_a_cell_is_the_newest_request_that_waits_for_it(tmp_path: Path) -> None:
    made = journal(tmp_path)
    first = made.accept(made.intend(minute(0), ("road", "driver"), T0), Ticket("a"))
    second = made.accept(made.intend(minute(0), ("road",), T0), Ticket("b"))
    assert made.owner("road", minute(0)) == second
    assert made.owner("driver", minute(0)) == first
    made.end_camera(second.number, "road", "here")
    assert made.owner("road", minute(0)) == first
    assert made.owner("road", minute(1)) is None


def test_a_request_of_unknown_fate_owns_nothing(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.intend(minute(0), ("road",), T0)
    assert made.owner("road", minute(0)) is None


def test_a_hole_is_noted_once_and_forgotten_by_its_reason(tmp_path: Path) -> None:
    made = journal(tmp_path)
    for reason in ("download", "download", "damaged"):
        made.add_missing(Missing("road", minute(0), reason))
    made.drop_missing("road", minute(0), "download")
    assert [hole.reason for hole in made.missing] == ["damaged"]
    made.drop_missing("driver", minute(0))
    made.drop_missing("road", minute(1))
    assert len(made.missing) == 1


def test_a_folder_that_moved_takes_its_clips_along(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.add_clip(clip(made.folder))
    made.move_to(tmp_path / "elsewhere")
    moved = tmp_path / "elsewhere" / made.folder.name
    assert [found.path for found in again(made).clips] == [moved / "Road_VideoClip_x.mp4"]


def test_an_unfinished_run_is_found_only_for_the_same_incident_and_cameras(tmp_path: Path) -> None:
    made = journal(tmp_path)
    journals = find_journals(tmp_path / "Logs")
    found = unfinished_run(journals, incident())
    assert found is not None
    assert found.path == made.path
    assert unfinished_run(journals, incident(cameras="road")) is None
    assert unfinished_run(journals, incident(vehicle="2")) is None


def test_a_new_run_takes_over_ids_and_clips_of_earlier_ones_once(tmp_path: Path) -> None:
    old = journal(tmp_path)
    old.accept(old.intend(minute(0), ("road",), T0), Ticket("a"))
    old.mark(old.intend(minute(1), ("road",), T0), "withdrawn")
    old.add_clip(clip(old.folder))
    draft = Journal(None, incident("road driver analog1"), old.folder, RunSettings(), T0)
    superseded = carry_over(draft, [minute(0)], [*find_journals(tmp_path / "Logs")] * 2)
    assert [request.retrieval_id for request in draft.requests] == ["a"]
    assert draft.clips == old.clips
    assert {found.path for found in superseded} == {old.path}


def beside_a_stream(stream: str = "gate", selector: Selector = "producer") -> Incident:
    yard = Camera("yard", source="kinesis", stream=stream, selector=selector)
    return replace(incident(), cameras=(Camera("road"), yard))


OTHERS = {"clock": beside_a_stream(selector="server"), "stream": beside_a_stream("dock")}


@pytest.mark.parametrize("later", OTHERS.values(), ids=list(OTHERS))
def test_a_clip_of_another_stream_or_by_another_clock_is_not_taken_over_however_often(
    tmp_path: Path, later: Incident
) -> None:
    old = journal(tmp_path, beside_a_stream())
    of_yard, source = clip(old.folder, "Yard_VideoClip_x.mp4", None), stream_source("gate", "producer")
    yard = replace(of_yard, camera="yard", source=source)
    for each in (clip(old.folder), yard):
        old.add_clip(each)
    between = Journal(None, incident(), old.folder, RunSettings(), T0)
    carry_over(between, [], find_journals(tmp_path / "Logs"))
    between.keep_in(tmp_path / "Logs")
    assert yard in between.clips, "of a camera that is not asked for, what is there stays"
    journals = find_journals(tmp_path / "Logs")
    for about, taken in ((later, [clip(old.folder)]), (beside_a_stream(), [clip(old.folder), yard])):
        draft = Journal(None, about, old.folder, RunSettings(), T0)
        carry_over(draft, [], journals)
        assert sorted(draft.clips, key=lambda each: each.camera) == taken
    assert unfinished_run(journals[:1], later) is None


def test_a_journal_from_before_streams_had_their_own_selector_is_read_with_the_one_of_its_settings(
    tmp_path: Path,
) -> None:
    made = journal(tmp_path, beside_a_stream(selector="server"))
    assert made.path is not None
    data = json.loads(made.path.read_text())
    del data["incident"]["cameras"][1]["selector"]
    data["settings"]["kinesis"]["selector"] = "server"
    made.path.write_text(json.dumps(data))
    assert again(made).incident == made.incident


def other(folder: Path, cameras: str, minutes: int, created: datetime = T0) -> Journal:
    """A run of another incident of the same vehicle, as it was kept or is begun."""
    about = replace(incident(cameras), window=TimeWindow(T0, T0 + timedelta(minutes=minutes)))
    return journal(folder, about, created)


def test_what_another_incident_of_the_vehicle_waits_for_is_not_asked_for_again(tmp_path: Path) -> None:
    """Only that: what it has brought is in the list, what nobody could bring may be worth a new request."""
    asked = other(tmp_path, "road driver analog1 leftSide", minutes=2)
    for number in (0, 1):
        asked.accept(asked.intend(minute(number), ("road", "driver", "analog1", "leftSide"), T0), Ticket(f"r{number}"))
        asked.end_camera(number, "driver", "here")
        asked.end_camera(number, "analog1", "unavailable")
    asked.intend(minute(2), ("road",), T0)
    draft = Journal(None, incident("road driver analog1"), tmp_path / "new", RunSettings(), T0)
    superseded = carry_over(draft, [minute(0), minute(2), minute(3)], find_journals(tmp_path / "Logs"))
    assert [(each.window, each.cameras, each.retrieval_id, each.number) for each in draft.requests] == [
        (minute(0), ("road",), "r0", 0),
        (minute(2), ("road",), None, 1),
    ]
    assert superseded == []


@pytest.mark.parametrize(("vehicle", "media_type"), [("2", MediaType.HIGH), ("1", MediaType.LOW)])
def test_another_vehicle_and_another_media_type_have_nothing_to_give(
    tmp_path: Path, vehicle: str, media_type: MediaType
) -> None:
    asked = other(tmp_path, "road", minutes=2)
    asked.accept(asked.intend(minute(0), ("road",), T0), Ticket("a"))
    about = replace(incident("road", vehicle=vehicle), media_type=media_type)
    draft = Journal(None, about, tmp_path / "new", RunSettings(), T0)
    carry_over(draft, [minute(0)], find_journals(tmp_path / "Logs"))
    assert draft.requests == []


def test_of_several_journals_the_newest_says_how_a_request_stands(tmp_path: Path) -> None:
    """The one whose place was taken keeps its open copy for ever."""
    old, when = journal(tmp_path), T0 + timedelta(minutes=30)
    old.intend(minute(0), ("road",), when)
    new = journal(tmp_path, incident("road driver"), T0 + timedelta(hours=1))
    carry_over(new, [minute(0)], find_journals(tmp_path / "Logs"))
    new.end_camera(0, "road", "asked_again")
    new.accept(new.intend(minute(0), ("road",), T0 + timedelta(hours=2)), Ticket("a"))
    new.end_camera(1, "road", "here")
    elsewhere = other(tmp_path, "road", minutes=1, created=T0 + timedelta(hours=3))
    carry_over(elsewhere, [minute(0)], find_journals(tmp_path / "Logs"))
    assert elsewhere.requests == []
    elsewhere.requests = [replace(new.requests[1], outcome={})]
    elsewhere.finish("running")
    draft = Journal(None, incident("road driver analog1"), new.folder, RunSettings(), T0 + timedelta(hours=4))
    draft.clips = [clip(new.folder)]
    carry_over(draft, [minute(0)], find_journals(tmp_path / "Logs"))
    assert [each.outcome for each in draft.requests] == [{"road": "asked_again"}, {"road": "here"}]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_is_here_is_not_waited_for_because_another_request_is_open(tmp_path: Path, order: tuple[int, ...]) -> None:
    made = journal(tmp_path, incident("road"))
    for number in order:
        request = made.intend(minute(0), ("road",), T0)
        if number == 0:
            made.accept(request, Ticket("a"))
            made.end_camera(request.number, "road", "here")
    board = Board([minute(0)], made.incident.cameras, Progress())
    take_stock(made, board)
    assert board.ended


def test_the_last_quota_of_this_month_counts(tmp_path: Path) -> None:
    old = journal(tmp_path, created=T0 - timedelta(days=40))
    new = journal(tmp_path)
    for made, used in ((old, 1.0), (new, 2.0)):
        made.accept(made.intend(minute(0), ("road",), T0), Ticket("a", Quota(used, 10.0)))
    journals = find_journals(tmp_path / "Logs")
    assert last_quota(journals, T0) == Quota(2.0, 10.0)
    assert last_quota(journals, T0 + timedelta(days=40)) is None


def test_permissions_given_for_one_run_are_not_kept(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.settings = RunSettings(over_quota=True, ask_again=True, accept_partial=True)
    made.finish("running")
    assert again(made).settings == RunSettings()


def test_the_file_has_a_schema_number_and_one_record_a_line(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.intend(minute(0), ("road",), T0)
    made.intend(minute(1), ("road",), T0)
    assert made.path is not None
    text = made.path.read_text()
    assert json.loads(text)["schema"] == 1
    assert sum('"asked_at"' in line for line in text.splitlines()) == 2
