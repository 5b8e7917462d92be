"""Whether a scheduler is where one is said to be; what is wrong, in plain words, before Dask tries for long."""

import asyncio
import contextlib
import os
import re
import ssl
import struct
from collections.abc import AsyncIterator
from typing import Any, Final

import anyio

from batchreset.adapters.dask import vendor
from batchreset.core.places import SchedulerAt, is_tls
from batchreset.core.plain import plain
from batchreset.errors import ClusterError, cause

_SAID_FIRST: Final = struct.Struct("<Q")
"""Dask's first word, unasked: how long what follows is."""
_FIRST_WORD_SECONDS: Final = 2.0
_SAID_MOST: Final = 1 << 20
_VERSION_MOST: Final = 40
_NOT_CONNECTED: Final = re.compile(r"\[Errno (\d+)\] Connect call failed \('([^']*)', (\d+)")
_NOT_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE", "HTTP_REQUEST"})


async def reached(scheduler: SchedulerAt, security: Any) -> None:
    """Somebody who speaks as this program does. Raises ClusterError."""
    await heard(scheduler, vendor.tls_of(security) if is_tls(scheduler) else None)
    await _same_version(scheduler, security)


async def heard(
    scheduler: SchedulerAt,
    tls: ssl.SSLContext | None,
    *,
    connect_seconds: float = vendor.CONNECT_SECONDS,
    patience_seconds: float = _FIRST_WORD_SECONDS,
) -> None:
    """Somebody who begins as Dask does. Raises ClusterError."""
    listens = False
    try:
        with anyio.fail_after(connect_seconds):
            async with _connection(scheduler.address) as (reader, writer):
                listens = True
                if tls is not None:
                    await writer.start_tls(tls)
                first = await _first_word(reader, patience_seconds)
    except TimeoutError:
        nothing = f"nothing came of it in {connect_seconds:g} seconds"
        raise (_no_tls(scheduler, f", or hangs: {nothing}") if listens else _unreachable(scheduler, nothing)) from None
    except ssl.SSLError as error:
        raise _refused(scheduler, error) from error
    except (ConnectionResetError, BrokenPipeError, asyncio.IncompleteReadError) as error:
        raise _hung_up(scheduler) from error
    except OSError as error:
        raise _unreachable(scheduler, _why_not(error)) from error
    if first is None:
        raise _silent(scheduler)
    if first > _SAID_MOST:
        raise _no_scheduler(scheduler)


async def _first_word(reader: asyncio.StreamReader, patience_seconds: float) -> int | None:
    """None: it waits to be spoken to."""
    with anyio.move_on_after(patience_seconds):
        return int(_SAID_FIRST.unpack(await reader.readexactly(_SAID_FIRST.size))[0])
    return None


@contextlib.asynccontextmanager
async def _connection(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = address.partition("://")[2].rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _same_version(scheduler: SchedulerAt, security: Any) -> None:
    try:
        with anyio.fail_after(2 * vendor.CONNECT_SECONDS):
            identity, versions = await vendor.asked(scheduler.address, security)
    # Whatever a stranger says may break Dask anywhere.
    except Exception as error:
        raise _no_scheduler(scheduler) from error
    if identity.get("type") != "Scheduler":
        raise _no_scheduler(scheduler)
    if (theirs := vendor.version_of(versions)) != vendor.version():
        raise ClusterError(
            f"the scheduler at {scheduler.address} is of another version of Dask than this program:"
            f" {plain(theirs, _VERSION_MOST)}, here {vendor.version()}",
            next_step=f"install distributed=={vendor.version()} on scheduler and workers, or theirs here",
        )


def _refused(scheduler: SchedulerAt, error: ssl.SSLError) -> ClusterError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ClusterError(
            f"the certificate of the scheduler at {scheduler.address} was refused: {error.verify_message}",
            next_step="give as ca_file the CA of that cluster, and look at the dates of its certificates",
        )
    if error.reason in _NOT_TLS:
        return _no_tls(scheduler)
    return _hung_up(scheduler)


def _no_tls(scheduler: SchedulerAt, or_what: str = "") -> ClusterError:
    return ClusterError(
        f"what listens at {scheduler.address} does not speak TLS{or_what}",
        next_step="start the scheduler with TLS (--tls-ca-file, --tls-cert, --tls-key), or give its tcp:// address",
    )


def _why_not(error: OSError) -> str:
    """The system's words: asyncio puts its own in their place, and those of several addresses into one text."""
    tried = [
        f"{os.strerror(int(number)).lower()} ({f'[{host}]' if ':' in host else host}:{port})"
        for number, host, port in _NOT_CONNECTED.findall(str(error))
    ]
    return ", ".join(tried) or cause(error)


def _hung_up(scheduler: SchedulerAt) -> ClusterError:
    if scheduler.address.startswith("tls://"):
        return ClusterError(
            f"the scheduler at {scheduler.address} hung up: it refuses the certificate that it was shown, or is no"
            " scheduler",
            next_step="give as cert_file and key_file a certificate of that cluster's CA which is in force",
        )
    return _no_scheduler(scheduler)


def _unreachable(scheduler: SchedulerAt, why: str) -> ClusterError:
    return ClusterError(
        f"the scheduler at {scheduler.address} cannot be reached: {why}",
        next_step="see that it runs and that its address is right",
    )


def _silent(scheduler: SchedulerAt) -> ClusterError:
    return ClusterError(
        f"what listens at {scheduler.address} says nothing: a scheduler that speaks TLS, or no scheduler",
        next_step="give the address that the scheduler prints when it starts, with tls:// if it begins so",
    )


def _no_scheduler(scheduler: SchedulerAt) -> ClusterError:
    return ClusterError(
        f"what listens at {scheduler.address} is no scheduler of Dask, or of a version that cannot be understood",
        next_step="give the address that the scheduler prints when it starts; it must run the version that is here",
    )
