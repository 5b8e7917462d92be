"""Reading customers and users: settings to a reader, signals to its end. Nothing is changed by it."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from batchreset.adapters.display import said_from_time_to_time
from batchreset.adapters.partner_center import PartnerCenterDirectory
from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.engine.clock import LoopClock
from batchreset.engine.ports import ReadingWorld, TokenSource
from batchreset.engine.reading import Reader, ReadLimits
from batchreset.engine.stopping import RunStoppedError, StopSwitch
from batchreset.errors import BatchresetError, BrokenOffError, ExitCode, TerminatedError
from batchreset.net import Transport
from batchreset.settings.model import Settings
from batchreset.wiring.machine import Machine, StopSource

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a reading has around it.

    Attributes:
        environ: holds the sign-in's secrets.
        say: shows a line to a person.
    """

    environ: Mapping[str, str]
    log: EventLog
    say: Callable[[str], None]


def read_limits_of(settings: Settings) -> ReadLimits:
    """The settings that a reading acts on."""
    return ReadLimits(
        max_concurrency=settings.pace.max_concurrency,
        max_per_second=settings.pace.max_per_second,
        max_attempts=settings.pace.max_attempts,
    )


def reading_world_of(
    settings: Settings, machine: Machine, *, transport: Transport, tokens: TokenSource, clock: Clock, log: EventLog
) -> ReadingWorld:
    """A reading's world over an opened transport."""
    return ReadingWorld(
        api=PartnerCenterDirectory(
            transport,
            base_url=settings.partner_center.api_base_url,
            clock=clock,
        ),
        tokens=tokens,
        clock=clock,
        log=log,
        new_id=machine.new_id,
        chance=machine.chance(),
    )


def read(
    settings: Settings,
    around: Around,
    main: Callable[[Reader], Awaitable[T]],
    *,
    so_far: Callable[[], str],
    what: str = "users",
) -> T:
    """What `main` comes to, with a reader of the service.

    Args:
        settings: where, how fast, who signs in.
        around: see there.
        main: reads.
        so_far: how far it has come, for a line from time to time.
        what: is read, in the plural.

    Raises:
        SettingsError: sign-in, certificate authority or proxy cannot be used.
        BrokenOffError, TerminatedError: a signal ended it.
        And as `Reader.read`.
    """
    machine = Machine()
    signals, transport = machine.stop_source(), machine.transport(settings)

    async def run(tokens: TokenSource) -> T | BatchresetError | RunStoppedError:
        stop = StopSwitch()
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(signals.stopping(stop, around.log))
            await stack.enter_async_context(transport.open())
            clock = LoopClock(machine.now())
            world = reading_world_of(settings, machine, transport=transport, tokens=tokens, clock=clock, log=around.log)
            reader = Reader(world, read_limits_of(settings), stop)
            line = lambda: f"{so_far()}; 429s {reader.refused:,}"  # noqa: E731
            await stack.enter_async_context(said_from_time_to_time(line, say=around.say))
            try:
                return await main(reader)
            except (BatchresetError, RunStoppedError) as error:
                return error  # raised here, it would come out of a task group, and as a group

    with signals.noting(), machine.tokens(settings, environ=around.environ, log=around.log) as tokens:
        ended = machine.run(run, tokens)
    return _result_of(ended, signals, what)


def _result_of(ended: T | BatchresetError | RunStoppedError, signals: StopSource, read_what: str) -> T:
    match ended:
        case BatchresetError():
            raise ended
        case RunStoppedError():
            raise _broken_off(signals, read_what)
        case _ if signals.stop is not None:
            raise _broken_off(signals, read_what)  # one that came after the last answer, too
        case _:
            return ended


def _broken_off(signals: StopSource, read_what: str) -> BrokenOffError | TerminatedError:
    stop = signals.stop
    code = stop.exit_code if stop else ExitCode.INTERRUPTED
    ended = stop.what if stop else "it was stopped"
    what = f"{ended} while {read_what} were read; nothing was written and nothing changed"
    kind = TerminatedError if code is ExitCode.TERMINATED else BrokenOffError
    return kind(what, next_step="start it again when it suits")
