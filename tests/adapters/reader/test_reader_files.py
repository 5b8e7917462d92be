"""Parquet in any type is text; what cannot be read is refused with its reason."""

import base64
import datetime as dt
import decimal
from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.reader import load, reading
from batchreset.errors import InputError

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER_USER = "9b2d3c1e-0000-4000-8000-00000000000a"

ARROW_UUIDS = base64.b64decode("""
UEFSMRUAFUwVTCwVBBUAFQYVBhwAAAACAAAABAEPj61b2ctGn6FlcIZ3KJUOD4+tW9nLRp+hZXCGdyiVDhUAFUwVTCwVBBUAFQYV
BhwAAAACAAAABAF8nmZ5dCVA3pRL4H/B+Qrnmy08HgAAQACAAAAAAAAAChUEGTw1ABgGc2NoZW1hFQQAFQ4VIBUCGBJjdXN0b21l
ci10ZW5hbnQtaWQAFQ4VIBUCGAd1c2VyLWlkbOwAAAAWBBkcGSwmABwVDhklBgAZGBJjdXN0b21lci10ZW5hbnQtaWQVABYEFnIW
ciYISRwVABUAFQIAPCkGGSYABAAAACYAHBUOGSUGABkYB3VzZXItaWQVABYEFnIWciZ6SRwVABUAFQIAPCkGGSYABAAAABbkARYE
JggW5AEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRksHAAAHAAAAOcAAABQQVIx
""")
"""Two columns of two rows as pyarrow writes them: FIXED_LEN_BYTE_ARRAY(16), the second with the UUID annotation."""


def parquet(path: Path, frame: pl.DataFrame) -> str:
    frame.write_parquet(path)
    return str(path)


def test_uuids_of_sixteen_raw_bytes_become_guids(tmp_path: Path) -> None:
    path = tmp_path / "users.parquet"
    path.write_bytes(ARROW_UUIDS)

    assert load(str(path)).frame.rows() == [(CUSTOMER, USER), (CUSTOMER, OTHER_USER)]


@pytest.mark.parametrize(
    ("values", "dtype", "text"),
    [
        pytest.param(["x", "y", None], pl.Categorical, ["x", "y", None], id="dictionary"),
        pytest.param(["x", "y", None], pl.Enum(["x", "y"]), ["x", "y", None], id="enum"),
        pytest.param([True, False, None], pl.Boolean, ["true", "false", None], id="boolean"),
        pytest.param([1, 0, None], pl.Int8, ["1", "0", None], id="integer"),
        pytest.param([1.5, 2.0, None], pl.Float64, ["1.5", "2.0", None], id="float"),
        pytest.param([decimal.Decimal("1.50"), None, None], pl.Decimal(9, 2), ["1.50", None, None], id="decimal"),
        pytest.param([dt.date(2026, 1, 2), None, None], pl.Date, ["2026-01-02", None, None], id="date"),
        pytest.param([dt.timedelta(hours=1), None, None], pl.Duration, ["PT1H", None, None], id="duration"),
        pytest.param([None, None, None], pl.Null, [None, None, None], id="null"),
        pytest.param([[1, 2], [], None], pl.List(pl.Int64), ["[1,2]", "[]", None], id="list"),
        pytest.param(
            [{"a": 1}, {"a": None}, None], pl.Struct({"a": pl.Int8}), ['{"a":1}', '{"a":null}', None], id="struct"
        ),
        pytest.param([b"abc", b"\xc3\xa9", None], pl.Binary, ["abc", "é", None], id="bytes of text"),
        pytest.param([b"sixteen letters.", b"", None], pl.Binary, ["sixteen letters.", None, None], id="16 letters"),
        pytest.param(
            [bytes.fromhex(CUSTOMER.replace("-", "")), b"\xff\x00", None],
            pl.Binary,
            [CUSTOMER, "ff00", None],
            id="bytes that are no text",
        ),
        pytest.param(["", "007", " "], pl.String, [None, "007", " "], id="text"),
    ],
)
def test_a_further_column_of_any_type_becomes_text(
    tmp_path: Path, values: list[object], dtype: pl.DataType, text: list[str | None]
) -> None:
    frame = pl.DataFrame({"user-id": ["u", "v", "w"], "more": pl.Series(values, dtype=dtype)})

    raw = load(parquet(tmp_path / "users.parquet", frame))

    assert raw.frame["more"].to_list() == text
    assert raw.frame.dtypes == [pl.String, pl.String]


