"""Puts the engine's world together from settings: the API, the sign-in, the passwords, the clock."""

import random
import secrets
import uuid

from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.password import random_password
from batchreset.engine.ports import Ledger, TokenSource, World
from batchreset.engine.runner import Limits
from batchreset.net import Connections
from batchreset.settings.model import Settings


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
