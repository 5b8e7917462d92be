"""Lists of the service, page after page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeVar

from batchreset.core.audit import AuditQuery, AuditRecord
from batchreset.core.directory import Call, Page, Read, UserFacts
from batchreset.engine.ports import ReadingWorld
from batchreset.engine.reading.reader import Job, Reader, ReadLimits
from batchreset.engine.reading.refusals import Subject, endless, incomplete, missing
from batchreset.engine.reading.visit import Visit
from batchreset.engine.stopping import StopSwitch

PAGES_MOST: Final = 20_000
"""Ten million users of one customer, or a list that never ends."""
PARTNER_LANE: Final = "*"
"""Where no customer's list is read, but the partner's."""

AUDIT_PURPOSE: Final = "nothing was compared, and the run's files are as they were"
PROTECTED_PURPOSE: Final = "whether protected accounts are among those to be reset cannot be told"

T = TypeVar("T")


async def list_customers(reader: Reader) -> list[str]:
    """The tenant ids of all of the partner's customers, as listed. Raises as `Reader.read`."""
    found: dict[str, None] = {}

    async def job(visit: Visit) -> None:
        subject = Subject(purpose="whose users there are cannot be told")
        api = reader.world.api
        async for page in pages_of(visit, lambda continuation, call: api.customers(continuation, call=call), subject):
            found.update(dict.fromkeys(page.items))

    await reader.read([[(PARTNER_LANE, job)]])
    return list(found)


async def list_users(
    reader: Reader, customers: Iterable[str], saw: Callable[[str, tuple[UserFacts, ...]], None], *, purpose: str
) -> None:
    """Read the users of all these customers, side by side.

    Args:
        reader: of this reading.
        customers: tenant ids, each once.
        saw: is told of each page; of one customer in the order of the list.
        purpose: what cannot be told when a list cannot be read.

    Raises as `Reader.read`.
    """
    api = reader.world.api

    def job_for(customer: str) -> Job:
        async def job(visit: Visit) -> None:
            subject = Subject(purpose=purpose, customer=customer)
            pages = pages_of(visit, lambda continuation, call: api.users(customer, continuation, call=call), subject)
            async for page in pages:
                saw(customer, page.items)

        return job

    def jobs() -> Iterator[list[tuple[str, Job]]]:
        for customer in customers:
            yield [(customer, job_for(customer))]

    await reader.read(jobs())


async def list_audit_records(
    reader: Reader, queries: Iterable[AuditQuery], saw: Callable[[tuple[AuditRecord, ...]], None]
) -> None:
    """Read the service's own records of resets, as each query asks; `saw` is told of each page.

    Raises as `Reader.read`.
    """
    api = reader.world.api

    def job_for(query: AuditQuery) -> Job:
        async def job(visit: Visit) -> None:
            subject = Subject(purpose=AUDIT_PURPOSE, customer=query.customer_tenant_id, is_audit=True)
            pages = pages_of(
                visit, lambda continuation, call: api.audit_records(query, continuation, call=call), subject
            )
            async for page in pages:
                saw(tuple(record for record in page.items if record is not None))

        return job

    await reader.read([(query.customer_tenant_id or PARTNER_LANE, job_for(query))] for query in queries)


async def find_by_name(
    customers: Iterable[str], names: frozenset[str], *, world: ReadingWorld, limits: ReadLimits, stop: StopSwitch
) -> frozenset[tuple[str, str]]:
    """The accounts (customer, user) of these customers that bear one of these userPrincipalNames.

    The service's list leaves deleted users out: there is no password of theirs to protect. Nothing is asked for when
    there are no names.

    Args:
        customers: tenant ids, each once.
        names: casefolded.
        world: what to read with.
        limits: of this reading.
        stop: ends it.

    Raises:
        DirectoryError: a customer's users cannot be read, so that nobody can tell.
        ServiceUnreachableError, SignInError: as `Reader.read`.
        RunStoppedError: the stop was requested.
    """
    found: set[tuple[str, str]] = set()
    if not names:
        return frozenset()

    def saw(customer: str, users: tuple[UserFacts, ...]) -> None:
        found.update((customer, user.user_id) for user in users if user.user_principal_name.casefold() in names)

    reader = Reader(world, limits, stop)
    await reader.keep_ceiling()
    await list_users(reader, customers, saw, purpose=PROTECTED_PURPOSE)
    return frozenset(found)


async def pages_of(
    visit: Visit,
    ask: Callable[[str | None, Call], Awaitable[Read[Page[T]]]],
    subject: Subject,
    *,
    most: int = PAGES_MOST,
) -> AsyncIterator[Page[T]]:
    """All pages of one list. Raises as `Visit.get`; also DirectoryError when it goes round, or on for ever."""
    continuation: str | None = None
    seen: set[int] = set()
    for _ in range(most):
        page = await visit.get(partial(ask, continuation), subject)
        if page is None:
            raise missing(subject)
        if not seen and page.continuation is None and (page.total or 0) > len(page.items):
            raise incomplete(subject, page.total or 0, len(page.items))
        yield page
        continuation = page.continuation
        if continuation is None:
            return
        if hash(continuation) in seen:
            raise endless(subject, "the service asks for a page again that it has given")
        seen.add(hash(continuation))
    raise endless(subject, f"there are more than {most:,} pages")
