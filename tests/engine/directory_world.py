"""A directory to be read in virtual time: answers by a script, keeps every request."""

import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
from engine_world import BEGAN, LATENCY_SECONDS, OK, Tokens
from kept_log import Log
from virtual_time import in_virtual_time

from batchreset.core.audit import AuditQuery, AuditRecord
from batchreset.core.directory import Call, Page, Read, UserFacts
from batchreset.core.exchange import Exchange
from batchreset.engine.clock import LoopClock
from batchreset.engine.ports import ReadingWorld, TokenSource
from batchreset.engine.reading import Reader, ReadLimits
from batchreset.engine.stopping import StopSwitch

T = TypeVar("T")

LIMITS = ReadLimits(max_concurrency=8, max_per_second=0, max_attempts=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """What the service saw."""

    what: str
    customer: str = ""
    user: str = ""
    continuation: str | None = None
    request_id: str
    correlation_id: str
    token: str
    at_seconds: float


Script = Callable[[Get, int], Exchange | str]
"""From a request and its number among those for the same thing (from 1) to what comes of it; a text: a success with a
body that is unreadable for this reason."""


def fine(_get: Get, _number: int) -> Exchange:
    return OK


@dataclass
class Directory:
    """Users by customer, in pages; whoever is not listed is made up.

    Attributes:
        users: a customer's pages.
        records_of: pages of audit records, by customer; of the partner by the empty text.
        roles: of users, how many they hold; nobody else holds any.
        continuations: what each page of a list but the last gives; by default one of its own for each.
    """

    script: Script = fine
    users_of: dict[str, list[list[UserFacts]]] = field(default_factory=dict)
    records_of: dict[str, list[list[AuditRecord | None]]] = field(default_factory=dict)
    roles: dict[str, int] = field(default_factory=dict)
    continuation_of: Callable[[int], str] = lambda page: f"page-{page}"
    latency_seconds: Callable[[], float] = lambda: LATENCY_SECONDS
    gets: list[Get] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    async def customers(self, continuation: str | None, *, call: Call) -> Read[Page[str]]:
        pages: list[list[str]] = [[customer] for customer in self.users_of] or [[]]
        return await self._answer("customers", call, lambda: self._page(pages, continuation), continuation=continuation)

    async def users(self, customer_tenant_id: str, continuation: str | None, *, call: Call) -> Read[Page[UserFacts]]:
        def page() -> Page[UserFacts]:
            return self._page(self.users_of[customer_tenant_id], continuation)

        return await self._answer("users", call, page, customer=customer_tenant_id, continuation=continuation)

    async def user(self, customer_tenant_id: str, user_id: str, *, call: Call) -> Read[UserFacts]:
        listed = {user.user_id: user for pages in self.users_of.values() for page in pages for user in page}

        def user() -> UserFacts:
            return listed.get(user_id) or facts(user_id)

        return await self._answer("user", call, user, customer=customer_tenant_id, user=user_id)

    async def audit_records(
        self, query: AuditQuery, continuation: str | None, *, call: Call
    ) -> Read[Page[AuditRecord | None]]:
        return await self._answer(
            "audit",
            call,
            lambda: self._page(self.records_of[query.customer_tenant_id], continuation),
            customer=query.customer_tenant_id,
            continuation=continuation,
        )

    async def directory_roles(self, customer_tenant_id: str, user_id: str, *, call: Call) -> Read[int]:
        return await self._answer(
            "roles", call, lambda: self.roles.get(user_id, 0), customer=customer_tenant_id, user=user_id
        )

    def _page(self, pages: list[list[T]], continuation: str | None) -> Page[T]:
        names = [None, *map(self.continuation_of, range(1, len(pages)))]
        index = names.index(continuation)
        following = self.continuation_of(index + 1) if index + 1 < len(pages) else None
        return Page(items=tuple(pages[index]), continuation=following)

    async def _answer(self, what: str, call: Call, found: Callable[[], T], **named: Any) -> Read[T]:
        get = Get(
            what=what,
            request_id=call.request_id,
            correlation_id=call.correlation_id,
            token=call.token.open(),
            at_seconds=anyio.current_time(),
            **named,
        )
        self.gets.append(get)
        number = len(self.of(what, get.customer, get.user, get.continuation))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await anyio.sleep(self.latency_seconds())
        finally:
            self.in_flight -= 1
        came = self.script(get, number)
        if isinstance(came, str):
            return Read(exchange=OK, unreadable=came)
        return Read(exchange=came, found=found() if came == OK else None)

    def of(self, what: str, customer: str = "", user: str = "", continuation: str | None = None) -> list[Get]:
        """The requests for one thing."""
        return [
            get
            for get in self.gets
            if (get.what, get.customer, get.user, get.continuation) == (what, customer, user, continuation)
        ]


def facts(user_id: str, **changes: str) -> UserFacts:
    """An ordinary user."""
    return UserFacts(
        **{"user_id": user_id, "user_principal_name": f"{user_id}@c.example", "state": "active", **changes}
    )


@dataclass
class Scene:
    """One reading, and what can be looked at after it."""

    directory: Directory
    limits: ReadLimits = LIMITS
    tokens: TokenSource = field(default_factory=Tokens)
    log: Log = field(default_factory=Log)
    during: Callable[[StopSwitch], Coroutine[Any, Any, None]] | None = None
    took_seconds: float = 0.0

    def world(self) -> ReadingWorld:
        chance = random.Random(1)
        return ReadingWorld(
            api=self.directory,
            tokens=self.tokens,
            clock=LoopClock(BEGAN),
            log=self.log,
            new_id=lambda: f"id-{chance.getrandbits(64):x}",
            chance=chance,
        )

    def play(self, main: Callable[[ReadingWorld, ReadLimits, StopSwitch], Coroutine[Any, Any, T]]) -> T:
        """What `main` comes to; its error as it is."""
        ended: list[T | Exception] = []

        async def play() -> None:
            stop = StopSwitch()
            began = anyio.current_time()
            async with anyio.create_task_group() as tasks:
                if self.during is not None:
                    tasks.start_soon(self.during, stop)
                try:
                    ended.append(await main(self.world(), self.limits, stop))
                except Exception as error:  # noqa: BLE001  handed on below, out of the task group
                    ended.append(error)
                self.took_seconds = anyio.current_time() - began
                tasks.cancel_scope.cancel()

        in_virtual_time(play)
        if isinstance(ended[0], Exception):
            raise ended[0]
        return ended[0]

    def read(self, main: Callable[[Reader], Coroutine[Any, Any, T]]) -> T:
        """As `play`, with a reader."""
        return self.play(lambda world, limits, stop: main(Reader(world, limits, stop)))


def accounts(*sizes: int) -> list[tuple[int, str, str]]:
    """Customers of those sizes, customer by customer; rows from 1."""
    found: list[tuple[int, str, str]] = []
    for customer, size in enumerate(sizes):
        for _ in range(size):
            found.append((len(found) + 1, f"customer-{customer}", f"user-{len(found) + 1}"))
    return found


def script_of(*exchanges: Exchange | str, what: str) -> Script:
    """These for the first requests for each thing of that kind; success from then on, and for all others."""

    def script(get: Get, number: int) -> Exchange | str:
        return exchanges[number - 1] if get.what == what and number <= len(exchanges) else OK

    return script


def ids_of(gets: Sequence[Get]) -> list[str]:
    return [get.request_id for get in gets]
