"""Why a run ended before all its rows did, and what its exit code is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batchreset.core.outcome import Outcome, Reason
from batchreset.errors import ExitCode

APPLY: Final = "`batchreset apply`"
"""In a next step: where a command that names the run is put."""
CONTINUE: Final = f"continue the run with {APPLY}"
OR_SEND_HERE: Final = f"then {CONTINUE}; add `--cluster none` to send from this machine"
"""After a step that mends a cluster."""

_EXIT_CODES: Final = {
    Reason.CANARY: ExitCode.STOPPED_BY_SAFETY,
    Reason.FAILURE_RATE: ExitCode.STOPPED_BY_SAFETY,
    Reason.MAX_FAILURES: ExitCode.STOPPED_BY_SAFETY,
    Reason.MAX_DURATION: ExitCode.STOPPED_BY_SAFETY,
    Reason.UNAUTHORIZED: ExitCode.SIGN_IN,
    Reason.MFA_REQUIRED: ExitCode.SIGN_IN,
    Reason.UNREACHABLE: ExitCode.REFUSED,
    Reason.PROTECTED: ExitCode.REFUSED,
    Reason.LEDGER: ExitCode.UNEXPECTED,
    Reason.INTERRUPTED: ExitCode.INTERRUPTED,
}

STOPPED_BY_SAFETY: Final = frozenset(r for r, code in _EXIT_CODES.items() if code is ExitCode.STOPPED_BY_SAFETY)
"""Reasons of a stop after which somebody has to look before the run goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The run was ended early.

    Attributes:
        reason: given to the rows that were not attempted.
        what: what happened and why, for the operator.
        next_step: what to do now.
        exit_code: what the process exits with.
    """

    reason: Reason
    what: str
    next_step: str
    exit_code: ExitCode


def stop_for(reason: Reason, what: str, *, next_step: str = CONTINUE, exit_code: ExitCode | None = None) -> Stop:
    """A stop with the reason's own exit code, unless told otherwise (SIGTERM and SIGINT share a reason)."""
    return Stop(reason=reason, what=what, next_step=next_step, exit_code=exit_code or _EXIT_CODES[reason])


def exit_code_of(outcomes: Mapping[Outcome, int], stop: Stop | None, *, rows_left: int) -> ExitCode:
    """A run's exit code.

    Args:
        outcomes: how many rows ended how.
        stop: why it was ended early, if it was.
        rows_left: rows of the plan that have no outcome of their own yet. A stop that came when none was left
            (a signal during the last exchange) changed nothing.
    """
    if stop is not None and rows_left:
        return stop.exit_code
    if outcomes.get(Outcome.FAILED, 0) or outcomes.get(Outcome.IN_DOUBT, 0):
        return ExitCode.ROWS_FAILED
    return ExitCode.OK
