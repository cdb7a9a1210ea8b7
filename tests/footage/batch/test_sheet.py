"""Lists of incidents as people save them: CSV of every kind, Excel's cells, and what no list is."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from cli.columns import COLUMNS
from footage.batch.sheet import Row, Sheet, read_sheet
from footage.batch.template import COLUMNS as TEMPLATE_COLUMNS
from footage.batch.template import write_template
from footage.errors import Fault, InputRefused, SheetRefused
from footage.report import error_json

PLAIN = 'vehicle,start,duration,note\nTruck 104,04/16/2025 13:30,10,"Unfall, Straße"\n'
WANTED = {"vehicle": "Truck 104", "start": "04/16/2025 13:30", "duration": "10", "note": "Unfall, Straße"}


def read(folder: Path, content: str | bytes, name: str = "list.csv") -> Sheet:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sheet(path, COLUMNS)


def workbook(folder: Path, *rows: list, hidden_first: bool = False) -> Path:
    book = Workbook()
    if hidden_first:
        book.create_sheet("choices", 0).append(["vehicle"])
        book.worksheets[0].sheet_state = "hidden"
        book.active = 1
    for row in rows:
        book.worksheets[-1].append(row)
    path = folder / "list.xlsx"
    book.save(path)
    return path


def said(sheet: Sheet) -> list[tuple[int, str]]:
    return [(fault.row, fault.column) for fault in sheet.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_csv_says_the_same(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(csv.reader(io.StringIO(PLAIN)))
    sheet = read(tmp_path, text.getvalue().encode(encoding))
    assert sheet == Sheet("list.csv", (Row(2, WANTED),))


def test_excels_line_for_the_delimiter_is_obeyed_and_not_counted(tmp_path: Path) -> None:
    sheet = read(tmp_path, "sep=|\r\nvehicle|cameras\r\nTruck 104|road,driver\r\n")
    assert sheet.rows == (Row(2, {"vehicle": "Truck 104", "cameras": "road,driver"}),)


def test_a_delimiter_inside_quotation_marks_decides_nothing(tmp_path: Path) -> None:
    sheet = read(tmp_path, 'vehicle;note;"who, when, where, why"\nTruck 104;"a, b, c, d; e";\n')
    assert sheet.rows[0].cells == {"vehicle": "Truck 104", "note": "a, b, c, d; e"}
    assert sheet.unused == ("who, when, where, why",)


def test_a_column_that_is_none_of_such_a_list_is_told_and_passed_over(tmp_path: Path) -> None:
    sheet = read(tmp_path, "vehicle,Adjuster,State,start\nA,Bob,TX,b\n")
    assert sheet == Sheet("list.csv", (Row(2, {"vehicle": "A", "start": "b"}),), (), ("Adjuster", "State"))


@pytest.mark.parametrize(("heading", "meant"), [("Notes", "note"), ("Vehicle ID", "vehicle"), ("Camera", "cameras")])
def test_a_heading_that_is_nearly_a_column_is_asked_about(tmp_path: Path, heading: str, meant: str) -> None:
    [fault] = read(tmp_path, f"{heading},end\nA,b\n").faults
    assert f"is it {meant}?" in fault.message


def test_a_comma_before_decimals_is_understood_where_semicolons_part_the_cells(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for text, length in (("duration;note\n2,5;1,5\n", "2.5"), ('duration,note\n"2,5","1,5"\n', "2,5")):
        path.write_text(text)
        cells = read_sheet(path, COLUMNS, ["duration"]).rows[0].cells
        assert cells == {"duration": length, "note": "1,5"}


@pytest.mark.parametrize(("cell", "text"), [("'281474990123456", "281474990123456"), ("'t Hart 7", "'t Hart 7")])
def test_the_apostrophe_that_marks_a_number_as_text_is_no_part_of_it(tmp_path: Path, cell: str, text: str) -> None:
    assert read(tmp_path, f"vehicle,note\n{cell},x\n").rows[0].cells["vehicle"] == text


def test_rows_have_the_numbers_that_excel_shows(tmp_path: Path) -> None:
    sheet = read(tmp_path, '\nvehicle,note\nA,"two\nlines"\n,\n\nB,\n')
    assert [(row.number, row.cells.get("note")) for row in sheet.rows] == [(3, "two\nlines"), (6, None)]


@pytest.mark.parametrize(
    "heading", ["media-type", "Media Type", "MEDIA_TYPE", "--media-type", "mediatype", " Media type "]
)
def test_a_heading_is_known_however_it_is_written(tmp_path: Path, heading: str) -> None:
    assert read(tmp_path, f"vehicle,{heading}\nA,low\n").rows[0].cells["media-type"] == "low"


def test_what_is_wrong_with_headings_and_cells_is_told_all_at_once(tmp_path: Path) -> None:
    sheet = read(tmp_path, "vehicle,Refrence,start,Start,\n2.81475E+14,x,a,b,\nA,,,,loose\nB,,,,,further\n")
    assert said(sheet) == [(1, "Refrence"), (1, "start"), (2, "vehicle"), (3, "column E"), (4, "column F")]
    assert "is it reference?" in sheet.faults[0].message
    assert "format the column as text" in sheet.faults[2].message.lower()
    assert sheet.rows[0].cells["start"] == "a"


@given(number=st.integers(10**12, 10**18))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_id_that_a_spreadsheet_rounded_is_never_taken(tmp_path: Path, number: int) -> None:
    for shown in (f"{number:.5E}", f"{number:.2E}".replace(".", ",")):
        assert said(read(tmp_path, f'vehicle;start\n"{shown}";x\n')) == [(2, "vehicle")]
    assert said(read(tmp_path, f"vehicle\n{number}\n")) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n , ,\n", "is empty"),
        (b"vehicle,start\n", "no row below"),
        (b"Truck 104,04/16/2025 13:30\n", "names no column"),
        (b"Incidents of April\nvehicle,start\nA,b\n", "names no column"),
        (b'vehicle\n"Truck 104\nB\n', "never closed"),
        (b'vehicle\n"Truck" 104\n', "quotation mark"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text and no Excel workbook"),
        (b"vehicle\n\x81\x8d\n", "no text and no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old form"),
        (b"PK\x03\x04 and nothing else", "no Excel workbook"),
        (b"vehicle\n" + b"A\n" * 10_001, "10000 are the most"),
        (b"vehicle\n" + b" " * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_is_no_list_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InputRefused, match=words):
        read(tmp_path, content)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(InputRefused, match="no Excel workbook"):
        read(tmp_path, packed.getvalue(), "list.xlsx")


def test_a_workbook_that_swells_is_not_unpacked(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(201_000_000))
    with pytest.raises(InputRefused, match="unpacks to more than 200 MB"):
        read(tmp_path, packed.getvalue(), "list.xlsx")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="There is no file"):
        read_sheet(tmp_path / "list.csv", COLUMNS)
    with pytest.raises(InputRefused, match="cannot be read"):
        read_sheet(tmp_path, COLUMNS)


def test_cells_of_excel_say_what_a_person_would_have_typed(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ["Vehicle", "Start", "Duration", "FPS", "Reference"],
        [281474976710656, datetime(2025, 4, 16, 13, 30, 1), 10.0, 30, 1234567.5],  # noqa: DTZ001 - Excel knows no zone
        [],
        ["Truck 104", "04/16/2025 13:30", 0.1 + 0.2, None, True],
    )
    first, second = read_sheet(path, COLUMNS).rows
    numbers = {"vehicle": "281474976710656", "duration": "10", "fps": "30", "reference": "1234567.5"}
    assert first == Row(2, {**numbers, "start": "2025-04-16T13:30:01"})
    assert second == Row(
        4, {**{"vehicle": "Truck 104", "start": "04/16/2025 13:30"}, "duration": "0.3", "reference": "true"}
    )


def test_a_day_without_a_time_does_not_become_midnight(tmp_path: Path) -> None:
    midnight = datetime(2025, 4, 16, 0, 0)  # noqa: DTZ001 - Excel knows no zone
    days = [date(2025, 4, 16), midnight, time(0, 10), timedelta(minutes=10)]
    sheet = read_sheet(workbook(tmp_path, ["start", "end", "duration", "before"], days), COLUMNS)
    assert list(sheet.rows[0].cells.values()) == ["2025-04-16", "2025-04-16T00:00:00", "00:10:00", "0:10:00"]


def test_cells_of_excel_that_cannot_mean_anything_are_faults(tmp_path: Path) -> None:
    headings = ["vehicle", "reference", "start", "note"]
    sheet = read_sheet(workbook(tmp_path, headings, [2814749767106560, 10.0**17, "=A2", "#REF!"], ["=A1"]), COLUMNS)
    assert said(sheet) == [(2, "vehicle"), (2, "reference"), (2, "start"), (2, "note"), (3, "vehicle")]
    assert "without a result" in sheet.faults[2].message


def test_a_hidden_sheet_and_a_wrong_size_in_the_file_hide_no_row(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["vehicle"], ["A"], ["B"], hidden_first=True)
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content.replace(b'<dimension ref="A1:A3"', b'<dimension ref="A1"'))
    assert [row.cells["vehicle"] for row in read_sheet(path, COLUMNS).rows] == ["A", "B"]


def test_a_workbook_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["vehicle"], ["A"]).rename(tmp_path / "list.csv")
    assert read_sheet(path, COLUMNS).rows == (Row(2, {"vehicle": "A"}),)


@pytest.mark.parametrize("name", ["list.csv", "LIST.XLSX"])
def test_a_template_can_be_read_back(tmp_path: Path, name: str) -> None:
    write_template(tmp_path / name)
    sheet = read_sheet(tmp_path / name, COLUMNS)
    assert (len(sheet.rows), sheet.faults) == (3, ())
    assert set(TEMPLATE_COLUMNS) <= set(COLUMNS)
    assert sheet.rows[0].cells.keys() == set(TEMPLATE_COLUMNS)


def test_excel_knows_the_letters_of_the_templates_csv(tmp_path: Path) -> None:
    write_template(tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_bytes().startswith(b"\xef\xbb\xbfreference,vehicle")


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_a_template_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(InputRefused, match="not overwritten"):
        write_template(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"mine"


def test_a_template_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"\.csv or \.xlsx"):
        write_template(tmp_path / "list.ods")


def test_an_id_typed_into_the_templates_column_stays_whole(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    write_template(tmp_path / "list.xlsx")
    sheet = load_workbook(tmp_path / "list.xlsx").worksheets[0]
    assert [sheet.column_dimensions[letter].number_format for letter in "AB"] == ["@", "@"]


def test_the_error_lists_what_a_person_reads_and_the_result_lists_all() -> None:
    faults = [Fault(row, "start", "is no time. " * 50) for row in range(2, 400)]
    error = SheetRefused("list.csv", faults)
    lines = error.message.splitlines()
    assert lines[0] == "list.csv has 398 faults:"
    assert len(lines) == 42
    assert max(map(len, lines)) <= 302
    assert "358 more" in lines[-1]
    told = error_json(error)
    assert told is not None
    assert len(told["faults"]) == 398
    assert told["faults"][0] == {"row": 2, "column": "start", "message": faults[0].message}
