"""When something was sent, remembered coarsely: memory does not grow with what is sent."""

import collections
import math
from typing import Final

OLDEST_SECONDS: Final = 3600.0
"""No window that was ever seen is longer."""


class SendLog:
    """The last sends, in groups that grow so that no more than `most` of them are kept.

    A group counts until its last send is old enough: what is believed to be in a window is never too little.
    """

    __slots__ = ("_groups", "_most", "_open", "_stride")

    def __init__(self, most: int) -> None:
        self._groups: collections.deque[float] = collections.deque()
        self._most = most
        self._stride = 1
        self._open = 0

    def sent(self, now_seconds: float) -> None:
        if self._open == 0:
            self._groups.append(now_seconds)
        else:
            self._groups[-1] = now_seconds
        self._open = (self._open + 1) % self._stride
        if len(self._groups) > self._most:
            self._forget(now_seconds - OLDEST_SECONDS)
            if len(self._groups) > self._most:
                self._coarsen()

    def _coarsen(self) -> None:
        groups = list(self._groups)
        odd = len(groups) % 2
        self._groups = collections.deque(groups[1::2])
        if odd:
            self._groups.append(groups[-1])
            self._open = self._open or self._stride
        elif self._open:
            self._open += self._stride
        self._stride *= 2
        self._open %= self._stride

    def _forget(self, until_seconds: float) -> None:
        while self._groups and self._groups[0] <= until_seconds:
            self._groups.popleft()
        if not self._groups:
            self._open = 0

    def within(self, now_seconds: float, window_seconds: float) -> int:
        """How many were sent in the window that ends now, or a little more; older ones are forgotten."""
        self._forget(now_seconds - window_seconds)
        groups = len(self._groups)
        return groups * self._stride - (self._stride - self._open if self._open else 0)

    def last_but(self, others: int) -> float:
        """When that one was sent after which so many others were, or a little later; long ago, where fewer were."""
        beyond = others - ((self._open or self._stride) - 1)
        groups_back = -(-beyond // self._stride) if beyond > 0 else 0
        return self._groups[-1 - groups_back] if groups_back < len(self._groups) else -math.inf

    def opens_seconds(self, now_seconds: float, limit: float, window_seconds: float) -> float:
        """The first moment at which fewer than `limit` are within the window."""
        excess = self.within(now_seconds, window_seconds) - limit
        if excess < 0.0 or not self._groups:
            return now_seconds
        index = min(int(excess // self._stride), len(self._groups) - 1)
        return max(now_seconds, self._groups[index] + window_seconds)

    def counted(self, since_seconds: float, until_seconds: float, *, partly: bool) -> int:
        """How many were sent between the two, or a few less, as groups count; partly: or a few more."""
        within, before = 0, -math.inf
        for last in self._groups:
            if (last if partly else before) >= since_seconds and last <= until_seconds:
                within += self._stride
            before = last
        return within
