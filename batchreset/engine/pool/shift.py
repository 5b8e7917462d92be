"""One session's senders: who is there, who gets which order, who has left."""

import collections
import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import anyio
import anyio.abc

from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.outcome import Reason
from batchreset.core.senders import Descent, SenderFigures, SenderState
from batchreset.core.stop import OR_SEND_HERE, stop_for
from batchreset.engine.pool.asked import Asked
from batchreset.engine.pool.hiring import Hiring, Refusal, hired
from batchreset.engine.pool.member import Leaving, Member
from batchreset.engine.pool.ports import Cluster
from batchreset.engine.pool.refusals import NOBODY_SECONDS, Refusals, held, scheduler_gone
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import BatchresetError, ClusterError, ExitCode

LOOK_EVERY_SECONDS: Final = 1.0
CLOSING_SECONDS: Final = 3.0
GONE_KEPT: Final = 1_000
"""Of so many that have left, figures are kept."""
ASKED_AT_ONCE: Final = 8
"""So many are asked what they have to do: to ask hundreds would cost more than a row does."""
SEEN_SECONDS: Final = 0.5
"""Who is there is asked once in this time, whoever wants to know."""


class Shift:
    """One session's senders."""

    def __init__(
        self, cluster: Cluster, hiring: Hiring, *, session: Descent, stop: StopSwitch, clock: Clock, log: EventLog
    ) -> None:
        self._cluster = cluster
        self._hiring = hiring
        self._session = session
        self._stop = stop
        self._clock = clock
        self._log = log
        self._members: dict[str, Member] = {}
        self._turns: collections.deque[Member] = collections.deque()
        self._looking = anyio.Lock()
        self._seen: Mapping[str, bool] | None = {}
        self._seen_seconds = -math.inf
        self._leaving: list[Member] = []
        self._busy: set[str] = set()
        self._refusals = Refusals(log)
        self._waiting: collections.deque[Asked] = collections.deque()
        self._gone: collections.OrderedDict[str, SenderFigures] = collections.OrderedDict()
        self._ready = anyio.Event()
        self._over: BatchresetError | None = None
        self._closing = False
        self._alone_since_seconds: float | None = clock.monotonic()
        stop.tell(self._stopped)

    @property
    def figures(self) -> list[SenderFigures]:
        """Those at work, then those that are refused, then those that have left."""
        at_work = [member.figures for member in self._members.values()]
        gone = [one for address, one in self._gone.items() if address not in self._refusals]
        return [*at_work, *self._refusals.figures(self._gone), *gone]

    @property
    def gives_up_at_seconds(self) -> float | None:
        """See `engine.ports.Senders`."""
        alone_since = self._alone_since_seconds
        return None if alone_since is None or self._closing else alone_since + NOBODY_SECONDS

    def ask(self, asked: Asked) -> None:
        """Give it to whoever has least to do; it waits while there is nobody."""
        if asked.settled:
            return
        if self._stop.requested or self._over:
            # Nothing new is sent then; what comes here was not handed over, or came back unsent.
            asked.call_off()
        elif (member := self._least(asked)) is not None:
            member.give(asked)
        else:
            self._waiting.append(asked)

    def _least(self, order: Asked) -> Member | None:
        """Who has least to do of those whose turn it is, could not be asked in vain, and does not rest.

        Where nobody else is there, one of whom that is not true.
        """
        now_seconds, turns = self._clock.monotonic(), self._turns
        turns.rotate(-1)
        found, least = None, (True, True, math.inf)
        for asked in range(1, len(turns) + 1):
            member = turns[0]
            turns.rotate(-1)
            has = member in order.returned_by, member.rests(now_seconds), member.load(now_seconds)
            if has[2] < math.inf and (found is None or has < least):
                found, least = member, has
            if asked >= ASKED_AT_ONCE and not (least[0] or least[1]):
                break
        return found

    async def first(self) -> BatchresetError | None:
        """Once there is a sender; or why there will be none."""
        self._stop.tell(self._ready.set)
        if self._stop.requested:
            return None
        await self._ready.wait()
        return None if self._members or self._stop.requested else self._over

    async def work(self, tasks: anyio.abc.TaskGroup) -> None:
        """Look who is there, and put senders on those that are new."""
        while not self._over:
            workers = await self._who_is_there()
            now = self._clock.monotonic()
            if self._closing:
                return
            if workers is None:
                self._end(scheduler_gone())
                return
            for address, may_work in workers.items():
                if may_work and address not in self._busy and self._refusals.may_be_asked(address, now_seconds=now):
                    self._busy.add(address)
                    tasks.start_soon(self._employ, address)
            for address, member in self._members.items():
                if address not in workers:
                    member.vanish()
                elif not workers[address]:
                    member.drain()
            self._refusals.keep(workers)
            self._look_at_waiting()
            if self._alone_since_seconds is not None and now - self._alone_since_seconds > NOBODY_SECONDS:
                self._end(self._refusals.nobody_sends(workers))
                return
            await anyio.sleep(LOOK_EVERY_SECONDS)

    def _look_at_waiting(self) -> None:
        waiting, self._waiting = self._waiting, collections.deque()
        for asked in waiting:
            self.ask(asked)

    def _end(self, why: ClusterError) -> None:
        """No more rows can be sent: what is under way still comes to its end."""
        self._end_with(why, f"{why.next_step}; {OR_SEND_HERE}", ExitCode.UNEXPECTED)

    def _end_with(self, error: BatchresetError, next_step: str, exit_code: ExitCode) -> None:
        if self._over is not None:
            return
        self._over = error
        if self._ready.is_set():
            self._stop.request(stop_for(Reason.INTERRUPTED, error.what, next_step=next_step, exit_code=exit_code))
        self._ready.set()
        self._look_at_waiting()

    def _stopped(self) -> None:
        for member in self._members.values():
            member.give_back()
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
        found = await hired(self._cluster, address, self._hiring, self._session)
        if isinstance(found, Refusal):
            self._refusals.note(address, found, now_seconds=self._clock.monotonic())
            if found.held:
                error = held(address)
                self._end_with(error, error.next_step, error.exit_code)
            return None
        return Member(
            found,
            before=self._gone.get(address),
            clock=self._clock,
            is_gone=lambda: self._is_gone(address),
            others_send=lambda but: self._others_send(address, but),
            return_order=self.ask,
        )

    async def _who_is_there(self) -> Mapping[str, bool] | None:
        async with self._looking:
            if self._clock.monotonic() - self._seen_seconds > SEEN_SECONDS:
                self._seen = await self._cluster.workers()
                self._seen_seconds = self._clock.monotonic()
            return self._seen

    async def _is_gone(self, address: str) -> bool:
        workers = await self._who_is_there()
        return workers is not None and address not in workers

    def _others_send(self, address: str, but: Collection[object]) -> bool:
        return any(member.sends for other, member in self._members.items() if other != address and member not in but)

    async def _at_work(self, address: str, member: Member) -> None:
        self._members[address] = member
        self._turns.append(member)
        self._gone.pop(address, None)
        self._refusals.sends(address)
        self._alone_since_seconds = None
        self._log.info("sender.joined", sender=address, name=member.link.name, host=member.figures.host)
        self._ready.set()
        self._look_at_waiting()
        leaving = await member.work()
        self._members.pop(address, None)
        self._turns.remove(member)
        self._leaving.append(member)
        if not self._members:
            self._alone_since_seconds = self._clock.monotonic()
        figures = member.figures
        log = self._log.info if leaving is Leaving.DRAINED else self._log.warning
        if not self._closing:
            log("sender.left", sender=address, name=member.link.name, why=leaving.value, rows=figures.in_flight)
        if leaving is Leaving.DRAINED:
            await member.close()
        self._keep(address, member)
        with anyio.move_on_after(CLOSING_SECONDS):
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
        with anyio.move_on_after(CLOSING_SECONDS):
            for member in members:
                await self._cluster.dismiss(member.link)
