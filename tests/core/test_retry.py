"""What becomes of a row after an exchange: the retry table, line by line, and what holds for every sequence."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchreset.core.classify import Verdict
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.retry import RETRY_TABLE, Again, End, History, Retry, Step, StopRun, after, decide

OK = Verdict.SUCCEEDED
THROTTLED = Verdict.THROTTLED
SERVER_ERROR = Verdict.SERVER_ERROR
TIMEOUT = Verdict.TIMEOUT
LOST = Verdict.CONNECTION_LOST
NOT_SENT = Verdict.NOT_SENT
UNAUTHORIZED = Verdict.UNAUTHORIZED
WORN = Verdict.TOKEN_WORN
MFA = Verdict.MFA_REQUIRED
WEAK = Verdict.WEAK_PASSWORD
NOT_FOUND = Verdict.NOT_FOUND
FORBIDDEN = Verdict.FORBIDDEN
CONFLICT = Verdict.CONFLICT
BAD_REQUEST = Verdict.BAD_REQUEST
REDIRECTED = Verdict.REDIRECTED

SENDER_LOST = Verdict.SENDER_LOST
CHARGED = {SERVER_ERROR, TIMEOUT, LOST, SENDER_LOST, NOT_SENT}
UNCLEAR = {SERVER_ERROR, TIMEOUT, LOST, SENDER_LOST}
REFUSALS = {FORBIDDEN, CONFLICT, BAD_REQUEST, REDIRECTED}
HOUR_SECONDS = 3600.0

AGAIN = Retry(again=Again.CHARGED, keeps_request_id=False)
AGAIN_SAME_ID = Retry(again=Again.CHARGED, keeps_request_id=True)
IN_TURN = Retry(again=Again.FREE, keeps_request_id=False)
RENEWED = Retry(again=Again.RENEWED, keeps_request_id=False)
OTHER_PASSWORD = Retry(again=Again.OTHER_PASSWORD, keeps_request_id=False)
SUCCESS = End(outcome=Outcome.SUCCEEDED, reason=None)


def failed(reason: Reason) -> End:
    return End(outcome=Outcome.FAILED, reason=reason)


def in_doubt(reason: Reason) -> End:
    return End(outcome=Outcome.IN_DOUBT, reason=reason)


Timed = tuple[Verdict, float]
"""A verdict and the seconds since the one before it."""


def walk(
    exchanges: Iterable[Timed], *, max_attempts: int = 3, start: History | None = None
) -> Iterator[tuple[Verdict, Step, History]]:
    """The row's steps, until it goes no further."""
    history, now_seconds = start or History(), 1000.0
    for verdict, gap_seconds in exchanges:
        now_seconds += gap_seconds
        step = decide(history, verdict, now_seconds=now_seconds, max_attempts=max_attempts)
        history = after(history, verdict, now_seconds=now_seconds)
        yield verdict, step, history
        if not isinstance(step, Retry):
            return


