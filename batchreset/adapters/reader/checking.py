"""Every row is checked, decided on and numbered: what will be reset, what not, and why."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from batchreset.adapters.reader.cells import among, flag, guid, trimmed_lower
from batchreset.adapters.reader.findings import find_problems, finding_of_clashes, findings_in_cells
from batchreset.adapters.reader.headers import UPN, further, known
from batchreset.adapters.reader.loading import RawTable
from batchreset.adapters.reader.problems import InvalidRowsError, Problem
from batchreset.adapters.reader.rules import Rules
from batchreset.core.columns import (
    CUSTOMER,
    DECISION,
    DECISION_RESET,
    DECISION_SKIP,
    FORCE,
    PLAN,
    REASON,
    ROW,
    USER,
)
from batchreset.core.outcome import Reason
from batchreset.errors import PlanRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedInput:
    """What is to be done, ready to be frozen.

    Attributes:
        frame: the plan's columns, then the input's further ones as String. Ids are as found where they are wrong,
            and the flag is null where it is. A further column that has a name of plan or results is `input.<name>`.
        problems: the first thousand, in the order of rows.
        problem_count: all of them.
        reset_count: rows to be reset, at least one.
        skipped: rows left out, by reason; reasons without rows are not in it.
        source: the path as it was given.
        sha256: of the input's bytes, hex.
        accounts_sha256: of the accounts to be reset, hex: the same for every order and file they come in.
    """

    frame: pl.DataFrame
    problems: tuple[Problem, ...]
    problem_count: int
    reset_count: int
    skipped: Mapping[Reason, int]
    source: str
    sha256: str
    accounts_sha256: str


def check(raw: RawTable, rules: Rules) -> CheckedInput:
    """Check every row, and decide on every row.

    An account is (customer, user). It is protected when any of its rows says so; invalid beats protected, and
    protected beats duplicate. Rows of one account with different flags are all invalid.

    Raises:
        InputError: a required column is missing.
        InvalidRowsError: rows have problems and `rules.on_invalid` is "stop".
        PlanRefusedError: too many rows, protected names that cannot be looked up, or nothing left to reset.
    """
    shown = raw.shown
    headers = known(raw.frame.columns, shown)
    _refuse_too_many(raw.frame.height, rules, shown)
    _refuse_unknown_names(rules, headers, shown)

    in_cells = findings_in_cells(rules)
    rows = _with_accounts(_prepared(raw.frame, headers, rules), pl.any_horizontal(f.wrong for f in in_cells))
    problems, problem_count = find_problems(rows, [*in_cells, finding_of_clashes()], headers)
    if problems and rules.on_invalid == "stop":
        raise InvalidRowsError(shown, problems=problems, problem_count=problem_count)

    decided = _decided(rows)
    counts = dict(decided.group_by(REASON).len().iter_rows())
    reset_count = counts.pop(None, 0)
    skipped = {reason: counts[reason] for reason in Reason if reason in counts}
    if not reset_count:
        refuse_nothing_left(skipped, shown)
    carried = further([header for header in raw.frame.columns if header not in _own(headers)])
    return CheckedInput(
        frame=decided.hstack(raw.frame.select(pl.col(old).alias(new) for old, new in carried.items())),
        problems=problems,
        problem_count=problem_count,
        reset_count=reset_count,
        skipped=skipped,
        source=raw.source,
        sha256=raw.sha256,
        accounts_sha256=accounts_sha256(decided),
    )


def _own(headers: Mapping[str, str]) -> set[str]:
    return {header for name, header in headers.items() if name != UPN}


def _prepared(frame: pl.DataFrame, headers: Mapping[str, str], rules: Rules) -> pl.DataFrame:
    """Cells as found and what they mean, under names of this module's own."""

    def cell(name: str) -> pl.Expr:
        return pl.col(headers[name]) if name in headers else pl.lit(None, dtype=pl.String)

    found = frame.select(
        row=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32),
        customer_found=cell(CUSTOMER),
        user_found=cell(USER),
        flag_found=cell(FORCE),
        upn_found=cell(UPN),
    )
    return found.with_columns(
        customer=guid(pl.col("customer_found")),
        user=guid(pl.col("user_found")),
        flag=flag(pl.col("flag_found")),
        upn=trimmed_lower(pl.col("upn_found")),
    ).with_columns(
        protected=among(pl.col("customer"), rules.protected_customers)
        | among(pl.col("user"), rules.protected_users)
        | among(pl.col("upn"), rules.protected_upns)
    )


