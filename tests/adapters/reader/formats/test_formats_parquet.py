"""Parquet, whoever wrote it, is text in bounded batches; what says too much of itself, or untruth, is refused."""

import datetime as dt
import io
import random
import struct
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader.formats.batching import MAX_BATCH_BYTES, MAX_BATCH_CELLS
from batchreset.adapters.reader.formats.parquet.parsing import MAX_CELL_WEIGHT, _light, parse_parquet
from batchreset.adapters.reader.formats.table import MAX_COLUMNS, MAX_RECORD_BYTES
from batchreset.errors import InputError

MADE_ELSEWHERE = Path(__file__).parents[1] / "made_elsewhere"
SHOWN = "users.parquet"
CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USERS = [
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "9b2d3c1e-0000-4000-8000-00000000000a",
    "9b2d3c1e-0000-4000-8000-00000000000b",
]
NOTES = ['é, "quoted"', None, "two\nlines"]

Columns = dict[str, list[str | None]]


def read_file(path: Path, max_rows: int = 1000) -> Columns:
    with path.open("rb") as file:
        table = parse_parquet(file, SHOWN, max_rows=max_rows)
        batches = list(table.batches)
    assert all(dtype == pl.String for batch in batches for dtype in batch.dtypes)
    columns = [[cell for batch in batches for cell in batch.to_series(at)] for at in range(len(table.headers))]
    return dict(zip(table.headers, columns, strict=True))


def read(frame: pl.DataFrame, tmp_path: Path) -> Columns:
    frame.write_parquet(tmp_path / SHOWN)
    return read_file(tmp_path / SHOWN)


def refusal(data: bytes, tmp_path: Path, max_rows: int = 1000) -> InputError:
    (tmp_path / SHOWN).write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_file(tmp_path / SHOWN, max_rows)
    assert caught.value.next_step
    return caught.value


def written(frame: pl.DataFrame, **options: object) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, **options)  # type: ignore[arg-type]  # options are named by the tests
    return file.getvalue()


def test_every_type_that_pyarrow_writes_is_text() -> None:
    assert read_file(MADE_ELSEWHERE / "pyarrow_types.parquet") == {
        "customer-tenant-id": [CUSTOMER] * 3,
        "user-id": USERS,
        "forceChangePassword": ["true", "false", None],
        "dictionary": NOTES,
        "large": NOTES,
        "view": NOTES,
        "decimal": ["1.50", None, "-3.00"],
        "when": ["2026-01-02 03:04:05.000+00:00", None, None],
        "list": ["[1,null]", "[]", None],
        "struct": ['{"a":1,"b":"x"}', '{"a":null,"b":null}', None],
        "map": ['{"k":1}', "{}", None],
        "raw": ['["ff"]', "[]", None],
        "bytes": ["ff0001", "616263", None],
        "nothing": [None] * 3,
    }


def test_uuids_and_lists_as_duckdb_writes_them() -> None:
    columns = read_file(MADE_ELSEWHERE / "duckdb.parquet")

    assert columns["customer-tenant-id"] == [CUSTOMER] * 3
    assert columns["user-id"] == USERS
    assert columns["list"] == ["[1,2]", "[]", None]


def test_categories_as_pandas_writes_them() -> None:
    columns = read_file(MADE_ELSEWHERE / "pandas.parquet")

    assert list(columns.values()) == [[CUSTOMER] * 3, USERS, ["true", "false", None], NOTES]


@pytest.mark.parametrize("made", ["none", "snappy", "gzip", "brotli", "lz4", "zstd", "groups"])
def test_pages_of_every_compression_and_row_groups_of_one_row_are_read(made: str) -> None:
    assert read_file(MADE_ELSEWHERE / f"pyarrow_{made}.parquet") == {"user-id": USERS}


def test_times_of_96_bits_are_read() -> None:
    assert read_file(MADE_ELSEWHERE / "pyarrow_int96.parquet")["when"] == ["2026-01-02 00:00:00.000000"]


def test_a_type_of_somebodys_own_is_read_as_what_it_stands_on() -> None:
    assert read_file(MADE_ELSEWHERE / "pyarrow_own_type.parquet") == {"own": ["a", None]}


def test_a_length_of_time_is_read(tmp_path: Path) -> None:
    assert read(pl.DataFrame({"d": [dt.timedelta(hours=1), None]}), tmp_path) == {"d": ["PT1H", None]}


