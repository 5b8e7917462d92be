"""A sign-in service in memory, behind a real httpx client and the real msal."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from batchreset.adapters.signin.application import Application, AppSettings
from batchreset.adapters.signin.certificate import Certificate
from batchreset.core.secret import Secret

AUTHORITY = "https://login.example"
TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
CLIENT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SCOPE = "https://api.partnercenter.microsoft.com/user_impersonation"
METADATA = {
    "issuer": f"{AUTHORITY}/{TENANT}/v2.0",
    "token_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/token",
    "authorization_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize",
    "device_authorization_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/devicecode",
    "response_modes_supported": ["query", "fragment", "form_post"],
}

Reply = httpx.Response | Exception


def part(document: object) -> str:
    """A part of a JWT, or client_info."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def grant(number: int, **changes: Any) -> dict[str, Any]:
    """What Entra answers to a redemption."""
    who = {"sub": "s", "oid": "o", "tid": TENANT, "preferred_username": "op@partner.example"}
    return {
        "token_type": "Bearer",
        "scope": SCOPE,
        "expires_in": 3600,
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "id_token": f"e30.{part(who)}.c2ln",
        "client_info": part({"uid": "o", "utid": TENANT}),
        **changes,
    }


def refusal(aadsts: int, error: str = "invalid_grant", text: str = "No.") -> httpx.Response:
    """How Entra refuses."""
    body = {"error": error, "error_description": f"AADSTS{aadsts}: {text}\r\nTrace ID: 1", "error_codes": [aadsts]}
    return httpx.Response(400, json=body)


class _Unread(httpx.SyncByteStream):
    """A body as a wire brings it: not yet read."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body


class _Wire(httpx.MockTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        made = super().handle_request(request)
        return httpx.Response(made.status_code, headers=made.headers, stream=_Unread(made.content))


@dataclass
class Service:
    """Discovery as told; the token endpoint answers one after the other, or by `answer`."""

    answers: list[Reply] = field(default_factory=list)
    answer: Callable[[Mapping[str, str]], Reply] | None = None
    documents: Mapping[str, Any] = field(
        default_factory=lambda: {f"/{TENANT}/v2.0/.well-known/openid-configuration": METADATA}
    )
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.method == "GET":
            document = self.documents.get(request.url.path)
            return httpx.Response(404) if document is None else _reply(document)
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        self.forms.append(form)
        self.headers.append(request.headers)
        reply = self.answer(form) if self.answer is not None else self.answers.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def redeemed(self) -> list[str]:
        """The refresh tokens that were presented."""
        return [form["refresh_token"] for form in self.forms]

    def http(self) -> httpx.Client:
        return httpx.Client(transport=_Wire(self))

    def application(
        self,
        credential: Secret | Certificate | None = None,
        *,
        authority: str = AUTHORITY,
        tenant_id: str = TENANT,
        client_id: str = CLIENT,
    ) -> Application:
        settings = AppSettings(
            authority=authority, tenant_id=tenant_id, client_id=client_id, credential=credential, scope=SCOPE
        )
        return Application(self.http(), settings)


def granting(*numbers: int) -> Service:
    """Answers with these grants, one after the other."""
    return Service([httpx.Response(200, json=grant(number)) for number in numbers])


def rotating() -> Service:
    """Refresh token n is exchanged for n + 1."""

    def answer(form: Mapping[str, str]) -> Reply:
        return httpx.Response(200, json=grant(int(form["refresh_token"].rpartition("-")[2]) + 1))

    return Service(answer=answer)


def _reply(document: object) -> httpx.Response:
    return document if isinstance(document, httpx.Response) else httpx.Response(200, json=document)
