"""Results and hand-over of a run, from its plan and ledger, at any time."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchreset.adapters.ledger import LedgerReader, ResultValues
from batchreset.adapters.plan import open_plan
from batchreset.adapters.results import write_results
from batchreset.adapters.sealing import open_passwords, read_identities
from batchreset.core.certainty import Certainty, certainty
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.secret import Secret
from batchreset.errors import PlanRefusedError
from batchreset.wiring.frozen import FrozenRun, reading, unattempted_reason


def write_results_of(run: FrozenRun, *, destination: Path | None = None, dry_run: bool = False) -> list[Path]:
    """Write the results: into the run's folder and where the settings say, or to `destination` only.

    Raises:
        RunFolderError: a file could not be written.
        LedgerError: the ledger cannot be read.
    """
    own = [run.folder.results]
    if run.settings.output.results:
        own.append(Path(run.settings.output.results).expanduser())
    files = [destination] if destination else own
    with reading(run) as ledger:
        reason = unattempted_reason(ledger.last_session() if ledger else None, dry_run=dry_run)
        for file in files:
            write_results(
                plan=run.folder.plan,
                outcomes=lambda first, last: _between(ledger, first, last, reason),
                unattempted=reason,
                destination=file,
            )
    return files


def _between(ledger: LedgerReader | None, first: int, last: int, reason: Reason) -> list[ResultValues]:
    return ledger.results_between(first, last, unfinished=reason) if ledger else []


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
    """Every password that may be in force anywhere, in the input's order.

    Args:
        run: whose passwords.
        identities: files of secret keys; one that fits is enough.
        customer: only this one's, a GUID.
        superseded: those too that a later one of this run has replaced.

    Raises:
        PlanRefusedError: the run keeps no passwords.
        SettingsError: no key opens them.
        LedgerError: the ledger cannot be read.
    """
    if run.settings.password.kind == "discard":
        raise PlanRefusedError(
            'this run keeps no passwords: it was planned with [password] kind = "discard", so that nobody knows them',
            next_step="reset again with a recipient if somebody is to know them",
        )
    keys = [key for path in identities for key in read_identities(path)]
    wanted = customer.strip("{}").lower() if customer else None
    with reading(run) as ledger:
        if ledger is None:
            return
        reason = unattempted_reason(ledger.last_session())
        unclear = ledger.unclear()
        passwords: defaultdict[int, list[tuple[int, Secret]]] = defaultdict(list)
        for opened in open_passwords(ledger.sealed(), keys):
            passwords[opened.row].append((opened.generation, opened.password))
        for accounts in open_plan(run.folder.plan).accounts():
            first, last = accounts[0][0], accounts[-1][0]
            ended = {values[0]: values for values in ledger.results_between(first, last, unfinished=reason)}
            for row, customer_tenant_id, user_id in accounts:
                if row not in ended or wanted not in {None, customer_tenant_id}:
                    continue
                yield from (
                    HandedOver(
                        customer_tenant_id=customer_tenant_id,
                        user_id=user_id,
                        password=password,
                        certainty=sure,
                        outcome=Outcome(ended[row][1]),
                        completed_at=ended[row][10] or "",
                    )
                    for password, sure in _sure_of(ended[row], passwords[row], unclear)
                    if superseded or sure is not Certainty.SUPERSEDED
                )


def _sure_of(
    ended: ResultValues, passwords: Sequence[tuple[int, Secret]], unclear: set[tuple[int, int]]
) -> Iterator[tuple[Secret, Certainty]]:
    """The row's passwords that may be in force, oldest first. An outcome is always that of the last one."""
    row, outcome = ended[0], Outcome(ended[1])
    by_generation = dict(passwords)
    last = max(by_generation, default=0) if outcome is Outcome.SUCCEEDED else None
    for generation in sorted(by_generation):
        sure = certainty(
            generation=generation,
            outcome=outcome,
            outcome_generation=last,
            unclear=(row, generation) in unclear,
        )
        if sure is not None:
            yield by_generation[generation], sure
