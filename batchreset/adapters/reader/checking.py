"""Every row is checked, decided on and numbered: what will be reset, what not, and why.

The rows pass once, some 100,000 at a time; each batch is put aside on disk, and what rows mean for one another is
settled afterwards.
"""

from pathlib import Path

import polars as pl

from batchreset.adapters.reader.accounts import changed_reasons, repeated_rows, with_accounts
from batchreset.adapters.reader.batch import read_batch
from batchreset.adapters.reader.checked import CheckedInput
from batchreset.adapters.reader.findings import finding_of_clashes, findings_in_cells, problems_in
from batchreset.adapters.reader.headers import further, known
from batchreset.adapters.reader.loading import RawTable
from batchreset.adapters.reader.parts import Parts
from batchreset.adapters.reader.problems import InvalidRowsError, Problems
from batchreset.adapters.reader.rules import Rules
from batchreset.core.columns import ROW, UPN
from batchreset.errors import PlanRefusedError


def check(raw: RawTable, rules: Rules, *, room: Path) -> CheckedInput:
    """Check every row, and decide on every row.

    An account is (customer, user). It is protected when any of its rows says so; invalid beats protected, and
    protected beats duplicate. Rows of one account with different flags are all invalid.

    Args:
        raw: read to its end here.
        rules: what holds.
        room: an empty folder for what is put aside; it must stay as long as the answer is used.

    Raises:
        InputError: a required column is missing, or the table cannot be read to its end.
        InvalidRowsError: rows have problems and `rules.on_invalid` is "stop".
        PlanRefusedError: too many rows, or nothing left to reset.
        RunFolderError: `room` cannot be written.
    """
    shown = raw.shown
    headers = known(raw.headers, shown)
    own = {header for name, header in headers.items() if name != UPN}
    carried = further([header for header in raw.headers if header not in own])
    rows, beside, of_cells = (Parts(folder=room, name=name) for name in ("rows", "beside", "problems"))
    keys: list[pl.DataFrame] = []
    findings = findings_in_cells(rules, has_upn=UPN in headers)
    count = 0
    for frame in raw.batches:
        _refuse_too_many(count + frame.height, rules, shown)
        batch = read_batch(frame, first_row=count + 1, headers=headers, rules=rules, findings=findings)
        rows.add(batch.rows.hstack(frame.select(pl.col(old).alias(new) for old, new in carried.items())))
        beside.add(batch.beside)
        of_cells.add(batch.problems)
        keys.append(batch.keys)
        count += frame.height

    accounts = with_accounts(repeated_rows(rows, beside, keys))
    problems = Problems(
        of_cells=of_cells,
        of_accounts=problems_in(accounts, [finding_of_clashes()], headers),
        heights=rows.heights,
    )
    if problems.count and rules.on_invalid == "stop":
        raise InvalidRowsError(shown, problems)
    return CheckedInput(
        rows=rows,
        changes=changed_reasons(accounts).sort(ROW),
        problems=problems,
        source=raw.source,
        sha256=raw.sha256,
    ).with_rows_to_reset()


def _refuse_too_many(rows: int, rules: Rules, shown: str) -> None:
    if rows > rules.max_rows:
        raise PlanRefusedError(
            f"{shown} has more than {rules.max_rows:,} rows, which max_rows under [input] allows",
            next_step="raise max_rows if so many users really are to be reset; if not, look for the right input",
        )
