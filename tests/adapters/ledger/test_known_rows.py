"""What is known of rows comes back as it was given, and takes little room."""

import datetime as dt
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.ledger.known import KnownRows
from batchreset.core.outcome import Outcome
from batchreset.core.records import KnownRow

COUNTS = st.integers(0, 2**32 - 1)
VALUES = st.tuples(
    COUNTS, COUNTS, st.booleans(), st.none() | st.integers(0, 4_000_000_000_000), st.sampled_from([None, *Outcome])
)


@given(rows=st.dictionaries(COUNTS, VALUES, max_size=12), other=COUNTS)
def test_it_tells_what_a_dict_would(
    rows: dict[int, tuple[int, int, bool, int | None, Outcome | None]], other: int
) -> None:
    known = KnownRows(
        (row, generations, exchanges, int(unclear), sent, outcome and outcome.value)
        for row, (generations, exchanges, unclear, sent, outcome) in sorted(rows.items())
    )

    assert known == {
        row: KnownRow(
            generations=generations,
            exchanges=exchanges,
            unclear=unclear,
            first_sent_at=None if sent is None else dt.datetime.fromtimestamp(sent / 1000, dt.UTC),
            outcome=outcome,
        )
        for row, (generations, exchanges, unclear, sent, outcome) in rows.items()
    }
    assert (len(known), list(known)) == (len(rows), sorted(rows))
    assert (other in known) is (other in rows)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((1, 1, 1, 0, None, "perhaps"), id="no outcome"),
        pytest.param((2**32, 1, 1, 0, None, None), id="no row"),
    ],
)
def test_what_no_ledger_holds_is_refused(values: tuple[int, int, int, int, int | None, str | None]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        KnownRows([values])


def test_many_failed_rows_are_known_in_thirty_bytes_each() -> None:
    rows = 20_000
    tracemalloc.start()
    try:
        known = KnownRows((row, 1, 1, 0, 1_700_000_000_000 + row, "failed") for row in range(1, rows + 1))
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(known) == rows
    assert now < 30 * rows
