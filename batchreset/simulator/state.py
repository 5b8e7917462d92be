"""What the service knows and what it did. Deterministic: times are handed in, nothing is read or written."""

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from batchreset.simulator.limits import Scope
from batchreset.simulator.protocol import Route, is_guid
from batchreset.simulator.sign_in.state import SignInState

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One password set.

    Attributes:
        at: UTC.
        sha256: of the password in UTF-8, hexadecimal; the password itself is not kept anywhere.
        foreign: somebody else did it, who is no caller of this simulator.
    """

    at: dt.datetime
    customer: str
    user: str
    force_change_password: bool
    request_id: str
    correlation_id: str
    sha256: str
    foreign: bool = False

    def line(self) -> str:
        """One line of the applied log, without its end."""
        return json.dumps(
            {
                "time": _time(self.at),
                "customer": self.customer,
                "user": self.user,
                "forceChangePassword": self.force_change_password,
                "request_id": self.request_id,
                "correlation_id": self.correlation_id,
                "sha256": self.sha256,
                **({"foreign": True} if self.foreign else {}),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One reset as Partner Center records it.

    Attributes:
        by: the user principal name of who did it.
    """

    at: dt.datetime
    customer: str
    user: str
    correlation_id: str
    succeeded: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The password an account has now."""

    customer: str
    sha256: str
    times_changed: int
    force_change_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and how it ended.

    Attributes:
        ended: the status sent, or what became of the answer instead (`replies.ended`). Whether the caller heard of it
            is not known here.
        fault: what befell it, if anything.
        applied: it put a password in force, itself; what was replayed was applied before.
        throttled: the limit that refused it, if one did.
        replayed: it was answered as the first request of its id was.
        peer: the address it came from.
    """

    at: dt.datetime
    route: Route
    method: str
    customer: str
    user: str
    request_id: str
    correlation_id: str
    ended: str
    fault: str | None = None
    applied: bool = False
    throttled: Scope | None = None
    replayed: bool = False
    peer: str = ""

    def line(self) -> str:
        """One line of the request log, without its end. It shows ids only where they are some, as callers err."""
        return json.dumps(
            {
                "time": _time(self.at),
                "method": self.method if self.method in _METHODS else "OTHER",
                "route": self.route,
                "customer": _guid(self.customer),
                "user": _guid(self.user),
                "request_id": _guid(self.request_id),
                "correlation_id": _guid(self.correlation_id),
                "ended": self.ended,
                "fault": self.fault,
                "applied": self.applied,
                "throttled": self.throttled,
                "replayed": self.replayed,
                "peer": self.peer,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the service decided about a request; remembered under its request id, so it holds no password."""

    status: int
    code: str = ""
    description: str = ""


class ServiceState:
    """The whole memory of one simulated Partner Center.

    `exchanges`, `applied`, `audited` and `protocol_errors` grow at their end only, in order of arrival. Mistakes in
    sign-in requests are protocol errors too; the rest of those requests is in `sign_in`.
    """

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.applied: list[Applied] = []
        self.audited: list[Audited] = []
        self.protocol_errors: list[str] = []
        self.in_force: dict[str, InForce] = {}
        self.throttled: Counter[Scope] = Counter()
        self.replayed = 0
        self.sign_in = SignInState()
        self._correlation_ids: set[str] = set()
        self._fingerprints: dict[str, bytes] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._requests_by_token: Counter[str] = Counter()

    def is_first_use(self, correlation_id: str) -> bool:
        """Whether this correlation id is new; it is not from now on."""
        new = correlation_id.lower() not in self._correlation_ids
        self._correlation_ids.add(correlation_id.lower())
        return new

    def is_same_request(self, request_id: str, fingerprint: bytes) -> bool:
        """Whether what came under this request id is what came under it the first time."""
        return self._fingerprints.setdefault(request_id.lower(), fingerprint) == fingerprint

    def token_uses(self, token: str) -> int:
        """Count one more request with this token; how many there were with it."""
        self._requests_by_token[token] += 1
        return self._requests_by_token[token]

    def verdict(self, request_id: str) -> Verdict | None:
        """What was decided about this request before, if it was."""
        return self._verdicts.get(request_id.lower())

    def remember(self, request_id: str, verdict: Verdict) -> None:
        self._verdicts[request_id.lower()] = verdict

    def belongs_elsewhere(self, customer: str, user: str) -> bool:
        """Whether this user is known as another customer's: a user id is of one tenant only."""
        known = self.in_force.get(user)
        return known is not None and known.customer != customer

    def customers(self) -> list[str]:
        """Those that were heard of, the first one first."""
        return list(dict.fromkeys(account.customer for account in self.in_force.values()))

    def apply(self, applied: Applied) -> None:
        """Put a password in force."""
        before = self.in_force.get(applied.user)
        self.applied.append(applied)
        self.in_force[applied.user] = InForce(
            customer=applied.customer,
            sha256=applied.sha256,
            times_changed=1 if before is None else before.times_changed + 1,
            force_change_password=applied.force_change_password,
        )

    def report(self) -> dict[str, Any]:
        """What `GET /_simulator/state` answers. May be called from another thread: it works on copies."""
        exchanges, in_force = list(self.exchanges), dict(self.in_force)
        return {
            "requests": len(exchanges),
            "by_status": dict(Counter(exchange.ended for exchange in exchanges)),
            "by_route": dict(Counter(exchange.route.value for exchange in exchanges)),
            "throttled": {scope.value: self.throttled[scope] for scope in Scope},
            "replayed": self.replayed,
            "protocol_errors": list(self.protocol_errors),
            "sign_in": self.sign_in.report(),
            "passwords_applied": len(self.applied),
            "accounts_changed": len(in_force),
            "in_force": {
                user: {
                    "customer": account.customer,
                    "sha256": account.sha256,
                    "times_changed": account.times_changed,
                    "forceChangePassword": account.force_change_password,
                }
                for user, account in in_force.items()
            },
        }


def _time(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _guid(text: str) -> str:
    return text if not text or is_guid(text) else "not a GUID"
