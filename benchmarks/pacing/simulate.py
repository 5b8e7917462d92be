"""One run in virtual time: by a pacer, or by an oracle that looks into the limiter."""

import heapq
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from batchreset.core.pacing import Answer, Ticket
from benchmarks.pacing.limiters import EachCustomer
from benchmarks.pacing.service import Service

NEVER_SECONDS: Final = 40 * 86400.0
"""A run that takes this long in virtual time does not finish."""
IDLE_TURNS_AT_MOST: Final = 1000
"""So many turns in a row that say "later" without time passing are a busy loop."""


class Driven(Protocol):
    """The seam, as far as a simulation needs it."""

    def take(self, now_seconds: float) -> Ticket | float: ...

    def answer(
        self,
        now_seconds: float,
        ticket: Ticket,
        answer: Answer,
        *,
        latency_seconds: float,
        retry_after_seconds: float | None = None,
        again: bool,
    ) -> None: ...

    @property
    def done(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run went; infinite makespan: it did not finish."""

    makespan_seconds: float
    succeeded: int
    refused: int
    failed: int
    most_under_way: int


class StuckError(Exception):
    """Nothing is under way and nothing will ever go."""


def simulate(pacer: Driven, service: Service, chance: random.Random) -> Run:
    """Drive the pacer until it is done."""
    now, under_way, most, idle = 0.0, 0, 0, 0
    counts = dict.fromkeys(Answer, 0)
    events: list[tuple[float, int, bool, Ticket, float, Answer, float | None]] = []
    while not pacer.done and now < NEVER_SECONDS:
        turn = pacer.take(now)
        if isinstance(turn, Ticket):
            idle, under_way = 0, under_way + 1
            most = max(most, under_way)
            latency = service.latency_seconds(now, chance, under_way)
            arrives = now + service.way_in * latency
            heapq.heappush(events, (arrives, turn.number, False, turn, latency, Answer.OK, None))
            if service.way_in:
                continue
        elif math.isinf(turn) and not events:
            raise StuckError
        else:
            idle = idle + 1 if turn <= now else 0
            if idle > IDLE_TURNS_AT_MOST:
                raise StuckError
            now = max(now, min(turn, events[0][0] if events else math.inf))
        while events and events[0][0] <= now:
            at, number, answered, ticket, latency, came, told = heapq.heappop(events)
            if not answered:
                came, told = service.answer(at, ticket.customer, chance, under_way)
                if came is Answer.THROTTLED:
                    latency *= service.refusal_share
                returns = max(at, ticket.taken_at_seconds + latency)
                heapq.heappush(events, (returns, number, True, ticket, latency, came, told))
                continue
            under_way -= 1
            counts[came] += 1
            pacer.answer(
                now, ticket, came, latency_seconds=latency, retry_after_seconds=told, again=came is not Answer.OK
            )
    return Run(
        makespan_seconds=now if pacer.done else math.inf,
        succeeded=counts[Answer.OK],
        refused=counts[Answer.THROTTLED],
        failed=counts[Answer.UNAVAILABLE],
        most_under_way=most,
    )


class Oracle:
    """Sends whatever would pass, the customer with most rows left first: the best there is, but for luck."""

    def __init__(self, rows: Mapping[str, int], service: Service, *, max_concurrency: int) -> None:
        self._rows = {customer: count for customer, count in rows.items() if count}
        self._ready = [(-count, customer) for customer, count in self._rows.items()]
        heapq.heapify(self._ready)
        self._later: list[tuple[float, str]] = []
        self._service = service
        self._for_all = not isinstance(service.limiter, EachCustomer)
        self._most = min(max_concurrency, service.in_service)
        self._flying = 0
        self._numbers = 0

    def take(self, now_seconds: float) -> Ticket | float:
        if self._flying >= self._most:
            return math.inf
        begins, ends = self._service.down
        if begins <= now_seconds < ends:
            return ends
        while self._later and self._later[0][0] <= now_seconds:
            _, customer = heapq.heappop(self._later)
            heapq.heappush(self._ready, (-self._rows[customer], customer))
        while self._ready:
            left, customer = heapq.heappop(self._ready)
            if -left != self._rows[customer]:
                continue
            opens = self._service.limiter.opens_seconds(now_seconds, customer)
            if opens > now_seconds and self._for_all:
                heapq.heappush(self._ready, (left, customer))
                return opens
            if opens > now_seconds:
                heapq.heappush(self._later, (opens, customer))
                continue
            self._rows[customer] -= 1
            if self._rows[customer]:
                heapq.heappush(self._ready, (left + 1, customer))
            self._flying += 1
            self._numbers += 1
            return Ticket(customer, self._numbers, now_seconds)
        return self._later[0][0] if self._later else math.inf

    def answer(
        self,
        now_seconds: float,
        ticket: Ticket,
        answer: Answer,
        *,
        latency_seconds: float,
        retry_after_seconds: float | None = None,
        again: bool,
    ) -> None:
        del now_seconds, answer, latency_seconds, retry_after_seconds
        self._flying -= 1
        if again:
            self._rows[ticket.customer] += 1
            heapq.heappush(self._ready, (-self._rows[ticket.customer], ticket.customer))

    @property
    def done(self) -> bool:
        return self._flying == 0 and not any(self._rows.values())


PacerMaker = Callable[[Mapping[str, int], int, random.Random], Driven]
