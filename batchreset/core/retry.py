"""What happens to a row after an exchange: the retry table of the design, as a table.

Pure: `decide` maps a row's history and a verdict to the next step; the engine carries the step out.
"""

import enum
import random
from dataclasses import dataclass
from typing import Final

from batchreset.core.classify import Verdict
from batchreset.core.outcome import Outcome, Reason

THROTTLED_AT_MOST_SECONDS: Final = 3600.0
"""A row that sees nothing but 429 for this long is given up."""
NEW_PASSWORDS_AT_MOST: Final = 2
UNAUTHORIZED_AT_MOST: Final = 5
"""401s in a row for one row, each to a token that served others: beyond, it is the row that is refused."""
BACKOFF_FIRST_SECONDS: Final = 0.5
BACKOFF_MOST_SECONDS: Final = 30.0
RETRY_AFTER_MOST_SECONDS: Final = 3600.0
"""A longer `Retry-After` on a 5xx is not believed: the row would hold its place for nothing."""


class Again(enum.Enum):
    """On what terms a row is sent again."""

    NEVER = enum.auto()
    CHARGED = enum.auto()
    """While attempts are left, after a backoff."""
    FREE = enum.auto()
    """When its lane opens; not charged, for an hour at most."""
    RENEWED = enum.auto()
    """With a renewed token: once where a token was refused that had served nobody, else a few times."""
    OTHER_PASSWORD = enum.auto()
    """With a new password, twice at most."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table.

    Attributes:
        again: on what terms the row is sent again.
        unclear: whether the service may have carried the request out.
        reason: the row's reason when it ends here.
        keeps_request_id: the retry carries the same `MS-RequestId` (learn: headers, "after a timeout").
    """

    again: Again
    unclear: bool
    reason: Reason
    keeps_request_id: bool = False


RETRY_TABLE: Final = {
    Verdict.THROTTLED: Rule(Again.FREE, unclear=False, reason=Reason.THROTTLED),
    Verdict.SERVER_ERROR: Rule(Again.CHARGED, unclear=True, reason=Reason.SERVER_ERROR),
    Verdict.TIMEOUT: Rule(Again.CHARGED, unclear=True, reason=Reason.TIMEOUT, keeps_request_id=True),
    Verdict.CONNECTION_LOST: Rule(Again.CHARGED, unclear=True, reason=Reason.CONNECTION, keeps_request_id=True),
    Verdict.SENDER_LOST: Rule(Again.CHARGED, unclear=True, reason=Reason.CONNECTION, keeps_request_id=True),
    Verdict.NOT_SENT: Rule(Again.CHARGED, unclear=False, reason=Reason.CONNECTION, keeps_request_id=True),
    Verdict.UNAUTHORIZED: Rule(Again.RENEWED, unclear=False, reason=Reason.UNAUTHORIZED),
    Verdict.TOKEN_WORN: Rule(Again.RENEWED, unclear=False, reason=Reason.UNAUTHORIZED),
    Verdict.MFA_REQUIRED: Rule(Again.NEVER, unclear=False, reason=Reason.MFA_REQUIRED),
    Verdict.WEAK_PASSWORD: Rule(Again.OTHER_PASSWORD, unclear=False, reason=Reason.BAD_REQUEST),
    Verdict.NOT_FOUND: Rule(Again.NEVER, unclear=False, reason=Reason.NOT_FOUND),
    Verdict.FORBIDDEN: Rule(Again.NEVER, unclear=False, reason=Reason.FORBIDDEN),
    Verdict.CONFLICT: Rule(Again.NEVER, unclear=False, reason=Reason.CONFLICT),
    Verdict.BAD_REQUEST: Rule(Again.NEVER, unclear=False, reason=Reason.BAD_REQUEST),
    Verdict.REDIRECTED: Rule(Again.NEVER, unclear=False, reason=Reason.REDIRECTED),
}

