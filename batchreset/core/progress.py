"""What a run has done so far, for whoever looks: the display, the log line, the tests. Counts only, no rows."""

import collections

from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Learned, Pacer, PaceSnapshot


class Progress:
    """Filled by the engine, read at any time.

    Attributes:
        planned: rows that are to be reset in all.
        before: of them, those that earlier sessions of the run have settled.
        outcomes: of this session, by outcome.
        waves_left: waves that are still to come; while there is one, the canary is under way.
    """

    def __init__(self, *, planned: int, before: int = 0) -> None:
        self.planned = planned
        self.before = before
        self.outcomes: collections.Counter[Outcome] = collections.Counter()
        self.waves_left = 0
        self._pacer: Pacer | None = None

    @property
    def done(self) -> int:
        """Rows with an outcome, of all sessions."""
        return self.before + self.outcomes.total()

    def wave_begins(self, pacer: Pacer, *, waves_left: int) -> None:
        """Another wave, paced by `pacer` (the same one for all waves of a run)."""
        self.waves_left = waves_left
        self._pacer = pacer

    def ended(self, outcome: Outcome) -> None:
        """One more row has its outcome."""
        self.outcomes[outcome] += 1

    @property
    def learned(self) -> Learned | None:
        """What pacing has learned so far; None before the first wave."""
        return self._pacer.learned if self._pacer else None

    def pace(self) -> PaceSnapshot | None:
        """What pacing is doing; None before the first wave."""
        return self._pacer.snapshot() if self._pacer else None
