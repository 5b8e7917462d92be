"""Whether a plan and its settings are those that were frozen, and whether they are those that somebody has seen."""

import hashlib
import os
from typing import BinaryIO, Final

from batchreset.core.frozen_plan import as_sha256
from batchreset.core.outcome import Outcome
from batchreset.errors import LedgerError, PlanRefusedError, RunFolderError
from batchreset.wiring.frozen import FrozenRun, digest_of, lacking, standing

_PARQUET_END: Final = b"PAR1"


def check_plan_is_unchanged(run: FrozenRun) -> None:
    """Refuse a plan or settings that are not those that were frozen. Raises RunFolderError."""
    try:
        with run.folder.plan.open("rb") as plan:
            found = hashlib.file_digest(plan, "sha256").hexdigest()
            is_whole = _ends_as_parquet(plan)
    except OSError as error:
        raise RunFolderError(
            f"the plan {run.folder.plan} cannot be read ({error.strerror})",
            next_step=_instead_of(run, "restore the run's folder, or plan again"),
        ) from error
    try:
        bound = digest_of(run.facts)
    except (KeyError, TypeError) as error:
        raise RunFolderError(
            f"{run.folder.run_json} does not hold what binds a plan ({lacking(error)}): another version wrote"
            " it, or it was changed",
            next_step=_instead_of(
                run, "continue the run with the version that planned it (run.json names it), or plan again"
            ),
        ) from error
    again = "find out who changed it; then plan again, and apply the new plan"
    if found != run.file_sha256 and not is_whole:
        raise RunFolderError(
            f"the plan {run.folder.plan} is cut short or damaged: its end is missing",
            next_step=_instead_of(run, "restore the run's folder from a copy, or plan again"),
        )
    if found != run.file_sha256:
        raise RunFolderError(
            f"the plan {run.folder.plan} is not the one that was frozen: its SHA-256 is {found}, run.json says"
            f" {run.file_sha256}",
            next_step=_instead_of(run, again),
        )
    if bound != run.plan_sha256:
        raise RunFolderError(
            f"{run.folder.run_json} is not as it was frozen: its settings, counts or `again`, or its input's or"
            f" accounts' SHA-256 were changed (together they make the plan SHA-256 {bound}, and it was"
            f" {run.plan_sha256})",
            next_step=_instead_of(run, again),
        )


def _ends_as_parquet(plan: BinaryIO) -> bool:
    plan.seek(max(0, plan.seek(0, os.SEEK_END) - len(_PARQUET_END)))
    return plan.read() == _PARQUET_END


def _instead_of(run: FrozenRun, next_step: str) -> str:
    """Another next step where accounts were reset already: a new plan would reset them a second time."""
    try:
        outcomes = standing(run).outcomes
    except LedgerError as error:
        # The ledger comes first, whatever the plan is.
        return error.next_step
    changed = outcomes[Outcome.SUCCEEDED] + outcomes[Outcome.IN_DOUBT]
    if not changed:
        return next_step
    whom = "1 account was" if changed == 1 else f"{changed:,} accounts were"
    only = "" if run.settings.password.kind == "discard" else ", and their only passwords are in this folder"
    return (
        "bring plan.parquet and run.json back as they were, from a copy of the folder, and remove nothing; do not plan"
        f" again: {whom} reset, or perhaps reset, by this run already{only}"
    )


def check_it_is_the_plan(run: FrozenRun, wanted: str) -> None:
    """Refuse another plan than the one whose SHA-256 somebody has seen. Raises PlanRefusedError."""
    sha256 = as_sha256(wanted)
    if sha256 is None:
        raise PlanRefusedError(
            f"what --plan-sha256 gives is no SHA-256: that has 64 hexadecimal digits, this {len(wanted)} characters;"
            " nothing was sent",
            next_step="give the whole figure that `batchreset plan` showed as plan SHA-256",
        )
    if sha256 != run.plan_sha256:
        raise PlanRefusedError(
            f"this is another plan than the one that was looked at: its SHA-256 is {run.plan_sha256}, --plan-sha256"
            f" says {sha256}; nothing was sent",
            next_step="find out which plan is meant, look at it, and give its SHA-256",
        )
