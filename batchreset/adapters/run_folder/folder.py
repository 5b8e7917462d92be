"""A run's folder: what lies where, how it is made and found."""

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.core.events import LEDGER_OPENED
from batchreset.durable import PRIVATE_FOLDER_MODE, leave_text, sync_folder, write_text
from batchreset.errors import RunFolderError, SettingsError, cause

PROGRESS_MOST_BYTES: Final = 524_288
_NOT_WAITING: Final = getattr(os, "O_NONBLOCK", 0)
_LONGEST_RUN_ID: Final = 100
_RUN_ID: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{_LONGEST_RUN_ID - 1}}}")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`runs/<run-id>/`; mode 0700, its files 0600."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def plan(self) -> Path:
        """What is to be done."""
        return self.path / "plan.parquet"

    @property
    def run_json(self) -> Path:
        """Job, versions, operator, input's SHA-256. Written last: a folder that has it holds a whole plan."""
        return self.path / "run.json"

    @property
    def problems(self) -> Path:
        """What is wrong with rows of the input; only where something is."""
        return self.path / "problems.csv"

    @property
    def findings(self) -> Path:
        """The accounts that were found to be deleted, federated and so on; only where users were read."""
        return self.path / "findings.csv"

    @property
    def reconcile(self) -> Path:
        """Where ledger and Partner Center's own records differ; only once they were compared."""
        return self.path / "reconcile.csv"

    @property
    def ledger(self) -> Path:
        """Intents, attempts, outcomes, sealed passwords."""
        return self.path / "ledger.sqlite"

    @property
    def results(self) -> Path:
        """One line an input row."""
        return self.path / "results.csv"

    @property
    def summary_json(self) -> Path:
        """Totals, exit code, why it ended."""
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        """What the run came to, for people."""
        return self.path / "report.html"

    @property
    def log(self) -> Path:
        """Events."""
        return self.path / "log.ndjson"

    @property
    def progress_json(self) -> Path:
        """What the process that carries the run out tells others of it; only while it holds the run."""
        return self.path / "progress.json"

    @property
    def lock(self) -> Path:
        """Held by the process that carries the run out."""
        return self.path / "lock"

    @property
    def holds_plan(self) -> bool:
        """False too where nobody may look, and for what cannot be a path."""
        return _is_file(self.run_json)

    @property
    def lost_its_plan(self) -> bool:
        """It has a ledger, which is made only where run.json is."""
        return _is_file(self.ledger) and not self.holds_plan

    def has_opened_ledger(self) -> bool:
        """Whether the log tells of a session that was noted in the ledger. Raises RunFolderError."""
        told = f'"event": "{LEDGER_OPENED}"'.encode()
        try:
            with self.log.open("rb") as events:
                return any(told in event for event in events)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RunFolderError(
                f"{self.log} cannot be read ({error.strerror})", next_step="check that you may read the run's folder"
            ) from error

    def read_run(self) -> dict[str, Any]:
        """run.json. Raises RunFolderError."""
        return self._read(self.run_json)

    def read_summary(self) -> dict[str, Any] | None:
        """summary.json, or None when no session has come to its end. Raises RunFolderError."""
        return self._read(self.summary_json) if self.summary_json.exists() else None

    def write_json(self, path: Path, content: Mapping[str, Any]) -> None:
        """Replace one of the folder's JSON files durably. Raises RunFolderError."""
        with writing(path):
            write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def leave_progress(self, content: Mapping[str, Any]) -> None:
        """Replace progress.json. No run ends by it: where it cannot be written, nobody is told."""
        with contextlib.suppress(OSError):
            leave_text(self.progress_json, json.dumps(content) + "\n")

    def read_progress(self) -> bytes | None:
        """progress.json as it is; None where it cannot be read, or is larger than any that a run writes."""
        try:
            # Nobody waits for who might write into a pipe of that name.
            with os.fdopen(os.open(self.progress_json, os.O_RDONLY | _NOT_WAITING), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return None
                content = file.read(PROGRESS_MOST_BYTES + 1)
        except OSError:
            return None
        return content if len(content) <= PROGRESS_MOST_BYTES else None

    def write_text(self, path: Path, content: str) -> None:
        """Replace one of the folder's text files durably. Raises RunFolderError."""
        with writing(path):
            write_text(path, content)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunFolderError(
                f"{path} cannot be read ({cause(error)})",
                next_step="check the path, that the folder is a run's, and that you may read it",
            ) from error
        except (ValueError, RecursionError) as error:
            raise RunFolderError(
                f"{path} is damaged, or was cut short: it holds no whole JSON document",
                next_step="restore the run's folder, with all its files, from a copy",
            ) from error
        if not isinstance(content, dict):
            raise RunFolderError(
                f"{path} is not a run's file: it holds no JSON object",
                next_step="check that the folder is a run's, or restore it from a copy",
            )
        return content


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate what can go wrong when a file of the run is written."""
    try:
        yield
    except OSError as error:
        raise RunFolderError(
            f"{path} could not be written ({error.strerror})",
            next_step="see that the disk has room and that you may write there, then run again; nothing is lost",
        ) from error


def check_run_id(run_id: str) -> None:
    """Refuse an id that is no plain name of a folder. Raises SettingsError."""
    if not run_id:
        raise SettingsError(
            "--run-id is given and empty, as by a variable that is not set: it names no run to begin or to carry on",
            next_step="give the run's id, or leave --run-id out to have one made up",
        )
    if not _RUN_ID.fullmatch(run_id):
        shown = repr(run_id) if len(run_id) <= _LONGEST_RUN_ID else f"of {len(run_id)} characters"
        raise SettingsError(
            f"--run-id {shown} cannot be a folder's name",
            next_step="use letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most"
            f" {_LONGEST_RUN_ID}",
        )


def make_folder(runs_dir: Path, run_id: str) -> RunFolder:
    """The folder of a new run; one that holds no whole plan yet (killed while planning) is taken over.

    Raises:
        RunFolderError: it cannot be made, or it holds a plan, or the ledger of one that is lost.
    """
    folder = RunFolder(runs_dir / run_id)
    refuse_planned(folder)
    try:
        make_private(folder.path)
        os.chmod(folder.path, PRIVATE_FOLDER_MODE)  # noqa: PTH101  mkdir's mode passes through the umask
    except OSError as error:
        raise cannot_be_made(folder.path, error) from error
    return folder


def cannot_be_made(path: Path, error: OSError) -> RunFolderError:
    return RunFolderError(
        f"the run's folder {path} cannot be made ({error.strerror})",
        next_step="choose a folder that you may write to with --runs-dir or [output] runs_dir",
    )


def refuse_planned(folder: RunFolder) -> None:
    """Raises RunFolderError: it holds a plan, or the ledger of one that is lost."""
    if folder.lost_its_plan:
        raise _lost(folder)
    if folder.holds_plan:
        raise RunFolderError(
            f"the run {folder.run_id} exists already in {folder.path.parent}",
            next_step=f"choose another --run-id, or carry it on with `batchreset apply {folder.path}`",
        )


def make_private(path: Path) -> None:
    """Make a folder and those above it, as far as they are missing, synced. Raises OSError."""
    for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
        missing.mkdir(exist_ok=True, mode=PRIVATE_FOLDER_MODE)
        sync_folder(missing.parent)


def find_folder(run: str, runs_dir: Path) -> RunFolder:
    """A run by its folder's path, or by its id in `runs_dir`. Raises RunFolderError."""
    known: list[str] = []
    meant = [RunFolder(Path(run)), RunFolder(runs_dir / run)]
    for folder in meant:
        if folder.holds_plan:
            return RunFolder(folder.path.resolve())
    for folder in meant:
        if folder.lost_its_plan:
            raise _lost(folder)
    for folder in meant:
        if _is_file(folder.lock) or _is_file(folder.plan):
            raise RunFolderError(
                f"{folder.path} has no run.json: its planning was not finished, or somebody removed that file",
                next_step="plan it again, under the same --run-id if you like; `batchreset status` lists whole runs",
            )
    with contextlib.suppress(RunFolderError):
        known = [folder.run_id for folder in all_folders(runs_dir)]
    listed = f"; runs there: {', '.join(known[-5:])}" if known else ""
    raise RunFolderError(
        f"there is no run {run!r}, neither a folder of that path nor in {runs_dir}{listed}",
        next_step="give the run folder's path, or its id with --runs-dir; `batchreset status` lists runs",
    )


def _lost(folder: RunFolder) -> RunFolderError:
    return RunFolderError(
        f"the folder {folder.path} is a run's and has lost its run.json, without which the run can be neither read nor"
        " carried on",
        next_step="restore the folder, with all its files, from a copy (its ledger holds the only passwords of whoever"
        " was reset); do not remove what is there",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def all_folders(runs_dir: Path) -> list[RunFolder]:
    """Every folder with a whole plan, oldest first. Raises RunFolderError: the runs cannot be listed."""
    return sorted((folder for folder in _folders(runs_dir) if folder.holds_plan), key=_planned_at)


def lost_folders(runs_dir: Path) -> list[RunFolder]:
    """Those that are a run's and have lost its run.json. Raises RunFolderError: as `all_folders`."""
    return sorted((folder for folder in _folders(runs_dir) if folder.lost_its_plan), key=lambda folder: folder.path)


def _folders(runs_dir: Path) -> list[RunFolder]:
    try:
        return [RunFolder(path) for path in runs_dir.iterdir()] if runs_dir.exists() else []
    except OSError as error:
        raise RunFolderError(
            f"the runs in {runs_dir} cannot be listed ({error.strerror})",
            next_step="check the path, and that you may read that folder",
        ) from error


def _planned_at(folder: RunFolder) -> float:
    try:
        return folder.run_json.stat().st_mtime
    except OSError:
        return 0.0
