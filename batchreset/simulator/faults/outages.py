"""Spans of time in which every request meets the same. Pure: the time is handed in."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from batchreset.simulator.faults.kinds import Fault

_FORM: Final = re.compile(
    r"(?P<meets>[a-z0-9-]+) after (?P<after>\d{1,12}(?:\.\d+)?) (?P<after_unit>requests?|seconds?)"
    r" for (?P<lasts>\d{1,12}(?:\.\d+)?) (?P<lasts_unit>requests?|seconds?)"
)
_WORDS: Final = {fault.word: fault for fault in Fault}
_STATUS: Final = re.compile(r"[45]\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One span.

    Attributes:
        meets: what befalls every request, reads too.
        status: of the answer, where `meets` is an error.
        after_seconds: since the first request; None: it begins by `after_requests`.
        after_requests: so many requests come through before it begins with the next one.
        lasts_seconds: None: it ends by `lasts_requests`.
    """

    meets: Fault
    status: int | None = None
    after_seconds: float | None = None
    after_requests: int = 0
    lasts_seconds: float | None = None
    lasts_requests: int = 0


def read_outage(text: str) -> Outage | str:
    """An outage as a person writes it, or what is wrong with it.

    `refused after 500 requests for 600 seconds`, `503 after 30 seconds for 100 requests`.
    """
    found = _FORM.fullmatch(" ".join(text.split()))
    if found is None:
        return f"{text!r} is not of the form `refused after 500 requests for 600 seconds`"
    word = found["meets"]
    status = int(word) if _STATUS.fullmatch(word) else None
    fault = Fault.ERROR if status else _WORDS.get(word)
    if fault is None:
        return f"{text!r}: {word} is neither a status of 400 to 599 nor one of {', '.join(_WORDS)}"
    in_seconds, for_seconds = found["after_unit"].startswith("s"), found["lasts_unit"].startswith("s")
    for name, seconds in (("after", in_seconds), ("lasts", for_seconds)):
        if not seconds and "." in found[name]:
            return f"{text!r}: {found[name]} is no number of requests"
    if not float(found["lasts"]):
        return f"{text!r} lasts for nothing"
    if fault is Fault.REFUSED and not for_seconds:
        return f"{text!r}: connections that are refused cannot be counted, so its length must be in seconds"
    return Outage(
        meets=fault,
        status=status,
        after_seconds=float(found["after"]) if in_seconds else None,
        after_requests=0 if in_seconds else int(found["after"]),
        lasts_seconds=float(found["lasts"]) if for_seconds else None,
        lasts_requests=0 if for_seconds else int(found["lasts"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What a request meets in an outage.

    Attributes:
        status: of the answer, where an outage tells it.
        unseen: the connection was refused: the service never sees the request.
    """

    fault: Fault
    status: int | None = None
    unseen: bool = False


class Outages:
    """The outages of one service, and the moments at which it crashes (`Fault.REFUSED`).

    A service that goes down because so many requests have come, or because one makes it crash, does so under that
    request, whose connection is reset; from then on connections are refused.
    """

    def __init__(self, planned: Sequence[Outage], *, crash_seconds: float) -> None:
        self._planned = [_Span(outage) for outage in planned]
        self._crash_seconds = crash_seconds
        self._up_again_seconds = -math.inf
        self._first_seconds: float | None = None
        self._requests = 0

    def refuses(self, now_seconds: float) -> bool:
        """Whether connections are refused now."""
        return now_seconds < self._up_again_seconds or any(
            span.meets is Fault.REFUSED and span.is_on(now_seconds) for span in self._planned
        )

    def crash(self, now_seconds: float) -> None:
        """Go down from now on, for a while."""
        self._up_again_seconds = max(self._up_again_seconds, now_seconds + self._crash_seconds)

    def meets(self, now_seconds: float) -> Met | None:
        """What a request that comes now meets, if it is in an outage; it is counted, unless it is refused."""
        if self._first_seconds is None:
            self._first_seconds = now_seconds
            for span in self._planned:
                span.start_clock(now_seconds)
        if self.refuses(now_seconds):
            return Met(fault=Fault.REFUSED, unseen=True)
        before, self._requests = self._requests, self._requests + 1
        for span in self._planned:
            if span.takes(before, now_seconds):
                return Met(fault=span.meets, status=span.status)
        return None


class _Span:
    """One outage and how far it has come."""

    def __init__(self, outage: Outage) -> None:
        self._outage = outage
        self.meets = outage.meets
        self.status = outage.status
        self._begins_seconds = math.inf
        self._taken = 0

    def start_clock(self, now_seconds: float) -> None:
        if self._outage.after_seconds is not None:
            self._begins_seconds = now_seconds + self._outage.after_seconds

    def is_on(self, now_seconds: float) -> bool:
        if now_seconds < self._begins_seconds:
            return False
        if self._outage.lasts_seconds is None:
            return self._taken < self._outage.lasts_requests
        return now_seconds < self._begins_seconds + self._outage.lasts_seconds

    def takes(self, requests_before: int, now_seconds: float) -> bool:
        """Whether the request that comes now, after so many, is in it."""
        by_count = self._outage.after_seconds is None and math.isinf(self._begins_seconds)
        if by_count and requests_before >= self._outage.after_requests:
            self._begins_seconds = now_seconds
        if not self.is_on(now_seconds):
            return False
        self._taken += 1
        return True
