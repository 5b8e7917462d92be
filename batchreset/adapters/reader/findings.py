"""The checks of a row: each says which rows it finds wrong, and what is told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from batchreset.adapters.reader.cells import EXPECTED_FLAG, EXPECTED_GUID, among
from batchreset.adapters.reader.problems import harmless
from batchreset.adapters.reader.rules import Rules
from batchreset.core.columns import CUSTOMER, FORCE, UPN, USER

EXPECTED_CUSTOMER: Final = "one of the customers named in the settings"
OTHER: Final = "other"
"""Of a row that clashes: the first row of its account with the other flag."""
EXPECTED_UPN: Final = "a userPrincipalName, because protected accounts are named by it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check, as expressions over the columns that `checking` prepares.

    Attributes:
        column: the column's own name.
        found: the cell as it was read.
        wrong: true for the rows that have the problem, never null.
        expected: what would have been right.
    """

    column: str
    found: str
    wrong: pl.Expr
    expected: pl.Expr


def findings_in_cells(rules: Rules, *, has_upn: bool) -> list[Finding]:
    """The checks that need no other row. `has_upn`: whether the input has the column."""
    customer_unwanted = (
        pl.col("customer").is_not_null() & ~among(pl.col("customer"), rules.customers)
        if rules.customers
        else pl.lit(value=False)
    )
    upn_unknown = (
        pl.col("upn").is_null() | (pl.col("upn") == "") if rules.protected_upns and has_upn else pl.lit(value=False)
    )
    return [
        Finding(
            column=CUSTOMER,
            found="customer_found",
            wrong=pl.col("customer").is_null(),
            expected=pl.lit(EXPECTED_GUID),
        ),
        Finding(
            column=CUSTOMER,
            found="customer_found",
            wrong=customer_unwanted,
            expected=pl.lit(EXPECTED_CUSTOMER),
        ),
        Finding(column=USER, found="user_found", wrong=pl.col("user").is_null(), expected=pl.lit(EXPECTED_GUID)),
        Finding(column=FORCE, found="flag_found", wrong=pl.col("flag").is_null(), expected=pl.lit(EXPECTED_FLAG)),
        Finding(column=UPN, found="upn_found", wrong=upn_unknown, expected=pl.lit(EXPECTED_UPN)),
    ]


def finding_of_clashes() -> Finding:
    """The same user again with another flag, each of its rows; over OTHER, 0 where nothing clashes."""
    is_true = pl.col(FORCE)
    return Finding(
        column=FORCE,
        found="flag_found",
        wrong=pl.col(OTHER) != 0,
        expected=pl.format(
            "{} as in row {}: the same user twice must not differ",
            is_true.not_().cast(pl.String),
            pl.col(OTHER),
        ),
    )


def problems_in(cells: pl.DataFrame, findings: Sequence[Finding], headers: Mapping[str, str]) -> pl.DataFrame:
    """PROBLEMS, in the order of rows and of findings; what was found is made harmless."""
    found = pl.concat(
        cells.lazy()
        .filter(finding.wrong)
        .select(
            row="row",
            column=pl.lit(headers.get(finding.column, finding.column)),
            found=pl.col(finding.found).fill_null(""),
            expected=finding.expected,
        )
        for finding in findings
    ).collect()
    return found.sort("row", maintain_order=True).with_columns(harmless(pl.col("found")))
