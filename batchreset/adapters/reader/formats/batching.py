"""How large a batch, and all of them, may be, whatever a file says of itself."""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from batchreset.errors import InputError

MAX_BATCH_BYTES: Final = 8 << 20
MAX_BATCH_ROWS: Final = 25_000
MAX_TEXT_BYTES: Final = 8 << 30
"""Of all batches: a file of a few bytes may say one long text in every row."""

MAX_BATCH_CELLS: Final = 500_000
"""An empty cell costs 16 bytes too: a thousand columns of nothing would fill the memory."""


def rows_of_a_batch(columns: int) -> int:
    return max(1, min(MAX_BATCH_ROWS, MAX_BATCH_CELLS // max(1, columns)))


def bounded(
    frames: Iterable[pl.DataFrame], shown: str, *, max_text_bytes: int = MAX_TEXT_BYTES
) -> Iterator[pl.DataFrame]:
    """The same rows in batches that are not too large; raises InputError when they are too much together."""
    total = 0
    for frame in frames:
        for piece in pieces(frame):
            total += _bytes_of_text(piece)
            if total > max_text_bytes:
                raise InputError(
                    f"{shown} holds more than {max_text_bytes:,} bytes of text",
                    next_step="leave out the columns that nobody needs in the results, or split the file",
                )
            yield piece


def pieces(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """`frame`, every column String, in pieces of at most so many rows and bytes of text, or of one row.

    A text that stands in many rows is held once and counted in each: whoever writes the batch down writes it in each.
    """
    if not frame.width:
        return
    if frame.height > rows_of_a_batch(frame.width):
        for piece in frame.iter_slices(rows_of_a_batch(frame.width)):
            yield from pieces(piece)
    elif frame.height > 1 and _bytes_of_text(frame) > MAX_BATCH_BYTES:
        half = frame.height // 2
        yield from pieces(frame.head(half))
        yield from pieces(frame.tail(-half))
    else:
        yield frame


def _bytes_of_text(frame: pl.DataFrame) -> int:
    return int(frame.select(pl.sum_horizontal(pl.all().str.len_bytes().cast(pl.UInt64).sum())).item())
