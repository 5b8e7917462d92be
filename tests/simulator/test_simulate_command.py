"""`batchreset simulate`, mostly as a process of its own."""

import contextlib
import dataclasses
import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from click.testing import CliRunner
from simulator_client import CUSTOMER, USER, body, headers

from batchreset.cli.simulate import chosen_options, simulate
from batchreset.errors import RefusedError, SettingsError
from batchreset.simulator.faults.kinds import ErrorBody
from batchreset.simulator.options import RetryAfterStyle, SimulatorOptions
from batchreset.simulator.server import running

COMMAND = [sys.executable, "-c", "from batchreset.cli.simulate import simulate; simulate()"]
WHOLE = [sys.executable, "-m", "batchreset", "simulate"]
"""With what the program does about an error."""


@contextmanager
def started(
    *arguments: str, command: Sequence[str] = COMMAND
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The process, and what it said when it was ready."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process, json.loads(reader(process.stdout).readline())
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    # Not killed unless it must be: ended well, it takes its temporary folder with it.
    process.terminate()
    try:
        process.wait(timeout=10)
    finally:
        process.kill()


def reader(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def report(ready: dict[str, Any]) -> dict[str, Any]:
    trusting = ssl.create_default_context(cafile=ready["ca_file"])
    answer: dict[str, Any] = httpx.get(f"{ready['base_url']}/_simulator/state", verify=trusting).json()
    return answer


def test_when_it_is_ready_it_says_so_in_one_line_and_how_to_use_it_on_standard_error() -> None:
    with started() as (process, ready):
        assert ready.keys() == {"base_url", "ca_file", "pid", "authority", "tenant_id", "client_id"}
        assert ready["base_url"].startswith("https://127.0.0.1:")
        assert ready["pid"] == process.pid
        assert report(ready)["requests"] == 0
        process.send_signal(signal.SIGTERM)
        rest, messages = process.communicate(timeout=10)
    assert rest == ""
    assert messages.splitlines()[1:] == [
        f"  export BATCHRESET_PARTNER_CENTER__BASE_URL={ready['base_url']}",
        f"  export BATCHRESET_PARTNER_CENTER__CA_FILE={ready['ca_file']}",
        "  export BATCHRESET_AUTH__KIND=refresh_token",
        f"  export BATCHRESET_AUTH__AUTHORITY={ready['authority']}",
        f"  export BATCHRESET_AUTH__TENANT_ID={ready['tenant_id']}",
        f"  export BATCHRESET_AUTH__CLIENT_ID={ready['client_id']}",
        "  export BATCHRESET_AUTH__CLIENT_SECRET=simulated-client-secret",
        "  export BATCHRESET_AUTH__REFRESH_TOKEN=simulated-refresh-token",
        "Or, without signing in:",
        "  export BATCHRESET_AUTH__KIND=access_token BATCHRESET_AUTH__ACCESS_TOKEN=demo",
    ]


def test_what_is_to_be_exported_is_written_for_a_shell_to_read(tmp_path: Path) -> None:
    file = tmp_path / "sim's.env"
    with started("--env-file", str(file)) as (process, ready):
        process.send_signal(signal.SIGTERM)
        _rest, messages = process.communicate(timeout=10)
    assert f"  . {shlex.quote(str(file))}" in messages.splitlines()
    assert file.stat().st_mode & 0o777 == 0o600
    read = subprocess.run(
        ["sh", "-c", f". {shlex.quote(str(file))}; env"], capture_output=True, text=True, check=True, env={}
    )
    assert f"BATCHRESET_PARTNER_CENTER__BASE_URL={ready['base_url']}" in read.stdout.splitlines()
    assert "BATCHRESET_AUTH__REFRESH_TOKEN=simulated-refresh-token" in read.stdout.splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("fault", [("--hang-share", "1"), ("--latency-seconds", "3600")], ids=["hanging", "waiting"])
def test_a_signal_ends_it_cleanly_and_silently_with_requests_in_flight(
    number: signal.Signals, fault: tuple[str, str]
) -> None:
    with started(*fault) as (process, ready):
        trusting = ssl.create_default_context(cafile=ready["ca_file"])
        with httpx.Client(base_url=ready["base_url"], verify=trusting, timeout=0.2) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.patch(f"/v1/customers/{CUSTOMER}/users/{USER}", headers=headers(), content=body())
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
        assert reader(process.stderr).read().count("\n") == 11
    assert not Path(ready["ca_file"]).exists()


def test_it_ends_with_its_standard_input_if_asked_to() -> None:
    with started("--until-stdin-closes") as (process, _):
        assert process.poll() is None
        process.communicate(timeout=10)
        assert process.returncode == 0


def test_it_ends_by_itself_and_says_why_when_a_log_can_no_longer_be_written() -> None:
    with started("--applied-log", "/dev/full", command=WHOLE) as (process, ready):
        trusting = ssl.create_default_context(cafile=ready["ca_file"])
        with httpx.Client(base_url=ready["base_url"], verify=trusting) as client, contextlib.suppress(httpx.HTTPError):
            client.patch(f"/v1/customers/{CUSTOMER}/users/{USER}", headers=headers(), content=body())
        _, messages = process.communicate(timeout=10)
    assert process.returncode == 1
    assert messages.splitlines()[-2].startswith("error: the applied log /dev/full can no longer be written: No space")
    assert messages.splitlines()[-1].startswith("what to do: make room there")
    assert len(messages.splitlines()) == 13


def test_it_outlives_its_standard_input_otherwise() -> None:
    with started() as (process, ready):
        reader(process.stdin).close()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        assert report(ready)["requests"] == 0


@pytest.mark.parametrize("flag", ["--token", "--client-secret", "--refresh-token"])
def test_a_given_secret_is_not_repeated(flag: str) -> None:
    with started(flag, "perhaps-a-real-one") as (process, _):
        process.send_signal(signal.SIGTERM)
        rest, messages = process.communicate(timeout=10)
    assert f"'the one given as {flag}'" in messages
    assert "perhaps-a-real-one" not in rest + messages


def invoked(*arguments: str) -> BaseException | None:
    return CliRunner().invoke(simulate, arguments).exception


def test_a_port_in_use_is_refused() -> None:
    with running(SimulatorOptions()) as simulator:
        error = invoked("--port", simulator.base_url.rpartition(":")[2])
    assert isinstance(error, RefusedError)
    assert (error.exit_code, "Address already in use" in error.what) == (2, True)


def test_every_field_has_its_option_with_the_same_default() -> None:
    options = {parameter.name: parameter for parameter in simulate.params}
    fields = {field.name for field in dataclasses.fields(SimulatorOptions)}
    assert options.keys() == fields | {"scenario", "list_scenarios", "until_stdin_closes", "env_file"}
    with simulate.make_context("simulate", []) as context:
        values = {name: value for name, value in context.params.items() if name in fields}
    assert SimulatorOptions(**values) == SimulatorOptions()
    assert all(getattr(option, "help", None) for option in options.values())


def parsed(*arguments: str) -> SimulatorOptions:
    with simulate.make_context("simulate", list(arguments)) as context:
        values = dict(context.params)
        del values["until_stdin_closes"], values["env_file"]
        return chosen_options(context, values.pop("scenario"), values)


def test_options_are_read(tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_bytes(f"\ufeff{USER}\r\n{CUSTOMER}\r\n".encode())
    options = parsed(
        *("--known-users", str(known), "--missing-user", USER, "--missing-user", CUSTOMER, "--mfa", "header-off"),
        *("--retry-after", "date", "--forbidden-code", "20002", "--lost-share", "0.25", "--partner-limit", "600"),
        *("--partner-limit-kind", "clock", "--partner-penalty-seconds", "0.5", "--partner-limit-least", "300"),
        *("--customer-limit", "60", "--customer-limit-kind", "bucket"),
        *("--faults-on-reads", "--ca-file", str(tmp_path / "ca.pem"), "--rotation", "once", "--refresh-error", "50173"),
        *("--device-answer", "decline", "--claims-challenge", "--sign-in-log", str(tmp_path / "sign-in.ndjson")),
        *("--error-status", "502", "--error-status", "408", "--error-body", "html", "--huge-bytes", "9"),
        *("--outage", "503 after 1 requests for 2 seconds", "--outage", "hang after 0 seconds for 1 request"),
        *("--missing-share", "0.5", "--request-log", str(tmp_path / "requests.ndjson")),
    )
    assert options == SimulatorOptions(
        known_users=frozenset({USER, CUSTOMER}),
        missing_users=frozenset({USER, CUSTOMER}),
        mfa=options.mfa.HEADER_OFF,
        retry_after=options.retry_after.DATE,
        forbidden_code=options.forbidden_code.NO_RELATIONSHIP,
        lost_share=0.25,
        partner_limit=600,
        partner_limit_kind=options.partner_limit_kind.CLOCK,
        partner_penalty_seconds=0.5,
        partner_limit_least=300,
        customer_limit=60,
        customer_limit_kind=options.customer_limit_kind.BUCKET,
        faults_on_reads=True,
        ca_file=tmp_path / "ca.pem",
        rotation=options.rotation.ONCE,
        refresh_error=50173,
        device_answer=options.device_answer.DECLINE,
        claims_challenge=True,
        sign_in_log=tmp_path / "sign-in.ndjson",
        error_statuses=frozenset({408, 502}),
        error_bodies=frozenset({ErrorBody.HTML}),
        huge_bytes=9,
        outages=("503 after 1 requests for 2 seconds", "hang after 0 seconds for 1 request"),
        missing_share=0.5,
        request_log=tmp_path / "requests.ndjson",
    )


def test_a_file_of_known_users_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "known.xlsx"
    path.write_bytes(b"PK\xff\xfe")
    error = invoked("--known-users", str(path))
    assert isinstance(error, SettingsError)
    assert str(path) in error.what


def test_an_impossible_option_is_refused() -> None:
    assert isinstance(invoked("--error-share", "2"), SettingsError)


def test_the_help_has_every_flag_under_a_heading() -> None:
    text = CliRunner().invoke(simulate, ["--help"]).stdout
    headings = [line for line in text.splitlines() if re.fullmatch(r"[A-Z].*:", line)]
    concerns = ["Serving:", "Faults:", "Limits:", "Audit records:", "Customers and users:", "Tokens and sign-in:"]
    assert headings == ["Options:", *concerns]
    shown = set(re.findall(r"^  (--[a-z0-9-]+)", text.partition("Options:")[2], flags=re.MULTILINE))
    assert shown - {"--help"} == {parameter.opts[0] for parameter in simulate.params}


def test_help_does_not_wait_for_the_servers_libraries() -> None:
    slow = {"uvicorn", "starlette", "trustme", "asyncio"}
    check = f"import sys, batchreset.cli.simulate; print({slow} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@contextmanager
def standard_input_at_its_end() -> Iterator[None]:
    own = os.dup(0)
    reading, writing = os.pipe()
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)
    try:
        yield
    finally:
        os.dup2(own, 0)
        os.close(own)


def test_standard_output_has_one_line_and_the_rest_is_on_standard_error() -> None:
    with standard_input_at_its_end():
        result = CliRunner().invoke(simulate, ["--until-stdin-closes"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["pid"] == os.getpid()
    assert result.stderr.startswith("Partner Center is simulated on https://127.0.0.1:")


def test_the_ca_file_is_told_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with standard_input_at_its_end():
        result = CliRunner().invoke(simulate, ["--until-stdin-closes", "--ca-file", "ca.pem"])
    assert json.loads(result.stdout)["ca_file"] == str(tmp_path / "ca.pem")
    assert f"CA_FILE={tmp_path / 'ca.pem'}\n" in result.stderr


def test_it_names_no_way_that_would_not_work() -> None:
    flags = ["--only-issued-tokens", "--client-secret=", "--refresh-token="]
    with standard_input_at_its_end():
        messages = CliRunner().invoke(simulate, ["--until-stdin-closes", *flags]).stderr
    assert "BATCHRESET_AUTH__CLIENT_ID" in messages
    assert not [name for name in ("ACCESS_TOKEN", "CLIENT_SECRET", "REFRESH_TOKEN=") if name in messages]


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    text = 'imitates = "a bad day"\nlost_share = 0.5\nbom_share = 1\nclaims_challenge = true\nretry_after = "date"\n'
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_flags_beside_a_scenario_are_stronger_even_with_their_defaults(scenario: str) -> None:
    assert parsed("--scenario", scenario, "--bom-share", "0.2", "--no-claims-challenge", "--seed", "7") == (
        SimulatorOptions(lost_share=0.5, bom_share=0.2, retry_after=RetryAfterStyle.DATE, seed=7)
    )


def test_what_a_scenario_and_flags_cannot_be_together_is_refused(scenario: str) -> None:
    error = invoked("--scenario", scenario, "--hang-share", "0.6")
    assert isinstance(error, SettingsError)
    assert error.details == ("lost_share, hang_share together are 1.1; at most 1 is possible",)


def test_at_its_start_a_scenario_says_what_it_imitates(scenario: str) -> None:
    with standard_input_at_its_end():
        result = CliRunner().invoke(simulate, ["--until-stdin-closes", "--scenario", scenario])
    assert result.exit_code == 0
    assert result.stderr.splitlines()[0] == "Scenario mine: a bad day."
    assert len(result.stdout.splitlines()) == 1


def test_the_shipped_scenarios_can_be_listed() -> None:
    result = CliRunner().invoke(simulate, ["--list-scenarios"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert {"everything", "ten-minutes-down"} <= set(names)
    assert all(parsed("--scenario", name) for name in names)
