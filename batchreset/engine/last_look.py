"""The last look at a row before its intent is noted: may this account be reset at all?"""

import datetime as dt
from collections.abc import Callable

from batchreset.core.events import EventLog
from batchreset.core.outcome import Reason
from batchreset.core.protection import Bounds, LeftOut, Protected
from batchreset.core.records import Ending, KnownRow
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.token_claims import claims_of

UsersNamed = Callable[[frozenset[str]], frozenset[str]]
"""From principal names to the ids of the plan's users that the input calls so; unknown names add none."""


class LastLook:
    """The job's bounds, and whoever is signed in: the operator's own account is never reset, as nobody could sign in.

    `to_find` is the operator's principal name where the token has no id.

    Args:
        bounds: of the job.
        users_named: whom the input calls by a name.
    """

    def __init__(self, bounds: Bounds, users_named: UsersNamed, log: EventLog) -> None:
        self.bounds = bounds
        self._users_named = users_named
        self._log = log
        self._token: Secret | None = None
        self.to_find = frozenset[str]()

    def protect(self, protected: Protected) -> None:
        """These too, from now on."""
        self.bounds = Bounds(protected=self.bounds.protected | protected, customers=self.bounds.customers)

    def signed_in(self, token: Secret) -> None:
        """Protect the account that this token is of, as far as it tells; each token is looked at once."""
        if token == self._token:
            return
        self._token = token
        claims = claims_of(token)
        if claims is None or not (claims.user_id or claims.principal_name):
            self._log.warning("operator.unknown")
            return
        named = self._users_named(frozenset({claims.principal_name})) if claims.principal_name else frozenset()
        self.to_find = frozenset({claims.principal_name}) if not claims.user_id else frozenset()
        self.protect(Protected(users=named | ({claims.user_id} if claims.user_id else frozenset())))
        self._log.info("operator.protected", user_id=claims.user_id or None)

    def reason_against(self, row: PlannedRow) -> Reason | None:
        """Why the row must not be sent; None if it may be."""
        return self.bounds.reason_against(row.customer_tenant_id, row.user_id)


def ending_of(row: int, left: LeftOut, known: KnownRow, now: dt.datetime) -> Ending:
    """What the ledger is told of it."""
    return Ending(
        row=row,
        generation=known.generations,
        outcome=left.outcome,
        reason=left.reason,
        attempts=known.exchanges,
        first_sent_at=known.first_sent_at,
        completed_at=now,
    )
