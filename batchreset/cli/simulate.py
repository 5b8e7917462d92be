"""`batchreset simulate`: Partner Center and its sign-in service on this machine, with faults on demand."""

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from batchreset.cli.simulate_flags import SectionedCommand, flags
from batchreset.durable import write_text
from batchreset.errors import SettingsError
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.scenario import read_scenario, shipped_scenarios

if TYPE_CHECKING:
    from batchreset.simulator.server import RunningSimulator

_DEFAULTS: Final = SimulatorOptions()
_STDIN: Final = 0


def _list_scenarios(context: click.Context, _parameter: click.Parameter, asked: object) -> None:
    if asked and not context.resilient_parsing:
        for scenario in shipped_scenarios():
            click.echo(f"{scenario.name:<24}{scenario.imitates}")
        context.exit()


@click.command(cls=SectionedCommand, short_help="Partner Center on this machine, with faults on demand.")
@flags
@click.option(
    "--scenario",
    metavar="FILE|NAME",
    help="Options from a TOML file, or one that is shipped, by its name; flags beside it are stronger.",
)
@click.option(
    "--list-scenarios",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_scenarios,
    help="Show those that are shipped, and what each imitates.",
)
@click.option(
    "--until-stdin-closes", is_flag=True, help="End also when standard input does, as with the parent process."
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what is to be exported here (0600); in another terminal: `. FILE`.",
)
@click.pass_context
def simulate(
    context: click.Context,
    /,
    *,
    scenario: str | None,
    until_stdin_closes: bool,
    env_file: Path | None,
    **fields: Any,
) -> None:
    """Serve Partner Center's API and its sign-in service over HTTPS on this machine, with faults on demand.

    Prints one line of JSON (base_url, ca_file, pid, authority, tenant_id, client_id) when it is ready, and serves until
    SIGINT or SIGTERM.
    GET /_simulator/state tells what it was asked, what it applied, and what the caller did against the
    documentation (protocol_errors).

    Three logs can be kept, a line of JSON for each event, written out before it is answered, without any password or
    token.

    \b
    --applied-log   passwords set: time, customer, user, forceChangePassword,
                    request_id, correlation_id, sha256 of the password. The
                    last line of a user is what is in force.
    --request-log   requests to the API: time, method, route, customer, user,
                    request_id, correlation_id, and
                      ended      the status, or lost, cut_short, hang, drip,
                                 refused: what was sent, not what arrived
                      fault      what befell it, if anything
                      applied    whether this very request set a password
                      throttled  partner or customer, where a limit refused it
                      replayed   answered as the first request of its id was
                      peer       the address it came from
                    A connection that was refused has no line.
    --sign-in-log   token requests, with the SHA-256 of refresh tokens.
    """  # noqa: D301  \b is the very character by which click knows what not to wrap
    # Not at the top: the server's libraries would make every --help slow.
    from batchreset.simulator.server import serve  # noqa: PLC0415

    options = chosen_options(context, scenario, fields)
    serve(
        options,
        announce=lambda simulator: _announce(simulator, options, env_file),
        until_end_of=_STDIN if until_stdin_closes else None,
    )


def chosen_options(context: click.Context, scenario: str | None, fields: Mapping[str, Any]) -> SimulatorOptions:
    """What the flags say, over what the scenario says; the scenario's line is shown."""
    if scenario is None:
        return SimulatorOptions(**fields)
    told = read_scenario(scenario)
    given = {
        name: value
        for name, value in fields.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    options = told.options(**given)
    click.echo(f"Scenario {told.name}: {told.imitates}.", err=True)
    return options


def _announce(simulator: "RunningSimulator", options: SimulatorOptions, env_file: Path | None) -> None:
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
    exports = [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    click.echo(f"Partner Center is simulated on {simulator.base_url}, with its sign-in service. To use it:", err=True)
    if env_file is None:
        for line in exports:
            click.echo(f"  {line}", err=True)
    else:
        _write(env_file, exports)
        click.echo(f"  . {shlex.quote(str(env_file.absolute()))}", err=True)
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


def _write(env_file: Path, lines: list[str]) -> None:
    try:
        write_text(env_file, "\n".join([*lines, ""]))
    except OSError as error:
        raise SettingsError(
            f"--env-file {env_file} cannot be written ({error.strerror})", next_step="choose another file"
        ) from error


def _secret(options: SimulatorOptions, name: str) -> dict[str, str]:
    """Its variable. Only a default is echoed: somebody may have given a real one."""
    value, default = getattr(options, name), getattr(_DEFAULTS, name)
    shown = value if value in {"", default} else f"the one given as --{name.replace('_', '-')}"
    return {f"BATCHRESET_AUTH__{name.upper()}": shown} if shown else {}
