"""How far something has come, as a line from time to time."""

import contextlib
from collections.abc import AsyncIterator, Callable

import anyio

from batchreset.adapters.display.alongside import alongside
from batchreset.adapters.display.progress import LINE_EVERY_SECONDS


@contextlib.asynccontextmanager
async def said_from_time_to_time(
    line: Callable[[], str], *, say: Callable[[str], None], every_seconds: float = LINE_EVERY_SECONDS
) -> AsyncIterator[None]:
    """Say `line()` every half minute while the block runs."""

    async def report() -> None:
        while True:
            await anyio.sleep(every_seconds)
            with contextlib.suppress(OSError):  # nobody listens any more
                say(line())

    async with alongside(report):
        yield
