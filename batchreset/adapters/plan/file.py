"""`plan.parquet`: written once, then only read."""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from batchreset.adapters.plan.queue import RowQueue
from batchreset.core.columns import (
    CUSTOMER,
    DECISION,
    DECISION_RESET,
    DISPLAY_NAMES,
    FORCE,
    ORGANISATIONS,
    PLAN,
    PRINCIPAL_NAMES,
    REASON,
    ROW,
    UPN,
    USER,
    fold,
)
from batchreset.core.handover import Person
from batchreset.core.row_set import RowSet
from batchreset.durable import replacing
from batchreset.errors import RunFolderError, cause

ROWS_PER_GROUP: Final = 50_000
"""A row group is the smallest piece that can be read alone: as much as a reader wants in memory at once."""

_PLAN_AGAIN: Final = "plan again, under another run id, only if nobody was reset yet"
_SCHEMA: Final = pl.Schema(
    {
        ROW: pl.UInt32,
        CUSTOMER: pl.String,
        USER: pl.String,
        FORCE: pl.Boolean,
        DECISION: pl.String,
        REASON: pl.String,
    }
)
ROWS_PER_SLICE: Final = 10_000
_FROM_POLARS: Final = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


class Plan:
    """A plan as it was frozen. It stays on disk: read for each question, and only the columns that it needs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def last_row(self) -> int:
        """The highest number of a row, of all rows of the input; 0: there is none. Raises RunFolderError."""
        with _damage_translated(self._path):
            return self._all().select(pl.col(ROW).max()).collect().item() or 0

    def rows_per_customer(self) -> dict[str, int]:
        """Rows to be reset of each customer, in the order of their first rows. Raises RunFolderError."""
        rows: Counter[str] = Counter()
        for batch in self._to_reset(CUSTOMER):
            rows.update(dict(batch.group_by(CUSTOMER, maintain_order=True).len().iter_rows()))
        return dict(rows)

    def accounts(self) -> Iterator[list[tuple[int, str, str]]]:
        """(row, customer, user) of the rows to be reset, in the input's order, some thousands at a time.

        Raises RunFolderError.
        """
        for batch in self._to_reset(ROW, CUSTOMER, USER):
            for part in batch.iter_slices(ROWS_PER_SLICE):
                yield part.rows()

    def people(self) -> Iterator[list[Person]]:
        """The same rows, with what the input's further columns call them. Raises RunFolderError."""
        with _damage_translated(self._path):
            schema = self._all().collect_schema()
            texts = {fold(name): name for name, kind in list(schema.items())[len(PLAN) :] if kind == pl.String}
            names = [_first_of(texts, wanted) for wanted in (PRINCIPAL_NAMES, DISPLAY_NAMES, ORGANISATIONS)]
        named = [name.alias(str(index)) for index, name in enumerate(names)]
        for batch in self._to_reset(ROW, CUSTOMER, USER, FORCE, *named):
            for part in batch.iter_slices(ROWS_PER_SLICE):
                yield [_person(*values) for values in part.iter_rows()]

    def rows_of(self, customer: str) -> Iterator[list[int]]:
        """The numbers of one customer's rows that are to be reset, some thousands at a time. Raises RunFolderError."""
        for batch in self._to_reset(pl.col(ROW).filter(pl.col(CUSTOMER) == customer)):
            for part in batch.iter_slices(ROWS_PER_SLICE):
                yield part[ROW].to_list()

    def users_named(self, names: AbstractSet[str]) -> frozenset[str]:
        """The ids of the users to be reset whom the input calls by one of these principal names (lower case).

        Raises RunFolderError.
        """
        with _damage_translated(self._path):
            header = next((name for name in self._all().collect_schema() if fold(name) == fold(UPN)), None)
        if header is None:
            return frozenset()
        wanted = pl.Series(sorted(names), dtype=pl.String).implode()
        is_named = pl.col(header).str.strip_chars().str.to_lowercase().is_in(wanted)
        return frozenset(user for batch in self._to_reset(pl.col(USER).filter(is_named)) for user in batch[USER])

    def queue(self, *, done: RowSet, single_lane: bool) -> RowQueue:
        """The rows to be reset that are not in `done`; one lane a customer, or one for all. To be closed.

        Raises RunFolderError.
        """
        rows = self._to_reset(ROW, CUSTOMER, USER, FORCE)
        return RowQueue(rows, self._path.parent, done=done, single_lane=single_lane)

    def _to_reset(self, *columns: str | pl.Expr) -> Iterator[pl.DataFrame]:
        """Of the rows to be reset, a row group of the file at a time: what streams keeps many groups at once."""
        with _damage_translated(self._path):
            height = self._all().select(pl.len()).collect().item()
            for first in range(0, height, ROWS_PER_GROUP):
                group = self._all().slice(first, ROWS_PER_GROUP)
                yield group.filter(pl.col(DECISION) == DECISION_RESET).select(*columns).collect()

    def _all(self) -> pl.LazyFrame:
        return pl.scan_parquet(self._path, glob=False)


