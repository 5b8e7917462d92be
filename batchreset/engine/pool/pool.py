"""The coordinator's pool: an engine's `Senders` over the workers of a cluster, that come and go."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import anyio
import anyio.abc

from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.exchange import Exchange, LossKind, Lost
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.senders import Descent, SenderFigures
from batchreset.engine.pool.asked import Asked
from batchreset.engine.pool.hiring import Hiring
from batchreset.engine.pool.messages import Order
from batchreset.engine.pool.ports import ClusterSource
from batchreset.engine.pool.sender import LEASE_SECONDS
from batchreset.engine.pool.shift import Shift
from batchreset.engine.stopping import StopSwitch

_CANCELLED: Final = Lost(kind=LossKind.CANCELLED)


class Pool:
    """The engine's `Senders`."""

    lease_seconds = LEASE_SECONDS

    def __init__(self, source: ClusterSource, hiring: Hiring) -> None:
        self._source = source
        self._hiring = hiring
        self._shift: Shift | None = None

    @property
    def figures(self) -> Sequence[SenderFigures]:
        """Of all that have sent in this session, those that have left last."""
        return self._shift.figures if self._shift else ()

    @property
    def gives_up_at_seconds(self) -> float | None:
        """See `engine.ports.Senders`."""
        return self._shift.gives_up_at_seconds if self._shift else None

    @contextlib.asynccontextmanager
    async def open(
        self, *, session: Descent, stop: StopSwitch, clock: Clock, log: EventLog
    ) -> AsyncIterator["PooledApi"]:
        """Once there is a sender. Raises ClusterError: there is none; RunHeldError: they send for another process."""
        async with self._source.open(stop.tell) as cluster:
            self._shift = shift = Shift(cluster, self._hiring, session=session, stop=stop, clock=clock, log=log)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(shift.work, tasks)
                refused = await shift.first()
                if refused is None:
                    try:
                        yield PooledApi(shift.ask)
                    finally:
                        with anyio.CancelScope(shield=True):
                            await shift.close()
                tasks.cancel_scope.cancel()
        if refused is not None:
            raise refused


class PooledApi:
    """The engine's `ResetApi`: each call is an order for whichever sender has least to do."""

    def __init__(self, ask: Callable[[Asked], None]) -> None:
        self._ask = ask
        self._number = 0

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        """What came of it; `Lost` of kind `SENDER` when nobody will ever know."""
        return await self._exchanged(
            Order(
                number=self._next(), customer=row.customer_tenant_id, user=row.user_id,
                force_change_password=row.force_change_password, password=password, request_id=request_id,
                correlation_id=correlation_id, token=token,
            )
        )  # fmt: skip

    async def look(self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret) -> Exchange:
        """By a sender too: who is let in may depend on where it comes from."""
        return await self._exchanged(
            Order(
                number=self._next(), customer=customer_tenant_id, request_id=request_id, correlation_id=correlation_id,
                token=token,
            )
        )  # fmt: skip

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def _exchanged(self, order: Order) -> Exchange:
        asked = Asked(order)
        self._ask(asked)
        try:
            return await asked.exchange()
        finally:
            # Cancelled: nobody waits for it any more, and if it has not been handed over yet it stays here.
            asked.settle(_CANCELLED)
