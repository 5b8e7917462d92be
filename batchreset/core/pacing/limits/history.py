"""What windows were seen to take, and how well that agrees: it outlives a change of the limit's shape."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

OBSERVATIONS_KEPT: Final = 6
"""The limit is the least of so many: where it changes at random, the least is what a window can be trusted with."""
OBSERVED_AGREEMENT: Final = 0.015
"""Observed limits that differ by no more are the same one; where it changes at random, few are so near by chance."""
WINDOWS_BETWEEN_PROBES: Final = (0, 1, 3, 6, 10)
"""After so many agreeing observations in a row, so many windows are spent without looking beyond the limit."""
RESTLESS_CHANGES: Final = 3
"""So many among those that are kept: a limit that was raised, or that others share, changes once or twice."""
TRUSTED_AGREEING: Final = 3
"""So many observations are those of others worth, when they agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Observations of one limit.

    Attributes:
        counts: what the last windows took, oldest first.
        agreeing: how many of the last observations agreed, one after another.
        unprobed_windows: so many more are spent without looking beyond the limit.
        best: the highest limit there was.
        doubted: the last episode contradicted windows that had agreed; the next that does is believed.
        shapes_tried: changes of mind.
    """

    counts: tuple[int, ...] = ()
    agreeing: int = 0
    unprobed_windows: int = 0
    best: int = 0
    doubted: bool = False
    shapes_tried: int = 0

    @property
    def least(self) -> int:
        """What a window can be trusted with, by all that was observed."""
        return max(1, min(self.counts))

    @property
    def restless(self) -> bool:
        """Whether it was another nearly every time: then two that agree do so by chance."""
        changes = (
            abs(before - after) > OBSERVED_AGREEMENT * max(before, after) for before, after in pairwise(self.counts)
        )
        return sum(changes) >= RESTLESS_CHANGES

    def observed(self, accepted: int, *, believed: int) -> "History":
        """A window took so many and then refused. Two in a row that agree, above what was believed, replace it."""
        accepted, counts = max(1, accepted), self.counts
        least, most = (1.0 - OBSERVED_AGREEMENT) * believed, (1.0 + OBSERVED_AGREEMENT) * believed
        settled = bool(counts) and not self.restless
        agrees = settled and least <= accepted <= most and counts[-1] <= most
        if settled and not agrees:
            last = counts[-1]
            if abs(accepted - last) <= OBSERVED_AGREEMENT * accepted and min(accepted, last) > believed:
                counts = (last,)
        agreeing = min(self.agreeing + 1, len(WINDOWS_BETWEEN_PROBES) - 1) if agrees else 0
        return replace(
            self._with(counts, accepted),
            agreeing=agreeing,
            unprobed_windows=WINDOWS_BETWEEN_PROBES[agreeing],
            doubted=False,
        )

    def took_more(self, accepted: int, *, wild: bool) -> "History":
        """A window took so many, more than was believed, and refused nothing. Wild: lower ones may come again."""
        counts = self.counts if wild else tuple(count for count in self.counts if count > accepted)
        return replace(self._with(counts, accepted), agreeing=0)

    def lent(self, count: int, *, unprobed_windows: int) -> "History":
        """Several others agree on it."""
        return replace(
            self,
            counts=(*self.counts, count)[-OBSERVATIONS_KEPT:],
            agreeing=TRUSTED_AGREEING,
            unprobed_windows=unprobed_windows,
            best=count,
        )

    def forgotten(self) -> "History":
        """What was counted belonged to windows of another length."""
        return replace(self, counts=())

    def only_guessed(self) -> "History":
        """What was counted may have been two windows': it says nothing, nor of a better limit that was."""
        return replace(self, counts=(), best=0)

    def another_shape(self) -> "History":
        """The limit is taken for something else."""
        return replace(self, agreeing=0, shapes_tried=self.shapes_tried + 1)

    def _with(self, counts: tuple[int, ...], accepted: int) -> "History":
        counts = (*counts, accepted)[-OBSERVATIONS_KEPT:]
        return replace(self, counts=counts, best=max(self.best, 1, min(counts)))


NOTHING_SEEN: Final = History()
