"""From what came back to what it means. Statuses and codes: learn: error-codes, and the .NET SDK's grouping."""

import enum
import http
from typing import Final, assert_never

from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent

MFA_REQUIRED_CODE: Final = "900421"
"""401: the token carries no MFA claim (enforced since 2026)."""
INVALID_PROPERTY_CODE: Final = "3000"
"""400: the only property of our request that the service can find fault with is the password."""


class Verdict(enum.Enum):
    """The rows of the retry table."""

    SUCCEEDED = enum.auto()
    THROTTLED = enum.auto()
    SERVER_ERROR = enum.auto()
    TIMEOUT = enum.auto()
    CONNECTION_LOST = enum.auto()
    SENDER_LOST = enum.auto()
    """It says nothing of the service."""
    NOT_SENT = enum.auto()
    UNAUTHORIZED = enum.auto()
    TOKEN_WORN = enum.auto()
    """401 to a token that the service had taken before, or that was replaced meanwhile: it died, the sign-in holds."""
    MFA_REQUIRED = enum.auto()
    WEAK_PASSWORD = enum.auto()
    NOT_FOUND = enum.auto()
    FORBIDDEN = enum.auto()
    CONFLICT = enum.auto()
    BAD_REQUEST = enum.auto()
    REDIRECTED = enum.auto()


_BY_CLASS: Final = {2: Verdict.SUCCEEDED, 3: Verdict.REDIRECTED, 4: Verdict.BAD_REQUEST}
_BY_STATUS: Final = {
    401: Verdict.UNAUTHORIZED,
    403: Verdict.FORBIDDEN,
    404: Verdict.NOT_FOUND,
    408: Verdict.SERVER_ERROR,
    409: Verdict.CONFLICT,
    429: Verdict.THROTTLED,
}


def classify(exchange: Exchange) -> Verdict:
    """Every exchange has exactly one verdict; what is unknown is taken for unclear, never for a refusal."""
    match exchange:
        case Answered():
            return _classify_answer(exchange)
        case Lost(kind=LossKind.TIMEOUT):
            return Verdict.TIMEOUT
        case Lost(kind=LossKind.SENDER):
            return Verdict.SENDER_LOST
        case Lost():
            return Verdict.CONNECTION_LOST
        case NotSent():
            return Verdict.NOT_SENT
        case _:
            assert_never(exchange)


def _classify_answer(answer: Answered) -> Verdict:
    if answer.status == http.HTTPStatus.UNAUTHORIZED and answer.error_code == MFA_REQUIRED_CODE:
        return Verdict.MFA_REQUIRED
    if answer.status == http.HTTPStatus.BAD_REQUEST and _is_about_the_password(answer):
        return Verdict.WEAK_PASSWORD
    by_class = _BY_CLASS.get(answer.status // 100, Verdict.SERVER_ERROR)
    return _BY_STATUS.get(answer.status, by_class)


def _is_about_the_password(answer: Answered) -> bool:
    return answer.error_code == INVALID_PROPERTY_CODE or "password" in answer.error_description.casefold()
