"""What can end a run early, each with its exit code and the operator's next step.

    BatchresetError
    ├── RefusedError             2   usage, settings or input; nothing was sent
    │   ├── SettingsError            an unknown key or a value that cannot be
    │   │   └── CommandFailedError   the command that gives a value was started, and gave none
    │   ├── InputError               the input cannot be read, or rows of it are wrong
    │   ├── PlanRefusedError         a guard said no before anything was sent
    │   ├── RunFolderError           the run's folder cannot be made, read or written
    │   ├── ServiceUnreachableError  no connection, or TLS refused, before the first reset
    │   ├── ClusterError             those who are to send cannot be reached, or not safely
    │   └── DirectoryError           customers or users cannot be read, so that nobody can tell
    ├── SignInError              5   no token, no right
    │   └── MfaRequiredError         the token does not satisfy multi-factor authentication
    ├── RunHeldError            11   another process holds this run
    ├── BrokenOffError         130   SIGINT ended it before anything was changed
    ├── TerminatedError        143   SIGTERM or SIGHUP did
    ├── ResultsError             1   carried out, but the results could not be written
    └── LedgerError              1   the ledger could not be read or written; the run can be continued

A row's failure is never an exception: it is an outcome (`batchreset.core.outcome`).
"""

import enum
import os
import re
from typing import ClassVar, Final

_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust (polars) tell of the system's errors."""


class ExitCode(enum.IntEnum):
    """Documented in the README; scripts rely on these numbers."""

    OK = 0
    UNEXPECTED = 1
    REFUSED = 2
    ROWS_FAILED = 3
    STOPPED_BY_SAFETY = 4
    SIGN_IN = 5
    RUN_HELD = 11
    INTERRUPTED = 130
    TERMINATED = 143


class BatchresetError(Exception):
    """Root of every error the program raises on purpose.

    Args:
        what: what happened and why, one or two plain sentences, no secret in them.
        next_step: what the operator should do now.
        details: further lines (a table of problems, the other side's own words), shown between the two.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, what: str, *, next_step: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.details = details

    def lines(self) -> list[str]:
        """The text for a person: what happened, details, what to do."""
        return [
            f"error: {sentence(self.what)}",
            *(f"  {line}" for line in self.details),
            f"what to do: {sentence(self.next_step)}",
        ]


def sentence(text: str) -> str:
    """The text with one full stop at its end, so that errors read alike wherever they were written."""
    return text if text.endswith((".", "…", "?", "!", "`")) else text + "."


def cause(error: Exception) -> str:
    """An error in the system's own words, where it has any: its path is named in ours, and its number tells nobody."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    number = _OS_ERROR.search(str(error))
    return os.strerror(int(number[1])) if number else str(error)


class RefusedError(BatchresetError):
    """Something about the request to run is wrong; this call sent nothing."""

    exit_code = ExitCode.REFUSED


class SettingsError(RefusedError):
    """A setting is unknown, contradictory or out of bounds."""


class CommandFailedError(SettingsError):
    """A command that gives a secret was started, and failed or did not end: a vault out of breath, perhaps."""


class InputError(RefusedError):
    """The input cannot be read, or rows of it are wrong."""


class PlanRefusedError(RefusedError):
    """A guard said no: too many rows, no recipient, not confirmed, already applied."""


class RunFolderError(RefusedError):
    """The run's folder cannot be made, found, read or written."""


class ServiceUnreachableError(RefusedError):
    """No connection could be made to the API, or TLS was refused."""


class ClusterError(RefusedError):
    """The cluster whose workers are to send cannot be reached, or not safely."""


class DirectoryError(RefusedError):
    """Customers or users cannot be read: no right, or no clear answer."""


class SignInError(BatchresetError):
    """No usable token, no MFA claim in it, or no right."""

    exit_code = ExitCode.SIGN_IN


class MfaRequiredError(SignInError):
    """The token does not satisfy multi-factor authentication."""


class RunHeldError(BatchresetError):
    """Another process is carrying out this run."""

    exit_code = ExitCode.RUN_HELD


class BrokenOffError(BatchresetError):
    """SIGINT ended the command before anything was changed."""

    exit_code = ExitCode.INTERRUPTED


class TerminatedError(BatchresetError):
    """SIGTERM or SIGHUP ended the command before anything was changed."""

    exit_code = ExitCode.TERMINATED


class ResultsError(BatchresetError):
    """The run was carried out, but its results could not be written; they can be written again at any time."""

    exit_code = ExitCode.UNEXPECTED


class LedgerError(BatchresetError):
    """The ledger could not be read or written; what it holds is intact, and the run can be continued."""

    exit_code = ExitCode.UNEXPECTED
