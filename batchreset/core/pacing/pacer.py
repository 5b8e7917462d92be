"""Says which customer's row may go, and when: finds the limits, spends just under them, wastes almost nothing on 429.

Rows wait in lanes, one for each customer. A row goes when fewer are under way than the service bears (`load`), the
partner's gate and its customer's are open (`gates`), and the operator's ceiling allows. A refusal is given to the gate
whose limit it was (`scopes`), which learns from it (`limits`).
"""

import math
import random
from collections.abc import Mapping
from typing import Final

from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.load.ceiling import Ceiling
from batchreset.core.pacing.load.concurrency import Concurrency
from batchreset.core.pacing.load.outage import Outage
from batchreset.core.pacing.notes import Learned, OutageBegan, OutageEnded, PaceNote
from batchreset.core.pacing.outlook import Outlook, outlook
from batchreset.core.pacing.scopes.lanes import CROWD_SHARE
from batchreset.core.pacing.scopes.scopes import Scopes
from batchreset.core.pacing.seam import Answer, PaceSnapshot, Ticket

GENTLE_AT_ONCE: Final = 16
"""While the partner's limit may be near."""


class Pacer:
    """Says which customer's row may go, and when.

    Args:
        rows_per_customer: rows that wait in each lane.
        max_concurrency: requests under way at once, at least 1.
        max_per_second: hard ceiling over any second; None or 0: none.
        random: source of jitter.
        start_from: what an earlier run learned; it is verified before it is trusted.
    """

    def __init__(
        self,
        rows_per_customer: Mapping[str, int],
        *,
        max_concurrency: int,
        max_per_second: float | None = None,
        random: random.Random,
        start_from: Learned | None = None,
    ) -> None:
        self._concurrency = Concurrency(max(1, max_concurrency), _count(rows_per_customer))
        self._outage = Outage(random)
        self._ceiling = Ceiling(max_per_second) if max_per_second else None
        self._scopes = Scopes(rows_per_customer, random, start_from)
        self._in_flight = 0
        self._tickets = 0
        self._refused = 0

    def take(self, now_seconds: float) -> Ticket | float:
        """A ticket: send one row of its customer now. Or the moment to ask again (`math.inf`: after an answer)."""
        at_once = self._concurrency.at_once
        if now_seconds < self._scopes.gentle_until_seconds:
            at_once = min(at_once, GENTLE_AT_ONCE)
        if not self._scopes.lanes.waiting or self._in_flight >= at_once:
            return math.inf
        opens = self._outage.opens_seconds(now_seconds)
        if opens > now_seconds:
            return opens
        if self._ceiling is not None:
            opens = self._ceiling.opens_seconds(now_seconds)
            if opens > now_seconds:
                return opens
        crowd = max(1, at_once // CROWD_SHARE)
        lane = self._scopes.choose(now_seconds, crowd)
        if isinstance(lane, float):
            return lane
        self._tickets += 1
        self._in_flight += 1
        if self._ceiling is not None:
            self._ceiling.sent(now_seconds)
        self._concurrency.sent(self._tickets, self._in_flight)
        self._outage.sent(self._tickets)
        self._scopes.sent(now_seconds, lane, self._tickets)
        return Ticket(lane.customer, self._tickets, now_seconds)

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
        """What came back for `ticket`. `again`: the row returns to its lane."""
        scopes = self._scopes
        lane = scopes.lanes[ticket.customer]
        self._in_flight -= 1
        if again:
            scopes.lanes.give_back(lane)
        scopes.returned(ticket, lane)
        if answer in (Answer.OK, Answer.THROTTLED) and self._outage.answered(ticket.number):
            self._concurrency.begin(self._in_flight)
            scopes.service_is_back()
            scopes.notes.append(OutageEnded(lasted_seconds=now_seconds - self._outage.began_seconds))
        sent_at_seconds = min(max(ticket.taken_at_seconds, now_seconds - latency_seconds), now_seconds)
        if answer is Answer.OK:
            self._concurrency.succeeded(ticket.number, latency_seconds, self._in_flight)
            scopes.passed(ticket, lane, sent_at_seconds)
        elif answer is Answer.THROTTLED:
            self._refused += 1
            self._concurrency.refused(ticket.number)
            scopes.refused(
                lane,
                Refusal(
                    number=ticket.number,
                    at_seconds=now_seconds,
                    sent_at_seconds=sent_at_seconds,
                    retry_after_seconds=retry_after_seconds,
                ),
            )
        elif answer is Answer.UNKNOWN:
            self._concurrency.unknown(ticket.number)
            self._outage.unknown(ticket.number)
            scopes.lost(now_seconds, ticket, lane)
        else:
            self._concurrency.failed(ticket.number)
            if self._outage.failed(now_seconds, ticket.number):
                self._concurrency.broke_down()
                scopes.notes.append(OutageBegan())
            scopes.lost(now_seconds, ticket, lane)
        scopes.lanes.settled(lane)

    @property
    def done(self) -> bool:
        """Nothing waiting, nothing in flight."""
        return not self._scopes.lanes.waiting and self._in_flight == 0

    @property
    def has_room(self) -> bool:
        """Whether the service is thought to bear more than is in flight."""
        return self._scopes.lanes.waiting > 0 and self._in_flight < self._concurrency.at_once

    def add_rows(self, rows_per_customer: Mapping[str, int], *, returned: bool = False) -> None:
        """More rows to be sent; what was learned stays. Returned: they were sent before and go first."""
        self._scopes.lanes.add(rows_per_customer, returned=returned)
        self._concurrency.expect(_count(rows_per_customer))

    def drain_notes(self) -> list[PaceNote]:
        """What happened since this was last asked, oldest first; of a great many, the last thousand."""
        notes = list(self._scopes.notes)
        self._scopes.notes.clear()
        return notes

    @property
    def learned(self) -> Learned:
        """The limits that were found and what they cost, for the summary and for `start_from` of a later run."""
        return self._scopes.learned()

    @property
    def most_per_second(self) -> float | None:
        """The operator's ceiling; None: there is none."""
        return self._ceiling.per_second if self._ceiling else None

    def snapshot(self) -> PaceSnapshot:
        """What pacing is doing now."""
        partner = self._scopes.partner
        rates = [self._ceiling.per_second] if self._ceiling else []
        if (known := partner.limit.known) is not None:
            rates.append(known.count / known.window_seconds)
        closed = partner.door.phase is not Phase.OPEN
        return PaceSnapshot(
            concurrency=1 if closed or self._outage.lasts else self._concurrency.at_once,
            in_flight=self._in_flight,
            waiting=self._scopes.lanes.waiting,
            per_second=min(rates, default=None),
            refused=self._refused,
            pauses=tuple(self._scopes.pauses()),
            outage_until_seconds=self._outage.until_seconds,
        )

    def outlook(self, now_seconds: float, *, rows_to_come: int) -> Outlook:
        """How long the known limits hold back what waits and what is still to be added."""
        lanes = self._scopes.lanes
        return outlook(self._scopes.partner, lanes, now_seconds, rows=lanes.waiting + rows_to_come)


def _count(rows_per_customer: Mapping[str, int]) -> int:
    return sum(max(0, rows) for rows in rows_per_customer.values())
