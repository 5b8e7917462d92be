"""Every row is checked, decided on and numbered: what will be reset, what not, and why.

The rows pass once, 25,000 at a time; each batch is put aside on disk, and what rows mean for one another is
settled afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.reader.accounts import Changes, repeated_rows, settled
from batchreset.adapters.reader.batch import FLAG_FOUND, KEY, read_batch
from batchreset.adapters.reader.checked import CheckedInput
from batchreset.adapters.reader.findings import finding_of_clashes, findings_in_cells, problems_in
from batchreset.adapters.reader.headers import further, known
from batchreset.adapters.reader.loading import RawTable
from batchreset.adapters.reader.partitions import PARTITION, Partitions, Sizes
from batchreset.adapters.reader.parts import Parts
from batchreset.adapters.reader.problems import InvalidRowsError, Problems
from batchreset.adapters.reader.rules import Rules
from batchreset.core.columns import FORCE, ROW, UPN
from batchreset.errors import PlanRefusedError

_SIZES: Final = Sizes()


def check(raw: RawTable, rules: Rules, *, room: Path, sizes: Sizes = _SIZES) -> CheckedInput:
    """Check every row, and decide on every row.

    An account is (customer, user). It is protected when any of its rows says so; invalid beats protected, and
    protected beats duplicate. Rows of one account with different flags are all invalid.

    Args:
        raw: read to its end here.
        rules: what holds.
        room: an empty folder for what is put aside; it must stay as long as the answer is used.
        sizes: how much of it is in memory at once.

    Raises:
        InputError: a required column is missing, or the table cannot be read to its end.
        InvalidRowsError: rows have problems and `rules.on_invalid` is "stop".
        PlanRefusedError: too many rows, or nothing left to reset.
        RunFolderError: `room` cannot be written.
    """
    headers = known(raw.headers, raw.shown)
    aside = _put_aside(raw, rules, headers, room=room, sizes=sizes)
    repeated = repeated_rows(aside.keys, sum(aside.rows.heights))
    aside.keys.clear()
    changes = settled(aside.rows, aside.beside, repeated, sizes)
    for index, cells in _clashing(aside.rows, aside.beside, changes):
        more = problems_in(cells, [finding_of_clashes()], headers)
        aside.problems.replace(index, pl.concat([aside.problems.frame(index), more]).sort("row", maintain_order=True))
    problems = Problems(parts=aside.problems)
    if problems.count and rules.on_invalid == "stop":
        raise InvalidRowsError(raw.shown, problems)
    return CheckedInput(
        rows=aside.rows,
        changes=changes,
        problems=problems,
        source=raw.source,
        sha256=raw.sha256,
        sizes=sizes,
    ).with_rows_to_reset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aside:
    """The rows that have passed, each checked by itself; see `Batch` for what the parts hold."""

    rows: Parts
    beside: Parts
    problems: Parts
    keys: Partitions


def _put_aside(raw: RawTable, rules: Rules, headers: Mapping[str, str], *, room: Path, sizes: Sizes) -> _Aside:
    own = {header for name, header in headers.items() if name != UPN}
    carried = further([header for header in raw.headers if header not in own])
    findings = findings_in_cells(rules, has_upn=UPN in headers)
    rows, beside, problems = (Parts(folder=room, name=name) for name in ("rows", "beside", "problems"))
    keys = Partitions(folder=room, name="keys", rows_at_once=sizes.keys)
    count = 0
    for frame in raw.batches:
        _refuse_too_many(count + frame.height, rules, raw.shown)
        batch = read_batch(frame, first_row=count + 1, headers=headers, rules=rules, findings=findings)
        rows.add(batch.rows.hstack(frame.select(pl.col(old).alias(new) for old, new in carried.items())))
        beside.add(batch.beside)
        problems.add(batch.problems)
        keys.add(batch.keys.with_columns((pl.col(KEY) % sizes.partitions).cast(pl.UInt32).alias(PARTITION)))
        count += frame.height
    return _Aside(rows=rows, beside=beside, problems=problems, keys=keys)


def _clashing(rows: Parts, beside: Parts, changes: Changes) -> Iterator[tuple[int, pl.DataFrame]]:
    """The cells of each batch that has rows that clash, with its number."""
    first_row = 1
    for index, height in enumerate(rows.heights):
        others = changes.clashing(first_row, height)
        first_row += height
        if others is not None:
            cells = rows.frame(index, (ROW, FORCE)).hstack(beside.frame(index, (FLAG_FOUND,)))
            yield index, cells.with_columns(others).rename({ROW: "row"})


def _refuse_too_many(rows: int, rules: Rules, shown: str) -> None:
    if rows > rules.max_rows:
        raise PlanRefusedError(
            f"{shown} has more than {rules.max_rows:,} rows, which max_rows under [input] allows",
            next_step="raise max_rows if so many users really are to be reset; if not, look for the right input",
        )
