"""The new passwords, opened for the people who must pass them on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batchreset.adapters.ledger import LedgerReader, ResultValues
from batchreset.adapters.plan import Plan, open_plan
from batchreset.adapters.sealing import SecretKey, open_passwords, opening, read_identities
from batchreset.core.certainty import Certainty, certainty
from batchreset.core.handover import HandedOver
from batchreset.core.outcome import Outcome
from batchreset.core.secret import Secret
from batchreset.errors import LedgerError, PlanRefusedError, SettingsError
from batchreset.wiring.frozen import FrozenRun, reading, unattempted_reason

_ByGeneration = Mapping[int, Secret]
_GENERATION_BITS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a run's passwords.

    Attributes:
        keys: secret keys; one that fits is enough.
        customers: only theirs, by GUID; empty: everybody's.
        superseded: those too that a later one of this run has replaced.
    """

    keys: Sequence[SecretKey]
    customers: AbstractSet[str] = frozenset()
    superseded: bool = False


def wanted_of(
    run: FrozenRun, *, identities: Sequence[Path], customers: Sequence[str] = (), superseded: bool = False
) -> Wanted:
    """What is asked, checked. Nothing is opened yet.

    Args:
        run: whose passwords.
        identities: files of secret keys.
        customers: GUIDs, as people write them.
        superseded: see `Wanted`.

    Raises:
        PlanRefusedError: the run keeps no passwords.
        SettingsError: a file is no secret key's, or the run has no such customer.
        RunFolderError: the plan cannot be read.
    """
    if run.settings.password.kind == "discard":
        raise PlanRefusedError(
            'this run keeps no passwords: it was planned with [password] kind = "discard", so that nobody knows them',
            next_step="reset again with a recipient if somebody is to know them",
        )
    keys = [key for path in identities for key in read_identities(path)]
    chosen = {customer.strip().strip("{}").lower(): customer for customer in customers}
    if chosen:
        known = open_plan(run.folder.plan).rows_per_customer()
        for tenant_id, customer in chosen.items():
            if tenant_id not in known:
                raise SettingsError(
                    f"the run resets nobody of the customer {customer}",
                    next_step="give the tenant id of a customer that the plan names",
                )
    return Wanted(keys=keys, customers=frozenset(chosen), superseded=superseded)


def hand_over(run: FrozenRun, wanted: Wanted, *, opened_with: Callable[[SecretKey], None]) -> Iterator[HandedOver]:
    """Every password that may be in force anywhere, in the input's order, all of one moment.

    Args:
        run: whose passwords.
        wanted: which.
        opened_with: is told which of the keys it was, if there was anything to open.

    Raises:
        SettingsError: no key opens them.
        LedgerError: the ledger cannot be read, or lacks a password.
        RunFolderError: the plan cannot be read.
    """
    plan = open_plan(run.folder.plan)
    with reading(run) as ledger:
        if ledger is None:
            return
        first_sealed = next(ledger.sealed(), None)
        if first_sealed is not None:
            opened_with(opening(first_sealed, wanted.keys))
        passwords = _opened(ledger, wanted, _rows_of(plan, wanted.customers))
        doubts, generations, by_records = ledger.unclear(), ledger.generations(), ledger.certainties()
        reason = unattempted_reason(ledger.last_session())
        for people in plan.people():
            ended = {
                values[0]: values for values in ledger.results_between(people[0].row, people[-1].row, unfinished=reason)
            }
            for person in people:
                if person.row not in ended or (wanted.customers and person.customer_tenant_id not in wanted.customers):
                    continue
                result = ended[person.row]
                own = _taken(passwords, person.row, generations.get(person.row, 0))
                for password, sure in _sure_of(result, own, doubts, by_records=by_records.get(person.row)):
                    if wanted.superseded or sure is not Certainty.SUPERSEDED:
                        yield HandedOver(
                            person=person,
                            password=password,
                            certainty=sure,
                            outcome=Outcome(result[1]),
                            completed_at=result[10] or "",
                        )


def _rows_of(plan: Plan, customers: AbstractSet[str]) -> AbstractSet[int] | None:
    """None: all."""
    if not customers:
        return None
    return {row for accounts in plan.accounts() for row, customer, _ in accounts if customer in customers}


def _opened(ledger: LedgerReader, wanted: Wanted, rows: AbstractSet[int] | None) -> dict[int, Secret]:
    """All of them are opened before one is given: a key that does not fit leaves no half hand-over behind."""
    return {
        _slot(opened.row, opened.generation): opened.password
        for opened in open_passwords(ledger.sealed(), wanted.keys)
        if rows is None or opened.row in rows
    }


def _slot(row: int, generation: int) -> int:
    """Both in one number: a million of them cost a third of what a dictionary in a dictionary does."""
    return row << _GENERATION_BITS | generation


def _taken(passwords: dict[int, Secret], row: int, generations: int) -> _ByGeneration:
    """The row's, let go as they are given: they need not all be there until the last one is."""
    slots = {generation: _slot(row, generation) for generation in range(1, generations + 1)}
    found = {generation: passwords.pop(slot) for generation, slot in slots.items() if slot in passwords}
    if len(found) != generations:
        raise LedgerError(
            f"the ledger lacks a password of row {row}: {generations} were noted, {len(found)} are there",
            next_step="restore the run's folder from a copy, or reset this account again",
        )
    return found


def _sure_of(
    ended: ResultValues,
    by_generation: _ByGeneration,
    unclear: AbstractSet[tuple[int, int]],
    *,
    by_records: Mapping[int, Certainty | None] | None,
) -> Iterator[tuple[Secret, Certainty]]:
    """The row's passwords that may be in force, oldest first. A row's valid outcome is that of its last password."""
    row, outcome = ended[0], Outcome(ended[1])
    for generation in sorted(by_generation):
        sure = (
            by_records.get(generation)
            if by_records
            else certainty(
                generation=generation,
                outcome=outcome,
                outcome_generation=len(by_generation) if outcome is Outcome.SUCCEEDED else None,
                unclear=(row, generation) in unclear,
            )
        )
        if sure is not None:
            yield by_generation[generation], sure
