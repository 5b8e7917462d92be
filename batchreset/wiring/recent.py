"""The same accounts must not be reset twice because a pipeline was started twice."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.adapters.run_folder import RunFolder, all_folders, holding_accounts
from batchreset.errors import BatchresetError, PlanRefusedError, RunHeldError
from batchreset.wiring.frozen import FrozenRun, read_frozen, reading, standing

_SAME_ACCOUNTS: Final = "the same accounts were reset"
_SAME_INPUT: Final = "the accounts that this input names were reset, but for those left out,"
_LEFT_OUT: Final = "for accounts that were left out then, give an input of their rows alone; "
WITHIN: Final = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Two sets of accounts, each by its SHA-256: the same for every order and file they come in.

    Attributes:
        to_reset: those of the plan.
        named: all that the input names. A protected list that has grown, or a user who was deleted meanwhile, makes
            another plan of it, but not another input.
    """

    to_reset: str
    named: str


def accounts_of(facts: Mapping[str, Any]) -> Accounts:
    """Of a run.json. Raises KeyError, TypeError."""
    to_reset = str(facts["accounts_sha256"])
    return Accounts(to_reset=to_reset, named=str(facts["input"].get("accounts_sha256", to_reset)))


def refuse_if_applied(accounts: Accounts, runs_dir: Path, *, now: dt.datetime, run_id: str) -> None:
    """Refuse accounts that another finished run of this folder has sent resets for in the last 24 hours.

    The sets count, not the file: its name, its order and its further columns do not matter. The other runs' ledgers
    decide: they are true whatever became of the files beside them.

    Raises:
        PlanRefusedError: there is such a run.
        RunFolderError: the runs cannot be looked at, so that nobody can say.
    """
    for folder in reversed(all_folders(runs_dir)):
        finished_at = _finished_at(folder, accounts) if folder.run_id != run_id else None
        if finished_at is not None and now - finished_at < WITHIN:
            shown = RunFolder(runs_dir / folder.run_id).path
            same = _run_of(folder, Accounts(to_reset=accounts.to_reset, named="")) is not None
            what = _SAME_ACCOUNTS if same else _SAME_INPUT
            raise PlanRefusedError(
                f"{what} by the run {folder.run_id}, finished at {finished_at:%Y-%m-%d %H:%M} UTC; a second reset would"
                " take away the passwords just handed over",
                next_step=f"look at `batchreset status {shown}`; {'' if same else _LEFT_OUT}"
                "if all of them really are to be reset again, give --again",
            )


@contextlib.contextmanager
def alone_with(accounts: Accounts, runs_dir: Path, *, run_id: str, again: bool, now: dt.datetime) -> Iterator[None]:
    """Hold these accounts, over all runs of the folder, while the block runs; first ask `refuse_if_applied`.

    Raises:
        RunHeldError: another run of the same accounts is under way.
        PlanRefusedError, RunFolderError: as for `refuse_if_applied`.
    """
    with contextlib.ExitStack() as held:
        for sha256 in sorted({accounts.to_reset, accounts.named}):
            # Who gives --again does not mind others, but they may mind him.
            with contextlib.suppress(RunHeldError) if again else contextlib.nullcontext():
                held.enter_context(holding_accounts(runs_dir, sha256))
        if not again:
            refuse_if_applied(accounts, runs_dir, now=now, run_id=run_id)
        yield


def begun_before(run: FrozenRun) -> FrozenRun | None:
    """Another run of the same accounts that has sent resets and was not finished; the newest one."""
    accounts = accounts_of(run.facts)
    for folder in reversed(all_folders(run.folder.path.parent)):
        if folder.run_id != run.folder.run_id and (other := _run_of(folder, accounts)):
            with contextlib.suppress(BatchresetError):
                now = standing(other)
                if now.rows_left and now.sent:
                    return other
    return None


def _finished_at(folder: RunFolder, accounts: Accounts) -> dt.datetime | None:
    """When a run of these accounts finished, if it did and had sent anything."""
    run = _run_of(folder, accounts)
    if run is None:
        return None
    # A folder that cannot be read as a run has finished nothing that we could know of.
    with contextlib.suppress(BatchresetError):
        now = standing(run)
        if now.sent and not now.rows_left:
            with reading(run) as ledger:
                return ledger.last_completed_at() if ledger else None
    return None


def _run_of(folder: RunFolder, accounts: Accounts) -> FrozenRun | None:
    """The folder's run, if it is one of these accounts."""
    try:
        others = accounts_of(folder.read_run())
        if others.to_reset != accounts.to_reset and others.named != accounts.named:
            return None
        return read_frozen(folder)
    except (BatchresetError, KeyError, TypeError, AttributeError):
        return None