def _first_of(texts: Mapping[str, str], wanted: Iterable[str]) -> pl.Expr:
    found = next((texts[fold(name)] for name in wanted if fold(name) in texts), None)
    return pl.lit("") if found is None else pl.col(found).fill_null("").str.strip_chars()


def _person(  # noqa: PLR0917  a row's values, in their order
    row: int, customer: str, user: str, force: bool, principal_name: str, display_name: str, organisation: str,  # noqa: FBT001
) -> Person:  # fmt: skip
    return Person(
        row=row,
        customer_tenant_id=customer,
        user_id=user,
        force_change=force,
        principal_name=principal_name,
        display_name=display_name,
        organisation=organisation,
    )


def freeze(batches: Iterable[pl.DataFrame], path: Path) -> str:
    """Write the plan durably, some rows at a time; its file's SHA-256, hex.

    Args:
        batches: at least one; the plan's columns, then the input's further ones.
        path: of `plan.parquet`.

    Raises:
        RunFolderError: it could not be written; nothing is left behind.
    """
    rest = iter(batches)
    first = next(rest)

    def read(
        _columns: list[str] | None, _predicate: pl.Expr | None, _most: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield first
        yield from rest

    try:
        with replacing(path) as temporary:
            rows = register_io_source(read, schema=first.schema)
            rows.sink_parquet(temporary, compression="zstd", row_group_size=ROWS_PER_GROUP)
            with temporary.open("rb") as written:
                return hashlib.file_digest(written, "sha256").hexdigest()
    except _FROM_POLARS as error:
        raise RunFolderError(
            f"the plan could not be written to {path}: {cause(error)}",
            next_step="check that the folder exists, may be written to and has room, then plan again",
        ) from error


def open_plan(path: Path) -> Plan:
    """A plan, ready to be read.

    Raises:
        RunFolderError: there is none, it is damaged, or is of another version's making.
    """
    with _damage_translated(path), path.open("rb") as file:
        schema = pl.read_parquet_schema(file)
    if pl.Schema(list(schema.items())[: len(PLAN)]) != _SCHEMA:
        raise RunFolderError(
            f"the plan at {path} does not have a plan's columns; another version or program wrote it",
            next_step=f"use the version that made the run; {_PLAN_AGAIN}",
        )
    return Plan(path)


@contextlib.contextmanager
def _damage_translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise RunFolderError(
            f"there is no plan at {path}",
            next_step=f"check the run's id or path, or restore its folder from a copy; {_PLAN_AGAIN}",
        ) from error
    except _FROM_POLARS as error:
        raise RunFolderError(
            f"the plan at {path} cannot be read; the file is damaged, or may not be opened: {cause(error)}",
            next_step=f"restore the run's folder from a copy; {_PLAN_AGAIN}",
        ) from error
