"""What rows of the same account mean for one another: duplicates, clashing flags, one of them protected.

Only accounts that come more than once are looked at, and they are found by a hash: few rows of a sound input, all of
them compared by what they are.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from batchreset.adapters.reader.batch import KEY, PROTECTED
from batchreset.adapters.reader.parts import Parts
from batchreset.core.columns import CUSTOMER, FORCE, REASON, ROW, USER
from batchreset.core.outcome import Reason

CHANGES: Final = pl.Schema({ROW: pl.UInt32, REASON: pl.String})
"""Rows whose reason is another than they have by themselves."""

_COLUMNS: Final = (ROW, CUSTOMER, USER, FORCE, REASON)


def repeated_rows(rows: Parts, beside: Parts, keys: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows whose account seems to come more than once, with what stands beside them."""
    key = pl.concat(keys)[KEY]
    repeated = key.is_duplicated() & key.is_not_null()
    found, start = [], 0
    for index, height in enumerate(rows.heights):
        here = repeated.slice(start, height)
        start += height
        if here.any() or not index:
            found.append(rows.frame(index, _COLUMNS).hstack(beside.frame(index)).filter(here))
    return pl.concat(found)


def with_accounts(repeated: pl.DataFrame) -> pl.DataFrame:
    """Beside each of `repeated_rows`, what its account is in all its rows.

    That is the first valid row, the first of either flag, whether flags clash, and whether one of them says protected.
    """
    valid = pl.col(REASON).is_null() | (pl.col(REASON) != Reason.INVALID.value)
    accounts = repeated.group_by(CUSTOMER, USER).agg(
        first_true=pl.col(ROW).filter(valid & pl.col(FORCE)).min(),
        first_false=pl.col(ROW).filter(valid & ~pl.col(FORCE)).min(),
        account_protected=pl.col(PROTECTED).any(),
    )
    first_true, first_false = pl.col("first_true"), pl.col("first_false")
    return repeated.join(accounts, on=[CUSTOMER, USER], how="left", maintain_order="left").with_columns(
        valid=valid,
        first_row=pl.min_horizontal(first_true, first_false),
        clash=first_true.is_not_null() & first_false.is_not_null(),
    )


def changed_reasons(accounts: pl.DataFrame) -> pl.DataFrame:
    """CHANGES. Invalid beats protected, and protected beats duplicate."""
    reason = (
        pl.when(~pl.col("valid") | pl.col("clash"))
        .then(pl.lit(Reason.INVALID.value))
        .when(pl.col("account_protected"))
        .then(pl.lit(Reason.PROTECTED.value))
        .when(pl.col(ROW) != pl.col("first_row"))
        .then(pl.lit(Reason.DUPLICATE.value))
    )
    return accounts.select(ROW, reason.alias(REASON)).filter(pl.col(REASON).is_not_null()).cast(CHANGES)
