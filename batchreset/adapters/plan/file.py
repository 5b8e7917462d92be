"""`plan.parquet`: written once, then only read."""

import hashlib
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.plan.queue import RowQueue
from batchreset.core.columns import (
    CUSTOMER,
    DECISION,
    DECISION_RESET,
    FORCE,
    PLAN,
    REASON,
    ROW,
    UPN,
    USER,
    fold,
)
from batchreset.durable import replacing
from batchreset.errors import RunFolderError

ROWS_PER_GROUP: Final = 50_000
"""A row group is the smallest piece that can be read alone: as much as a reader wants in memory at once."""

_SCHEMA: Final = pl.Schema(
    {
        ROW: pl.UInt32,
        CUSTOMER: pl.String,
        USER: pl.String,
        FORCE: pl.Boolean,
        DECISION: pl.String,
        REASON: pl.String,
    }
)
ROWS_PER_SLICE: Final = 10_000
_FROM_POLARS: Final = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


class Plan:
    """A plan as it was frozen. The input's further columns stay on disk."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def rows_per_customer(self) -> dict[str, int]:
        """Rows to be reset of each customer, in the order of their first rows."""
        return dict(self._to_reset().group_by(CUSTOMER, maintain_order=True).len().iter_rows())

    def accounts(self) -> Iterator[list[tuple[int, str, str]]]:
        """(row, customer, user) of the rows to be reset, in the input's order, some thousands at a time."""
        for part in self._to_reset().select(ROW, CUSTOMER, USER).iter_slices(ROWS_PER_SLICE):
            yield part.rows()

    def queue(self, *, done: Collection[int] | pl.Series, single_lane: bool) -> RowQueue:
        """The rows to be reset whose numbers are not in `done`; one lane a customer, or one for all."""
        numbers = pl.Series(done if isinstance(done, pl.Series) else list(done)).cast(pl.UInt32)
        left = self._to_reset().filter(~pl.col(ROW).is_in(numbers.implode()))
        return RowQueue(left.select(ROW, CUSTOMER, USER, FORCE), single_lane=single_lane)

    def _to_reset(self) -> pl.DataFrame:
        return self._frame.filter(pl.col(DECISION) == DECISION_RESET)


def freeze(frame: pl.DataFrame, path: Path) -> str:
    """Write the plan durably; its file's SHA-256, hex.

    Raises:
        RunFolderError: it could not be written; nothing is left behind.
    """
    try:
        with replacing(path) as temporary:
            frame.write_parquet(temporary, compression="zstd", row_group_size=ROWS_PER_GROUP)
            with temporary.open("rb") as written:
                return hashlib.file_digest(written, "sha256").hexdigest()
    except _FROM_POLARS as error:
        raise RunFolderError(
            f"The plan could not be written to {path}: {error}",
            next_step="Check that the folder exists, may be written to and has room, then plan again.",
        ) from error


def open_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        RunFolderError: there is none, it is damaged, or is of another version's making.
    """
    try:
        with path.open("rb") as file:
            schema = pl.read_parquet_schema(file)
            own = pl.Schema(list(schema.items())[: len(PLAN)])
            frame = pl.read_parquet(file, columns=list(PLAN)) if own == _SCHEMA else None
    except FileNotFoundError as error:
        raise RunFolderError(
            f"There is no plan at {path}.", next_step="Check the run's id or path, or make the plan again."
        ) from error
    except _FROM_POLARS as error:
        raise RunFolderError(
            f"The plan at {path} cannot be read; the file is damaged, or may not be opened: {error}",
            next_step="Restore the run's folder from a copy, or plan again under another run id.",
        ) from error
    if frame is None:
        raise RunFolderError(
            f"The plan at {path} does not have a plan's columns; another version or program wrote it.",
            next_step="Use the version that made the run, or plan again under another run id.",
        )
    return Plan(frame)


def users_named(path: Path, names: AbstractSet[str]) -> frozenset[str] | None:
    """The ids of the users to be reset whom the input calls by one of these principal names (lower case).

    None: the input had no column of principal names.

    Raises:
        RunFolderError: the plan cannot be read.
    """
    try:
        rows = pl.scan_parquet(path, glob=False)
        header = next((name for name in rows.collect_schema() if fold(name) == fold(UPN)), None)
        if header is None:
            return None
        wanted = pl.Series(sorted(names), dtype=pl.String).implode()
        is_named = pl.col(header).str.strip_chars().str.to_lowercase().is_in(wanted)
        found = rows.filter((pl.col(DECISION) == DECISION_RESET) & is_named).select(USER).collect()
        return frozenset(found[USER])
    except _FROM_POLARS as error:
        raise RunFolderError(
            f"The plan at {path} cannot be read; it is missing or damaged: {error}",
            next_step="Restore the run's folder from a copy, or plan again under another run id.",
        ) from error
