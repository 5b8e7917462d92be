"""What is done while a run goes on, and nobody waits for."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
import anyio.to_thread

Aside: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]
"""Does something that nobody waits for."""


async def in_a_thread(does: Callable[[], None]) -> None:
    """An `Aside`: the loop goes on. It is waited for when the run ends: nothing of it comes later."""
    await anyio.to_thread.run_sync(does, limiter=anyio.CapacityLimiter(1))
