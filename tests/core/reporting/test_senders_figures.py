"""Each sender's sums: over all sessions, and never of somebody who was the run's own process alone."""

import pytest

from batchreset.core.reporting.senders import Exchanged, SentBy, senders_of, sessions_of, verdicts_of


def some(
    session: int, sender: str, verdict: str, exchanges: int, *, answered: int, between: tuple[int, int]
) -> Exchanged:
    return Exchanged(
        session=session, sender=sender, verdict=verdict, exchanges=exchanges, answered=answered,
        first_sent_at=between[0], last_ended_at=between[1],
    )  # fmt: skip


FOUND = [
    some(1, "", "succeeded", 4, answered=4, between=(0, 9_000)),
    some(2, "a", "succeeded", 50, answered=50, between=(100_000, 108_000)),
    some(2, "a", "throttled", 6, answered=6, between=(101_000, 110_000)),
    some(2, "a", "sender_lost", 3, answered=0, between=(109_000, 112_000)),
    some(3, "a", "timeout", 2, answered=0, between=(500_000, 508_000)),
    some(2, "b", "not_found", 62, answered=62, between=(100_000, 100_000)),
]


def test_a_sender_has_the_sums_of_all_sessions_and_no_pause_between_them_slows_it() -> None:
    _, one, _ = senders_of(FOUND)
    assert one == SentBy(
        sender="a", exchanges=61, answered=56, throttled=6, lost=3, given_up=0, succeeded=50, first_sent_at=100_000,
        last_answer_at=110_000, last_ended_at=508_000, active_seconds=10.0,
    )  # fmt: skip
    assert (one.unanswered, one.per_second) == (2, 5.6)


@pytest.mark.parametrize("verdict", ["sender_lost", "timeout", "cancelled"])
def test_what_had_no_answer_ends_with_somebodys_patience_and_is_no_activity(verdict: str) -> None:
    """A sender that answered ten in two seconds and was lost: five a second, and its last answer was its last."""
    answered = some(1, "w", "succeeded", 10, answered=10, between=(0, 2_000))
    without = some(1, "w", verdict, 4, answered=0, between=(1_000, 14_000))
    one, other = senders_of([answered, without, some(2, "v", verdict, 1, answered=0, between=(0, 9))])
    assert (one.per_second, one.last_answer_at, one.last_ended_at) == (5.0, 2_000, 14_000)
    assert (other.per_second, other.last_answer_at) == (0.0, None)
    assert one.given_up == (4 if verdict == "cancelled" else 0)


def test_whoever_sent_most_comes_first_and_the_process_itself_is_one_of_them() -> None:
    assert [one.sender for one in senders_of(FOUND)] == ["b", "a", ""]


def test_one_moment_is_no_rate() -> None:
    assert senders_of(FOUND)[0].per_second == 0.0


def test_where_the_process_alone_has_sent_there_are_no_senders() -> None:
    assert senders_of(FOUND[:1]) == senders_of([]) == ()


def test_nothing_is_lost_between_the_ways_to_count() -> None:
    sessions = sessions_of([(1, 0, 9, None), (2, 0, None, None), (3, 0, 9, "canary"), (4, 0, 9, None)], FOUND)
    assert sum(one.exchanges for one in sessions) == sum(one.exchanges for one in senders_of(FOUND)) == 127
    assert sum(verdicts_of(FOUND).values()) == 127
    assert [(one.throttled, one.first_sent_at, one.last_ended_at) for one in sessions] == [
        (0, 0, 9_000), (6, 100_000, 110_000), (0, 500_000, 508_000), (0, None, None),
    ]  # fmt: skip
