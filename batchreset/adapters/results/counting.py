"""The results counted instead of written: the same rows, joined in the same way, in the same batches."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from batchreset.adapters.results.joining import joined
from batchreset.adapters.results.writing import FROM_POLARS, OutcomesOf, planned_batches, unreadable
from batchreset.core.columns import CUSTOMER, DECISION, DECISION_SKIP, DISPLAY_NAME, REASON, ROW, UPN, USER, fold
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.rows import (
    CUSTOMERS_SHOWN,
    Counted,
    Customer,
    Ending,
    ShownRow,
    needs_a_person,
    shown_of,
)

EndingsOf = Callable[[int, int], Sequence[tuple[int, str, str | None, int]]]
"""(row, outcome, reason, attempts) of the rows from the first number to the last, both included."""

_InFull = Callable[[pl.DataFrame], pl.DataFrame]
"""From a few rows of the plan to those of the results file."""

_OUTCOME: Final = "outcome"
_ATTEMPTS: Final = "attempts"
_NAME: Final = "name"
_COUNT: Final = "rows"
_KEY: Final = [CUSTOMER, _OUTCOME, REASON, _ATTEMPTS]
_GUID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_CUSTOMER_NAME: Final = "customerName"
_LONGEST_NAME: Final = 200
_ENDINGS: Final = pl.Schema({ROW: pl.UInt32, _OUTCOME: pl.String, "ended_reason": pl.String, _ATTEMPTS: pl.Int32})


def count_results(*, plan: Path, endings: EndingsOf, outcomes: OutcomesOf, unattempted: Reason) -> Counted:
    """Every row of the plan once, by how it ended; some rows of each ending that needs a person in full.

    Args:
        plan: `plan.parquet`.
        endings: called in this thread for each batch.
        outcomes: called for the few rows that are shown.
        unattempted: the reason of rows without an outcome that the plan did not leave out.

    Raises:
        RunFolderError: the plan could not be read.
    """
    counts = pl.DataFrame(schema={CUSTOMER: pl.String, _OUTCOME: pl.String, REASON: pl.String, _ATTEMPTS: pl.Int32,
                                  _COUNT: pl.UInt32, _NAME: pl.String})  # fmt: skip
    wanted: dict[Ending, list[ShownRow]] = {}

    def in_full(planned: pl.DataFrame) -> pl.DataFrame:
        return joined(planned, [values for row in planned[ROW] for values in outcomes(row, row)], unattempted)

    try:
        for planned in planned_batches(plan):
            rows = _ended(planned, endings(planned.item(0, ROW), planned.item(-1, ROW)), unattempted)
            counts = _added(counts, rows)
            _show_more(wanted, planned, rows, in_full=in_full)
    except FROM_POLARS as error:
        raise unreadable(plan, error) from error
    return _counted(counts, wanted)


def _ended(planned: pl.DataFrame, endings: Sequence[tuple[Any, ...]], unattempted: Reason) -> pl.DataFrame:
    """Customer (null: no GUID), outcome, reason, attempts and the customer's name of each row."""
    ended = pl.DataFrame(endings, schema=_ENDINGS, orient="row")
    is_skipped = pl.col(DECISION) == DECISION_SKIP
    has_ended = pl.col(_OUTCOME).is_not_null()
    named = _column_called(planned, _CUSTOMER_NAME)
    name = pl.col(named).str.slice(0, _LONGEST_NAME) if named else pl.lit("", pl.String)
    return (
        planned.lazy()
        .select(ROW, CUSTOMER, DECISION, REASON, name.alias(_NAME))
        .join(ended.lazy(), on=ROW, how="left", maintain_order="left", validate="1:1")
        .select(
            ROW,
            pl.when(pl.col(CUSTOMER).str.contains(_GUID)).then(CUSTOMER).alias(CUSTOMER),
            pl.when(has_ended)
            .then(_OUTCOME)
            .when(is_skipped)
            .then(pl.lit(Outcome.SKIPPED.value))
            .otherwise(pl.lit(Outcome.NOT_ATTEMPTED.value))
            .alias(_OUTCOME),
            pl.when(has_ended)
            .then("ended_reason")
            .when(is_skipped)
            .then(REASON)
            .otherwise(pl.lit(unattempted.value))
            .alias(REASON),
            pl.col(_ATTEMPTS).fill_null(0),
            _NAME,
        )
        .collect()
    )


