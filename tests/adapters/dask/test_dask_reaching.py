"""What is said of who listens where a scheduler should be."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trustme

from batchreset.adapters.dask.reaching import _why_not, heard
from batchreset.core.places import SchedulerAt
from batchreset.errors import ClusterError

pytestmark = pytest.mark.anyio

Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OURS = trustme.CA()
THEIRS = trustme.CA()


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def as_dask(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(struct.pack("<Q", 90) + bytes(90))
    await writer.drain()
    writer.close()


async def as_ssh(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    await writer.drain()
    writer.close()


async def as_a_web_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.close()


async def hanging_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@contextlib.asynccontextmanager
async def served(serving: Serving, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(serving, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def side(trusted: trustme.CA, shown: trustme.CA, protocol: int) -> ssl.SSLContext:
    """Of a cluster, as Dask makes it: both sides show certificates, and names in them do not count."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    trusted.configure_trust(context)
    shown.issue_cert("dask-internal").configure_cert(context)
    return context


def scheduler_s(trusted: trustme.CA = OURS, shown: trustme.CA = OURS) -> ssl.SSLContext:
    return side(trusted, shown, ssl.PROTOCOL_TLS_SERVER)


def client_s(trusted: trustme.CA = OURS, shown: trustme.CA = OURS) -> ssl.SSLContext:
    return side(trusted, shown, ssl.PROTOCOL_TLS_CLIENT)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def refusal(port: int, tls: ssl.SSLContext | None, *, connect_seconds: float = 5.0) -> str:
    at = SchedulerAt(f"{'tls' if tls else 'tcp'}://127.0.0.1:{port}")
    with pytest.raises(ClusterError) as raised:
        await heard(at, tls, connect_seconds=connect_seconds, patience_seconds=0.1)
    return raised.value.what


async def test_who_begins_as_dask_does_is_heard() -> None:
    async with served(as_dask) as port, served(as_dask, scheduler_s()) as safe_port:
        await heard(SchedulerAt(f"tcp://127.0.0.1:{port}"), None)
        await heard(SchedulerAt(f"tls://127.0.0.1:{safe_port}"), client_s())


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    assert await refusal(port, None) == (
        f"the scheduler at tcp://127.0.0.1:{port} cannot be reached: connection refused (127.0.0.1:{port})"
    )


@pytest.mark.parametrize(
    ("error", "why"),
    [
        pytest.param(
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 8786, 0, 0), [Errno 113] Connect call"
                " failed ('10.0.0.7', 8786)"
            ),
            "connection refused ([::1]:8786), no route to host (10.0.0.7:8786)",
            id="of several addresses",
        ),
        pytest.param(OSError(24, "Too many open files"), "Too many open files", id="the system's own words"),
    ],
)
def test_why_there_is_no_connection_is_said_in_the_system_s_words(error: OSError, why: str) -> None:
    assert _why_not(error) == why


async def test_who_takes_a_connection_and_waits_does_not_speak_tls() -> None:
    """As a web server does, until it has a whole line."""
    async with served(silent) as port:
        said = await refusal(port, client_s(), connect_seconds=0.2)

    assert said.endswith("does not speak TLS, or hangs: nothing came of it in 0.2 seconds")


async def test_no_such_host() -> None:
    with pytest.raises(ClusterError, match="cannot be reached"):
        await heard(SchedulerAt("tcp://no-such-host.invalid:8786"), None)


async def test_the_scheduler_s_certificate_is_of_another_ca() -> None:
    async with served(as_dask, scheduler_s(OURS, THEIRS)) as port:
        assert "certificate of the scheduler" in await refusal(port, client_s(OURS, OURS))


async def test_ours_is_of_another_ca() -> None:
    async with served(as_dask, scheduler_s(OURS, OURS)) as port:
        assert "refuses the certificate that it was shown" in await refusal(port, client_s(OURS, THEIRS))


@pytest.mark.parametrize("serving", [as_dask, as_ssh, as_a_web_server], ids=["Dask", "SSH", "a web server"])
async def test_tls_was_asked_for_and_plain_was_found(serving: Serving) -> None:
    async with served(serving) as port:
        said = await refusal(port, client_s())

    assert "does not speak TLS" in said or "hung up" in said


async def test_plain_was_asked_for_and_whoever_listens_waits_to_be_spoken_to() -> None:
    async with served(as_dask, scheduler_s()) as port:
        assert "speaks TLS, or no scheduler" in await refusal(port, None)


@pytest.mark.parametrize("serving", [as_ssh, hanging_up], ids=["SSH", "it hangs up"])
async def test_what_listens_is_not_dask(serving: Serving) -> None:
    async with served(serving) as port:
        assert "no scheduler of Dask" in await refusal(port, None)
