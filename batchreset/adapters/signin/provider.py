"""Who signs people in: found by OpenID Connect's discovery, Microsoft's own way first.

Source: OpenID Connect Discovery 1.0, section 4; learn: v2-protocols-oidc ("Fetch the OpenID configuration document").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from batchreset.adapters.signin.exchange import ask, is_safe
from batchreset.adapters.signin.refusals import Refusal, refusal_error
from batchreset.errors import SettingsError, SignInError

WELL_KNOWN: Final = "/.well-known/openid-configuration"
_V2: Final = "/v2.0"
_MICROSOFT_HOSTS: Final = (
    ".microsoftonline.com",
    ".microsoftonline.us",
    ".microsoftonline.cn",
    ".chinacloudapi.cn",
    ".microsoft.com",
    ".windows.net",
)
_NEXT: Final = "check [auth] authority and tenant_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A sign-in service.

    Attributes:
        authority: what its discovery document was found below.
        metadata: that document.
        entra: whether it is laid out as Microsoft Entra is; others are plain OpenID Connect.
    """

    authority: str
    metadata: Mapping[str, Any]
    entra: bool

    @property
    def takes_secret_in_body(self) -> bool:
        """Whether a client secret may stand in the form. Plain providers take it by HTTP Basic unless they say so."""
        methods = self.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return self.entra or "client_secret_post" in methods

    @property
    def signs_modern(self) -> bool:
        """Whether an assertion may be signed by PS256 and name the certificate by SHA-256, as Microsoft advises."""
        algorithms = self.metadata.get("token_endpoint_auth_signing_alg_values_supported") or []
        return self.entra or "PS256" in algorithms


def discover(http: httpx.Client, *, authority: str, tenant_id: str) -> Provider:
    """Find the provider's discovery document.

    Args:
        http: for the requests.
        authority: `https://…` without a slash at the end, with the tenant in its path or without.
        tenant_id: empty for a provider that has no tenants.

    Raises:
        SettingsError: Microsoft's own service needs a tenant.
        SignInError: there is none, or no such tenant.
        Unclear: no clear answer came; it is worth another try.
    """
    if not tenant_id and _is_microsoft(authority) and not urlsplit(authority).path.strip("/"):
        raise SettingsError(
            "[auth] tenant_id is missing",
            next_step="give the partner's own tenant, its GUID or domain name (BATCHRESET_AUTH__TENANT_ID)",
        )
    answer = None
    for candidate in _candidates(authority, tenant_id):
        answer = ask(http, "GET", candidate + WELL_KNOWN)
        if answer.document is not None and _is_discovery(answer.document):
            _refuse_unsafe(answer.document, authority)
            return Provider(
                authority=candidate.removesuffix(_V2), metadata=answer.document, entra=candidate.endswith(_V2)
            )
        refusal = Refusal.of(answer.document, secrets=())
        if refusal is not None and refusal.aadsts is not None:
            raise refusal_error(refusal)
    status = f" (HTTP {answer.status})" if answer is not None else ""
    raise SignInError(f"there is no sign-in service at {authority}{status}", next_step=_NEXT)


def _candidates(authority: str, tenant_id: str) -> list[str]:
    """Where the document may be, likeliest first."""
    if authority.endswith(_V2):
        return [authority]
    named = tenant_id.lower() in urlsplit(authority).path.lower().split("/") if tenant_id else True
    with_tenant = authority if named else f"{authority}/{tenant_id}"
    if _is_microsoft(authority):
        return [with_tenant + _V2]
    has_path = bool(urlsplit(with_tenant).path.strip("/"))
    entra = [with_tenant + _V2] if has_path else []
    return list(dict.fromkeys([*entra, authority, with_tenant]))


def _is_microsoft(authority: str) -> bool:
    return f".{urlsplit(authority).hostname}".endswith(_MICROSOFT_HOSTS)


def _is_discovery(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("token_endpoint"), str)


def _refuse_unsafe(document: Mapping[str, Any], authority: str) -> None:
    """Client secret and refresh token go where the document says: over TLS only, and Microsoft's to Microsoft only."""
    for name in ("token_endpoint", "device_authorization_endpoint", "authorization_endpoint"):
        address = document.get(name)
        if address is None:
            continue
        if not is_safe(address) or (_is_microsoft(authority) and not _is_microsoft(address)):
            raise SignInError(
                f"the sign-in service at {authority} names a {name} that no secret may be sent to: it is not https, or"
                " of another party",
                next_step="check [auth] authority, and the proxies between here and there",
            )
