"""Faults as a caller meets them, on bare sockets where the bytes matter."""

import time
import uuid

import httpx
import pytest
from simulator_client import CUSTOMER, USER, calling, connected, raw_reset

from batchreset.simulator.options import SimulatorOptions

USERS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(12)]


@pytest.mark.parametrize(
    ("options", "applied"),
    [
        pytest.param(SimulatorOptions(lost_share=1), 0, id="before it is applied"),
        pytest.param(SimulatorOptions(lost_applied_share=1), 12, id="after it is applied"),
    ],
)
def test_a_lost_connection_gives_not_one_byte_and_is_closed_or_reset(options: SimulatorOptions, applied: int) -> None:
    ends = set()
    with calling(options) as caller:
        for user in USERS:
            with connected(caller.simulator) as connection:
                connection.send(raw_reset(user=user))
                received, end = connection.receive_to_end()
                assert received == b""
                ends.add(end)
        report = caller.report()
    assert ends == {"closed", "reset"}
    assert report["by_status"] == {"lost": 12}
    assert (report["passwords_applied"], report["accounts_changed"]) == (applied, applied)


def test_an_answer_cut_short_has_its_whole_head_and_half_its_body_and_was_applied() -> None:
    with calling(SimulatorOptions(cut_short_share=1, bom_share=0)) as caller:
        with connected(caller.simulator) as connection:
            connection.send(raw_reset())
            received, _ = connection.receive_to_end()
        head, _, half = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        assert head.startswith(b"HTTP/1.1 200 ")
        assert len(half) == length // 2 > 100
        assert caller.report()["accounts_changed"] == 1


def test_after_a_lost_answer_the_same_request_id_learns_what_was_done_without_doing_it_again() -> None:
    # With this seed the account's first answer is lost and its second is not.
    with calling(SimulatorOptions(lost_applied_share=0.5, seed=1)) as caller:
        same: dict[str, str | None] = {"MS-RequestId": str(uuid.uuid4())}
        with pytest.raises(httpx.TransportError):
            caller.reset(changes=same)
        assert caller.reset(changes=same).status_code == 200
        report = caller.report()
        assert (report["replayed"], report["in_force"][USER]["times_changed"]) == (1, 1)


@pytest.mark.parametrize(
    ("options", "applied"),
    [
        pytest.param(SimulatorOptions(hang_share=1), 0, id="not applied"),
        pytest.param(SimulatorOptions(hang_applied_share=1), 1, id="applied"),
    ],
)
def test_a_hanging_request_is_never_answered(options: SimulatorOptions, applied: int) -> None:
    with calling(options) as caller:
        with connected(caller.simulator) as connection:
            connection.send(raw_reset())
            connection.give_up_after(0.15)
            with pytest.raises(TimeoutError):
                connection.receive()
        assert caller.report()["accounts_changed"] == applied


@pytest.mark.parametrize(
    ("options", "applied"),
    [
        pytest.param(SimulatorOptions(error_share=1), 0, id="not applied"),
        pytest.param(SimulatorOptions(applied_error_share=1), 12, id="though applied"),
    ],
)
def test_a_server_error_is_of_any_kind(options: SimulatorOptions, applied: int) -> None:
    with calling(options) as caller:
        answers = [caller.reset(user) for user in USERS]
        assert {answer.status_code for answer in answers} <= {408, 500, 502, 503, 504}
        assert len({answer.status_code for answer in answers}) > 2
        assert {answer.content[:1] for answer in answers} == {b"{", b"<", b""}
        assert caller.report()["accounts_changed"] == applied


def test_a_good_password_is_refused_as_weak_when_it_is_its_turn() -> None:
    with calling(SimulatorOptions(weak_share=1, bom_share=0)) as caller:
        answer = caller.reset()
        assert (answer.status_code, answer.json()["code"]) == (400, "3000")
        assert caller.report()["accounts_changed"] == 0


def test_reads_are_spared_unless_asked_for() -> None:
    with calling(SimulatorOptions(error_share=1)) as caller:
        assert caller.get(f"/v1/customers/{CUSTOMER}").status_code == 200
    with calling(SimulatorOptions(error_share=1, faults_on_reads=True)) as caller:
        assert caller.get(f"/v1/customers/{CUSTOMER}").status_code >= 500


def test_an_answer_takes_its_latency_and_a_429_none() -> None:
    with calling(SimulatorOptions(latency_seconds=0.2, partner_limit=1)) as caller:
        answer, throttled = caller.reset(), caller.reset()
        assert answer.elapsed.total_seconds() > 0.05
        assert throttled.elapsed < answer.elapsed


def test_requests_one_after_the_other_do_not_wait_for_delayed_acknowledgements() -> None:
    with calling(SimulatorOptions()) as caller:
        before = time.monotonic()
        for _ in range(50):
            caller.reset()
        # With 40 ms between head and body of each answer it is 2 s.
        assert time.monotonic() - before < 1.5


def test_a_caller_that_leaves_in_the_middle_of_its_request_has_asked_for_nothing() -> None:
    with calling(SimulatorOptions()) as caller:
        with connected(caller.simulator) as connection:
            connection.send(raw_reset()[:-10])
        assert caller.reset().status_code == 200
        assert caller.report()["requests"] == 1


def test_several_requests_go_over_one_connection() -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller, connected(caller.simulator) as connection:
        for user in USERS[:3]:
            connection.send(raw_reset(user=user))
            received = b""
            while not received.endswith(b"\r\n}"):
                received += connection.receive()
            assert user.encode() in received
        assert caller.report()["accounts_changed"] == 3
