"""The operator's own limit: at most so many sends in any second, evenly spread."""

import collections
import math


class Ceiling:
    """At most `per_second` sends in any second."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._spacing_seconds = 1.0 / per_second
        self._last: collections.deque[float] = collections.deque(maxlen=max(1, math.floor(per_second)))

    def opens_seconds(self, now_seconds: float) -> float:
        if not self._last:
            return now_seconds
        opens = self._last[-1] + self._spacing_seconds
        if len(self._last) == self._last.maxlen:
            opens = max(opens, self._last[0] + 1.0)
            while opens - self._last[0] < 1.0 or opens - 1.0 < self._last[0]:  # rounding must not end a second
                opens = math.nextafter(opens, math.inf)
        return opens

    def sent(self, now_seconds: float) -> None:
        self._last.append(now_seconds)
