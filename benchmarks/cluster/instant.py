"""Senders that answer at once, without a network: what is left is what the coordinator and its messages cost.

`python -m benchmarks.cluster.instant FD` is one, over a socket that it was given. A frame is its length, the number of
a call, which call, and the message; answers have the same number.
"""

import asyncio
import contextlib
import random
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

from batchreset.adapters.channel import KeyHalf
from batchreset.core.exchange import Answered, Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.engine.pool.ports import Ask
from batchreset.engine.pool.reception import Desk, Reception
from batchreset.engine.pool.sender import Surroundings
from batchreset.net import always
from batchreset.wiring.sender import SenderActor

VERSION: Final = "measured"
SERVICE_SECONDS: Final = (0.025, 0.075)
"""From, to. Without any, pacing would not climb: more at once would gain nothing."""
FRAME: Final = struct.Struct("<IIB")
ASKS: Final = tuple(Ask)


class InstantApi:
    """The service, without a way to it. Fulfils `SendingApi` and the engine's `ResetApi`."""

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool] = always,
    ) -> Exchange:  # fmt: skip
        """Done."""
        del row, password, token
        await asyncio.sleep(random.uniform(*SERVICE_SECONDS))
        may_leave()
        return Answered(status=200, correlation_id=correlation_id, request_id=request_id)

    async def look(
        self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool] = always,
    ) -> Exchange:  # fmt: skip
        """The token has MFA."""
        del customer_tenant_id, token, may_leave
        return Answered(status=200, correlation_id=correlation_id, request_id=request_id, mfa_compliant=True)


class InstantActor(SenderActor):
    """The program's own, but for the network."""

    @contextlib.asynccontextmanager
    async def _api(self) -> AsyncIterator[InstantApi]:  # type: ignore[override]  # whoever sends needs no more of it
        yield InstantApi()


@contextlib.asynccontextmanager
async def _api() -> AsyncIterator[InstantApi]:
    yield InstantApi()


async def _serve(given: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=given)
    tasks: set[asyncio.Task[None]] = set()

    def spawn(serving: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(serving)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    reception = Reception(
        Surroundings(
            version=VERSION, host="here", open_api=_api, now_seconds=time.monotonic, draining=lambda: False,
            last_moment=lambda _: None,
        ),
        Desk(), new_greeting=KeyHalf, spawn=spawn,
    )  # fmt: skip

    async def answer(number: int, ask: Ask, message: bytes) -> None:
        answered = await reception.answer(ask, message)
        writer.write(FRAME.pack(len(answered), number, ASKS.index(ask)) + answered)

    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            length, number, ask = FRAME.unpack(await reader.readexactly(FRAME.size))
            spawn(answer(number, ASKS[ask], await reader.readexactly(length)))
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[1]))))
