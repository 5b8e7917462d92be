"""The engine's world in memory and in virtual time: a service with faults, and a ledger that checks what it is told."""

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from kept_log import Log
from virtual_time import in_virtual_time

from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.pacing import Learned
from batchreset.core.progress import Progress
from batchreset.core.protection import Bounds
from batchreset.core.records import Attempt, Ending, Intent, KnownRow
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.stop import Stop, stop_for
from batchreset.engine.clock import LoopClock
from batchreset.engine.ports import NameFinder, TokenSource, World
from batchreset.engine.runner import Job, Limits, carry_out
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import LedgerError, RunFolderError, SignInError

LATENCY_SECONDS = 0.25
COMMIT_SECONDS = 0.01
BEGAN = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)

OK = Answered(status=200)
UNAVAILABLE = Answered(status=503)
FORBIDDEN = Answered(status=403, error_code="2032")
NOT_FOUND = Answered(status=404, error_code="60002")
WEAK = Answered(status=400, error_code="3000", error_description="The password is too weak")
UNAUTHORIZED = Answered(status=401, error_code="800001")
NO_MFA = Answered(status=401, error_code="900421")
TIMEOUT = Lost(kind=LossKind.TIMEOUT)
CLOSED = Lost(kind=LossKind.CONNECTION)
REFUSED = NotSent()


