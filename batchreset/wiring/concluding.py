"""What a run leaves behind when it ends, however it ends: its results, its summary, and their copies elsewhere."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchreset.core.stop import Stop
from batchreset.errors import ResultsError, RunFolderError, SettingsError
from batchreset.wiring.frozen import FrozenRun, standing
from batchreset.wiring.results import refuse_destination, write_results_of
from batchreset.wiring.summary import summarize


def conclude(
    run: FrozenRun,
    stop: Stop | None,
    *,
    pacing: Mapping[str, Any] | None,
    dry_run: bool,
    began_at: dt.datetime,
    ended_at: dt.datetime,
) -> dict[str, Any]:
    """The run's own results first, then the summary that says they are there, then the results' copy elsewhere.

    A dry run of a run that has begun leaves its files as they are: they tell what was done.
    """
    now = standing(run, dry_run=dry_run)
    summary = summarize(
        run,
        now,
        stop=stop,
        pacing=pacing,
        dry_run=dry_run,
        began_at=began_at,
        ended_at=ended_at,
    )
    if dry_run and now.last is not None:
        return summary
    try:
        write_results_of(run, run.folder.results, dry_run=dry_run)
        run.folder.write_json(run.folder.summary_json, summary)
        if run.settings.output.results:
            write_results_of(run, Path(run.settings.output.results), dry_run=dry_run)
    except RunFolderError as error:
        raise _without_results(run, summary, error) from error
    return summary


def _without_results(run: FrozenRun, summary: Mapping[str, Any], error: RunFolderError) -> ResultsError:
    stop = summary["stop"]
    before = f"{stop['what']}; and" if stop else "everything was recorded, but"
    what = f"{before} the results could not be written: {error.what}"
    if stop and not run.folder.ledger.exists():
        # The ledger, or all of the folder, was taken away: what brings it back comes before all else.
        return ResultsError(what, next_step=stop["next_step"])
    then = f"carry it on with `{run.apply_command}`" if summary["state"] != "finished" else "write them again"
    return ResultsError(
        what, next_step=f"mend that, then {then} (`batchreset results {run.folder.path}` writes the results alone)"
    )


def check_results_can_be_written(run: FrozenRun) -> None:
    """Before anything is sent, not after. Raises SettingsError."""
    if not run.settings.output.results:
        return
    destination = Path(run.settings.output.results)
    refuse_destination(run, destination)
    if not destination.parent.is_dir():
        raise SettingsError(
            f"[output] results: there is no folder {destination.parent}",
            next_step="make the folder, or choose another file",
        )
