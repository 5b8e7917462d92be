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
class Noted:
    """An account with something about it."""

    row: int
    customer_tenant_id: str
    user_id: str
    reasons: tuple[Reason, ...] = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the service says of one account of a plan.

    Attributes:
        user: None when it knows no such user.
        privileged: whether it holds a directory role; not asked of one who is deleted.
    """

    row: int
    customer_tenant_id: str
    user_id: str
    user: UserFacts | None
    privileged: bool


class Tally:
    """Filled account by account; of an account with nothing about it nothing is kept.

    Args:
        skip: findings for which an account is left out.
        refuse: findings for which the plan is refused, whatever else is found of the account.
        protected_names: userPrincipalNames, casefolded. Such an account is left out and refuses nothing: it is not
            to be reset anyway.

    Attributes:
        reasons: by row, why it is left out: rows without one are reset.
        noted: the accounts with findings, in the order in which they were looked at.
        accounts: by customer, how many were looked at.
        found: by customer, how many have which finding; accounts with several count in each.
        refused: of the accounts that refuse the plan, those of the first rows.
        refused_count: all of them.
    """

    def __init__(
        self, *, skip: Collection[Reason], refuse: Collection[Reason], protected_names: frozenset[str] = frozenset()
    ) -> None:
        self._skip = skip
        self._refusing = refuse
        self._protected_names = protected_names
        self.reasons: dict[int, Reason] = {}
        self.accounts: Counter[str] = Counter()
        self.found: dict[str, Counter[Reason]] = {}
        self.noted: list[Noted] = []
        self.refused: list[Noted] = []
        self.refused_count = 0

    def saw(self, looked: Looked) -> None:
        """Take one account in."""
        user, customer = looked.user, looked.customer_tenant_id
        self.accounts[customer] += 1
        holds = findings(user, privileged=looked.privileged)
        if holds:
            self.found.setdefault(customer, Counter()).update(holds)
            self.noted.append(
                Noted(row=looked.row, customer_tenant_id=customer, user_id=looked.user_id, reasons=tuple(holds))
            )
        if user is not None and user.user_principal_name.casefold() in self._protected_names:
            self.reasons[looked.row] = Reason.PROTECTED
            return
        refusing = tuple(reason for reason in holds if reason in self._refusing)
        if refusing:
            self._refuse(Noted(row=looked.row, customer_tenant_id=customer, user_id=looked.user_id, reasons=refusing))
        left_out = next((reason for reason in holds if reason in self._skip), None)
        if left_out is not None:
            self.reasons[looked.row] = left_out

    @property
    def left(self) -> int:
        """Accounts that are still to be reset."""
        return self.accounts.total() - len(self.reasons)

    def _refuse(self, account: Noted) -> None:
        self.refused_count += 1
        bisect.insort(self.refused, account)
        del self.refused[REFUSED_SHOWN:]
