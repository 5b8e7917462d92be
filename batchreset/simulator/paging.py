"""Pages of the list of customers (learn: get-a-list-of-customers)."""

import base64
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

MAX_SIZE: Final = 500
_DEFAULT_SIZE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The items from `start` on, at most `size`."""

    start: int = 0
    size: int = _DEFAULT_SIZE

    @property
    def end(self) -> int:
        return self.start + self.size


def read_page(query: str, continuation: str) -> Page | None:
    """Which page is asked for; None if the query is not one that is documented.

    `continuation` is the header `MS-ContinuationToken`, with which the page after another one is asked for.
    """
    asked = parse_qs(query, keep_blank_values=True)
    if any(len(values) > 1 for values in asked.values()):
        return None
    given = {name: values[0] for name, values in asked.items()}
    size = given.pop("size", str(_DEFAULT_SIZE))
    if not (size.isascii() and size.isdecimal() and 1 <= int(size) <= MAX_SIZE):
        return None
    match given:
        case {"seekOperation": "Next", **more} if not more:
            start = _start(continuation)
            return None if start is None else Page(start=start, size=int(size))
    return None if given else Page(size=int(size))


def continuation_token(page: Page) -> str:
    """What asks for the page after this one; means something to the service alone."""
    return base64.b64encode(f"from {page.end}".encode()).decode("ascii")


def _start(continuation: str) -> int | None:
    try:
        word, _, start = base64.b64decode(continuation, validate=True).decode("ascii").partition(" ")
    except ValueError:
        return None
    return int(start) if word == "from" and start.isdecimal() else None
