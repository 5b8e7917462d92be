"""The coordinator's pool: an engine's `Senders` over the workers of a cluster, that come and go."""

import collections
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio
import anyio.abc

from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.exchange import Exchange, LossKind, Lost, NotSent
from batchreset.core.outcome import Reason
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.core.stop import APPLY, stop_for
from batchreset.engine.pool.member import Asked, Conversation, Leaving, Member
from batchreset.engine.pool.messages import PROTOCOL, Greeted, Order, greeting_bytes, welcome_of
from batchreset.engine.pool.ports import Ask, Cluster, ClusterSource, Greeting
from batchreset.engine.pool.sender import LEASE_SECONDS
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ClusterError, ExitCode

LOOK_EVERY_SECONDS: Final = 1.0
NOBODY_SECONDS: Final = 60.0
"""Without a single sender for so long, a run ends."""
AGAIN_SECONDS: Final = 5.0
"""A worker on which no sender could be made is asked again after this."""
CLOSING_SECONDS: Final = 3.0
ASKED_AT_ONCE: Final = 8
GONE_KEPT: Final = 1_000
"""Of so many that have left, figures are kept."""
_NOBODY: Final = NotSent(detail="there was no sender any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiring:
    """What every sender is greeted with.

    Attributes:
        config: nothing secret; the cluster keeps it.
        new_greeting: this side's half of the keys, for one sender.
    """

    run_id: str
    version: str
    config: bytes
    new_greeting: Callable[[], Greeting]


class Pool:
    """The engine's `Senders`."""

    lease_seconds = LEASE_SECONDS

    def __init__(self, source: ClusterSource, hiring: Hiring) -> None:
        self._source = source
        self._hiring = hiring
        self._shift: _Shift | None = None

    @property
    def figures(self) -> Sequence[SenderFigures]:
        """Of all that have sent in this session, those that have left last."""
        return self._shift.figures if self._shift else ()

    @contextlib.asynccontextmanager
    async def open(self, *, session: int, stop: StopSwitch, clock: Clock, log: EventLog) -> AsyncIterator["PooledApi"]:
        """Once there is a sender. Raises ClusterError: there is none."""
        async with self._source.open() as cluster:
            self._shift = shift = _Shift(cluster, self._hiring, session=session, stop=stop, clock=clock, log=log)
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
            asked.settle(Lost(kind=LossKind.CANCELLED))


class _Shift:
    """One session's senders."""

    def __init__(
        self, cluster: Cluster, hiring: Hiring, *, session: int, stop: StopSwitch, clock: Clock, log: EventLog
    ) -> None:
        self._cluster = cluster
        self._hiring = hiring
        self._session = session
        self._stop = stop
        self._clock = clock
        self._log = log
        self._members: dict[str, Member] = {}
        self._turns: collections.deque[Member] = collections.deque()
        self._leaving: list[Member] = []
        self._busy: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._waiting: collections.deque[Asked] = collections.deque()
        self._gone: collections.OrderedDict[str, SenderFigures] = collections.OrderedDict()
        self._refusal = ""
        self._ready = anyio.Event()
        self._over: ClusterError | None = None
        self._closing = False
        self._alone_since_seconds: float | None = clock.monotonic()
        stop.tell(self._stopped)

    @property
    def figures(self) -> list[SenderFigures]:
        """Those at work, then those that have left."""
        return [*(member.figures for member in self._members.values()), *self._gone.values()]

    def ask(self, asked: Asked) -> None:
        """Give it to whoever has least to do; it waits while there is nobody."""
        if asked.settled:
            return
        member = self._least()
        if member is not None:
            member.give(asked)
        elif self._stop.requested or self._over:
            asked.settle(_NOBODY)
        else:
            self._waiting.append(asked)

    def _least(self) -> Member | None:
        """Who has least to do of those whose turn it is: to ask hundreds would cost more than a row."""
        now, turns = self._clock.monotonic(), self._turns
        found, least = None, math.inf
        for asked in range(len(turns)):
            if asked >= ASKED_AT_ONCE and found is not None:
                break
            load = turns[0].load(now)
            if load < least:
                found, least = turns[0], load
            turns.rotate(-1)
        return found

    async def first(self) -> ClusterError | None:
        """Once there is a sender; or why there will be none."""
        self._stop.tell(self._ready.set)
        await self._ready.wait()
        return None if self._members or self._stop.requested else self._over

    async def work(self, tasks: anyio.abc.TaskGroup) -> None:
        """Look who is there, and put senders on those that are new."""
        while not self._over:
            workers = await self._cluster.workers()
            now = self._clock.monotonic()
            if self._closing:
                return
            if workers is None:
                self._end("the scheduler of the cluster is gone")
                return
            for address, may_work in workers.items():
                if may_work and address not in self._busy and self._not_before.get(address, now) <= now:
                    self._busy.add(address)
                    tasks.start_soon(self._employ, address)
            self._not_before = {address: at for address, at in self._not_before.items() if address in workers}
            self._look_at_waiting()
            if self._alone_since_seconds is not None and now - self._alone_since_seconds > NOBODY_SECONDS:
                told = f"; the last word was: {self._refusal}" if self._refusal else ""
                self._end(f"there was no worker in the cluster that could send, for {NOBODY_SECONDS:.0f} s{told}")
                return
            await anyio.sleep(LOOK_EVERY_SECONDS)

    def _look_at_waiting(self) -> None:
        waiting, self._waiting = self._waiting, collections.deque()
        for asked in waiting:
            self.ask(asked)

    def _end(self, what: str) -> None:
        """No more rows can be sent: what is under way still comes to its end."""
        self._over = ClusterError(what, next_step="look at the cluster's own logs")
        if self._ready.is_set():
            self._stop.request(
                stop_for(Reason.INTERRUPTED, what, next_step=f"when the cluster is back, or with another `--cluster`,"
                    f" continue the run with {APPLY}", exit_code=ExitCode.UNEXPECTED)
            )  # fmt: skip
        self._ready.set()
        self._look_at_waiting()

    def _stopped(self) -> None:
        self._look_at_waiting()

    async def _employ(self, address: str) -> None:
        """A sender on that worker, until it leaves."""
        try:
            member = await self._hired(address)
            if member is not None and not self._closing:
                await self._at_work(address, member)
        finally:
            self._busy.discard(address)

    async def _hired(self, address: str) -> Member | None:
        try:
            link = await self._cluster.employ(address, self._hiring.config)
        except ClusterError as error:
            self._refused(address, error.what)
            return None
        half = self._hiring.new_greeting()
        greeted = Greeted(
            protocol=PROTOCOL, version=self._hiring.version, run_id=self._hiring.run_id, session=self._session,
            public=half.public,
        )  # fmt: skip
        answer = await link.call(Ask.HELLO, greeting_bytes(greeted))
        welcome = None if answer is None else welcome_of(answer)
        channel = half.agreed(welcome.public, coordinator=True) if welcome and not welcome.refused else None
        if welcome is None or channel is None:
            self._refused(address, (welcome and welcome.refused) or "it did not answer")
            await self._cluster.dismiss(link)
            return None
        return Member(
            Conversation(link=link, channel=channel, host=welcome.host, now_seconds=welcome.now_seconds),
            before=self._gone.get(address),
            clock=self._clock,
            is_gone=lambda: self._is_gone(address),
            return_order=self.ask,
            members=lambda: len(self._members),
        )

    def _refused(self, address: str, why: str) -> None:
        self._refusal = f"{address}: {why}"
        self._log.warning("sender.refused", sender=address, why=why)
        self._not_before[address] = self._clock.monotonic() + AGAIN_SECONDS

    async def _is_gone(self, address: str) -> bool:
        workers = await self._cluster.workers()
        return workers is not None and address not in workers

    async def _at_work(self, address: str, member: Member) -> None:
        self._members[address] = member
        self._turns.append(member)
        self._gone.pop(address, None)
        self._alone_since_seconds = None
        self._log.info("sender.joined", sender=address, host=member.figures.host)
        self._ready.set()
        self._look_at_waiting()
        leaving = await member.work()
        del self._members[address]
        self._turns.remove(member)
        self._leaving.append(member)
        if not self._members:
            self._alone_since_seconds = self._clock.monotonic()
        figures = member.figures
        log = self._log.info if leaving is Leaving.DRAINED else self._log.warning
        log("sender.left", sender=address, why=leaving.value, rows=figures.in_flight)
        if leaving is Leaving.DRAINED:
            await member.close()
        self._keep(address, member)
        await self._cluster.dismiss(member.link)
        await member.lose()
        self._keep(address, member)
        self._leaving.remove(member)

    def _keep(self, address: str, member: Member) -> None:
        self._gone[address] = replace(member.figures, state=SenderState.GONE, per_second=0.0)
        while len(self._gone) > GONE_KEPT:
            self._gone.popitem(last=False)

    async def close(self) -> None:
        """Nobody sends any more when this returns: whoever does not say so has no lease any more."""
        self._closing = True
        now = self._clock.monotonic()
        until = [member.last_lease_seconds for member in self._leaving]
        members = list(self._members.values())
        silent: list[Member] = []

        async def close(member: Member) -> None:
            with anyio.move_on_after(CLOSING_SECONDS):
                if await member.close():
                    return
            silent.append(member)

        async with anyio.create_task_group() as closing:
            for member in members:
                closing.start_soon(close, member)
        until += [member.last_lease_seconds for member in silent]
        await anyio.sleep(max(0.0, max(until, default=now) - self._clock.monotonic()))
        for address, member in list(self._members.items()):
            self._keep(address, member)
        self._members.clear()
        self._turns.clear()
        with anyio.move_on_after(CLOSING_SECONDS):
            for member in members:
                await self._cluster.dismiss(member.link)
