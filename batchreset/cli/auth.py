"""`auth`: sign in once, see who is signed in, sign out."""

import contextlib
import datetime as dt
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from batchreset.adapters.events import event_log
from batchreset.cli.environment import environment
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import Decorated, Terminal, section_flags, terminal_flags
from batchreset.cli.saying import tell
from batchreset.core.events import EventLog
from batchreset.errors import sentence
from batchreset.settings.model import Settings
from batchreset.settings.secrets import is_given
from batchreset.settings.sources import load_settings


def _settings(job: Path | None, flags: Mapping[str, object]) -> Settings:
    return load_settings(flags=flags, environ=environment(), job_file=job)


def _log(terminal: Terminal) -> contextlib.AbstractContextManager[EventLog]:
    return event_log(
        list(terminal.log_files),
        level=terminal.log_level,
        stream=sys.stderr,
        # Somebody is looking: what would be a line in a run's log is worth one here.
        shown=min(terminal.shown, logging.WARNING) if terminal.verbosity >= 0 else terminal.shown,
        run_id="auth",
    )


def _common(command: Decorated) -> Decorated:
    """--job, and a flag for each setting of the sign-in and the service."""
    job = click.option("--job", type=click.Path(dir_okay=False, path_type=Path), help="Settings from this TOML file.")
    decorated: Decorated = job(section_flags("auth", "partner_center")(command))
    return decorated


@click.group()
def auth() -> None:
    """Sign in once, see who is signed in, sign out.

    Needs [auth] tenant_id and client_id (a job file, BATCHRESET_AUTH__… or flags), and for a confidential client its
    secret in BATCHRESET_AUTH__CLIENT_SECRET or its certificate in BATCHRESET_AUTH__CLIENT_CERTIFICATE.
    """


@auth.command(cls=HelpedCommand, short_help="Have a person sign in, with MFA.")
@click.option("--browser", is_flag=True, help="In this machine's browser, rather than by a code entered elsewhere.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default="any",
    help="Port of the http://localhost address that the browser returns to, as registered.",
)
@terminal_flags
@_common
def login(*, browser: bool, port: int, terminal: Terminal, job: Path | None, flags: Mapping[str, object]) -> None:
    """Have a person sign in, with MFA, and keep the sign-in for all later runs.

    Shows a code and the address where to enter it on any device, and waits.
    """
    # Not at the top, here and below: msal would make every --help slow.
    from batchreset.wiring.auth import login as sign_in  # noqa: PLC0415

    with _log(terminal) as log:
        sign_in(
            _settings(job, flags),
            environ=environment(),
            log=log,
            say=lambda line: tell(line, err=True),
            port=port if browser else None,
        )


@auth.command(cls=HelpedCommand, short_help="Who, until when, and whether MFA holds.")
@click.option("--customer", metavar="GUID", help="Look at this customer; default: the first of the partner's.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@terminal_flags
@_common
def status(
    *, customer: str | None, as_json: bool, terminal: Terminal, job: Path | None, flags: Mapping[str, object]
) -> int:
    """Who is signed in, in which tenant, by which application, until when, and whether MFA holds.

    Gets a token and asks the service with one harmless call. Exit code 0 when a run could start, else 5.
    """
    from batchreset.wiring.auth_status import exit_code, status_lines  # noqa: PLC0415
    from batchreset.wiring.auth_status import status as look  # noqa: PLC0415

    with _log(terminal) as log:
        found = look(_settings(job, flags), environ=environment(), log=log, customer=customer)
    if as_json:
        tell(json.dumps(found, indent=2))
    elif terminal.verbosity >= 0:
        tell("\n".join(status_lines(found, now=dt.datetime.now(dt.UTC))))
    if "what" in found:
        tell(f"error: {sentence(found['what'])}", err=True)
        tell(f"what to do: {sentence(found['next_step'])}", err=True)
    return int(exit_code(found))


@auth.command(cls=HelpedCommand, short_help="Remove the sign-in kept here.")
@_common
def logout(*, job: Path | None, flags: Mapping[str, object]) -> None:
    """Remove the sign-in that is kept on this machine.

    Microsoft knows the refresh token for up to 90 days more; revoke the user's sessions there if it may be in wrong
    hands. A secret in Key Vault is left alone, and a run that is under way keeps its sign-in.
    """
    from batchreset.wiring.auth import logout as forget  # noqa: PLC0415

    settings = _settings(job, flags)
    there, place = forget(settings)
    tell(f"Removed the sign-in kept in {place}." if there else f"No sign-in is kept in {place}.", err=True)
    if is_given("refresh_token", environment()):
        tell("BATCHRESET_AUTH__REFRESH_TOKEN is still set, and would sign in again: unset it.", err=True)
    if settings.auth.keyvault:
        tell(f"The refresh token in {settings.auth.keyvault} is left alone, and would sign in again.", err=True)