def throttled(seconds: float | None = None) -> Answered:
    """A 429."""
    return Answered(status=429, retry_after_seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the service saw."""

    row: int
    customer: str
    password: str
    request_id: str
    correlation_id: str
    token: str
    at_seconds: float


Script = Callable[[PlannedRow, int], Exchange]
"""From a row and the number of its request (from 1) to what comes of it."""


@dataclass
class Service:
    """Answers by a script, after a latency; keeps every request."""

    script: Script
    latency_seconds: Callable[[], float] = lambda: LATENCY_SECONDS
    looked: Sequence[Exchange] = (OK,)
    requests: list[Request] = field(default_factory=list)
    looked_at_seconds: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    durable: Callable[[int, str], bool] = lambda _row, _password: True

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        assert self.durable(row.row, password.open()), "sent before its intent was durable"
        self.requests.append(
            Request(
                row=row.row,
                customer=row.customer_tenant_id,
                password=password.open(),
                request_id=request_id,
                correlation_id=correlation_id,
                token=token.open(),
                at_seconds=anyio.current_time(),
            )
        )
        number = sum(request.row == row.row for request in self.requests)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await anyio.sleep(self.latency_seconds())
        finally:
            self.in_flight -= 1
        return self.script(row, number)

    async def look(self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret) -> Exchange:
        del customer_tenant_id, request_id, correlation_id, token
        self.looked_at_seconds.append(anyio.current_time())
        await anyio.sleep(LATENCY_SECONDS)
        return self.looked[min(self.looks, len(self.looked)) - 1]

    @property
    def looks(self) -> int:
        """How often the preflight looked."""
        return len(self.looked_at_seconds)

    def of(self, row: int) -> list[Request]:
        """The requests for one row."""
        return [request for request in self.requests if request.row == row]


@dataclass
class MemoryLedger:
    """Commits after a while; fails from a number of intents on, when told to."""

    commit_seconds: Callable[[], float] = lambda: COMMIT_SECONDS
    fails_after_intents: int | None = None
    intents: list[Intent] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    told: Callable[[LedgerError], None] = lambda _error: None

    async def intend(self, intent: Intent) -> None:
        await anyio.sleep(self.commit_seconds())
        if self.fails_after_intents is not None and len(self.intents) >= self.fails_after_intents:
            error = LedgerError("the disk is full", next_step="make room")
            self.told(error)
            raise error
        self.intents.append(intent)

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def ended(self, ending: Ending) -> None:
        self.endings.append(ending)

    def holds(self, row: int, password: str) -> bool:
        """Whether that intent is durable."""
        return any(i.row == row and i.password is not None and i.password.open() == password for i in self.intents)

    @property
    def outcomes(self) -> dict[int, tuple[Outcome, Reason | None]]:
        """How the rows ended."""
        return {ending.row: (ending.outcome, ending.reason) for ending in self.endings}


@dataclass
class Tokens:
    """Hands out token-1, token-2 …; renewing beyond the last is refused."""

    last: int = 1
    number: int = 1
    renewals: int = 0

    async def token(self) -> Secret:
        if self.number > self.last:
            raise SignInError("no token", next_step="sign in")
        return Secret(f"token-{self.number}")

    def is_current(self, token: Secret) -> bool:
        return token.open() == f"token-{self.number}"

    async def renew(self, rejected: Secret, *, claims: str | None) -> Secret:
        del claims
        await anyio.sleep(LATENCY_SECONDS)
        if rejected == await self.token():
            self.renewals += 1
            self.number += 1
        return await self.token()

    async def keep_fresh(self) -> None:
        pass


@dataclass
class Rows:
    """Rows by lane, in memory.

    Attributes:
        unreadable: once so many were handed out, no other can be read.
    """

    waiting: dict[str, list[PlannedRow]]
    unreadable: int | None = None
    handed_out: int = 0

    @property
    def rows_per_lane(self) -> Mapping[str, int]:
        return {lane: len(rows) for lane, rows in self.waiting.items()}

    def next(self, lane: str) -> PlannedRow:
        self._read()
        self.handed_out += 1
        return self.waiting[lane].pop(0)

    def _read(self) -> None:
        if self.handed_out == self.unreadable:
            raise RunFolderError("the row cannot be read", next_step="look at the disk")

    def leave_out(self, bounds: Bounds) -> list[PlannedRow]:
        self._read()
        out = [row for rows in self.waiting.values() for row in rows if _is_out(bounds, row)]
        for lane, rows in self.waiting.items():
            self.waiting[lane] = [row for row in rows if not _is_out(bounds, row)]
        return out


def _is_out(bounds: Bounds, row: PlannedRow) -> bool:
    return bounds.reason_against(row.customer_tenant_id, row.user_id) is not None


def rows(*sizes: int) -> Rows:
    """Customers of those sizes; row numbers from 1, customer by customer."""
    waiting: dict[str, list[PlannedRow]] = defaultdict(list)
    number = 0
    for customer, size in enumerate(sizes):
        for _ in range(size):
            number += 1
            waiting[f"customer-{customer}"].append(
                PlannedRow(
                    row=number,
                    lane=f"customer-{customer}",
                    customer_tenant_id=f"customer-{customer}",
                    user_id=f"user-{number}",
                    force_change_password=True,
                )
            )
    return Rows(dict(waiting))


LIMITS = Limits(
    max_concurrency=8,
    max_per_second=0,
    max_attempts=8,
    canary=0,
    max_failure_rate=1.0,
    max_failures=0,
    max_duration_seconds=None,
    check_mfa=False,
)


class NobodyFinds:
    """Of jobs without protected names: nothing may be asked."""

    async def find_by_name(self, customers: Collection[str], names: frozenset[str]) -> frozenset[tuple[str, str]]:
        raise AssertionError((customers, names))


@dataclass
class Scene:
    """One run in virtual time, and all that can be looked at after it."""

    service: Service
    rows: Rows
    limits: Limits = LIMITS
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    tokens: TokenSource = field(default_factory=Tokens)
    known: Mapping[int, KnownRow] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    seed: int = 1
    start_from: Learned | None = None
    bounds: Bounds = field(default_factory=Bounds)
    protected_names: frozenset[str] = frozenset()
    names: NameFinder = field(default_factory=NobodyFinds)
    users_named: Callable[[frozenset[str]], frozenset[str]] = lambda _names: frozenset()
    during: Callable[[StopSwitch], Coroutine[Any, Any, None]] | None = None
    stop: Stop | None = None
    progress: Progress = field(default_factory=lambda: Progress(planned=0))
    took_seconds: float = 0.0

    def play(self) -> "Scene":
        """Carry the run out."""
        in_virtual_time(self._play)
        return self

    async def _play(self) -> None:
        chance, switch = random.Random(self.seed), StopSwitch()
        self.progress = Progress(planned=sum(self.rows.rows_per_lane.values()))
        self.service.durable = self.ledger.holds
        self.ledger.told = lambda error: switch.request(stop_for(Reason.LEDGER, error.what))
        world = World(
            api=self.service,
            tokens=self.tokens,
            ledger=self.ledger,
            clock=LoopClock(BEGAN),
            log=self.log,
            new_password=lambda: Secret(f"password-{chance.getrandbits(64):x}"),
            new_id=lambda: f"id-{chance.getrandbits(64):x}",
            chance=chance,
            names=self.names,
        )
        job = Job(
            rows=self.rows,
            known=self.known,
            probe_customer="customer-0",
            limits=self.limits,
            start_from=self.start_from,
            bounds=self.bounds,
            protected_names=self.protected_names,
            customers=tuple(self.rows.rows_per_lane),
            users_named=self.users_named,
        )
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            if self.during is not None:
                tasks.start_soon(self.during, switch)
            self.stop = await carry_out(job, world=world, stop=switch, progress=self.progress)
            self.took_seconds = anyio.current_time() - began
            tasks.cancel_scope.cancel()

    @property
    def counts(self) -> Counter[Any]:
        """Endings by outcome."""
        return Counter(outcome for outcome, _ in self.ledger.outcomes.values())


def scene(script: Script, *sizes: int, **changes: Any) -> Scene:
    """A scene over a service that answers by `script`."""
    service = Service(script, **{key: changes.pop(key) for key in ("latency_seconds", "looked") if key in changes})
    return Scene(service=service, rows=rows(*sizes), **changes)


def always(exchange: Exchange) -> Script:
    """The same for everyone."""
    return lambda _row, _number: exchange


def first(*exchanges: Exchange) -> Script:
    """These for each row's first requests; success from then on."""
    return lambda _row, number: exchanges[number - 1] if number <= len(exchanges) else OK
