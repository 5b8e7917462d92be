"""What an operator should do about Microsoft's AADSTS errors: one line for each that is met in practice.

Source: learn: reference-error-codes (Microsoft Entra authentication and authorization error codes).
"""

from collections.abc import Mapping
from typing import Final

LOGIN: Final = "`batchreset auth login`"

_SIGN_IN: Final = f"sign in again with {LOGIN} (or give a new refresh token); a run goes on with `batchreset apply`"
_SIGN_IN_MFA: Final = (
    f"sign in again and satisfy multi-factor authentication ({LOGIN}), which unattended runs then inherit; a run goes"
    " on with `batchreset apply`"
)
_NEW_CODE: Final = f"start {LOGIN} again, and enter the new code in time"
_POLICY: Final = (
    f"if device codes are blocked, use {LOGIN} --browser; else have the partner tenant's administrator look at the"
    " sign-in log of this application, or run from where its Conditional Access policies allow it"
)
_USER: Final = "have an administrator of the partner tenant look at this user, or sign in as another one"
_USER_AT_RISK: Final = "have an administrator of the user's tenant look into the risk, or sign in as another user"
_SECRET: Final = "give the current value (not the id) by BATCHRESET_AUTH__CLIENT_SECRET, …_FILE or …_COMMAND"  # noqa: S105  advice

ADVICE: Final[Mapping[int, str]] = {
    # The refresh token is no longer good.
    700082: f"it was not used for 90 days (use it once a month; `batchreset auth status` counts): {_SIGN_IN}",
    700084: (
        "it was issued to a single-page application, for 24 hours: register the redirect address under Web (or Mobile"
        f" and desktop) instead, then {_SIGN_IN}"
    ),
    70008: f"it has expired or was revoked: {_SIGN_IN}",
    70043: f"the partner tenant's policy limits how long a sign-in lasts: {_SIGN_IN}",
    50173: f"the user's password was changed or their sessions were revoked since: {_SIGN_IN}",
    50132: f"the user's password expired or was changed since: {_SIGN_IN}",
    50089: f"the sign-in has expired: {_SIGN_IN}",
    50133: f"the session ended by a recent password change: {_SIGN_IN}",
    70000: f"the refresh token is not one of this application and tenant, or is no longer good: {_SIGN_IN}",
    700005: f"the refresh token is of another tenant: check [auth] tenant_id, or {_SIGN_IN}",
    9002313: f"the refresh token is not whole; see how it was copied, or {_SIGN_IN}",
    # More proof is asked for.
    50076: _SIGN_IN_MFA,
    50079: f"this user has not registered for multi-factor authentication yet: register, then {_SIGN_IN_MFA}",
    50072: f"this user has not registered for multi-factor authentication yet: register, then {_SIGN_IN_MFA}",
    50074: _SIGN_IN_MFA,
    50078: f"the proof of multi-factor authentication has expired: {_SIGN_IN_MFA}",
    50158: f"another security challenge of the partner tenant must be met: {_SIGN_IN_MFA}",
    53004: f"this user has not registered for multi-factor authentication yet: register, then {_SIGN_IN_MFA}",
    50058: f"nobody is signed in any more: {_SIGN_IN}",
    65001: (
        "nobody has consented to this application for Partner Center yet: have an administrator of the partner tenant"
        f" sign in once with {LOGIN} --browser and accept"
    ),
    65004: f"the consent was declined: sign in again with {LOGIN} and accept, or have an administrator do so",
    90094: "have an administrator of the partner tenant consent to this application for Partner Center",
    # A policy says no.
    53000: f"the device is not compliant: {_POLICY}",
    53001: f"the device is not joined to the domain: {_POLICY}",
    53003: _POLICY,
    53002: f"the application is not an approved one: {_POLICY}",
    53011: f"the user is blocked for risk: {_USER_AT_RISK}",
    50131: _POLICY,
    530032: f"the tenant's security policy blocks it: {_POLICY}",
    530034: f"the delegated administrator is blocked for risk in their own tenant: {_USER_AT_RISK}",
    530035: f"the tenant's security defaults block it: {_SIGN_IN_MFA}",
    50005: f"this kind of device is not supported: {_POLICY}",
    50097: f"the device must be known to the tenant: {_POLICY}",
    # The user.
    16000: f"the user is not of this tenant: check [auth] tenant_id, or {_USER}",
    50020: f"the user is not of this tenant: check [auth] tenant_id, or {_USER}",
    50034: f"there is no such user in this tenant: check [auth] tenant_id, or {_USER}",
    50053: f"the account is locked, or the sign-in comes from a suspicious address: see the sign-in log, or {_USER}",
    50055: f"the user's password has expired: change it, then {_SIGN_IN}",
    50057: f"the account is disabled: {_USER}",
    50105: "assign the user to this application (Enterprise applications, Users and groups)",
    50135: f"the user has to change the password: change it, then {_SIGN_IN}",
    50144: f"the user's password has expired: change it, then {_SIGN_IN}",
    51004: f"there is no such user in this tenant: check [auth] tenant_id, or {_USER}",
    50126: f"name or password was wrong: {_SIGN_IN}",
    90072: f"the user is not of this tenant: check [auth] tenant_id, or {_USER}",
    # The application and its credential.
    7000215: f"the client secret is wrong: {_SECRET}",
    7000222: f"the client secret has expired: make a new one in the app registration and {_SECRET}",
    7000218: (
        "this application needs a credential: give BATCHRESET_AUTH__CLIENT_SECRET or …CLIENT_CERTIFICATE, or allow"
        " public client flows in its app registration"
    ),
    700025: "this application takes no credential: unset BATCHRESET_AUTH__CLIENT_SECRET and …CLIENT_CERTIFICATE",
    700027: (
        "the certificate is not one of the application's, or has expired: upload its public half to the app"
        " registration, and give certificate and private key in BATCHRESET_AUTH__CLIENT_CERTIFICATE"
    ),
    700024: "the signed assertion is outside its time: set this machine's clock right",
    700016: "there is no such application in this tenant: check [auth] client_id and tenant_id",
    700030: "the certificate is not one that the tenant accepts: look at the app registration",
    7000112: "the application is disabled: enable it in the partner tenant",
    700011: "there is no such application: check [auth] client_id and tenant_id",
    50012: "the application's proof was refused: look at its secrets and certificates in the app registration",
    50013: "the signed assertion was refused: look at the certificate in the app registration and this machine's clock",
    500011: "Partner Center is not known in this tenant: check that [auth] tenant_id is the partner's own tenant",
    650052: "the tenant has no subscription to Partner Center: check that [auth] tenant_id is the partner's own tenant",
    650056: "Partner Center is not among the API permissions of the app registration: add it, and consent to it",
    65005: "Partner Center is not among the API permissions of the app registration: add it, and consent to it",
    50001: "Partner Center is not known in this tenant: check that [auth] tenant_id is the partner's own tenant",
    90099: "the application is not authorized for delegated administrators of this tenant: check [auth] tenant_id",
    650057: "add Partner Center to the API permissions of the app registration, and consent to them",
    70011: "Partner Center's scope was refused: check [partner_center] cloud and the app's API permissions",
    50011: "add the redirect address that the message names to the app registration (Authentication, Web)",
    500021: "the network allows sign-ins to certain tenants only (tenant restrictions): have yours added",
    50194: "the application is of one tenant only: check [auth] tenant_id",
    # The tenant and the cloud.
    90002: "check [auth] tenant_id and [partner_center] cloud: there is no such tenant there",
    900023: "check [auth] tenant_id: it is neither a tenant's GUID nor a domain name of one",
    90019: "check [auth] tenant_id: it names no tenant",
    50059: "check [auth] tenant_id: it names no tenant",
    50128: "check [auth] tenant_id: there is no such domain name",
    90023: "check [auth] tenant_id and client_id: the request was not understood",
    900382: "the application and the tenant are of different clouds: check [partner_center] cloud and [auth] authority",
    # A device code.
    70016: f"nobody has entered the code yet: {_NEW_CODE}",
    70018: f"the code was wrong: {_NEW_CODE}",
    70019: f"the code has expired: {_NEW_CODE}",
    70020: f"the code has expired: {_NEW_CODE}",
    # Microsoft's own trouble.
    50196: "the same request came too often: see what repeats it, wait some minutes, and run again",
    90055: "the tenant is sending too many sign-in requests: wait some minutes and run again",
    90033: "Microsoft's sign-in has trouble of its own: wait some minutes and run again",
    90006: "Microsoft's sign-in has trouble of its own: wait some minutes and run again",
    50033: "Microsoft's sign-in has trouble of its own: wait some minutes and run again",
}

