"""The sign-in service's addresses and its metadata document (OpenID Connect Discovery), as Entra shows them."""

from dataclasses import dataclass
from typing import Any, Final

WELL_KNOWN: Final = "/v2.0/.well-known/openid-configuration"
KEYS: Final = "/discovery/v2.0/keys"
TOKEN: Final = "/oauth2/v2.0/token"  # noqa: S105  an address
DEVICE_CODE: Final = "/oauth2/v2.0/devicecode"
AUTHORIZE: Final = "/oauth2/v2.0/authorize"
DEVICE_PAGE: Final = "/device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Absolute addresses of one tenant.

    Attributes:
        base_url: the authority without the tenant.
    """

    base_url: str
    tenant: str

    def at(self, path: str) -> str:
        return f"{self.base_url}/{self.tenant}{path}"

    @property
    def issuer(self) -> str:
        return self.at("/v2.0")

    def document(self) -> dict[str, Any]:
        return {
            "token_endpoint": self.at(TOKEN),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": self.at(KEYS),
            "response_modes_supported": ["query", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer,
            "request_uri_parameter_supported": False,
            "authorization_endpoint": self.at(AUTHORIZE),
            "device_authorization_endpoint": self.at(DEVICE_CODE),
            "http_logout_supported": False,
            "claims_supported": [
                *("sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "oid"),
            ],
            "code_challenge_methods_supported": ["plain", "S256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }
