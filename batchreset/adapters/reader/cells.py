"""What a cell means, as expressions over a whole column: null where it means nothing."""

from collections.abc import Set as AbstractSet
from typing import Final

import polars as pl

_GUID: Final = r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z"
ZERO_GUID: Final = "00000000-0000-0000-0000-000000000000"
_TRUE: Final = ("true", "yes", "1", "1.0")
_FALSE: Final = ("false", "no", "0", "0.0")
"""The last as programs write a column of numbers with gaps."""

EXPECTED_GUID: Final = "a GUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301, not all zero"
EXPECTED_FLAG: Final = "true or false, yes or no, 1 or 0"


def trimmed_lower(cell: pl.Expr) -> pl.Expr:
    return cell.str.strip_chars().str.to_lowercase()


def guid(cell: pl.Expr) -> pl.Expr:
    """Lower case, without braces."""
    return cell.map_batches(_guids, return_dtype=pl.String)


def _guids(cells: pl.Series) -> pl.Series:
    """Nearly all are as they are wanted; only the others are worked on."""
    wanted = cells.str.contains(_GUID).fill_null(value=False)
    if not wanted.all():
        others = cells.filter(~wanted)
        cells = cells.scatter(wanted.not_().arg_true(), pl.select(_respelled(pl.lit(others))).to_series())
    return cells.replace(ZERO_GUID, None)


def _respelled(cell: pl.Expr) -> pl.Expr:
    text = trimmed_lower(cell)
    braced = text.str.starts_with("{") & text.str.ends_with("}")
    bare = pl.when(braced).then(text.str.strip_prefix("{").str.strip_suffix("}")).otherwise(text)
    return pl.when(bare.str.contains(_GUID)).then(bare)


def flag(cell: pl.Expr) -> pl.Expr:
    """True for an empty cell: the user chooses a new password at the next sign-in."""
    text = trimmed_lower(cell).fill_null("")
    return pl.when(text.is_in(["", *_TRUE])).then(pl.lit(value=True)).when(text.is_in(_FALSE)).then(pl.lit(value=False))


def among(cell: pl.Expr, values: AbstractSet[str]) -> pl.Expr:
    """False for null."""
    return cell.is_in(pl.Series(sorted(values), dtype=pl.String).implode()).fill_null(value=False)
