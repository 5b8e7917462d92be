"""Batches are bounded in rows, cells and bytes, and so is all text together."""

import polars as pl
import pytest

from batchreset.adapters.reader.formats.batching import (
    MAX_BATCH_BYTES,
    MAX_BATCH_CELLS,
    MAX_BATCH_ROWS,
    bounded,
    rows_of_a_batch,
)
from batchreset.errors import InputError


def column(text: str | None, rows: int) -> pl.DataFrame:
    return pl.DataFrame({"a": pl.repeat(text, rows, dtype=pl.String, eager=True)})


def test_rows_of_a_batch_become_fewer_with_more_columns_and_never_none() -> None:
    assert [rows_of_a_batch(columns) for columns in (0, 1, 10, 1000, 10 * MAX_BATCH_CELLS)] == [
        MAX_BATCH_ROWS,
        MAX_BATCH_ROWS,
        MAX_BATCH_ROWS,
        MAX_BATCH_CELLS // 1000,
        1,
    ]


def test_a_table_comes_in_pieces_in_order() -> None:
    frame = pl.DataFrame({"a": pl.int_range(2 * MAX_BATCH_ROWS + 1, eager=True).cast(pl.String)})

    pieces = list(bounded(iter([frame]), "x"))

    assert [piece.height for piece in pieces] == [MAX_BATCH_ROWS, MAX_BATCH_ROWS, 1]
    assert pl.concat(pieces).equals(frame)


def test_long_texts_come_in_pieces_of_few_bytes_or_one_row() -> None:
    million = pl.DataFrame({"a": [f"{number:03}" + "x" * 1_000_000 for number in range(100)]})
    longer = column("x" * (MAX_BATCH_BYTES + 1), 2)

    pieces = list(bounded(iter([million, longer]), "x"))

    assert max(piece.height for piece in pieces) * 1_000_000 <= MAX_BATCH_BYTES
    assert pl.concat(pieces[:-2]).equals(million)
    assert [piece.height for piece in pieces[-2:]] == [1, 1]


def test_a_table_without_columns_has_no_batches_and_empty_cells_have_no_bytes() -> None:
    assert list(bounded(iter([pl.DataFrame()]), "x")) == []
    assert [piece.height for piece in bounded(iter([column(None, 5)]), "x")] == [5]


def test_more_text_than_there_may_be_is_refused_where_it_becomes_too_much() -> None:
    half = column("xxxx", 10)

    assert len(list(bounded(iter([half, half]), "x", max_text_bytes=80))) == 2
    with pytest.raises(InputError, match="x holds more than 80 bytes of text"):
        list(bounded(iter([half, half, column("x", 1)]), "x", max_text_bytes=80))
