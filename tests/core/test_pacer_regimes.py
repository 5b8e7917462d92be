"""A pacer against limiters in virtual time. Refused requests count against every one of them."""

import collections
import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from batchreset.core.pacing import Answer, Pacer, Ticket

ROWS = {"a": 120, "b": 60, "c": 30, "d": 20, "e": 10}
LATENCY_SECONDS = 0.25
DAY_SECONDS = 86400.0


class Limiter(Protocol):
    """Judges requests in the order of their time."""

    def refused_seconds(self, now_seconds: float) -> float | None:
        """None: let through. Else what `Retry-After` says."""
        ...


@dataclass
class FixedWindow:
    """At most `limit` requests in each window, refused ones too; each one beyond makes the window longer."""

    limit: int
    window_seconds: float
    penalty_seconds: float = 0.0
    ends_seconds: float = -math.inf
    used: int = 0

    def refused_seconds(self, now_seconds: float) -> float | None:
        if now_seconds >= self.ends_seconds:
            self.ends_seconds, self.used = now_seconds + self.window_seconds, 0
        self.used += 1
        if self.used <= self.limit:
            return None
        self.ends_seconds += self.penalty_seconds
        return float(math.floor(self.ends_seconds - now_seconds))


@dataclass
class SlidingWindow:
    """At most `limit` requests in any `window_seconds`, refused ones too."""

    limit: int
    window_seconds: float
    came: collections.deque[float] = field(default_factory=collections.deque)

    def refused_seconds(self, now_seconds: float) -> float | None:
        while self.came and self.came[0] <= now_seconds - self.window_seconds:
            self.came.popleft()
        self.came.append(now_seconds)
        if len(self.came) <= self.limit:
            return None
        return float(math.floor(self.came[-self.limit] + self.window_seconds - now_seconds))


@dataclass
class DebtBucket:
    """A token bucket that a refused request draws from too, below nothing."""

    per_second: float
    burst: float
    tokens: float = math.inf
    then_seconds: float = 0.0

    def refused_seconds(self, now_seconds: float) -> float | None:
        passed = now_seconds - self.then_seconds
        self.tokens, self.then_seconds = min(self.burst, self.tokens + passed * self.per_second), now_seconds
        self.tokens -= 1.0
        return None if self.tokens >= 0.0 else float(math.floor(-self.tokens / self.per_second))


def makespan_seconds(limiter: Limiter, *, max_concurrency: int, seed: int) -> tuple[float, int]:
    """When the last row was let through, and how many requests were refused."""
    pacer = Pacer(ROWS, max_concurrency=max_concurrency, random=random.Random(seed))
    now_seconds, refused = 0.0, 0
    let_through: collections.Counter[str] = collections.Counter()
    answers: list[tuple[float, int, Ticket, float | None]] = []
    while not pacer.done:
        assert now_seconds < DAY_SECONDS, "does not finish"
        turn = pacer.take(now_seconds)
        if isinstance(turn, Ticket):
            retry_after = limiter.refused_seconds(now_seconds)
            heapq.heappush(answers, (now_seconds + LATENCY_SECONDS, turn.number, turn, retry_after))
            continue
        now_seconds = min(turn, answers[0][0] if answers else math.inf)
        while answers and answers[0][0] <= now_seconds:
            _, _, ticket, retry_after = heapq.heappop(answers)
            throttled = retry_after is not None
            refused += throttled
            let_through[ticket.customer] += not throttled
            pacer.answer(
                now_seconds,
                ticket,
                Answer.THROTTLED if throttled else Answer.OK,
                latency_seconds=LATENCY_SECONDS,
                retry_after_seconds=retry_after,
                again=throttled,
            )
    assert let_through == ROWS
    return now_seconds, refused


@pytest.mark.parametrize("max_concurrency", [1, 4, 64])
@pytest.mark.parametrize(
    ("limiter", "at_most_seconds"),
    [
        pytest.param(lambda: FixedWindow(30, 10.0), 90.0, id="fixed-window"),
        pytest.param(lambda: FixedWindow(30, 10.0, penalty_seconds=1.0), 400.0, id="fixed-window-with-a-penalty"),
        pytest.param(lambda: SlidingWindow(30, 10.0), 100.0, id="sliding-window"),
        pytest.param(lambda: DebtBucket(3.0, 20.0), 1200.0, id="bucket-with-debt"),
        pytest.param(lambda: FixedWindow(1, 10.0), 2900.0, id="one-a-window"),
    ],
)
def test_it_finishes_where_refused_requests_count_too(
    limiter: Callable[[], Limiter], at_most_seconds: float, max_concurrency: int
) -> None:
    """Bounds of a pacer that does not learn: with 64 at once, each reopening costs a burst."""
    for seed in range(3):
        seconds, refused = makespan_seconds(limiter(), max_concurrency=max_concurrency, seed=seed)

        assert seconds <= at_most_seconds
        assert refused > 0


def test_the_same_chance_gives_the_same_run() -> None:
    one, other, another = (makespan_seconds(FixedWindow(30, 10.0), max_concurrency=8, seed=seed) for seed in (5, 5, 6))

    assert one == other != another
