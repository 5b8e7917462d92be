"""Something that goes on as long as a block runs."""

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import anyio


@contextlib.asynccontextmanager
async def alongside(going_on: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Cancelled when the block ends."""
    async with anyio.create_task_group() as beside:
        beside.start_soon(going_on)
        try:
            yield
        finally:
            beside.cancel_scope.cancel()
