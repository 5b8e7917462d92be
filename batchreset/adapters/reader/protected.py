"""Lists of accounts that must never be reset (break-glass)."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from batchreset.adapters.reader.cells import guid, trimmed_lower
from batchreset.adapters.reader.headers import UPN
from batchreset.adapters.reader.loading import WholeTable, load
from batchreset.core.columns import CUSTOMER, USER, fold
from batchreset.errors import InputError

_COLUMNS = (USER, CUSTOMER, UPN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Lower case, ids without braces. A customer stands here when a line names it and no user: all of it."""

    users: frozenset[str]
    customers: frozenset[str]
    upns: frozenset[str]


def read_protected(paths: Iterable[str]) -> Protected:
    """All lists together. A line that names a user protects that user, whatever else it says.

    Raises:
        InputError: a list cannot be read, has none of the columns, or holds something that is no id. A list that is
            half understood protects nobody, so that it stops the run.
    """
    lists = [_one_list(load(path)) for path in paths]
    return Protected(
        users=frozenset[str]().union(*(one.users for one in lists)),
        customers=frozenset[str]().union(*(one.customers for one in lists)),
        upns=frozenset[str]().union(*(one.upns for one in lists)),
    )


def _one_list(raw: WholeTable) -> Protected:
    by_folded = {fold(name): name for name in raw.frame.columns}
    found = {column: by_folded[fold(column)] for column in _COLUMNS if fold(column) in by_folded}
    if not found:
        raise InputError(
            f"The protected list {raw.shown} has none of the columns {', '.join(_COLUMNS)}; it has"
            f" {', '.join(raw.frame.columns)}",
            next_step="Name its column user-id, customer-tenant-id or userPrincipalName.",
        )
    cells = raw.frame.select(
        trimmed_lower(pl.col(found[column])).alias(column) if column in found else pl.lit(None, pl.String).alias(column)
        for column in _COLUMNS
    ).with_columns(pl.when(pl.col(column) != "").then(pl.col(column)).alias(column) for column in _COLUMNS)
    named = cells.filter(pl.any_horizontal(pl.all().is_not_null()))
    _refuse_wrong_ids(named, raw)
    if named.is_empty():
        raise InputError(
            f"The protected list {raw.shown} names nobody", next_step="Fill it, or take it off [input] protected."
        )
    ids = named.with_columns(guid(pl.col(USER)), guid(pl.col(CUSTOMER)))
    whole_customers = ids.filter(pl.col(USER).is_null() & pl.col(UPN).is_null())
    return Protected(
        users=frozenset(ids[USER].drop_nulls()),
        customers=frozenset(whole_customers[CUSTOMER].drop_nulls()),
        upns=frozenset(ids.filter(pl.col(USER).is_null())[UPN].drop_nulls()),
    )


def _refuse_wrong_ids(named: pl.DataFrame, raw: WholeTable) -> None:
    for column in (USER, CUSTOMER):
        wrong = named.filter(pl.col(column).is_not_null() & guid(pl.col(column)).is_null())[column]
        if not wrong.is_empty():
            raise InputError(
                f"The protected list {raw.shown} holds {wrong.len()} value(s) in {column} that are no GUID, such as"
                f" {wrong[0][:80]!r}",
                next_step="Correct the list: a protected account that is misspelled would be reset.",
            )