ADVICE_BY_ERROR: Final[Mapping[str, str]] = {
    "invalid_grant": f"the refresh token is no longer good: {_SIGN_IN}",
    "invalid_client": "check [auth] client_id and the client secret or certificate",
    "unauthorized_client": "this application may not sign in like this: look at its registration",
    "invalid_scope": "the scope was refused: see [auth] scope",
    "invalid_request": "check [auth] tenant_id, client_id and scope: the request was not understood",
    "temporarily_unavailable": "the sign-in service has trouble of its own: wait some minutes and run again",
    "interaction_required": _SIGN_IN_MFA,
    "login_required": _SIGN_IN,
    "consent_required": f"somebody has to consent: {_SIGN_IN}",
    "access_denied": f"the sign-in was declined: {_SIGN_IN}",
    "authorization_declined": f"the sign-in was declined: {_SIGN_IN}",
    "expired_token": f"the code has expired: {_NEW_CODE}",
    "code_expired": f"the code has expired: {_NEW_CODE}",
}
"""By OAuth's own word, for a number that is not above and for other providers."""

DEVICE_CODE_ENDS: Final = frozenset({"authorization_declined", "access_denied", "expired_token", "code_expired"})
OTHER_PROVIDERS_ADVICE: Final = f"see what your sign-in service says of it; if in doubt, {_SIGN_IN}"
GENERAL_ADVICE: Final = f"look the message up at https://login.microsoftonline.com/error; if in doubt, {_SIGN_IN}"

NEEDS_MFA: Final = frozenset({50072, 50074, 50076, 50078, 50079, 50158, 53004, 530035})
