"""`python -m benchmarks.service CA_FILE CORE…`: says its port, then does what lines on standard input ask for.

`{"begin": MILLISECONDS}` begins to count anew with that service time; `{"end": true}` is answered by what came.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from typing import Any, Final

import trustme

from benchmarks.service.protocol import Connection, Seen, Shared

_BACKLOG: Final = 1024
_SAID_STRANGE: Final = 3


def _said(seen: Seen, cpu_seconds: float) -> dict[str, Any]:
    moments = seen.moments
    half = moments[len(moments) // 2 :]
    return {
        "resets": len(moments),
        "users": len(seen.users),
        "passwords": len(seen.passwords),
        "twice": seen.twice,
        "strange": len(seen.strange),
        "strange_first": seen.strange[:_SAID_STRANGE],
        "looks": seen.looks,
        "connections": seen.connections,
        "most_under_way": seen.most_under_way,
        "first_at": moments[0] if moments else None,
        "last_at": seen.last_answered,
        # To the last answer, as requests come in bursts: from the first to the last of four there are three.
        "second_half_a_second": len(half) / (seen.last_answered - half[0]) if len(half) > 1 else None,
        "cpu_seconds": cpu_seconds,
    }


async def _commands(shared: Shared) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    began = 0.0
    while line := await reader.readline():
        asked = json.loads(line)
        if "begin" in asked:
            shared.delay_seconds = asked["begin"] / 1000
            shared.seen = Seen()
            began = time.process_time()
            _say({})
        else:
            _say(_said(shared.seen, time.process_time() - began))


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def _serve(ca_file: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    loop, shared = asyncio.get_running_loop(), Shared()
    server = await loop.create_server(
        lambda: Connection(shared, loop.call_later), "127.0.0.1", 0, ssl=context, backlog=_BACKLOG
    )
    _say({"port": server.sockets[0].getsockname()[1]})
    async with server:
        await _commands(shared)


if __name__ == "__main__":
    if cores := [int(core) for core in sys.argv[2:]]:
        os.sched_setaffinity(0, cores)
    asyncio.run(_serve(sys.argv[1]))
