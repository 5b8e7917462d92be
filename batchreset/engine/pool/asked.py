"""An order on its way through the pool, and whom it goes by."""

import math
from dataclasses import dataclass, field

from batchreset.core.exchange import Exchange
from batchreset.engine.pool.messages import Order
from batchreset.engine.pool.ports import Channel, Link
from batchreset.engine.promise import Promise, new_promise
from batchreset.engine.stopping import RunStoppedError


@dataclass(slots=True, eq=False)
class Asked:
    """An order on its way, and what came of it.

    Attributes:
        returned_by: senders that could not send it.
        lease_until_seconds: once it was handed over: when it may not leave any more, by our clock.
    """

    order: Order
    returned_by: tuple[object, ...] = ()
    lease_until_seconds: float = -math.inf
    _exchange: Promise[Exchange | None] = field(default_factory=new_promise, init=False)

    @property
    def settled(self) -> bool:
        """It needs nobody any more."""
        return self._exchange.done()

    def call_off(self) -> None:
        """The run was stopped, and it surely was not sent."""
        self._exchange.set_result(None)

    def settle(self, exchange: Exchange) -> None:
        """The first word counts."""
        if not self.settled:
            self._exchange.set_result(exchange)

    async def exchange(self) -> Exchange:
        """What came of it. Raises RunStoppedError: it was called off."""
        exchange = await self._exchange
        if exchange is None:
            raise RunStoppedError
        return exchange


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
