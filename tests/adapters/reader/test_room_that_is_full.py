"""Wherever it is that the disk has no room for what is put aside: it is said, and what lies there can be taken away."""

from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.reader import RawTable, Rules, check
from batchreset.adapters.reader.partitions import Sizes
from batchreset.errors import RunFolderError

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USERS = [f"7c9e6679-7425-40de-944b-{number:012x}" for number in (1, 2, 3, 1, 2, 4)]
RULES = Rules(
    on_invalid="skip",
    max_rows=100,
    customers=frozenset(),
    protected_users=frozenset(),
    protected_customers=frozenset(),
    protected_upns=frozenset(),
)


def fingerprint_with_little_memory(room: Path) -> str:
    columns = {"customer-tenant-id": CUSTOMER, "user-id": USERS, "forceChangePassword": ["1", "1", "1", "0", "1", "?"]}
    batches = pl.DataFrame(columns).iter_slices(2)
    raw = RawTable(headers=tuple(columns), batches=batches, source="users.csv", sha256="5ha")
    return check(
        raw, RULES, room=room, sizes=Sizes(partitions=1, keys=1, accounts=1, accounts_of_a_partition=1)
    ).accounts_sha256


KINDS = [
    "rows-1.parquet",
    "beside-2.parquet",
    "problems-1.parquet",
    "keys-0-2.parquet",
    "repeated-0-1.parquet",
    "accounts-0-0.parquet",
]


@pytest.mark.parametrize("name", KINDS)
def test_it_is_told_as_such(tmp_path: Path, name: str) -> None:
    """A folder of the file's name stands in for a full disk."""
    (tmp_path / name).mkdir()

    with pytest.raises(RunFolderError, match="could not be put aside") as caught:
        fingerprint_with_little_memory(tmp_path)
    assert "room" in caught.value.next_step
