"""What the file tells, before it is in anybody's format."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of the service's, as a run has learned it. `scope`: `partner`, or `customer` for the tightest of them."""

    scope: str
    requests: int
    window_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one command that has ended.

    Attributes:
        rows: by outcome and reason (empty for a row that succeeded); None: there was no run to count.
        requests: that left this machine, over all sessions of the run.
        throttled: of these.
    """

    began_at: dt.datetime
    ended_at: dt.datetime
    exit_code: int
    rows: Mapping[tuple[str, str], int] | None = None
    requests: int = 0
    throttled: int = 0
    limits: tuple[Limit, ...] = ()

    @property
    def succeeded_at(self) -> dt.datetime | None:
        return self.ended_at if self.exit_code == 0 else None
