"""The log as everybody sees it: events with a stable dotted name and fields, never sentences with values glued in."""

from typing import Protocol


class EventLog(Protocol):
    """Fields carry ids and outcomes, never arguments, bodies or secrets."""

    def debug(self, event: str, **fields: object) -> object: ...
    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...
