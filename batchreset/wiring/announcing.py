"""How a command ended is told: by notices, to a cron monitor, in a metrics file. None of it changes how it ended."""

import contextlib
import datetime as dt
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from batchreset.adapters.events import event_log
from batchreset.core.clock import rfc3339
from batchreset.core.notice import Ending, notice, trial_notice
from batchreset.core.ping import Moment
from batchreset.errors import BatchresetError, ExitCode, SettingsError
from batchreset.settings.model import Settings
from batchreset.settings.sources import readable_settings
from batchreset.wiring.audience import (
    READABLE,
    Audience,
    Elsewhere,
    audience_as_far_as_possible,
    audience_of,
    completed,
    exposed,
    given_anew,
)
from batchreset.wiring.channels import Calls, Channels
from batchreset.wiring.frozen import FrozenRun, standing
from batchreset.wiring.summary import summarize
from batchreset.wiring.within import TOO_LATE, within

START_SECONDS: Final = 10.0
ANSWERED: Final = "it answered "
"""How a service's own refusal begins."""
END_SECONDS: Final = 20.0
"""For all notices and the ping together: a monitor or a mail server that hangs holds nobody up for longer."""
_EVENTS: Final = {"notify": "notify.failed", "ping": "ping.failed", "metrics": "metrics.failed"}
_PERHAPS: Final = "a notice to {where} has perhaps not arrived ({problem})"
"""A service may have taken it and be slow to say so."""
_SENTENCES: Final = {
    "notify": "no notice went to {where} ({problem})",
    "ping": "the monitor {where} was not pinged ({problem})",
    "metrics": "the metrics file {where} could not be written ({problem})",
}


