"""The application at the sign-in service, by msal. Every call waits for its answer: call it in a thread."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msal

from batchreset.adapters.signin.cache import TokensSeen
from batchreset.adapters.signin.certificate import Certificate
from batchreset.adapters.signin.msal_http import MsalHttp
from batchreset.adapters.signin.provider import WELL_KNOWN, Provider, discover
from batchreset.adapters.signin.refusals import Refusal, Refused
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError

# msal logs answers that it cannot read, tokens and all; logging's last resort would show them on standard error.
logging.getLogger("msal").propagate = False
logging.getLogger("msal").addHandler(logging.NullHandler())

LIFETIME_UNSAID_SECONDS: Final = 600
"""Of a token that comes without `expires_in`; msal's own guess."""
_SHOWN_LATELY: Final = 16
"""One exchange shows four secrets at most."""
LIFETIME_MOST_SECONDS: Final = 7 * 86_400
"""A longer one is not believed; Microsoft's longest is about a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """The application, as it is registered.

    Attributes:
        authority: `https://…` without a slash at the end.
        tenant_id: empty for a provider that has no tenants.
        credential: a client secret, a certificate, or None for a public client.
        scope: what the token is for.
    """

    authority: str
    tenant_id: str
    client_id: str
    credential: Secret | Certificate | None
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A token.

    Attributes:
        access_token: for the API.
        lifetime_seconds: how long it lasts from now.
        refresh_token: the replacement; None when none came.
        user: who it is for, as far as the service says; empty when it does not.
    """

    access_token: Secret
    lifetime_seconds: float
    refresh_token: Secret | None
    user: str


class _Client(msal.ConfidentialClientApplication):  # type: ignore[misc]  # msal ships no types
    """msal has the device code for public clients only; an application of the Secure Application Model has a secret."""

    DEVICE_FLOW_CORRELATION_ID = msal.PublicClientApplication.DEVICE_FLOW_CORRELATION_ID
    initiate_device_flow = msal.PublicClientApplication.initiate_device_flow
    acquire_token_by_device_flow = msal.PublicClientApplication.acquire_token_by_device_flow


class Application:
    """One registered application.

    Args:
        http: open while this is used; its owner closes it.
    """

    def __init__(self, http: httpx.Client, settings: AppSettings) -> None:
        self._http = http
        self._settings = settings
        self._provider: Provider | None = None
        self._finding = threading.Lock()
        self._shown: deque[Secret] = deque(maxlen=_SHOWN_LATELY)

    def redeem(
        self, refresh_token: Secret, *, state: str, keep: Callable[[str], None], claims: str | None = None
    ) -> Granted:
        """Exchange a refresh token for an access token; `keep` gets the changed state before this returns.

        Args:
            refresh_token: the one to redeem.
            state: the sign-in's cache so far.
            keep: gets the cache with the replacement.
            claims: a challenge to satisfy, JSON text.

        Raises:
            Refused: with the service's own text.
            SignInError: there is no such service or tenant.
            SettingsError: the application cannot be put together like this.
            Unclear: no clear answer came.
        """
        client = self.client(state, keep)
        answer = client.acquire_token_by_refresh_token(
            refresh_token.open(), [self._settings.scope], data={"claims": claims} if claims else {}
        )
        return self.granted(answer)

    def client(self, state: str, keep: Callable[[str], None]) -> Any:
        """Msal's application, made anew for each exchange: it would answer a repeated request from its own memory.

        Raises as `redeem` does.
        """
        provider = self._found()
        settings = self._settings
        # msal wants a path in an authority; the document is handed to it, so that the address need not be real.
        oidc = f"{provider.authority}/oidc"
        known = f"{provider.authority}/v2.0{WELL_KNOWN}" if provider.entra else oidc + WELL_KNOWN
        document = {"authorization_endpoint": None, **provider.metadata}
        if not provider.entra:
            document["issuer"] = oidc
        secret = settings.credential if isinstance(settings.credential, Secret) else None
        http = MsalHttp(
            self._http,
            known={known: document},
            basic=None if secret is None or provider.takes_secret_in_body else (settings.client_id, secret.open()),
            omits_scope=not provider.entra,
            shown=self._shown.append,
        )
        try:
            return _Client(
                settings.client_id,
                client_credential=_for_msal(settings.credential, modern=provider.signs_modern),
                instance_discovery=False,
                azure_region=False,  # MSAL_FORCE_REGION would send the secret to another host
                http_client=http,
                token_cache=TokensSeen(state, keep),
                **({"authority": provider.authority} if provider.entra else {"oidc_authority": oidc}),
            )
        except ValueError:
            raise SettingsError(
                f"the sign-in cannot be set up for {provider.authority}: Microsoft's library refuses that address,"
                " tenant or application",
                next_step="check [auth] authority, tenant_id and client_id",
            ) from None

    def granted(self, answer: Mapping[str, Any]) -> Granted:
        """What msal's answer grants. Raises Refused, in which nothing stands that the service was shown."""
        refusal = Refusal.of(answer, secrets=set(self._shown))
        if refusal is not None:
            raise Refused(refusal)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
            raise Refused(Refusal(error="the answer holds no usable access token", description="", aadsts=None))
        renewed, who = answer.get("refresh_token"), answer.get("id_token_claims") or {}
        return Granted(
            access_token=Secret(token),
            lifetime_seconds=_lifetime_seconds(answer.get("expires_in")),
            refresh_token=Secret(renewed) if isinstance(renewed, str) and renewed else None,
            user=str(who.get("preferred_username") or who.get("upn") or ""),
        )

    @property
    def scopes(self) -> list[str]:
        """As msal takes them: openid, profile and offline_access are its own to add."""
        return [self._settings.scope]

    @property
    def is_public(self) -> bool:
        """Whether it proves itself by nothing."""
        return self._settings.credential is None

    @property
    def has_browser_sign_in(self) -> bool:
        """Whether the service offers one. Raises SignInError, SettingsError, Unclear."""
        return bool(self._found().metadata.get("authorization_endpoint"))

    @property
    def response_mode(self) -> str:
        """How the browser is to bring the code back: in a form where the service can, so that no address holds it."""
        modes = self._found().metadata.get("response_modes_supported") or ["query"]
        return "form_post" if "form_post" in modes else "query"

    def _found(self) -> Provider:
        with self._finding:
            if self._provider is None:
                self._provider = discover(
                    self._http, authority=self._settings.authority, tenant_id=self._settings.tenant_id
                )
            return self._provider


def _for_msal(credential: Secret | Certificate | None, *, modern: bool) -> object:
    match credential:
        case None:
            return None
        case Secret():
            return credential.open()
        case Certificate():
            key = {"private_key": credential.private_key.open(), "public_certificate": credential.public}
            # Told the SHA-1 thumbprint, msal signs as older services want it; left to itself, by PS256 and SHA-256.
            return key if modern else {**key, "thumbprint": credential.sha1_thumbprint}


def _lifetime_seconds(said: int | None) -> float:
    return float(min(said or LIFETIME_UNSAID_SECONDS, LIFETIME_MOST_SECONDS))
