"""What holds for a pacer whatever comes back, in whatever order, however the clock moves."""

import math
import random
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from batchreset.core.pacing import Answer, Pacer, Ticket

EPSILON = 1e-6
"""Seconds; the clock's own rounding."""
LONGEST_SECONDS = 3600.0
LATENCY_SECONDS = 0.25

hostile_retry_after = (
    st.none() | st.sampled_from([0.0, 0.25, 1.0, 57.0, -3.0, math.nan, math.inf, 604800.0]) | st.floats()
)


class Pacing(RuleBasedStateMachine):
    """A service that answers as it likes, and a caller that asks at any time."""

    @initialize(
        rows=st.fixed_dictionaries(dict.fromkeys("abc", st.integers(0, 12))),
        max_concurrency=st.sampled_from([6, 3, 2, 1]),
        max_per_second=st.sampled_from([None, None, None, None, 0.5, 1.0, 1.5, 2.5, 7.0, 100.0]),
        begins_seconds=st.sampled_from([0.0, 12345.678, -5.5]),
    )
    def begin(
        self, rows: dict[str, int], max_concurrency: int, max_per_second: float | None, begins_seconds: float
    ) -> None:
        self.pacer = Pacer(
            rows, max_concurrency=max_concurrency, max_per_second=max_per_second, random=random.Random(20261121)
        )
        self.rows = sum(rows.values())
        self.waiting = Counter(rows)
        self.max_concurrency = max_concurrency
        self.max_per_second = max_per_second
        self.now_seconds = begins_seconds
        self.ask_again_seconds = begins_seconds
        self.flying: list[Ticket] = []
        self.sent_seconds: list[float] = []
        self.ended = 0
        self.refused = 0
        self.told_until_seconds: dict[str, float] = {}
        self.tried: dict[str, Ticket] = {}

    @rule()
    def take(self) -> None:
        paused = {pause.scope: pause.until_seconds for pause in self.pacer.snapshot().pauses}
        turn = self.pacer.take(self.now_seconds)
        if isinstance(turn, Ticket):
            self.check_ticket(turn, paused)
        elif math.isinf(turn):
            assert turn > 0
            assert self.flying or not self.waiting.total(), "nothing under way, rows waiting, and never to be asked"
            self.ask_again_seconds = self.now_seconds
        else:
            assert turn > self.now_seconds
            assert turn <= self.now_seconds + LONGEST_SECONDS + 2.0
            self.ask_again_seconds = turn

    def check_ticket(self, ticket: Ticket, paused: dict[str, float]) -> None:
        assert len(self.flying) < self.max_concurrency
        assert self.waiting[ticket.customer] > 0
        assert ticket.number == len(self.sent_seconds) + 1
        assert ticket.taken_at_seconds == self.now_seconds
        assert self.now_seconds >= self.told_until_seconds.get(ticket.customer, -math.inf) - EPSILON
        for scope in ("partner", ticket.customer):
            if scope in paused:
                assert paused[scope] <= self.now_seconds
                self.check_only_one_tries(scope, ticket)
        self.waiting[ticket.customer] -= 1
        self.flying.append(ticket)
        self.sent_seconds.append(self.now_seconds)
        self.check_ceiling()

    def check_only_one_tries(self, scope: str, ticket: Ticket) -> None:
        """Of a paused scope one row goes first, and no other before it is heard of."""
        assert self.tried.get(scope) not in self.flying
        self.tried[scope] = ticket

    def check_ceiling(self) -> None:
        if self.max_per_second is not None:
            *_, last = self.sent_seconds
            in_a_second = [sent for sent in self.sent_seconds if sent > last - 1.0 + EPSILON]
            assert len(in_a_second) <= max(1.0, self.max_per_second)
            if len(self.sent_seconds) > 1:
                assert last - self.sent_seconds[-2] >= 1 / self.max_per_second - EPSILON

    @rule()
    def take_all(self) -> None:
        for _ in range(self.max_concurrency + 1):
            self.take()

    @rule(
        which=st.integers(0, 5),
        came=st.sampled_from([Answer.THROTTLED, *Answer]),
        retry_after_seconds=hostile_retry_after,
        again=st.booleans(),
    )
    def answer(self, which: int, came: Answer, retry_after_seconds: float | None, *, again: bool) -> None:
        """One of those under way, asked for first so that there are some."""
        self.take_all()
        if self.flying:
            ticket = self.flying.pop(which % len(self.flying))
            self.give(ticket, came, retry_after_seconds, again=again)

    @rule(came=st.sampled_from(Answer), retry_after_seconds=hostile_retry_after)
    def answer_all_alike(self, came: Answer, retry_after_seconds: float | None) -> None:
        while self.flying:
            self.give(self.flying.pop(0), came, retry_after_seconds, again=came is not Answer.OK)

    @rule(more=st.fixed_dictionaries(dict.fromkeys("bcd", st.integers(0, 3))))
    def add_rows(self, more: dict[str, int]) -> None:
        if self.rows < 60:
            self.pacer.add_rows(more)
            self.waiting.update(more)
            self.rows += sum(more.values())

    def give(self, ticket: Ticket, came: Answer, retry_after_seconds: float | None, *, again: bool) -> None:
        self.pacer.answer(
            self.now_seconds,
            ticket,
            came,
            latency_seconds=LATENCY_SECONDS,
            retry_after_seconds=retry_after_seconds,
            again=again,
        )
        if again:
            self.waiting[ticket.customer] += 1
        else:
            self.ended += 1
        if came is Answer.THROTTLED:
            self.refused += 1
            if retry_after_seconds is not None and math.isfinite(retry_after_seconds):
                until = self.now_seconds + min(max(retry_after_seconds, 0.0), LONGEST_SECONDS)
                before = self.told_until_seconds.get(ticket.customer, -math.inf)
                self.told_until_seconds[ticket.customer] = max(before, until)

    @rule(seconds=st.sampled_from([0.0, 1 / 64, 0.1, 1.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.now_seconds += seconds

    @rule()
    def wait_as_told(self) -> None:
        self.now_seconds = max(self.now_seconds, self.ask_again_seconds)

    @invariant()
    def the_snapshot_agrees(self) -> None:
        now = self.pacer.snapshot()
        assert (now.in_flight, now.waiting) == (len(self.flying), self.waiting.total())
        assert now.refused == self.refused
        assert 1 <= now.concurrency <= self.max_concurrency
        assert self.max_per_second is None or 0.0 < (now.per_second or 0.0) <= self.max_per_second

    @invariant()
    def no_row_is_lost_or_doubled(self) -> None:
        assert self.ended + len(self.flying) + self.waiting.total() == self.rows
        assert self.pacer.done == (self.ended == self.rows)

    def teardown(self) -> None:
        """The service recovers: everything ends, in a few steps for each row."""
        if not hasattr(self, "pacer"):
            return
        for _ in range(6 * self.rows + 2 * len(self.flying) + 40):
            while self.flying:
                self.give(self.flying.pop(), Answer.OK, None, again=False)
            self.take()
            self.wait_as_told()
        assert self.pacer.done
        assert self.pacer.take(self.now_seconds) == math.inf


TestPacing = Pacing.TestCase
TestPacing.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


@pytest.mark.torture
def test_of_many_more_services_and_callers() -> None:
    run_state_machine_as_test(Pacing, settings=settings(max_examples=3_000, stateful_step_count=40, deadline=None))
