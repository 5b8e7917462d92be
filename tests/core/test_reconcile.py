"""The ledger beside Partner Center's records: what may be in force is never lost, what is said to be sure is."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.core.audit import AuditRecord, Recorded
from batchreset.core.certainty import Certainty, certainty
from batchreset.core.correlation import correlation_id
from batchreset.core.outcome import Outcome
from batchreset.core.reconcile import Difference, Generation, LedgerRow, Reconciled, SentAttempt, reconcile_row

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
CUSTOMER, USER = "c" * 8, "u" * 8
OK, LOST, NO = "succeeded by an answer", "unclear", "refused"
P, F, S = Certainty.POSSIBLE, Certainty.IN_FORCE, Certainty.SUPERSEDED


def at(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def sent(name: str, kind: str, seconds: float) -> SentAttempt:
    return SentAttempt(
        correlation_id=name, succeeded=kind == OK, unclear=kind == LOST, sent_at=at(seconds), ended_at=at(seconds + 1)
    )


def row(outcome: Outcome | None, *passwords: Mapping[str, str], cut_off: int = 0, pause: int = 60) -> LedgerRow:
    """Each password's attempts, by correlation id; the n-th attempt of all at n pauses past noon."""
    seconds, generations = 0, []
    for number, attempts in enumerate(passwords, 1):
        noted_at, made = at(seconds), []
        for name, kind in attempts.items():
            seconds += pause
            made.append(sent(name, kind, seconds))
        generations.append(
            Generation(
                number=number,
                noted_at=noted_at,
                cut_off=number == cut_off,
                request_id=f"noted-{number}",
                exchanges=sum(map(len, passwords[:number])),
                attempts=tuple(made),
            )
        )
    return LedgerRow(row=1, customer_tenant_id=CUSTOMER, user_id=USER, outcome=outcome, generations=tuple(generations))


def under_way(password: int, number: int) -> str:
    """The id of an exchange that is not in the ledger."""
    return correlation_id(f"noted-{password}", number)


def record(
    name: str, status: Recorded = Recorded.SUCCEEDED, seconds: float | None = 60, *, is_reset: bool = True
) -> AuditRecord:
    return AuditRecord(
        customer_tenant_id=CUSTOMER,
        user_id=USER,
        correlation_id=name,
        status=status,
        at=None if seconds is None else at(seconds),
        is_reset=is_reset,
    )


def handed(ledger: LedgerRow, found: Reconciled) -> dict[int, Certainty | None]:
    """As the hand-over has it."""
    outcome = found.outcome or Outcome.IN_DOUBT
    return {
        one.number: found.certainties[one.number]
        if found.certainties
        else certainty(
            generation=one.number,
            outcome=outcome,
            outcome_generation=ledger.generations[-1].number if outcome is Outcome.SUCCEEDED else None,
            unclear=one.cut_off or any(attempt.unclear for attempt in one.attempts),
        )
        for one in ledger.generations
    }


Case = tuple[LedgerRow, list[AuditRecord], Outcome | None, list[Certainty | None], list[str]]
DOUBT, DONE, FAIL = Outcome.IN_DOUBT, Outcome.SUCCEEDED, Outcome.FAILED
FAILED, OPEN = Recorded.FAILED, Recorded.OPEN


