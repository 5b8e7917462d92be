"""From plan and outcomes to the results file, in batches: a million rows take no more memory than fifty thousand."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from batchreset.adapters.results.formats import WRITERS
from batchreset.adapters.results.joining import joined
from batchreset.core.columns import ROW
from batchreset.core.outcome import Reason
from batchreset.durable import replacing
from batchreset.errors import RunFolderError, SettingsError, cause

ROWS_PER_BATCH: Final = 50_000
_ROWS_AT_ONCE: Final = 10_000
"""Of outcomes as Python has them, which take ten times as much memory as in a table."""

OutcomesOf = Callable[[int, int], Sequence[tuple[Any, ...]]]
"""Outcomes of the rows from the first number to the last, both included, each as (row, outcome, reason, http_status,
error_code, error_description, ms_correlation_id, ms_request_id, attempts, first_sent_at, completed_at)."""

FROM_POLARS: Final = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


def write_results(
    *, plan: Path, outcomes: OutcomesOf, unattempted: Reason, destination: Path, rows_at_once: int = _ROWS_AT_ONCE
) -> None:
    """Write every row of the plan once, in order, durably; `outcomes` is called in this thread.

    A row without an outcome was skipped by the plan, or else not attempted, for the reason `unattempted`.

    Raises:
        SettingsError: the destination's ending is not one that is written.
        RunFolderError: the plan could not be read or the results not written; `destination` is as it was.
    """
    ending = destination.suffix.lower()
    if ending not in WRITERS:
        raise SettingsError(
            f"results cannot be written to {destination}: its ending is {ending or '(none)'}",
            next_step=f"end the name in one of {', '.join(WRITERS)}",
        )
    try:
        with replacing(destination) as temporary:
            batches = (
                joined(planned, outcomes(planned.item(0, ROW), planned.item(-1, ROW)), unattempted)
                for batch in planned_batches(plan)
                for planned in batch.iter_slices(rows_at_once)
            )
            WRITERS[ending](batches, temporary)
    except FROM_POLARS as error:
        if destination.is_dir():
            raise RunFolderError(
                f"the results could not be written: {destination} is a folder",
                next_step="move that folder away, then write them again with `batchreset results`",
            ) from error
        raise RunFolderError(
            f"the results could not be written to {destination}: {cause(error)}",
            next_step="check that the folder exists, may be written to and has room,"
            " then write them again with `batchreset results`",
        ) from error


def planned_batches(plan: Path) -> Iterator[pl.DataFrame]:
    """The plan's rows, some at a time. Raises RunFolderError: it cannot be read."""
    try:
        rows = pl.scan_parquet(plan, glob=False)
        height = rows.select(pl.len()).collect().item()
        for offset in range(0, height, ROWS_PER_BATCH):
            yield rows.slice(offset, ROWS_PER_BATCH).collect()
    except FROM_POLARS as error:
        raise unreadable(plan, error) from error


def unreadable(plan: Path, error: Exception) -> RunFolderError:
    return RunFolderError(
        f"the plan at {plan} cannot be read; it is missing or damaged: {cause(error)}",
        next_step="restore the run's folder from a copy",
    )
