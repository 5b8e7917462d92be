"""Puts the engine's world together from settings: the API, the sign-in, the passwords, the clock."""

from collections.abc import Collection
from dataclasses import dataclass

from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.engine.ports import Ledger, ReadingWorld, ResetApi, TokenSource, World
from batchreset.engine.reading import ReadLimits, find_by_name
from batchreset.engine.runner import Limits
from batchreset.engine.stopping import StopSwitch
from batchreset.net import Transport
from batchreset.settings.model import Settings
from batchreset.wiring.machine import Machine
from batchreset.wiring.passwords import password_maker
from batchreset.wiring.reading import read_limits_of, reading_world_of


def limits_of(settings: Settings) -> Limits:
    """The settings that the engine acts on."""
    return Limits(
        max_concurrency=settings.pace.max_concurrency,
        max_per_second=settings.pace.max_per_second,
        max_attempts=settings.pace.max_attempts,
        canary=settings.safety.canary,
        max_failure_rate=settings.safety.max_failure_rate,
        max_failures=settings.safety.max_failures,
        max_duration_seconds=settings.safety.max_duration_seconds,
        check_mfa=settings.safety.check_mfa,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLookup:
    """The engine's `NameFinder`: reads the customers' users, until `stop`."""

    world: ReadingWorld
    limits: ReadLimits
    stop: StopSwitch

    async def find_by_name(self, customers: Collection[str], names: frozenset[str]) -> frozenset[tuple[str, str]]:
        """Raises as `engine.reading.find_by_name`."""
        names = frozenset(map(str.casefold, names))
        return await find_by_name(customers, names, world=self.world, limits=self.limits, stop=self.stop)


def world_of(  # noqa: PLR0913  what the engine needs of a run, and each by its name
    settings: Settings, machine: Machine, *, api: ResetApi, transport: Transport, tokens: TokenSource, ledger: Ledger,
    clock: Clock, log: EventLog, stop: StopSwitch,
) -> World:  # fmt: skip
    """The engine's world over an opened transport, which reads; `api` sends."""
    reading = reading_world_of(settings, machine, transport=transport, tokens=tokens, clock=clock, log=log)
    return World(
        api=api,
        tokens=tokens,
        ledger=ledger,
        clock=clock,
        log=log,
        new_password=password_maker(settings.password, machine.random_bytes),
        new_id=machine.new_id,
        chance=machine.chance(),
        names=NameLookup(world=reading, limits=read_limits_of(settings), stop=stop),
    )
