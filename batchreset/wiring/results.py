"""The results of a run, from its plan and ledger, at any time."""

from pathlib import Path

from batchreset.adapters.ledger import LedgerReader, ResultValues
from batchreset.adapters.results import write_results
from batchreset.core.outcome import Reason
from batchreset.durable import replaceable
from batchreset.errors import SettingsError
from batchreset.wiring.frozen import FrozenRun, reading, unattempted_reason


def write_results_of(run: FrozenRun, destination: Path, *, dry_run: bool = False) -> Path:
    """Write the results to `destination`, in the format of its ending.

    Raises:
        SettingsError: the destination is the input, or another file of the run's folder.
        RunFolderError: the file could not be written.
        LedgerError: the ledger cannot be read.
    """
    refuse_destination(run, destination)
    with reading(run) as ledger:
        reason = unattempted_reason(ledger.last_session() if ledger else None, dry_run=dry_run)
        write_results(
            plan=run.folder.plan,
            outcomes=lambda first, last: _between(ledger, first, last, reason),
            unattempted=reason,
            destination=destination,
        )
    return destination


def refuse_destination(run: FrozenRun, destination: Path) -> None:
    """Nothing is written over what cannot be had again. Raises SettingsError."""
    try:
        target = replaceable(destination)
    except OSError as error:
        raise SettingsError(
            f"the results could not be written to {destination} ({error.strerror})",
            next_step="choose another file for the results",
        ) from error
    if target == Path(run.input_source).resolve():
        raise SettingsError(
            f"the results would overwrite the input {destination}", next_step="choose another file for the results"
        )
    if target.parent == run.folder.path.resolve() and target.stem != run.folder.results.stem:
        raise SettingsError(
            f"the results would overwrite a file of the run's folder, or be taken for one of them: {destination}",
            next_step="choose a file elsewhere, or results.csv, results.parquet or results.ndjson",
        )


def _between(ledger: LedgerReader | None, first: int, last: int, reason: Reason) -> list[ResultValues]:
    return ledger.results_between(first, last, unfinished=reason) if ledger else []
