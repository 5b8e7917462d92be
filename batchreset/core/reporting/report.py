"""A whole report, ready to be put on a page."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from batchreset.core.reporting.rows import Counted, Group
from batchreset.core.reporting.senders import SentBy
from batchreset.core.reporting.traffic import Bar, Bin, Kind, Latency, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Why a run ended before all its rows did."""

    reason: str
    what: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One that pacing found. `scope`: "partner", a customer's tenant id, or "*"."""

    scope: str
    requests: int
    window_seconds: float
    refused: int
    waited_seconds: float

    @property
    def per_second(self) -> float:
        """On the average of a window."""
        return self.requests / self.window_seconds if self.window_seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What was sent over time, of all customers or of one.

    Attributes:
        limit: what was found to be allowed; None: nothing was found.
        bar_seconds: what a bar stands for.
        begins: where each session begins among the bars, in seconds.
    """

    limit: Limit | None
    bar_seconds: int
    bars: tuple[Bar, ...]
    begins: Mapping[int, int]

    @property
    def above_limit(self) -> bool:
        """Whether a bar stands above the line of the limit."""
        allowed = self.limit.per_second * self.bar_seconds if self.limit else math.inf
        return any(sum(bar.counts.values()) > allowed for bar in self.bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What went over the wire.

    Attributes:
        kinds: exchanges by what they came to.
        senders: who sent them; none where only the process itself did that carried the run out.
        refused: name and why, of those that were there when the last session ended, or as yet, and could not send.
        whole: of all customers.
        slowest: of the customer that waited longest for a limit of its own, where there is one.
        limits_known: whether a session has told what it found; one that goes on or was killed has not.
        limits_left_out: limits that are not listed.
    """

    kinds: Mapping[Kind, int]
    sessions: tuple[Session, ...]
    senders: tuple[SentBy, ...]
    whole: Throughput
    slowest: Throughput | None
    latencies: tuple[Latency, ...]
    histogram: tuple[Bin, ...]
    limits: tuple[Limit, ...]
    limits_known: bool
    limits_left_out: int
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def sent(self) -> int:
        """Requests that left this machine."""
        return sum(rows for kind, rows in self.kinds.items() if kind is not Kind.NOT_SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page says.

    Attributes:
        state: planned, dry_run, running, finished, stopped or interrupted.
        exit_code: None where the run has not come to an end of its own.
        to_reset: rows of the plan, but for those left out since.
        settled: of them, those that ended, or of which a request was sent and nobody waits for its answer.
        under_way: of them, those whose answer is awaited; among those not attempted in `counted`.
        listing: for each group, the command that lists all of its rows.
        by_customer: the command that counts the rows of all customers, also of those that the page does not show.
        settings, facts, files: (name, value) as they are shown.
        hand_over, carry_on, watch: commands; empty where there is nothing to hand over, to carry on, or to watch.
    """

    run_id: str
    state: str
    written_at: dt.datetime
    exit_code: int | None
    headline: str
    stopped: Stopped | None
    to_reset: int
    settled: int
    under_way: int
    counted: Counted
    groups: tuple[Group, ...]
    listing: Mapping[tuple[str, str], str]
    by_customer: str
    traffic: Traffic
    settings: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    hand_over: str
    carry_on: str
    watch: str
    discarded: bool
