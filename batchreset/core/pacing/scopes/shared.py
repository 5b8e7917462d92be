"""What some customers' limits were found to be, others' are likely to be too."""

import math
from dataclasses import replace
from typing import Final

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.limits.episode import AGREEMENT
from batchreset.core.pacing.limits.fixed import Fixed, borrowed, lent
from batchreset.core.pacing.limits.lessons import EARLY_LEAST_SECONDS
from batchreset.core.pacing.limits.shape import Open, Standing
from batchreset.core.pacing.limits.sliding import Sliding

WITNESSES_TO_TRUST: Final = 3
"""So many customers with the same measured limit; then small ones need not be refused to learn it."""
HINTS_KEPT: Final = 8
"""The first customers that were refused; those that come later are many and say the same."""
HINTS_APART: Final = 2
HINTS_AGREEMENT: Final = 0.1
"""Hints leave out what was under way: they agree when they are no further apart than this."""
SMALL_WINDOWS: Final = 4
"""A customer that needs no more windows than this is small: if it has a higher limit, little time is lost."""
TRUSTED_WINDOWS_SMALL: Final = 4
TRUSTED_WINDOWS: Final = 1
"""So many windows are not probed."""


class Shared:
    """The limit that customers seem to have in common."""

    def __init__(self) -> None:
        self._count = 0
        self._window_seconds = 0.0
        self._measured = False
        self._end_seconds = 0.0
        self._witnesses: set[str] = set()
        self._hints: dict[str, int] = {}
        self._slid: dict[str, Sliding] = {}

    def hint(self, customer: str, gate: Gate) -> None:
        """From refusals that are not over yet; better than nothing."""
        told = gate.told_window()
        if self._measured or told is None:
            return
        self._count, self._window_seconds, self._end_seconds = told.count, told.window_seconds, told.end_seconds
        if len(self._hints) < HINTS_KEPT or customer in self._hints:
            self._hints[customer] = self._count
        if self._trusts():
            self._count = max(self._hints.values())

    def learned(self, customer: str, gate: Gate) -> None:
        """From a customer whose gate has opened again."""
        limit = gate.limit
        if not isinstance(limit, Fixed) or limit.borrowed or (self._measured and not limit.sure):
            return
        same = abs(limit.count - self._count) <= AGREEMENT * self._count and (
            abs(limit.window_seconds - self._window_seconds) <= AGREEMENT * self._window_seconds
        )
        if not same or not limit.sure:
            self._witnesses.clear()
        if limit.sure:
            self._witnesses.add(customer)
        self._count, self._window_seconds, self._measured = limit.count, limit.window_seconds, limit.sure
        self._end_seconds = gate.door.until_seconds

    def advise(self, gate: Gate, waiting: int) -> None:
        """Tell a customer that is about to send, and of which nothing was seen, what was seen of others."""
        limit = gate.limit
        if self._slides() and limit.standing is not Standing.MEASURED and isinstance(limit, Open | Fixed):
            self._lend_sliding(gate)
        elif isinstance(limit, Open):
            if self._count and not limit.refuted:
                self._lend(gate, waiting)
        elif limit.borrowed and self._trusts() and abs(limit.count - self._count) <= HINTS_AGREEMENT * self._count:
            self._lend(gate, waiting)  # it borrowed what one other had met; by now more have met it

    def renew(self, gate: Gate) -> None:
        """Tell a customer that lives on what it was told, or sees what no other does, what is known by now."""
        limit = gate.limit
        if isinstance(limit, Sliding) and limit.window_seconds >= EARLY_LEAST_SECONDS:
            self._slid[gate.scope] = limit
        if self._slides():
            if isinstance(limit, Fixed):
                self._lend_sliding(gate)
        elif not self._measured:
            return
        elif isinstance(limit, Sliding) and limit.doubtful and self._trusts():
            gate.limit = self._as_lent(gate, TRUSTED_WINDOWS_SMALL)
        elif limit.standing is Standing.LENT:
            gate.limit = replace(limit, count=self._count, window_seconds=self._window_seconds)

    def _slides(self) -> bool:
        """Whether so many customers' windows slide, and as one, that all do."""
        if len(self._slid) < WITNESSES_TO_TRUST:
            return False
        counts = [limit.count for limit in self._slid.values()]
        windows = {limit.window_seconds for limit in self._slid.values()}
        return len(windows) == 1 and max(counts) - min(counts) <= HINTS_AGREEMENT * max(counts)

    def _lend_sliding(self, gate: Gate) -> None:
        count, window_seconds = max((limit.count, limit.window_seconds) for limit in self._slid.values())
        gate.limit = Sliding(
            count=count,
            window_seconds=window_seconds,
            standing=Standing.LENT,
            history=gate.limit.history,
            refused_at_seconds=-math.inf,
        )

    def _lend(self, gate: Gate, waiting: int) -> None:
        if self._trusts():
            small = waiting <= SMALL_WINDOWS * self._count
            limit = self._as_lent(gate, TRUSTED_WINDOWS_SMALL if small else TRUSTED_WINDOWS)
        else:
            limit = borrowed(self._count, self._window_seconds, history=gate.limit.history, measured=self._measured)
        gate.borrow(limit, end_seconds=self._end_seconds)

    def _as_lent(self, gate: Gate, unprobed_windows: int) -> Fixed:
        return lent(self._count, self._window_seconds, history=gate.limit.history, unprobed_windows=unprobed_windows)

    def _trusts(self) -> bool:
        if self._measured:
            return len(self._witnesses) >= WITNESSES_TO_TRUST
        counts = self._hints.values()
        return len(counts) >= WITNESSES_TO_TRUST and max(counts) - min(counts) <= HINTS_APART + HINTS_AGREEMENT * max(
            counts
        )
