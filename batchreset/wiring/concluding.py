"""What a run leaves behind when it ends, however it ends: results, summary, report, and a copy of the results."""

import contextlib
import datetime as dt
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.core.events import EventLog
from batchreset.core.stop import Stop
from batchreset.errors import BatchresetError, ResultsError, RunFolderError, SettingsError
from batchreset.wiring.frozen import FrozenRun, standing
from batchreset.wiring.results import refuse_destination, write_results_of
from batchreset.wiring.signals import LeaveError, Skippable, Skipped
from batchreset.wiring.summary import summarize


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Who hears of the report, and who may break it off.

    Attributes:
        log: None where the run is not logged.
        say: shows a line to whoever is there.
        skippable: see `Signals.skippable`.
        written_at: now, where the session ended before.
        copied: whether the results' copy elsewhere is written: it may be a newer run's by now.
    """

    log: EventLog | None = None
    say: Callable[[str], None] = lambda _line: None
    skippable: Callable[[], Skippable] = lambda: contextlib.nullcontext(Skipped())
    written_at: dt.datetime | None = None
    copied: bool = True


_NOBODY: Final = Around()


def conclude(
    run: FrozenRun,
    stop: Stop | None,
    *,
    pacing: Mapping[str, Any] | None,
    dry_run: bool,
    began_at: dt.datetime,
    ended_at: dt.datetime,
    around: Around = _NOBODY,
) -> dict[str, Any]:
    """The run's own results first, then the summary that says they are there, the results' copy, and the report.

    A dry run of a run that has begun leaves its files as they are: they tell what was done.
    """
    now = standing(run, dry_run=dry_run, by_sender=True)
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
    except (RunFolderError, SettingsError) as error:
        raise _without_results(run, summary, error) from error
    copy = Path(run.settings.output.results) if around.copied and run.settings.output.results else None
    return _copied_and_reported(run, summary, copy, around, dry_run=dry_run)


def is_complete(run: FrozenRun) -> bool:
    """Whether what is written after the summary is there."""
    return not _missing_copy(run) and (run.folder.report.exists() or not run.settings.output.report)


def completed(run: FrozenRun, summary: dict[str, Any], around: Around) -> dict[str, Any]:
    """What a process that was killed after its summary left out is written. Raises ResultsError."""
    return _copied_and_reported(run, summary, _missing_copy(run), around)


def _missing_copy(run: FrozenRun) -> Path | None:
    copy = run.settings.output.results
    return Path(copy) if copy and not Path(copy).exists() else None


def _copied_and_reported(
    run: FrozenRun,
    summary: dict[str, Any],
    copy: Path | None,
    around: Around,
    *,
    dry_run: bool = False,
) -> dict[str, Any]:
    """The report last: it takes seconds, and may be killed over. A copy that fails costs no report."""
    failure: BatchresetError | None = None
    if copy is not None:
        try:
            write_results_of(run, copy, dry_run=dry_run)
        except (RunFolderError, SettingsError) as error:
            failure = error
    if run.settings.output.report:
        summary = _reported(run, summary, around, now=around.written_at or _ended_at(summary))
    if failure is not None:
        raise _without_results(run, summary, failure) from failure
    return summary


def _ended_at(summary: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(summary["finished_at"])


def _reported(run: FrozenRun, summary: dict[str, Any], around: Around, *, now: dt.datetime) -> dict[str, Any]:
    """The summary, which names the report if there is one. Whatever goes wrong with it is a warning."""
    try:
        with around.skippable() as skipped:
            # Here, so that nothing waits for it before a run begins, and its own failure is a warning too.
            from batchreset.wiring.report import write_report  # noqa: PLC0415

            without_charts = write_report(run, run.folder.report, now=now, summary=summary)
        if skipped.by is None:
            named = summary | {"files": summary["files"] | {"report": str(run.folder.report)}}
            run.folder.write_json(run.folder.summary_json, named)
            if without_charts:
                around.say(f"warning: the report has no charts: {without_charts}")
            return named
        why = f"{skipped.by} was received"
    except LeaveError:
        why = "a signal was received"  # in the very moment in which the block began or ended
    except Exception as error:  # noqa: BLE001  all is recorded: whatever a page's making comes to, the run has ended well
        why = error.what if isinstance(error, BatchresetError) else type(error).__name__
    take_away_report(run)
    if around.log is not None:
        around.log.warning("report.failed", why=why)
    around.say(
        f"warning: there is no report ({why}); to have one: batchreset report {shlex.quote(str(run.folder.path))}"
    )
    return summary


def take_away_report(run: FrozenRun) -> None:
    """One of an earlier session tells other figures than the files beside it."""
    with contextlib.suppress(OSError):
        run.folder.report.unlink(missing_ok=True)


def _without_results(run: FrozenRun, summary: Mapping[str, Any], error: BatchresetError) -> ResultsError:
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
