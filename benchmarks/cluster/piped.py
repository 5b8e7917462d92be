"""A cluster of processes at the other end of sockets: the pool with as little below it as can be."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from batchreset.engine.pool.ports import Ask, Link, Tell
from benchmarks.cluster.instant import ASKS, FRAME


@dataclass(slots=True)
class PipedLink:
    """To one of them."""

    name: str
    writer: asyncio.StreamWriter
    _waiting: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    _number: int = 0

    async def call(self, ask: Ask, message: bytes) -> bytes | None:
        """See `engine.pool.ports.Link`."""
        self._number += 1
        number = self._number
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        self.writer.write(FRAME.pack(len(message), number, ASKS.index(ask)))
        self.writer.write(message)
        return await answer or None

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                length, number, _ = FRAME.unpack(await reader.readexactly(FRAME.size))
                answer = await reader.readexactly(length)
                if not (waiting := self._waiting.pop(number)).done():
                    waiting.set_result(answer)


class PipedCluster:
    """The `Cluster`."""

    def __init__(self, links: Mapping[str, PipedLink]) -> None:
        self._links = links

    async def workers(self) -> Mapping[str, bool] | None:
        """All of them, always."""
        return dict.fromkeys(self._links, True)

    async def employ(self, address: str, config: bytes) -> PipedLink:
        """There is one each."""
        del config
        return self._links[address]

    async def dismiss(self, link: Link) -> None:
        """They end with their sockets."""
        del link


@dataclass(frozen=True, slots=True)
class PipedSource:
    """The `ClusterSource`: so many processes, on these cores."""

    senders: int
    cores: Sequence[int]

    @contextlib.asynccontextmanager
    async def open(self, tell: Tell) -> AsyncIterator[PipedCluster]:
        """They end when their sockets do."""
        del tell
        links, reading = {}, []
        async with contextlib.AsyncExitStack() as closing:
            for number in range(self.senders):
                ours, theirs = socket.socketpair()
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "benchmarks.cluster.instant", str(theirs.fileno()),
                    pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                )  # fmt: skip
                os.sched_setaffinity(process.pid, self.cores)
                closing.push_async_callback(process.wait)
                theirs.close()
                reader, writer = await asyncio.open_connection(sock=ours)
                closing.callback(writer.close)
                links[f"sender-{number}"] = link = PipedLink(f"sender-{number}", writer)
                reading.append(asyncio.create_task(link.read(reader)))
            yield PipedCluster(links)
        for task in reading:
            task.cancel()
