"""An order on its way through the pool, and whom it goes by."""

from dataclasses import dataclass, field

import anyio

from batchreset.core.exchange import Exchange
from batchreset.engine.pool.messages import Order
from batchreset.engine.pool.ports import Channel, Link
from batchreset.engine.stopping import RunStoppedError


@dataclass(slots=True, eq=False)
class Asked:
    """An order on its way, and what came of it.

    Attributes:
        returned_by: senders that could not send it.
    """

    order: Order
    returned_by: list[object] = field(default_factory=list)
    _done: anyio.Event = field(default_factory=anyio.Event, init=False)
    _exchange: Exchange | None = field(default=None, init=False)

    @property
    def settled(self) -> bool:
        """It needs nobody any more."""
        return self._done.is_set()

    def call_off(self) -> None:
        """The run was stopped, and it surely was not sent."""
        self._done.set()

    def settle(self, exchange: Exchange) -> None:
        """The first word counts."""
        if not self.settled:
            self._exchange = exchange
            self._done.set()

    async def exchange(self) -> Exchange:
        """What came of it. Raises RunStoppedError: it was called off."""
        await self._done.wait()
        if self._exchange is None:
            raise RunStoppedError
        return self._exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Hired:
    """A sender that has said hello.

    Attributes:
        host: the machine it is on, as it calls itself.
        now_seconds: by its clock, as it said so.
        most_seconds: an order may take, from being handed over to being told of.
    """

    link: Link
    channel: Channel
    host: str
    now_seconds: float
    most_seconds: float
