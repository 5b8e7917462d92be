"""Everything the simulator can be told, with its defaults."""

import enum
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from batchreset.errors import SettingsError
from batchreset.simulator.directory import DirectoryUser
from batchreset.simulator.limits.rule import WITH_WINDOWS, LimitKind, Rule
from batchreset.simulator.protocol import is_guid


class Mfa(enum.StrEnum):
    """What the service finds in the caller's token."""

    ON = "on"
    OFF = "off"
    """No MFA claim, and enforced: 401 with code 900421."""
    HEADER_OFF = "header-off"
    """No MFA claim, not enforced yet: 200, and `isMfaCompliant: false` for who asks."""
    PARTLY = "partly"
    """No MFA claim, enforced progressively: a share of the resets is refused as with `OFF`, the rest passes."""


class RetryAfterStyle(enum.StrEnum):
    """How a 429 says how long to wait: what RFC 9110 allows, and what is seen in the wild."""

    SECONDS = "seconds"
    """Whole seconds, rounded up."""
    ROUNDED_DOWN = "rounded-down"
    """Whole seconds, rounded down: who obeys comes back a little too early."""
    DECIMAL = "decimal"
    DATE = "date"
    ZERO = "zero"
    """Always 0, however long it is."""
    NONE = "none"
    """No header at all."""


class ForbiddenCode(enum.StrEnum):
    """The code of a 403 for a customer the caller has no right to."""

    ACCESS_DENIED = "2032"
    NO_RELATIONSHIP = "20002"


class Rotation(enum.StrEnum):
    """What becomes of a refresh token that was used; a new one is issued in any case."""

    KEEP = "keep"
    """It stays valid, as Entra's do."""
    ONCE = "once"
    """It is refused from then on: AADSTS70000."""


