"""How results are written, by the file's ending, batch after batch."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

_ROWS_PER_GROUP: Final = 50_000
"""Of Parquet: what is held in memory, here and by whoever reads it."""
_OF_THE_SERVICE: Final = ("error_code", "error_description", "ms_correlation_id", "ms_request_id")


def _write_csv(batches: Iterator[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as file:
        for index, batch in enumerate(batches):
            _for_spreadsheets(batch).write_csv(file, include_header=index == 0)


def _for_spreadsheets(batch: pl.DataFrame) -> pl.DataFrame:
    """With `'` before words of the service that a spreadsheet would carry out (OWASP: CSV injection)."""
    words = pl.col(name for name in _OF_THE_SERVICE if name in batch.columns)
    return batch.with_columns(pl.when(words.str.contains("^[-=+@]")).then("'" + words).otherwise(words).name.keep())


def _write_ndjson(batches: Iterator[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as file:
        for batch in batches:
            batch.write_ndjson(file)


def _write_parquet(batches: Iterator[pl.DataFrame], path: Path) -> None:
    """Through a part for each batch.

    A streaming source is called in a thread of polars; outcomes come from a database of the caller's thread.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:
        parts, schema = [], pl.Schema()
        for index, batch in enumerate(batches):
            schema = batch.schema
            parts.append(Path(folder) / f"{index}.parquet")
            batch.write_parquet(parts[-1])

        def read(
            _columns: list[str] | None, _predicate: pl.Expr | None, _most: int | None, _size: int | None
        ) -> Iterator[pl.DataFrame]:
            # One after another: a scan of all of them reads ahead as far as there are processors.
            return (pl.read_parquet(part, glob=False) for part in parts)

        rows = register_io_source(read, schema=schema)
        rows.sink_parquet(path, compression="zstd", row_group_size=_ROWS_PER_GROUP)


WRITERS: Final[Mapping[str, Callable[[Iterator[pl.DataFrame], Path], None]]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".ndjson": _write_ndjson,
}
