"""What the service tells of customers' users, and what of it matters before a reset.

Sources: learn: get-a-user-account-by-id, view-a-deleted-user, get-user-roles-for-a-customer.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from batchreset.core.exchange import Exchange
from batchreset.core.outcome import Reason
from batchreset.core.secret import Secret

FINDINGS: Final = (Reason.NOT_FOUND, Reason.DELETED, Reason.FEDERATED, Reason.SYNCED, Reason.PRIVILEGED)
"""What may be found of an account; when several hold, the first one is its reason."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFacts:
    """One user as the service describes it; of a text that it does not give, the empty one.

    Attributes:
        user_id: GUID, lower case.
        user_principal_name: as written by the service, never empty.
        state: `active`, or `inactive`: deleted, and gone for good after 30 days.
        domain_type: `none`, `managed` or `federated`.
        last_sync: when it was last synchronised from the customer's own directory.
        soft_deletion: when it was deleted.
    """

    user_id: str
    user_principal_name: str
    display_name: str = ""
    state: str = ""
    domain_type: str = ""
    last_sync: str = ""
    soft_deletion: str = ""

    @property
    def deleted(self) -> bool:
        return self.state.casefold() == "inactive" or bool(self.soft_deletion)

    @property
    def federated(self) -> bool:
        """Its password is kept by the customer's own identity provider."""
        return self.domain_type.casefold() == "federated"

    @property
    def synced(self) -> bool:
        """It comes from the customer's own directory; a reset in the cloud may not stick."""
        return bool(self.last_sync)


def findings(user: UserFacts | None, *, privileged: bool) -> tuple[Reason, ...]:
    """What holds of an account, in the order of `FINDINGS`.

    Args:
        user: None when the service knows no such user.
        privileged: whether it holds a directory role.
    """
    if user is None:
        return (Reason.NOT_FOUND,)
    holds = {
        Reason.DELETED: user.deleted,
        Reason.FEDERATED: user.federated,
        Reason.SYNCED: user.synced,
        Reason.PRIVILEGED: privileged,
    }
    return tuple(reason for reason in FINDINGS if holds.get(reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list; `continuation` asks for the next one, None: this is the last. `total`: as the service says."""

    items: tuple[T, ...]
    continuation: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What every single request carries anew."""

    request_id: str
    correlation_id: str
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[T]):
    """One GET.

    Attributes:
        exchange: what it came to.
        found: what a success says; None when it is none.
        unreadable: why a success says nothing: what is wrong with its body, which is not quoted.
    """

    exchange: Exchange
    found: T | None = None
    unreadable: str = ""