STOPS_THE_RUN: Final = frozenset({Verdict.UNAUTHORIZED, Verdict.TOKEN_WORN, Verdict.MFA_REQUIRED})
"""Not the row's fault: when such a verdict is final, the run ends and the row is taken up by the next `apply`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of one row so far.

    Attributes:
        exchanges: all of them, 429 too, over every session of the run.
        charged: those that count against `max_attempts`, in this session.
        unclear: whether any exchange, in any session, may have been carried out without our knowing.
        throttled_since_seconds: monotonic time since when there was nothing but 429, for this row's lane or for
            anybody; None outside such a time.
        weak: passwords refused as weak.
        unauthorized: 401s in an unbroken series, any 429 between them aside: those come before the token is looked
            at, and a row that sees the two in turn would never end.
    """

    exchanges: int = 0
    charged: int = 0
    unclear: bool = False
    throttled_since_seconds: float | None = None
    weak: int = 0
    unauthorized: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The row has its outcome."""

    outcome: Outcome
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The row is sent again."""

    again: Again
    keeps_request_id: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRun:
    """The run cannot go on; the row has no outcome yet."""

    reason: Reason


Step = End | Retry | StopRun
_SUCCEEDED: Final = End(outcome=Outcome.SUCCEEDED, reason=None)


def after(history: History, verdict: Verdict, *, now_seconds: float) -> History:
    """The history with one more exchange in it."""
    if verdict is Verdict.SUCCEEDED:
        # Of every row: `replace` takes three times as long.
        return History(
            exchanges=history.exchanges + 1,
            charged=history.charged,
            unclear=history.unclear,
            throttled_since_seconds=history.throttled_since_seconds,
            weak=history.weak,
            unauthorized=history.unauthorized,
        )
    rule = RETRY_TABLE[verdict]
    throttled_since = history.throttled_since_seconds if history.throttled_since_seconds is not None else now_seconds
    return History(
        exchanges=history.exchanges + 1,
        charged=history.charged + (rule.again is Again.CHARGED),
        unclear=history.unclear or rule.unclear,
        throttled_since_seconds=throttled_since if verdict is Verdict.THROTTLED else None,
        weak=history.weak + (verdict is Verdict.WEAK_PASSWORD),
        unauthorized=(
            history.unauthorized + 1
            if rule.again is Again.RENEWED
            else history.unauthorized
            if verdict is Verdict.THROTTLED
            else 0
        ),
    )


def decide(before: History, verdict: Verdict, *, now_seconds: float, max_attempts: int) -> Step:
    """The next step of a row whose history was `before` when `verdict` came.

    An unclear exchange is never forgotten: a later refusal says nothing about it, so the row ends in doubt. Only
    404 does (there is no such user whose password could have changed).
    """
    if verdict is Verdict.SUCCEEDED:
        return _SUCCEEDED
    rule = RETRY_TABLE[verdict]
    now = after(before, verdict, now_seconds=now_seconds)
    if _may_go_again(verdict, before, now, now_seconds=now_seconds, max_attempts=max_attempts):
        return Retry(again=rule.again, keeps_request_id=rule.keeps_request_id)
    if verdict in STOPS_THE_RUN:
        return StopRun(reason=rule.reason)
    surely_unchanged = not now.unclear or verdict is Verdict.NOT_FOUND
    return End(outcome=Outcome.FAILED if surely_unchanged else Outcome.IN_DOUBT, reason=rule.reason)


def _may_go_again(verdict: Verdict, before: History, now: History, *, now_seconds: float, max_attempts: int) -> bool:
    match RETRY_TABLE[verdict].again:
        case Again.NEVER:
            return False
        case Again.CHARGED:
            return now.charged < max_attempts
        case Again.FREE:
            since = now.throttled_since_seconds
            return since is None or now_seconds - since < THROTTLED_AT_MOST_SECONDS
        case Again.RENEWED:
            return before.unauthorized < (UNAUTHORIZED_AT_MOST if verdict is Verdict.TOKEN_WORN else 1)
        case Again.OTHER_PASSWORD:
            return now.weak <= NEW_PASSWORDS_AT_MOST


def backoff_seconds(charged: int, retry_after_seconds: float | None, chance: random.Random) -> float:
    """How long a row keeps its place before it is sent again: doubling, half of it by chance, or `Retry-After`."""
    ceiling = min(BACKOFF_MOST_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(max(charged - 1, 0), 16))
    wait = ceiling * (0.5 + 0.5 * chance.random())
    return max(wait, min(retry_after_seconds or 0.0, RETRY_AFTER_MOST_SECONDS))
