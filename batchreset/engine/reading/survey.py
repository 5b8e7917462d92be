"""Each account of a plan, looked at: its user, and the roles it holds."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from batchreset.core.survey import Looked
from batchreset.engine.reading.reader import Reader
from batchreset.engine.reading.refusals import Subject, missing
from batchreset.engine.reading.visit import Visit

PURPOSE: Final = "what this plan would reset cannot be told"


async def survey_accounts(
    reader: Reader, accounts: Iterable[Iterable[tuple[int, str, str]]], saw: Callable[[Looked], None]
) -> None:
    """Look at every account, as (row, customer, user), gone through once. Raises as `Reader.read`."""
    await reader.read(
        [(account[1], partial(_look, reader=reader, account=account, saw=saw)) for account in some] for some in accounts
    )


async def _look(visit: Visit, *, reader: Reader, account: tuple[int, str, str], saw: Callable[[Looked], None]) -> None:
    api, (row, customer, user) = reader.world.api, account
    subject = Subject(purpose=PURPOSE, customer=customer, user=user)
    privileged = False
    facts = await visit.get(lambda call: api.user(customer, user, call=call), subject)
    if facts is not None and not facts.deleted:  # who is deleted holds no role
        roles = await visit.get(lambda call: api.directory_roles(customer, user, call=call), subject)
        privileged = bool(roles)
        if roles is None:
            # Deleted between the two, or an address that is not there? The user tells.
            facts = await visit.get(lambda call: api.user(customer, user, call=call), subject)
            if facts is not None and not facts.deleted:
                raise missing(subject)
    saw(Looked(row=row, customer_tenant_id=customer, user_id=user, user=facts, privileged=privileged))
