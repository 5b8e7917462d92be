"""The log as everybody sees it: events with a stable dotted name and fields, never sentences with values glued in."""

from typing import Final, Protocol

LEDGER_OPENED: Final = "ledger.opened"
"""A session was noted in the ledger; whoever finds this in a run's log and no ledger knows that it was lost."""
HANDOVER_OPENED: Final = "handover.opened"
"""Somebody opened the run's passwords; noted before they are given."""
HANDOVER_REFUSED: Final = "handover.refused"
"""Somebody tried, with a key that does not open them."""


class EventLog(Protocol):
    """Fields carry ids and outcomes, never arguments, bodies or secrets."""

    def debug(self, event: str, **fields: object) -> object: ...
    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...
    def error(self, event: str, **fields: object) -> object: ...
