"""`batchreset simulate`: Partner Center on this machine, with faults on demand."""

import enum
import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

import click

from batchreset.errors import SettingsError
from batchreset.simulator.options import ForbiddenCode, Mfa, RetryAfterStyle, SimulatorOptions

if TYPE_CHECKING:
    from batchreset.simulator.server import RunningSimulator

_DEFAULTS: Final = SimulatorOptions()
_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_STDIN: Final = 0
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _number(name: str, text: str) -> Callable[[_Command], _Command]:
    """An option of the field's own name, type and default."""
    default = getattr(_DEFAULTS, name)
    return click.option(
        f"--{name.replace('_', '-')}", type=type(default), default=default, show_default=True, help=text
    )


def _choice(name: str, kind: type[enum.StrEnum], text: str) -> Callable[[_Command], _Command]:
    return click.option(
        f"--{name.replace('_', '-')}",
        type=click.Choice([member.value for member in kind]),
        default=getattr(_DEFAULTS, name).value,
        show_default=True,
        callback=lambda _context, _parameter, value: kind(value),
        help=text,
    )


def _guids(flag: str, name: str, text: str) -> Callable[[_Command], _Command]:
    return click.option(
        flag,
        name,
        metavar="GUID",
        multiple=True,
        callback=lambda _context, _parameter, values: frozenset(values),
        help=f"{text} May be repeated.",
    )


def _read_guids(_context: click.Context, _parameter: click.Parameter, file: TextIO | None) -> frozenset[str] | None:
    if file is None:
        return None
    # Closed here: click itself does not close what a refusal leaves open.
    with file:
        try:
            return frozenset(file.read().split())
        except UnicodeDecodeError as error:
            raise SettingsError(
                f"{file.name} is not a text file in UTF-8.",
                next_step="Give --known-users a text file with one user id (GUID) a line.",
            ) from error


@click.command(short_help="Partner Center on this machine, with faults on demand.")
@click.option("--host", default=_DEFAULTS.host, show_default=True, help="Address to listen on.")
@_number("port", "Port to listen on; 0: any free one.")
@click.option("--ca-file", type=_FILE, help="Where to write the throw-away CA.  [default: a temporary folder]")
@click.option("--applied-log", type=_FILE, help="Append a line of JSON here for each password applied (its SHA-256).")
@_number("seed", "Seed of every choice below.")
@_number("latency_seconds", "Median time to an answer.")
@_number("error_share", "Share of resets answered 500, 503 or 504 and not applied.")
@_number("applied_error_share", "Share answered 500, 503 or 504 though applied.")
@_number("lost_share", "Share whose connection is lost without an answer, not applied.")
@_number("lost_applied_share", "Share whose connection is lost without an answer, though applied.")
@_number("cut_short_share", "Share applied whose answer breaks off in the middle.")
@_number("hang_share", "Share never answered, not applied.")
@_number("hang_applied_share", "Share never answered, though applied.")
@click.option("--faults-on-reads", is_flag=True, help="Let these faults befall GET requests too.")
@_number("weak_share", "Share of good passwords refused as weak.")
@_number("bom_share", "Share of JSON answers with a byte order mark.")
@_number("partner_limit", "Requests in each window, all together; 0: no limit.")
@_number("partner_window_seconds", "Length of that window.")
@_number("customer_limit", "Requests in each window, for each customer; 0: no limit.")
@_number("customer_window_seconds", "Length of that window.")
@_choice("retry_after", RetryAfterStyle, "How a 429 says how long to wait.")
@click.option(
    "--known-users",
    type=click.File(encoding="utf-8-sig"),
    callback=_read_guids,
    help="Text file of user ids, one a line: the only users there are.  [default: every GUID is one]",
)
@_guids("--missing-user", "missing_users", "A user that is not there (404).")
@_guids("--forbidden-customer", "forbidden_customers", "A customer the caller has no right to (403).")
@_choice("forbidden_code", ForbiddenCode, "The code of that 403.")
@_choice("mfa", Mfa, "Whether tokens carry MFA; off: 401, header-off: 200 with isMfaCompliant: false.")
@click.option(
    "--token", default=_DEFAULTS.token, help="The only bearer token that passes (not a real one).  [default: any]"
)
@_number("token_requests", "A token is refused with 401 after this many requests; 0: never.")
@click.option(
    "--until-stdin-closes", is_flag=True, help="End also when standard input does, as with the parent process."
)
def simulate(*, until_stdin_closes: bool, **fields: Any) -> None:
    """Serve Partner Center's API over HTTPS on this machine, with faults on demand.

    Prints one line of JSON (base_url, ca_file, pid) when it is ready, and serves until SIGINT or SIGTERM.
    GET /_simulator/state tells what it was asked, what it applied, and what the caller did against the
    documentation (protocol_errors).
    """
    # Not at the top: the server's libraries would make every --help slow.
    from batchreset.simulator.server import serve  # noqa: PLC0415

    options = SimulatorOptions(**fields)
    serve(
        options,
        announce=lambda simulator: _announce(simulator, options),
        until_end_of=_STDIN if until_stdin_closes else None,
    )


def _announce(simulator: "RunningSimulator", options: SimulatorOptions) -> None:
    ca_file = str(simulator.ca_file)
    settings = {
        "BATCHRESET_PARTNER_CENTER__BASE_URL": simulator.base_url,
        "BATCHRESET_PARTNER_CENTER__CA_FILE": ca_file,
        "BATCHRESET_AUTH__KIND": "access_token",
        # Not echoed: somebody may have given a real one.
        "BATCHRESET_AUTH__ACCESS_TOKEN": "the one given as --token" if options.token else "demo",
    }
    click.echo(f"Partner Center is simulated on {simulator.base_url}. To use it:", err=True)
    for name, value in settings.items():
        click.echo(f"  export {name}={shlex.quote(value)}", err=True)
    click.echo(json.dumps({"base_url": simulator.base_url, "ca_file": ca_file, "pid": os.getpid()}))
