"""An order on its way through the pool."""

import math
from dataclasses import dataclass, field

from batchreset.core.exchange import Exchange
from batchreset.engine.pool.messages import Order
from batchreset.engine.promise import Promise, new_promise
from batchreset.engine.stopping import RunStoppedError


@dataclass(slots=True, eq=False)
class Asked:
    """An order on its way, and what came of it.

    Attributes:
        returned_by: senders that could not send it.
        first_handed_seconds: when it was handed over, to whomever, by our clock.
        lease_until_seconds: once it was handed over: when it may not leave any more, by our clock.
    """

    order: Order
    returned_by: tuple[object, ...] = ()
    first_handed_seconds: float = math.inf
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
