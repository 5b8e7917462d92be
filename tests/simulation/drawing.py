"""What a seed chooses."""

import dataclasses
import enum
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batchreset.simulator.limits.rule import WITH_WINDOWS
from batchreset.simulator.options import Mfa, SimulatorOptions
from simulation.inputs import LARGE, MIDDLE, SMALL, Shape


class Point(enum.StrEnum):
    """Moments at which a run can be killed."""

    NOTED = "noted"
    """A group is about to be written."""
    WRITTEN = "written"
    """It is on disk, and nobody has been told."""
    SENT = "sent"
    """A request has left, and not arrived."""
    APPLIED = "applied"
    """The service has decided, and its answer is on the way."""
    ANSWERED = "answered"
    """The answer is about to be read."""
    ENDED = "ended"
    """All is in the ledger, and nothing in the results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Of a session: the n-th such point, or so many seconds after its beginning."""

    point: Point | None = None
    number: int = 0
    at_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What befalls one session.

    Attributes:
        crash: kill -9.
        stop: a first signal.
        hurry_after_seconds: a second one.
        failing_group: the number of the group that cannot be written.
        failing_written: it is on disk nevertheless.
        refuses: the service refuses everybody from now on, whatever it did before.
    """

    crash: Moment | None = None
    stop: Moment | None = None
    hurry_after_seconds: float | None = None
    commit_seconds: float = 0.003
    failing_group: int | None = None
    failing_written: bool = False
    refuses: bool = False


QUIET: Final = SessionPlan()


class Down(enum.StrEnum):
    """How a service is not there."""

    REFUSED = "refused"
    SILENT = "silent"
    """Nobody answers on the port: the connection comes to no end."""
    GATEWAY = "gateway"
    """Its gateway answers 503 to everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Of the service, in seconds since the run's beginning."""

    begins: float
    ends: float
    kind: Down


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One seed's world.

    Attributes:
        flags: settings by dotted name.
        plans: of its sessions, at most so many, with whatever befalls them.
        ends_well: then the service recovers, and everything that is left is taken up until all have succeeded.
        uplink_seconds: at most, from leaving to arriving.
        token_seconds: the lifetime of a token.
        unclear_sign_ins: share of the sign-in's answers that are none.
        looks_for_secrets: whether the proof does; with thousands of rows it takes minutes.
        hosts: that send for the run; 0: it sends by itself.
        faults: something befalls them.
    """

    seed: int
    shape: Shape
    flags: Mapping[str, Any]
    options: SimulatorOptions
    ends_well: bool = False
    outages: tuple[Outage, ...] = ()
    uplink_seconds: float = 0.0
    token_seconds: float = 3600.0
    unclear_sign_ins: float = 0.0
    plans: tuple[SessionPlan, ...] = (QUIET,)
    looks_for_secrets: bool = True
    hosts: int = 0
    faults: bool = True

    @property
    def discards(self) -> bool:
        return bool(self.flags.get("password.kind") == "discard")


def draw(seed: int) -> Scenario:
    """Everything, from the seed alone."""
    chance = random.Random(f"scenario {seed}")
    shape = chance.choice(chance.choices((SMALL, MIDDLE, LARGE), (0.93, 0.068, 0.002))[0])
    sessions = chance.choice((1, 1, 2, 2, 3, 5))
    return Scenario(
        seed=seed,
        shape=shape,
        flags=_flags(chance),
        options=_options(chance, seed, shape),
        ends_well=chance.random() < 0.35,
        outages=_outages(chance),
        uplink_seconds=chance.choice((0.0, 0.001, 0.05)),
        token_seconds=chance.choice((3600.0, 3600.0, 600.0, 45.0)),
        unclear_sign_ins=chance.choice((0.0, 0.0, 0.0, 0.3)),
        plans=_sessions(chance, shape, sessions),
    )


def _flags(chance: random.Random) -> dict[str, Any]:
    flags: dict[str, Any] = {
        "partner_center.timeout_seconds": chance.choice((10.0, 30.0, 60.0)),
        "partner_center.address": chance.choice(("resetpassword", "users")),
        "password.kind": "discard" if chance.random() < 0.06 else "random",
        "pace.max_concurrency": chance.choice((1, 2, 4, 8, 16, 64, 64)),
        "pace.max_per_second": chance.choice((0.0, 0.0, 0.0, 0.5, 2.5, 10.0)),
        "pace.max_attempts": chance.choice((1, 2, 3, 8, 8)),
        "pace.order": chance.choice(("interleave", "interleave", "input")),
        "pace.remember": chance.random() < 0.8,
        "safety.canary": chance.choice((0, 0, 3, 10)),
        "safety.max_failure_rate": chance.choice((1.0, 1.0, 0.5, 0.1)),
        "safety.max_failures": chance.choice((0, 0, 0, 3)),
        "safety.max_duration": chance.choice(("", "", "", "2m", "10m")),
        "safety.check_mfa": chance.random() < 0.7,
    }
    if flags["password.kind"] == "discard":
        flags["password.recipients"] = []
    return flags


_DRAWN: Final[Mapping[str, Callable[[random.Random], Any]]] = {
    "latency_seconds": lambda chance: chance.choice((0.0, 0.02, 0.25, 0.25, 1.0)),
    "weak_share": lambda chance: chance.choice((0.05, 0.3)),
    "bom_share": lambda chance: chance.random(),
    "partner_limit": lambda chance: chance.choice((3, 10, 30, 100)),
    "partner_window_seconds": lambda chance: chance.choice((1.0, 10.0, 60.0)),
    "partner_penalty_seconds": lambda chance: chance.choice((0.5, 5.0)),
    "partner_limit_least": lambda _chance: 2,
    "customer_limit": lambda chance: chance.choice((2, 5, 20)),
    "customer_window_seconds": lambda chance: chance.choice((1.0, 10.0, 60.0)),
    "customer_penalty_seconds": lambda chance: chance.choice((0.5, 5.0)),
    "customer_limit_least": lambda _chance: 1,
    "token_requests": lambda chance: chance.choice((1, 3, 10, 50)),
    "refused_seconds": lambda chance: chance.choice((0.5, 5.0, 60.0)),
    "drip_seconds": lambda chance: chance.choice((1.0, 20.0, 90.0)),
    "error_retry_after_seconds": lambda chance: chance.choice((1.0, 30.0)),
    "missing_share": lambda chance: chance.choice((0.02, 0.2)),
    "forbidden_share": lambda chance: chance.choice((0.02, 0.2)),
    "outages": lambda chance: (_outage(chance),),
    "mfa": lambda chance: chance.choice((Mfa.PARTLY, Mfa.PARTLY, Mfa.OFF, Mfa.HEADER_OFF)),
    "mfa_enforced_share": lambda chance: chance.choice((0.02, 0.2)),
}
"""By option, what it may be when it is not its default. Faults' shares, and choices, are drawn by their kind."""
_IN_REQUESTS: Final = (
    "refused after {} requests for 30 seconds",
    "503 after {} requests for 20 requests",
    "hang-applied after {} requests for 5 requests",
    "lost-applied after {} requests for 4 requests",
)
_HUGE_BYTES: Final = 3 << 20
"""More than the program reads of a body; simulated ones of 32 MiB only take time."""
MOST_FAULTS: Final = 0.5
"""Share of the requests that meet one: more make runs longer, and nothing new happens in them."""
_LIKELY: Final = {"outages": 0.15, "latency_seconds": 0.8, "mfa": 0.08, "token_requests": 0.15, "weak_share": 0.2}
UNTOUCHED: Final = frozenset({"rotation", "device_answer", "leftover_share"})
"""Not in this world: choices of the sign-in service, and connections that requests share."""