@pytest.mark.parametrize(
    "case",
    [
        (row(DOUBT, {"a": LOST}), [record("a")], DONE, [F], []),
        (row(DOUBT, {"a": LOST, "b": LOST}), [record("a")], DONE, [F], []),
        (row(DOUBT, {"a": LOST}), [record("a"), record("a"), record("a", OPEN, 59)], DONE, [F], []),
        (row(DOUBT, {"a": LOST}), [record("a", FAILED)], FAIL, [None], []),
        (row(DOUBT, {"a": LOST, "b": NO}), [record("a", FAILED)], FAIL, [None], []),
        (row(DOUBT, {"a": LOST, "b": LOST}), [record("a", FAILED)], DOUBT, [P], ["in_doubt"]),
        (row(DOUBT, {"a": LOST}), [], DOUBT, [P], ["in_doubt"]),
        (row(DOUBT, {"a": LOST}), [record("a", OPEN)], DOUBT, [P], ["in_doubt"]),
        (row(DOUBT, {"a": LOST}), [record("a"), record("a", FAILED)], DOUBT, [P], ["in_doubt"]),
        (row(DOUBT, {"a": LOST}), [record("a", is_reset=False)], DONE, [F], []),
        (row(DOUBT, {"a": LOST}), [record("x", is_reset=False)], DOUBT, [P], ["in_doubt"]),
        (row(None, {"a": LOST}), [record("a")], DONE, [F], []),
        (row(None, {"a": LOST}), [], None, [P], ["in_doubt"]),
        (row(None, {"a": NO}), [], None, [None], []),
        (row(None, {"a": LOST}, cut_off=1), [record("a")], DONE, [F], []),
        (row(None, {"a": LOST}, cut_off=1), [record("a", FAILED)], None, [P], ["in_doubt"]),
        (row(None, {}, cut_off=1), [record("x", seconds=5)], None, [P], ["in_doubt", "perhaps_ours"]),
        (row(None, {}, cut_off=1), [record(under_way(1, 1))], DONE, [F], []),
        (row(None, {"a": LOST}, cut_off=1), [record(under_way(1, 2))], DONE, [F], []),
        (row(None, {}, cut_off=1), [record(under_way(1, 1), FAILED)], None, [P], ["in_doubt"]),
        (row(None, {}), [record(under_way(1, 1))], None, [None], []),
        (row(DONE, {}, {"b": OK}, cut_off=1), [record(under_way(1, 1)), record("b", seconds=61)], DONE, [S, F], []),
        (
            *(row(DONE, {}, {"b": OK}, cut_off=1), [record(under_way(1, 1), seconds=62), record("b", seconds=61)]),
            *(DONE, [P, P], ["recorded_later"]),
        ),
        (row(DOUBT, {"a": LOST}, {"b": LOST}), [record("a")], DOUBT, [P, P], ["in_doubt"]),
        (row(DOUBT, {"a": LOST}, {"b": LOST}), [record("b", seconds=120)], DONE, [S, F], []),
        (row(DOUBT, {"a": LOST}, {"b": LOST}), [record("a"), record("b", FAILED, 120)], DONE, [F, S], []),
        (row(DOUBT, {"a": LOST}, {"b": LOST}), [record("b", FAILED, 120)], DOUBT, [P, None], ["in_doubt"]),
        (row(DOUBT, {"a": LOST}, {"b": LOST}), [record("a"), record("b", seconds=120)], DONE, [S, F], []),
        (
            *(row(DOUBT, {"a": LOST}, {"b": LOST}), [record("a", seconds=500), record("b", seconds=120)]),
            *(DONE, [P, P], ["recorded_later"]),
        ),
        (
            *(row(DOUBT, {"a": LOST}, {"b": LOST}), [record("a", seconds=None), record("b", seconds=120)]),
            *(DONE, [P, P], ["recorded_later"]),
        ),
        (row(DOUBT, {"a": LOST}), [record("a"), record("x", seconds=50)], DONE, [F], ["somebody_else"]),
        (row(DOUBT, {"a": LOST}), [record("a"), record("x", seconds=60)], DONE, [P], ["somebody_else"]),
        (row(DOUBT, {"a": LOST}), [record("a"), record("x", OPEN, 90)], DONE, [P], ["somebody_else"]),
        (row(DOUBT, {"a": LOST}), [record("a"), record("", seconds=None)], DONE, [P], ["somebody_else"]),
        (row(DOUBT, {"a": LOST}), [record("a"), record("x", FAILED, 90)], DONE, [F], []),
        (row(DOUBT, {"a": LOST}), [record("a"), record("x", seconds=-900)], DONE, [F], []),
        (row(DONE, {"a": OK}), [record("a")], DONE, [F], []),
        (row(DONE, {"a": OK}), [], DONE, [F], ["not_recorded"]),
        (row(DONE, {"a": OK}), [record("a", FAILED)], DONE, [P], ["recorded_failed"]),
        (row(DONE, {"a": LOST, "b": OK}), [record("a")], DONE, [F], []),
        (row(DONE, {"a": LOST, "b": OK}), [record("a", FAILED)], DONE, [F], ["not_recorded"]),
        (row(DONE, {"a": OK}), [record("a"), record("x", seconds=90)], DONE, [P], ["somebody_else"]),
        (row(DONE, {"a": OK}), [record("x", seconds=300)], DONE, [P], ["not_recorded", "somebody_else"]),
        (row(DONE, {"a": OK}, pause=3600), [record("x", seconds=1200)], DONE, [F], ["not_recorded", "somebody_else"]),
        (row(DONE, {"a": NO}), [], DONE, [F], ["not_recorded"]),
        (row(DOUBT, {"a": LOST}, {"b": LOST}, pause=3600), [record("x")], DOUBT, [P, P], ["in_doubt", "somebody_else"]),
        (row(DONE, {"a": LOST}, {"b": OK}, pause=3600), [record("a")], DONE, [S, F], ["not_recorded"]),
        (
            *(row(DONE, {"a": LOST}, {"b": OK}), [record("a", seconds=100)]),
            *(DONE, [P, P], ["not_recorded", "recorded_later"]),
        ),
        (
            *(row(DONE, {"a": LOST}, {"b": OK}), [record("a", seconds=None)]),
            *(DONE, [P, P], ["not_recorded", "recorded_later"]),
        ),
        (
            *(row(DONE, {"a": LOST}, {"b": OK}, pause=3600), [record("a"), record("b", seconds=None)]),
            *(DONE, [P, P], ["recorded_later"]),
        ),
        (row(DONE, {"a": OK}), [record("a", seconds=-1900), record("x", seconds=-1800)], DONE, [P], ["somebody_else"]),
        (row(DONE, {"a": OK}), [record("a", seconds=-1900), record("x", seconds=-1901)], DONE, [F], []),
        (
            *(row(DONE, {"a": LOST}, {"b": OK}), [record("a"), record("b", FAILED)]),
            *(DONE, [P, P], ["recorded_failed", "recorded_later"]),
        ),
        (
            *(row(DONE, {}, {"b": OK}, cut_off=1), [record("x", seconds=90), record("b")]),
            *(DONE, [P, P], ["perhaps_ours"]),
        ),
        (row(FAIL, {"a": NO}), [], FAIL, [None], []),
        (row(FAIL, {"a": NO}), [record("a", FAILED)], FAIL, [None], []),
        (row(FAIL, {"a": NO}), [record("a")], DOUBT, [P], ["in_doubt", "recorded_succeeded"]),
        (row(FAIL, {"a": LOST, "b": NO}), [], FAIL, [None], []),
        (row(FAIL, {"a": LOST, "b": NO}), [record("a")], DONE, [F], ["recorded_succeeded"]),
        (row(FAIL, {"a": NO}), [record("x", seconds=90)], FAIL, [None], ["somebody_else"]),
    ],
    ids=str,
)  # fmt: skip
def test_what_records_make_of_a_row(case: Case) -> None:
    """The row, its records, then its outcome, how sure each password is, and what differs."""
    ledger, records, outcome, sure, differences = case
    found = reconcile_row(ledger, records)
    assert found.outcome is outcome
    assert found.settled is (outcome is not ledger.outcome)
    assert list(handed(ledger, found).values()) == sure
    assert [one.what.value for one in found.differences] == differences
    assert reconcile_row(ledger, [*reversed(records), *records]) == found


