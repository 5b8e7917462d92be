"""Microsoft's client for Key Vault as this program wants it: its trust, its time limits, few retries, no redirects."""

import contextlib
import logging
import os
import ssl
import urllib.parse
from collections.abc import Callable
from typing import Any, Final

import requests
import requests.adapters
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import AzureAuthorityHosts, DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

from batchreset.adapters.key_vault.address import CLOUDS, SecretAddress
from batchreset.adapters.key_vault.refusals import NO_SUCH_SECRET, reason
from batchreset.core.scrubbing import scrubbed
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError, SignInError
from batchreset.net import CONNECT_SECONDS

READ_TIMEOUT_SECONDS: Final = 30.0
RETRIES: Final = 2
CONNECT_RETRIES: Final = 1
RETRYING_SECONDS: Final = 15
"""After this no further attempt begins, and the last one's time to connect is cut to what is left of it."""
LONGEST_WAIT_SECONDS: Final = 5.0
"""azure-core waits as long as a Retry-After says, be it hours; twice this leaves time for the third attempt."""

# A program that has set up no logging must not have these loggers' warnings written to its standard error, which is
# what logging does as its last resort. Where logging is set up, they go where it says.
for _name in ("azure", "msal"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_SECRET_VARIABLES: Final = ("AZURE_CLIENT_SECRET", "AZURE_PASSWORD", "IDENTITY_HEADER", "MSI_SECRET")
"""What azure-identity takes from the environment to sign in with."""
_AUTHORITIES: Final = {
    ".vault.azure.cn": AzureAuthorityHosts.AZURE_CHINA,
    ".vault.usgovcloudapi.net": AzureAuthorityHosts.AZURE_GOVERNMENT,
}


class Vault:
    """One secret's vault, in Microsoft's terms. Lets through whatever their libraries raise.

    Raises:
        SettingsError: an AZURE_… variable cannot be used.
    """

    def __init__(
        self,
        address: SecretAddress,
        *,
        verify: ssl.SSLContext,
        credential: TokenCredential | None,
        sleep: Callable[[float], None],
    ) -> None:
        self._name = address.name
        self._to_close = contextlib.ExitStack()
        self._session = self._to_close.enter_context(_session(verify))
        transport = _Transport(self._session, sleep)
        if credential is None:
            credential = self._to_close.enter_context(_default_credential(address.cloud, transport))
        self._opens = _Opens(credential, gateway="" if address.cloud else address.host)
        self._secrets = SecretClient(
            address.vault,
            self._opens,
            transport=transport,
            # A real vault's challenge has to name the vault's own cloud, or a host that was slipped in could ask for a
            # token of any other service. A gateway's name is not of that cloud, and the client would refuse it.
            verify_challenge_resource=address.cloud is not None,
            permit_redirects=False,  # a vault does not redirect, and the token must not follow to another host
            retry_total=RETRIES,
            retry_connect=CONNECT_RETRIES,
            timeout=RETRYING_SECONDS,
        )

    def newest(self) -> str | None:
        """The newest version's text; None when there is no such secret."""
        try:
            return self._secrets.get_secret(self._name).value or ""
        except ResourceNotFoundError as error:
            if reason(error) == NO_SUCH_SECRET:
                return None
            raise

    def add(self, value: str, *, content_type: str) -> None:
        """Make a new version."""
        self._secrets.set_secret(self._name, value, content_type=content_type)

    @property
    def may_be_echoed(self) -> tuple[Secret, ...]:
        """What vault and Azure sign-in were shown, and may repeat in an error's text."""
        return *self._opens.shown, *(Secret(os.environ[name]) for name in _SECRET_VARIABLES if os.environ.get(name))

    def close(self) -> None:
        self._secrets.close()
        self._to_close.close()


def _default_credential(cloud: str | None, transport: RequestsTransport) -> DefaultAzureCredential:
    """Managed identity, workload identity, a service principal in the environment, Azure CLI: one setting for all.

    A browser that opens by itself is nothing for a cron job, and on a workstation `az login` has opened it already.
    """
    authority = _AUTHORITIES.get(cloud or "")
    try:
        return DefaultAzureCredential(
            exclude_interactive_browser_credential=True,
            transport=transport,
            retry_connect=CONNECT_RETRIES,
            **({"authority": authority} if authority else {}),
        )
    except ValueError as error:
        raise SettingsError(
            "the variables that say how to sign in to Azure cannot be used",
            next_step="correct or unset the AZURE_… variables",
            details=(scrubbed(str(error), (), most_characters=300),),
        ) from error


class _Opens:
    """The credential, of which it is known what it gave out.

    A gateway is given tokens for Key Vault, or for itself, and for nothing else, whatever its challenge asks for.

    Args:
        gateway: its host; empty: it is a vault's own address.
    """

    def __init__(self, credential: TokenCredential, *, gateway: str) -> None:
        self._credential = credential
        self._gateway = gateway
        self.shown: tuple[Secret, ...] = ()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        for scope in scopes if self._gateway else ():
            resource = urllib.parse.urlsplit(scope.lower()).netloc
            if f".{resource}" not in CLOUDS and not f".{self._gateway}".endswith(f".{resource}"):
                raise SignInError(
                    f"{self._gateway} asks for an Azure token of another service than Key Vault; it was given none",
                    next_step="check the address of the secret",
                )
        token = self._credential.get_token(*scopes, **options)
        self.shown = (Secret(token.token),)
        return token


class _Transport(RequestsTransport):  # type: ignore[misc]  # azure-core hands it out by an untyped __getattr__
    """The session is shared by the vault's client and the credential, and closed by who made it."""

    def __init__(self, session: requests.Session, sleep: Callable[[float], None]) -> None:
        super().__init__(
            session=session,
            session_owner=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
        )
        self._sleep = sleep

    def sleep(self, duration: float) -> None:
        self._sleep(min(duration, LONGEST_WAIT_SECONDS))


def _session(verify: ssl.SSLContext) -> requests.Session:
    session = requests.Session()  # proxies by the usual variables
    session.mount("https://", _Trusting(verify))
    # Without this a .netrc's entry for the host, or its default one, would take the place of the Azure token.
    session.auth = _as_it_is
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Trusting(requests.adapters.HTTPAdapter):
    """Trusts whom the context trusts: neither REQUESTS_CA_BUNDLE nor requests' own bundle adds to it or replaces it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        context = self._context
        return super().proxy_manager_for(*args, **options, ssl_context=context, proxy_ssl_context=context)

    def send(self, *args: Any, **options: Any) -> requests.Response:
        return super().send(*args, **options | {"verify": True})

    def cert_verify(self, *args: Any, **options: Any) -> None:
        """Nothing to add; the context verifies."""
