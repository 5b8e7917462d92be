"""The SHA-256 of a set of accounts is that of all of them sorted, though only some are ever in memory."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader.fingerprint import fingerprint
from batchreset.adapters.reader.partitions import PARTITION, Partitions, Sizes

ACCOUNTS = [f"0f8fad5b-d9cb-469f-a165-70867728950e/7c9e6679-7425-40de-944b-{number:012x}" for number in range(400)]


def fingerprint_of(accounts: list[str], batch: int, sizes: Sizes) -> str:
    def some() -> Iterator[pl.Series]:
        for start in range(0, len(accounts), batch):
            yield pl.Series(accounts[start : start + batch], dtype=pl.String)

    with tempfile.TemporaryDirectory() as room:
        found = fingerprint(some, Path(room), sizes)
        assert list(Path(room).iterdir()) == []
        return found


@given(
    accounts=st.permutations(ACCOUNTS).flatmap(
        lambda order: st.lists(st.sampled_from(order), max_size=9).map(order.__add__)
    ),
    batch=st.integers(50, 500),
    sizes=st.builds(Sizes, accounts=st.integers(40, 500), accounts_of_a_partition=st.integers(10, 500)),
)
@settings(deadline=None, max_examples=15)
def test_partitions_follow_one_another_sorted(accounts: list[str], batch: int, sizes: Sizes) -> None:
    expected = hashlib.sha256("\n".join(ACCOUNTS).encode()).hexdigest()

    assert fingerprint_of(accounts, batch, sizes) == expected


def test_of_one_account_that_comes_a_thousand_times_there_is_one_line() -> None:
    sizes = Sizes(accounts=30, accounts_of_a_partition=20)

    assert fingerprint_of(ACCOUNTS[:1] * 1000, 100, sizes) == hashlib.sha256(ACCOUNTS[0].encode()).hexdigest()


def test_of_no_account_it_is_that_of_nothing() -> None:
    assert fingerprint_of([], 1, Sizes()) == hashlib.sha256(b"").hexdigest()


frames = st.lists(
    st.lists(st.integers(0, 4), max_size=9).map(
        lambda numbers: pl.DataFrame(
            {PARTITION: numbers, "at": range(len(numbers))}, {PARTITION: pl.UInt32, "at": pl.Int64}
        )
    ),
    max_size=6,
)


@given(frames=frames, rows_at_once=st.integers(1, 20))
@settings(deadline=None, max_examples=30)
def test_a_row_lies_in_its_partition_in_the_order_it_came_in(frames: list[pl.DataFrame], rows_at_once: int) -> None:
    with tempfile.TemporaryDirectory() as room:
        partitions = Partitions(folder=Path(room), name="x", rows_at_once=rows_at_once)
        for frame in frames:
            partitions.add(frame)
        found = {
            number: [at for frame in partitions.frames(number) for at in frame["at"]] for number in partitions.numbers()
        }
        is_on_disk = any(Path(room).iterdir())
        partitions.clear()
        left = [*Path(room).iterdir(), *partitions.numbers()]

    every = [row for frame in frames for row in frame.iter_rows()]
    assert found == {number: [at for own, at in every if own == number] for number in {own for own, _ in every}}
    assert is_on_disk == (len(every) > rows_at_once)
    assert left == []
