"""What ends a reading: whose it was, what the service said, what to do."""

from dataclasses import dataclass
from typing import Any

from batchreset.core.directory import Read
from batchreset.core.exchange import Answered
from batchreset.core.outcome import Reason
from batchreset.errors import BatchresetError, DirectoryError, MfaRequiredError, ServiceUnreachableError, SignInError

_SEE_CUSTOMERS = "a user of the partner who may see its customers (Admin agent or Helpdesk agent)"
_SEE_AUDIT = "a user of the partner who may see its activity log (Global admin, or Admin agent)"
_SEE_USERS = (
    "Directory Readers, Global Reader or User Administrator, by GDAP, in a security group that the role is assigned to"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is read.

    Attributes:
        customer: a tenant id; empty: the partner's list of customers.
        user: empty: the customer's list of users.
        purpose: what cannot be told, or done, when it cannot be read.
        is_audit: the service's own records of the customer, or (without one) of all that the partner did.
    """

    purpose: str
    customer: str = ""
    user: str = ""
    is_audit: bool = False

    def __str__(self) -> str:
        if self.is_audit:
            return f"the audit records of customer {self.customer}" if self.customer else "the partner's audit records"
        if not self.customer:
            return "the list of the partner's customers"
        whose = f"customer {self.customer}"
        return f"user {self.user} of {whose}" if self.user else f"the users of {whose}"


def refused(subject: Subject, reason: Reason | None, read: Read[Any]) -> BatchresetError:
    """The error that a last answer comes to."""
    said = _said(read)
    match reason:
        case Reason.FORBIDDEN if subject.is_audit:
            return DirectoryError(
                f"{subject} may not be read ({said}); {subject.purpose}",
                next_step=f"sign in as {_SEE_AUDIT}, then try again",
            )
        case Reason.FORBIDDEN if subject.customer:
            return DirectoryError(
                f"{subject} may not be read ({said}): the signed-in user has no right to do so; {subject.purpose}",
                next_step=f"have the customer grant one of {_SEE_USERS}; or leave customer {subject.customer} out",
            )
        case Reason.FORBIDDEN:
            return DirectoryError(
                f"{subject} may not be read ({said}); {subject.purpose}",
                next_step=f"sign in as {_SEE_CUSTOMERS}, or name the customers with --customer",
            )
        case Reason.THROTTLED:
            return DirectoryError(
                f"{subject} could not be read: for an hour the service answered nothing but 429 (too many requests);"
                f" {subject.purpose}",
                next_step="try again later, when nothing else uses up the partner's limit",
            )
        case _:
            return DirectoryError(
                f"{subject} could not be read ({said}); {subject.purpose}",
                next_step="check [partner_center] base_url, the network and the proxy variables, and try again later;"
                " [pace] max_attempts says how often each is tried",
            )


def unreachable(subject: Subject, detail: str, *, tls: bool) -> BatchresetError:
    """Nothing was ever sent: nobody answers, or not as who they should be."""
    if tls:
        return ServiceUnreachableError(
            f"a secure connection to the service was refused: {detail}; nothing was sent",
            next_step="check [partner_center] base_url, and give the certificate authority with"
            " [partner_center] ca_file if the service (or a proxy before it) has one of its own",
        )
    return ServiceUnreachableError(
        f"the service cannot be reached: {detail}; {subject} could not be read",
        next_step="check [partner_center] base_url, the network and the proxy variables (HTTPS_PROXY, NO_PROXY),"
        " then try again",
    )


def sign_in(reason: Reason, read: Read[Any]) -> SignInError:
    """The token is what is refused."""
    if reason is Reason.MFA_REQUIRED:
        return MfaRequiredError(
            f"Partner Center demands multi-factor authentication and the token has none ({_said(read)}); nothing was"
            " changed",
            next_step="sign in with MFA (`batchreset auth login`), then try again",
        )
    return SignInError(
        f"Partner Center refuses the token ({_said(read)}), also after it was renewed; nothing was changed",
        next_step="sign in again (`batchreset auth login`, or give a new App+User token), then try again",
    )


def missing(subject: Subject) -> DirectoryError:
    """404 where it should not be."""
    return DirectoryError(
        f"{subject} could not be read (HTTP 404): the service knows nothing by that address; {subject.purpose}",
        next_step="check the customer's tenant id, and [partner_center] base_url",
    )


def incomplete(subject: Subject, total: int, given: int) -> DirectoryError:
    """A list that says itself that it is not whole."""
    return DirectoryError(
        f"{subject} could not be read to the end: {given:,} of {total:,} came, and no further page; {subject.purpose}",
        next_step=f"try again later; if it stays so, report it to Microsoft{_or_leave_out(subject)}",
    )


def endless(subject: Subject, why: str) -> DirectoryError:
    """A list that would never end."""
    return DirectoryError(
        f"reading {subject} has no end: {why}; {subject.purpose}",
        next_step=f"try again later; if it stays so, report it to Microsoft{_or_leave_out(subject)}",
    )


def _or_leave_out(subject: Subject) -> str:
    return "" if subject.is_audit else ", or leave that customer out"


def _said(read: Read[Any]) -> str:
    exchange = read.exchange
    if not isinstance(exchange, Answered):
        return exchange.detail or "no answer"
    parts = [f"HTTP {exchange.status}"]
    if read.unreadable:
        parts.append(f"an answer that cannot be understood: {read.unreadable}")
    if exchange.error_code:
        parts.append(f"code {exchange.error_code}")
    if exchange.error_description:
        parts.append(exchange.error_description)
    return ", ".join(parts)