def steps(verdicts: Sequence[Verdict], *, max_attempts: int = 3, start: History | None = None) -> list[Step]:
    timed = [(verdict, 1.0) for verdict in verdicts]
    return [step for _, step, _ in walk(timed, max_attempts=max_attempts, start=start)]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param([OK], [SUCCESS], id="2xx"),
        pytest.param([THROTTLED] * 9 + [OK], [IN_TURN] * 9 + [SUCCESS], id="429-is-not-charged"),
        pytest.param([SERVER_ERROR] * 3, [AGAIN] * 2 + [in_doubt(Reason.SERVER_ERROR)], id="5xx"),
        pytest.param([TIMEOUT] * 3, [AGAIN_SAME_ID] * 2 + [in_doubt(Reason.TIMEOUT)], id="timeout"),
        pytest.param([LOST] * 3, [AGAIN_SAME_ID] * 2 + [in_doubt(Reason.CONNECTION)], id="lost"),
        pytest.param([NOT_SENT] * 3, [AGAIN_SAME_ID] * 2 + [failed(Reason.CONNECTION)], id="not-sent"),
        pytest.param([UNAUTHORIZED, OK], [RENEWED, SUCCESS], id="401-once"),
        pytest.param([UNAUTHORIZED] * 2, [RENEWED, StopRun(reason=Reason.UNAUTHORIZED)], id="401-again"),
        pytest.param([MFA], [StopRun(reason=Reason.MFA_REQUIRED)], id="401-mfa"),
        pytest.param([FORBIDDEN], [failed(Reason.FORBIDDEN)], id="403"),
        pytest.param([NOT_FOUND], [failed(Reason.NOT_FOUND)], id="404"),
        pytest.param([CONFLICT], [failed(Reason.CONFLICT)], id="409"),
        pytest.param([BAD_REQUEST], [failed(Reason.BAD_REQUEST)], id="other-4xx"),
        pytest.param([REDIRECTED], [failed(Reason.REDIRECTED)], id="3xx"),
        pytest.param([WEAK, WEAK, OK], [OTHER_PASSWORD] * 2 + [SUCCESS], id="weak-twice"),
        pytest.param([WEAK] * 3, [OTHER_PASSWORD] * 2 + [failed(Reason.BAD_REQUEST)], id="weak-three-times"),
        pytest.param(
            [TIMEOUT, SERVER_ERROR, NOT_SENT], [AGAIN_SAME_ID, AGAIN, in_doubt(Reason.CONNECTION)], id="mixed"
        ),
        pytest.param([TIMEOUT, OK], [AGAIN_SAME_ID, SUCCESS], id="unclear-then-2xx"),
        pytest.param([NOT_SENT, FORBIDDEN], [AGAIN_SAME_ID, failed(Reason.FORBIDDEN)], id="not-sent-is-clear"),
        pytest.param([THROTTLED, FORBIDDEN], [IN_TURN, failed(Reason.FORBIDDEN)], id="429-is-clear"),
        pytest.param([UNAUTHORIZED, CONFLICT], [RENEWED, failed(Reason.CONFLICT)], id="401-is-clear"),
        pytest.param([WEAK, CONFLICT], [OTHER_PASSWORD, failed(Reason.CONFLICT)], id="weak-is-clear"),
    ],
)
def test_a_line_of_the_table(verdicts: list[Verdict], expected: list[Step]) -> None:
    assert steps(verdicts) == expected


def test_the_table_has_a_line_for_every_verdict_but_success() -> None:
    assert set(RETRY_TABLE) == set(Verdict) - {OK}


def test_an_exchange_is_unclear_exactly_where_the_service_may_have_acted_unseen() -> None:
    """The ledger notes this of every exchange, also of one that stops the run."""
    assert {verdict for verdict, rule in RETRY_TABLE.items() if rule.unclear} == UNCLEAR


@pytest.mark.parametrize("unclear", sorted(UNCLEAR, key=str))
@pytest.mark.parametrize("refusal", sorted(REFUSALS, key=str))
def test_a_refusal_after_an_unclear_exchange_leaves_the_row_in_doubt(unclear: Verdict, refusal: Verdict) -> None:
    assert steps([unclear, refusal])[-1] == in_doubt(RETRY_TABLE[refusal].reason)


@pytest.mark.parametrize("unclear", sorted(UNCLEAR, key=str))
def test_a_404_after_an_unclear_exchange_fails_the_row_there_is_no_such_user(unclear: Verdict) -> None:
    assert steps([unclear, NOT_FOUND])[-1] == failed(Reason.NOT_FOUND)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(WEAK, Reason.BAD_REQUEST), (FORBIDDEN, Reason.FORBIDDEN), (NOT_SENT, Reason.CONNECTION)],
    ids=["weak", "refused", "not-sent"],
)
def test_a_doubt_of_an_earlier_session_is_not_forgotten(verdict: Verdict, reason: Reason) -> None:
    assert steps([verdict] * 3, start=History(unclear=True))[-1] == in_doubt(reason)


