"""One batch of rows: what its cells mean, and what is decided of each row by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from batchreset.adapters.reader.cells import among, flag, guid, trimmed_lower
from batchreset.adapters.reader.findings import Finding, problems_in
from batchreset.adapters.reader.rules import Rules
from batchreset.core.columns import CUSTOMER, FORCE, REASON, ROW, UPN, USER
from batchreset.core.outcome import Reason

FLAG_FOUND: Final = "flag_found"
PROTECTED: Final = "protected"
KEY: Final = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a batch of rows leaves behind; `rows` and `beside` are of its height.

    Attributes:
        rows: row, customer, user, flag and the reason why a row is left out by what it says itself; ids as found where
            they are wrong.
        beside: FLAG_FOUND, the flag's cell, and PROTECTED, whether the row says that its account is.
        keys: ROW and KEY, a hash of the account, of the rows that have one.
        problems: as `problems_in` gives them.
    """

    rows: pl.DataFrame
    beside: pl.DataFrame
    keys: pl.DataFrame
    problems: pl.DataFrame


def read_batch(
    frame: pl.DataFrame, *, first_row: int, headers: Mapping[str, str], rules: Rules, findings: Sequence[Finding]
) -> Batch:
    """`frame` is of text; its first row is number `first_row` of the input."""
    cells = _cells(frame, first_row, headers, rules).with_columns(
        valid=~pl.any_horizontal(finding.wrong for finding in findings)
    )
    has_account = pl.col("customer").is_not_null() & pl.col("user").is_not_null()
    reason = (
        pl.when(~pl.col("valid"))
        .then(pl.lit(Reason.INVALID.value))
        .when(pl.col("protected"))
        .then(pl.lit(Reason.PROTECTED.value))
    )
    return Batch(
        rows=cells.select(
            pl.col("row").alias(ROW),
            pl.coalesce("customer", "customer_found").alias(CUSTOMER),
            pl.coalesce("user", "user_found").alias(USER),
            pl.col("flag").alias(FORCE),
            reason.alias(REASON),
        ),
        beside=cells.select(FLAG_FOUND, PROTECTED),
        keys=cells.filter(has_account).select(
            pl.col("row").alias(ROW), pl.struct("customer", "user").hash().alias(KEY)
        ),
        problems=problems_in(cells, findings, headers),
    )


def _cells(frame: pl.DataFrame, first_row: int, headers: Mapping[str, str], rules: Rules) -> pl.DataFrame:
    """Cells as found and what they mean, under names of this module's own."""

    def cell(name: str) -> pl.Expr:
        return pl.col(headers[name]) if name in headers else pl.lit(None, dtype=pl.String)

    found = frame.select(
        row=pl.int_range(first_row, first_row + pl.len(), dtype=pl.UInt32),
        customer_found=cell(CUSTOMER),
        user_found=cell(USER),
        flag_found=cell(FORCE),
        upn_found=cell(UPN),
    )
    return found.with_columns(
        customer=guid(pl.col("customer_found")),
        user=guid(pl.col("user_found")),
        flag=flag(pl.col("flag_found")),
        upn=trimmed_lower(pl.col("upn_found")) if rules.upns else pl.col("upn_found"),
    ).with_columns(
        protected=among(pl.col("customer"), rules.protected_customers)
        | among(pl.col("user"), rules.protected_users)
        | among(pl.col("upn"), rules.upns)
    )
