"""Rows that are left out after the input was checked, for what was found of their accounts elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from batchreset.adapters.reader.checking import CheckedInput, accounts_sha256, refuse_nothing_left
from batchreset.core.columns import CUSTOMER, DECISION, DECISION_RESET, DECISION_SKIP, REASON, ROW, USER
from batchreset.core.outcome import Reason

ROWS_AT_ONCE: Final = 10_000


def accounts_to_reset(checked: CheckedInput) -> Iterator[list[tuple[int, str, str]]]:
    """(row, customer, user) of the rows that are to be reset, in their order, some thousands at a time."""
    accounts = checked.frame.lazy().filter(pl.col(DECISION) == DECISION_RESET).select(ROW, CUSTOMER, USER).collect()
    for some in accounts.iter_slices(ROWS_AT_ONCE):
        yield some.rows()


def without(checked: CheckedInput, reasons: Mapping[int, Reason]) -> CheckedInput:
    """The same input with these rows skipped. Raises PlanRefusedError when nothing is left to reset."""
    left_out = pl.DataFrame(
        {ROW: list(reasons), "why": [reason.value for reason in reasons.values()]},
        schema={ROW: checked.frame.schema[ROW], "why": pl.String},
    )
    frame = (
        checked.frame.join(left_out, on=ROW, how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("why").is_not_null()).then(pl.lit(DECISION_SKIP)).otherwise(DECISION).alias(DECISION),
            pl.coalesce("why", REASON).alias(REASON),
        )
        .drop("why")
    )
    counts = dict(frame.group_by(REASON).len().iter_rows())
    reset_count = counts.pop(None, 0)
    skipped = {reason: counts[reason] for reason in Reason if reason in counts}
    if not reset_count:
        refuse_nothing_left(skipped, checked.source)
    return replace(
        checked, frame=frame, reset_count=reset_count, skipped=skipped, accounts_sha256=accounts_sha256(frame)
    )
