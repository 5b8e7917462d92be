"""Whether a scheduler is where one is said to be; what is wrong, in plain words, before Dask tries for long."""

import asyncio
import contextlib
import ssl
import struct
from typing import Any, Final

import anyio

from batchreset.adapters.dask import vendor
from batchreset.core.places import SchedulerAt, is_tls
from batchreset.errors import ClusterError, cause

_SAID_FIRST: Final = struct.Struct("<Q")
"""Dask's first word, unasked: how long what follows is."""
_FIRST_WORD_SECONDS: Final = 2.0
_SAID_MOST: Final = 1 << 20
_NOT_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE", "HTTP_REQUEST"})


async def reached(scheduler: SchedulerAt, security: Any) -> None:
    """Somebody who speaks as this program does. Raises ClusterError."""
    await heard(scheduler, vendor.tls_of(security) if is_tls(scheduler) else None)
    await _same_version(scheduler, security)


async def heard(
    scheduler: SchedulerAt, tls: ssl.SSLContext | None, *, patience_seconds: float = _FIRST_WORD_SECONDS
) -> None:
    """Somebody who begins as Dask does. Raises ClusterError."""
    try:
        with anyio.fail_after(vendor.CONNECT_SECONDS):
            first = await _first_word(scheduler.address, tls, patience_seconds)
    except TimeoutError:
        raise _unreachable(scheduler, f"nothing came of it in {vendor.CONNECT_SECONDS:g} seconds") from None
    except ssl.SSLError as error:
        raise _refused(scheduler, error) from error
    except (ConnectionResetError, BrokenPipeError, asyncio.IncompleteReadError) as error:
        raise _hung_up(scheduler) from error
    except OSError as error:
        raise _unreachable(scheduler, cause(error)) from error
    if first is None:
        raise _silent(scheduler)
    if first > _SAID_MOST:
        raise _no_scheduler(scheduler)


async def _first_word(address: str, tls: ssl.SSLContext | None, patience_seconds: float) -> int | None:
    """None: it waits to be spoken to."""
    host, _, port = address.partition("://")[2].rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=tls)
    try:
        with anyio.move_on_after(patience_seconds):
            return int(_SAID_FIRST.unpack(await reader.readexactly(_SAID_FIRST.size))[0])
        return None
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
            f" {_printable(theirs)}, here {vendor.version()}",
            next_step=f"install distributed=={vendor.version()} on scheduler and workers, or theirs here",
        )


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:40]


def _refused(scheduler: SchedulerAt, error: ssl.SSLError) -> ClusterError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ClusterError(
            f"the certificate of the scheduler at {scheduler.address} was refused: {error.verify_message}",
            next_step="give as ca_file the CA of that cluster, and look at the dates of its certificates",
        )
    if error.reason in _NOT_TLS:
        return ClusterError(
            f"what listens at {scheduler.address} does not speak TLS",
            next_step="start the scheduler with TLS (--tls-ca-file, --tls-cert, --tls-key), or give its tcp:// address",
        )
    return _hung_up(scheduler)


def _hung_up(scheduler: SchedulerAt) -> ClusterError:
    if scheduler.address.startswith("tls://"):
        return ClusterError(
            f"the scheduler at {scheduler.address} hung up: it refuses the certificate that it was shown, or is none",
            next_step="give as cert_file and key_file a certificate of that cluster's CA which is in force",
        )
    return _no_scheduler(scheduler)


def _unreachable(scheduler: SchedulerAt, why: str) -> ClusterError:
    return ClusterError(
        f"the scheduler at {scheduler.address} cannot be reached: {why}",
        next_step="see that it runs and that its address is right; then start this again",
    )


def _silent(scheduler: SchedulerAt) -> ClusterError:
    return ClusterError(
        f"what listens at {scheduler.address} says nothing: a scheduler that speaks TLS, or none",
        next_step="give the address that the scheduler prints when it starts, with tls:// if it begins so",
    )


def _no_scheduler(scheduler: SchedulerAt) -> ClusterError:
    return ClusterError(
        f"what listens at {scheduler.address} is no scheduler of Dask, or of a version that cannot be understood",
        next_step="give the address that the scheduler prints when it starts; it must run the version that is here",
    )
