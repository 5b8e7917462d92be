"""What happens, line by line, and what of it should not have happened: looked at as it happens, not afterwards."""

import hashlib
import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Attempt, Ending, Intent, Record
from batchreset.engine.stopping import StopSwitch
from batchreset.settings.model import PaceSettings
from batchreset.simulator.protocol import Call, Malformed, read_body
from simulation.inputs import Account
from simulation.timing import VirtualTime

CHARGED: Final = {"server_error", "timeout", "connection_lost", "sender_lost", "not_sent"}
"""Verdicts that count against `max_attempts`."""
GIVEN_UP: Final = {Reason.SERVER_ERROR, Reason.TIMEOUT, Reason.CONNECTION, Reason.THROTTLED}
THROTTLED_SECONDS: Final = 3600.0
GRACE_SECONDS: Final = 30.0
ANYBODY: Final = "anybody"


class Watch:
    """Over all sessions of a run.

    Attributes:
        history: every event, a line each.
        complaints: what should not have happened, as it was seen.
        in_flight_most: requests at once.
    """

    def __init__(self, time: VirtualTime, rows: Mapping[int, Account]) -> None:
        self.history: list[str] = []
        self.complaints: list[str] = []
        self.in_flight_most = 0
        self._time = time
        self._customer_of = {row: customer for row, (customer, _) in rows.items()}
        self._row_of = {account: row for row, account in rows.items()}
        self._noted: dict[int, str] = {}
        self._succeeded: set[int] = set()
        self._sent_at: deque[float] = deque()
        self._unthrottled: dict[str, float] = {}
        self._far_sent: set[str] = set()
        self.begins(PaceSettings())

    def begins(self, pace: PaceSettings) -> None:
        """A new process, which knows what is on disk and nothing else."""
        self._pace = pace
        self._stop: StopSwitch | None = None
        self._stopped_at = self._hurried_at = math.inf
        self._disk_failed = False
        self._far_until = math.inf
        self._charged: Counter[int] = Counter()

    def tell(self, event: str, **fields: object) -> None:
        """For the history."""
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        self.history.append(f"{self._time.seconds:.6f} {event} {told}".rstrip())

    def complain(self, what: str) -> None:
        """Of something that should not have happened."""
        self.tell("complaint", what=what)
        self.complaints.append(f"at {self._time.seconds:.6f} s: {what}")

    def stopping(self, stop: StopSwitch) -> None:
        """The switch of the session under way."""

        def stopped() -> None:
            self._stopped_at = self._time.seconds
            self.tell("stopped", reason=stop.stop.reason if stop.stop else "")

        self._stop = stop
        stop.tell(stopped)

    def hurried(self) -> None:
        """A second signal came."""
        self._hurried_at = self._time.seconds
        self.tell("second signal")

    def disk_failed(self, *, written: bool) -> None:
        """A group could not be written, or so it was told."""
        self._disk_failed = True
        self.tell("disk full", written=written)

    def far_until(self, seconds: float) -> None:
        """Whoever sends for the run sends nothing later than this."""
        self._far_until = seconds

    def sent(self, call: Call, *, in_flight: int, far: bool = False) -> None:
        """It leaves: everything that must be so before it does. `far`: by a host that heard of all else a while ago."""
        if far:
            if self._time.seconds > self._far_until:
                self.complain(f"a host sends {call.correlation_id} after the end of its run, and of its lease")
            if call.route.is_reset and call.correlation_id in self._far_sent:
                self.complain(f"{call.correlation_id} was sent twice")
            self._far_sent.add(call.correlation_id)
        else:
            self._keep_to_pace(in_flight)
        if not call.route.is_reset:
            self.tell("asks", route=call.route, id=call.correlation_id)
            return
        row = self._row_of.get((call.customer, call.user), 0)
        self.tell("sends", row=row, request=call.request_id, id=call.correlation_id)
        reset = read_body(call.body)
        if isinstance(reset, Malformed) or self._noted.get(row) != _sha256(reset.password):
            self.complain(f"row {row} was sent with a password whose intent is not on disk")
        if row in self._succeeded:
            self.complain(f"row {row} was sent again, and is on disk as succeeded")
        if far:
            return
        if self._stop is not None and self._stop.requested:
            self.complain(f"row {row} was sent after the run was stopped")
        if self._disk_failed:
            self.complain(f"row {row} was sent after the ledger could not be written")

    def heard(self, call: Call, what: str, *, far: bool = False) -> None:
        """Told to the program, if it still listens: a stop leaves what is under way some time, a second signal none."""
        if far:
            if what != "429" and call.route.is_reset:
                self._unthrottled[call.customer] = self._unthrottled[ANYBODY] = self._time.seconds
            self.tell("hears", what=what, id=call.correlation_id)
            return
        grace = GRACE_SECONDS if call.route.is_reset else 0.0
        if self._time.seconds > min(self._hurried_at, self._stopped_at + grace) + 1e-6:
            self.complain(f"an answer was awaited for {call.user or 'the check before all'} for too long after a stop")
        if what != "429" and call.route.is_reset:
            self._unthrottled[call.customer] = self._unthrottled[ANYBODY] = self._time.seconds
        self.tell("hears", what=what, id=call.correlation_id)

    def on_disk(self, group: Sequence[Record]) -> None:
        """A group is written and synced."""
        for record in group:
            match record:
                case Intent(row=row, generation=generation, password=password):
                    self._noted[row] = _sha256(password.open()) if password is not None else ""
                    self.tell("noted", row=row, generation=generation, request=record.request_id)
                case Attempt(row=row, number=number, verdict=verdict):
                    self.tell("kept", row=row, attempt=number, verdict=verdict)
                    self._charged[row] += verdict in CHARGED
                case Ending(row=row, outcome=outcome, reason=reason):
                    self.tell("ended", row=row, outcome=outcome, reason=reason)
                    if outcome is Outcome.SUCCEEDED:
                        self._succeeded.add(row)
                    if reason in GIVEN_UP:
                        self._given_up(row, reason)

    def _given_up(self, row: int, reason: Reason) -> None:
        """Only after all attempts, which 429 does not count among, and an hour of nothing but 429."""
        if reason is not Reason.THROTTLED:
            if self._charged[row] != self._pace.max_attempts:
                self.complain(
                    f"row {row} ended after {self._charged[row]} charged of {self._pace.max_attempts} attempts"
                )
            return
        lane = self._customer_of[row] if self._pace.order == "interleave" else ANYBODY
        since = self._time.seconds - self._unthrottled.get(lane, 0.0)
        if since < THROTTLED_SECONDS:
            self.complain(f"row {row} was given up after {since:.0f} s of nothing but 429")

    def _keep_to_pace(self, in_flight: int) -> None:
        pace, now = self._pace, self._time.seconds
        self.in_flight_most = max(self.in_flight_most, in_flight)
        if in_flight > pace.max_concurrency:
            self.complain(f"{in_flight} requests are under way, max_concurrency is {pace.max_concurrency}")
        if pace.max_per_second:
            span, most = max(1.0, 1.0 / pace.max_per_second), max(1, int(pace.max_per_second))
            while self._sent_at and self._sent_at[0] <= now - span + 1e-6:
                self._sent_at.popleft()
            self._sent_at.append(now)
            if len(self._sent_at) > most:
                self.complain(f"{len(self._sent_at)} requests within {span} s, max_per_second is {pace.max_per_second}")


def _sha256(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
