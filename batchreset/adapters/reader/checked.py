"""A checked input: its rows as they will be planned, read from what was put aside."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

import polars as pl

from batchreset.adapters.reader.accounts import Changes
from batchreset.adapters.reader.fingerprint import fingerprint
from batchreset.adapters.reader.opening import name_shown
from batchreset.adapters.reader.partitions import Sizes
from batchreset.adapters.reader.parts import Parts
from batchreset.adapters.reader.problems import Problems
from batchreset.core.columns import CUSTOMER, DECISION, DECISION_RESET, DECISION_SKIP, PLAN, REASON, ROW, USER
from batchreset.core.outcome import Reason
from batchreset.errors import PlanRefusedError

ACCOUNTS_PER_SLICE: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class CheckedInput:
    """What is to be done, ready to be frozen.

    Attributes:
        rows: put aside; the reason is what each row says by itself.
        changes: rows whose reason is another.
        problems: what was found wrong.
        source: the path as it was given.
        sha256: of the input's bytes, hex.
        sizes: how much of it is in memory at once.
    """

    rows: Parts
    changes: Changes
    problems: Problems
    source: str
    sha256: str
    sizes: Sizes

    def leaving_out(self, reasons: Mapping[int, Reason]) -> Self:
        """The same, with these rows skipped too. Raises PlanRefusedError: nothing is left to reset."""
        return replace(self, changes=self.changes.with_reasons(reasons, self.row_count)).with_rows_to_reset()

    def with_rows_to_reset(self) -> Self:
        """Itself. Raises PlanRefusedError: nothing is left to reset."""
        if not self.reset_count:
            counts = ", ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
            raise PlanRefusedError(
                f"no account of {name_shown(self.source)} is left to reset: {counts}",
                next_step="check that this is the right input, and the protected list and customers that apply to it",
            )
        return self

    @property
    def row_count(self) -> int:
        return sum(self.rows.heights)

    @property
    def reset_count(self) -> int:
        """Rows to be reset."""
        return self._endings.get(None, 0)

    @property
    def skipped(self) -> dict[Reason, int]:
        """Rows left out, by reason; reasons without rows are not in it."""
        return {reason: self._endings[reason.value] for reason in Reason if reason.value in self._endings}

    @cached_property
    def _endings(self) -> Counter[str | None]:
        counts: Counter[str | None] = Counter()
        for frame in self._decided((REASON,)):
            counts.update(dict(frame.group_by(REASON).len().iter_rows()))
        return counts

    def batches(self) -> Iterator[pl.DataFrame]:
        """The plan's columns, then the input's further ones as String, in the input's order.

        Ids are as found where they are wrong, and the flag is null where it is. A further column that has a name of
        plan or results is `input.<name>`.
        """
        decision = pl.when(pl.col(REASON).is_null()).then(pl.lit(DECISION_RESET)).otherwise(pl.lit(DECISION_SKIP))
        for frame in self._decided(None):
            yield frame.with_columns(decision.alias(DECISION)).select(*PLAN, pl.exclude(PLAN))

    def accounts(self) -> Iterator[list[tuple[int, str, str]]]:
        """(row, customer, user) of the rows to be reset, in the input's order, some thousands at a time."""
        for frame in self._decided((ROW, CUSTOMER, USER, REASON)):
            to_reset = frame.filter(pl.col(REASON).is_null()).select(ROW, CUSTOMER, USER)
            for part in to_reset.iter_slices(ACCOUNTS_PER_SLICE):
                yield part.rows()

    @cached_property
    def accounts_sha256(self) -> str:
        """Of the accounts to be reset, hex: the same for every order and file they come in."""
        return self._accounts_sha256(pl.col(REASON).is_null())

    @cached_property
    def named_sha256(self) -> str:
        """As `accounts_sha256`, of all accounts that the input names, also those that are left out."""
        if self.skipped.keys() <= {Reason.INVALID, Reason.DUPLICATE}:
            return self.accounts_sha256
        return self._accounts_sha256(pl.col(REASON).is_null() | (pl.col(REASON) != Reason.INVALID.value))

    def _accounts_sha256(self, wanted: pl.Expr) -> str:
        account = pl.concat_str(CUSTOMER, USER, separator="/")

        def accounts() -> Iterator[pl.Series]:
            for frame in self._decided((CUSTOMER, USER, REASON)):
                yield frame.lazy().filter(wanted).select(account).collect().to_series()

        return fingerprint(accounts, self.rows.folder, self.sizes)

    def _decided(self, columns: tuple[str, ...] | None) -> Iterator[pl.DataFrame]:
        """What was put aside, with the reasons that hold."""
        first_row = 1
        for frame in self.rows.frames(columns):
            reasons = self.changes.reasons(first_row, frame.height)
            first_row += frame.height
            yield frame if reasons is None else frame.with_columns(pl.coalesce(pl.lit(reasons), REASON).alias(REASON))
