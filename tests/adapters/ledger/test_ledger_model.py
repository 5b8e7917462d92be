"""Whatever sessions do, and wherever they are killed, the ledger says what a plain list of records would."""

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ledger_records import NOON, attempt, ending, intent, left_out

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Attempt, Ending, Intent, Record

ROWS = range(1, 5)
UNFINISHED = Reason.MAX_DURATION

Step = tuple[str, *tuple[Any, ...]]
"""What a session does next with a row: a method of the machine, and its arguments."""
A_ROW = st.sampled_from(ROWS)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("intend"), A_ROW),
    st.tuples(st.just("attempted"), A_ROW, st.booleans(), st.sampled_from([200, 403, 429, 503])),
    st.tuples(
        st.just("ended"),
        A_ROW,
        st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT]),
        st.sampled_from([Reason.FORBIDDEN, Reason.TIMEOUT]),
    ),
    st.tuples(st.just("leave_out"), A_ROW),
)


@dataclass
class NotedSession:
    """One session's committed records, in order."""

    records: list[Record] = field(default_factory=list)
    ended: bool = False


@dataclass
class Model:
    """The sessions, and what the design says follows from them."""

    sessions: list[NotedSession] = field(default_factory=list)

    def of_kind(self, kind: type[Any], row: int) -> list[Any]:
        return [r for s in self.sessions for r in s.records if isinstance(r, kind) and r.row == row]

    def touched(self) -> list[int]:
        return [row for row in ROWS if self.of_kind(Intent, row)]

    def told_of(self) -> list[int]:
        """Touched, or left out before that."""
        return [row for row in ROWS if self.of_kind(Intent, row) or self.of_kind(Ending, row)]

    def generation(self, row: int) -> int:
        return max((noted.generation for noted in self.of_kind(Intent, row)), default=0)

    def outcome_of(self, row: int, generation: int) -> Ending | None:
        found = [end for end in self.of_kind(Ending, row) if end.generation == generation]
        return found[0] if found else None

    def outcome(self, row: int) -> Ending | None:
        """Its last password's; an earlier one's is void."""
        return self.outcome_of(row, self.generation(row))

    def unclear(self) -> set[tuple[int, int]]:
        found = {(a.row, a.generation) for row in ROWS for a in self.of_kind(Attempt, row) if a.unclear}
        for one in self.sessions:
            if not one.ended:
                last = {noted.row: noted.generation for noted in one.records if isinstance(noted, Intent)}
                found |= {item for item in last.items() if not self.reached(*item)}
        return found

    def reached(self, row: int, generation: int) -> bool:
        """Whether it has an outcome that came of its own exchanges: a row that is left out is not asked about them."""
        end = self.outcome_of(row, generation)
        return end is not None and end.reason is not Reason.PROTECTED

    def standing(self, row: int) -> Outcome:
        end = self.outcome(row)
        if end is not None:
            return end.outcome
        if any(doubtful == row for doubtful, _ in self.unclear()):
            return Outcome.IN_DOUBT
        return Outcome.FAILED if self.of_kind(Attempt, row) else Outcome.NOT_ATTEMPTED

    def reason(self, last: Attempt | None, standing: Outcome) -> Reason:
        """The last exchange's, where it says why the row stands so; every one here is a timeout, a 429 or a success."""
        if last is not None and last.verdict == "timeout":
            return Reason.TIMEOUT
        if last is not None and last.verdict == "throttled" and standing is Outcome.FAILED:
            return Reason.THROTTLED
        return UNFINISHED

    def line(self, row: int) -> tuple[object, ...]:
        """row, outcome, reason, http_status, error_code, ms_correlation_id, attempts."""
        end, exchanges, standing = self.outcome(row), self.of_kind(Attempt, row), self.standing(row)
        last = exchanges[-1] if exchanges else None
        if end is not None and end.reason is Reason.PROTECTED:
            last = exchanges[end.attempts - 1] if end.attempts else None
        reason = end.reason if end else self.reason(last, standing)
        if standing is Outcome.NOT_ATTEMPTED:
            last = None
        return (
            row,
            standing,
            reason,
            last.http_status if last else None,
            (last.error_code or None) if last else None,
            last.correlation_id if last else None,
            len(exchanges) if last else 0,
        )


