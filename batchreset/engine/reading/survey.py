"""Each account of a plan, looked at: its user, and the roles it holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from batchreset.core.directory import UserFacts
from batchreset.engine.reading.reader import Job, Reader
from batchreset.engine.reading.refusals import Subject, missing
from batchreset.engine.reading.visit import Visit

PURPOSE = "what this plan would reset cannot be told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account that is to be reset, by its row."""

    row: int
    customer_tenant_id: str
    user_id: str


Saw = Callable[[Account, UserFacts | None, bool], None]
"""Is told of each account: what it is (None: there is no such user), and whether it holds a directory role."""


async def survey_accounts(reader: Reader, accounts: Iterable[Iterable[tuple[int, str, str]]], saw: Saw) -> None:
    """Look at every account, as (row, customer, user), gone through once. Raises as `Reader.read`."""

    def job_for(row: int, customer: str, user: str) -> Job:
        account = Account(row=row, customer_tenant_id=customer, user_id=user)
        return partial(_look, reader=reader, account=account, saw=saw)

    await reader.read([(customer, job_for(row, customer, user)) for row, customer, user in some] for some in accounts)


async def _look(visit: Visit, *, reader: Reader, account: Account, saw: Saw) -> None:
    api, customer, user = reader.world.api, account.customer_tenant_id, account.user_id
    subject = Subject(purpose=PURPOSE, customer=customer, user=user)

    facts = await visit.get(lambda call: api.user(customer, user, call=call), subject)
    if facts is None or facts.deleted:  # who is deleted holds no role
        saw(account, facts, False)
        return
    roles = await visit.get(lambda call: api.directory_roles(customer, user, call=call), subject)
    if roles is None:
        # Deleted between the two, or an address that is not there? The user tells.
        facts = await visit.get(lambda call: api.user(customer, user, call=call), subject)
        if facts is not None and not facts.deleted:
            raise missing(subject)
    saw(account, facts, bool(roles))
