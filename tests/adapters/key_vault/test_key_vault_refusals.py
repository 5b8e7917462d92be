"""Every failure of Microsoft's libraries ends in a `SignInError` that says what to do and holds no secret."""

import base64
import inspect
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.core.exceptions
import pytest
import requests
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.identity import CredentialUnavailableError
from key_vault_server import (
    AZURE_TOKEN,
    TOKEN,
    Answer,
    Opened,
    ProxyServer,
    StandInCredential,
    forget_environment,
    opened,
    refusal,
    serving,
)

from batchreset.adapters.key_vault import KeyVaultSecret, refusals
from batchreset.adapters.key_vault.address import SecretAddress
from batchreset.core.secret import MASK, Secret
from batchreset.errors import ExitCode, SignInError

EVERY_KIND: dict[str, Callable[..., Exception]] = {
    name: kind
    for name, kind in inspect.getmembers(azure.core.exceptions, inspect.isclass)
    if issubclass(kind, Exception) and kind.__module__ == "azure.core.exceptions"
}
WITH_RESPONSE = {
    name
    for name, kind in inspect.getmembers(azure.core.exceptions, inspect.isclass)
    if issubclass(kind, HttpResponseError)
}
ODD: dict[str, Callable[[Any], Exception]] = {
    "ODataV4Error": EVERY_KIND["ODataV4Error"],
    "ResponseNotReadError": EVERY_KIND["ResponseNotReadError"],
    "StreamClosedError": EVERY_KIND["StreamClosedError"],
    "StreamConsumedError": EVERY_KIND["StreamConsumedError"],
    "TooManyRedirectsError": lambda response: EVERY_KIND["TooManyRedirectsError"]([], response=response),
}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opened]:
    forget_environment(monkeypatch, tmp_path)
    with opened(tmp_path) as vault:
        yield vault


def failing(vault: Opened, error: Exception) -> Opened:
    return Opened(vault.server, StandInCredential(error), vault.ca_file)


def told(error: SignInError) -> str:
    """All that may ever be printed of it: text, causes, contexts, and the local values of every frame."""
    assert error.__traceback__
    inside = error.with_traceback(error.__traceback__.tb_next)  # without the test itself, which knows the token
    printed = traceback.TracebackException.from_exception(inside, capture_locals=True).format()
    return "\n".join([*error.lines(), repr(error), str(vars(error)), *printed])


def test_the_kinds_that_are_told_apart_are_all_there() -> None:
    """A newer azure-core that adds one is noticed: it has to be thought about."""
    assert sorted(EVERY_KIND) == [
        "AzureError",
        "ClientAuthenticationError",
        "DecodeError",
        "DeserializationError",
        "HttpResponseError",
        "IncompleteReadError",
        "ODataV4Error",
        "ResourceExistsError",
        "ResourceModifiedError",
        "ResourceNotFoundError",
        "ResourceNotModifiedError",
        "ResponseNotReadError",
        "SerializationError",
        "ServiceRequestError",
        "ServiceRequestTimeoutError",
        "ServiceResponseError",
        "ServiceResponseTimeoutError",
        "StreamClosedError",
        "StreamConsumedError",
        "TooManyRedirectsError",
    ]


def made(name: str, status: int | None) -> Exception:
    """An error of that kind whose every part repeats the token."""
    body = f'{{"error": {{"message": "{TOKEN}"}}}}'
    response = SimpleNamespace(status_code=status, reason=TOKEN, headers={}, text=lambda: body, request=TOKEN)
    if name in ODD:
        return ODD[name](response)
    if status is None or name not in WITH_RESPONSE:
        return EVERY_KIND[name](TOKEN)
    return EVERY_KIND[name](TOKEN, response=response)


@pytest.mark.parametrize("name", sorted(EVERY_KIND))
def test_every_kind_is_translated_on_its_way_out(vault: Opened, name: str) -> None:
    with failing(vault, made(name, 400)).secret() as secret, pytest.raises(SignInError) as refused:
        secret.write(Secret(TOKEN))

    assert refused.value.__cause__ is refused.value.__context__ is None
    assert "canary" not in told(refused.value)