class LedgerMachine(RuleBasedStateMachine):
    """Sessions begin, write, end in order or are killed; `pending` is lost with a killed one."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite"
        self.model = Model()
        self.pending: list[Record] = []
        self.under_way = False
        self.store = LedgerStore(self.path, seal=bytes)
        self.reader = LedgerReader(self.path)

    def teardown(self) -> None:
        self.reader.close()
        self.store.close()
        self.folder.cleanup()

    @initialize()
    def first_session(self) -> None:
        self.begin()

    @precondition(lambda self: not self.under_way)
    @rule()
    def begin(self) -> None:
        self.store.begin_session(NOON)
        self.model.sessions.append(NotedSession())
        self.under_way = True

    def in_this_session(self, row: int) -> tuple[int, bool, int]:
        """The row's generation, whether this session may send it, and how often it was sent; pending ones too."""
        noted = [r for r in self.pending if r.row == row]
        here = [r for r in (*self.model.sessions[-1].records, *noted) if r.row == row]
        generation = max([self.model.generation(row), *(r.generation for r in noted if isinstance(r, Intent))])
        intended = any(isinstance(r, Intent) and r.generation == generation for r in here)
        open_here = intended and not any(isinstance(r, Ending) and r.generation == generation for r in here)
        exchanges = len(self.model.of_kind(Attempt, row)) + sum(isinstance(r, Attempt) for r in noted)
        return generation, open_here, exchanges

    def intend(self, row: int) -> None:
        generation, _, _ = self.in_this_session(row)
        self.pending.append(intent(row, generation + 1, password=f"{row}-{generation + 1}"))

    def attempted(self, row: int, unclear: bool, status: int) -> None:  # noqa: FBT001  drawn
        if not self.in_this_session(row)[1]:
            self.intend(row)
        generation, _, exchanges = self.in_this_session(row)
        self.pending.append(
            attempt(
                row,
                exchanges + 1,
                generation=generation,
                verdict=f"v{status}",
                unclear=unclear,
                http_status=None if unclear else status,
                error_code="" if unclear else str(status),
            )
        )

    def ended(self, row: int, outcome: Outcome, reason: Reason) -> None:
        _, open_here, exchanges = self.in_this_session(row)
        if not open_here or not exchanges:
            self.attempted(row, outcome is Outcome.IN_DOUBT, 200)
        generation, _, exchanges = self.in_this_session(row)
        why = None if outcome is Outcome.SUCCEEDED else reason
        self.pending.append(ending(row, generation, outcome=outcome, reason=why, attempts=exchanges))

    def leave_out(self, row: int) -> None:
        """As a session does with a row it has not sent: from what is known of it, where it has no outcome."""
        touched_here = any(r.row == row for r in (*self.model.sessions[-1].records, *self.pending))
        if touched_here or self.model.outcome(row) is not None:
            return
        exchanges = len(self.model.of_kind(Attempt, row))
        unclear = any(doubtful == row for doubtful, _ in self.model.unclear())
        outcome = Outcome.IN_DOUBT if unclear else Outcome.FAILED if exchanges else Outcome.SKIPPED
        self.pending.append(left_out(row, self.model.generation(row), outcome=outcome, attempts=exchanges))

    @precondition(lambda self: self.under_way)
    @rule(steps=st.lists(STEPS, min_size=1, max_size=8), kept=st.booleans())
    def write(self, steps: list[Step], kept: bool) -> None:  # noqa: FBT001  drawn
        """A group; one that is not committed now goes with the next one, or is lost."""
        for name, *values in steps:
            getattr(self, name)(*values)
        if kept:
            self.commit()

    def commit(self) -> None:
        self.store.write_group(self.pending)
        self.model.sessions[-1].records += self.pending
        self.pending = []

    @precondition(lambda self: self.under_way)
    @rule(reason=st.sampled_from([None, Reason.CANARY]))
    def end_in_order(self, reason: Reason | None) -> None:
        self.commit()
        self.store.end_session(NOON, stop_reason=reason, exit_code=0)
        self.model.sessions[-1].ended = True
        self.under_way = False

    @rule()
    def killed(self) -> None:
        self.store.close()
        self.pending = []
        self.under_way = False
        self.store = LedgerStore(self.path, seal=bytes)

    @invariant()
    def rows_read_as_the_model_says(self) -> None:
        model, reader = self.model, self.reader
        values = reader.results_between(ROWS[0], ROWS[-1], unfinished=UNFINISHED)
        lines = [(v[0], v[1], v[2], v[3], v[4], v[6], v[8]) for v in values]
        assert lines == [model.line(row) for row in model.told_of()]
        assert reader.results_between(2, 3, unfinished=UNFINISHED) == [v for v in values if v[0] in {2, 3}]

    @invariant()
    def doubts_are_the_models(self) -> None:
        assert self.reader.unclear() == self.model.unclear()

    @invariant()
    def counts_are_the_models(self) -> None:
        model, reader = self.model, self.reader
        ends = {row: end for row in ROWS if (end := model.outcome(row)) is not None}
        settled = {row: (outcome, reason) for outcome, reason, rows in reader.settled() for row in rows}
        assert settled == {row: (end.outcome, end.reason) for row, end in ends.items()}
        assert reader.totals() == Counter((end.outcome, end.reason) for end in ends.values())
        lines = [model.line(row) for row in model.touched() if row not in ends]
        standings = Counter((line[1], line[2]) for line in lines if line[1] is not Outcome.NOT_ATTEMPTED)
        assert reader.unfinished(UNFINISHED) == standings
        assert reader.generations() == {row: model.generation(row) for row in model.touched()}
        completed = [end.completed_at for row in ROWS for end in model.of_kind(Ending, row) if end.first_sent_at]
        assert reader.last_completed_at() == max(completed, default=None)
        assert reader.verdicts() == Counter(a.verdict for row in ROWS for a in model.of_kind(Attempt, row))

    @invariant()
    def what_is_known_is_what_the_model_knows(self) -> None:
        known = self.reader.known()
        doubtful = {row for row, _ in self.model.unclear()}
        assert {
            row: (k.generations, k.exchanges, k.unclear, k.first_sent_at, k.outcome) for row, k in known.items()
        } == {
            row: (
                self.model.generation(row),
                len(exchanges := self.model.of_kind(Attempt, row)),
                row in doubtful,
                min((a.sent_at for a in exchanges), default=None),
                end.outcome if (end := self.model.outcome(row)) else None,
            )
            for row in self.model.touched()
            if self.model.standing(row) is not Outcome.SUCCEEDED
        }

    @invariant()
    def every_password_that_was_noted_is_sealed(self) -> None:
        sealed = [json.loads(line) for blob in self.reader.sealed() for line in blob.splitlines()]
        noted = [r for s in self.model.sessions for r in s.records if isinstance(r, Intent)]
        assert [(s["row"], s["generation"], s["password"]) for s in sealed] == [
            (r.row, r.generation, f"{r.row}-{r.generation}") for r in noted
        ]

    @invariant()
    def the_last_session_is_the_last(self) -> None:
        last = self.reader.last_session()
        if self.model.sessions:
            assert last is not None
            assert (last.ended_at is not None) == self.model.sessions[-1].ended


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
