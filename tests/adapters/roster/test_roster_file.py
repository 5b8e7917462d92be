"""Pages come in any order and leave in the order of the customers; the file is whole or not there."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.results.formats import WRITERS
from batchreset.adapters.roster import Spool, print_csv, write_roster
from batchreset.core.columns import CUSTOMER, FORCE, ROSTER, USER
from batchreset.core.directory import UserFacts
from batchreset.errors import RunFolderError

CUSTOMERS = ("c2", "c0", "c1")

PAGES = st.lists(st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, 4)), max_size=12)


def person(user_id: str, **changes: str) -> UserFacts:
    return UserFacts(**{"user_id": user_id, "user_principal_name": f"{user_id}@c.example", **changes})


def printed(spooled: Spool) -> list[dict[str, str]]:
    stream = io.BytesIO()
    print_csv(spooled, CUSTOMERS, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode(), newline="")))


@given(sizes=PAGES)
def test_customers_come_in_the_callers_order_and_users_as_listed(sizes: list[tuple[str, int]]) -> None:
    pages = [
        (customer, tuple(person(f"{page}-{n}") for n in range(size))) for page, (customer, size) in enumerate(sizes)
    ]
    with Spool() as spooled:
        for customer, users in pages:
            spooled.add(customer, users)
        found = [(line[CUSTOMER], line[USER]) for line in printed(spooled)]
        again = [(line[CUSTOMER], line[USER]) for line in printed(spooled)]
    expected = [(c, user.user_id) for c in CUSTOMERS for customer, users in pages for user in users if customer == c]
    assert found == again == expected


def test_more_than_a_batch_is_written_in_several_with_one_header() -> None:
    with Spool(rows_per_batch=3) as spooled:
        for page in range(4):
            spooled.add("c0", [person(f"{page}-{n}") for n in range(2)])
        assert [batch.height for batch in spooled.batches(CUSTOMERS)] == [4, 4, 0]
        lines = printed(spooled)
    assert len(lines) == 8
    assert tuple(lines[0]) == ROSTER


@pytest.mark.parametrize(
    ("name", "in_csv"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'=1", "'=1"),
        ("Nóra", "Nóra"),
        ('"=1", x\u2019', '"=1", x\u2019'),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_carry_out_is_quoted_in_csv_alone(tmp_path: Path, name: str, in_csv: str) -> None:
    with Spool() as spooled:
        spooled.add("c0", [person("u", display_name=name)])
        (line,) = printed(spooled)
        write_roster(spooled, CUSTOMERS, tmp_path / "r.parquet", WRITERS)
    row = pl.read_parquet(tmp_path / "r.parquet").row(0, named=True)
    assert line["displayName"] == in_csv
    assert row["displayName"] == (name or None)
    assert row[FORCE] is True


def test_a_name_that_is_compared_keeps_its_hyphen() -> None:
    with Spool() as spooled:
        spooled.add("c0", [person("u", user_principal_name="-a@c"), person("v", user_principal_name="=a@c")])
        assert [line["userPrincipalName"] for line in printed(spooled)] == ["-a@c", "'=a@c"]


def test_a_file_that_cannot_be_written_to_its_end_is_not_there(tmp_path: Path) -> None:
    def full(_batches: Iterator[pl.DataFrame], path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    with Spool() as spooled, pytest.raises(RunFolderError, match="No space left"):
        write_roster(spooled, CUSTOMERS, tmp_path / "r.csv", {".csv": full})
    assert list(tmp_path.iterdir()) == []


def test_the_spool_has_no_name() -> None:
    with Spool() as spooled:
        assert not isinstance(spooled._file.name, str)
