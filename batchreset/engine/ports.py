"""What the engine needs of the world, as small protocols; adapters fulfil them, the wiring brings both together."""

import contextlib
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from batchreset.core.audit import AuditQuery, AuditRecord
from batchreset.core.clock import Clock
from batchreset.core.directory import Call, Page, Read, UserFacts
from batchreset.core.events import EventLog
from batchreset.core.exchange import Exchange
from batchreset.core.protection import Bounds
from batchreset.core.records import Attempt, Ending, Intent
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.senders import Descent, SenderFigures
from batchreset.engine.stopping import StopSwitch

Row_co = TypeVar("Row_co", covariant=True)


class ResetApi(Protocol):
    """The service. Every failure of an exchange is a value; nothing is retried below this."""

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        """Set the password: one PATCH. Raises RunStoppedError: the run was stopped, and it surely was not sent."""
        ...

    async def look(self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret) -> Exchange:
        """One harmless GET of a customer that asks whether the token satisfies MFA."""
        ...


class Senders(Protocol):
    """Who sends a run's requests: this process, or others."""

    @property
    def lease_seconds(self) -> float:
        """So long after this process has come to its end, whatever ended it, a request of its may still leave."""
        ...

    def open(
        self, *, session: Descent, stop: StopSwitch, clock: Clock, log: EventLog
    ) -> contextlib.AbstractAsyncContextManager[ResetApi]:
        """Requests may be sent while the block runs. When they cannot be sent any more, `stop` hears of it.

        Args:
            session: of the run; whoever sends for an earlier one sends nothing any more.
            stop: the run's.
            clock: the run's.
            log: hears of senders that come and go.

        Raises:
            ClusterError: those others cannot be reached, or not safely.
            RunHeldError: they send, or have sent, for a session of the run that this one does not follow.
        """
        ...

    @property
    def figures(self) -> Sequence[SenderFigures]:
        """How each of them fares; none where this process sends."""
        ...

    @property
    def gives_up_at_seconds(self) -> float | None:
        """When the run ends because nobody is there who could send, by its clock; None: somebody is."""
        ...


class DirectoryApi(Protocol):
    """Reading customers and users. Every failure is a value; nothing is retried or followed below this."""

    async def customers(self, continuation: str | None, *, call: Call) -> Read[Page[str]]:
        """One page of the partner's customers: their tenant ids."""
        ...

    async def users(self, customer_tenant_id: str, continuation: str | None, *, call: Call) -> Read[Page[UserFacts]]:
        """One page of a customer's users; the service leaves deleted ones out."""
        ...

    async def user(self, customer_tenant_id: str, user_id: str, *, call: Call) -> Read[UserFacts]:
        """One user."""
        ...

    async def directory_roles(self, customer_tenant_id: str, user_id: str, *, call: Call) -> Read[int]:
        """How many directory roles a user holds."""
        ...

    async def audit_records(
        self, query: AuditQuery, continuation: str | None, *, call: Call
    ) -> Read[Page[AuditRecord | None]]:
        """One page of the service's own records; None for one that is about something else than resets."""
        ...


class TokenSource(Protocol):
    """Bearer tokens of the operator's sign-in."""

    async def token(self) -> Secret:
        """The present token. Raises SignInError."""
        ...

    def is_current(self, token: Secret) -> bool:
        """Whether this is the token that is handed out now, or the last one that was."""
        ...

    async def renew(self, rejected: Secret, *, claims: str | None) -> Secret:
        """Another token than `rejected`, where there is one; many rows may ask at once, one renewal serves them.

        Args:
            rejected: the token that was refused.
            claims: the challenge that came with the refusal, as the header carries it; None when none came.

        Raises SignInError.
        """
        ...

    async def keep_fresh(self) -> None:
        """Renew the token before it expires, for all, until cancelled; return at once where nothing can be renewed."""
        ...


class Ledger(Protocol):
    """The durable record. Records are kept in the order in which they are given."""

    async def intend(self, intent: Intent) -> None:
        """Return once the intent is committed and synced. Raises LedgerError: then the row must not be sent."""
        ...

    def attempted(self, attempt: Attempt) -> None:
        """Take the attempt down with the next group."""
        ...

    def ended(self, ending: Ending) -> None:
        """Take the ending down with the next group."""
        ...


class TurnSource(Protocol[Row_co]):
    """Rows, or what else takes turns, by lane."""

    @property
    def rows_per_lane(self) -> Mapping[str, int]:
        """How many are left in each lane."""
        ...

    def next(self, lane: str) -> Row_co:
        """The lane's next one, in input order."""
        ...


class RowSource(TurnSource[PlannedRow], Protocol):
    """The rows that are to be sent. Raises RunFolderError (every method): they cannot be read any more."""

    def leave_out(self, bounds: Bounds) -> list[PlannedRow]:
        """Take away the rows that are out of bounds and have not been handed out, and give them back."""
        ...


class NameFinder(Protocol):
    """Finds users by their principal names."""

    async def find_by_name(self, customers: Collection[str], names: frozenset[str]) -> frozenset[tuple[str, str]]:
        """(customer, user) of every user of these customers who has one of the names (lower case).

        Raises:
            RefusedError: it cannot be told.
            SignInError: no token, no MFA, no right.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All of it together.

    Attributes:
        names: None: nobody can look names up, so that a job which needs it is refused.
    """

    api: ResetApi
    tokens: TokenSource
    ledger: Ledger
    clock: Clock
    log: EventLog
    new_password: Callable[[], Secret]
    new_id: Callable[[], str]
    chance: random.Random
    names: NameFinder


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWorld:
    """What reading customers and users needs of it."""

    api: DirectoryApi
    tokens: TokenSource
    clock: Clock
    log: EventLog
    new_id: Callable[[], str]
    chance: random.Random
