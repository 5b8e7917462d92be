"""What a sender has done so far, counted."""

import http
from dataclasses import replace

from batchreset.core.exchange import Answered, Exchange
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.core.time_left import Awake, Rate


class Tally:
    """Of one sender; begun with what it did when it was here before.

    Its rate is over the same time as the run's own, which stands beside it, and begins at the first look at which it
    has answered, as that begins with the first rows: all senders' rates together are the run's, however young they are.
    """

    def __init__(self, before: SenderFigures) -> None:
        self._who = before
        self.answered = before.answered
        self._throttled = before.throttled
        self._failed = before.failed
        self._lost = before.lost
        self._has_answered = False
        self._awake = Awake()
        self._rate = Rate()

    def count(self, exchange: Exchange) -> None:
        """One more that it told of."""
        if not isinstance(exchange, Answered):
            self._failed += 1
            return
        self.answered += 1
        self._throttled += exchange.status == http.HTTPStatus.TOO_MANY_REQUESTS
        self._has_answered = True

    def count_lost(self) -> None:
        """One more that it will not tell of."""
        self._lost += 1

    def figures(self, state: SenderState, *, in_flight: int, now_seconds: float) -> SenderFigures:
        """As they are now. Each look is one observation of its rate."""
        return replace(
            self._who,
            state=state,
            in_flight=in_flight,
            answered=self.answered,
            throttled=self._throttled,
            failed=self._failed,
            lost=self._lost,
            per_second=self._observed(now_seconds),
        )

    def _observed(self, now_seconds: float) -> float:
        awake_seconds = self._awake.seconds(now_seconds)
        return self._rate.per_second(awake_seconds, self.answered) if self._has_answered else 0.0