def test_one_attempt_at_most_means_no_retry() -> None:
    assert steps([SERVER_ERROR], max_attempts=1) == [in_doubt(Reason.SERVER_ERROR)]


@pytest.mark.parametrize(
    ("waited_seconds", "expected"),
    [(3599.999, IN_TURN), (3600.0, failed(Reason.THROTTLED)), (3600.001, failed(Reason.THROTTLED))],
    ids=["within-the-hour", "at-the-hour", "after-the-hour"],
)
def test_an_hour_of_nothing_but_429_gives_the_row_up(waited_seconds: float, expected: Step) -> None:
    between = [(THROTTLED, waited_seconds / 2), (THROTTLED, waited_seconds / 2)]

    assert [step for _, step, _ in walk([(THROTTLED, 0.0), *between])] == [IN_TURN, IN_TURN, expected]


def test_an_hour_of_429_after_an_unclear_exchange_leaves_the_row_in_doubt() -> None:
    exchanges = [(TIMEOUT, 0.0), (THROTTLED, 0.0), (THROTTLED, HOUR_SECONDS)]

    assert [step for _, step, _ in walk(exchanges)][-1] == in_doubt(Reason.THROTTLED)


@pytest.mark.parametrize("other", [SERVER_ERROR, TIMEOUT, LOST, SENDER_LOST, NOT_SENT, UNAUTHORIZED, WEAK])
def test_another_answer_in_between_begins_the_hour_anew(other: Verdict) -> None:
    series = [(THROTTLED, 0.0), (THROTTLED, 3599.0)]
    given_up = in_doubt(Reason.THROTTLED) if other in UNCLEAR else failed(Reason.THROTTLED)

    walked = [step for _, step, _ in walk([*series, (other, 3.0), *series, (THROTTLED, 1.0)])]

    assert walked[-2:] == [IN_TURN, given_up]


@pytest.mark.parametrize("other", [SERVER_ERROR, TIMEOUT, LOST, SENDER_LOST, NOT_SENT, WEAK])
def test_a_401_after_another_answer_may_be_renewed_again(other: Verdict) -> None:
    assert steps([UNAUTHORIZED, other, UNAUTHORIZED])[-1] == RENEWED


def test_a_429_says_nothing_of_the_token_so_401_after_it_is_again_401() -> None:
    assert steps([UNAUTHORIZED, THROTTLED, THROTTLED, UNAUTHORIZED])[-1] == StopRun(reason=Reason.UNAUTHORIZED)


def test_a_401_after_throttling_is_renewed() -> None:
    assert steps([THROTTLED, UNAUTHORIZED])[-1] == RENEWED


def test_what_counts_for_every_exchange() -> None:
    *_, (_, _, history) = walk([(THROTTLED, 1.0), (WEAK, 1.0), (UNAUTHORIZED, 1.0), (NOT_SENT, 1.0), (THROTTLED, 1.0)])

    assert history == History(exchanges=5, charged=1, weak=1, throttled_since_seconds=1005.0)


def test_a_success_counts_as_an_exchange_and_forgets_nothing() -> None:
    before = History(exchanges=4, charged=2, unclear=True, weak=1)

    assert after(before, OK, now_seconds=1.0) == History(exchanges=5, charged=2, unclear=True, weak=1)


def test_a_401_to_a_token_that_has_served_says_that_it_died_and_the_row_goes_again_a_few_times() -> None:
    """However many rows share a token's last requests; but a row that is refused for ever ends the run."""
    assert steps([WORN] * 5)[-1] == RENEWED
    assert steps([WORN] * 6)[-1] == StopRun(reason=Reason.UNAUTHORIZED)
    assert steps([WORN] * 5 + [OK])[-1] == SUCCESS


def test_a_new_token_that_is_refused_after_another_401_stops_the_run() -> None:
    for first in (UNAUTHORIZED, WORN):
        assert steps([first, UNAUTHORIZED])[-1] == StopRun(reason=Reason.UNAUTHORIZED)


