"""Excel: the one sheet that is meant, as text; what would be empty without meaning it, or too large, is refused."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader.formats.excel.parsing import parse_excel, translated
from batchreset.adapters.reader.formats.excel.workbook import MAX_FILE_BYTES, Workbook
from batchreset.adapters.reader.formats.table import MAX_COLUMNS, MAX_RECORD_BYTES
from batchreset.errors import InputError

MADE_ELSEWHERE = Path(__file__).parents[1] / "made_elsewhere"
SHOWN = "users.xlsx"
CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USERS = [
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "9b2d3c1e-0000-4000-8000-00000000000a",
    "9b2d3c1e-0000-4000-8000-00000000000b",
]
IDS = ("customer-tenant-id", "user-id")

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

ROOT = f'<Relationships><Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="{{}}"/></Relationships>'

Row = tuple[str | None, ...]


def text(address: str, value: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def row(number: int, *cells: str, hidden: bool = False) -> str:
    state = ' hidden="1"' if hidden else ""
    return f'<row r="{number}"{state}>{"".join(cells)}</row>'


HEADER = row(1, text("A1", IDS[0]), text("B1", IDS[1]), text("C1", "forceChangePassword"))


def sheet(*rows: str, after: str = "") -> str:
    return f"<worksheet {MAIN}><sheetData>{''.join(rows)}</sheetData>{after}</worksheet>"


def workbook(
    sheets: Mapping[str, str], *, hidden: tuple[str, ...] = (), parts: Mapping[str, str | None] | None = None
) -> bytes:
    """`parts` are put beside the usual ones, or in their place; None leaves one out."""
    numbered = list(enumerate(sheets, 1))
    states = {name: "hidden" if name in hidden else "visible" for name in sheets}
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="r{at}" state="{states[name]}"/>' for at, name in numbered
    )
    related = "".join(
        f'<Relationship Id="r{at}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at, _ in numbered
    )
    usual: dict[str, str | None] = {
        "_rels/.rels": ROOT.format("xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships"
        f' xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{related}</Relationships>',
        **{f"xl/worksheets/sheet{at}.xml": sheets[name] for at, name in numbered},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in (usual | dict(parts or {})).items():
            if xml is not None:
                archive.writestr(name, xml)
    return file.getvalue()


def read(data: bytes, max_rows: int = 1000) -> tuple[tuple[str, ...], list[Row]]:
    table = parse_excel(io.BytesIO(data), SHOWN, max_rows=max_rows)
    return table.headers, [cells for batch in table.batches for cells in batch.iter_rows()]


def read_made(name: str) -> tuple[tuple[str, ...], list[Row]]:
    return read((MADE_ELSEWHERE / name).read_bytes())


def refusal(data: bytes, max_rows: int = 1000) -> InputError:
    with pytest.raises(InputError) as caught:
        read(data, max_rows)
    assert caught.value.next_step
    return caught.value


def test_the_sheet_with_the_columns_as_openpyxl_writes_it() -> None:
    assert read_made("openpyxl.xlsx") == (
        (*IDS, "forceChangePassword", "note"),
        [
            (CUSTOMER, USERS[0], "true", 'é, "quoted"'),
            (CUSTOMER, USERS[1], "false", None),
            (CUSTOMER, USERS[2], None, "two\nlines"),
        ],
    )


def test_a_table_in_the_middle_of_a_sheet_with_days_and_numbers_as_xlsxwriter_writes_it() -> None:
    headers, rows = read_made("xlsxwriter.xlsx")

    assert headers[-2:] == ("day", "number")
    assert [cells[-2:] for cells in rows] == [("2026-01-02 00:00:00", "1"), (None, "1.5"), (None, "2")]
    assert [cells[:3] for cells in rows] == [
        (CUSTOMER, USERS[0], "true"),
        (CUSTOMER, USERS[1], "false"),
        (CUSTOMER, USERS[2], None),
    ]


@pytest.mark.parametrize("program", ["libreoffice", "gnumeric"])
def test_other_programs_workbooks_are_read(program: str) -> None:
    assert read_made(f"{program}.xlsx") == (
        (*IDS, "forceChangePassword", "note"),
        [(CUSTOMER, USERS[0], "true", "é"), (CUSTOMER, USERS[1], "0", "2026-01-02 00:00:00")],
    )


def test_a_formula_that_was_never_calculated_is_refused_by_its_address() -> None:
    with pytest.raises(InputError, match=r"formulas whose results are not in the file: D3"):
        read_made("openpyxl_formula.xlsx")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        pytest.param('<c r="C2"><v>1</v></c>', "1", id="number"),
        pytest.param('<c r="C2"><v>1.0</v></c>', "1", id="whole number with a fraction"),
        pytest.param('<c r="C2" t="b"><v>0</v></c>', "false", id="boolean"),
        pytest.param('<c r="C2" t="str"><f>A1</f><v>no</v></c>', "no", id="formula of text"),
        pytest.param('<c r="C2" t="str"><f>""</f><v></v></c>', None, id="formula of an empty text"),
        pytest.param('<c r="C2"><f>1-1</f><v>0</v></c>', "0", id="formula of a number"),
        pytest.param('<c r="C2" s="0"/>', None, id="nothing"),
        pytest.param(
            '<c r="C2" t="inlineStr"><is><t>no</t><rPh sb="0" eb="1"><t>x</t></rPh></is></c>', "no", id="reading"
        ),
    ],
)
def test_a_cell_is_its_text(cell: str, value: str | None) -> None:
    ((*_, flag, last),) = read(workbook({"S": sheet(HEADER, row(2, text("A2", "c"), cell, text("D2", "x")))}))[1]

    assert (flag or None, last) == (value, "x")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([row(2, '<c r="C2" t="e"><v>#N/A</v></c>')], "hold an error: C2 (#N/A)", id="error"),
        pytest.param(
            [row(2, *(f'<c r="{column}2" t="e"><v>#REF!</v></c>' for column in "ABCDEFG"))],
            "A2 (#REF!), B2 (#REF!), C2 (#REF!), D2 (#REF!), E2 (#REF!) and 2 more",
            id="errors",
        ),
        pytest.param([row(2, '<c r="C2"><f>1+1</f></c>')], "not in the file: C2", id="formula without result"),
        pytest.param([row(2, '<c r="C2"><f>1</f><v/></c>')], "not in the file: C2", id="formula of empty result"),
        pytest.param([row(2, '<c r="C2" t="str"><f>A1</f></c>')], "not in the file: C2", id="text without result"),
        pytest.param([row(2, text("A2", "c"), hidden=True)], "cells in hidden rows: A2", id="hidden row"),
    ],
)
def test_a_cell_that_is_not_what_it_looks_like_is_refused_by_its_address(rows: list[str], said: str) -> None:
    assert said in refusal(workbook({"S": sheet(HEADER, row(3, text("A3", "x")), *rows)})).what


def test_merged_cells_of_the_table_are_refused_and_others_are_not() -> None:
    rows = (HEADER, row(2, text("A2", "c"), text("B2", "u")))
    merged = '<mergeCells><mergeCell ref="{}"/></mergeCells>'

    assert "empty: C2:C3" in refusal(workbook({"S": sheet(*rows, after=merged.format("C2:C3"))})).what
    assert read(workbook({"S": sheet(*rows, after=merged.format("F9:G9"))}))[1] == [("c", "u", None)]


def test_blank_rows_above_and_columns_without_anything_are_left_out() -> None:
    blank = row(2, text("B2", " "), text("G2", ""))
    rows = [row(5, text("B5", IDS[0]), text("C5", IDS[1])), row(7, text("B7", "c"), text("C7", "u"))]

    assert read(workbook({"S": sheet(blank, *rows)})) == (IDS, [(None, None), ("c", "u")])


def test_shared_texts_with_readings_and_formats_inside_are_read() -> None:
    reading = '<rPh sb="0" eb="1"><t>x</t></rPh>'
    shared = f"<sst {MAIN}><si><t>user-id</t></si><si><r><t>7c</t></r><r><t>9e</t></r>{reading}</si></sst>"
    rows = [row(1, '<c r="A1" t="s"><v>0</v></c>'), row(2, '<c r="A2" t="s"><v>1</v></c>')]
    related = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )
    parts = {"xl/sharedStrings.xml": shared, "xl/_rels/workbook.xml.rels": related}

    assert read(workbook({"S": sheet(*rows)}, parts=parts)) == (("user-id",), [("7c9e",)])


OTHER = sheet(row(1, text("A1", "about")))
TABLE = sheet(HEADER, row(2, text("A2", "c"), text("B2", "u")))


def test_the_one_visible_sheet_that_has_the_columns_is_read() -> None:
    data = workbook({"About": OTHER, "Old": TABLE, "Users": TABLE, "Empty": sheet()}, hidden=("Old",))

    assert read(data)[1] == [("c", "u", None)]


def test_a_single_sheet_is_read_whatever_its_columns_are() -> None:
    assert read(workbook({"About": OTHER, "Empty": sheet()})) == (("about",), [])


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        pytest.param({"One": TABLE, "Two": TABLE}, "more than one sheet", id="several"),
        pytest.param({"One": OTHER, "Two": OTHER, "Hidden": TABLE}, "no visible sheet", id="none"),
    ],
)
def test_where_it_cannot_be_told_which_sheet_is_meant_their_names_are_told(sheets: dict[str, str], said: str) -> None:
    error = refusal(workbook(sheets, hidden=("Hidden",)))

    assert said in error.what
    assert [line.partition(":")[0] for line in error.details] == ["One", "Two"]


def archive_of(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"a,b\n", "is not an Excel workbook that can be read", id="CSV"),
        pytest.param(workbook({"S": TABLE})[:-40], "is not an Excel workbook that can be read", id="cut short"),
        pytest.param(workbook({"S": TABLE})[1:], "is not an Excel workbook that can be read", id="cut off in front"),
        pytest.param((MADE_ELSEWHERE / "libreoffice.xls").read_bytes(), "old Excel workbook (.xls)", id="xls"),
        pytest.param((MADE_ELSEWHERE / "libreoffice.ods").read_bytes(), "OpenDocument table (.ods)", id="ods"),
        pytest.param(
            b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "by a password", id="password"
        ),
        pytest.param(archive_of("xl/workbook.bin"), "binary Excel workbook (.xlsb)", id="xlsb"),
        pytest.param(archive_of("xl/workbook.xml", "content.xml"), "OpenDocument table", id="both xlsx and ods"),
        pytest.param(archive_of("word/document.xml"), "an archive of something else", id="docx"),
        pytest.param(workbook({}), "is empty", id="no sheet"),
        pytest.param(workbook({"S": sheet()}), "is empty", id="nothing in it"),
    ],
)
def test_what_is_no_workbook_is_refused_by_its_kind(data: bytes, said: str) -> None:
    assert said in refusal(data).what


TWO_TEXTS = (
    f'<Relationships><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="other.xml"/></Relationships>'
)
ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        pytest.param({"xl/worksheets/sheet1.xml": ENTITY + TABLE}, "a document type", id="entities in the sheet"),
        pytest.param({"xl/styles.xml": ENTITY + "<x>&b;</x>"}, "a document type", id="entities in another part"),
        pytest.param({"xl/worksheets/sheet1.xml": TABLE[:-9]}, "unclosed token", id="XML cut short"),
        pytest.param({"xl/worksheets/sheet1.xml": None}, "sheet1.xml is missing", id="no sheet"),
        pytest.param({"xl/_rels/workbook.xml.rels": None}, "workbook.xml.rels is missing", id="no relations"),
        pytest.param({"_rels/.rels": None}, "_rels/.rels is missing", id="no root"),
        pytest.param({"_rels/.rels": ROOT.format("xl/other.xml"), "xl/other.xml": "<x/>"}, "its workbook", id="two"),
        pytest.param(
            {
                "xl/worksheets/sheet1.xml": TABLE,
                "xl/SharedStrings.xml": "<x/>",
                "xl/_rels/workbook.xml.rels": TWO_TEXTS,
            },
            "in two ways",
            id="shared texts in two places",
        ),
        pytest.param({"XL/Workbook.xml": "<x/>"}, "xl/workbook.xml twice", id="a part twice"),
        pytest.param(
            {"xl/worksheets/sheet1.xml": sheet(row(1, '<c r="A1" t="s"><v>7</v></c>'))}, "not there", id="no text"
        ),
        pytest.param(
            {"xl/worksheets/sheet1.xml": sheet(row(1, '<c r="A1" t="s"><v>-1</v></c>'))}, "not there", id="text -1"
        ),
        pytest.param({"xl/worksheets/sheet1.xml": sheet(row(1, text("XFE1", "x")))}, "XFE1", id="column too far"),
        pytest.param({"xl/worksheets/sheet1.xml": sheet(row(1, text("1A", "x")))}, "address 1A", id="no address"),
        pytest.param({"xl/worksheets/sheet1.xml": sheet('<row r="x"/>')}, "a number belongs", id="no row number"),
        pytest.param(
            {"xl/worksheets/sheet1.xml": sheet(row(1, text("A1", "x"), text("A1", "y")))}, "the same", id="cell twice"
        ),
    ],
)
def test_a_workbook_that_is_damaged_or_a_trap_is_refused_with_what_is_wrong(
    parts: dict[str, str | None], said: str
) -> None:
    assert said in " ".join(refusal(workbook({"S": TABLE}, parts=parts)).details)


def test_cells_far_apart_are_refused_before_room_is_made_for_what_lies_between() -> None:
    far = sheet(HEADER, row(1_048_576, text("XFD1048576", "x")))

    assert "up to cell XFD1048576" in refusal(workbook({"S": far})).what


def test_a_cell_without_address_stands_beside_the_one_before() -> None:
    rows = HEADER + '<row><c t="inlineStr"><is><t>c</t></is></c><c t="inlineStr"><is><t>u</t></is></c></row>'

    assert read(workbook({"S": sheet(rows)}))[1] == [("c", "u", None)]


def test_what_a_part_unpacks_to_is_counted_whatever_its_header_says() -> None:
    data = bytearray(workbook({"S": TABLE}, parts={"xl/media.xml": f"<x>{' ' * (3 << 20)}</x>"}))
    central = data.rindex(b"PK\x01\x02")
    data[central + 24 : central + 28] = (10).to_bytes(4, "little")

    with pytest.raises(InputError, match="more than 2,097,152 bytes when it is unpacked"):
        Workbook(bytes(data), SHOWN, max_bytes=2 << 20)


def test_a_text_that_is_too_long_is_refused_also_where_it_is_shared() -> None:
    long = "x" * (MAX_RECORD_BYTES + 1)
    shared = {"xl/sharedStrings.xml": f"<sst {MAIN}><si><t>{long}</t></si></sst>"}

    assert "B2 is longer" in refusal(workbook({"S": sheet(HEADER, row(2, text("B2", long)))})).what
    assert "a shared text is longer" in refusal(workbook({"S": TABLE}, parts=shared)).what


def test_one_shared_text_in_too_many_cells_is_refused() -> None:
    shared = f"<sst {MAIN}><si><t>{'x' * MAX_RECORD_BYTES}</t></si></sst>"
    rows = [row(number, f'<c r="A{number}" t="s"><v>0</v></c>') for number in (1, 600, *range(2, 600))]

    assert (
        "more text than is read" in refusal(workbook({"S": sheet(*rows)}, parts={"xl/sharedStrings.xml": shared})).what
    )


def test_more_rows_or_columns_than_can_be_meant_are_refused() -> None:
    long = sheet(HEADER, row(1100, text("A1100", "c")))
    wide = sheet(row(1, text("A1", IDS[0]), text("ALM1", IDS[1])))

    assert "max_rows under [input] allows 10" in refusal(workbook({"S": long}), max_rows=10).what
    assert f"{MAX_COLUMNS + 1:,} columns" in refusal(workbook({"S": wide})).what


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / SHOWN).open("w+b") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
        with pytest.raises(InputError, match="has more than 256 MiB"):
            parse_excel(sparse, SHOWN, max_rows=10)


def test_two_sheets_of_one_name_and_encrypted_parts_are_refused() -> None:
    same = '<sheet name="S" r:id="r1"/>'
    twice = f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>{same * 2}</sheets></workbook>'
    encrypted = bytearray(workbook({"S": TABLE}))
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1

    assert refusal(workbook({"S": TABLE}, parts={"xl/workbook.xml": twice})).details == ("two sheets have one name",)
    assert refusal(bytes(encrypted)).details == ("it has too many parts, or encrypted ones",)


def test_what_the_library_refuses_is_refused() -> None:
    unknown = sheet(HEADER, row(2, '<c r="A2" t="unknown"><v>1</v></c>'))

    assert "calamine" in " ".join(refusal(workbook({"S": unknown})).details)


def test_a_panic_of_the_library_is_a_refusal_and_an_interruption_is_not() -> None:
    class PanicException(BaseException):
        pass

    with pytest.raises(InputError, match="is not an Excel workbook"), translated(SHOWN):
        raise PanicException
    with pytest.raises(KeyboardInterrupt), translated(SHOWN):
        raise KeyboardInterrupt


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=6).filter(
    lambda text: "_x" not in text
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4))
@settings(max_examples=25)
def test_any_text_comes_back(rows: list[tuple[str, str]]) -> None:
    written = [row(at, text(f"A{at}", a), text(f"B{at}", b), text(f"C{at}", "x")) for at, (a, b) in enumerate(rows, 2)]

    read_back = read(workbook({"S": sheet(HEADER, *written)}))[1]

    assert [(a or "", b or "") for a, b, _ in read_back] == rows


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("<a>" * 200_000, id="one in the other"),
        pytest.param("<row/>" * 700_001, id="one after the other"),
        pytest.param("<!--" + "x" * (8 << 20) + "-->", id="a comment without end"),
        pytest.param('<row r="' + "1" * (8 << 20) + '"/>', id="a tag without end"),
        pytest.param('<row><c t="str"><v>' + "x" * (8 << 20) + "</v></c></row>", id="a text without end"),
    ],
)
def test_a_few_bytes_that_say_millions_of_elements_are_refused(inside: str) -> None:
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{inside}'

    assert (
        refusal(workbook({"S": sheet}))
        .details[0]
        .endswith(("than a list of users", "where it should have one", "than any cell can be"))
    )
