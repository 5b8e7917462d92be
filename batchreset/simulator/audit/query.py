"""Which records are asked for: dates, one filter, a page."""

import base64
import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs, quote

from batchreset.simulator.paging import MAX_SIZE

WINDOW_DAYS: Final = 30
"""The longest span of one request (REST reference: audit operations); without a start it is asked for."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_SIZES: Final = frozenset(str(size) for size in range(1, MAX_SIZE + 1))
_OPERATORS: Final = {"CompanyName": "substring", "CustomerId": "equals", "ResourceType": "equals"}
_TOKEN: Final = re.compile(r"from ([0-9]{1,9}) as of ([0-9]{1,17}) of (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Part of the records from `start_date` to `end_date`, both included; None: as far as the window goes, and today.

    Attributes:
        field: that the filter compares; empty: no filter.
        value: lower case, as case is ignored.
        as_of: of a later page, when the first one was asked for, in microseconds: what has come since is not in it.
    """

    start_date: dt.date | None = None
    end_date: dt.date | None = None
    field: str = ""
    value: str = ""
    start: int = 0
    size: int = MAX_SIZE
    as_of: int | None = None

    @property
    def query(self) -> str:
        """What asks for pages of this size of this list."""
        asked: dict[str, object] = {"startDate": self.start_date, "endDate": self.end_date, "size": self.size}
        if self.field:
            named = {"Field": self.field, "Value": self.value, "Operator": _OPERATORS[self.field]}
            asked["filter"] = quote(json.dumps(named, separators=(",", ":")))
        return "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)

    def token(self, end: int, as_of: int) -> str:
        """What asks for the page that begins at `end`; means something to the service alone."""
        return base64.b64encode(f"from {end} as of {as_of} of {self.query}".encode()).decode()


def read_audit_page(query: str, continuation: str) -> AuditPage | None:
    """Which records are asked for; None if the query is not one that is documented.

    Args:
        query: as it arrived, encoded.
        continuation: the header `MS-ContinuationToken`; with it the same query is asked again, and seekOperation=Next.
    """
    asked = parse_qs(query, keep_blank_values=True)
    if any(len(values) > 1 for values in asked.values()):
        return None
    given = {name: values[0] for name, values in asked.items()}
    seek = given.pop("seekOperation", None)
    page = _page(given)
    if page is None or seek is None:
        return page
    return _continued(page, continuation) if seek == "Next" else None


def _page(given: dict[str, str]) -> AuditPage | None:
    start, end = given.pop("startDate", None), given.pop("endDate", None)
    size, asked = given.pop("size", str(MAX_SIZE)), given.pop("filter", None)
    named = None if asked is None else _filter(asked)
    wrong = given or size not in _SIZES or (asked is not None and named is None)
    # Each of them may be left out when there is another.
    if wrong or (start is None and end is None and named is None):
        return None
    try:
        dates = [None if text is None else _date(text) for text in (start, end)]
    except ValueError:
        return None
    if dates[0] and dates[1] and not 0 <= (dates[1] - dates[0]).days <= WINDOW_DAYS:
        return None
    field, value = named or ("", "")
    return AuditPage(start_date=dates[0], end_date=dates[1], field=field, value=value, size=int(size))


def _date(text: str) -> dt.date:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def _filter(text: str) -> tuple[str, str] | None:
    try:
        found = json.loads(text)
    # A deeply nested text makes the parser give up with RecursionError.
    except (ValueError, RecursionError):
        return None
    match found:
        case {"Field": str(field), "Value": str(value), "Operator": str(operator), **more} if not more:
            return (field, value.lower()) if _OPERATORS.get(field) == operator else None
    return None


def _continued(page: AuditPage, continuation: str) -> AuditPage | None:
    try:
        token = _TOKEN.fullmatch(base64.b64decode(continuation, validate=True).decode("utf-8"))
    except ValueError:
        return None
    if token is None or token[3] != page.query:
        return None
    return replace(page, start=int(token[1]), as_of=int(token[2]))


def named_company(customer: str) -> Mapping[str, str]:
    """The customer as records name it."""
    return {"customerId": customer, "customerName": f"Simulated Customer {customer[:8]}"}
