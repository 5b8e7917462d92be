"""From the exceptions of Microsoft's libraries to `SignInError`: what happened, what to do, and no secret in it.

Their texts are shown where they are an error's own words. That of an answer which could not be read holds its body.
"""

from typing import Final

import requests.exceptions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from batchreset.adapters.key_vault.address import SecretAddress
from batchreset.core.exchange import NotSentKind
from batchreset.core.scrubbing import scrubbed
from batchreset.core.secret import Secret
from batchreset.errors import SignInError
from batchreset.net import no_connection

NO_SUCH_SECRET: Final = "SecretNotFound"  # noqa: S105  a code of the service

_LEAST_REFUSAL: Final = 400
_LEAST_SERVER_ERROR: Final = 500
_MOST_LINES: Final = 12
_MOST_CHARACTERS: Final = 300
_CHECK_ADDRESS: Final = "check the address of the secret: its host has to be that of a Key Vault"
_CHECK_NETWORK: Final = "check the network and the proxy variables, then try again"
_OWN_AUTHORITY: Final = (
    "if a proxy or gateway has an authority of its own, put that one's certificate into [partner_center] ca_file"
)
_ROLES: Final = (
    'give it the role "Key Vault Secrets User" to read, "Key Vault Secrets Officer" to write; a new role takes some'
    " minutes to hold"
)
_IDENTITY: Final = (
    "sign in with `az login`, or run where a managed or workload identity is at hand, or set AZURE_TENANT_ID,"
    " AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
)


def refused(error: Exception, address: SecretAddress, *, doing: str, secrets: tuple[Secret, ...]) -> SignInError:
    """What to tell of an error.

    Args:
        error: whatever was raised while the vault was asked.
        address: of the secret.
        doing: "read from" or "written to".
        secrets: what its text may repeat.
    """
    if isinstance(error, SignInError):
        return error
    cause, next_step = _told(error, address)
    return SignInError(
        f"the refresh token could not be {doing} {address}: {cause}",
        next_step=next_step,
        details=_their_words(error, secrets),
    )


def reason(error: HttpResponseError) -> str:
    """The service's code: the inner one, which says more, or the outer one, or nothing."""
    if error.error is None:
        return ""
    inner = error.error.innererror
    code = inner.get("code") if isinstance(inner, dict) else None
    return str(code or error.error.code or "")


def _told(error: Exception, address: SecretAddress) -> tuple[str, str]:
    match error:
        case ClientAuthenticationError(status_code=401):
            return (
                "the Azure sign-in was not accepted (401)",
                "check with `az account show` that the identity belongs to the vault's tenant",
            )
        case ClientAuthenticationError():
            return "no Azure identity could sign in to open the vault", _IDENTITY
        case HttpResponseError(status_code=int(status)) if status >= _LEAST_REFUSAL:
            return _answered(error, status, address)
        case ServiceRequestTimeoutError():
            return "no connection in time", _CHECK_NETWORK
        case ServiceResponseTimeoutError():
            return "no answer in time", "try again in a few minutes"
        case ServiceRequestError() | ServiceResponseError():
            return _unreachable(error, address)
        case _:
            return f"the answer could not be understood ({type(error).__name__})", _CHECK_ADDRESS


def _answered(error: HttpResponseError, status: int, address: SecretAddress) -> tuple[str, str]:
    code = reason(error)
    named = f"--vault-name {address.host.partition('.')[0]} --name {address.name}"
    match status, code:
        case 403, "SecretDisabled":
            return (
                "the secret is disabled",
                f"enable it: `az keyvault secret set-attributes {named} --enabled true`",
            )
        case 403, "ForbiddenByFirewall" | "ForbiddenByConnection":
            return (
                "the vault's firewall does not let this machine in (403)",
                "let this machine's address or network in, in the vault's Networking settings",
            )
        case 403, _:
            return (
                "the Azure identity has no right to it (403)",
                _ROLES,
            )
        case 404, _:
            return "there is no Key Vault at that address (404)", _CHECK_ADDRESS
        case 409, "ObjectIsDeletedButRecoverable":
            return (
                "a deleted secret still holds that name (409)",
                f"recover it: `az keyvault secret recover {named}`; or purge it; or choose another name",
            )
        case 409, _:
            return (
                "the secret is just being deleted or recovered (409)",
                "try again in a few minutes",
            )
        case 429, _:
            return "the vault is asked too often (429)", "try again in a few minutes"
        case _ if status >= _LEAST_SERVER_ERROR:
            return f"the vault has trouble of its own ({status})", "try again in a few minutes"
        case _:
            return f"the vault refused ({status})", _CHECK_ADDRESS


def _unreachable(error: AzureError, address: SecretAddress) -> tuple[str, str]:
    inner = error.inner_exception
    if isinstance(inner, requests.exceptions.ProxyError | requests.exceptions.InvalidProxyURL):
        return "the proxy could not be used", "correct the proxy variables, or unset them"
    if isinstance(error, ServiceResponseError):
        return "the connection was lost before the answer came", _CHECK_NETWORK
    cause = no_connection(inner or error)
    if cause.kind is NotSentKind.TLS:
        return cause.detail, _OWN_AUTHORITY
    return cause.detail, f"check the vault's name ({address.host}), the network and the proxy variables"


def _their_words(error: Exception, secrets: tuple[Secret, ...]) -> tuple[str, ...]:
    match error:
        case HttpResponseError(status_code=int(status)) if status >= _LEAST_REFUSAL:
            text = str(error.error.message or "") if error.error else ""
        case ClientAuthenticationError(response=None):
            text = error.message  # of azure-identity: what was tried, and why each failed
        case _:
            return ()
    lines = (scrubbed(line, secrets, most_characters=_MOST_CHARACTERS, respelled=False) for line in text.splitlines())
    return tuple(line for line in lines if line)[:_MOST_LINES]
