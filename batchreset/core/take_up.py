"""Which rows that have an outcome are sent again when a run is carried on."""

from dataclasses import dataclass

from batchreset.core.outcome import Outcome, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeUp:
    """Rows without an outcome always are; succeeded and skipped ones never.

    Attributes:
        in_doubt: rows whose password may have been changed.
        failed: rows that were refused.
        reasons: of the failed ones, only those that failed for one of these; empty: for any.
    """

    in_doubt: bool = False
    failed: bool = False
    reasons: frozenset[Reason] = frozenset()

    def includes(self, outcome: Outcome, reason: Reason | None) -> bool:
        """Whether a row that ended so is sent again."""
        match outcome:
            case Outcome.IN_DOUBT:
                return self.in_doubt
            case Outcome.FAILED:
                return self.failed and (not self.reasons or reason in self.reasons)
            case _:
                return False