verdicts = st.sampled_from(Verdict)
timed = st.tuples(verdicts, st.floats(0, 4000, allow_nan=False))
attempts = st.integers(1, 6)


@given(pattern=st.lists(verdicts, min_size=1, max_size=6), max_attempts=attempts)
@example(pattern=[THROTTLED, UNAUTHORIZED], max_attempts=1)
def test_every_sequence_ends(pattern: list[Verdict], max_attempts: int) -> None:
    """Whatever repeats for ever: a minute between two exchanges, and the row ends."""
    series_of_429 = HOUR_SECONDS / 60 + 1
    others = 2 * (max_attempts + 2) + 2
    bound = int((series_of_429 + 1) * (others + 1))

    walked = list(islice(walk(((verdict, 60.0) for verdict in cycle(pattern)), max_attempts=max_attempts), bound))

    assert not isinstance(walked[-1][1], Retry)


@given(exchanges=st.lists(timed, max_size=30), max_attempts=attempts)
def test_charged_attempts_never_exceed_what_is_allowed(exchanges: list[Timed], max_attempts: int) -> None:
    for count, (verdict, _, history) in enumerate(walk(exchanges, max_attempts=max_attempts), start=1):
        charged = sum(seen in CHARGED for seen, _ in exchanges[:count])
        assert history.charged == charged <= max_attempts
        assert history.exchanges == count
        assert verdict is not THROTTLED or history.throttled_since_seconds is not None


@given(exchanges=st.lists(timed, max_size=30), max_attempts=attempts)
def test_failed_always_means_surely_not_changed(exchanges: list[Timed], max_attempts: int) -> None:
    seen: list[Verdict] = []
    for verdict, step, _ in walk(exchanges, max_attempts=max_attempts):
        seen.append(verdict)
        if step == SUCCESS:
            assert verdict is OK
        elif isinstance(step, End):
            assert (step.outcome is Outcome.FAILED) == (UNCLEAR.isdisjoint(seen) or verdict is NOT_FOUND)
            assert step.outcome in {Outcome.FAILED, Outcome.IN_DOUBT}


@given(exchanges=st.lists(timed, max_size=30), max_attempts=attempts)
def test_success_always_wins(exchanges: list[Timed], max_attempts: int) -> None:
    history = History()
    for _, step, reached in walk(exchanges, max_attempts=max_attempts):
        if isinstance(step, Retry):
            history = reached

    assert decide(history, OK, now_seconds=1e9, max_attempts=max_attempts) == SUCCESS


@given(exchanges=st.lists(timed, max_size=30), max_attempts=attempts)
def test_a_row_gets_two_new_passwords_at_most(exchanges: list[Timed], max_attempts: int) -> None:
    walked = [step for _, step, _ in walk(exchanges, max_attempts=max_attempts)]

    assert walked.count(OTHER_PASSWORD) <= 2


@given(exchanges=st.lists(timed, max_size=30), max_attempts=attempts)
def test_the_request_id_is_kept_exactly_where_no_answer_came(exchanges: list[Timed], max_attempts: int) -> None:
    for verdict, step, _ in walk(exchanges, max_attempts=max_attempts):
        if isinstance(step, Retry):
            assert step.keeps_request_id == (verdict in {TIMEOUT, LOST, SENDER_LOST, NOT_SENT})


@given(exchanges=st.lists(timed, max_size=30), max_attempts=attempts)
def test_only_the_token_stops_the_run(exchanges: list[Timed], max_attempts: int) -> None:
    for verdict, step, _ in walk(exchanges, max_attempts=max_attempts):
        if isinstance(step, StopRun):
            assert (verdict, step.reason) in {
                (UNAUTHORIZED, Reason.UNAUTHORIZED),
                (WORN, Reason.UNAUTHORIZED),
                (MFA, Reason.MFA_REQUIRED),
            }
