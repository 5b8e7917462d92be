"""What the sign-in service handed out, and to which requests. Deterministic: times are handed in."""

import datetime as dt
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from batchreset.simulator.sign_in.challenge import Challenges


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """One request of the token endpoint and how it ended.

    Attributes:
        grant: the grant type, as it came.
        ended: `ok`, the AADSTS code as text, or `503`.
        claims: whether a `claims` parameter came.
        presented: the refresh token that came; empty if none did.
        issued: the refresh token that went out; the same.
    """

    at: dt.datetime
    grant: str
    ended: str
    claims: bool
    correlation_id: str
    presented: str = field(default="", repr=False)
    issued: str = field(default="", repr=False)

    def line(self) -> str:
        """One line of the sign-in log, without its end; tokens as their SHA-256."""
        return json.dumps(
            {
                "time": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "grant": self.grant,
                "ended": self.ended,
                "presented": _sha256(self.presented),
                "issued": _sha256(self.issued),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """What an access token is to the API, beside its own text."""

    expires_at: dt.datetime
    mfa: bool
    app_only: bool


class SignInState:
    """The memory that tests and the API's side look into. Lists grow at their end only; any thread may read them.

    Attributes:
        refresh_tokens: all that were issued, without the one that was there from the beginning.
        handed_out: every secret: access, refresh and id tokens, device and authorization codes.
    """

    def __init__(self) -> None:
        self.token_requests: list[TokenRequest] = []
        self.refresh_tokens: list[str] = []
        self.handed_out: list[str] = []
        self.access_tokens: dict[str, IssuedToken] = {}
        self.challenges = Challenges()

    @property
    def newest_refresh_token(self) -> str | None:
        return self.refresh_tokens[-1] if self.refresh_tokens else None

    def report(self) -> dict[str, Any]:
        """Counts only."""
        requests = list(self.token_requests)
        return {
            "token_requests": len(requests),
            "by_grant": dict(Counter(request.grant for request in requests)),
            "by_end": dict(Counter(request.ended for request in requests)),
            "access_tokens": len(self.access_tokens),
            "refresh_tokens": len(self.refresh_tokens),
        }


def _sha256(text: str) -> str | None:
    return hashlib.sha256(text.encode()).hexdigest() if text else None
