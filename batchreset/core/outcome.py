"""How a row ends: outcome, reason, and the one sentence of advice that goes with them.

The words are the contract of the results file; scripts compare them.
"""

import enum


class Outcome(enum.StrEnum):
    """Every input row ends in exactly one of these."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Surely not changed: the service refused, or nothing left this machine."""
    IN_DOUBT = "in_doubt"
    """Sent, and no clear answer came: the password may be the old or the new one."""
    SKIPPED = "skipped"
    """Left out, by the plan or at the last moment; surely never sent."""
    NOT_ATTEMPTED = "not_attempted"
    """Planned, and the run ended before anything was sent for it."""


class Reason(enum.StrEnum):
    """Why a row ended as it did; empty for a row that succeeded by an answer."""

    PROTECTED = "protected"
    DUPLICATE = "duplicate"
    INVALID = "invalid"

    DELETED = "deleted"
    FEDERATED = "federated"
    SYNCED = "synced"
    PRIVILEGED = "privileged"

    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    BAD_REQUEST = "bad_request"
    CONFLICT = "conflict"
    REDIRECTED = "redirected"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    UNAUTHORIZED = "unauthorized"
    MFA_REQUIRED = "mfa_required"

    CANARY = "canary"
    FAILURE_RATE = "failure_rate"
    MAX_FAILURES = "max_failures"
    MAX_DURATION = "max_duration"
    UNREACHABLE = "unreachable"
    LEDGER = "ledger"
    INTERRUPTED = "interrupted"
    DRY_RUN = "dry_run"
    PLANNED = "planned"
    RECONCILED = "reconciled"
    """Partner Center's own records decided how the row ended (`batchreset reconcile`), also where it succeeded."""
    DOUBTED = "doubted"
    """It succeeded, and Partner Center's own records speak against its password being the one in force."""


_ADVICE_BY_REASON = {
    Reason.PROTECTED: (
        "This account is on the protected list, or the operator's own; if it really is to be reset, take it off the"
        " list and run it again."
    ),
    Reason.DUPLICATE: "The same user stands earlier in the input; look at that row for what became of it.",
    Reason.INVALID: "Correct this row and run it again in a file of its own.",
    Reason.DELETED: "This user is deleted; restore it in Partner Center first if the password really is to be reset.",
    Reason.FEDERATED: "The customer's own identity provider keeps this user's password; have it reset there.",
    Reason.SYNCED: "This user comes from the customer's own directory; have the password reset there.",
    Reason.PRIVILEGED: (
        "This user holds an administrator role; take `privileged` out of [safety] skip if it really is to be reset."
    ),
    Reason.NOT_FOUND: "Check that the user still exists in this customer and that both ids are right.",
    Reason.FORBIDDEN: (
        "Check the delegated admin relationship (GDAP) with this customer:"
        " User Administrator or Privileged Authentication Administrator is needed."
    ),
    Reason.BAD_REQUEST: "The service refused the request as wrong; look at its error code and description for what is.",
    Reason.CONFLICT: "The service reported a conflict; look at the user in Partner Center, then retry.",
    Reason.REDIRECTED: (
        "Something between here and the service redirected the request; check the proxy and [partner_center] base_url."
    ),
    Reason.UNAUTHORIZED: "Sign in again, then continue the run with `batchreset apply`.",
    Reason.MFA_REQUIRED: "Sign in with multi-factor authentication, then continue with `batchreset apply`.",
    Reason.UNREACHABLE: (
        "Restore the connection to the service, or to the cluster that was to send, then continue with"
        " `batchreset apply`."
    ),
    Reason.LEDGER: "Make room or mend the disk, then continue with `batchreset apply`.",
    Reason.CANARY: "Look at why the first rows did not succeed, then continue with `batchreset apply`.",
    Reason.FAILURE_RATE: "Look at why so many rows did not succeed, then continue with `batchreset apply`.",
    Reason.MAX_FAILURES: "Look at the failures, then continue with `batchreset apply`.",
    Reason.MAX_DURATION: "Continue with `batchreset apply` when there is time again.",
    Reason.INTERRUPTED: "Continue with `batchreset apply`.",
    Reason.DRY_RUN: "Nothing was sent; `batchreset apply` carries the plan out.",
    Reason.PLANNED: "Nothing was sent yet; `batchreset apply` carries the plan out.",
    Reason.RECONCILED: (
        "Partner Center's own records have every unclear request for it as failed; try it again with"
        " `apply --retry-failed`."
    ),
    Reason.DOUBTED: (
        "Partner Center's own records speak against this password being in force still, such as with a later reset"
        " (reconcile.csv says what); look at the user, or reset it again."
    ),
}

_ADVICE_NOT_ATTEMPTED = {
    Reason.PROTECTED: (
        "Whether protected accounts are among the rows could not be told; mend that, then continue with"
        " `batchreset apply`."
    ),
}

_ADVICE_FAILED = {
    Reason.THROTTLED: "The service throttled this row to the end; try it again later with `apply --retry-failed`.",
    Reason.CONNECTION: "Nothing was sent; restore the connection, then `apply --retry-failed`.",
}

_ADVICE_IN_DOUBT = (
    "The password may have been changed; hand over the one marked possible, see whether `batchreset reconcile` can"
    " tell, or continue with `batchreset apply` to set a new one."
)
_ADVICE_IN_DOUBT_PROTECTED = (
    "The password may have been changed; hand over the one marked possible: the account is protected now, so that the"
    " run sets no new one."
)


def advice(outcome: Outcome, reason: Reason | None) -> str:
    """One plain sentence where there is something to do, else empty."""
    if reason is None or (outcome is Outcome.SUCCEEDED and reason is not Reason.DOUBTED):
        return ""
    if outcome is Outcome.IN_DOUBT:
        return _ADVICE_IN_DOUBT_PROTECTED if reason is Reason.PROTECTED else _ADVICE_IN_DOUBT
    if outcome is Outcome.NOT_ATTEMPTED and reason in _ADVICE_NOT_ATTEMPTED:
        return _ADVICE_NOT_ATTEMPTED[reason]
    if outcome is Outcome.FAILED and reason in _ADVICE_FAILED:
        return _ADVICE_FAILED[reason]
    return _ADVICE_BY_REASON.get(reason, "")
