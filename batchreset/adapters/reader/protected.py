"""Accounts that must never be reset (break-glass): named one by one, or in lists."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.reader.cells import ZERO_GUID, guid, trimmed_lower
from batchreset.adapters.reader.headers import listed
from batchreset.adapters.reader.kinds import TABLE_ENDINGS
from batchreset.adapters.reader.loading import WholeTable, load
from batchreset.adapters.reader.problems import printable
from batchreset.core.columns import CUSTOMER, UPN, USER, fold
from batchreset.core.protection import Protected
from batchreset.errors import InputError

_COLUMNS: Final = (USER, CUSTOMER, UPN)
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CORRECT: Final = "correct the list: a protected account that is misspelled would be reset"
_NAME: Final = re.compile(r"(?!')[\w'.#^~!+&-]+@[\w-]+(?:\.[\w-]+)+")
"""Letters and digits of any script and the marks that Entra allows; nothing that cannot be seen."""


def read_protected(entries: Iterable[str]) -> Protected:
    """All entries together: ids, principal names, and files of them.

    Raises:
        InputError: a list cannot be read, has none of the columns, or holds something that is no id. A list that is
            half understood protects nobody, so that it stops the run.
    """
    protected = Protected()
    for entry in entries:
        inline = _named_inline(entry)
        protected |= _one_list(_loaded(entry)) if inline is None else inline
    return protected


def _loaded(entry: str) -> WholeTable:
    try:
        return load(entry)
    except InputError as error:
        # Told from the input, which is read in the same way.
        raise InputError(
            f"the protected list {entry} ([input] protected){_said_of(entry, error.what)}",
            next_step=error.next_step,
            details=error.details,
        ) from error


def _said_of(entry: str, what: str) -> str:
    return what.removeprefix(entry) if what.startswith(f"{entry} ") else f" cannot be used: {what}"


def fixed_entry(entry: str) -> str:
    """The entry so that it means the same from every folder: a file by its absolute path."""
    return entry if _named_inline(entry) is not None else str(Path(entry).expanduser().absolute())


def _named_inline(entry: str) -> Protected | None:
    """Whom the entry itself names; None: it is a file's path."""
    text = entry.strip().lower()
    bare = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if _GUID.fullmatch(bare) and bare != ZERO_GUID:
        return Protected(users=frozenset({bare}), customers=frozenset({bare}))
    # A list that is not there must not pass for a name that nobody has, even with an @ in its own name.
    if _NAME.fullmatch(text) and not text.endswith(TABLE_ENDINGS) and not os.path.lexists(entry):
        return Protected(names=frozenset({text}))
    return None


def _one_list(raw: WholeTable) -> Protected:
    by_folded = {fold(name): name for name in raw.frame.columns}
    found = {column: by_folded[fold(column)] for column in _COLUMNS if fold(column) in by_folded}
    if not found:
        raise InputError(
            f"the protected list {raw.shown} has none of the columns {', '.join(_COLUMNS)}; it has"
            f" {listed(raw.frame.columns)}",
            next_step="name its column user-id, customer-tenant-id or userPrincipalName",
        )
    cells = raw.frame.select(
        trimmed_lower(pl.col(found[column])).alias(column) if column in found else pl.lit(None, pl.String).alias(column)
        for column in _COLUMNS
    ).with_columns(pl.when(pl.col(column) != "").then(pl.col(column)).alias(column) for column in _COLUMNS)
    named = cells.filter(pl.any_horizontal(pl.all().is_not_null()))
    _refuse_wrong_ids(named, raw)
    if named.is_empty():
        raise InputError(
            f"the protected list {raw.shown} names nobody", next_step="fill it, or take it off [input] protected"
        )
    ids = named.with_columns(guid(pl.col(USER)), guid(pl.col(CUSTOMER)))
    whole_customers = ids.filter(pl.col(USER).is_null() & pl.col(UPN).is_null())
    return Protected(
        users=frozenset(ids[USER].drop_nulls()),
        customers=frozenset(whole_customers[CUSTOMER].drop_nulls()),
        names=frozenset(ids.filter(pl.col(USER).is_null())[UPN].drop_nulls()),
    )


def _first_of(wrong: Sequence[str]) -> str:
    more = len(wrong) - 1
    return printable(wrong[0]) + (f" and {more:,} more" if more else "")


def _refuse_wrong_ids(named: pl.DataFrame, raw: WholeTable) -> None:
    for column in (USER, CUSTOMER):
        wrong = named.filter(pl.col(column).is_not_null() & guid(pl.col(column)).is_null())[column]
        if not wrong.is_empty():
            raise InputError(
                f"the protected list {raw.shown} holds in column {column} what is no GUID:"
                f" {_first_of(wrong.to_list())}",
                next_step=_CORRECT,
            )
    no_names = [name for name in named[UPN].drop_nulls().unique(maintain_order=True) if not _NAME.fullmatch(name)]
    if no_names:
        raise InputError(
            f"the protected list {raw.shown} holds in column {UPN} what is no name@domain: {_first_of(no_names)}",
            next_step=_CORRECT,
        )
