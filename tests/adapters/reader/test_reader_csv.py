"""CSV as people have it is read as the text it holds."""

import csv
import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader import WholeTable, load
from batchreset.core.columns import fold
from batchreset.errors import InputError

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
HEADER = "customer-tenant-id,user-id,note"


def from_stdin(data: bytes) -> WholeTable:
    return load("-", stdin=io.BytesIO(data))


def refused(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        from_stdin(data)
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    "encoding", [pytest.param(name, id=name) for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be with mark")]
)
@pytest.mark.parametrize("line_end", [pytest.param(end, id=repr(end)) for end in ("\n", "\r\n", "\r")])
@pytest.mark.parametrize("separator", [pytest.param(mark, id=repr(mark)) for mark in ",;\t"])
def test_every_mix_of_encoding_line_end_and_separator_gives_the_same_table(
    encoding: str, line_end: str, separator: str
) -> None:
    lines = [["customer-tenant-id", "user-id", "Größe"], [CUSTOMER, USER, "007"], [CUSTOMER, USER, ""]]
    text = line_end.join([*(separator.join(line) for line in lines), "", ""])
    data = ("\ufeff" + text).encode("utf-16-be") if "mark" in encoding else text.encode(encoding)

    raw = from_stdin(data)

    assert raw.frame.columns == lines[0]
    assert raw.frame.rows() == [(CUSTOMER, USER, "007"), (CUSTOMER, USER, None)]


def test_a_file_is_read_and_hashed_as_its_bytes_are(tmp_path: Path) -> None:
    path = tmp_path / "Users.CSV"
    data = f"{HEADER}\n{CUSTOMER},{USER},x".encode()
    path.write_bytes(data)

    raw = load(str(path))

    assert raw.source == str(path)
    assert raw.sha256 == hashlib.sha256(data).hexdigest()
    assert raw.frame.rows() == [(CUSTOMER, USER, "x")]


def test_nothing_is_taken_for_a_number_a_date_or_null() -> None:
    cells = ["007", "1e5", "2026-01-01", "NULL", "true", "nan"]
    raw = from_stdin("\n".join([HEADER, *(f"c,u,{cell}" for cell in cells)]).encode())

    assert raw.frame["note"].to_list() == cells


def test_blank_lines_and_rows_of_empty_cells_are_left_out_wherever_they_stand() -> None:
    raw = from_stdin(f'\n  \n{HEADER}\n\nc,u,1\n,,\n \n ,"",\nc,u,2\n\n\n'.encode())

    assert raw.frame["note"].to_list() == ["1", "2"]


def test_millions_of_blank_lines_before_the_header_take_neither_time_nor_memory() -> None:
    tracemalloc.start()
    raw = from_stdin(b" \n" * 5_000_000 + f"{HEADER}\nc,u,1\n".encode())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert raw.frame["note"].to_list() == ["1"]
    assert peak < 200 << 20


def test_the_separator_is_the_one_that_finds_the_known_columns() -> None:
    raw = from_stdin(b'customer-tenant-id;user-id;"a;b,c";d,e,f,g,h\nc;u;1;2\n')

    assert raw.frame.columns == ["customer-tenant-id", "user-id", "a;b,c", "d,e,f,g,h"]


def test_repeated_and_nameless_further_headers_get_names_of_their_own() -> None:
    raw = from_stdin(b"customer-tenant-id,user-id,note,,note,note.2,note,\nc,u,1,2,3,4,5,6\n")

    assert raw.frame.columns[2:] == ["note", "column_4", "note.3", "note.2", "note.4", "column_8"]
    assert raw.frame.row(0)[2:] == ("1", "2", "3", "4", "5", "6")


@pytest.mark.parametrize(
    ("header", "named"),
    [
        pytest.param("customer-tenant-id,user-id,User ID", "user-id 2 times: user-id, User ID", id="folded"),
        pytest.param("customer-tenant-id,user-id,user-id", "user-id 2 times", id="exactly"),
        pytest.param("Customer_Tenant_Id,CustomerTenantID,user-id", "customer-tenant-id 2 times", id="customer"),
        pytest.param(
            "customer-tenant-id,userPrincipalName,User Principal Name", "userPrincipalName 2 times", id="name"
        ),
    ],
)
def test_two_headers_that_mean_the_same_known_column_are_refused(header: str, named: str) -> None:
    assert named in refused(f"{header}\na,b,c\n".encode()).what


@pytest.mark.parametrize(
    ("body", "details"),
    [
        pytest.param("c,u,1,2", ("line 2: 4 fields",), id="too long"),
        pytest.param("c,u", ("line 2: 2 fields",), id="too short"),
        pytest.param('c,u,"x,\n\ny"\n\nc,u\n', ("line 6: 2 fields",), id="after a quoted line break"),
        pytest.param('c,u,"x,y"\nc,"u,1"\n', ("line 3: 2 fields",), id="quoted separators"),
        pytest.param("c,u\n" * 7, (*(f"line {line}: 2 fields" for line in range(2, 7)), "... and 2 more"), id="many"),
    ],
)
def test_a_ragged_line_is_named(body: str, details: tuple[str, ...]) -> None:
    error = refused(f"{HEADER}\n{body}".encode())

    assert "ragged: the header line has 3 fields" in error.what
    assert error.details == details


def test_line_numbers_count_the_blank_lines_before_the_header() -> None:
    assert refused(f"\n\n{HEADER}\nc,u".encode()).details == ("line 4: 2 fields",)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('c,u,24" screen', id="inside an unquoted field"),
        pytest.param('c,u,"x"y', id="text after the closing one"),
        pytest.param('c,u,"x', id="never closed"),
        pytest.param('c,u, "x"', id="blank before the opening one"),
    ],
)
def test_a_stray_quotation_mark_is_refused_with_its_line(line: str) -> None:
    error = refused(f'{HEADER}\nc,u,"fine ""really"""\n{line}\nc,u,z\n'.encode())

    assert "standard input, line 3: a quotation mark" in error.what


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(f"{HEADER}\nc,u,\xe9".encode("latin-1"), "line 2 cannot be decoded", id="latin-1"),
        pytest.param(f"{HEADER}\n".encode("utf-16") + b"x", "cannot be decoded", id="half a UTF-16 unit"),
        pytest.param(f"{HEADER}\nc,u,x".encode("utf-16-le"), "line 1 holds a NUL", id="UTF-16 without a mark"),
        pytest.param(b"", "is empty", id="no bytes"),
        pytest.param(b"\xef\xbb\xbf", "is empty", id="a byte order mark only"),
        pytest.param(b" \r\n\r\n", "is empty", id="blank lines only"),
        pytest.param(HEADER.encode(), "has headers but no rows", id="header only"),
        pytest.param(f"{HEADER}\n\n,,\n".encode(), "has headers but no rows", id="header and blank rows"),
    ],
)
def test_what_is_no_table_of_text_is_refused(data: bytes, said: str) -> None:
    assert said in refused(data).what


further_headers = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda name: name.strip() and fold(name) not in {"customertenantid", "userid", "forcechangepassword"}
)
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(deadline=None)
@given(
    header=further_headers,
    notes=st.lists(cells, min_size=1, max_size=8),
    separator=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_wrote_is_read_as_it_was(
    *, header: str, notes: list[str], separator: str, line_end: str, quoting: int, encoding: str
) -> None:
    # Python's writer leaves a lone CR unquoted where lines do not end with one; nobody can tell what it means then.
    assume(quoting == csv.QUOTE_ALL or not any("\r" in note for note in notes))
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["customer-tenant-id", header, "user-id"])
    writer.writerows(["c", note, "u"] for note in notes)

    raw = from_stdin(written.getvalue().encode(encoding))

    assert raw.frame.columns == ["customer-tenant-id", header, "user-id"]
    assert raw.frame.rows() == [("c", note or None, "u") for note in notes]
