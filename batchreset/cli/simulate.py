"""`batchreset simulate`: Partner Center and its sign-in service on this machine, with faults on demand."""

import enum
import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

import click

from batchreset.errors import SettingsError
from batchreset.simulator.directory import DirectoryUser, read_directory
from batchreset.simulator.limits.rule import LimitKind
from batchreset.simulator.options import DeviceAnswer, ForbiddenCode, Mfa, RetryAfterStyle, Rotation, SimulatorOptions

if TYPE_CHECKING:
    from batchreset.simulator.server import RunningSimulator

_DEFAULTS: Final = SimulatorOptions()
_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_STDIN: Final = 0
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _value(name: str, text: str) -> Callable[[_Command], _Command]:
    """An option of the field's own name, type and default."""
    default = getattr(_DEFAULTS, name)
    return click.option(
        f"--{name.replace('_', '-')}", type=type(default), default=default, show_default=True, help=text
    )


def _flag(name: str, text: str) -> Callable[[_Command], _Command]:
    return click.option(f"--{name.replace('_', '-')}", is_flag=True, help=text)


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


def _read_users(
    _context: click.Context, _parameter: click.Parameter, file: TextIO | None
) -> tuple[DirectoryUser, ...] | None:
    if file is None:
        return None
    with file:
        return read_directory(file, name=file.name)


