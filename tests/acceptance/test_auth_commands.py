"""`auth login`, `status` and `logout`, at the simulated Entra and at somebody else's OpenID provider."""

import contextlib
import re
import shlex
import ssl
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from acceptance_world import World, accounts, outcomes

from batchreset.simulator.options import DeviceAnswer, Mfa

MakeWorld = Callable[..., World]
HERE = Path(__file__).parent
CLIENT = "batchreset"


def browser(made: World, ca_file: Path) -> str:
    """A program that BROWSER can name."""
    script = made.folder / "browser.sh"
    command = shlex.join([sys.executable, str(HERE / "browser.py")])
    script.write_text(
        f"#!/bin/sh\nenv > {shlex.quote(str(made.folder / 'inherited.txt'))}\n"
        f'exec {command} "$1" {shlex.quote(str(ca_file))} op@partner.example\n',
        encoding="utf-8",
    )
    script.chmod(0o700)
    return str(script)


def test_a_person_signs_in_with_a_code_and_later_runs_need_nobody(make_world: MakeWorld) -> None:
    made = make_world(device_polls=1, only_issued_tokens=True)
    environ = made.signing_in(KIND="device_code", REFRESH_TOKEN=None)
    signed_in = made.batchreset("auth", "login", environ=environ)
    assert signed_in.code == 0, signed_in.stderr
    assert f"{made.simulator.base_url}/" in signed_in.stderr
    assert re.search(r"enter the code +[A-Z0-9-]{8,}", signed_in.stderr)
    assert "No client secret" not in signed_in.stderr
    assert "Signed in as operator@partner.example" in signed_in.stderr
    assert signed_in.stdout == ""
    ended = made.batchreset("run", made.input(accounts(3)), "--run-id", "r", "--yes", environ=environ)
    assert ended.code == 0, ended.stderr
    assert outcomes(made.results()) == {"succeeded": 3}
    assert made.simulator.state.protocol_errors == []


def test_a_public_client_signs_in_with_a_code_too(make_world: MakeWorld) -> None:
    made = make_world(client_secret="", device_polls=0)
    environ = made.signing_in(KIND="device_code", REFRESH_TOKEN=None, CLIENT_SECRET=None)
    signed_in = made.batchreset("auth", "login", environ=environ)
    assert signed_in.code == 0
    assert "No client secret or certificate is set" in signed_in.stderr
    assert made.batchreset("auth", "status", environ=environ).code == 0


@pytest.mark.parametrize(
    ("answer", "said"), [(DeviceAnswer.DECLINE, "declined"), (DeviceAnswer.EXPIRE, "expired")], ids=str
)
def test_a_code_that_leads_nowhere_ends_the_sign_in_with_advice(
    make_world: MakeWorld, answer: DeviceAnswer, said: str
) -> None:
    made = make_world(device_polls=0, device_answer=answer)
    ended = made.batchreset("auth", "login", environ=made.signing_in())
    assert ended.code == 5, ended.stderr
    assert "AADSTS700" in ended.stderr
    assert said in ended.stderr.partition("what to do: ")[2]
    assert made.kept_sign_ins == []


def test_a_person_signs_in_with_the_browser_of_this_machine(make_world: MakeWorld) -> None:
    made = make_world(only_issued_tokens=True)
    environ = {**made.signing_in(REFRESH_TOKEN=None), "BROWSER": browser(made, made.simulator.ca_file)}
    ended = made.batchreset("auth", "login", "--browser", environ=environ, apart=True)
    assert ended.code == 0, ended.stderr
    assert "Signed in as operator@partner.example" in ended.stderr
    inherited = (made.folder / "inherited.txt").read_text(encoding="utf-8")
    assert "BATCHRESET_AUTH__CLIENT_ID" in inherited
    assert made.options.client_secret not in inherited
    assert made.batchreset("auth", "status", environ=environ).code == 0
    assert made.simulator.state.protocol_errors == []


def test_status_tells_who_where_until_when_and_whether_mfa_holds(make_world: MakeWorld) -> None:
    made = make_world(only_issued_tokens=True)
    environ = made.signing_in()
    ended = made.batchreset("auth", "status", environ=environ)
    assert ended.code == 0, ended.stderr
    assert ended.stdout.splitlines()[0] == "Signed in: operator@partner.example"
    for fact in (made.options.tenant_id, made.options.client_id, "mode 0600, not encrypted", "in 60 min", "satisfied"):
        assert fact in ended.stdout
    found = made.batchreset("auth", "status", "--json", environ=environ).json
    assert (found["signed_in"], found["mfa"], found["user"]) == (True, True, "operator@partner.example")
    assert found["token_tenant_id"] == made.options.tenant_id
    assert not any(secret in "".join(made.said) for secret in made.simulator.state.sign_in.handed_out)


@pytest.mark.parametrize("mfa", [Mfa.OFF, Mfa.HEADER_OFF], ids=str)
def test_status_without_mfa_is_not_good_enough(make_world: MakeWorld, mfa: Mfa) -> None:
    made = make_world(mfa=mfa)
    ended = made.batchreset("auth", "status", environ=made.signing_in())
    assert ended.code == 5
    assert re.search(r"MFA +NOT satisfied", ended.stdout)
    assert "multi-factor authentication" in ended.stderr
    assert "what to do: " in ended.stderr


