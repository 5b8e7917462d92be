"""Inputs of any length, made without anything heavy: whoever measures children stays small."""

from pathlib import Path
from typing import Final

CUSTOMERS: Final = 200
_LINES_AT_ONCE: Final = 10_000


def customer(row: int, customers: int = CUSTOMERS) -> str:
    """Whose the row is."""
    return f"c0ffee00-0000-4000-8000-{row % customers:012x}"


def user(row: int) -> str:
    """Another one for each row."""
    return f"5eed0000-0000-4000-8000-{row:012x}"


def write(path: Path, rows: int, *, customers: int = CUSTOMERS) -> None:
    """An input of so many accounts, of customers in turn."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("customer-tenant-id,user-id\n")
        for first in range(0, rows, _LINES_AT_ONCE):
            last = min(first + _LINES_AT_ONCE, rows)
            file.writelines(f"{customer(row, customers)},{user(row)}\n" for row in range(first, last))
