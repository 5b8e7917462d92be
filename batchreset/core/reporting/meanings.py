"""What outcomes, states and exit codes mean, in a few words for whoever was not there."""

from typing import Final

from batchreset.core.outcome import Outcome, Reason
from batchreset.errors import ExitCode

OUTCOMES: Final = {
    Outcome.SUCCEEDED: "a new password was set",
    Outcome.FAILED: "surely not changed",
    Outcome.IN_DOUBT: "perhaps changed: no clear answer came",
    Outcome.SKIPPED: "left out, never sent",
    Outcome.NOT_ATTEMPTED: "planned, nothing was sent for them",
}
REASONS: Final = {Reason.RECONCILED: "settled by Partner Center’s own records"}
"""Of those that do not say it themselves."""
KILLED_OVER_THEM: Final = (
    "The process was killed at work on these: a further request may have left for each, whatever its last answer was."
)
UNDER_WAY: Final = "a request is being sent, or its answer awaited"
TO_COME: Final = "Nothing: the session that goes on comes to them."
EXIT_CODES: Final = {
    ExitCode.OK: "every row that was to be reset was reset",
    ExitCode.UNEXPECTED: "an unexpected error, or a disk that failed; the run can be continued",
    ExitCode.REFUSED: "refused or unreachable; the rest was not attempted",
    ExitCode.ROWS_FAILED: "finished, but some rows failed or are in doubt",
    ExitCode.STOPPED_BY_SAFETY: "stopped by a safety limit; the rest was not attempted",
    ExitCode.SIGN_IN: "the sign-in does not do: no token, no MFA, or no right",
    ExitCode.RUN_HELD: "another process holds this run",
    ExitCode.INTERRUPTED: "interrupted; what was under way was finished and recorded",
    ExitCode.TERMINATED: "terminated; what was under way was finished and recorded",
}
