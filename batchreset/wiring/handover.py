"""The new passwords, opened for the people who must pass them on."""

import contextlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batchreset.adapters.ledger import LedgerReader, ResultValues
from batchreset.adapters.plan import Plan, open_plan
from batchreset.adapters.sealing import SecretKey, open_passwords, opening, read_identities
from batchreset.core.certainty import Certainty, certainty
from batchreset.core.handover import HandedOver, Person
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.password_pool import BYTES_BESIDE_ITS_TEXT, PasswordPool
from batchreset.core.row_set import RowSet
from batchreset.core.secret import Secret
from batchreset.errors import LedgerError, PlanRefusedError, SettingsError
from batchreset.wiring.frozen import FrozenRun, reading, unattempted_reason

_ByGeneration = Mapping[int, Secret]

POOL_BYTES: Final = 64 << 20
"""Of passwords in memory at once: a million and a half of them, as they are made unless the settings say otherwise."""
_BESIDE_A_SEALED_PASSWORD: Final = 90
"""Bytes of its line, at least: its row, generation and request id, and their names."""
_SHORTEST: Final = 8


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


class HandingOver:
    """The passwords of one moment, as often as they are asked for.

    Never more of them in memory at once than a part of a large run has: what is sealed is opened again for each part.

    Attributes:
        opens: which of the keys it is; None where there is nothing to open.
    """

    def __init__(self, run: FrozenRun, wanted: Wanted, ledger: LedgerReader | None, *, most_bytes: int) -> None:
        self._wanted = wanted
        self._ledger = ledger
        self._plan = open_plan(run.folder.plan)
        self._only = _rows_of(self._plan, wanted.customers) if ledger and wanted.customers else None
        self._at_once = _at_once(ledger, most_bytes) if ledger else 0
        self._pool = PasswordPool(range(0))
        first_sealed = ledger.first_sealed() if ledger else None
        self.opens = None if first_sealed is None else opening(first_sealed, wanted.keys)

    def lines(self) -> Iterator[HandedOver]:
        """Every password that may be in force anywhere, in the input's order.

        Raises:
            SettingsError: no key opens them.
            LedgerError: the ledger cannot be read, or lacks a password.
            RunFolderError: the plan cannot be read.
        """
        if self._ledger is None:
            return
        reason = unattempted_reason(self._ledger.last_session())
        customers = self._wanted.customers
        for people in self._plan.people():
            rest = [person for person in people if person.customer_tenant_id in customers] if customers else people
            while rest:
                pool = self._pool_from(self._ledger, rest[0].row)
                here = bisect_right(rest, pool.rows[-1], key=lambda person: person.row)
                yield from self._lines_of(self._ledger, rest[:here], pool, reason)
                rest = rest[here:]

    def _lines_of(
        self, ledger: LedgerReader, people: Sequence[Person], pool: PasswordPool, reason: Reason
    ) -> Iterator[HandedOver]:
        """Of some people whose passwords are in the pool."""
        first, last = people[0].row, people[-1].row
        ended = {values[0]: values for values in ledger.results_between(first, last, unfinished=reason)}
        generations = ledger.generations(first, last)
        doubts, by_records = ledger.unclear(first, last), ledger.certainties(first, last)
        for person in people:
            row = person.row
            if row not in ended:
                continue
            own = _noted(row, pool.of(row), generations.get(row, 0))
            for password, sure in _sure_of(ended[row], own, doubts, by_records=by_records.get(row)):
                if self._wanted.superseded or sure is not Certainty.SUPERSEDED:
                    yield HandedOver(
                        person=person,
                        password=password,
                        certainty=sure,
                        outcome=Outcome(ended[row][1]),
                        completed_at=ended[row][10] or "",
                    )

    def _pool_from(self, ledger: LedgerReader, row: int) -> PasswordPool:
        """The passwords of this row, which is wanted, and of as many wanted ones after it as are taken at once."""
        if row in self._pool.rows:
            return self._pool
        only, last, wanted = self._only, row + self._at_once - 1, None
        if only is not None:
            here = bisect_left(only, row)
            part = only[here : here + self._at_once]
            last = part[-1]
            wanted = RowSet(last, part)
        # The last one goes before the next one comes.
        self._pool = PasswordPool(range(0))
        pool = PasswordPool(range(row, last + 1))
        sealed = ledger.sealed(row, last, among=wanted)
        for opened in open_passwords(sealed, self._wanted.keys, rows=pool.rows if wanted is None else wanted):
            pool.add(opened.row, opened.generation, opened.password)
        self._pool = pool
        return pool


@contextlib.contextmanager
def handing_over(run: FrozenRun, wanted: Wanted, *, most_bytes: int = POOL_BYTES) -> Iterator[HandingOver]:
    """What is to be handed over, all of one moment, while the block runs.

    One moment, so that what was found whole and noted is what is then given, and no other password. That takes one
    snapshot of the ledger from the first password to the last one written, as long as a reader of it takes (a pager,
    too). Where the run goes on beside it the ledger's log grows meanwhile; see `LedgerReader.snapshot`.

    Args:
        run: whose passwords.
        wanted: which.
        most_bytes: of passwords in memory at once, about.

    Raises:
        SettingsError: no key opens them.
        LedgerError: the ledger cannot be read.
        RunFolderError: the plan cannot be read.
    """
    with reading(run) as ledger:
        yield HandingOver(run, wanted, ledger, most_bytes=most_bytes)


def _rows_of(plan: Plan, customers: AbstractSet[str]) -> "array[int]":
    """Those of the customers, ascending."""
    return array("I", (row for accounts in plan.accounts() for row, customer, _ in accounts if customer in customers))


def _at_once(ledger: LedgerReader, most_bytes: int) -> int:
    """How many rows' passwords take so many bytes: what is sealed is little longer than what is in it."""
    size, passwords = ledger.sealed_size()
    text = max(size // max(passwords, 1) - _BESIDE_A_SEALED_PASSWORD, _SHORTEST)
    return max(most_bytes // (text + BYTES_BESIDE_ITS_TEXT), 1)


def _noted(row: int, opened: _ByGeneration, generations: int) -> _ByGeneration:
    found = {generation: opened[generation] for generation in range(1, generations + 1) if generation in opened}
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
