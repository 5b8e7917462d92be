"""An actor on a worker, or why there is none."""

from typing import Any, Final

import anyio

from batchreset import __version__
from batchreset.adapters.dask import vendor
from batchreset.adapters.dask.link import CALL_SECONDS, DaskLink, name_of
from batchreset.errors import ClusterError, SettingsError

EMPLOY_SECONDS: Final = 10.0
_KILLED: Final = "KilledWorker"


async def employed(client: Any, actor: type, config: bytes, *, address: str, worker: object) -> DaskLink:
    """On the worker of that address and name. Raises ClusterError: none could be made."""
    name = name_of(worker, address)
    await _reached(client, name, address)
    try:
        future = vendor.submit_actor(client, actor, config, address)
    # A client that has lost its scheduler is of many minds about what to raise.
    except Exception as lost:
        raise ClusterError(
            f"the worker {name} cannot be asked for a sender ({type(lost).__name__})",
            next_step="see in the scheduler's log whether it is there",
        ) from lost
    try:
        with anyio.fail_after(EMPLOY_SECONDS):
            error = await future.exception()
    except TimeoutError:
        future.release()
        raise ClusterError(
            f"the worker {name} did not take a sender on in {EMPLOY_SECONDS:g} seconds: it is gone, paused, or has"
            " other work to do",
            next_step="give the run workers that do nothing else",
        ) from None
    except BaseException:
        future.release()
        raise
    if error is None and future.status == "finished":
        return DaskLink(client, name=name, address=address, future=future)
    future.release()
    raise _refused(name, error)


async def _reached(client: Any, name: str, address: str) -> None:
    """By the connection that messages take, before anything is put there. Raises ClusterError."""
    with anyio.move_on_after(CALL_SECONDS):
        try:
            await client.rpc(address).identity()
        # What Dask makes of broken connections is of many kinds.
        except Exception as error:
            raise _out_of_reach(name, address) from error
        return
    raise _out_of_reach(name, address)


def _out_of_reach(name: str, address: str) -> ClusterError:
    return ClusterError(
        f"the worker {name} cannot be connected to from here",
        next_step=f"open {address} to this machine, or give that worker a --contact-address that it can reach",
    )


def _refused(name: str, error: object) -> ClusterError:
    """Types and names only: the rest of an error is another machine's text."""
    match error:
        case ModuleNotFoundError(name=str(module)):
            return ClusterError(
                f"the worker {name} cannot make a sender: {_identifier(module)} is missing there, or another version",
                next_step=f"install batchreset {__version__} on {name}, with the libraries that are here",
            )
        case ImportError() | AttributeError() | TypeError():
            return ClusterError(
                f"the worker {name} cannot make a sender: its batchreset is of another version than this one",
                next_step=f"install batchreset {__version__} on {name}, with the libraries that are here",
            )
        case SettingsError():
            return ClusterError(
                f"the worker {name} cannot make a sender: its proxy variables, or those that say whom to trust,"
                " cannot be used",
                next_step="see HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and the like in that worker's environment",
            )
        case _ if error is None or type(error).__name__ == _KILLED:
            return ClusterError(
                f"the worker {name} was lost before it had made a sender",
                next_step="see in the cluster's logs why; others go on meanwhile",
            )
        case _:
            return ClusterError(
                f"the worker {name} cannot make a sender ({type(error).__name__})",
                next_step="see in that worker's log why",
            )


def _identifier(module: str) -> str:
    return module if module.replace(".", "_").isidentifier() else "module"
