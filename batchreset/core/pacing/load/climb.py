"""How many at once a service does well with: a climb that asks at each step whether more gets done.

By Little's law what gets done a second is what is under way over what one takes. As long as more at once take no
longer, each is worth it; when all take longer in proportion, none is. `moves` has the table of what is asked when.
"""

import math
from typing import Final

from batchreset.core.pacing.load.moves import Finding, Move, moved
from batchreset.core.pacing.load.sample import Reading

LEAST_AT_ONCE: Final = 4
UNASKED_AT_ONCE: Final = 40
"""So many without asking."""
CAREFUL_SUCCESSES: Final = 650
"""And no more before so many: windows of up to 600 are usual, and at the first refusal all under way are refused."""
GROWTH: Final = 0.5
"""A success: doubles in two rounds."""
STEP: Final = 1.5
"""No further than this from where it was worth it: the service may break beyond."""
CUT: Final = 2.0
"""To fewer in larger steps: what is halved shows clearly whether it helps, and if not it is soon undone."""
JUDGED_APART: Final = 1.4
"""What is nearer is not told apart."""
RAISED: Final = 1.1
"""More than this over where it was worth it: if the service breaks, that may be the reason."""
WORTH_SHARE: Final = 0.3
"""Of what would be gained if answers took no longer. With less, more at once is useless."""
LOST_SHARE: Final = 0.5
"""Of what would be lost if answers took as long. With less, fewer at once are better."""
WORSE: Final = 0.35
"""With 30 % less done than usual (a logarithm) it may be that we are too many; luck is a fifth of that."""
DOUBTS: Final = 2
"""So many samples in a row must say so before a level is left."""
PATIENCE_FIRST: Final = 8
PATIENCE_MOST: Final = 256
"""Samples until more is tried again; twice as many each time it was useless."""


class Climb:
    """A level between `LEAST_AT_ONCE` and `most`.

    Attributes:
        most: what is allowed.
        level: so many at once.
        move: what is being asked.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.level = float(min(UNASKED_AT_ONCE, most))
        self.move = Move.UP
        self._base: Reading | None = None
        self._base_level = self.level
        self._reach = STEP * self.level
        self._before_cut = self.level
        self._careful = CAREFUL_SUCCESSES
        self._doubts = 0
        self._wait = 0
        self._patience = PATIENCE_FIRST

    def grow(self) -> bool:
        """Upon a success while as many as may be are under way. True: no higher before it is judged."""
        if self.move is not Move.UP:
            return False
        self._careful -= 1
        highest = min(UNASKED_AT_ONCE if self._careful > 0 else self._reach, self.most)
        if self.level >= highest:
            return False
        self.level = min(self.level + GROWTH, highest)
        return self.level == highest

    def judge(self, reading: Reading) -> None:
        """A sample, taken while the level was in use."""
        base = self._base
        if base is None:
            self._base, self._base_level = reading, self.level
            self._reach = STEP * reading.in_flight
            return
        apart = math.log(reading.in_flight / base.in_flight)
        gained = reading.yield_log - base.yield_log
        match self.move:
            case Move.UP:
                self._judge_up(reading, base, apart, gained)
            case Move.HOLD:
                self._judge_hold(reading, base, gained)
            case Move.DOWN:
                self._judge_down(reading, worth_it=gained > LOST_SHARE * apart)

    def give_way(self) -> None:
        """Nothing succeeds any more: if that came with more at once, they were too many."""
        base = self._base
        if self.move is Move.UP and base is not None and self.level > RAISED * base.in_flight:
            self._back_to(base.in_flight)

    def _judge_up(self, reading: Reading, base: Reading, apart: float, gained: float) -> None:
        if apart < math.log(JUDGED_APART if self.level < self._reach else RAISED):
            # Where it grows slowly, a base that came along would never be left behind far enough to be judged by.
            if self.level <= self._base_level:
                self._base = base.followed_by(reading)
            if self.level >= self.most:
                self._moved(Finding.AT_AN_END)
                self._wait = 0
        elif gained > WORTH_SHARE * apart:
            self._moved(Finding.WORTH_IT)
            self._base, self._base_level = reading, self.level
            self._reach = STEP * reading.in_flight
            self._patience = PATIENCE_FIRST
        elif self._doubted():
            self._back_to(min(base.in_flight * math.exp(max(gained, 0.0)), reading.in_flight))

    def _back_to(self, level: float) -> None:
        self._moved(Finding.USELESS)
        self.level = level
        self._base = None
        self._wait = self._patience
        self._patience = min(2 * self._patience, PATIENCE_MOST)

    def _judge_hold(self, reading: Reading, base: Reading, gained: float) -> None:
        self._wait -= 1
        if gained < -WORSE and self.level > LEAST_AT_ONCE:
            if self._doubted():
                self._moved(Finding.WORSE)
                self._base = reading
                self._cut()
            return
        self._doubts = 0
        self._base = base.followed_by(reading)
        if self._wait <= 0 and self.level < self.most:
            self._base_level = self.level
            self._moved(Finding.TRY_AGAIN)
            self._reach = STEP * self.level

    def _judge_down(self, reading: Reading, *, worth_it: bool) -> None:
        if not worth_it:
            self._back_to(self._before_cut)
        elif self.level <= LEAST_AT_ONCE:
            self._moved(Finding.AT_AN_END)
            self._base, self._wait = reading, self._patience
        else:
            self._moved(Finding.WORTH_IT)
            self._base = reading
            self._cut()

    def _cut(self) -> None:
        self._before_cut = self.level
        self.level = max(self.level / CUT, float(LEAST_AT_ONCE))

    def _doubted(self) -> bool:
        self._doubts += 1
        return self._doubts >= DOUBTS

    def _moved(self, finding: Finding) -> None:
        self.move = moved(self.move, finding)
        self._doubts = 0