def _outage(chance: random.Random) -> str:
    return chance.choice(_IN_REQUESTS).format(chance.randint(1, 30))


def _options(chance: random.Random, seed: int, shape: Shape) -> SimulatorOptions:
    options: dict[str, Any] = {"seed": seed, "huge_bytes": _HUGE_BYTES}
    faults = [name for name in SimulatorOptions().fault_shares() if name not in UNTOUCHED]
    calm = chance.random() < 0.15
    for option in dataclasses.fields(SimulatorOptions):
        name = option.name
        if name in faults:
            on = not calm and chance.random() < 0.35
            options[name] = chance.choice((0.02, 0.1, 0.3)) if on else 0.0
        elif name in _DRAWN:
            if chance.random() < _LIKELY.get(name, 0.25):
                options[name] = _DRAWN[name](chance)
        elif isinstance(option.default, enum.Enum) and name not in UNTOUCHED:
            options[name] = chance.choice(list(type(option.default)))
    _without_contradictions(options, faults)
    if chance.random() < 0.2:
        options["missing_users"] = frozenset(user for _, user in shape.accounts if chance.random() < 0.1)
    if chance.random() < 0.15:
        options["forbidden_customers"] = frozenset(
            {chance.choice(sorted({customer for customer, _ in shape.accounts}))}
        )
    return SimulatorOptions(**options)


def _without_contradictions(options: dict[str, Any], faults: Sequence[str]) -> None:
    total = sum(options[name] for name in faults)
    if total > MOST_FAULTS:
        options.update({name: round(options[name] * MOST_FAULTS / total, 4) for name in faults})
    for scope in ("partner", "customer"):
        limit = options.get(f"{scope}_limit", 0)
        windows = options[f"{scope}_limit_kind"] in WITH_WINDOWS
        if not limit or not windows:
            options.pop(f"{scope}_limit_least", None)
            options.pop(f"{scope}_penalty_seconds", None)


def _outages(chance: random.Random) -> tuple[Outage, ...]:
    found = []
    while chance.random() < 0.2:
        begins = chance.uniform(0.0, 60.0)
        ends = begins + chance.choice((1.0, 20.0, 600.0))
        found.append(Outage(begins=begins, ends=ends, kind=chance.choice(list(Down))))
    return tuple(found)


def _sessions(chance: random.Random, shape: Shape, number: int) -> tuple[SessionPlan, ...]:
    plans: list[SessionPlan] = []
    for _ in range(number):
        after_crash = bool(plans) and plans[-1].crash is not None
        plans.append(_session(chance, shape, refuses=0.35 if after_crash else 0.05 if plans else 0.0))
    return tuple(plans)


def _session(chance: random.Random, shape: Shape, *, refuses: float) -> SessionPlan:
    stop = _moment(chance, shape) if chance.random() < 0.25 else None
    return SessionPlan(
        crash=_moment(chance, shape) if chance.random() < 0.5 else None,
        stop=stop,
        hurry_after_seconds=chance.choice((0.0, 0.05, 0.3, 5.0))
        if stop is not None and chance.random() < 0.6
        else None,
        commit_seconds=chance.choice((0.0, 0.003, 0.01, 0.1, 1.0, 3.0)),
        failing_group=chance.randrange(1, 20) if chance.random() < 0.12 else None,
        failing_written=chance.random() < 0.3,
        refuses=chance.random() < refuses,
    )


def _moment(chance: random.Random, shape: Shape) -> Moment:
    """By the clock: as often within the first tenth of a second as within the minute after ten."""
    if chance.random() < 0.4:
        return Moment(at_seconds=float(10 ** chance.uniform(-2.0, 2.0)))
    point = chance.choice(list(Point))
    return Moment(point=point, number=1 if point is Point.ENDED else chance.randint(1, len(shape.accounts)))
