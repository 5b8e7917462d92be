"""`auth status`: who is signed in, for what, until when, and whether MFA holds. Needs msal."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import anyio

from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.adapters.signin.cache import user_in
from batchreset.adapters.signin.store import SignInStore
from batchreset.core.classify import Verdict, classify
from batchreset.core.clock import rfc3339
from batchreset.core.events import EventLog
from batchreset.core.exchange import Answered, Exchange
from batchreset.core.secret import Secret
from batchreset.core.token_claims import claims_of
from batchreset.engine.clock import LoopClock
from batchreset.engine.ports import TokenSource
from batchreset.errors import ExitCode, SignInError
from batchreset.net import tls_context, transport_of
from batchreset.settings.model import Settings
from batchreset.wiring.kept import store_of
from batchreset.wiring.sign_in import kind_of, token_source

_NO_MFA: Final = {
    "what": "the token does not satisfy multi-factor authentication, which Partner Center demands for resets",
    "next_step": "sign in again and satisfy it (`batchreset auth login`): a run would stop before its first reset",
}


def status(settings: Settings, *, environ: Mapping[str, str], log: EventLog, customer: str | None) -> dict[str, Any]:
    """Who is signed in, for what, until when, and whether MFA holds, asked of the service.

    Args:
        settings: which application, where.
        environ: holds its credential.
        log: for what happens on the way.
        customer: the GUID of the customer that is looked at; None: the first of the partner's.

    Raises:
        SettingsError: the application or its variables cannot be used.
    """
    kind = kind_of(settings, environ)
    found: dict[str, Any] = {
        "kind": kind,
        "authority": settings.authority,
        "tenant_id": settings.auth.tenant_id or None,
        "client_id": settings.auth.client_id or None,
        "service": settings.partner_center.api_base_url,
    }
    if kind != "access_token":
        store = store_of(settings)
        found |= {"kept_in": store.place, "encrypted": store.encrypted, "keyvault": settings.auth.keyvault or None}
    with token_source(settings, environ=environ, log=log) as tokens:
        try:
            found |= anyio.run(_looked, settings, tokens, customer)
            if kind != "access_token":
                found |= _kept_facts(store_of(settings), found["user"])
        except SignInError as error:
            found |= _no(error.what, error.next_step)
    return found


def _kept_facts(store: SignInStore, user: str | None) -> dict[str, Any]:
    """Raises SignInError: what is kept cannot be read."""
    kept = store.load()
    return {"kept_at": kept.kept_at or None, "user": user or user_in(kept.state) or None}


def exit_code(found: Mapping[str, Any]) -> ExitCode:
    """0 when a run could start with this sign-in."""
    return ExitCode.SIGN_IN if "what" in found else ExitCode.OK


async def _looked(settings: Settings, tokens: TokenSource, customer: str | None) -> dict[str, Any]:
    """Raises SignInError: there is no token."""
    token = await tokens.token()
    answer = await _asked(settings, token, customer)
    if isinstance(answer, Answered) and classify(answer) is Verdict.UNAUTHORIZED:
        renewed = await tokens.renew(token, claims=answer.claims)
        if renewed != token:
            token, answer = renewed, await _asked(settings, renewed, customer)
    claims = claims_of(token)
    found: dict[str, Any] = {
        "signed_in": True,
        "user": (claims and claims.user) or None,
        "token_tenant_id": (claims and claims.tenant_id) or None,
        "token_expires_at": rfc3339(claims.expires_at) if claims and claims.expires_at else None,
        "mfa": None,
    }
    return found | _judged(answer)


def _judged(answer: Exchange) -> dict[str, Any]:
    """What the service said of the token."""
    if not isinstance(answer, Answered):
        return _unasked(answer.detail)
    said = f"HTTP {answer.status}" + (f", code {answer.error_code}" if answer.error_code else "")
    match classify(answer):
        case Verdict.MFA_REQUIRED:
            return {"mfa": False, "said": said, **_NO_MFA}
        case Verdict.UNAUTHORIZED:
            return _no(f"Partner Center refuses the token ({said})", "sign in again with `batchreset auth login`")
        case Verdict.FORBIDDEN:
            what = f"the user has no right to look at this customer, or at any ({said})"
            next_step = "give the user the roles that README names under Sign-in, or look at another --customer"
            return {"mfa": answer.mfa_compliant, "said": said, "what": what, "next_step": next_step}
        case Verdict.SERVER_ERROR | Verdict.THROTTLED | Verdict.REDIRECTED:
            return _unasked(said)
        case _:
            return {"mfa": answer.mfa_compliant, "said": said, **(_NO_MFA if answer.mfa_compliant is False else {})}


def _unasked(why: str) -> dict[str, Any]:
    return {
        "mfa": None,
        "said": why,
        "what": f"there is a token, and Partner Center could not be asked about it ({why})",
        "next_step": "check [partner_center] base_url, the network and the proxy variables, then try again",
    }


def _no(what: str, next_step: str) -> dict[str, Any]:
    return {"signed_in": False, "user": None, "mfa": None, "what": what, "next_step": next_step}


async def _asked(settings: Settings, token: Secret, customer: str | None) -> Exchange:
    """One harmless GET with ValidateMfa."""
    partner_center = settings.partner_center
    transport = transport_of(
        concurrency=1,
        timeout_seconds=partner_center.timeout_seconds,
        verify=tls_context(partner_center.ca_file),
    )
    async with transport.open():
        api = PartnerCenterApi(
            transport,
            base_url=partner_center.api_base_url,
            address=ResetAddress(partner_center.address),
            clock=LoopClock(),
        )
        return await api.look(customer, request_id=str(uuid.uuid4()), correlation_id=str(uuid.uuid4()), token=token)


def status_lines(found: Mapping[str, Any], *, now: dt.datetime) -> list[str]:
    """The same for a person."""
    lines = [f"Signed in: {found['user'] or 'yes'}" if found["signed_in"] else "This sign-in cannot be used."]
    facts = {
        "tenant": found.get("token_tenant_id") or found["tenant_id"],
        "application": found["client_id"],
        "sign-in": found["kind"],
        "at": found["authority"] if found["kind"] != "access_token" else None,
        **_kept(found),
        "token": _expiry(found.get("token_expires_at"), now) if found["signed_in"] else None,
        "MFA": _mfa(found) if found["signed_in"] else None,
        "asked of": f"{found['service']}: {found['said']}" if found["signed_in"] else None,
    }
    return lines + [f"  {name:<14}{value}" for name, value in facts.items() if value]


def _kept(found: Mapping[str, Any]) -> dict[str, str | None]:
    if "kept_in" not in found:
        return {}
    protection = "encrypted" if found["encrypted"] else "mode 0600, not encrypted"
    kept_at = found.get("kept_at")
    return {
        "kept in" if kept_at else "to be kept in": found["kept_in"],
        "": f"{protection}, renewed {kept_at}" if kept_at else protection,
        "key vault": found["keyvault"],
    }


def _expiry(expires_at: str | None, now: dt.datetime) -> str:
    if expires_at is None:
        return "does not say when it expires"
    minutes = (dt.datetime.fromisoformat(expires_at) - now).total_seconds() / 60
    return f"expires {expires_at} ({f'in {minutes:.0f} min' if minutes > 0 else 'expired'})"


def _mfa(found: Mapping[str, Any]) -> str:
    return {True: "satisfied", False: "NOT satisfied", None: "unknown"}[found["mfa"]]
