"""AADSTS codes with Entra's own wording (learn: identity-platform/reference-error-codes)."""

import datetime as dt
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

INVALID_CLIENT: Final = 401
_CLAIMS: Final = json.dumps(
    {"access_token": {"capolids": {"essential": True, "values": ["c8a7b51e-4b0b-4a35-9f3c-2d6f1e0a7d11"]}}},
    separators=(",", ":"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request of the sign-in service's is refused.

    Attributes:
        code: the number after AADSTS.
        error: OAuth's own word for it.
        text: the description, without the number and without the ids.
        claims: what an interactive sign-in would have to ask for, JSON.
    """

    code: int
    error: str
    text: str
    status: int = 400
    suberror: str = ""
    claims: str = ""


class DeniedError(Exception):
    """Carries a refusal to where the answer is made."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"AADSTS{refusal.code}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the wordings name."""

    tenant: str
    client: str
    user: str
    resource: str
    at: dt.datetime


def denied(code: int, facts: Facts, **more: str) -> DeniedError:
    """The refusal with this code, worded; an unknown code gets Entra's text for codes that it does not explain."""
    known = _KNOWN.get(code, _UNEXPLAINED)
    named = {
        "tenant": facts.tenant,
        "client": facts.client,
        "user": facts.user,
        "resource": facts.resource,
        "issued": _ago(facts.at, days=91),
        "changed": _ago(facts.at, days=1),
        **more,
    }
    # What a wording names beside these is blank when its code was asked for by an option.
    text = known.text.format_map(defaultdict(str, named))
    return DeniedError(replace(known, code=code, text=text))


def _ago(at: dt.datetime, *, days: int) -> str:
    return (at - dt.timedelta(days=days)).isoformat().replace("+00:00", "Z")


_ADMINISTRATOR: Final = (
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must"
)
_INTERACTIVE: Final = "Send an interactive authorization request for this user and resource."
_DIRECTORY: Final = (
    "This can happen if the application has not been installed by the administrator of the tenant or consented to by"
    " any user in the tenant. You"
)
_UNEXPLAINED: Final = Refusal(
    code=0,
    error="invalid_grant",
    text="Actual message content is runtime specific. Please see returned exception message for details.",
)


def _grant(code: int, text: str, *, suberror: str = "", claims: str = "") -> Refusal:
    return Refusal(code=code, error="invalid_grant", text=text, suberror=suberror, claims=claims)


def _client(code: int, text: str) -> Refusal:
    return Refusal(code=code, error="invalid_client", text=text, status=INVALID_CLIENT)


def _request(code: int, text: str, *, error: str = "invalid_request") -> Refusal:
    return Refusal(code=code, error=error, text=text)


_TABLE: Final = (
    _grant(
        700082,
        "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for"
        " 90.00:00:00.",
    ),
    _grant(70008, f"The provided authorization code or refresh token has expired due to inactivity. {_INTERACTIVE}"),
    _grant(
        50173,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have"
        " changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before"
        " which tokens are not valid) for this user is '{changed}'.",
        suberror="bad_token",
    ),
    _grant(
        50076,
        f"{_ADMINISTRATOR} use multi-factor authentication to access '{{resource}}'.",
        suberror="basic_action",
        claims=_CLAIMS,
    ),
    _grant(
        50079,
        f"{_ADMINISTRATOR} enroll in multi-factor authentication to access '{{resource}}'.",
        suberror="basic_action",
        claims=_CLAIMS,
    ),
    _grant(
        50078,
        "Presented multi-factor authentication has expired due to policies configured by your administrator, you must"
        " refresh your multi-factor authentication to access '{resource}'.",
        suberror="basic_action",
        claims=_CLAIMS,
    ),
    _grant(
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        suberror="message_only",
        claims=_CLAIMS,
    ),
    _grant(
        65001,
        "The user or administrator has not consented to use the application with ID '{client}' named 'batchreset'."
        f" {_INTERACTIVE}",
        suberror="consent_required",
    ),
    _grant(
        90094,
        "An administrator of the tenant has set a policy that prevents you from granting 'batchreset' the permissions"
        " it is requesting. Contact an administrator, who can grant permissions to this app on your behalf.",
        suberror="consent_required",
    ),
    _grant(70000, "Provided grant is invalid or malformed.", suberror="bad_token"),
    _grant(
        70043,
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token"
        " was issued on {issued} and the maximum allowed lifetime for this request is 86400.",
        suberror="token_expired",
    ),
    _grant(50057, "The user account is disabled."),
    _grant(
        50034,
        "The user account {user} does not exist in the {tenant} directory. To sign into this application, the account"
        " must be added to the directory.",
    ),
    _grant(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
    _grant(
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh"
        " token.",
    ),
    _grant(
        500112,
        "The reply address '{given}' does not match the reply address '{expected}' provided when requesting"
        " Authorization code.",
    ),
    _client(
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not"
        " the client secret ID, for a secret added to app '{client}'.",
    ),
    _client(
        7000222,
        "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for"
        " your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security:"
        " https://aka.ms/certCreds.",
    ),
    _client(
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    _client(
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    ),
    _client(700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
    _client(
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason -"
        " {reason} Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for"
        " app Id '{client}'.]",
    ),
    _client(
        700024,
        "Client assertion is not within its valid time range. Review the documentation at"
        " https://learn.microsoft.com/entra/identity-platform/certificate-credentials.",
    ),
    _request(
        700016,
        "Application with identifier '{client}' was not found in the directory '{tenant}'."
        f" {_DIRECTORY} may have sent your authentication request to the wrong tenant.",
        error="unauthorized_client",
    ),
    _request(
        500011,
        "The resource principal named {resource} was not found in the tenant named {tenant}."
        f" {_DIRECTORY} might have sent your authentication request to the wrong tenant.",
        error="invalid_resource",
    ),
    _request(
        90002,
        "Tenant '{given}' not found. Check to make sure you have the correct tenant ID and are signing into the"
        " correct cloud. Check with your subscription administrator, this may happen if there are no active"
        " subscriptions for the tenant.",
    ),
    _request(900144, "The request body must contain the following parameter: '{parameter}'."),
    _request(9002313, "Invalid request. Request is malformed or invalid."),
    _request(
        50011,
        "The redirect URI '{given}' specified in the request does not match the redirect URIs configured for the"
        " application '{client}'.",
    ),
    _request(70003, "The app requested an unsupported grant type '{grant}'.", error="unsupported_grant_type"),
    _request(
        70011,
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter"
        " 'scope' is not valid. The scope '{scope}' is not valid.",
        error="invalid_scope",
    ),
    _request(
        1002012,
        "The provided value for scope '{scope}' is not valid. Client credential flows must have a scope value with"
        " /.default suffixed to the resource identifier (application ID URI).",
        error="invalid_scope",
    ),
    _request(
        70016,
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        error="authorization_pending",
    ),
    _request(
        70017,
        "OAuth 2.0 device flow error. The end user denied the authorization request.",
        error="authorization_declined",
    ),
    _request(
        70018,
        "Invalid verification code due to User typing in wrong user code for device code flow. Authorization is not"
        " approved.",
        error="bad_verification_code",
    ),
    _request(
        70020,
        "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
        error="expired_token",
    ),
)
_KNOWN: Final = {refusal.code: refusal for refusal in _TABLE}
