"""How some requests fared that were sent one after another: how long they took, how many failed."""

import math
from dataclasses import dataclass, replace
from typing import Final, Self

BACK_SHARE: Final = 0.9
"""So many of them are waited for: the first to come back are the quick ones, the last may take ten seconds."""
KNOWN_SHARE: Final = 0.5
"""When fewer succeeded or failed, the rest were refused: a limit held back, and that says nothing of the service."""
FAILURE_WEIGHT: Final = 3.0
"""A failure is as bad as three rows less: it was for nothing, and says that something is wrong."""
NEWS_WEIGHT: Final = 0.3
"""Of a new sample in what is usual: that is as sure as five samples, and follows a change in as many."""
LEAST_SUCCEEDED_SHARE: Final = 0.01
LEAST_LATENCY_SECONDS: Final = 0.001
"""So that both have a logarithm."""
QUARTILES_APART: Final = 1.349
"""Of a normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a sample says.

    Attributes:
        in_flight: requests under way, on average.
        yield_log: the logarithm of what gets done a second; by Little's law that is in flight over latency.
        spread: standard deviation of the latencies' logarithms.
    """

    in_flight: float
    yield_log: float
    spread: float

    def followed_by(self, later: Self) -> Self:
        """What is usual, after one more."""
        return replace(
            self,
            in_flight=self.in_flight + NEWS_WEIGHT * (later.in_flight - self.in_flight),
            yield_log=self.yield_log + NEWS_WEIGHT * (later.yield_log - self.yield_log),
            spread=self.spread + NEWS_WEIGHT * (later.spread - self.spread),
        )


class Sample:
    """The next so many requests. Judged as a group, so that quick answers do not count before slow ones."""

    __slots__ = ("_back", "_failed", "_first", "_latencies", "_sent", "_size", "_under_way")

    def __init__(self, size: int) -> None:
        self._size = size
        self._first = 0
        self._sent = 0
        self._under_way = 0
        self._back = 0
        self._failed = 0
        self._latencies: list[float] = []

    def sent(self, number: int, in_flight: int) -> None:
        """Numbers count up by one."""
        if self._sent < self._size:
            if not self._sent:
                self._first = number
            self._sent += 1
            self._under_way += in_flight

    def succeeded(self, number: int, latency_seconds: float) -> bool:
        """True: the sample is complete."""
        if not self._holds(number):
            return False
        self._latencies.append(latency_seconds)
        return self._one_back()

    def failed(self, number: int) -> bool:
        """True: the sample is complete."""
        if not self._holds(number):
            return False
        self._failed += 1
        return self._one_back()

    def refused(self, number: int) -> bool:
        """How quickly a request is refused says nothing. True: the sample is complete."""
        return self._holds(number) and self._one_back()

    def _holds(self, number: int) -> bool:
        return self._first <= number < self._first + self._sent

    def _one_back(self) -> bool:
        self._back += 1
        return self._sent == self._size and self._back >= BACK_SHARE * self._size

    def reading(self) -> Reading | None:
        """None: too much was refused."""
        latencies = sorted(self._latencies)
        known = len(latencies) + self._failed
        if known < KNOWN_SHARE * self._size:
            return None
        lower, median, upper = (_log_at(latencies, share) for share in (0.25, 0.5, 0.75))
        succeeded = max(len(latencies) / known, LEAST_SUCCEEDED_SHARE)
        in_flight = self._under_way / self._size
        return Reading(
            in_flight=in_flight,
            yield_log=math.log(in_flight) - median + FAILURE_WEIGHT * math.log(succeeded),
            spread=(upper - lower) / QUARTILES_APART,
        )


def _log_at(latencies: list[float], share: float) -> float:
    return math.log(max(latencies[int(share * len(latencies))], LEAST_LATENCY_SECONDS)) if latencies else 0.0
