"""What a run has of the machine it goes on, in one place: loop, time, chance, threads, network, who may stop it.

Another machine (in virtual time, from one seed, over a service in memory) carries out the same program.
"""

import contextlib
import datetime as dt
import random
import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, TypeVarTuple

import anyio

from batchreset.adapters.ledger import WriteGroup, in_thread
from batchreset.core.events import EventLog
from batchreset.core.stop import Stop
from batchreset.engine.ports import Senders, TokenSource
from batchreset.engine.stopping import StopSwitch
from batchreset.net import Transport, tls_context, transport_of
from batchreset.settings.model import Settings
from batchreset.wiring.aside import Aside, in_a_thread
from batchreset.wiring.senders import senders_of
from batchreset.wiring.sign_in import token_source
from batchreset.wiring.signals import Signals, Skippable

T = TypeVar("T")
Args = TypeVarTuple("Args")


class RunLoop(Protocol):
    """As `anyio.run`."""

    def __call__(self, main: Callable[[*Args], Awaitable[T]], /, *args: *Args) -> T:
        """What `main` returns or raises, on an event loop of its own."""
        ...


class StopSource(Protocol):
    """Who may end a run from outside; see `Signals`."""

    @property
    def stop(self) -> Stop | None:
        """The stop that was asked for; None when none was."""
        ...

    def noting(self) -> contextlib.AbstractContextManager[None]:
        """Note what comes while the block runs; nothing ends the process."""
        ...

    def stopping(self, stop: StopSwitch, log: EventLog) -> contextlib.AbstractAsyncContextManager[None]:
        """Hand what comes while the block runs to the run's switch."""
        ...

    def skippable(self) -> Skippable:
        """What comes while the block runs ends the block, and not the process."""
        ...


class TokensOf(Protocol):
    """As `wiring.sign_in.token_source`."""

    def __call__(
        self, settings: Settings, *, environ: Mapping[str, str], log: EventLog
    ) -> contextlib.AbstractContextManager[TokenSource]:
        """Tokens while the block runs. Raises SettingsError."""
        ...


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _new_guid() -> str:
    return str(uuid.uuid4())


def service_of(settings: Settings) -> Transport:
    """To the service, over the network. Raises SettingsError: the certificate authority or a proxy cannot be used."""
    return transport_of(
        concurrency=settings.pace.max_concurrency,
        timeout_seconds=settings.partner_center.timeout_seconds,
        verify=tls_context(settings.partner_center.ca_file),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """This machine, unless told otherwise.

    Attributes:
        run: the event loop.
        now: wall-clock time, UTC.
        new_id: a GUID that nobody has used.
        random_bytes: so many that nobody can guess; passwords are made of them.
        chance: for jitter; no secret.
        write: how a group of the ledger's records is written while the loop goes on.
        transport: to the service.
        senders: who sends the run's requests, of settings, the run's identity, this process's transport, and the log.
        tokens: the operator's sign-in.
        stop_source: one for each session.
        aside: how others are told what the run is doing.
    """

    run: RunLoop = anyio.run
    now: Callable[[], dt.datetime] = _utc_now
    new_id: Callable[[], str] = _new_guid
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    chance: Callable[[], random.Random] = random.Random
    write: WriteGroup = in_thread
    transport: Callable[[Settings], Transport] = service_of
    senders: Callable[[Settings, str, Transport, EventLog], Senders] = senders_of
    tokens: TokensOf = token_source
    stop_source: Callable[[], StopSource] = Signals
    aside: Aside = in_a_thread