class Voice(Protocol):
    """Whom warnings are told, and where else events go."""

    @property
    def log_files(self) -> Sequence[Path]: ...
    @property
    def log_level(self) -> int: ...
    @property
    def shown(self) -> int: ...
    def say(self, *lines: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a command was given.

    Attributes:
        silent: nothing is told to anybody (a dry run); what is wrong with the addresses is found all the same.
    """

    flags: Mapping[str, object]
    environ: Mapping[str, str]
    job_file: Path | None
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """What did not arrive. `moment`: `start` or `end`; the log is written at the end in any case."""

    what: str
    moment: str
    at: dt.datetime
    where: str
    why: str


class Announcement:
    """Of one command, from its beginning to its end.

    Args:
        given: to the command.
        voice: warnings go there.
        seconds: how long it may take to tell how it ended.

    Attributes:
        run: the run that the command is about, as soon as there is one.
    """

    def __init__(self, given: Given, voice: Voice, *, seconds: float = END_SECONDS) -> None:
        self._given, self._voice, self._seconds = given, voice, seconds
        self._began_at = dt.datetime.now(dt.UTC)
        self._channels: Channels | None = None
        self._elsewhere = Elsewhere(given.environ)
        self._failed: list[_Lost] = []
        self._summary: Mapping[str, Any] | None = None
        self._repeated = False
        self.run: FrozenRun | None = None

    def begin(self, settings: Settings, *, everybody: bool = False) -> Settings:
        """Find who hears of it, and tell the monitor; the settings with the addresses that are not written in them.

        Raises:
            SettingsError: an address, a file or a command that gives some, or the metrics file, cannot be used.
            CommandFailedError: such a command gave nothing, and `everybody` has to be known.
        """
        given = self._given
        whole = completed(settings, flags=given.flags, elsewhere=self._elsewhere)
        if everybody and self._elsewhere.lost is not None:
            raise self._elsewhere.lost
        self._meet(audience_of(whole))
        self._warn(*exposed(whole, flags=given.flags, environ=given.environ))
        return whole

    def begin_again(self, run: FrozenRun) -> None:
        """As `begin`, for a run that was planned before: its own settings, and what is given anew.

        What was right when the run was planned and is not any more does not keep it from being carried on, whatever
        else is given anew.

        Raises:
            SettingsError: what is given anew cannot be used.
        """
        self.run = run
        whole = given_anew(run.settings, flags=self._given.flags, elsewhere=self._elsewhere) or run.settings
        try:
            self._meet(audience_of(whole))
        except SettingsError as error:
            alone = given_anew(Settings(), flags=self._given.flags, elsewhere=self._elsewhere)
            if alone is not None:
                Channels.to(audience_of(alone))
            self._warn(f"not everybody will be told how it ends: {error.what}")
            self._meet(audience_as_far_as_possible(whole), strict=False)

    def _meet(self, audience: Audience, *, strict: bool = True) -> None:
        self._channels = Channels.to(audience) if strict else Channels.as_far_as_possible(audience)
        self._warn(*self._elsewhere.warnings, *audience.warnings)
        if not self._given.silent:
            self._tell(self._channels.ping(Moment.START, ExitCode.OK), START_SECONDS, moment="start")

    def trial(self) -> list[str]:
        """Send a test notice to everybody; where it went.

        Raises:
            SettingsError: it did not arrive everywhere, or there is nobody.
        """
        if self._channels is None or not self._channels.services:
            raise SettingsError(
                "no address is given", next_step="give [output] notify in the job file, or BATCHRESET_OUTPUT__NOTIFY"
            )
        with self._channels.notices(trial_notice(host=socket.gethostname())) as calls:
            answers = {where: problem for (_, where), problem in within(self._seconds, calls).items()}
        lost = {where: problem for where, problem in answers.items() if problem}
        if lost:
            answered = any(problem.startswith(ANSWERED) for problem in lost.values())
            why = "what is wrong there where a service answered, and otherwise why" if answered else "why"
            raise SettingsError(
                f"the test notice did not arrive at {len(lost)} of {len(answers)} addresses, as far as they say",
                details=tuple(f"{where}: {problem}" for where, problem in lost.items()),
                next_step=f"correct those addresses, or see {why} this machine cannot reach them",
            )
        return [f"a test notice went to {where}" for where in answers]

    def heard(self, summary: Mapping[str, Any], *, repeated: bool = False) -> None:
        """The run's summary. `repeated`: nothing was done for it this time."""
        self._summary, self._repeated = summary, repeated

    def end(self, ending: Ending | None) -> None:
        """Tell everybody. Raises nothing, and is over in time. `ending`: None where the summary says it."""
        if self._given.silent:
            return
        try:
            self._end(ending)
        except (KeyboardInterrupt, SystemExit):
            self._warn("interrupted while telling how it ended; some may not have heard of it")
        except Exception as error:  # noqa: BLE001  how the command ended stays as it is, whatever goes wrong here
            self._warn(f"not everybody could be told how it ended ({type(error).__name__})")

    def _end(self, ending: Ending | None) -> None:
        channels = self._channels or self._readable()
        if channels.is_empty:
            return
        if ending is None:
            ending = Ending(exit_code=ExitCode(self._summary["exit_code"] if self._summary else 0))
        # The run goes on in another process: its figures are that one's to tell, and no monitor is to wake anybody.
        held = ending.exit_code is ExitCode.RUN_HELD
        facts = None if held else self._summary or self._facts()
        if not held:
            self._measure(channels, ending, facts)
        well = ending.exit_code is ExitCode.OK
        moment = Moment.SUCCESS if well else Moment.FAILURE
        calls = {} if held else channels.ping(moment, ending.exit_code)
        told = notice(ending, facts, host=socket.gethostname(), job=self._job(), repeated=self._repeated)
        with contextlib.ExitStack() as stack:
            # Of a run that had ended well before there is no news.
            if not (self._repeated and well):
                try:
                    calls |= stack.enter_context(channels.notices(told))
                except SettingsError as error:
                    self._note("notify", "anybody", error.what)
            self._tell(calls, self._seconds)
        self._log()

    def _measure(self, channels: Channels, ending: Ending, facts: Mapping[str, Any] | None) -> None:
        """Whatever befalls the figures, people are told all the same."""
        try:
            problem = channels.measure(ending.exit_code, facts, began_at=self._began_at)
        except Exception as error:  # noqa: BLE001  as said
            problem = type(error).__name__
        if problem:
            self._note("metrics", str(channels.audience.metrics_file), problem)

    def _readable(self) -> Channels:
        """Who can be told that the settings are wrong."""
        given = self._given
        settings = readable_settings(READABLE, flags=given.flags, environ=given.environ, job_file=given.job_file)
        with contextlib.suppress(SettingsError):
            settings = completed(settings, flags=given.flags, elsewhere=self._elsewhere)
        return Channels.as_far_as_possible(audience_as_far_as_possible(settings))

    def _job(self) -> str:
        return str(self._given.job_file or self._given.flags.get("input.path") or "")

    def _facts(self) -> Mapping[str, Any] | None:
        """Of the run as it stands, if there is one that can be read."""
        if self.run is None:
            return None
        try:
            now, at = standing(self.run), dt.datetime.now(dt.UTC)
        except BatchresetError:
            return None
        return summarize(self.run, now, stop=None, pacing=None, dry_run=False, began_at=self._began_at, ended_at=at)

    def _tell(self, calls: Calls, seconds: float, *, moment: str = "end") -> None:
        for (what, where), problem in within(seconds, calls).items():
            if problem is not None:
                self._note(what, where, problem, moment=moment)

    def _note(self, what: str, where: str, problem: str, *, moment: str = "end") -> None:
        at = dt.datetime.now(dt.UTC)
        self._failed.append(_Lost(what=what, moment=moment, at=at, where=where, why=problem))
        perhaps = what == "notify" and problem == TOO_LATE
        self._warn((_PERHAPS if perhaps else _SENTENCES[what]).format(where=where, problem=problem))

    def _warn(self, *lines: str) -> None:
        self._voice.say(*(f"warning: {line}" for line in lines))

    def _log(self) -> None:
        """What failed: into the run's log, which is closed by now, and the further log files."""
        own = [self.run.folder.log] if self.run is not None and self.run.folder.path.is_dir() else []
        if not self._failed:
            return
        with (
            contextlib.suppress(OSError),
            event_log(
                [*own, *self._voice.log_files],
                level=self._voice.log_level,
                stream=sys.stderr,
                shown=self._voice.shown,
                run_id=self.run.folder.run_id if self.run is not None else "none",
            ) as log,
        ):
            for lost in self._failed:
                at = rfc3339(lost.at)
                log.warning(_EVENTS[lost.what], moment=lost.moment, at=at, where=lost.where, why=lost.why)
