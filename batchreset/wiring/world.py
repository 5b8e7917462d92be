"""Puts the engine's world together from settings: the API, the sign-in, the passwords, the clock."""

import random
import secrets
import uuid
from collections.abc import Mapping

from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.adapters.signin import GivenToken
from batchreset.core.clock import Clock
from batchreset.core.password import random_password
from batchreset.core.secret import Secret
from batchreset.engine.ports import EventLog, Ledger, TokenSource, World
from batchreset.engine.runner import Limits
from batchreset.net import Connections
from batchreset.settings.model import Settings
from batchreset.settings.secrets import read_secret


def limits_of(settings: Settings) -> Limits:
    """The settings that the engine acts on."""
    return Limits(
        max_concurrency=settings.pace.max_concurrency,
        max_per_second=settings.pace.max_per_second,
        max_attempts=settings.pace.max_attempts,
        canary=settings.safety.canary,
        max_failure_rate=settings.safety.max_failure_rate,
        max_failures=settings.safety.max_failures,
        max_duration_seconds=settings.safety.max_duration_seconds,
        check_mfa=settings.safety.check_mfa,
    )


def given_token(environ: Mapping[str, str], log: EventLog) -> GivenToken:
    """The sign-in of `[auth] kind = "access_token"`; that none is given is said when it is asked for.

    Raises:
        SettingsError: the variables are contradictory, or the file or command fails.
    """
    found = read_secret("access_token", environ)
    if found is not None and found.warning:
        log.warning("auth.warning", detail=found.warning)

    def read() -> Secret | None:
        again = read_secret("access_token", environ)
        return again.secret if again else None

    return GivenToken(read, first=found.secret if found else None)


def world_of(
    settings: Settings, *, connections: Connections, tokens: TokenSource, ledger: Ledger, clock: Clock, log: EventLog
) -> World:
    """The engine's world over opened connections."""
    partner_center = settings.partner_center
    return World(
        api=PartnerCenterApi(
            connections,
            base_url=partner_center.api_base_url,
            address=ResetAddress(partner_center.address),
            timeout_seconds=partner_center.timeout_seconds,
            clock=clock,
        ),
        tokens=tokens,
        ledger=ledger,
        clock=clock,
        log=log,
        new_password=lambda: random_password(settings.password.length, secrets.token_bytes),
        new_id=lambda: str(uuid.uuid4()),
        chance=random.Random(),  # noqa: S311  jitter, not a secret
    )
