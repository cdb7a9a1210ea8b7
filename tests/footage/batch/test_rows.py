"""Rows of a list as incidents: taken just as `pull` takes its options, and every fault of every row told at once."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from cli import commands
from cli.columns import COLUMNS
from cli.columns import _typed as typed_columns
from cli.fleet import Fleet
from cli.order import PullOptions, take_order
from cli.rows import RowOrder, read_orders
from footage.batch.sheet import Row, Sheet, read_sheet
from footage.batch.template import write_template
from footage.errors import Fault, InputRefused, KeyMissing, SheetRefused
from footage.models import UTC, MediaType, Vehicle
from footage.settings import EvidenceSettings, FilmSettings, KinesisSettings, RequestSettings, RunSettings

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
VEHICLES = [
    Vehicle("281474976710656", "Truck 104"),
    Vehicle("2", "Van 7"),
    Vehicle("3", "Truck 9"),
    Vehicle("4", "Twin", plate="A"),
    Vehicle("5", "Twin", plate="B"),
]
BASE = PullOptions(timezone="America/Chicago")
GOOD = {"vehicle": "Truck 104", "start": "04/16/2025 13:30", "duration": "10"}


@dataclass
class Reader:
    """Reads the fleet and counts how often."""

    vehicles: Sequence[Vehicle] = field(default_factory=lambda: VEHICLES)
    times: int = 0

    def __call__(self) -> Fleet:
        self.times += 1
        return Fleet(self.vehicles, say=lambda _: None)


def orders_of(sheet: Sheet, base: PullOptions, *, read_fleet: Callable[[], Fleet], now: datetime) -> list[RowOrder]:
    """The incidents of a list without a fault. Raises SheetRefused."""
    orders, faults = read_orders(sheet, base, read_fleet=read_fleet, now=now)
    if faults:
        raise SheetRefused(sheet.name, faults)
    return orders


def sheet_of(*rows: dict[str, str], faults: Sequence[Fault] = ()) -> Sheet:
    return Sheet("list.csv", tuple(Row(number, cells) for number, cells in enumerate(rows, 2)), tuple(faults))


def orders(*rows: dict[str, str], base: PullOptions = BASE, read: Callable[[], Fleet] | None = None) -> list[RowOrder]:
    return orders_of(sheet_of(*rows), base, read_fleet=read or Reader(), now=NOW)


def faults(*rows: dict[str, str], base: PullOptions = BASE) -> list[Fault]:
    with pytest.raises(SheetRefused) as refused:
        orders(*rows, base=base)
    return list(refused.value.faults)


def places(*rows: dict[str, str], base: PullOptions = BASE) -> list[tuple[int, str]]:
    return [(fault.row, fault.column) for fault in faults(*rows, base=base)]


def test_a_row_gives_the_incident_that_pull_gives() -> None:
    [order] = orders({**GOOD, "cameras": "road,driver", "reference": "CLM-1", "name": "Crash", "media-type": "low"})
    options = replace(BASE, vehicle="Truck 104", start=GOOD["start"], duration="10", cameras="road,driver")
    options = replace(options, name="Crash", media_type=MediaType.LOW)
    pulled = take_order(
        options, asker=None, ask_all=False, read_fleet=Reader(), aws=lambda: pytest.fail("not asked"), now=NOW
    )
    assert (order.row, order.reference, order.incident) == (2, "CLM-1", pulled.incident)


def test_every_setting_of_a_row_reaches_its_run() -> None:
    cells = {
        "films": "Joined", "layout": "GRID", "tile-height": "480", "fps": "25", "audio": "road", "engine": "moviepy",
        "overlay": "speed", "quality": "Small", "longest": "30", "selector": "server", "profile": "p", "region": "eu",
        "chunk": "1.5", "reference": "CLM-1", "note": "a, b", "clock-offset": "-2.5",
    }  # fmt: skip
    [order] = orders({**GOOD, **cells})
    assert order.settings == RunSettings(
        films=FilmSettings("joined", "grid", 480, 25, "road", "moviepy", "speed", "small"),
        requests=RequestSettings(30),
        kinesis=KinesisSettings("p", "eu", 1.5),
        evidence=EvidenceSettings("CLM-1", "a, b", -2.5),
    )


def test_every_option_of_pull_that_is_about_one_incident_is_a_column_of_the_same_type() -> None:
    of_pull = {name.replace("_", "-"): each for name, each in inspect.signature(commands.pull).parameters.items()}
    about_the_call = {
        "samsara-region", "output", "deliver", "cluster", "logs", "poll-interval", "wait", "settle", "retries",
        "over-quota", "dry-run", "yes", "no-input", "json-output", "debug",
    }  # fmt: skip
    assert set(COLUMNS) == set(of_pull) - about_the_call
    for name, each in inspect.signature(typed_columns).parameters.items():
        told = of_pull[name.replace("_", "-")]
        assert (each.annotation, each.default) == (told.annotation, told.default)
    texts = set(COLUMNS) - {name.replace("_", "-") for name in inspect.signature(typed_columns).parameters}
    assert {of_pull[name].annotation for name in texts} <= {
        *("given.VehicleName", "given.Stream", "given.SourceWord", "given.Start", "given.Duration", "given.End"),
        *("given.Around", "given.Before", "given.After", "given.Timezone", "given.Cameras", "given.Audio"),
        *("given.Reference", "given.Note", "given.Name", "given.Profile", "given.AwsRegion"),
    }


def test_what_was_given_to_batch_holds_where_a_cell_is_empty() -> None:
    for_all = RunSettings(films=FilmSettings("joined", tile_height=360), evidence=EvidenceSettings(note="all"))
    base = replace(BASE, cameras="road", duration="3", settings=for_all)
    first, second = orders(
        {"vehicle": "Van 7", "start": "2025-04-16 13:30"},
        {"vehicle": "Van 7", "start": "2025-04-17 13:30", "cameras": "all", "films": "none", "duration": "4"},
        base=base,
    )
    assert [camera.word for camera in first.incident.cameras] == ["road"]
    assert (first.incident.window.seconds, second.incident.window.seconds) == (180, 240)
    assert (first.settings.films.films, second.settings.films.films) == ("joined", "none")
    assert second.settings.films.tile_height == 360
    assert second.settings.evidence.note == "all"
    assert len(second.incident.cameras) == 6


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        ({"start": "2025-04-16 13:30"}, 180),
        ({"start": "2025-04-16 13:30", "end": "2025-04-16 13:31"}, 60),
        ({"around": "2025-04-16 13:30"}, 900),
        ({"around": "2025-04-16 13:30", "before": "0", "after": "2"}, 120),
    ],
)
def test_a_row_may_say_its_time_in_another_way_than_the_command_line(cells: dict[str, str], seconds: int) -> None:
    [order] = orders({"vehicle": "Van 7", **cells}, base=replace(BASE, duration="3"))
    assert order.incident.window.seconds == seconds


def test_a_start_in_a_row_takes_the_place_of_a_moment_for_all() -> None:
    [order] = orders(GOOD, base=replace(BASE, around="2025-01-01 10:00", before="1"))
    assert order.incident.window.seconds == 600


def test_a_duration_that_a_spreadsheet_made_a_time_of_is_that_long(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["vehicle", "start", "duration"])
    for day, cell in enumerate([time(0, 10), timedelta(minutes=2, seconds=30), 2.5], 1):
        book.worksheets[0].append(["Van 7", datetime(2025, 4, day, 13, 30), cell])  # noqa: DTZ001 - Excel knows no zone
    book.save(tmp_path / "list.xlsx")
    found = orders_of(read_sheet(tmp_path / "list.xlsx", COLUMNS), BASE, read_fleet=Reader(), now=NOW)
    assert [order.incident.window.seconds for order in found] == [600, 150, 150]


@pytest.mark.parametrize("cell", ["road,driver", "road; driver", "road driver", "Road\nDRIVER"])
def test_cameras_in_a_cell_need_no_comma(cell: str) -> None:
    assert [camera.word for camera in orders({**GOOD, "cameras": cell})[0].incident.cameras] == ["road", "driver"]


@pytest.mark.parametrize("cell", ["a=X,b=Y", "a=X b=Y", "a = X; b = Y", "a=X\nb=Y"])
def test_streams_in_a_cell_are_those_of_the_command_line(cell: str) -> None:
    [order] = orders({"stream": cell, "start": GOOD["start"], "duration": "1"}, read=lambda: pytest.fail("not needed"))
    assert [(camera.word, camera.stream) for camera in order.incident.cameras] == [("a", "X"), ("b", "Y")]
    assert (order.incident.vehicle, order.incident.name) == (None, "X")


WRONG = {
    "vehicle": ("Truck 1O4", "nearest names: Truck 104"),
    "start": ("16.04.2025 13:30", "is no date and time"),
    "duration": ("0", "is no duration"),
    "timezone": ("Chicago Time", "is no time zone"),
    "cameras": ("front-left", "is no camera"),
    "media-type": ("medium", "is not one of"),
    "films": ("some", "is not one of"),
    "tile-height": ("50", "120"),
    "fps": ("29.97", "cannot be used"),
    "clock-offset": ("nan", "is no number"),
    "longest": ("0", "cannot be used"),
    "selector": ("mine", "is not one of"),
    "stream": ("X", "is no stream"),
    "source": ("youtube", "is no source"),
}


@pytest.mark.parametrize("column", WRONG)
def test_a_cell_that_cannot_be_used_is_named_with_its_column(column: str) -> None:
    text, words = WRONG[column]
    [fault] = faults(GOOD, {**GOOD, "start": "2025-05-01T10:00:00-05:00", column: text})
    assert (fault.row, fault.column) == (3, column)
    assert words in fault.message
    assert "--" not in fault.message


def test_all_faults_of_all_rows_are_told_at_once() -> None:
    bad = {column: text for column, (text, _) in WRONG.items()}
    assert places(bad, GOOD, bad) == [(row, column) for row in (2, 4) for column in [*list(WRONG)[1:], "vehicle"]]


@given(bad=st.lists(st.sets(st.sampled_from(sorted(WRONG))), min_size=1, max_size=6).filter(any))
@settings(deadline=None)
def test_each_wrong_cell_is_told_once_wherever_it_stands(bad: list[set[str]]) -> None:
    rows = [
        {**GOOD, "start": f"2025-04-{day:02} 10:00", **{column: WRONG[column][0] for column in columns}}
        for day, columns in enumerate(bad, 1)
    ]
    told = places(*rows)
    assert sorted(told) == sorted((row, column) for row, columns in enumerate(bad, 2) for column in columns)
    assert [row for row, _ in told] == sorted(row for row, _ in told)


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"start": "11/01/2026 01:30"}, "start", "happens twice"),
        ({"start": "03/08/2026 02:30"}, "start", "is skipped"),
        ({"start": "2026-10-31 22:00", "duration": "", "end": "11/01/2026 01:30"}, "end", "happens twice"),
        ({"start": "", "duration": "", "around": "11/01/2026 01:30"}, "around", "happens twice"),
        ({"start": "11/23/2026 05:55"}, "start", "in the future"),
        ({"start": "11/23/2026 05:00", "duration": "", "end": "11/23/2026 07:00"}, "end", "in the future"),
        ({"start": "", "duration": "", "around": "11/23/2026 05:55"}, "around", "in the future"),
        ({"duration": "", "end": "04/16/2025 13:30"}, "end", "must come after the start"),
        ({"end": "04/16/2025 13:40"}, "end", "Give either duration or end"),
        ({"around": "04/16/2025 13:40"}, "around", "takes the place"),
        ({"before": "5"}, "before", "go with around"),
        ({"audio": "analog2"}, "audio", "none of the cameras"),
        ({"media-type": "low", "cameras": "analog1"}, "media-type", "no low resolution"),
        ({"stream": "road=X"}, "stream", "names two cameras"),
        ({"stream": "a=X b=X c=X d=X e=X f=X"}, "stream", "9 cameras are too many"),
        ({"vehicle": "Twin"}, "vehicle", "plate B"),
        ({"vehicle": ""}, "vehicle", "is missing"),
        ({"start": ""}, "start", "is missing"),
        ({"duration": ""}, "duration", "is missing"),
    ],
)
def test_cells_that_do_not_go_together_are_one_fault(cells: dict[str, str], column: str, words: str) -> None:
    row = {name: text for name, text in {**GOOD, **cells}.items() if text}
    [fault] = faults(row)
    assert (fault.row, fault.column) == (2, column)
    assert words in fault.message


def test_more_cameras_than_stand_side_by_side_are_refused_unless_no_such_film_is_made() -> None:
    streams = tuple(f"s{number}=X" for number in range(9))
    options = PullOptions(streams=streams, start=GOOD["start"], duration="1", timezone="America/Chicago")

    def taken(options: PullOptions) -> int:
        sources = {"read_fleet": Reader(), "aws": lambda: pytest.fail("not asked")}
        return len(take_order(options, asker=None, ask_all=False, now=NOW, **sources).incident.cameras)

    assert taken(replace(options, streams=streams[:8])) == 8
    with pytest.raises(InputRefused, match="9 cameras are too many.*8 at most.*--films joined"):
        taken(options)
    assert taken(replace(options, settings=RunSettings(films=FilmSettings("joined")))) == 9


def test_the_same_incident_twice_is_a_fault_that_names_the_other_row() -> None:
    by_id = {"vehicle": "281474976710656", "around": "2025-04-16T13:35:00-05:00", "before": "5", "after": "5"}
    other_cameras = {**GOOD, "cameras": "road"}
    other_type, later = {**GOOD, "media-type": "low"}, {**GOOD, "start": "04/16/2025 13:31"}
    told = faults(GOOD, other_type, later, by_id, other_cameras)
    assert [(fault.row, fault.column) for fault in told] == [(5, "vehicle"), (6, "vehicle")]
    told_twice = "is the same incident as row 2: remove one of the two; its reference may name both claims."
    assert told[0].message == told_twice
    assert "name all its cameras in one row" in told[1].message


def test_the_same_streams_at_the_same_time_are_the_same_incident() -> None:
    row = {"stream": "a=X b=Y", "start": GOOD["start"], "duration": "1"}
    assert places(row, {**row, "stream": "b=Y,a=X"}, {**row, "stream": "a=X"}) == [(3, "stream")]


def test_a_fault_of_the_sheet_is_told_with_the_others_and_its_cell_is_not_read() -> None:
    known = Fault(3, "vehicle", "is rounded.")
    with pytest.raises(SheetRefused) as refused:
        orders_of(
            sheet_of({**GOOD, "fps": "x"}, {**GOOD, "vehicle": "2.8E+14"}, faults=[known]),
            BASE,
            read_fleet=Reader(),
            now=NOW,
        )
    assert [(fault.row, fault.column) for fault in refused.value.faults] == [(2, "fps"), (3, "vehicle")]


def test_the_fleet_is_read_once_and_only_where_a_row_names_a_vehicle() -> None:
    read = Reader()
    orders(*({**GOOD, "vehicle": name} for name in ("Truck 104", "Van 7", "Truck 9")), read=read)
    assert read.times == 1


def test_a_key_that_is_missing_is_no_fault_of_a_row() -> None:
    def no_key() -> Fleet:
        raise KeyMissing("No key.")

    with pytest.raises(KeyMissing):
        orders(GOOD, read=no_key)


@pytest.mark.parametrize("option", [{"timezone": "Nowhere"}, {"cameras": "top"}, {"streams": ["x"]}, {"duration": "?"}])
def test_an_option_that_cannot_be_used_is_no_fault_of_the_rows(option: dict) -> None:
    with pytest.raises(InputRefused) as refused:
        orders(GOOD, base=replace(BASE, **option))
    assert not isinstance(refused.value, SheetRefused)


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_every_row_of_the_template_is_an_incident(tmp_path: Path, name: str) -> None:
    write_template(tmp_path / name)
    found = orders_of(read_sheet(tmp_path / name, COLUMNS), BASE, read_fleet=Reader(), now=NOW)
    assert [order.reference for order in found] == ["CLM-2025-0417", "CLM-2025-0418", "CLM-2025-0422"]
    assert found[1].incident.media_type is MediaType.LOW
    assert found[2].incident.window.start == datetime(2025, 4, 22, 3, 15, tzinfo=UTC)


@given(
    minutes=st.lists(st.integers(1, 500_000), min_size=1, max_size=20, unique=True),
    durations=st.lists(st.decimals("0.1", "600", places=2), min_size=20, max_size=20),
)
@settings(deadline=None)
def test_what_is_written_as_csv_comes_out_as_the_same_times(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], durations: list
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    starts = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=each) for each in minutes]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Vehicle", "Start", "Duration"])
        for start, length in zip(starts, durations, strict=False):
            writer.writerow(["Van 7", start.isoformat(), length])
    found = orders_of(read_sheet(path, COLUMNS), BASE, read_fleet=Reader(), now=NOW)
    assert [order.incident.window.start for order in found] == starts
    told = [order.incident.window.seconds for order in found]
    assert told == pytest.approx([float(each) * 60 for each in durations[: len(told)]], abs=0.5)
