"""What the pool needs of a cluster, and of what keeps its messages secret; adapters fulfil it."""

import contextlib
import enum
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from batchreset.core.exchange import Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret


class Ask(enum.StrEnum):
    """What a sender is asked; the names of its methods."""

    HELLO = "hello"
    """Once, before all else: both agree on keys. In clear, with nothing secret in it."""
    DELIVER = "deliver"
    """Rows to send. Called again with the same bytes it does nothing."""
    COLLECT = "collect"
    """What came of them; waits for something a second at most."""
    CLOSE = "close"
    """Nothing is sent any more, and all is forgotten."""


class Link(Protocol):
    """To one sender."""

    @property
    def name(self) -> str:
        """As the cluster calls its worker: nothing secret, the same as in the cluster's own logs."""
        ...

    async def call(self, ask: Ask, message: bytes) -> bytes | None:
        """Its answer; None: there was none, and whether it was heard is not known. Takes seconds, less than a lease.

        Nothing of the message is ever shown, logged or kept, and it is not sent a second time.
        """
        ...


class Cluster(Protocol):
    """Workers that senders can be put on; opened."""

    async def workers(self) -> Mapping[str, bool] | None:
        """Those there are now, by address; False: it is being drained. None: the scheduler is gone for good."""
        ...

    async def employ(self, address: str, config: bytes) -> Link:
        """A sender on that worker. `config`: nothing secret; the cluster keeps it.

        Raises ClusterError: it cannot be made there, and why.
        """
        ...

    async def dismiss(self, link: Link) -> None:
        """The cluster may forget it. Raises nothing."""
        ...


Tell: TypeAlias = Callable[[Callable[[], None]], None]


class ClusterSource(Protocol):
    """A cluster, before it is opened."""

    def open(self, tell: Tell) -> contextlib.AbstractAsyncContextManager[Cluster]:
        """While the block runs.

        Args:
            tell: calls what it is given when nobody waits for the cluster any more.

        Raises ClusterError: it cannot be reached, or not safely; or nobody waited any more.
        """
        ...


class Channel(Protocol):
    """Two sides of one conversation, each of which alone can read what the other wrote."""

    def seal(self, message: bytes) -> bytes:
        """For the other side."""
        ...

    def open(self, sealed: bytes) -> bytes | None:
        """From the other side; None: it is not of this conversation, or was changed on its way."""
        ...


class Greeting(Protocol):
    """One side's half of an agreement on keys, for one conversation."""

    @property
    def public(self) -> bytes:
        """For the other side; nobody learns the keys from it."""
        ...

    def agreed(self, other_public: bytes, *, coordinator: bool) -> Channel | None:
        """The conversation; None: what came is no such half. `coordinator`: which of both sides this is."""
        ...


class SendingApi(Protocol):
    """The service, as a sender uses it: see `engine.ports.ResetApi`."""

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool],
    ) -> Exchange:  # fmt: skip
        """Set the password: one PATCH. `NotSent` of kind `LATE` when it may not leave at the last moment."""
        ...

    async def look(
        self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool],
    ) -> Exchange:  # fmt: skip
        """One harmless GET of a customer; `NotSent` of kind `LATE` as above."""
        ...
