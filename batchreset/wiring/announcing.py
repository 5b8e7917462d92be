"""How a command ended is told: by notices, to a cron monitor, in a metrics file. None of it changes how it ended."""

import contextlib
import datetime as dt
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from batchreset.adapters.events import event_log
from batchreset.core.addresses import masked
from batchreset.core.notice import Ending, Notice, notice, trial_notice
from batchreset.core.ping import Moment, ping_address
from batchreset.core.secret import Secret
from batchreset.errors import BatchresetError, ExitCode, SettingsError
from batchreset.settings.model import Settings
from batchreset.settings.sources import readable_settings
from batchreset.wiring.audience import READABLE, Audience, audience_of, completed, exposed, given_anew
from batchreset.wiring.frozen import FrozenRun, standing
from batchreset.wiring.summary import summarize
from batchreset.wiring.within import within

if TYPE_CHECKING:
    from batchreset.adapters.notices.service import Service

START_SECONDS: Final = 10.0
END_SECONDS: Final = 20.0
"""For all notices and the ping together; a monitor or a mail server that hangs holds nobody up for longer."""


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


class Announcement:
    """Of one command, from its beginning to its end.

    Args:
        given: to the command.
        voice: warnings go there.
        seconds: how long it may take to tell how it ended.
    """

    def __init__(self, given: Given, voice: Voice, *, seconds: float = END_SECONDS) -> None:
        self._given, self._voice, self._seconds = given, voice, seconds
        self._began_at = dt.datetime.now(dt.UTC)
        self._audience: Audience | None = None
        self._services: list[Service] = []
        self._failed: list[tuple[str, str, str]] = []
        self._summary: Mapping[str, Any] | None = None
        self._repeated = False
        self.run: FrozenRun | None = None

    def begin(self, settings: Settings) -> Settings:
        """Find who hears of it, and tell the monitor; the settings with the addresses that are not written in them.

        Raises:
            SettingsError: an address, a file or a command that gives some, or the metrics file, cannot be used.
        """
        given = self._given
        whole = completed(settings, flags=given.flags, environ=given.environ)
        self._meet(audience_of(whole))
        self._warn(*exposed(whole, flags=given.flags, environ=given.environ))
        return whole

    def begin_again(self, run: FrozenRun) -> None:
        """As `begin`, for a run that was planned before: its own settings, and what is given anew.

        What was right when the run was planned and is not any more does not keep it from being carried on.

        Raises:
            SettingsError: what is given anew cannot be used.
        """
        self.run = run
        anew = given_anew(run.settings, flags=self._given.flags, environ=self._given.environ)
        try:
            self._meet(audience_of(anew or run.settings))
        except SettingsError as error:
            if anew is not None:
                raise
            self._warn(f"no notice is sent, and nothing is pinged: {error.what}")
            self._audience = Audience()

    def _meet(self, audience: Audience) -> None:
        if audience.notify:
            from batchreset.adapters.notices import open_services  # noqa: PLC0415  who needs none does not import it

            self._services = open_services(audience.notify)
        self._audience = audience
        self._warn(*audience.warnings)
        if not self._given.silent:
            self._tell(self._pinging(Moment.START, ExitCode.OK), START_SECONDS)

    def trial(self) -> list[str]:
        """Send a test notice to everybody; where it went.

        Raises:
            SettingsError: it did not arrive everywhere, or there is nobody.
        """
        if not self._services:
            raise SettingsError(
                "no address is given", next_step="give [output] notify in the job file, or BATCHRESET_OUTPUT__NOTIFY"
            )
        with self._noticing(trial_notice(host=socket.gethostname())) as calls:
            answers = {where: problem for (_, where), problem in within(self._seconds, calls).items()}
        lost = [f"{where}: {problem}" for where, problem in answers.items() if problem]
        if lost:
            raise SettingsError(
                f"the test notice did not arrive at {len(lost)} of {len(answers)} addresses",
                details=tuple(lost),
                next_step="correct those addresses, or see why this machine cannot reach them",
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
        except Exception as error:  # noqa: BLE001  how the command ended stays as it is, whatever goes wrong here
            self._warn(f"not everybody could be told how it ended ({type(error).__name__})")

    def _end(self, ending: Ending | None) -> None:
        if self._audience is None:
            self._audience, self._services = self._readable()
        if not (self._audience.notify or self._audience.ping or self._audience.metrics_file):
            return
        if ending is None:
            ending = Ending(exit_code=ExitCode(self._summary["exit_code"] if self._summary else 0))
        facts = self._summary or self._facts()
        self._measure(ending, facts)
        moment = Moment.SUCCESS if ending.exit_code is ExitCode.OK else Moment.FAILURE
        calls = self._pinging(moment, ending.exit_code)
        told = notice(ending, facts, host=socket.gethostname(), repeated=self._repeated)
        try:
            # Of a run that had ended well before there is no news.
            if self._repeated and ending.exit_code is ExitCode.OK:
                self._tell(calls, self._seconds)
            else:
                with self._noticing(told) as notices:
                    self._tell(calls | notices, self._seconds)
        except (KeyboardInterrupt, SystemExit):
            self._warn("interrupted while telling how it ended; some may not have heard of it")
        self._log()

    def _readable(self) -> tuple[Audience, list["Service"]]:
        """Who can be told that the settings are wrong."""
        given = self._given
        try:
            settings = readable_settings(READABLE, flags=given.flags, environ=given.environ, job_file=given.job_file)
            audience = audience_of(completed(settings, flags=given.flags, environ=given.environ))
        except SettingsError:
            return Audience(), []
        services: list[Service] = []
        for address in audience.notify:
            with contextlib.suppress(SettingsError):
                from batchreset.adapters.notices import open_services  # noqa: PLC0415  as above

                services += open_services([address])
        return audience, services

    def _facts(self) -> Mapping[str, Any] | None:
        """Of the run as it stands, if there is one that can be read."""
        if self.run is None:
            return None
        try:
            now, at = standing(self.run), dt.datetime.now(dt.UTC)
        except BatchresetError:
            return None
        return summarize(
            self.run, now, stop=None, pacing=None, dry_run=False, began_at=self._began_at, ended_at=at
        )  # fmt: skip

    def _measure(self, ending: Ending, facts: Mapping[str, Any] | None) -> None:
        path = self._audience.metrics_file if self._audience else None
        if path is None:
            return
        from batchreset.adapters.metrics import write_metrics  # noqa: PLC0415  who needs none does not import it
        from batchreset.wiring.measuring import figures_of  # noqa: PLC0415  as above

        figures = figures_of(ending.exit_code, facts, began_at=self._began_at, ended_at=dt.datetime.now(dt.UTC))
        try:
            write_metrics(path, figures)
        except OSError as error:
            self._note("metrics", str(path), error.strerror or type(error).__name__)

    def _pinging(self, moment: Moment, code: ExitCode) -> dict[tuple[str, str], Callable[[], str | None]]:
        audience = self._audience
        if audience is None or audience.ping is None:
            return {}
        address = ping_address(audience.ping.open(), moment, exit_code=int(code))
        if address is None:
            return {}
        return {("ping", masked(audience.ping.open())): partial(_ping, Secret(address), audience.ca_file)}

    @contextlib.contextmanager
    def _noticing(self, told: Notice) -> Iterator[dict[tuple[str, str], Callable[[], str | None]]]:
        if not self._services:
            yield {}
            return
        from batchreset.adapters.notices import trusting  # noqa: PLC0415  as above

        with contextlib.ExitStack() as stack:
            try:
                bundle = stack.enter_context(trusting(self._audience.ca_file if self._audience else ""))
            except SettingsError as error:
                self._note("notify", "anybody", error.what)
                yield {}
                return
            yield {
                ("notify", f"{service.shown}{'' if number == 1 else f' ({number})'}"): partial(
                    service.send, told, bundle=bundle
                )
                for number, service in enumerate(self._services, start=1)
            }

    def _tell(self, calls: Mapping[tuple[str, str], Callable[[], str | None]], seconds: float) -> None:
        for (what, where), problem in within(seconds, calls).items():
            if problem is not None:
                self._note(what, where, problem)

    def _note(self, what: str, where: str, problem: str) -> None:
        self._failed.append((what, where, problem))
        self._warn(_SENTENCES[what].format(where=where, problem=problem))

    def _warn(self, *lines: str) -> None:
        self._voice.say(*(f"warning: {line}" for line in lines))

    def _log(self) -> None:
        """Into the run's log, which is closed by now, and the further log files."""
        if not self._failed:
            return
        own = [self.run.folder.log] if self.run is not None and self.run.folder.path.is_dir() else []
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
            for what, where, problem in self._failed:
                log.warning(_EVENTS[what], where=where, why=problem)


_EVENTS: Final = {"notify": "notify.failed", "ping": "ping.failed", "metrics": "metrics.failed"}
_SENTENCES: Final = {
    "notify": "no notice went to {where} ({problem})",
    "ping": "the monitor {where} was not pinged ({problem})",
    "metrics": "the metrics file {where} could not be written ({problem})",
}


def _ping(address: Secret, ca_file: str) -> str | None:
    from batchreset.adapters.pings import ping  # noqa: PLC0415  who needs none does not import it
    from batchreset.net import tls_context  # noqa: PLC0415  as above

    try:
        return ping(address, verify=tls_context(ca_file))
    except SettingsError as error:
        return error.what
