"""Authorization codes with their proof key (RFC 7636), and refresh tokens."""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from batchreset.simulator.options import Rotation, SimulatorOptions
from batchreset.simulator.sign_in.refusals import Facts, denied
from batchreset.simulator.sign_in.scopes import Granted
from batchreset.simulator.sign_in.tokens import base64url

PARTNER_CENTER: Final = "https://api.partnercenter.microsoft.com"
_CODE_SECONDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What an authorization code stands for."""

    granted: Granted
    redirect_uri: str
    nonce: str
    challenge: str
    challenge_method: str
    until: dt.datetime = field(repr=False)


def consent_until(at: dt.datetime) -> dt.datetime:
    """When a code given now ceases to be good: ten minutes, as documented."""
    return at + dt.timedelta(seconds=_CODE_SECONDS)


class AuthorizationCodes:
    """Codes that were given out; each may be redeemed once."""

    def __init__(self) -> None:
        self._consents: dict[str, Consent] = {}
        self._redeemed: set[str] = set()

    def add(self, code: str, consent: Consent) -> None:
        self._consents[code] = consent

    def redeem(self, code: str, *, redirect_uri: str, verifier: str, facts: Facts) -> Consent:
        """What this code stands for.

        Raises:
            DeniedError: unknown, redeemed, too old, for another address, or without proof.
        """
        consent = self._consents.get(code)
        if consent is None:
            raise denied(70000, facts)
        if code in self._redeemed:
            raise denied(54005, facts)
        if facts.at >= consent.until:
            raise denied(70008, facts)
        if redirect_uri != consent.redirect_uri:
            raise denied(500112, facts, given=redirect_uri, expected=consent.redirect_uri)
        if consent.challenge and not _proves(verifier, consent):
            raise denied(501481, facts)
        self._redeemed.add(code)
        return consent


def _proves(verifier: str, consent: Consent) -> bool:
    hashed = base64url(hashlib.sha256(verifier.encode()).digest())
    answer = hashed if consent.challenge_method == "S256" else verifier
    return hmac.compare_digest(answer.encode(), consent.challenge.encode())


class RefreshTokens:
    """Refresh tokens that are good, and what each was granted for."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._rotation = options.rotation
        first = Granted(resource=PARTNER_CENTER)
        self._granted = {options.refresh_token: first} if options.refresh_token else {}

    def add(self, token: str, granted: Granted) -> None:
        self._granted[token] = granted

    def granted(self, token: str) -> Granted | None:
        return self._granted.get(token)

    def use(self, token: str) -> None:
        """It was redeemed."""
        if self._rotation is Rotation.ONCE:
            del self._granted[token]
