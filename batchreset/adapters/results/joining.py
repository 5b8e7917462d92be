"""Plan rows and their outcomes, joined to the results' columns."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from batchreset.core.columns import DECISION, DECISION_SKIP, PLAN, REASON, RESULTS, ROW
from batchreset.core.outcome import Outcome, Reason, advice

_OUTCOME: Final = "outcome"
_ATTEMPTS: Final = "attempts"
_ADVICE: Final = "advice"
_ENDED: Final = "ended_reason"

_SCHEMA: Final = pl.Schema(
    {
        ROW: pl.UInt32,
        _OUTCOME: pl.String,
        _ENDED: pl.String,
        "http_status": pl.Int32,
        "error_code": pl.String,
        "error_description": pl.String,
        "ms_correlation_id": pl.String,
        "ms_request_id": pl.String,
        _ATTEMPTS: pl.Int32,
        "first_sent_at": pl.String,
        "completed_at": pl.String,
    }
)
"""The order in which the parts of an outcome are handed in."""

_ADVICE_TABLE: Final = pl.DataFrame(
    [(outcome, reason, advice(outcome, reason) or None) for outcome in Outcome for reason in Reason],
    schema={_OUTCOME: pl.String, REASON: pl.String, _ADVICE: pl.String},
    orient="row",
)


def joined(planned: pl.DataFrame, outcomes: Sequence[tuple[Any, ...]], unattempted: Reason) -> pl.DataFrame:
    """The results of some rows of the plan, in their order, with the input's further columns."""
    ended = pl.DataFrame(outcomes, schema=_SCHEMA, orient="row")
    has_ended = pl.col(_OUTCOME).is_not_null()
    is_skipped = pl.col(DECISION) == DECISION_SKIP
    results = (
        planned.lazy()
        .select(PLAN)
        .join(ended.lazy(), on=ROW, how="left", maintain_order="left", validate="1:1")
        .with_columns(
            pl.when(has_ended)
            .then(_OUTCOME)
            .when(is_skipped)
            .then(pl.lit(Outcome.SKIPPED.value))
            .otherwise(pl.lit(Outcome.NOT_ATTEMPTED.value))
            .alias(_OUTCOME),
            pl.when(has_ended)
            .then(_ENDED)
            .when(is_skipped)
            .then(REASON)
            .otherwise(pl.lit(unattempted.value))
            .alias(REASON),
            pl.col(_ATTEMPTS).fill_null(0),
        )
        .join(_ADVICE_TABLE.lazy(), on=[_OUTCOME, REASON], how="left", maintain_order="left")
        .select(RESULTS)
        .collect()
    )
    return results.hstack(planned.select(pl.exclude(PLAN)))