def test_of_a_row_that_was_never_sent_somebody_elses_reset_is_no_difference() -> None:
    noted = LedgerRow(
        row=1,
        customer_tenant_id=CUSTOMER,
        user_id=USER,
        outcome=None,
        generations=(Generation(number=1, noted_at=NOON, cut_off=False),),
    )
    assert reconcile_row(noted, [record("x")]) == Reconciled(outcome=None)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happened, whether it was carried out, whether it is recorded, and whether with its time."""

    what: str
    done: bool
    recorded: bool
    timed: bool


@dataclass
class Life:
    """A row as it really went: what answers told, what was done, and what was recorded."""

    steps: list[Step]
    skew_seconds: int
    pause_seconds: int
    passwords: list[list[SentAttempt]] = field(default_factory=list)
    cut_off: set[int] = field(default_factory=set)
    held: list[tuple[str, int]] = field(default_factory=list)
    records: list[AuditRecord] = field(default_factory=list)
    in_force: int | None = None
    ever: bool = False
    seconds: int = 0
    outcome: Outcome | None = None
    ledger: LedgerRow = field(init=False)

    def __post_init__(self) -> None:
        self.passwords.append([])
        for number, step in enumerate(self.steps):
            self.seconds += self.pause_seconds
            if self.outcome is None or step.what in {"delivered late", "somebody else"}:
                self._take(f"request-{number}", step)
        generations = tuple(
            Generation(
                number=number,
                noted_at=at(attempts[0].sent_at.timestamp() - NOON.timestamp() if attempts else 0),
                cut_off=number in self.cut_off,
                request_id=f"noted-{number}",
                exchanges=sum(map(len, self.passwords[:number])),
                attempts=tuple(attempts),
            )
            for number, attempts in enumerate(self.passwords, 1)
        )
        doubted = self.cut_off or any(one.unclear for attempts in self.passwords for one in attempts)
        if self.outcome is None and len(self.steps) % 2:
            self.outcome = Outcome.IN_DOUBT if doubted else Outcome.FAILED
        self.ledger = LedgerRow(
            row=1, customer_tenant_id=CUSTOMER, user_id=USER, outcome=self.outcome, generations=generations
        )

    def _take(self, name: str, step: Step) -> None:
        match step.what:
            case "another password":
                self.passwords.append([])
            case "somebody else":
                self._record(name, Recorded.SUCCEEDED, step)
                self.in_force = None
            case "delivered late":
                # Whatever a gateway had held. Nobody could know of it if it were not recorded.
                for held, password in self.held:
                    self._record(held, Recorded.SUCCEEDED, step)
                    self.in_force, self.ever = password, True
                self.held.clear()
            case "killed" | "killed, its id not known":
                self.cut_off.add(len(self.passwords))
                number = sum(map(len, self.passwords)) + 1
                known = step.what == "killed"
                self._carried_out(under_way(len(self.passwords), number) if known else f"unknown-{name}", step)
                self.passwords.append([])
            case "held":
                self.passwords[-1].append(sent(name, LOST, self.seconds))
                self.held.append((name, len(self.passwords)))
            case _:
                done = step.what == OK or (step.what == LOST and step.done)
                self.passwords[-1].append(sent(name, step.what, self.seconds))
                self._carried_out(name, replace(step, done=done))
                self.outcome = Outcome.SUCCEEDED if step.what == OK else None

    def _carried_out(self, name: str, step: Step) -> None:
        if step.done:
            self.in_force, self.ever = len(self.passwords), True
        if step.recorded:
            self._record(name, Recorded.SUCCEEDED if step.done else Recorded.FAILED, step)

    def _record(self, name: str, status: Recorded, step: Step) -> None:
        self.records.append(record(name, status, self.seconds + 1 + self.skew_seconds if step.timed else None))


def step(*what: str) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        what=st.sampled_from(what),
        done=st.booleans(),
        recorded=st.booleans(),
        timed=st.sampled_from([True, True, False]),
    )


def joined_up(passwords: list[list[Step]], aftermath: list[Step]) -> list[Step]:
    between = Step(what="another password", done=False, recorded=False, timed=False)
    return [one for password in passwords for one in (between, *password)][1:] + aftermath


STRANGE = ("delivered late", "somebody else", "killed", "killed, its id not known")
LIVES = st.builds(
    Life,
    steps=st.builds(
        joined_up,
        st.lists(
            st.lists(step(OK, OK, LOST, LOST, NO, "held", "held", *STRANGE), min_size=1, max_size=3),
            min_size=1,
            max_size=3,
        ),
        st.lists(step("delivered late", "somebody else"), max_size=2),
    ),
    skew_seconds=st.integers(-500, 500),
    pause_seconds=st.sampled_from([60, 1000]),
)


@settings(max_examples=300)
@given(life=LIVES, data=st.data())
def test_whatever_is_recorded_the_password_in_force_is_handed_over_and_what_is_sure_is_true(
    life: Life, data: st.DataObject
) -> None:
    """Records of ours are missing, or have no time.

    Those of somebody else, and of what was carried out late, are there, else nobody could know of them.
    """
    shuffled = data.draw(st.permutations([*life.records, *life.records[: data.draw(st.integers(0, 3))]]))
    found = reconcile_row(life.ledger, shuffled)
    given_out = handed(life.ledger, found)

    if life.in_force is not None:
        assert given_out[life.in_force] in {F, P}
    for number, sure in given_out.items():
        assert sure is not F or number == life.in_force
    if found.outcome is Outcome.FAILED:
        assert not life.ever
    if life.outcome is Outcome.SUCCEEDED:
        assert found.outcome is Outcome.SUCCEEDED
        assert not found.settled
    assert reconcile_row(life.ledger, life.records) == found
    assert bool(found.differences) or (found.outcome is not Outcome.IN_DOUBT)


@settings(max_examples=50)
@given(life=LIVES)
def test_without_a_record_nothing_is_settled_and_every_password_is_as_sure_as_before(life: Life) -> None:
    found = reconcile_row(life.ledger, [])
    assert (found.outcome, found.settled, dict(found.certainties)) == (life.ledger.outcome, False, {})


@settings(max_examples=50)
@given(life=LIVES)
def test_records_of_another_time_or_about_something_else_change_nothing(life: Life) -> None:
    """Of a reset before the run, and of changes of the user by others."""
    strangers = [
        record("stranger", seconds=-1200),
        record("stranger", seconds=90, is_reset=False),
        record("stranger", Recorded.FAILED, 90),
    ]
    assert reconcile_row(life.ledger, [*life.records, *strangers]) == reconcile_row(life.ledger, life.records)


def test_every_difference_has_a_word_of_its_own() -> None:
    assert len({what.value for what in Difference}) == len(Difference)
    assert replace(record("a"), by="x") != record("a")
