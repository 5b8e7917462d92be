"""What a hand-over holds: passwords, and the people whom they are for."""

import datetime as dt
from dataclasses import dataclass

from batchreset.core.certainty import Certainty
from batchreset.core.outcome import Outcome
from batchreset.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose account a row is. What the input's further columns say of the names; "" where they say nothing."""

    row: int
    customer_tenant_id: str
    user_id: str
    force_change: bool
    principal_name: str = ""
    display_name: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """One password, for one line of the hand-over."""

    person: Person
    password: Secret
    certainty: Certainty
    outcome: Outcome
    completed_at: str

    def values(self) -> tuple[str, ...]:
        """In the order of `core.columns.HANDOVER`, with the password in clear."""
        return (
            self.person.customer_tenant_id,
            self.person.user_id,
            self.password.open(),
            self.certainty.value,
            self.outcome.value,
            self.completed_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A hand-over as a whole: of which run, opened when (UTC)."""

    run_id: str
    opened_at: dt.datetime
