"""One scope's gate, the partner's or a customer's: whether a row may pass now, and what refusals teach."""

import math
import random
from collections.abc import Callable
from typing import Final

from batchreset.core.pacing.episode import ROUNDING_SECONDS, SHORT_SECONDS, Episode, snapped
from batchreset.core.pacing.limit import Kind, Limit
from batchreset.core.pacing.notes import LimitLearned, PaceNote, Paused, Resumed, Throttled
from batchreset.core.pacing.phases import Cue, Phase, moved
from batchreset.core.pacing.refusals import Refusals, Refused
from batchreset.core.pacing.sendlog import SendLog
from batchreset.core.pacing.window import PROMPT_SECONDS, Window
from batchreset.core.pacing.wording import OWN_SLACK_MOST_SECONDS, Wording

HEDGE_SECONDS: Final = 1.0
"""Without an answer to the one row after a window for so long, another goes: only where nobody told us to wait."""
SPEND_SHARE: Final = 0.1
SPEND_SHARE_UNSTEADY: Final = 0.3
SPACING_UNSTEADY_MOST_SECONDS: Final = 0.1
"""A known limit is spent no faster than in this share of its window, so that one that fell costs few refusals; where
requests are so far apart, few are under way anyhow."""
PROBE_GROWTH: Final = 40
"""Beyond the limit one more is under way for each so many that passed: a fourfold rise is found in one window."""
PROBE_PACE: Final = 0.35
PROBE_REST_SHARE: Final = 0.1
PROBE_AT_MOST: Final = 4
"""So many at once for each a second that is needed to reach the most that was seen before this last share of the
window; and no more."""
CAREFUL_AT_ONCE: Final = 8
CAREFUL_GROWTH: Final = 24
"""After the first refusals, until the shape is known: so many under way, one more for each so many that passed."""
NEW_AT_ONCE: Final = 4
NEW_GROWTH: Final = 14
LEADER_GROWTH: Final = 8
"""Of a customer of whom nothing is known so many go first, one more for each so many; more when nobody else waits.
The first customer leads: what it meets, the others need not."""
DISPROVED_FACTOR: Final = 2
"""A borrowed limit of which so many times passed is none."""
NEAR_SHARE: Final = 0.9
NEAR_SHARE_STEADY: Final = 0.98
"""From this share of a known limit on, a refusal is expected; the second of one that was seen again and again."""
NO_COUNT: Final = 1 << 62
"""Of requests, where none is known."""
PARTNER_GROUPS: Final = 1024
CUSTOMER_GROUPS: Final = 64
"""Send times that are kept."""


