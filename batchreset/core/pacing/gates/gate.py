"""One scope's gate, the partner's or a customer's: whether a row may pass now, and what refusals teach."""

import random
from collections.abc import Callable
from typing import assert_never

from batchreset.core.pacing.gates import spending
from batchreset.core.pacing.gates.door import Cause, Door
from batchreset.core.pacing.gates.learning import ToldWindow, episode_of, news_of, told_window
from batchreset.core.pacing.gates.pauses import pause_seconds
from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.gates.refusals import Refusal, Refusals, Series
from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.gates.window import PROMPT_SECONDS
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import ROUNDING_SECONDS, SHORT_SECONDS
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment, Habits
from batchreset.core.pacing.limits.lessons import Limit, taught
from batchreset.core.pacing.limits.reading import alignment_after
from batchreset.core.pacing.limits.shape import Open
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.notes import PaceNote, Paused, Resumed, Throttled


class Gate:
    """Brings together the door, what passed through it, and the limit that is believed in.

    Attributes:
        scope: a customer, or "partner".
        limit: what is believed.
        door: open, or closed until when.
        traffic: what passed.
        refused: refusals in all.
    """

    __slots__ = ("_chance", "_habits", "_refusals", "_tell", "door", "limit", "refused", "scope", "traffic")

    def __init__(
        self, scope: str, habits: Habits, chance: random.Random, tell: Callable[[PaceNote], None], *, groups_kept: int
    ) -> None:
        self.scope = scope
        self.limit: Limit = Open()
        self.door = Door()
        self.traffic = Traffic(groups_kept)
        self.refused = 0
        self._habits = habits
        self._chance = chance
        self._tell = tell
        self._refusals = Refusals()

    def opens_seconds(self, now_seconds: float, *, spurts: bool = False) -> float:
        """Not later than now: a row may pass. Else when to ask again; infinite: after an answer.

        Spurts: all that is left goes into this window, so that nothing is gained by care.
        """
        if self.door.phase is not Phase.OPEN:
            return self.door.opens_seconds()
        limit = self.limit
        match limit:
            case Open():
                return now_seconds
            case Fixed():
                return self._opens_in_window(now_seconds, limit, spurts=spurts)
            case Sliding():
                self.limit = limit = limit.raised(now_seconds)
                return spending.in_sliding(now_seconds, limit, self.traffic, self._habits.own_slack_seconds)
            case Bucket():
                return spending.by_rate(limit)
            case _:
                assert_never(limit)

    def _opens_in_window(self, now_seconds: float, limit: Fixed, *, spurts: bool) -> float:
        window = self.traffic.window
        if now_seconds >= window.ends_seconds:
            limit = self._roll(now_seconds, limit)
        if window.sent > limit.count and limit.disproved(window.sent):
            self.limit = limit.given_up()
            return now_seconds
        opens = spending.in_window(now_seconds, limit, self.traffic, spurts=spurts)
        if opens is not None:
            return opens
        self._close(now_seconds, window.ends_seconds + self._habits.own_slack_seconds, Cause.SPENT)
        self._refusals.end()
        return self.door.until_seconds

    def _roll(self, now_seconds: float, limit: Fixed) -> Fixed:
        """A window ended while the gate was open: whatever passed was allowed."""
        window = self.traffic.window
        blurred = self.traffic.last_sent_seconds > window.ends_seconds - ROUNDING_SECONDS
        exact = self._habits.alignment is not Alignment.UNKNOWN or (window.prompt and not blurred)
        self.limit = limit = limit.window_over(window.sent - window.refused).next_window()
        window.roll(now_seconds, limit, exact=exact)
        return limit

    def sent_one(self, now_seconds: float, number: int) -> None:
        """A ticket was given."""
        limit, window, door = self.limit, self.traffic.window, self.door
        if door.phase is not Phase.OPEN and door.closed:
            door.sent_to_see(now_seconds, number)
        else:
            if window.first_number == 0:
                window.begin_in_passing(now_seconds, number, limit, self._habits.alignment)
            window.sent_one(number, beyond=isinstance(limit, Fixed) and window.sent >= limit.trusted_count)
        self.traffic.sent_one(now_seconds)
        if isinstance(limit, Bucket):
            limit.rate.sent(now_seconds)

    def returned(self, number: int) -> None:
        """Some answer came."""
        self.traffic.returned(number)
        self.door.returned(number)

    def not_begun(self, number: int) -> None:
        """That request was refused by the other gate: a window that began with it did not."""
        if self.door.phase is Phase.OPEN and self.traffic.window.first_number == number:
            self.traffic.window.first_number = 0

    def service_is_back(self) -> None:
        """After an outage: a limit of which nothing is known yet is measured from now on."""
        if self.door.phase is Phase.OPEN and isinstance(self.limit, Open):
            self.traffic.window.first_number = 0

    def passed(self, number: int, sent_at_seconds: float) -> bool:
        """A good answer. True: it opened the gate."""
        if not self.door.tries(number):
            return False
        self.door.passed()
        self._learn(sent_at_seconds)
        self._begin_window(sent_at_seconds)
        told = self.door.cause is Cause.REFUSED
        self._tell(Resumed(scope=self.scope, waited_seconds=self.door.last_wait_seconds, told=told))
        self._refusals.end()
        return True

    def _begin_window(self, sent_at_seconds: float) -> None:
        """With the row that was sent to see."""
        door, window, alignment = self.door, self.traffic.window, self._habits.alignment
        prompt = door.trying_late_seconds <= PROMPT_SECONDS
        window.ended_before_seconds = door.due_seconds
        window.begin(sent_at_seconds, door.opened_number, self.limit, alignment, prompt=prompt)
        window.sent = door.trying_sent
        if isinstance(self.limit, Fixed):
            limit = self.limit.next_window()
            self.limit = limit if prompt or alignment is not Alignment.UNKNOWN else limit.probed()

    def refuse(self, refusal: Refusal, *, learns: bool) -> None:
        """A refusal that is this gate's. `learns`: it tells something of the limit."""
        refusals, fresh = self._refusals, not self.door.refused
        self.refused += 1
        if self.door.tries(refusal.number):
            self._refused_to_see(refusal)
        else:
            self.traffic.window.refused += 1
            if fresh:
                refusals.begin(refusal, Series.BURST if learns else Series.UNTAUGHT)
            refusals.one_more(refusal)
        refusals.note(refusal)
        measured = isinstance(self.limit, Fixed) and self.limit.sure
        left_seconds = self.traffic.window.ends_seconds - refusal.at_seconds if measured else 0.0
        pause = pause_seconds(
            refusal,
            refusals.tries,
            left_seconds=left_seconds,
            slack_seconds=self._habits.slack_seconds,
            drawn=self._chance.random(),
        )
        if fresh:
            self._tell(Throttled(scope=self.scope, retry_after_seconds=refusal.retry_after_seconds))
        self._close(refusal.at_seconds, refusal.at_seconds + pause, Cause.REFUSED)

    def _refused_to_see(self, refusal: Refusal) -> None:
        """The row came too early, if the limit is still the same."""
        a_moment = refusal.retry_after_seconds is None or refusal.retry_after_seconds <= SHORT_SECONDS
        if self.door.cause is Cause.REFUSED:
            if a_moment:
                self._habits.told_too_early()
            self._refusals.tried_in_vain(refusal)
        else:
            if a_moment:
                self._habits.measured_too_early()
            self._refusals.begin(refusal, Series.OWN_WAIT)

    def _close(self, now_seconds: float, until_seconds: float, cause: Cause) -> None:
        if self.door.close(now_seconds, until_seconds, cause):
            told = cause is Cause.REFUSED
            self._tell(Paused(scope=self.scope, until_seconds=self.door.until_seconds, told=told))

    def _learn(self, reopened_at_seconds: float) -> None:
        before, alignment = self.limit, self._habits.alignment
        if not self._refusals.teach(reopened_at_seconds):
            return
        episode = episode_of(self.traffic, self._refusals, reopened_at_seconds)
        self._habits.alignment = alignment_after(before, episode, alignment)
        self.limit = taught(before, episode, alignment)
        news = news_of(self.scope, before, self.limit)
        if news is not None:
            self._tell(news)

    def borrow(self, limit: Fixed, *, end_seconds: float) -> None:
        """Believe a limit that others have. `end_seconds`: when a window of theirs ended."""
        window = self.traffic.window
        self.limit = limit
        window.ended_before_seconds = end_seconds
        window.prompt = False
        if window.first_number:
            window.set_end(limit, self._habits.alignment)

    @property
    def told_until_seconds(self) -> float | None:
        """When the window ends that refused, as the service said it."""
        return self._refusals.told_until_seconds

    def told_window(self) -> ToldWindow | None:
        """What the refusals so far say of the limit, before the gate has opened again."""
        return told_window(self.traffic, self._refusals)

    def near(self) -> bool:
        """Whether a refusal is expected of this gate."""
        return self.limit.near(self.traffic.window.sent)
