"""The same accounts must not be reset twice because a pipeline was started twice."""

import datetime as dt
from pathlib import Path
from typing import Final

from batchreset.adapters.run_folder import RunFolder, all_folders
from batchreset.errors import PlanRefusedError, RunFolderError

WITHIN: Final = dt.timedelta(hours=24)


def refuse_if_applied(accounts_sha256: str, runs_dir: Path, *, now: dt.datetime, again: bool, run_id: str) -> None:
    """Refuse a set of accounts that a finished run of this folder has sent resets for in the last 24 hours.

    The set counts, not the file: its name, its order and its further columns do not matter.

    Raises:
        PlanRefusedError: there is such a run, and `again` is not given.
    """
    if again:
        return
    for folder in reversed(all_folders(runs_dir)):
        finished_at = _finished_at(folder, accounts_sha256) if folder.run_id != run_id else None
        if finished_at is not None and now - finished_at < WITHIN:
            raise PlanRefusedError(
                f"the same accounts were reset by the run {folder.run_id}, finished at"
                f" {finished_at:%Y-%m-%d %H:%M} UTC; a second reset would take away the passwords just handed over",
                next_step=f"look at `batchreset status {folder.path}`; if all of them really are to be reset again,"
                " give --again",
            )


def _finished_at(folder: RunFolder, accounts_sha256: str) -> dt.datetime | None:
    """When a run of these accounts finished, if it did and had sent anything."""
    try:
        if folder.read_run().get("accounts_sha256") != accounts_sha256:
            return None
        summary = folder.read_summary()
        if summary is None or summary["state"] != "finished" or not summary["sent"]:
            return None
        return dt.datetime.fromisoformat(summary["finished_at"])
    except (RunFolderError, KeyError, ValueError, TypeError):
        return None
