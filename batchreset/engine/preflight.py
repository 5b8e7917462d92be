"""Before anything is changed: one harmless call that shows whether the service is there and the token has MFA.

Source: PARTNER CENTER "Who may call"; `ValidateMfa: true` is answered by the header `isMfaCompliant`.
"""

from typing import Final

import anyio

from batchreset.core.classify import Verdict, classify
from batchreset.core.exchange import Answered, Exchange, NotSent, NotSentKind
from batchreset.core.secret import Secret
from batchreset.engine.ports import World
from batchreset.errors import MfaRequiredError, ServiceUnreachableError, SignInError

WAITS_SECONDS: Final = (0.5, 1.0, 2.0)
"""Between the tries of an unreachable service: a run must not fail for one lost packet, nor hang for minutes."""

RETRY_AFTER_MOST_SECONDS: Final = 60.0
"""A service that asks for more is left to the canary rows."""

_MFA_NEXT = (
    "sign in again and satisfy multi-factor authentication (`batchreset auth login`, or give a new token that carries"
    " the MFA claim), then continue the run with `batchreset apply`: nothing was changed"
)


async def preflight(customer_tenant_id: str, *, world: World, apart_seconds: float = 0.0) -> None:
    """Look at one customer of the plan, and again as long as that says nothing.

    Args:
        customer_tenant_id: whom to look at.
        world: what is asked, and by whom.
        apart_seconds: from an answer to the next request, at least.

    Raises:
        ServiceUnreachableError: no connection, or TLS refused.
        SignInError: the token is refused, or has no MFA claim.
    """
    token = await world.tokens.token()
    answer = await _look(customer_tenant_id, token, world, apart_seconds)
    if classify(answer) is Verdict.UNAUTHORIZED:
        renewed = await world.tokens.renew(token, claims=answer.claims)
        if renewed != token:
            await anyio.sleep(apart_seconds)
            answer = await _look(customer_tenant_id, renewed, world, apart_seconds)
    verdict = classify(answer)
    if verdict is Verdict.MFA_REQUIRED or answer.mfa_compliant is False:
        raise MfaRequiredError(
            "the token does not satisfy multi-factor authentication, which Partner Center demands for this call"
            f" ({_said(answer)}); not one password was touched",
            next_step=_MFA_NEXT,
        )
    if verdict is Verdict.UNAUTHORIZED:
        raise SignInError(
            f"Partner Center refuses the token ({_said(answer)}); not one password was touched",
            next_step="sign in again (`batchreset auth login`, or give a new App+User token), then continue the run"
            " with `batchreset apply`: nothing"
            " was changed",
        )
    world.log.info("preflight.passed", http_status=answer.status, mfa_compliant=answer.mfa_compliant)


async def _look(customer_tenant_id: str, token: Secret, world: World, apart_seconds: float) -> Answered:
    """The answer; one that says nothing about the token (429, 5xx) only when it stays so."""
    detail = ""
    unclear: Answered | None = None
    for wait_seconds in (*(max(wait, apart_seconds) for wait in WAITS_SECONDS), 0.0):
        exchange: Exchange = await world.api.look(
            customer_tenant_id, request_id=world.new_id(), correlation_id=world.new_id(), token=token
        )
        if isinstance(exchange, Answered):
            if classify(exchange) not in {Verdict.THROTTLED, Verdict.SERVER_ERROR}:
                return exchange
            unclear = exchange
            world.log.warning("preflight.unclear", http_status=exchange.status)
            told_seconds = min(exchange.retry_after_seconds or 0.0, RETRY_AFTER_MOST_SECONDS)
            await anyio.sleep(max(wait_seconds, told_seconds if wait_seconds else 0.0))
            continue
        detail = exchange.detail
        world.log.warning("preflight.unreachable", detail=detail)
        if isinstance(exchange, NotSent) and exchange.kind is NotSentKind.TLS:
            raise ServiceUnreachableError(
                f"a secure connection to the service was refused: {exchange.detail}; nothing was sent",
                next_step="check [partner_center] base_url, and give the certificate authority with"
                " [partner_center] ca_file if the service (or a proxy before it) has one of its own",
            )
        await anyio.sleep(wait_seconds)
    if unclear is not None:
        return unclear
    raise ServiceUnreachableError(
        f"the service cannot be reached: {detail}; no password was sent",
        next_step="check [partner_center] base_url, the network and the proxy variables (HTTPS_PROXY, NO_PROXY),"
        " then continue the run with `batchreset apply`",
    )


def _said(answer: Answered) -> str:
    parts = [f"HTTP {answer.status}"]
    if answer.error_code:
        parts.append(f"code {answer.error_code}")
    if answer.mfa_compliant is False:
        parts.append("isMfaCompliant: false")
    return ", ".join(parts)
