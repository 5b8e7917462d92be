"""A word that one waits for and another gives, once: what each row waits for, so that it costs next to nothing."""

import asyncio
from collections.abc import Generator
from typing import Any, Generic, Protocol, TypeVar

import anyio

Told = TypeVar("Told")


class Word(Protocol[Told]):
    """Awaited by one at most. Whoever waits and is cancelled leaves it done, or not."""

    def done(self) -> bool:
        """Whether it was given, or nobody waits any more."""
        ...

    def set_result(self, result: Told, /) -> None:
        """Give it; only while it is not done."""
        ...

    def __await__(self) -> Generator[Any, Any, Told]: ...


def new_word() -> Word[Any]:
    """A future where the loop is asyncio's: anyio's event and its wait cost five times as much."""
    try:
        return asyncio.get_running_loop().create_future()
    except RuntimeError:
        return _EventWord()


class _EventWord(Generic[Told]):
    """On any other loop."""

    def __init__(self) -> None:
        self._given = anyio.Event()
        self._result: list[Told] = []

    def done(self) -> bool:
        return self._given.is_set()

    def set_result(self, result: Told, /) -> None:
        self._result.append(result)
        self._given.set()

    def __await__(self) -> Generator[Any, Any, Told]:
        yield from self._given.wait().__await__()
        return self._result[0]
