"""What Partner Center itself recorded of resets, and for which days it is asked.

Sources: learn: auditing-resources, get-a-record-of-partner-center-activity-by-user.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

KEPT_DAYS: Final = 89
"""Records are kept for 90 days; a start before that is refused, and whose midnight counts is not said."""
WINDOW_DAYS: Final = 30
"""One request takes no longer span (REST reference: audit operations)."""
CLOCK_SKEW: Final = dt.timedelta(minutes=10)
"""How far this machine's clock and the service's may be apart."""
CUSTOMERS_MOST: Final = 500
"""Of more customers than these the records of all the partner's are read, one page after another. With answers after
0.3 s, the records of 10,000 resets of 200 customers take as long either way (7 to 8 s), the partner's a tenth of the
requests; but in those stands whatever else was done."""
LATE_AT_MOST: Final = dt.timedelta(hours=24)
"""Records appear some time after what they tell of; how long is not documented."""


class Recorded(enum.StrEnum):
    """How the recorded operation stands."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    OPEN = "open"
    """In progress, or a word that is not documented: it tells nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One record; old and new value of the user, which may hold a password, are not taken.

    Attributes:
        customer_tenant_id: GUID, lower case.
        user_id: the same; empty: the record names none.
        correlation_id: of the request, lower case; empty: the record has none.
        at: when it was done, by the service's clock, UTC, whole milliseconds as in the ledger; None: it does not say.
        by: who did it; as written by the service, one line.
        is_reset: a reset by its own name; else some change of the user, which is one if it was this program's request.
    """

    customer_tenant_id: str
    user_id: str
    correlation_id: str
    status: Recorded
    at: dt.datetime | None
    by: str = ""
    is_reset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """The records of some days, both included, in UTC; of one customer, or (empty) of all of the partner's."""

    customer_tenant_id: str
    start: dt.date
    end: dt.date


def queries_of(customers: Sequence[str], spans: Iterable[tuple[dt.date, dt.date]]) -> list[AuditQuery]:
    """What to ask for, so that all records of these customers are seen.

    One customer's pages come side by side with another's, and hold nothing of strangers; those of the whole partner
    come one after another, and hold whatever was done in those days.
    """
    whose = customers if len(customers) <= CUSTOMERS_MOST else [""]
    return [AuditQuery(customer_tenant_id=customer, start=start, end=end) for start, end in spans for customer in whose]


def spans_of(
    moments: Iterable[tuple[dt.datetime, dt.datetime]], *, now: dt.datetime
) -> tuple[tuple[dt.date, dt.date], ...]:
    """The days to ask for, so that all is seen that was done from the first to the second moment of each pair.

    The day after is asked for too: a request may be carried out late, and whether the last day is included is not
    said everywhere. No day is after today or too long ago.
    """
    today = now.astimezone(dt.UTC).date()
    earliest = today - dt.timedelta(days=KEPT_DAYS)
    days: set[dt.date] = set()
    for first, last in moments:
        start = max(earliest, (first - CLOCK_SKEW).astimezone(dt.UTC).date())
        end = min(today, (last + CLOCK_SKEW).astimezone(dt.UTC).date() + dt.timedelta(days=1))
        days.update(start + dt.timedelta(days=number) for number in range((end - start).days + 1))
    return tuple(_spans(sorted(days)))


def _spans(days: list[dt.date]) -> Iterable[tuple[dt.date, dt.date]]:
    while days:
        first = days[0]
        length = next(
            (number for number, day in enumerate(days) if (day - first).days != number or number == WINDOW_DAYS),
            len(days),
        )
        yield first, days[length - 1]
        days = days[length:]