class DeviceAnswer(enum.StrEnum):
    """What the person does who was shown a device code and types it nowhere here."""

    APPROVE = "approve"
    DECLINE = "decline"
    EXPIRE = "expire"
    """Nothing, until the code has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """One simulated Partner Center with its sign-in service. Without any option given: fast, unlimited, faultless.

    At most one fault befalls a request. "Applied" means the service did its work first; the client cannot see the
    difference. Faults befall resets only, unless `faults_on_reads`.

    Attributes:
        port: 0 for any free one.
        ca_file: where to write the throw-away CA's certificate; None: in a folder that is gone when the simulator ends.
        applied_log: NDJSON, a line for each password applied, appended and flushed.
        seed: of every choice. The n-th request for the same account meets the same fault in every run of a seed, in
            whatever order requests arrive.
        latency_seconds: median time to an answer, log-normal; 429 and 401 come at once.
        error_share: 500, 503 or 504, nothing applied.
        applied_error_share: 500, 503 or 504 though applied.
        lost_share: connection closed or reset without an answer, nothing applied.
        lost_applied_share: the same, though applied.
        cut_short_share: applied, and the connection lost in the middle of the answer's body.
        hang_share: never answered, nothing applied.
        hang_applied_share: never answered, though applied.
        weak_share: of good passwords, refused as weak.
        bom_share: of JSON answers, sent with a UTF-8 byte order mark.
        partner_limit: requests that pass in `partner_window_seconds`, in the manner of `partner_limit_kind`; 0: all.
        partner_penalty_seconds: each refused request puts the window's end off by this.
        partner_limit_least: if not 0, each window has another limit, drawn from this to `partner_limit`.
        customer_limit: as for the partner, and so the next four; each customer has a limit of its own.
        directory: if given, its customers and users are the only ones there are, in its order. Deleted and federated
            ones are not reset, synced ones are.
        known_users: if given, the only users there are; None: every GUID is one.
        missing_users: users that are not there, whatever `known_users` says.
        mfa_enforced_share: of the resets without MFA, refused when `mfa` is `PARTLY`.
        token: the only bearer token that passes beside those the sign-in service issued; empty: any.
        only_issued_tokens: only tokens that the sign-in service issued pass. These are always judged by what they are:
            until they expire, with the MFA claim they carry, and never an App-only one.
        token_requests: a token is refused with 401 after this many requests; 0: never.
        claims_challenge: that 401 carries a claims challenge, which the next refresh must answer.
        tenant_id: the partner's, the only tenant the sign-in service knows.
        client_id: the only application registered there.
        client_secret: its secret; empty: none, and without a certificate either the client is a public one.
        client_certificate: PEM; the application may sign assertions with the key of this certificate.
        refresh_token: the one it has from the beginning; empty: none.
        user_name: who consents, and whom tokens are for.
        token_seconds: how long an access token is good.
        refresh_error: the AADSTS code with which every refresh is refused; 0: none.
        token_failures: this many token requests are answered 503, before anything is decided.
        token_latency_seconds: a token request is decided on arrival and answered this much later.
        device_polls: so many polls find a device code pending, unless somebody types it on the page before.
        sign_in_log: NDJSON, a line for each token request (SHA-256 of the refresh tokens), flushed before the answer.
    """

    host: str = "127.0.0.1"
    port: int = 0
    ca_file: Path | None = None
    applied_log: Path | None = None
    seed: int = 0

    latency_seconds: float = 0.0
    error_share: float = 0.0
    applied_error_share: float = 0.0
    lost_share: float = 0.0
    lost_applied_share: float = 0.0
    cut_short_share: float = 0.0
    hang_share: float = 0.0
    hang_applied_share: float = 0.0
    faults_on_reads: bool = False
    weak_share: float = 0.0
    bom_share: float = 0.2

    partner_limit: int = 0
    partner_limit_kind: LimitKind = LimitKind.WINDOW
    partner_window_seconds: float = 60.0
    partner_penalty_seconds: float = 0.0
    partner_limit_least: int = 0
    customer_limit: int = 0
    customer_limit_kind: LimitKind = LimitKind.WINDOW
    customer_window_seconds: float = 60.0
    customer_penalty_seconds: float = 0.0
    customer_limit_least: int = 0
    retry_after: RetryAfterStyle = RetryAfterStyle.SECONDS

    directory: tuple[DirectoryUser, ...] | None = field(default=None, repr=False)
    known_users: frozenset[str] | None = None
    missing_users: frozenset[str] = frozenset()
    forbidden_customers: frozenset[str] = frozenset()
    forbidden_code: ForbiddenCode = ForbiddenCode.ACCESS_DENIED

    mfa: Mfa = Mfa.ON
    mfa_enforced_share: float = 0.5
    token: str = ""
    only_issued_tokens: bool = False
    token_requests: int = 0
    claims_challenge: bool = False

    tenant_id: str = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
    client_id: str = "00001111-aaaa-2222-bbbb-3333cccc4444"
    client_secret: str = field(default="simulated-client-secret", repr=False)
    client_certificate: Path | None = None
    refresh_token: str = field(default="simulated-refresh-token", repr=False)
    user_name: str = "operator@partner.example"
    token_seconds: int = 3600
    rotation: Rotation = Rotation.KEEP
    refresh_error: int = 0
    token_failures: int = 0
    token_latency_seconds: float = 0.0
    device_polls: int = 2
    device_interval_seconds: int = 1
    device_answer: DeviceAnswer = DeviceAnswer.APPROVE
    sign_in_log: Path | None = None

    def __post_init__(self) -> None:
        """Raises SettingsError with every problem at once."""
        problems = (
            *(f"{name} is empty" for name in ("host", "user_name") if not getattr(self, name)),
            *self._shares_out_of_bounds(),
            *self._numbers_out_of_bounds(),
            *_contradictions("partner", self.partner_rule),
            *_contradictions("customer", self.customer_rule),
            *self._not_guids(),
            *self._users_of_two(),
            *(("token and only_issued_tokens exclude one another",) if self.token and self.only_issued_tokens else ()),
        )
        if problems:
            raise SettingsError(
                "The simulator cannot be set up like this.",
                details=problems,
                next_step="Correct these values; `batchreset simulate --help` explains each.",
            )

    @property
    def partner_rule(self) -> Rule:
        """The limit for all requests together."""
        return Rule(
            limit=self.partner_limit,
            kind=self.partner_limit_kind,
            window_seconds=self.partner_window_seconds,
            penalty_seconds=self.partner_penalty_seconds,
            limit_least=self.partner_limit_least,
        )

    @property
    def customer_rule(self) -> Rule:
        """The limit for each customer's requests."""
        return Rule(
            limit=self.customer_limit,
            kind=self.customer_limit_kind,
            window_seconds=self.customer_window_seconds,
            penalty_seconds=self.customer_penalty_seconds,
            limit_least=self.customer_limit_least,
        )

    def fault_shares(self) -> dict[str, float]:
        """The shares of which at most one befalls a request, by the name of the option."""
        return {
            "error_share": self.error_share,
            "applied_error_share": self.applied_error_share,
            "lost_share": self.lost_share,
            "lost_applied_share": self.lost_applied_share,
            "cut_short_share": self.cut_short_share,
            "hang_share": self.hang_share,
            "hang_applied_share": self.hang_applied_share,
        }

    def _shares_out_of_bounds(self) -> list[str]:
        faults = self.fault_shares()
        shares = {
            **faults,
            "weak_share": self.weak_share,
            "bom_share": self.bom_share,
            "mfa_enforced_share": self.mfa_enforced_share,
        }
        problems = [
            f"{name} is {share}; a share is from 0 to 1" for name, share in shares.items() if not 0 <= share <= 1
        ]
        # A little more than 1 is what decimal shares such as ten times 0.1 come to.
        if not problems and sum(faults.values()) > 1 + 1e-9:
            problems.append(f"{', '.join(faults)} together are {sum(faults.values()):g}; at most 1 is possible")
        return problems

    def _numbers_out_of_bounds(self) -> list[str]:
        least_zero = {
            "latency_seconds": self.latency_seconds,
            "partner_limit": self.partner_limit,
            "partner_penalty_seconds": self.partner_penalty_seconds,
            "partner_limit_least": self.partner_limit_least,
            "customer_limit": self.customer_limit,
            "customer_penalty_seconds": self.customer_penalty_seconds,
            "customer_limit_least": self.customer_limit_least,
            "token_requests": self.token_requests,
            "refresh_error": self.refresh_error,
            "token_failures": self.token_failures,
            "token_latency_seconds": self.token_latency_seconds,
            "device_polls": self.device_polls,
            "device_interval_seconds": self.device_interval_seconds,
        }
        above_zero = {
            "partner_window_seconds": self.partner_window_seconds,
            "customer_window_seconds": self.customer_window_seconds,
            "token_seconds": self.token_seconds,
        }
        problems = [f"{name} is {value}; it cannot be negative" for name, value in least_zero.items() if not value >= 0]
        problems += [
            f"{name} is {value}; it must be more than 0" for name, value in above_zero.items() if not value > 0
        ]
        if not 0 <= self.port <= 65535:  # noqa: PLR2004  the highest TCP port
            problems.append(f"port is {self.port}; a port is from 0 to 65535")
        return problems

    def _not_guids(self) -> list[str]:
        sets = {
            "directory": {guid for user in self.directory or () for guid in (user.customer, user.user)},
            "known_users": self.known_users or frozenset(),
            "missing_users": self.missing_users,
            "forbidden_customers": self.forbidden_customers,
            "tenant_id": {self.tenant_id},
            "client_id": {self.client_id},
        }
        return [
            f"{name}: {value!r} is not a GUID"
            for name, values in sets.items()
            for value in sorted(values)
            if not is_guid(value)
        ]

    def _users_of_two(self) -> list[str]:
        times = Counter(user.user.lower() for user in self.directory or ())
        return [f"directory: {user} is there {number} times" for user, number in times.items() if number > 1]


def _contradictions(scope: str, rule: Rule) -> list[str]:
    """What is told of a limit that cannot be with what else is told of it; the fields' names begin with `scope`."""
    problems = []
    if rule.limit_least > max(0, rule.limit):
        problems.append(f"{scope}_limit_least is {rule.limit_least}, more than {scope}_limit, which is {rule.limit}")
    if rule.kind not in WITH_WINDOWS:
        given = {"penalty_seconds": rule.penalty_seconds, "limit_least": rule.limit_least}
        problems += [
            f"{scope}_{name} is {value}; with {scope}_limit_kind {rule.kind} there are no windows that it could be for"
            for name, value in given.items()
            if value > 0
        ]
    return problems
