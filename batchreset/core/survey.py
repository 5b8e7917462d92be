"""What a look at each account of a plan comes to: what is left out, what refuses the plan, how many of which."""

import bisect
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from batchreset.core.directory import UserFacts, findings
from batchreset.core.outcome import Reason

REFUSED_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Refused:
    """An account for which the plan is refused."""

    row: int
    customer_tenant_id: str
    user_id: str
    reasons: tuple[Reason, ...] = field(compare=False)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Filled account by account; of an account with nothing about it nothing is kept.

    Args:
        skip: findings for which an account is left out.
        refuse: findings for which the plan is refused, whatever else is found of the account.
        protected_names: userPrincipalNames, casefolded. Such an account is left out and refuses nothing: it is not
            to be reset anyway.

    Attributes:
        reasons: by row, why it is left out: rows without one are reset.
        accounts: by customer, how many were looked at.
        found: by customer, how many have which finding; accounts with several count in each.
        refused: of the accounts that refuse the plan, those of the first rows.
        refused_count: all of them.
    """

    skip: Collection[Reason]
    refuse: Collection[Reason]
    protected_names: frozenset[str] = frozenset()
    reasons: dict[int, Reason] = field(default_factory=dict)
    accounts: Counter[str] = field(default_factory=Counter)
    found: dict[str, Counter[Reason]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0

    def saw(self, row: int, customer_tenant_id: str, user_id: str, user: UserFacts | None, *, privileged: bool) -> None:
        """Take in what the service says of one account; None: it knows no such user."""
        self.accounts[customer_tenant_id] += 1
        holds = findings(user, privileged=privileged)
        if holds:
            self.found.setdefault(customer_tenant_id, Counter()).update(holds)
        if user is not None and user.user_principal_name.casefold() in self.protected_names:
            self.reasons[row] = Reason.PROTECTED
            return
        refusing = tuple(reason for reason in holds if reason in self.refuse)
        if refusing:
            self._refuse(Refused(row=row, customer_tenant_id=customer_tenant_id, user_id=user_id, reasons=refusing))
        left_out = next((reason for reason in holds if reason in self.skip), None)
        if left_out is not None:
            self.reasons[row] = left_out

    @property
    def left(self) -> int:
        """Accounts that are still to be reset."""
        return self.accounts.total() - len(self.reasons)

    def _refuse(self, account: Refused) -> None:
        self.refused_count += 1
        bisect.insort(self.refused, account)
        del self.refused[REFUSED_SHOWN:]