@pytest.mark.parametrize(("made", "headers"), [("no_rows", ["user-id"]), ("no_columns", [])])
def test_a_table_without_rows_or_columns_has_no_cells(made: str, headers: list[str]) -> None:
    assert read_file(MADE_ELSEWHERE / f"pyarrow_{made}.parquet") == {header: [] for header in headers}


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        pytest.param("note", [b"sixteen letters.", b"\xc3\xa9"], ["sixteen letters.", "é"], id="text of 16 letters"),
        pytest.param("User ID", [b"sixteen letters.", b"u"], ["73697874-6565-6e20-6c65-74746572732e", "u"], id="id"),
        pytest.param("note", [b"sixteen letters.", b"\xff"], ["73697874-6565-6e20-6c65-74746572732e", "ff"], id="raw"),
    ],
)
def test_raw_bytes_are_text_if_all_of_the_column_is_and_else_guids_or_hex(
    tmp_path: Path, name: str, values: list[bytes], text: list[str]
) -> None:
    assert read(pl.DataFrame({name: values}), tmp_path) == {name: text}


@given(st.data())
@settings(max_examples=25)
def test_any_text_comes_back(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=3, unique=True))
    cells = st.none() | st.text(st.characters(codec="utf-8"))
    rows = data.draw(st.lists(st.tuples(*(cells for _ in names)), min_size=1, max_size=5))
    file = io.BytesIO(written(pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")))

    table = parse_parquet(file, SHOWN, max_rows=5)

    assert table.headers == tuple(names)
    assert [row for batch in table.batches for row in batch.iter_rows()] == rows


def test_batches_have_a_bounded_number_of_cells(tmp_path: Path) -> None:
    frame = pl.DataFrame({f"c{number}": [None] * 5000 for number in range(500)}, schema_overrides={})
    frame.write_parquet(tmp_path / SHOWN)

    with (tmp_path / SHOWN).open("rb") as file:
        heights = [batch.height for batch in parse_parquet(file, SHOWN, max_rows=5000).batches]

    assert sum(heights) == 5000
    assert max(heights) * 500 <= MAX_BATCH_CELLS


def test_a_long_text_said_in_every_row_comes_in_small_batches_and_not_without_end() -> None:
    with (MADE_ELSEWHERE / "pyarrow_repeated.parquet").open("rb") as file:
        batches = parse_parquet(file, SHOWN, max_rows=9000).batches
        assert next(batches).height * 1_000_000 <= MAX_BATCH_BYTES
        with pytest.raises(InputError, match="bytes of text"):
            list(batches)


def test_a_long_category_is_not_written_out_for_all_rows_at_once() -> None:
    with (MADE_ELSEWHERE / "pyarrow_repeated_category.parquet").open("rb") as file:
        first = next(parse_parquet(file, SHOWN, max_rows=9000).batches)

    assert first.height * 1_000_000 <= MAX_BATCH_BYTES


def test_categories_inside_lists_are_refused() -> None:
    with pytest.raises(InputError, match="dictionary values inside lists"):
        read_file(MADE_ELSEWHERE / "pyarrow_listed_category.parquet")


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        pytest.param("x" * (MAX_RECORD_BYTES + 1), "user-id", id="text"),
        pytest.param([1] * (MAX_RECORD_BYTES // 2), "list", id="list"),
        pytest.param([1] * (MAX_CELL_WEIGHT // 20), "list", id="list too heavy to be written"),
    ],
)
def test_a_cell_that_is_too_long_is_refused_with_row_and_column(
    tmp_path: Path, cell: str | list[int], name: str
) -> None:
    values = pl.Series([cell[:1]] * 19 + [cell], dtype=pl.String if isinstance(cell, str) else pl.List(pl.Int8))
    error = refusal(written(pl.DataFrame({"other": ["x"] * 20, name: values})), tmp_path)

    assert f"row 20: the cell in column {name} is longer" in error.what


def test_a_cell_heavier_than_a_batch_is_read_where_it_is_not_too_long(tmp_path: Path) -> None:
    heavy = [1] * (MAX_BATCH_BYTES // 20 + 1)
    (tmp_path / SHOWN).write_bytes(written(pl.DataFrame({"list": pl.Series([[2], heavy], dtype=pl.List(pl.Int8))})))

    assert [len(cell or "") for cell in read_file(tmp_path / SHOWN)["list"]] == [3, 2 * len(heavy) + 1]


def test_rows_are_counted_over_all_batches(tmp_path: Path) -> None:
    frame = pl.DataFrame({f"c{number}": pl.Series([None] * 5000, dtype=pl.String) for number in range(500)})
    long = [None] * 4500 + ["x" * (MAX_RECORD_BYTES + 1)] + [None] * 499

    data = written(frame.with_columns(last=pl.Series(long)))

    assert "row 4501: the cell in column last" in refusal(data, tmp_path, max_rows=5000).what


def test_what_becomes_much_text_is_turned_into_it_piece_by_piece() -> None:
    frame = pl.DataFrame({"c": pl.Series(["x" * 1_000_000] * 100, dtype=pl.Categorical)})

    pieces = list(_light(frame, 1, SHOWN))

    assert pl.concat(pieces).equals(frame)
    assert max(piece.height for piece in pieces) * 1_000_000 <= MAX_BATCH_BYTES


def test_more_rows_than_can_be_meant_are_refused_before_they_are_read(tmp_path: Path) -> None:
    data = written(pl.DataFrame({"user-id": ["u"] * 1021}), row_group_size=1000)
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    data = data[:4] + bytes(end - 4) + data[end:]

    assert "has 1,021 rows; max_rows under [input] allows 10" in refusal(data, tmp_path, max_rows=10).what
    assert "is not a Parquet file" in refusal(data, tmp_path, max_rows=11).what


@pytest.mark.parametrize("count", [MAX_COLUMNS + 1, 20_000])
def test_too_many_columns_are_refused(tmp_path: Path, count: int) -> None:
    data = written(pl.DataFrame({f"c{number}": [1] for number in range(count)}), statistics=False)

    assert f"has {count:,} columns" in refusal(data, tmp_path).what


def test_a_structure_of_too_many_fields_is_refused(tmp_path: Path) -> None:
    fields = {f"c{number}": 1 for number in range(10 * MAX_COLUMNS)}

    assert "columns" in refusal(written(pl.DataFrame({"s": [fields]}), statistics=False), tmp_path).what


def test_a_footer_of_many_megabytes_is_refused_unread(tmp_path: Path) -> None:
    footer = bytes(17 << 20)
    data = b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"

    assert "describes its columns" in refusal(data, tmp_path).what


def test_a_list_of_more_values_than_are_read_at_once_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="30,000,000 nested values"):
        read_file(MADE_ELSEWHERE / "pyarrow_long_list.parquet")


def test_a_cell_that_unpacks_to_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    data = written(pl.DataFrame({"note": ["x" * (3 * MAX_RECORD_BYTES)]}))
    assert len(data) < MAX_RECORD_BYTES

    assert "1 rows in one row group that take 3,14" in refusal(data, tmp_path).what


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"customer-tenant-id,user-id\n", "is not a Parquet file", id="CSV"),
        pytest.param(b"PAR1", "is not a Parquet file", id="its first four bytes"),
        pytest.param(b"PAR1\xff\xff\xff\xffPAR1", "is not a Parquet file", id="footer longer than the file"),
        pytest.param(b"PAR1" + b"\x4c" * 400 + b"\x90\x01\x00\x00PAR1", "is not a Parquet file", id="footer of lists"),
        pytest.param(
            b"PAR1\x29\x15\x02\x00\x04\x00\x00\x00PAR1", "is not a Parquet file", id="columns that are numbers"
        ),
        pytest.param(b"PAR1" + b"\x1c" * 400 + b"\x90\x01\x00\x00PAR1", "is not a Parquet file", id="nested footer"),
        pytest.param(b"PARE" + bytes(100) + b"PARE", "is an encrypted Parquet file", id="encrypted"),
    ],
)
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in refusal(data, tmp_path).what


def test_a_file_that_is_damaged_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    """Never another error; that some are refused in each half of the file says that damage is met there."""
    whole = (MADE_ELSEWHERE / "duckdb.parquet").read_bytes()
    chance = random.Random(1)
    refused = set[int]()
    for _ in range(80):
        at = chance.randrange(len(whole))
        (tmp_path / SHOWN).write_bytes(whole[:at] + chance.randbytes(1) + whole[at + 1 :])
        try:
            read_file(tmp_path / SHOWN)
        except InputError:
            refused.add(at * 2 // len(whole))
    assert refused == {0, 1}
