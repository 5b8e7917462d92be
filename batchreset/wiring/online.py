"""`--online`: each account of a plan is looked at before the plan is frozen. Nothing is changed by it."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batchreset.core.columns import CUSTOMER, ROW, USER
from batchreset.core.outcome import Reason
from batchreset.core.survey import Noted, Tally
from batchreset.engine.reading import Reader, survey_accounts
from batchreset.errors import PlanRefusedError
from batchreset.settings.model import Settings
from batchreset.wiring.reading import Around, read

SHOWN_CUSTOMERS: Final = 20
SHOWN_OF_A_CUSTOMER: Final = 13
"""Characters: with all columns a line fits 80 of them, and two customers of one partner hardly begin alike."""
COLUMNS: Final = (Reason.DELETED, Reason.FEDERATED, Reason.SYNCED, Reason.PRIVILEGED, Reason.NOT_FOUND)
_NAME_WIDTH: Final = 18
_WIDTHS: Final = (9, 8, 10, 8, 11, 10)
DRY_RUN_LINE: Final = "--dry-run sends nothing: users are not read, whatever --online would have found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found of the accounts.

    Attributes:
        reasons: rows to be left out, each with its one reason.
        accounts: by customer, how many were looked at.
        findings: by customer, how many of its accounts have which finding, also those that are reset nevertheless.
        noted: the accounts with findings, by row.
    """

    reasons: Mapping[int, Reason]
    accounts: Mapping[str, int]
    findings: Mapping[str, Mapping[Reason, int]]
    noted: Sequence[Noted] = ()

    def facts(self) -> dict[str, Any]:
        """For run.json: totals."""
        totals = _totals(self.findings.values())
        return {
            "accounts": sum(self.accounts.values()),
            "noted": len(self.noted),
            "found": {reason.value: totals[reason] for reason in COLUMNS},
            "left_out": {reason.value: rows for reason, rows in sorted(Counter(self.reasons.values()).items())},
        }

    def csv(self) -> str:
        """The accounts with findings, a line each: what becomes of them stands in the plan, and in the results."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((ROW, CUSTOMER, USER, "found"))
        writer.writerows((one.row, one.customer_tenant_id, one.user_id, " ".join(one.reasons)) for one in self.noted)
        return text.getvalue()

    def table_lines(self) -> list[str]:
        """By customer, those with findings first; of more than twenty the rest in one line."""
        nothing: Counter[Reason] = Counter()
        rows = [(customer, count, self.findings.get(customer, nothing)) for customer, count in self.accounts.items()]
        rows.sort(key=lambda row: (-sum(row[2].values()), -row[1], row[0]))
        lines = [_line("customer", "accounts", *COLUMNS)]
        shown = rows if len(rows) <= SHOWN_CUSTOMERS else rows[: SHOWN_CUSTOMERS - 1]
        lines += [_row(customer, count, found) for customer, count, found in shown]
        if rest := rows[len(shown) :]:
            found = _totals(found for _, _, found in rest)
            lines.append(_row(f"and {len(rest):,} more", sum(count for _, count, _ in rest), found))
        return lines


def survey(
    accounts: Iterable[list[tuple[int, str, str]]],
    settings: Settings,
    *,
    around: Around,
    protected_names: frozenset[str] = frozenset(),
) -> Survey:
    """Look at every account that is to be reset, as (row, customer, user); gone through once, little by little.

    Args:
        accounts: rows in any order, each once.
        settings: [safety] skip and refuse decide; [pace] holds.
        around: see there.
        protected_names: userPrincipalNames, casefolded, that must not be reset.

    Raises:
        PlanRefusedError: an account is among those that refuse a plan, or none is left to reset.
        And as `wiring.reading.read`: nobody can tell what would be reset.
    """
    tally = Tally(
        skip=frozenset(map(Reason, settings.safety.skip)),
        refuse=frozenset(map(Reason, settings.safety.refuse)),
        protected_names=protected_names,
    )

    async def main(reader: Reader) -> None:
        await survey_accounts(reader, accounts, tally.saw)

    read(settings, around, main, so_far=lambda: f"{tally.accounts.total():,} accounts looked at so far")
    around.log.info("survey.done", accounts=tally.accounts.total(), left_out=len(tally.reasons))
    _refuse(tally)
    return Survey(
        reasons=tally.reasons, accounts=tally.accounts, findings=tally.found, noted=tuple(sorted(tally.noted))
    )


def _refuse(tally: Tally) -> None:
    if tally.refused_count:
        more = tally.refused_count - len(tally.refused)
        raise PlanRefusedError(
            f"{tally.refused_count:,} of {tally.accounts.total():,} accounts are such as [safety] refuse names; nothing"
            " was planned and nothing changed",
            details=(*map(_refused_line, tally.refused), *([f"and {more:,} more"] if more else [])),
            next_step="take them out of the input, or move the value from [safety] refuse to skip to leave them out",
        )
    if not tally.left:
        counts = ", ".join(f"{rows:,} {reason}" for reason, rows in Counter(tally.reasons.values()).most_common())
        raise PlanRefusedError(
            f"no account is left to reset: {counts}; nothing was planned and nothing changed",
            next_step="check that this is the right input, and [safety] skip",
        )


def _refused_line(account: Noted) -> str:
    return f"row {account.row}: {', '.join(account.reasons)}: {account.customer_tenant_id} / {account.user_id}"


def _totals(some: Iterable[Mapping[Reason, int]]) -> Counter[Reason]:
    totals: Counter[Reason] = Counter()
    for found in some:
        totals.update(found)
    return totals


def _row(customer: str, accounts: int, found: Mapping[Reason, int]) -> str:
    counts = (found.get(reason, 0) for reason in COLUMNS)
    name = customer if " " in customer else f"{customer[:SHOWN_OF_A_CUSTOMER]}…"
    return _line(name, f"{accounts:,}", *(f"{count:,}" if count else "·" for count in counts))


def _line(customer: str, *cells: str) -> str:
    return f"  {customer:<{_NAME_WIDTH}}" + "".join(
        f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)
    )
