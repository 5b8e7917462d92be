"""The operator's ceiling where requests leave: the pacer gives leave, and then a row still waits for its intent."""

import collections
import math
from typing import Final

ARRIVAL_SHARE: Final = 0.03
"""Leave is given to a second's worth in a second and this much more: what leaves here evenly arrives unevenly, as a new
connection or a network costs some hundredths of a second."""


class SendCeiling:
    """So many in any second; fewer than one a second: each so much later than the last.

    Args:
        per_second: 0: no ceiling.
        longer_share: a second is taken for longer by this share.
    """

    def __init__(self, per_second: float, *, longer_share: float = 0.0) -> None:
        self._most = max(1, math.floor(per_second)) if per_second else 0
        self._span_seconds = max(1.0, 1.0 / per_second) * (1.0 + longer_share) if per_second else 0.0
        self._sent: collections.deque[float] = collections.deque(maxlen=self._most)

    def opens_seconds(self, now_seconds: float) -> float:
        """Not later than now: one may go. Else when the next may."""
        if not self._most or len(self._sent) < self._most:
            return now_seconds
        first = self._sent[0]
        opens = max(now_seconds, first + self._span_seconds)
        while opens - first < self._span_seconds:  # rounding must not end a second
            opens = math.nextafter(opens, math.inf)
        return opens

    def sent(self, now_seconds: float) -> None:
        """One went."""
        self._sent.append(now_seconds)