def test_an_id_of_sixteen_letters_is_taken_as_raw_bytes_because_no_id_is_that_short(tmp_path: Path) -> None:
    frame = pl.DataFrame({"User ID": [b"sixteen letters.", USER.encode()]})

    raw = load(parquet(tmp_path / "users.parquet", frame))

    assert raw.frame["User ID"].to_list() == ["73697874-6565-6e20-6c65-74746572732e", USER]


def test_rows_without_any_value_are_left_out(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user-id": [None, "u", ""], "n": [None, 1, None]})

    assert load(parquet(tmp_path / "users.parquet", frame)).frame.rows() == [("u", "1")]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        pytest.param("users.parquet", ARROW_UUIDS[:-30], "is not a Parquet file", id="cut short"),
        pytest.param("users.parquet", b"customer-tenant-id,user-id\n", "is not a Parquet file", id="CSV"),
        pytest.param("users.parquet", b"", "is empty", id="empty Parquet"),
        pytest.param("users.csv", b"", "is empty", id="empty CSV"),
        pytest.param("users.xlsx", b"PK", "is not an Excel workbook that can be read", id="two bytes of a workbook"),
        pytest.param("users.csv", ARROW_UUIDS, "but it is Parquet by what is in it", id="Parquet called CSV"),
        pytest.param("users.parquet", b"PK\x03\x04", "but it is an Excel workbook by", id="workbook called Parquet"),
        pytest.param("users.xls", b"x", "the ending .xls, which is not read; those that are: .csv, .tsv", id="xls"),
        pytest.param("users.xlsx.gz", b"x", "the ending .xlsx.gz, which is not read", id="packed workbook"),
        pytest.param("users.gz", b"x", "the ending .gz, which is not read", id="packed something"),
        pytest.param("users", b"x", "the ending (none), which is not read", id="no ending"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(InputError) as caught:
        load(str(path))

    assert said in caught.value.what
    assert str(path) in caught.value.what
    assert caught.value.next_step


def test_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "users.parquet", pl.DataFrame({"user-id": []}))

    with pytest.raises(InputError, match="has headers but no rows"):
        load(path)


def test_parquet_headers_that_mean_the_same_are_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "users.parquet", pl.DataFrame({"user-id": ["u"], "UserId": ["u"]}))

    with pytest.raises(InputError, match="user-id 2 times"):
        load(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv does not exist"):
        load(str(tmp_path / "none.csv"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("loop.csv", "Too many levels of symbolic links", id="the system says no"),
        pytest.param("nul\0.csv", "null byte", id="no possible path"),
    ],
)
def test_a_path_that_cannot_be_opened_is_refused_in_the_systems_words(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")

    with pytest.raises(InputError, match=said):
        load(str(tmp_path / name))


def test_standard_input_that_is_closed_is_refused() -> None:
    with pytest.raises(InputError, match="standard input, and there is none"):
        load("-")


def test_standard_input_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with (
        (tmp_path / "closed").open("wb") as write_only,
        pytest.raises(InputError, match="standard input cannot be read: read"),
    ):
        load("-", stdin=write_only)


def test_a_file_that_is_changed_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("customer-tenant-id,user-id\nc,u\n", encoding="utf-8")

    def read_while_it_grows() -> None:
        with reading(str(path), max_rows=10) as raw:
            list(raw.batches)
            path.write_text("customer-tenant-id,user-id\nc,u\nc,v\n", encoding="utf-8")

    with pytest.raises(InputError, match="was changed while it was read"):
        read_while_it_grows()


@pytest.mark.parametrize("through", ["file", "pipe"])
def test_a_file_far_larger_than_the_rows_that_are_allowed_is_refused_at_once(tmp_path: Path, through: str) -> None:
    path = tmp_path / "users.csv"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 10 * 4096 + 1)

    with (
        path.open("rb") as stdin,
        pytest.raises(InputError, match=r"is larger than 64 MiB: far more than the rows"),
        reading(str(path) if through == "file" else "-", max_rows=10, stdin=stdin, room=tmp_path),
    ):
        pass
    assert [found.name for found in tmp_path.iterdir()] == ["users.csv"]
