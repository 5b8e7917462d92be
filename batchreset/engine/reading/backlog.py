"""What is still to be read: a bounded part of it in memory, lane by lane."""

import collections
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

TAKEN_UP: Final = 20_000
"""While fewer wait, more are taken up. A customer whose accounts fill all of it, and that is throttled, does keep the
others waiting; with the input's customers in turn it does not come to that."""

T = TypeVar("T")


class Backlog(Generic[T]):
    """The engine's `TurnSource`, filled from an iterable that is gone through once."""

    def __init__(self) -> None:
        self._waiting: dict[str, collections.deque[T]] = {}
        self._count = 0
        self._more: Iterator[Iterable[tuple[str, T]]] = iter(())

    @property
    def rows_per_lane(self) -> Mapping[str, int]:
        return {lane: len(items) for lane, items in self._waiting.items()}

    def expect(self, chunks: Iterable[Iterable[tuple[str, T]]]) -> None:
        """After what there is: these, each with its lane."""
        self._more = iter(chunks)

    def take_up(self) -> dict[str, int]:
        """How many more may go, by lane; none while enough wait, or when there are no more."""
        added: collections.Counter[str] = collections.Counter()
        while self._count < TAKEN_UP:
            chunk = next(self._more, None)
            if chunk is None:
                break
            for lane, item in chunk:
                self._waiting.setdefault(lane, collections.deque()).append(item)
                self._count += 1
                added[lane] += 1
        return dict(added)

    def next(self, lane: str) -> T:
        """The lane's next one."""
        waiting = self._waiting[lane]
        item = waiting.popleft()
        self._count -= 1
        if not waiting:
            del self._waiting[lane]
        return item