def test_status_of_a_given_token_asks_the_service_too(make_world: MakeWorld) -> None:
    made = make_world(token="only-this-one")
    assert made.batchreset("auth", "status", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": "only-this-one"}).code == 0
    refused = made.batchreset("auth", "status", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": "another-one"})
    assert refused.code == 5
    assert refused.stdout.startswith("This sign-in cannot be used.")
    assert "Partner Center refuses the token" in refused.stderr


def test_status_can_look_at_one_customer(make_world: MakeWorld) -> None:
    made = make_world()
    customer = accounts(1)[0].customer
    assert made.batchreset("auth", "status", "--customer", customer, environ=made.signing_in()).code == 0
    assert made.simulator.state.exchanges[-1].customer == customer


def test_logout_removes_what_was_kept(make_world: MakeWorld) -> None:
    made = make_world()
    environ = made.signing_in()
    assert made.batchreset("auth", "status", environ=environ).code == 0
    token = made.simulator.state.sign_in.newest_refresh_token
    ended = made.batchreset("auth", "logout", environ=environ)
    assert (ended.code, ended.stderr.split(" ")[0]) == (0, "Removed")
    assert "BATCHRESET_AUTH__REFRESH_TOKEN is still set" in ended.stderr
    assert "No sign-in is kept" in made.batchreset("auth", "logout", environ=environ).stderr
    assert not any(
        str(token) in path.read_text("utf-8", "replace") for path in made.folder.rglob("*") if path.is_file()
    )
    alone = made.batchreset("auth", "status", environ=made.signing_in(REFRESH_TOKEN=None))
    assert alone.code == 5
    assert "nobody has signed in yet" in alone.stderr


@pytest.mark.parametrize("command", ["login", "status"])
def test_a_sign_in_without_an_application_is_refused(make_world: MakeWorld, command: str) -> None:
    made = make_world()
    ended = made.batchreset("auth", command, environ=made.signing_in(CLIENT_ID=None))
    assert ended.code == 2
    assert "client_id" in ended.stderr


@contextlib.contextmanager
def openid_provider(ca_file: Path) -> Iterator[str]:
    """Somebody else's, over TLS, while the block runs; its address."""
    command = [sys.executable, str(HERE / "openid_provider.py"), str(ca_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield f"https://localhost:{int(process.stdout.readline())}"
        finally:
            process.kill()


def trusting_both(made: World, provider_ca: Path) -> Path:
    both = made.folder / "both.pem"
    both.write_bytes(provider_ca.read_bytes() + made.simulator.ca_file.read_bytes())
    return both


def consented_elsewhere(provider: str, ca_file: Path) -> str:
    """A refresh token that a person has consented to in a browser."""
    query = {
        "client_id": CLIENT, "redirect_uri": "http://localhost:1/", "response_type": "code", "scope": "openid profile",
        "state": "s", "nonce": "n",
    }  # fmt: skip
    with httpx.Client(verify=ssl.create_default_context(cafile=str(ca_file)), trust_env=False) as client:
        address = f"{provider}/oauth2/authorize?{urllib.parse.urlencode(query)}"
        back = client.post(address, data={"sub": "op@partner.example"}).headers["location"]
        form = {
            "grant_type": "authorization_code",
            "code": urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0],
            "redirect_uri": query["redirect_uri"],
        }
        token: str = client.post(f"{provider}/oauth2/token", data=form, auth=(CLIENT, "secret")).json()["refresh_token"]
        return token


def test_another_openid_provider_serves_as_authority(make_world: MakeWorld) -> None:
    made = make_world()
    provider_ca = made.folder / "provider.pem"
    with openid_provider(provider_ca) as provider:
        both = trusting_both(made, provider_ca)
        environ = {
            **made.signing_in(
                AUTHORITY=provider,
                TENANT_ID=None,
                CLIENT_ID=CLIENT,
                REFRESH_TOKEN=consented_elsewhere(provider, provider_ca),
            ),
            "BATCHRESET_PARTNER_CENTER__CA_FILE": str(both),
        }
        ended = made.batchreset("run", made.input(accounts(4)), "--run-id", "r", "--yes", environ=environ)
        assert ended.code == 0, ended.stderr
        assert outcomes(made.results()) == {"succeeded": 4}
        assert made.batchreset("auth", "status", environ=environ).code == 0


def test_a_person_signs_in_at_another_openid_provider_with_the_browser(make_world: MakeWorld) -> None:
    made = make_world()
    provider_ca = made.folder / "provider.pem"
    with openid_provider(provider_ca) as provider:
        both = trusting_both(made, provider_ca)
        environ = {
            **made.signing_in(
                AUTHORITY=provider, TENANT_ID=None, CLIENT_ID=CLIENT, REFRESH_TOKEN=None, SCOPE="profile.read"
            ),
            "BATCHRESET_PARTNER_CENTER__CA_FILE": str(both),
            "BROWSER": browser(made, both),
        }
        ended = made.batchreset("auth", "login", "--browser", environ=environ, apart=True)
        assert ended.code == 0, ended.stderr
        later = made.batchreset("auth", "status", environ=environ)
        assert later.code == 0, later.stderr
