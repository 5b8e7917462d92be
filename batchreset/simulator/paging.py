"""Pages of lists (learn: get-a-list-of-customers; get-a-list-of-all-user-accounts-for-a-customer)."""

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs, quote

MAX_SIZE: Final = 500
_DEFAULT_SIZE: Final = 100
_SIZES: Final = frozenset(str(size) for size in range(1, MAX_SIZE + 1))

# learn: view-a-deleted-user. The page asks by UserState, and shows UserStatus in the link of its answer.
_FIELDS: Final = ("UserState", "UserStatus")
_DELETED: Final = [{"Field": field, "Value": "Inactive", "Operator": "equals"} for field in _FIELDS]

_TOKEN: Final = re.compile(r"from ([0-9]{1,9}) of (deleted )?(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The items from `start` on, at most `size`.

    Attributes:
        of: the customer whose users are listed; empty for the list of customers.
        deleted: whether the list is of the deleted users, which are not in the other one.
    """

    of: str = ""
    deleted: bool = False
    start: int = 0
    size: int = _DEFAULT_SIZE

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def query(self) -> str:
        """What asks for pages of this size of this list."""
        asked = quote(json.dumps(_DELETED[0], separators=(",", ":")))
        return f"size={self.size}" + (f"&filter={asked}" if self.deleted else "")


def read_page(query: str, continuation: str, *, of: str = "") -> Page | None:
    """Which page is asked for; None if the query is not one that is documented.

    Args:
        query: as it arrived, encoded.
        continuation: the header `MS-ContinuationToken`, with which the page after another one is asked for. It knows
            which list that was of: the filter may be asked for again, and need not be.
        of: the customer whose users are asked for; empty for the list of customers, which has no filter here.
    """
    asked = parse_qs(query, keep_blank_values=True)
    if any(len(values) > 1 for values in asked.values()):
        return None
    given = {name: values[0] for name, values in asked.items()}
    size = given.pop("size", str(_DEFAULT_SIZE))
    deleted = bool(of) and "filter" in given
    if size not in _SIZES or (deleted and not _asks_for_deleted(given.pop("filter"))):
        return None
    page = Page(of=of, deleted=deleted, size=int(size))
    match given:
        case {"seekOperation": "Next", **more} if not more:
            return _continued(page, continuation)
    return None if given else page


def continuation_token(page: Page) -> str:
    """What asks for the page after this one; means something to the service alone."""
    return base64.b64encode(f"from {page.end} of {'deleted ' if page.deleted else ''}{_list(page)}".encode()).decode()


def _continued(page: Page, continuation: str) -> Page | None:
    try:
        token = _TOKEN.fullmatch(base64.b64decode(continuation, validate=True).decode("ascii"))
    except ValueError:
        return None
    if token is None or token[3] != _list(page) or (page.deleted and not token[2]):
        return None
    return replace(page, start=int(token[1]), deleted=bool(token[2]))


def _list(page: Page) -> str:
    return page.of or "customers"


def _asks_for_deleted(text: str) -> bool:
    try:
        return json.loads(text) in _DELETED
    # A deeply nested text makes the parser give up with RecursionError.
    except (ValueError, RecursionError):
        return False
