"""Where users are kept while they are read: a file without a name, so that nothing is left whatever happens.

Customers are read side by side and written one after another: the file holds pages as they came, memory only where.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO, Final, Self

import polars as pl

from batchreset.core.columns import FORCE, ROSTER
from batchreset.core.directory import UserFacts

ROWS_PER_BATCH: Final = 50_000

_SCHEMA: Final = pl.Schema({name: pl.Boolean if name == FORCE else pl.String for name in ROSTER})
_Row = tuple[str, str, bool, str, str | None, str | None, str | None, str | None]


class Spool:
    """Takes pages in any order of customers; gives them back in an order of the caller's. Raises OSError."""

    def __init__(self, *, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self._pages: dict[str, list[tuple[int, int]]] = {}
        self._rows_per_batch = rows_per_batch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, customer: str, users: Sequence[UserFacts]) -> None:
        """One page of a customer's users, after those that came before."""
        written = json.dumps([_row(customer, user) for user in users]).encode()
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(written)
        self._pages.setdefault(customer, []).append((start, len(written)))

    def batches(self, customers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """All users in the order of these customers, some thousands at a time; the last batch may be empty."""
        rows: list[_Row] = []
        for customer in customers:
            for start, length in self._pages.get(customer, ()):
                self._file.seek(start)
                rows += json.loads(self._file.read(length))
                if len(rows) >= self._rows_per_batch:
                    yield pl.DataFrame(rows, schema=_SCHEMA, orient="row")
                    rows = []
        yield pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _row(customer: str, user: UserFacts) -> _Row:
    """In the order of `core.columns.ROSTER`; everybody is to choose a password of their own at the next sign-in."""
    return (
        customer,
        user.user_id,
        True,
        user.user_principal_name,
        user.display_name or None,
        user.state or None,
        user.domain_type or None,
        user.last_sync or None,
    )
