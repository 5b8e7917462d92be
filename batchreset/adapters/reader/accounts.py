"""What rows of the same account mean for one another: duplicates, clashing flags, one of them protected.

Only accounts that come more than once are looked at, and they are found by a hash: few rows of a sound input, all of
them compared by what they are. Where they are many, they are taken partition by partition, and a partition frame by
frame: of an input of one account alone no more is in memory than of any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import polars as pl

from batchreset.adapters.reader.batch import KEY, PROTECTED
from batchreset.adapters.reader.findings import OTHER
from batchreset.adapters.reader.partitions import PARTITION, Partitions, Sizes
from batchreset.adapters.reader.parts import Parts
from batchreset.core.columns import CUSTOMER, FORCE, REASON, ROW, USER
from batchreset.core.outcome import Reason

_COLUMNS: Final = (ROW, CUSTOMER, USER, FORCE, REASON)
_NAMES: Final = pl.Series([None, *(reason.value for reason in Reason)], dtype=pl.String)
_CODES: Final = {reason.value: code for code, reason in enumerate(Reason, start=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Rows whose reason is another than they have by themselves: a byte a row, four more where flags clash.

    Attributes:
        codes: by row, the number of the reason that holds; 0: its own does. None: of all rows.
        others: by row, OTHER; 0 where nothing clashes. None: nowhere.
    """

    codes: pl.Series | None = None
    others: pl.Series | None = None

    def reasons(self, first_row: int, height: int) -> pl.Series | None:
        """Of these rows, null where their own holds; None: it does everywhere."""
        codes = _of_rows(self.codes, first_row, height)
        return None if codes is None else _NAMES.gather(codes).alias(REASON)

    def clashing(self, first_row: int, height: int) -> pl.Series | None:
        """OTHER of these rows, 0 where there is none; None: there is none anywhere."""
        others = _of_rows(self.others, first_row, height)
        return None if others is None else others.alias(OTHER)

    def with_reasons(self, reasons: Mapping[int, Reason], row_count: int) -> Self:
        """The same with these, by row, in place of what was there."""
        codes = _zeros(row_count, pl.UInt8()) if self.codes is None else self.codes.clone()
        rows, wanted = list(reasons), [_CODES[reason.value] for reason in reasons.values()]
        _set(codes, pl.Series(rows, dtype=pl.UInt32), pl.Series(wanted, dtype=pl.UInt8))
        return type(self)(codes=codes, others=self.others)


def _of_rows(values: pl.Series | None, first_row: int, height: int) -> pl.Series | None:
    if values is None:
        return None
    here = values.slice(first_row - 1, height)
    return here if here.max() else None


def _zeros(length: int, dtype: pl.DataType) -> pl.Series:
    return pl.zeros(length, dtype=dtype, eager=True)


def _set(values: pl.Series, rows: pl.Series, to: pl.Series) -> None:
    if rows.len():
        values.scatter(rows - 1, to)


def repeated_rows(keys: Partitions, row_count: int) -> pl.Series | None:
    """By row, whether its account seems to come more than once; None: none does.

    Args:
        keys: of ROW and KEY, the partition told by the key alone.
        row_count: of the input.
    """
    found: pl.Series | None = None
    for number in keys.numbers():
        several = _several(keys.frames(number), keys.rows_at_once)
        for frame in keys.frames(number) if several.len() else ():
            rows = frame.filter(pl.col(KEY).is_in(several.implode()))[ROW]
            found = _zeros(row_count, pl.Boolean()) if found is None else found
            _set(found, rows, pl.repeat(value=True, n=rows.len(), dtype=pl.Boolean(), eager=True))
    return found


def _several(frames: Iterator[pl.DataFrame], most: int) -> pl.Series:
    """The keys that come more than once. However often one comes, not many more than `most` are in memory together."""
    found, rows = [pl.DataFrame(schema={KEY: pl.UInt64, "times": pl.UInt32})], 0
    for frame in frames:
        found.append(frame.select(KEY, times=pl.lit(1, pl.UInt32)))
        rows += frame.height
        if rows > most:
            found = [_counted(found)]
            rows = found[0].height
    return _counted(found).filter(pl.col("times") > 1)[KEY]


