"""An application that signs in at the simulator as documented, and can be told to do one thing wrong."""

import contextlib
import datetime as dt
import re
import uuid
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import hashes
from key_pairs import KeyPair
from simulator_client import Caller, trusting

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import running
from batchreset.simulator.sign_in.forms import FORM, Incoming
from batchreset.simulator.sign_in.service import SignIn
from batchreset.simulator.state import ServiceState

DEFAULTS = SimulatorOptions()
RESOURCE = "https://api.partnercenter.microsoft.com"
SCOPE = f"{RESOURCE}/user_impersonation offline_access openid profile"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VERIFIER = "v" * 43
AT = dt.datetime(2026, 11, 21, 8, 40, 0, tzinfo=dt.UTC)
Changes = Mapping[str, str | None]


def changed(form: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """A change to None leaves that parameter out."""
    return {name: value for name, value in {**form, **changes}.items() if value is not None}


def refresh_form(changes: Changes | None = None) -> dict[str, str]:
    form = {
        "client_id": DEFAULTS.client_id,
        "client_secret": DEFAULTS.client_secret,
        "grant_type": "refresh_token",
        "refresh_token": DEFAULTS.refresh_token,
        "scope": SCOPE,
        "client_info": "1",
    }
    return changed(form, changes or {})


class Application:
    """A client over real TLS."""

    def __init__(self, caller: Caller, client: httpx.Client) -> None:
        self.caller = caller
        self.state = caller.simulator.state
        self.authority = f"{caller.simulator.base_url}/{DEFAULTS.tenant_id}"
        self.client = client

    @property
    def errors(self) -> list[str]:
        return self.state.protocol_errors

    @property
    def ends(self) -> list[str]:
        return [request.ended for request in self.state.sign_in.token_requests]

    def token(self, form: Mapping[str, str], **more: Any) -> httpx.Response:
        return self.client.post(f"{self.authority}/oauth2/v2.0/token", data=dict(form), **more)

    def refresh(self, changes: Changes | None = None, **more: Any) -> httpx.Response:
        return self.token(refresh_form(changes), **more)

    def bearer(self, changes: Changes | None = None) -> dict[str, str | None]:
        """The header with a new access token, as a change for `Caller`."""
        return {"Authorization": f"Bearer {self.refresh(changes).raise_for_status().json()['access_token']}"}

    def device_code(self) -> dict[str, Any]:
        form = {"client_id": DEFAULTS.client_id, "scope": SCOPE}
        answer = self.client.post(f"{self.authority}/oauth2/v2.0/devicecode", data=form)
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    def poll(self, device_code: str) -> httpx.Response:
        return self.token(refresh_form({"grant_type": DEVICE_CODE, "refresh_token": None, "device_code": device_code}))


@contextlib.contextmanager
def signing_in(options: SimulatorOptions = DEFAULTS) -> Iterator[Application]:
    """An application of a simulator of its own."""
    with (
        running(options) as simulator,
        httpx.Client(base_url=simulator.base_url, verify=trusting(simulator), timeout=10) as client,
    ):
        yield Application(Caller(simulator, client), client)


def assertion(
    pair: KeyPair,
    audience: str,
    at: dt.datetime,
    *,
    claims: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    algorithm: str = "PS256",
) -> str:
    """A right one, but for what `claims` and `header` change; a change to None leaves that out."""
    right = {
        "aud": audience,
        "iss": DEFAULTS.client_id,
        "sub": DEFAULTS.client_id,
        "jti": str(uuid.uuid4()),
        "nbf": int(at.timestamp()),
        "exp": int(at.timestamp()) + 300,
    }
    thumbprint = jwt.utils.base64url_encode(pair.certificate.fingerprint(hashes.SHA256())).decode()
    return jwt.encode(
        {name: value for name, value in {**right, **(claims or {})}.items() if value is not None},
        pair.key if algorithm != "HS256" else "x" * 32,
        algorithm=algorithm,
        headers={
            name: value for name, value in {"x5t#S256": thumbprint, **(header or {})}.items() if value is not None
        },
    )


def pure(options: SimulatorOptions = DEFAULTS, **more: Any) -> tuple[SignIn, ServiceState]:
    """The service without a server."""
    state = ServiceState()
    return SignIn(options, state, base_url="https://simulator", **more), state


def incoming(form: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None) -> Incoming:
    return Incoming(
        tenant=DEFAULTS.tenant_id,
        headers={"content-type": FORM},
        query=str(httpx.QueryParams(dict(query or {}))),
        body=str(httpx.QueryParams(dict(form or {}))).encode(),
    )


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.action = named.get("action", "")
        elif tag == "input" and "name" in named:
            self.fields[named["name"]] = named.get("value", "")


def form_of(html: str) -> tuple[str, dict[str, str]]:
    """Where a page's form goes, and with what: a browser's view of it."""
    parser = _Form()
    parser.feed(html)
    return parser.action, parser.fields


def has_entras_shape(document: Mapping[str, Any], code: int) -> bool:
    """Whether it is Entra's error document for this code."""
    ids = r"Trace ID: [0-9a-f-]{36}\s+Correlation ID: [0-9a-f-]{36}\s+Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"
    return (
        re.fullmatch(rf"AADSTS{code}: .*\s+{ids}", document["error_description"], re.DOTALL) is not None
        and document["error_codes"] == [code]
        and document["error_uri"].endswith(f"/error?code={code}")
        and document["trace_id"] in document["error_description"]
        and document["correlation_id"] in document["error_description"]
        and document["timestamp"] in document["error_description"]
    )