def _added(counts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    more = rows.group_by(_KEY).agg(pl.len().cast(pl.UInt32).alias(_COUNT), pl.col(_NAME).first())
    both = pl.concat([counts, more])
    return both.group_by(_KEY).agg(pl.col(_COUNT).sum(), pl.col(_NAME).first())


def _show_more(
    wanted: dict[Ending, list[ShownRow]], planned: pl.DataFrame, rows: pl.DataFrame, *, in_full: _InFull
) -> None:
    """The first few rows of each ending that needs a person, as far as there are not enough of them yet."""
    for outcome, reason in rows.select(_OUTCOME, REASON).unique(maintain_order=True).iter_rows():
        ending = Outcome(outcome), Reason(reason) if reason else None
        missing = shown_of(ending[0]) - len(wanted.get(ending, ()))
        if needs_a_person(*ending) and missing:
            alike = (pl.col(_OUTCOME) == outcome) & pl.col(REASON).eq_missing(pl.lit(reason))
            numbers = rows.filter(alike)[ROW].head(missing)
            full = in_full(planned.filter(pl.col(ROW).is_in(numbers.implode())))
            wanted.setdefault(ending, []).extend(_shown(values, planned) for values in full.iter_rows(named=True))


def _shown(values: Mapping[str, Any], planned: pl.DataFrame) -> ShownRow:
    name = _column_called(planned, _CUSTOMER_NAME)
    who = _column_called(planned, UPN) or _column_called(planned, DISPLAY_NAME)
    return ShownRow(
        row=values[ROW],
        customer=values[CUSTOMER] or "",
        customer_name=(values[name] or "") if name else "",
        user=values[USER] or "",
        who=(values[who] or "") if who else "",
        http_status=values["http_status"],
        error_code=values["error_code"] or "",
        error_description=values["error_description"] or "",
        correlation_id=values["ms_correlation_id"] or "",
        attempts=values[_ATTEMPTS],
    )


def _column_called(planned: pl.DataFrame, name: str) -> str | None:
    """The input's column of this name, in any spelling; only one that holds text."""
    return next(
        (found for found, kind in planned.schema.items() if fold(found) == fold(name) and kind == pl.String), None
    )


def _counted(counts: pl.DataFrame, wanted: Mapping[Ending, Sequence[ShownRow]]) -> Counted:
    endings: Counter[Ending] = Counter()
    for outcome, reason, rows in counts.group_by(_OUTCOME, REASON).agg(pl.col(_COUNT).sum()).iter_rows():
        endings[Outcome(outcome), Reason(reason) if reason else None] += rows
    attempts = counts.group_by(_ATTEMPTS).agg(pl.col(_COUNT).sum()).sort(_ATTEMPTS)
    customers, others, number = _by_customer(counts)
    return Counted(
        endings=endings,
        attempts=dict(attempts.iter_rows()),
        customers=customers,
        customer_count=number,
        others=others,
        shown={ending: tuple(rows) for ending, rows in wanted.items()},
    )


def _by_customer(counts: pl.DataFrame) -> tuple[tuple[Customer, ...], Customer | None, int]:
    """Those with most to look at first, then the largest; the others together, and how many have an id."""
    each = (
        counts.group_by(CUSTOMER)
        .agg(
            *(pl.col(_COUNT).filter(pl.col(_OUTCOME) == one.value).sum().alias(one.value) for one in Outcome),
            (pl.col(_COUNT).cast(pl.Int64) * pl.col(_ATTEMPTS)).sum().alias(_ATTEMPTS),
            pl.col(_COUNT).sum(),
            pl.col(_NAME).drop_nulls().first(),
        )
        .sort(
            pl.col(Outcome.FAILED.value) + pl.col(Outcome.IN_DOUBT.value), _COUNT, CUSTOMER,
            descending=[True, True, False], nulls_last=True,
        )
    )  # fmt: skip
    shown = tuple(_customer(values) for values in each.head(CUSTOMERS_SHOWN).iter_rows(named=True))
    rest = each.slice(CUSTOMERS_SHOWN)
    together = rest.drop(CUSTOMER, _NAME).sum().with_columns(pl.lit(None).alias(CUSTOMER), pl.lit(None).alias(_NAME))
    others = _customer(together.row(0, named=True)) if rest.height else None
    return shown, others, each.height - each[CUSTOMER].null_count()


def _customer(values: Mapping[str, Any]) -> Customer:
    return Customer(
        tenant_id=values[CUSTOMER] or "",
        name=values[_NAME] or "",
        outcomes={one: values[one.value] for one in Outcome},
        attempts=values[_ATTEMPTS],
    )
