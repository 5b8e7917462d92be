"""What a sender has done so far, counted."""

import http
import math
from dataclasses import replace
from typing import Final

from batchreset.core.exchange import Answered, Exchange
from batchreset.core.senders import SenderFigures, SenderState

RATE_SECONDS: Final = 10.0
"""An answer counts for its rate about as long."""


class Tally:
    """Of one sender; begun with what it did when it was here before."""

    def __init__(self, before: SenderFigures) -> None:
        self._who = before
        self.answered = before.answered
        self._throttled = before.throttled
        self._failed = before.failed
        self._lost = before.lost
        self._per_second = 0.0
        self._at_seconds = 0.0

    def count(self, exchange: Exchange, *, now_seconds: float) -> None:
        """One more that it told of."""
        if not isinstance(exchange, Answered):
            self._failed += 1
            return
        self.answered += 1
        self._throttled += exchange.status == http.HTTPStatus.TOO_MANY_REQUESTS
        self._per_second = self._faded(now_seconds) + 1.0 / RATE_SECONDS
        self._at_seconds = now_seconds

    def count_lost(self) -> None:
        """One more that it will not tell of."""
        self._lost += 1

    def figures(self, state: SenderState, *, in_flight: int, now_seconds: float) -> SenderFigures:
        """As they are now."""
        return replace(
            self._who,
            state=state,
            in_flight=in_flight,
            answered=self.answered,
            throttled=self._throttled,
            failed=self._failed,
            lost=self._lost,
            per_second=self._faded(now_seconds),
        )

    def _faded(self, now_seconds: float) -> float:
        return self._per_second * math.exp((self._at_seconds - now_seconds) / RATE_SECONDS)
