"""The rows of a run, counted: how they ended, whose they are, and which of them need a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batchreset.core.outcome import Outcome, Reason, advice

SHOWN_OF_A_GROUP: Final = 10
"""Rows that are shown of those that ended alike; the others are counted."""
SHOWN_AT_ONCE: Final = 3
"""Of them, those that a narrow window shows before it is asked for the others."""
SHOWN_OF_NOT_ATTEMPTED: Final = 3
"""Of rows of which nothing is known but that they are still to come."""
GROUPS_SHOWN: Final = 12
CUSTOMERS_SHOWN: Final = 20

Ending = tuple[Outcome, Reason | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """One row that somebody has to look at. Texts are as the results file has them: not to be trusted.

    Attributes:
        customer_name: what the input calls it, where it does.
        who: what the input calls the user by, where it does: principal name, or display name.
    """

    row: int
    customer: str
    customer_name: str
    user: str
    who: str
    http_status: int | None
    error_code: str
    error_description: str
    correlation_id: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer's rows, or those of several together.

    Attributes:
        tenant_id: empty for several together, and for rows whose customer is no GUID.
        name: what the input calls it, where it does.
        attempts: exchanges for its rows.
    """

    tenant_id: str
    name: str
    outcomes: Mapping[Outcome, int]
    attempts: int

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())

    @property
    def not_well(self) -> int:
        """Rows that failed or are in doubt."""
        return self.outcomes.get(Outcome.FAILED, 0) + self.outcomes.get(Outcome.IN_DOUBT, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All rows of the input.

    Attributes:
        endings: rows by outcome and reason.
        attempts: exchanges a row, and how many rows had so many.
        customers: those with most to look at first; `others` are the rest together, `customer_count` all that have
            an id.
        shown: some rows of each ending that needs a person, in the input's order.
    """

    endings: Mapping[Ending, int]
    attempts: Mapping[int, int]
    customers: tuple[Customer, ...]
    customer_count: int
    others: Customer | None
    shown: Mapping[Ending, tuple[ShownRow, ...]]

    @property
    def rows(self) -> int:
        """Rows of the input."""
        return sum(self.endings.values())

    def of(self, outcome: Outcome) -> int:
        """Rows that ended so."""
        return sum(rows for (found, _), rows in self.endings.items() if found is outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that ended alike, and what is to be done about them."""

    outcome: Outcome
    reason: Reason | None
    rows: int
    advice: str
    shown: tuple[ShownRow, ...]

    @property
    def not_shown(self) -> int:
        """Rows that are only counted."""
        return self.rows - len(self.shown)


_NEEDS: Final = (Outcome.IN_DOUBT, Outcome.SUCCEEDED, Outcome.FAILED, Outcome.NOT_ATTEMPTED)
"""In this order: a password that nobody knows to be old or new is the most urgent, then one that records speak against;
no others of those that succeeded."""
_NOT_A_TROUBLE: Final = frozenset({Reason.DRY_RUN, Reason.PLANNED})


def needs_a_person(outcome: Outcome, reason: Reason | None) -> bool:
    """Whether somebody has to look at such a row; one that nobody has begun with is no trouble."""
    if outcome is Outcome.SUCCEEDED:
        return reason is Reason.DOUBTED
    return outcome in _NEEDS and reason not in _NOT_A_TROUBLE


def shown_of(outcome: Outcome) -> int:
    """How many rows are shown of those that ended so, for one reason."""
    return SHOWN_OF_NOT_ATTEMPTED if outcome is Outcome.NOT_ATTEMPTED else SHOWN_OF_A_GROUP


def groups_for_a_person(counted: Counted) -> tuple[Group, ...]:
    """What needs a person, the most urgent first, and of equals the largest."""
    found = [(ending, rows) for ending, rows in counted.endings.items() if needs_a_person(*ending)]
    found.sort(key=lambda item: (_NEEDS.index(item[0][0]), -item[1], str(item[0][1])))
    return tuple(
        Group(
            outcome=outcome,
            reason=reason,
            rows=rows,
            advice=advice(outcome, reason),
            shown=counted.shown.get((outcome, reason), ()),
        )
        for (outcome, reason), rows in found
    )


_ATTEMPT_BINS: Final = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 49), (50, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBin:
    """Rows with so many exchanges, from `least` to `most`, both included; `most` None: or more."""

    least: int
    most: int | None
    rows: int


def attempt_bins(attempts: Mapping[int, int]) -> tuple[AttemptBin, ...]:
    """How many exchanges rows took; bins that hold none are left out. `attempts`: exchanges, and rows."""
    found = (
        AttemptBin(
            least=least,
            most=most,
            rows=sum(rows for number, rows in attempts.items() if least <= number and (most is None or number <= most)),
        )
        for least, most in _ATTEMPT_BINS
    )
    return tuple(one for one in found if one.rows)