@click.command(short_help="Partner Center on this machine, with faults on demand.")
@click.option("--host", default=_DEFAULTS.host, show_default=True, help="Address to listen on.")
@_value("port", "Port to listen on; 0: any free one.")
@click.option("--ca-file", type=_FILE, help="Where to write the throw-away CA.  [default: a temporary folder]")
@click.option("--applied-log", type=_FILE, help="Append a line of JSON here for each password applied (its SHA-256).")
@_value("seed", "Seed of every choice below.")
@_value("latency_seconds", "Median time to an answer.")
@_value("error_share", "Share of resets answered 500, 503 or 504 and not applied.")
@_value("applied_error_share", "Share answered 500, 503 or 504 though applied.")
@_value("lost_share", "Share whose connection is lost without an answer, not applied.")
@_value("lost_applied_share", "Share whose connection is lost without an answer, though applied.")
@_value("cut_short_share", "Share applied whose answer breaks off in the middle.")
@_value("hang_share", "Share never answered, not applied.")
@_value("hang_applied_share", "Share never answered, though applied.")
@_flag("faults_on_reads", "Let these faults befall GET requests too.")
@_value("weak_share", "Share of good passwords refused as weak.")
@_value("bom_share", "Share of JSON answers with a byte order mark.")
@_value("partner_limit", "Requests that pass in a window, all together; refused ones count too. 0: no limit.")
@_choice(
    "partner_limit_kind",
    LimitKind,
    "window: from its first request on; clock: ends by the clock; sliding: any span of that length; bucket: holds the"
    " limit, fills in a window, and refused requests draw from it into debt.",
)
@_value("partner_window_seconds", "Length of that window.")
@_value("partner_penalty_seconds", "Each refused request puts the end of its window off by this (window, clock).")
@_value(
    "partner_limit_least",
    "Each window's limit is drawn anew, from this to --partner-limit (window, clock); 0: it is always that.",
)
@_value("customer_limit", "As --partner-limit, for each customer by itself.")
@_choice("customer_limit_kind", LimitKind, "As --partner-limit-kind.")
@_value("customer_window_seconds", "As --partner-window-seconds.")
@_value("customer_penalty_seconds", "As --partner-penalty-seconds.")
@_value("customer_limit_least", "As --partner-limit-least, to --customer-limit.")
@_choice("retry_after", RetryAfterStyle, "How a 429 says how long to wait.")
@click.option(
    "--directory",
    type=click.File(encoding="utf-8-sig"),
    callback=_read_users,
    help="CSV file of the only customers and users there are, their states and roles.  [default: every GUID is one]",
)
@click.option(
    "--known-users",
    type=click.File(encoding="utf-8-sig"),
    callback=_read_guids,
    help="Text file of user ids, one a line: the only users there are.  [default: every GUID is one]",
)
@_guids("--missing-user", "missing_users", "A user that is not there (404).")
@_guids("--forbidden-customer", "forbidden_customers", "A customer the caller has no right to (403).")
@_choice("forbidden_code", ForbiddenCode, "The code of that 403.")
@_choice(
    "mfa",
    Mfa,
    "Whether tokens carry MFA; off: 401, header-off: 200 with isMfaCompliant: false, partly: some resets 401.",
)
@_value("mfa_enforced_share", "Share of the resets refused with --mfa partly.")
@click.option(
    "--token", default=_DEFAULTS.token, help="The only bearer token that passes (not a real one).  [default: any]"
)
@_flag("only_issued_tokens", "Let only tokens of the sign-in service pass.")
@_value("token_requests", "A token is refused with 401 after this many requests; 0: never.")
@_flag("claims_challenge", "Let that 401 carry a claims challenge, which the next refresh must answer.")
@_value("tenant_id", "The partner's tenant.")
@_value("client_id", "The application registered there.")
@_value("client_secret", "Its secret (not a real one); empty: none.")
@click.option("--client-certificate", type=_FILE, help="PEM file of a certificate it may sign with.  [default: none]")
@_value("refresh_token", "The first refresh token (not a real one); empty: none.")
@_value("user_name", "Who consents, and whom tokens are for.")
@_value("token_seconds", "How long an access token is good.")
@_choice("rotation", Rotation, "What becomes of a refresh token that was used; once: it is refused from then on.")
@_value("refresh_error", "AADSTS code with which every refresh is refused, such as 700082; 0: none.")
@_value("token_failures", "So many token requests are answered 503 first.")
@_value("token_latency_seconds", "Time to the answer of a token request, which is decided on arrival.")
@_value("device_polls", "So many polls find a device code pending, unless it is typed in before.")
@_value("device_interval_seconds", "How long a client must wait between those polls.")
@_choice("device_answer", DeviceAnswer, "What comes after them.")
@click.option(
    "--sign-in-log", type=_FILE, help="Append a line of JSON here for each token request (SHA-256 of tokens)."
)
@click.option(
    "--until-stdin-closes", is_flag=True, help="End also when standard input does, as with the parent process."
)
def simulate(*, until_stdin_closes: bool, **fields: Any) -> None:
    """Serve Partner Center's API and its sign-in service over HTTPS on this machine, with faults on demand.

    Prints one line of JSON (base_url, ca_file, pid, authority, tenant_id, client_id) when it is ready, and serves until
    SIGINT or SIGTERM.
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
        "BATCHRESET_AUTH__KIND": "refresh_token",
        "BATCHRESET_AUTH__AUTHORITY": simulator.base_url,
        "BATCHRESET_AUTH__TENANT_ID": options.tenant_id,
        "BATCHRESET_AUTH__CLIENT_ID": options.client_id,
        **_secret(options, "client_secret"),
        **_secret(options, "refresh_token"),
    }
    click.echo(f"Partner Center is simulated on {simulator.base_url}, with its sign-in service. To use it:", err=True)
    for name, value in settings.items():
        click.echo(f"  export {name}={shlex.quote(value)}", err=True)
    if not options.only_issued_tokens:
        token = "the one given as --token" if options.token else "demo"
        click.echo("Or, without signing in:", err=True)
        click.echo(
            f"  export BATCHRESET_AUTH__KIND=access_token BATCHRESET_AUTH__ACCESS_TOKEN={shlex.quote(token)}", err=True
        )
    ready = {
        "base_url": simulator.base_url,
        "ca_file": ca_file,
        "pid": os.getpid(),
        "authority": simulator.base_url,
        "tenant_id": options.tenant_id,
        "client_id": options.client_id,
    }
    click.echo(json.dumps(ready))


def _secret(options: SimulatorOptions, name: str) -> dict[str, str]:
    """Its variable. Only a default is echoed: somebody may have given a real one."""
    value, default = getattr(options, name), getattr(_DEFAULTS, name)
    shown = value if value in {"", default} else f"the one given as --{name.replace('_', '-')}"
    return {f"BATCHRESET_AUTH__{name.upper()}": shown} if shown else {}
