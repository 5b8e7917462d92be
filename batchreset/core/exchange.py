"""What one HTTP exchange came to.

The difference between `Lost` and `NotSent` matters most: it decides whether a password may have changed.
"""

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The service, or something before it, gave a whole answer.

    Attributes:
        status: the HTTP status.
        error_code: the body's `code` as text, empty when there is none or the answer is a success.
        error_description: the body's `description`, at most 1024 characters, no secret in it.
        correlation_id: `MS-CorrelationId` as echoed; None when it was not.
        request_id: `MS-RequestId` as echoed; None when it was not.
        retry_after_seconds: from `Retry-After`, at least 0; None when missing or unreadable.
        claims: a claims challenge in `WWW-Authenticate`, for the sign-in; None when there is none.
        mfa_compliant: `isMfaCompliant`, where it was asked for with `ValidateMfa`; None when not said.
        sender: who sent the request, where that was another process than this one.
    """

    status: int
    error_code: str = ""
    error_description: str = ""
    correlation_id: str | None = None
    request_id: str | None = None
    retry_after_seconds: float | None = None
    claims: str | None = None
    mfa_compliant: bool | None = None
    sender: str = ""


class LossKind(enum.StrEnum):
    """How an answer got lost."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    CUT_SHORT = "cut_short"
    CANCELLED = "cancelled"
    """We stopped waiting: the run was ended while the exchange was under way."""
    SENDER = "sender"
    """The process that was to send it is gone, or nothing is heard of it: it may have sent it, and heard the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The request went out, wholly or in part, and no whole answer came: it may have been carried out."""

    kind: LossKind
    detail: str = ""
    sender: str = ""


class NotSentKind(enum.StrEnum):
    """Why nothing was sent."""

    CONNECT = "connect"
    """Refused, no route, no name, no answer to the connection."""
    TLS = "tls"
    """The certificate or the handshake was refused."""
    PROXY = "proxy"
    LATE = "late"
    """It was not to leave any more: see `net.Request.may_leave`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """No byte of the request left this machine."""

    kind: NotSentKind = NotSentKind.CONNECT
    detail: str = ""
    sender: str = ""


Exchange = Answered | Lost | NotSent