@pytest.mark.parametrize("status", [None, 200, 304, 400, 401, 403, 404, 409, 412, 500])
@pytest.mark.parametrize("name", sorted(EVERY_KIND))
def test_every_kind_says_what_to_do_and_does_not_repeat_the_token(name: str, status: int | None) -> None:
    address = SecretAddress.parse("https://name.vault.azure.net/secrets/token")

    refusal = refusals.refused(made(name, status), address, doing="written to", secrets=(Secret(TOKEN),))

    assert refusal.exit_code is ExitCode.SIGN_IN
    assert refusal.next_step
    assert "could not be written to the secret token of name.vault.azure.net: " in refusal.what
    assert "canary" not in str([*refusal.lines(), vars(refusal)])


def test_a_vault_that_cannot_be_reached_is_tried_twice(vault: Opened) -> None:
    unreachable = failing(vault, ServiceRequestTimeoutError("no"))

    with unreachable.secret() as secret, pytest.raises(SignInError):
        secret.read()

    assert len(unreachable.credential.scopes) == 2
    assert unreachable.waits == []


@pytest.mark.parametrize(
    "error", [KeyError(TOKEN), OSError(TOKEN), RuntimeError(TOKEN), requests.RequestException(TOKEN)], ids=repr
)
def test_what_is_no_error_of_azure_is_translated_too(vault: Opened, error: Exception) -> None:
    with failing(vault, error).secret() as secret, pytest.raises(SignInError) as refused:
        secret.read()

    assert type(error).__name__ in refused.value.what
    assert "canary" not in told(refused.value)


@pytest.mark.parametrize(
    ("error", "what", "next_step"),
    [
        (CredentialUnavailableError("no"), "no Azure identity could sign in", "az login"),
        (ClientAuthenticationError("no"), "no Azure identity could sign in", "az login"),
        (ServiceRequestTimeoutError("no"), "no connection in time", "network"),
        (ServiceResponseTimeoutError("no"), "no answer in time", "try again"),
        (ServiceRequestError("no"), "no connection could be made", "the vault's name (localhost)"),
        (ServiceResponseError("no"), "connection was lost", "network"),
        (ServiceRequestError("no", error=requests.exceptions.ProxyError()), "the proxy", "proxy variables"),
        (ServiceResponseError("no", error=requests.exceptions.InvalidProxyURL()), "the proxy", "proxy variables"),
        (AzureError("no"), "could not be understood (AzureError)", "address"),
    ],
    ids=repr,
)
def test_a_call_that_no_answer_came_to(vault: Opened, error: Exception, what: str, next_step: str) -> None:
    with failing(vault, error).secret() as secret, pytest.raises(SignInError) as refused:
        secret.read()

    assert what in refused.value.what
    assert next_step in refused.value.next_step


@pytest.mark.parametrize(
    ("answer", "what", "next_step"),
    [
        (refusal(401, "Unauthorized"), "was not accepted (401)", "az account show"),
        (refusal(403, "Forbidden", inner="ForbiddenByRbac"), "no right to it (403)", "Key Vault Secrets User"),
        (refusal(403, "Forbidden", inner="AccessDenied"), "no right to it (403)", "Key Vault Secrets Officer"),
        (refusal(403, "Forbidden", inner="ForbiddenByFirewall"), "firewall", "Networking"),
        (
            refusal(403, "Forbidden", inner="SecretDisabled"),
            "the secret is disabled",
            "--vault-name localhost --name token",
        ),
        (refusal(404, "VaultNotFound"), "there is no Key Vault at that address", "address"),
        (Answer(404, b"<html>"), "there is no Key Vault at that address", "address"),
        (
            refusal(409, "Conflict", inner="ObjectIsDeletedButRecoverable"),
            "a deleted secret",
            "az keyvault secret recover",
        ),
        (refusal(409, "Conflict", inner="ObjectIsBeingRecovered"), "deleted or recovered", "a few minutes"),
        (refusal(429, "Throttled"), "asked too often", "a few minutes"),
        (refusal(503, "Unavailable"), "trouble of its own (503)", "a few minutes"),
        (refusal(400, "BadParameter"), "the vault refused (400)", "address"),
        (
            Answer(400, b'{"error": {"code": "x", "message": null, "innererror": "x"}}'),
            "the vault refused (400)",
            "address",
        ),
        (Answer(204), "could not be understood", "address"),
        (Answer(200, b"[]"), "could not be understood", "address"),
        (Answer(200, b"canary"), "could not be understood", "address"),
        (Answer(200, b'{"value": "canary', cut=True), "could not be understood", "address"),
    ],
    ids=lambda value: f"{value.status} {value.body[:80]!r}" if isinstance(value, Answer) else "",
)
def test_an_answer_that_is_a_refusal(vault: Opened, answer: Answer, what: str, next_step: str) -> None:
    vault.server.instead = [answer] * 3

    with vault.secret() as secret, pytest.raises(SignInError) as refused:
        secret.read()

    assert what in refused.value.what
    assert next_step in refused.value.next_step
    assert ("the service's own words" in refused.value.details) is (b"own words" in answer.body)
    assert "canary" not in told(refused.value)


