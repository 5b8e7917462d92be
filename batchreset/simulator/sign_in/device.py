"""Device codes (RFC 8628; learn: identity-platform/v2-oauth2-device-code)."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

from batchreset.simulator.options import DeviceAnswer, SimulatorOptions
from batchreset.simulator.sign_in.refusals import Facts, denied
from batchreset.simulator.sign_in.scopes import Granted
from batchreset.simulator.sign_in.tokens import Chance, opaque

EXPIRES_SECONDS: Final = 900
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXYZ23456789"
_USER_CODE_LENGTH: Final = 9
_EARLY_SECONDS: Final = 0.1
"""A poll that comes this much too soon is one that waited as told: clocks and networks are not exact."""

_PENDING: Final = 70016
_REFUSED: Final = {DeviceAnswer.DECLINE: 70017, DeviceAnswer.EXPIRE: 70020}


@dataclass(slots=True, kw_only=True)
class _Pending:
    user_code: str
    granted: Granted
    until: dt.datetime
    polls: int = 0
    polled_at: dt.datetime | None = None
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A new device code, and the one for the person."""

    device_code: str = field(repr=False)
    user_code: str


class DeviceCodes:
    """Device codes that wait for a person, and what that person does."""

    def __init__(self, options: SimulatorOptions, chance: Chance) -> None:
        self._options = options
        self._chance = chance
        self._pending: dict[str, _Pending] = {}

    def start(self, granted: Granted, at: dt.datetime) -> Started:
        device_code = opaque(self._chance, size=96)
        user_code = "".join(_LETTERS[byte % len(_LETTERS)] for byte in self._chance(_USER_CODE_LENGTH))
        until = at + dt.timedelta(seconds=EXPIRES_SECONDS)
        self._pending[device_code] = _Pending(user_code=user_code, granted=granted, until=until)
        return Started(device_code=device_code, user_code=user_code)

    def type_in(self, user_code: str, at: dt.datetime) -> bool:
        """What a person types on the page approves the sign-in; whether there is one with this code."""
        wanted = user_code.strip().upper()
        for pending in self._pending.values():
            if pending.user_code == wanted and at < pending.until:
                pending.typed = True
                return True
        return False

    def is_too_soon(self, device_code: str, at: dt.datetime) -> bool:
        """Note a poll; whether it did not wait for as long as it was told to."""
        pending = self._pending.get(device_code)
        if pending is None:
            return False
        before, pending.polled_at = pending.polled_at, at
        interval = self._options.device_interval_seconds
        return before is not None and (at - before).total_seconds() < interval - _EARLY_SECONDS

    def redeem(self, device_code: str, facts: Facts) -> Granted:
        """What the person granted.

        Raises:
            DeniedError: nothing yet, or never.
        """
        pending = self._pending.get(device_code)
        if pending is None:
            raise denied(70018, facts)
        if facts.at >= pending.until:
            raise denied(_REFUSED[DeviceAnswer.EXPIRE], facts)
        if not pending.typed and pending.polls < self._options.device_polls:
            pending.polls += 1
            raise denied(_PENDING, facts)
        if not pending.typed and self._options.device_answer is not DeviceAnswer.APPROVE:
            raise denied(_REFUSED[self._options.device_answer], facts)
        del self._pending[device_code]
        return pending.granted
