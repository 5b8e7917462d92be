"""To one sender, by a connection of our own to its worker."""

from typing import Any, Final

import anyio

from batchreset.adapters.dask import vendor
from batchreset.core.senders import plain_name

CALL_SECONDS: Final = 4.0
"""Of a call, connection and all. A sender waits a second at most; a row's lease is three times as long, so that what
was not taken can be said again."""


class DaskLink:
    """To an actor.

    Args:
        future: the scheduler keeps the actor as long as this is not released.
    """

    def __init__(self, client: Any, *, name: str, address: str, future: Any) -> None:
        self._client = client
        self._name = name
        self._address = address
        self._future = future
        self._key: str = future.key

    @property
    def name(self) -> str:
        """As the cluster calls the worker."""
        return self._name

    async def call(self, ask: str, message: bytes) -> bytes | None:
        """See `engine.pool.ports.Link`."""
        # A cancelled write to a worker that is stopped waits once more for it: only a scope cancels again.
        with anyio.move_on_after(CALL_SECONDS):
            try:
                answer = await vendor.call_actor(self._client.rpc(self._address), self._key, str(ask), message)
            # Dask raises what the worker raised, and what it makes of broken connections.
            except Exception:  # noqa: BLE001  all of it means no answer
                return None
            return answer if isinstance(answer, bytes) else None
        return None

    def release(self) -> None:
        """The scheduler forgets the actor, and the worker drops it."""
        self._future.release()


def name_of(worker: object, address: str) -> str:
    """What a worker is called, by its name in the cluster; text of others, shown on terminals."""
    if isinstance(worker, int):
        return f"worker-{worker}"
    name = plain_name(worker.strip()) if isinstance(worker, str) and "://" not in worker else ""
    return name if name.strip("?") else plain_name(address.partition("://")[2])