def _with_accounts(rows: pl.DataFrame, wrong: pl.Expr) -> pl.DataFrame:
    """What a row's account is in all its rows: first valid row and its flag, clashing flags, protected anywhere."""
    rows = rows.with_columns(valid=~wrong)
    valid, says_true = pl.col("valid"), pl.col("flag")
    accounts = (
        rows.lazy()
        .filter(pl.col("customer").is_not_null() & pl.col("user").is_not_null())
        .group_by("customer", "user")
        .agg(
            first_true=pl.col("row").filter(valid & says_true).min(),
            first_false=pl.col("row").filter(valid & ~says_true).min(),
            account_protected=pl.col("protected").any(),
        )
    )
    first_true, first_false = pl.col("first_true"), pl.col("first_false")
    return (
        rows.lazy()
        .join(accounts, on=["customer", "user"], how="left", maintain_order="left")
        .with_columns(
            first_row=pl.min_horizontal(first_true, first_false),
            first_flag=first_false.is_null() | (first_true < first_false),
            clash=first_true.is_not_null() & first_false.is_not_null(),
        )
        .collect()
    )


def _decided(rows: pl.DataFrame) -> pl.DataFrame:
    reason = (
        pl.when(~pl.col("valid") | pl.col("clash"))
        .then(pl.lit(Reason.INVALID.value))
        .when(pl.col("account_protected"))
        .then(pl.lit(Reason.PROTECTED.value))
        .when(pl.col("row") != pl.col("first_row"))
        .then(pl.lit(Reason.DUPLICATE.value))
    )
    decision = pl.when(pl.col(REASON).is_null()).then(pl.lit(DECISION_RESET)).otherwise(pl.lit(DECISION_SKIP))
    return (
        rows.select(
            pl.col("row").alias(ROW),
            pl.coalesce("customer", "customer_found").alias(CUSTOMER),
            pl.coalesce("user", "user_found").alias(USER),
            pl.col("flag").alias(FORCE),
            reason.alias(REASON),
        )
        .with_columns(decision.alias(DECISION))
        .select(PLAN)
    )


def accounts_sha256(decided: pl.DataFrame) -> str:
    """Of the accounts to be reset, whatever their order."""
    accounts = decided.filter(pl.col(DECISION) == DECISION_RESET).select(
        pl.concat_str(CUSTOMER, USER, separator="/").sort().str.join("\n")
    )
    return hashlib.sha256(accounts.item().encode()).hexdigest()


def _refuse_too_many(height: int, rules: Rules, shown: str) -> None:
    if height > rules.max_rows:
        raise PlanRefusedError(
            f"{shown} has {height} rows; max_rows under [input] allows {rules.max_rows}.",
            next_step="If so many users really are to be reset, raise max_rows; otherwise split the input.",
        )


def _refuse_unknown_names(rules: Rules, headers: Mapping[str, str], shown: str) -> None:
    if rules.protected_upns and UPN not in headers:
        raise PlanRefusedError(
            f"{shown} has no column {UPN}, and {len(rules.protected_upns)} protected accounts are named only by it:"
            " whether they are in the input cannot be told without looking users up.",
            next_step=f"Name the protected accounts by user-id, or add a column {UPN} to the input.",
        )


def refuse_nothing_left(skipped: Mapping[Reason, int], shown: str) -> None:
    """Raises PlanRefusedError."""
    counts = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
    raise PlanRefusedError(
        f"No account of {shown} is left to reset: {counts}.",
        next_step="Check that this is the right input, and the protected list and customers that apply to it.",
    )