class Gate:
    """Counts what passes, closes on refusals and at the end of a window's budget, opens with one row to see.

    Attributes:
        limit: what is believed.
        until_seconds: while waiting, when the next may go.
        told: whether the service made it wait, or it waits of itself.
        refused: refusals in all.
        waited_seconds: how long it was closed, in all.
        window: what was sent of late.
        in_flight: under way.
        leads: it may go faster than others of whom nothing is known.
        spurts: all that is left goes into this window: nothing is gained by going slowly.
    """

    __slots__ = (
        "_closed_at_seconds",
        "_due_seconds",
        "_last_sent_seconds",
        "_log",
        "_refusals",
        "_tell",
        "_trying_first",
        "_trying_late_seconds",
        "_trying_out",
        "_trying_sent",
        "_trying_since_seconds",
        "_waited_seconds",
        "_wording",
        "in_flight",
        "leads",
        "limit",
        "opened_number",
        "phase",
        "refused",
        "scope",
        "spurts",
        "told",
        "until_seconds",
        "waited_seconds",
        "window",
    )

    def __init__(
        self, scope: str, wording: Wording, chance: random.Random, tell: Callable[[PaceNote], None], *, groups: int
    ) -> None:
        self.scope = scope
        self.limit = Limit()
        self.window = Window()
        self.phase = Phase.OPEN
        self.until_seconds = -math.inf
        self.told = False
        self.refused = 0
        self.waited_seconds = 0.0
        self.in_flight = 0
        self.spurts = False
        self.leads = False
        self.opened_number = 0
        self._wording = wording
        self._tell = tell
        self._refusals = Refusals(wording, chance)
        self._log = SendLog(groups)
        self._last_sent_seconds = -math.inf
        self._closed_at_seconds = 0.0
        self._due_seconds = 0.0
        self._waited_seconds = 0.0
        self._trying_first = 0
        self._trying_out = 0
        self._trying_sent = 0
        self._trying_late_seconds = 0.0
        self._trying_since_seconds = 0.0

    def opens_seconds(self, now_seconds: float) -> float:
        """Not later than now: a row may pass. Else when to ask again; infinite: after an answer."""
        if self.phase is Phase.OPEN:
            return self._opens_by_limit(now_seconds)
        if self.phase is Phase.WAITING:
            return math.inf if self._trying_out else self.until_seconds
        if self.phase is Phase.TRYING and not self.told:
            return self._trying_since_seconds + HEDGE_SECONDS
        return math.inf

    def _opens_by_limit(self, now_seconds: float) -> float:
        limit = self.limit
        if limit.kind is Kind.UNKNOWN:
            return now_seconds
        if limit.kind is Kind.FIXED:
            return self._opens_in_window(now_seconds)
        if limit.kind is Kind.SLIDING:
            limit.sliding_raised(now_seconds)
            spaced = self._last_sent_seconds + SPEND_SHARE * limit.window_seconds / limit.count
            if spaced > now_seconds:
                return spaced
            window = limit.window_seconds + 2.0 * self._wording.own_slack_seconds
            return self._log.opens_seconds(now_seconds, limit.count, window)
        if not limit.rate.per_second:
            return self._careful(now_seconds)
        return limit.rate.opens_seconds(now_seconds)

    def _careful(self, now_seconds: float) -> float:
        return now_seconds if self.in_flight < CAREFUL_AT_ONCE + self.window.sent // CAREFUL_GROWTH else math.inf

    def _opens_in_window(self, now_seconds: float) -> float:
        limit = self.limit
        if now_seconds >= self.window.ends_seconds:
            blurred = self._last_sent_seconds > self.window.ends_seconds - ROUNDING_SECONDS
            exact = self._wording.aligned is not None or (self.window.prompt and not blurred)
            self.window.roll(now_seconds, limit, exact=exact)
        if self.window.sent < (limit.count if self.spurts else limit.trusted_count):
            spacing = SPEND_SHARE * limit.window_seconds / limit.count
            if not (limit.steady or self.spurts):
                careful = SPEND_SHARE_UNSTEADY * limit.window_seconds / limit.count
                spacing = max(spacing, min(careful, SPACING_UNSTEADY_MOST_SECONDS))
            spaced = self._last_sent_seconds + spacing
            if spaced > now_seconds:
                return spaced
            return now_seconds if limit.sure or limit.borrowed or self.spurts else self._careful(now_seconds)
        if limit.probing or self.window.sent < limit.count:
            return self._opens_beyond(now_seconds)
        self._close(now_seconds, self.window.ends_seconds + self._wording.own_slack_seconds, told=False)
        self._refusals.end()
        return self.until_seconds

    def _opens_beyond(self, now_seconds: float) -> float:
        limit = self.limit
        if limit.borrowed and self.window.sent > DISPROVED_FACTOR * limit.count:
            limit.disproved()
            return now_seconds
        most = limit.most_seen
        # Between the least and the most that was seen a refusal is likely everywhere: just fast enough to get there.
        left_seconds = max(self.window.ends_seconds - now_seconds - PROBE_REST_SHARE * limit.window_seconds, 1.0)
        at_once = min(1 + int(PROBE_PACE * max(0, most - self.window.sent) / left_seconds), PROBE_AT_MOST)
        if self.window.sent > most:
            at_once = max(at_once, 1 + (self.window.sent - most) // PROBE_GROWTH)
        return now_seconds if self.window.over_in_flight < at_once else math.inf

    def sent_one(self, now_seconds: float, number: int) -> None:
        """A ticket was given."""
        window = self.window
        if self.phase is Phase.WAITING:
            self.phase = moved(self.phase, Cue.TRY)
            self._waited_seconds = now_seconds - self._closed_at_seconds
            self.waited_seconds += self._waited_seconds
            self._trying_first = number
            self._trying_late_seconds = now_seconds - self._due_seconds
        if self.phase is Phase.TRYING:
            self._trying_since_seconds = now_seconds
            self._trying_sent += 1
            self._trying_out += 1
        else:
            if window.first_number == 0:
                window.begin_in_passing(now_seconds, number, self.limit, aligned=bool(self._wording.aligned))
            window.sent_one(number, self.limit.trusted_count if self.limit.kind is Kind.FIXED else NO_COUNT)
        self._log.sent(now_seconds)
        self.in_flight += 1
        self._last_sent_seconds = now_seconds
        if self.limit.kind is Kind.BUCKET:
            self.limit.rate.sent(now_seconds)

    @property
    def accepted(self) -> int:
        """Of this window's, those that surely passed."""
        return max(0, self.window.sent - self.window.refused - self.in_flight)

    def borrow(
        self, count: int, window_seconds: float, *, sure: bool, trusted_windows: int, end_seconds: float
    ) -> None:
        """Believe a limit that others have. `end_seconds`: when a window of theirs ended."""
        self.limit.borrow(count, window_seconds, sure=sure, trusted_windows=trusted_windows)
        self.window.ended_before_seconds = end_seconds
        self.window.prompt = False
        if self.window.first_number:
            self.window.set_end(self.limit, aligned=bool(self._wording.aligned))

    @property
    def told_until_seconds(self) -> float | None:
        """When the window ends that refused, as the service said it."""
        return self._refusals.told_until_seconds

    def expects(self, end_seconds: float) -> bool:
        """Whether its window is known to end about then."""
        return (
            self.limit.kind is Kind.FIXED
            and self.limit.sure
            and abs(end_seconds - self.window.ends_seconds) <= SHORT_SECONDS
        )

    def may_end(self, end_seconds: float) -> bool:
        """Whether nothing that is known of its window speaks against its ending then."""
        return self.limit.kind is not Kind.FIXED or not self.limit.sure or self.expects(end_seconds)

    def told_window(self) -> tuple[int, float, float] | None:
        """What the refusals so far say of the limit, before the gate has opened again."""
        refusals, told = self._refusals, self._refusals.told_until_seconds
        if told is None or refusals.tries != 1 or not refusals.learns or not self.accepted:
            return None
        if refusals.told_least_seconds is None or refusals.told_least_seconds <= SHORT_SECONDS:
            return None
        span = told - self.window.begin_seconds
        return self.accepted, snapped(span - ROUNDING_SECONDS, span + ROUNDING_SECONDS), told

    def crowd(self) -> float:
        """So many under way are enough while others wait: before a limit is known, few, and more as they pass."""
        if self.limit.kind is not Kind.UNKNOWN:
            return math.inf
        return NEW_AT_ONCE + self.window.sent // (LEADER_GROWTH if self.leads else NEW_GROWTH)

    def near(self) -> bool:
        """Whether a refusal is expected of this gate."""
        limit = self.limit
        if limit.kind is Kind.FIXED:
            return self.window.sent >= (NEAR_SHARE_STEADY if limit.steady else NEAR_SHARE) * limit.count
        if limit.kind is Kind.SLIDING:
            return True
        return limit.kind is Kind.BUCKET

    def returned(self, number: int) -> None:
        """Some answer came."""
        self.in_flight -= 1
        self.window.returned(number)
        if self._trying_out and number >= self._trying_first:
            self._trying_out -= 1

    def not_begun(self, number: int) -> None:
        """That request was refused by the other gate: a window that began with it did not."""
        if self.phase is Phase.OPEN and self.window.first_number == number:
            self.window.first_number = 0

    def tries(self, number: int) -> bool:
        """Whether this is the row that was sent to see."""
        return self.phase is Phase.TRYING and number >= self._trying_first

    def passed(self, number: int, sent_at_seconds: float) -> bool:
        """A good answer. True: it opened the gate."""
        if not self.tries(number):
            return False
        self.phase = moved(self.phase, Cue.PASSED)
        if self._refusals.learns:
            self._learn(sent_at_seconds)
        window = self.window
        window.ended_before_seconds = self._due_seconds
        prompt = self._trying_late_seconds <= PROMPT_SECONDS
        window.begin(
            sent_at_seconds, self._trying_first, self.limit, prompt=prompt, aligned=bool(self._wording.aligned)
        )
        window.sent = self._trying_sent
        self._trying_out = 0
        self.opened_number = self._trying_first
        self._tell(Resumed(scope=self.scope, waited_seconds=self._waited_seconds, told=self.told))
        self._refusals.end()
        self.limit.window_begins()
        if not self.window.prompt and self._wording.aligned is None:
            self.limit.probing = True
        return True

    def lost(self, now_seconds: float, number: int) -> None:
        """Neither yes nor no: the row that was sent to see is followed by another."""
        if self.tries(number):
            self.phase = moved(self.phase, Cue.LOST)
            self.until_seconds = now_seconds

    def _learn(self, reopened_at_seconds: float) -> None:
        refusals, limit = self._refusals, self.limit
        if refusals.own and reopened_at_seconds - refusals.first_at_seconds <= OWN_SLACK_MOST_SECONDS + SHORT_SECONDS:
            return  # the window was measured a little too short: the slack has grown
        before = (limit.kind, limit.count, limit.window_seconds)
        limit.learn(
            Episode(
                prompt=self.window.prompt,
                ended_before_seconds=self.window.ended_before_seconds,
                expected_seconds=self.window.ends_seconds,
                begin_seconds=self.window.begin_seconds,
                refused_at_seconds=refusals.first_at_seconds,
                last_refused_at_seconds=refusals.last_at_seconds,
                told_least_seconds=refusals.told_least_seconds,
                told_until_seconds=refusals.told_until_seconds,
                reopened_at_seconds=reopened_at_seconds,
                accepted=self.accepted,
                refused=self.window.refused,
                tries=refusals.tries,
            ),
            self._wording,
        )
        if limit.known and before != (limit.kind, limit.count, limit.window_seconds):
            shape, count, window_seconds = limit.as_known()
            self._tell(LimitLearned(scope=self.scope, shape=shape, limit=count, window_seconds=window_seconds))

    def hold(self) -> None:
        self.phase = moved(self.phase, Cue.HOLD)

    def free(self) -> None:
        self.phase = moved(self.phase, Cue.FREE)

    def _close(self, now_seconds: float, until_seconds: float, *, told: bool) -> None:
        fresh = self.phase is not Phase.WAITING
        if fresh:
            self._closed_at_seconds = now_seconds
            self._trying_sent = 0
            self.until_seconds = -math.inf
        self.phase = moved(self.phase, Cue.CLOSE)
        self.until_seconds = self._due_seconds = max(self.until_seconds, until_seconds)
        if fresh or told != self.told:
            self._tell(Paused(scope=self.scope, until_seconds=self.until_seconds, told=told))
        self.told = told

    def refuse(self, refusal: Refused, *, learns: bool) -> None:
        """A refusal that is this gate's. `learns`: it tells something of the limit."""
        refusals, now_seconds = self._refusals, refusal.at_seconds
        fresh = self.phase in (Phase.OPEN, Phase.HELD) or not self.told
        self.refused += 1
        if self.tries(refusal.number):
            refusals.tried_in_vain(refusal.sent_at_seconds, refusal.retry_after_seconds, told=self.told)
        else:
            self.window.refused += 1
            if fresh:
                refusals.begin(refusal.sent_at_seconds, learns=learns, own=False)
            refusals.one_more(refusal.sent_at_seconds)
        known = self.limit.kind is Kind.FIXED and self.limit.sure
        pause = refusals.pause_seconds(
            now_seconds,
            now_seconds - refusal.sent_at_seconds,
            refusal.retry_after_seconds,
            left_seconds=self.window.ends_seconds - now_seconds if known else 0.0,
        )
        if fresh:
            self._tell(Throttled(scope=self.scope, retry_after_seconds=refusal.retry_after_seconds))
        self._close(now_seconds, now_seconds + pause, told=True)