def test_the_services_words_are_shown_without_the_token_that_they_repeat(vault: Opened) -> None:
    vault.server.instead = [refusal(400, "BadParameter", message=f"value {TOKEN} is bad")]

    with vault.secret() as secret, pytest.raises(SignInError) as refused:
        secret.write(Secret(TOKEN))

    assert refused.value.details == (f"value {MASK} is bad",)
    assert "canary" not in told(refused.value)


ECHOES: dict[str, Callable[[str], str]] = {
    "in clear": lambda token: f"Bearer {token} is not good",
    "in pieces": lambda token: f"Bearer {token[:-4]}",
    "in base64": lambda token: base64.b64encode(f"Bearer {token}".encode()).decode(),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("writes", [True, False], ids=["writing", "reading"])
def test_the_token_that_opens_the_vault_is_not_repeated_either(vault: Opened, echo: str, *, writes: bool) -> None:
    said = ECHOES[echo](AZURE_TOKEN)
    vault.server.instead = [refusal(400, "BadParameter", message=said)]

    with vault.secret() as secret, pytest.raises(SignInError) as refused:
        secret.write(Secret(TOKEN)) if writes else secret.read()

    (shown,) = refused.value.details
    assert MASK in shown
    assert AZURE_TOKEN[:12] not in told(refused.value)
    assert said not in told(refused.value)


@pytest.mark.parametrize("name", ["AZURE_CLIENT_SECRET", "IDENTITY_HEADER"])
def test_what_the_azure_identity_proves_itself_with_is_not_repeated(
    vault: Opened, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "canary-Azure~secret.9fQ2")
    error = ClientAuthenticationError("EnvironmentCredential: the secret canary-Azure~secret.9fQ2 is wrong")

    with failing(vault, error).secret() as secret, pytest.raises(SignInError) as refused:
        secret.read()

    assert refused.value.details == (f"EnvironmentCredential: the secret {MASK} is wrong",)
    assert "canary" not in told(refused.value)


def test_a_port_that_nobody_listens_on(vault: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with (
        vault.secret(f"https://localhost:{port}/secrets/token") as secret,
        pytest.raises(SignInError, match="the connection was refused"),
    ):
        secret.read()


def test_a_vaults_name_that_is_not_there(vault: Opened) -> None:
    with (
        vault.secret("https://no-such-name.invalid/secrets/token") as secret,
        pytest.raises(SignInError, match="could not be resolved") as refused,
    ):
        secret.read()

    assert "no-such-name.invalid" in refused.value.next_step


def test_a_proxy_that_leads_nowhere(vault: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ProxyServer(None)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with vault.secret() as secret, pytest.raises(SignInError, match="the proxy could not be used"):
            secret.read()


def test_a_closed_one_opens_itself_again(vault: Opened) -> None:
    secret = KeyVaultSecret(vault.server.address, ca_file=vault.ca_file, credential=vault.credential)
    secret.close()

    assert secret.read() is None
