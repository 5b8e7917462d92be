"""Many visits at once, within the service's limits, until all are done or one of them ends the reading."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import anyio
import anyio.abc

from batchreset.core.pacing import Pacer, Ticket
from batchreset.engine.lanes import Lanes
from batchreset.engine.ports import ReadingWorld
from batchreset.engine.reading.backlog import Backlog
from batchreset.engine.reading.visit import Heard, Visit
from batchreset.engine.stopping import RunStoppedError, StopSwitch
from batchreset.engine.tokens import RunTokens
from batchreset.errors import BatchresetError

Job = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """The settings a reading acts on, as plain values; their meaning is the settings' (README, "Settings")."""

    max_concurrency: int
    max_per_second: float
    max_attempts: int


class Reader:
    """One reading: one pacer for all of it, so that what one part learned of the limits serves the next.

    Args:
        stop: ends it: a GET changes nothing, so that what is under way is not waited for.
    """

    def __init__(self, world: ReadingWorld, limits: ReadLimits, stop: StopSwitch) -> None:
        self.world = world
        self._limits = limits
        self._stop = stop
        self._tokens = RunTokens(world.tokens)
        self._backlog: Backlog[Job] = Backlog()
        self._heard = Heard()
        self._pacer = Pacer(
            {},
            max_concurrency=limits.max_concurrency,
            max_per_second=limits.max_per_second or None,
            random=world.chance,
        )
        self._lanes = Lanes(
            self._pacer,
            self._backlog,
            max_concurrency=limits.max_concurrency,
            max_per_second=limits.max_per_second,
            clock=world.clock,
            log=world.log,
            stop=stop,
        )
        self._failure: BatchresetError | None = None

    @property
    def refused(self) -> int:
        """429s so far."""
        return self._pacer.snapshot().refused

    async def read(self, jobs: Iterable[Iterable[tuple[str, Job]]]) -> None:
        """Carry all of them out, each in its lane. `jobs` is gone through once, little by little.

        Raises:
            DirectoryError, ServiceUnreachableError, SignInError: of the first job that failed; the others were ended.
            RunStoppedError: the stop was requested.
        """
        if self._stop.requested:
            raise RunStoppedError
        self._backlog.expect(jobs)
        with anyio.CancelScope() as under_way:
            self._stop.tell(under_way.cancel)
            async with anyio.create_task_group() as watch:
                watch.start_soon(self.world.tokens.keep_fresh)
                async with anyio.create_task_group() as visits:
                    await self._send(visits, under_way)
                watch.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure
        if self._stop.requested:
            raise RunStoppedError

    async def keep_ceiling(self) -> None:
        """What was sent a moment ago, by somebody else, counts too. Raises RunStoppedError."""
        if self._limits.max_per_second:
            await self._stop.sleep(max(1.0, 1.0 / self._limits.max_per_second))

    async def _send(self, visits: anyio.abc.TaskGroup, under_way: anyio.CancelScope) -> None:
        try:
            while True:
                if more := self._backlog.take_up():
                    self._lanes.add(more)
                # Asked before a turn is taken: those that waited with theirs for a renewal would all go at once.
                await self._tokens.token()
                turn = await self._lanes.next()
                if turn is None:
                    return
                visits.start_soon(self._visit, *turn, under_way)
        except BatchresetError as error:
            self._end(error, under_way)

    async def _visit(self, job: Job, ticket: Ticket, under_way: anyio.CancelScope) -> None:
        visit = Visit(
            ticket,
            world=self.world,
            lanes=self._lanes,
            tokens=self._tokens,
            max_attempts=self._limits.max_attempts,
            heard=self._heard,
        )
        try:
            await job(visit)
        except RunStoppedError:
            return
        except BatchresetError as error:
            self._end(error, under_way)
        else:
            visit.leave()

    def _end(self, error: BatchresetError, under_way: anyio.CancelScope) -> None:
        self._failure = self._failure or error
        under_way.cancel()