def _counted(found: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(found).group_by(KEY).agg(pl.col("times").sum())


def settled(rows: Parts, beside: Parts, repeated: pl.Series | None, sizes: Sizes) -> Changes:
    """What accounts that come more than once mean for their rows. Raises RunFolderError.

    Invalid beats protected, and protected beats duplicate.
    """
    if repeated is None:
        return Changes()
    partitions = Partitions(folder=rows.folder, name="repeated", rows_at_once=sizes.accounts)
    for frame in _repeated(rows, beside, repeated):
        partition = pl.struct(CUSTOMER, USER).hash() % sizes.partitions
        partitions.add(frame.with_columns(partition.cast(pl.UInt32).alias(PARTITION)))
    codes, others = _zeros(repeated.len(), pl.UInt8()), None
    for number in partitions.numbers():
        accounts = _accounts(partitions.frames(number))
        for frame in partitions.frames(number):
            decided = _decided(frame, accounts)
            _set(codes, decided[ROW], decided[REASON].replace_strict(_CODES, default=0, return_dtype=pl.UInt8))
            clashing = decided.filter(pl.col(OTHER).is_not_null())
            if clashing.height:
                others = _zeros(repeated.len(), pl.UInt32()) if others is None else others
                _set(others, clashing[ROW], clashing[OTHER])
    partitions.clear()
    return Changes(codes=codes, others=others)


def _repeated(rows: Parts, beside: Parts, repeated: pl.Series) -> Iterator[pl.DataFrame]:
    """The marked rows, and whether each says that its account is protected; `valid`: whether it is."""
    start = 0
    for index, height in enumerate(rows.heights):
        here = repeated.slice(start, height)
        start += height
        if here.any():
            marked = rows.frame(index, _COLUMNS).hstack(beside.frame(index, (PROTECTED,))).filter(here)
            valid = pl.col(REASON).is_null() | (pl.col(REASON) != Reason.INVALID.value)
            yield marked.select(ROW, CUSTOMER, USER, FORCE, PROTECTED, valid.alias("valid"))


def _accounts(frames: Iterator[pl.DataFrame]) -> pl.DataFrame:
    """Of each account the first valid row of either flag, and whether one of its rows says that it is protected."""
    found: list[pl.DataFrame] = []
    for frame in frames:
        valid = pl.col("valid")
        here = frame.group_by(CUSTOMER, USER).agg(
            first_true=pl.col(ROW).filter(valid & pl.col(FORCE)).min(),
            first_false=pl.col(ROW).filter(valid & ~pl.col(FORCE)).min(),
            account_protected=pl.col(PROTECTED).any(),
        )
        if found:
            here = (
                pl.concat([*found, here])
                .group_by(CUSTOMER, USER)
                .agg(pl.col("first_true", "first_false").min(), pl.col("account_protected").any())
            )
        found = [here]
    return found[0]


def _decided(frame: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """ROW, REASON and OTHER of each row, null where there is none."""
    first_true, first_false = pl.col("first_true"), pl.col("first_false")
    clash = first_true.is_not_null() & first_false.is_not_null()
    reason = (
        pl.when(~pl.col("valid") | clash)
        .then(pl.lit(Reason.INVALID.value))
        .when(pl.col("account_protected"))
        .then(pl.lit(Reason.PROTECTED.value))
        .when(pl.col(ROW) != pl.min_horizontal(first_true, first_false))
        .then(pl.lit(Reason.DUPLICATE.value))
    )
    other = pl.when(pl.col("valid") & clash).then(pl.when(FORCE).then(first_false).otherwise(first_true))
    return frame.join(accounts, on=[CUSTOMER, USER], how="left").select(ROW, reason.alias(REASON), other.alias(OTHER))
