"""What stops a run before it does harm: too many rows that do not succeed, among the first, the last, or in all."""

import collections
import heapq
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from batchreset.core.outcome import Reason

WINDOW_OUTCOMES: Final = 200
"""`max_failure_rate` is taken over this many last outcomes."""


class FailureGuard:
    """Watches outcomes; says once too many did not succeed. Not succeeded: `failed` and `in_doubt` alike.

    Args:
        max_failure_rate: the share that is still borne, 0 to 1.
        max_failures: the number that is still borne in all; 0: any.

    The share is measured against a full window: outcomes still to come count as successes, so that one failure
    among the first three rows is not "33 %".
    """

    def __init__(self, *, max_failure_rate: float, max_failures: int) -> None:
        self._rate = max_failure_rate
        self._window_failures_borne = _borne(max_failure_rate, WINDOW_OUTCOMES)
        self._max_failures = max_failures
        self._window: collections.deque[bool] = collections.deque()
        self._failed_in_window = 0
        self._failed = 0
        self._canary_failures_borne: int | None = None

    def expect_canary(self, rows: int) -> None:
        """The next `rows` outcomes are the canary's: at most `max_failure_rate` of them may fail."""
        self._canary_failures_borne = _borne(self._rate, rows)

    def canary_passed(self) -> None:
        """From here on the window alone decides."""
        self._canary_failures_borne = None

    def saw(self, *, succeeded: bool) -> Reason | None:
        """Take one outcome in; the reason to stop, or None."""
        self._window.append(not succeeded)
        self._failed_in_window += not succeeded
        if len(self._window) > WINDOW_OUTCOMES:
            self._failed_in_window -= self._window.popleft()
        self._failed += not succeeded
        if succeeded:
            return None
        if self._canary_failures_borne is not None and self._failed > self._canary_failures_borne:
            return Reason.CANARY
        if self._max_failures and self._failed > self._max_failures:
            return Reason.MAX_FAILURES
        if self._failed_in_window > self._window_failures_borne:
            return Reason.FAILURE_RATE
        return None


def _borne(rate: float, outcomes: int) -> int:
    """How many of `outcomes` may fail, by the decimal as it was written: 0.29 of 100 are 29, where floats say 28."""
    return math.floor(Fraction(str(rate)) * outcomes)


def canary_counts(rows_per_lane: Mapping[str, int], canary: int) -> dict[str, int]:
    """How many of each lane's rows go first: one of each, the largest lanes first; what is left by size (D'Hondt).

    Empty when the canary is off, or when there would be no rest that it could protect.
    """
    if canary <= 0 or sum(rows_per_lane.values()) <= canary:
        return {}
    by_size = sorted(rows_per_lane, key=lambda lane: (-rows_per_lane[lane], lane))
    counts = dict.fromkeys((lane for lane in by_size[:canary] if rows_per_lane[lane]), 1)
    # By size they are a heap already. A lane of which all rows go has a quotient below one, any other one not below:
    # it is not taken again while there is a rest.
    quotients = [(-rows_per_lane[lane] / 2, lane) for lane in counts]
    for _ in range(canary - len(counts)):
        _, lane = quotients[0]
        counts[lane] += 1
        heapq.heapreplace(quotients, (-rows_per_lane[lane] / (counts[lane] + 1), lane))
    return counts
