"""Giving the new passwords to the people who must pass them on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchreset.adapters.ledger import ResultValues
from batchreset.adapters.plan import open_plan
from batchreset.adapters.sealing import open_passwords, read_identities
from batchreset.core.certainty import Certainty, certainty
from batchreset.core.outcome import Outcome
from batchreset.core.secret import Secret
from batchreset.errors import LedgerError, PlanRefusedError, SettingsError
from batchreset.wiring.frozen import FrozenRun, reading, unattempted_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """One line of the hand-over."""

    customer_tenant_id: str
    user_id: str
    password: Secret
    certainty: Certainty
    outcome: Outcome
    completed_at: str

    def values(self) -> tuple[str, ...]:
        """In the order of `core.columns.HANDOVER`, with the password in clear."""
        return (
            self.customer_tenant_id,
            self.user_id,
            self.password.open(),
            self.certainty.value,
            self.outcome.value,
            self.completed_at,
        )


def hand_over(
    run: FrozenRun, *, identities: Sequence[Path], customer: str | None, superseded: bool
) -> Iterator[HandedOver]:
    """Every password that may be in force anywhere, in the input's order, all of one moment.

    Args:
        run: whose passwords.
        identities: files of secret keys; one that fits is enough.
        customer: only this one's, a GUID.
        superseded: those too that a later one of this run has replaced.

    Raises:
        PlanRefusedError: the run keeps no passwords.
        SettingsError: no key opens them, or the run has no such customer.
        LedgerError: the ledger cannot be read, or lacks a password.
    """
    if run.settings.password.kind == "discard":
        raise PlanRefusedError(
            'this run keeps no passwords: it was planned with [password] kind = "discard", so that nobody knows them',
            next_step="reset again with a recipient if somebody is to know them",
        )
    keys = [key for path in identities for key in read_identities(path)]
    plan = open_plan(run.folder.plan)
    wanted = customer.strip().strip("{}").lower() if customer else None
    if wanted is not None and wanted not in plan.rows_per_customer():
        raise SettingsError(
            f"the run resets nobody of the customer {customer}",
            next_step="give the tenant id of a customer that the plan names",
        )
    with reading(run) as ledger:
        if ledger is None:
            return
        passwords: defaultdict[int, dict[int, Secret]] = defaultdict(dict)
        for opened in open_passwords(ledger.sealed(), keys):
            passwords[opened.row][opened.generation] = opened.password
        doubts, generations = ledger.unclear(), ledger.generations()
        reason = unattempted_reason(ledger.last_session())
        for accounts in plan.accounts():
            first, last = accounts[0][0], accounts[-1][0]
            ended = {values[0]: values for values in ledger.results_between(first, last, unfinished=reason)}
            for row, customer_tenant_id, user_id in accounts:
                if row not in ended or wanted not in {None, customer_tenant_id}:
                    continue
                for password, sure in _sure_of(ended[row], passwords[row], doubts, generations.get(row, 0)):
                    if superseded or sure is not Certainty.SUPERSEDED:
                        yield HandedOver(
                            customer_tenant_id=customer_tenant_id,
                            user_id=user_id,
                            password=password,
                            certainty=sure,
                            outcome=Outcome(ended[row][1]),
                            completed_at=ended[row][10] or "",
                        )


def _sure_of(
    ended: ResultValues, by_generation: Mapping[int, Secret], unclear: set[tuple[int, int]], generations: int
) -> Iterator[tuple[Secret, Certainty]]:
    """The row's passwords that may be in force, oldest first. A row's valid outcome is that of its last password."""
    row, outcome = ended[0], Outcome(ended[1])
    if len(by_generation) != generations:
        raise LedgerError(
            f"the ledger lacks a password of row {row}: {generations} were noted, {len(by_generation)} are there",
            next_step="restore the run's folder from a copy, or reset this account again",
        )
    for generation in sorted(by_generation):
        sure = certainty(
            generation=generation,
            outcome=outcome,
            outcome_generation=generations if outcome is Outcome.SUCCEEDED else None,
            unclear=(row, generation) in unclear,
        )
        if sure is not None:
            yield by_generation[generation], sure
