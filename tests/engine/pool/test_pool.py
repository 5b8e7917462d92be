"""The pool gives rows to senders, and knows of each row what can be known when one of them is lost."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
import pytest
from pool_world import CALL_SECONDS, CALLED_OFF, Asking, Pooled, Service, Worker, pooled
from virtual_time import in_virtual_time

from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent
from batchreset.core.outcome import Reason
from batchreset.core.senders import SenderState
from batchreset.core.stop import stop_for
from batchreset.engine.pool.member import GATHERING_SECONDS, QUIET_SECONDS, REST_SECONDS, SILENCE_SECONDS
from batchreset.engine.pool.ports import Ask
from batchreset.engine.pool.reception import Desk
from batchreset.engine.pool.refusals import NOBODY_SECONDS
from batchreset.engine.pool.sender import ARRIVING_SECONDS, LEASE_SECONDS, LEAVING_SECONDS
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ClusterError, ExitCode, RunHeldError

OK = Answered(status=200)


def play(scene: Callable[[Pooled], Awaitable[None]], *names: str, service: Service | None = None) -> None:
    """In virtual time, with workers of these names."""

    async def main() -> None:
        async with pooled(*names, service=service) as pool:
            await scene(pool)

    in_virtual_time(main)


async def resets(pool: Pooled, many: int) -> list[Exchange]:
    """So many side by side."""
    came: list[Exchange] = []
    async with anyio.create_task_group() as rows:
        for _ in range(many):
            rows.start_soon(pool.keep, came)
    return came


def test_rows_are_spread_evenly_and_each_answer_says_who_sent_it() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        came = await resets(pool, 40)
        by = [exchange.sender for exchange in came]
        assert {name: by.count(name) for name in ("a", "b")} == {"a": 20, "b": 20}
        assert {exchange.status for exchange in came if isinstance(exchange, Answered)} == {200}

    play(scene, "a", "b")


def test_rows_that_come_one_by_one_go_by_all_senders_in_turn() -> None:
    """Each by an address of its own: at a low rate, too."""

    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        for _ in range(12):
            await pool.reset()
        assert Counter(one[0] for one in pool.service.sent) == {"a": 4, "b": 4, "c": 4}

    play(scene, "a", "b", "c")


def test_a_slow_answer_holds_no_other_up() -> None:
    async def scene(pool: Pooled) -> None:
        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.reset)
            await anyio.sleep(0.1)
            pool.service.latency_seconds = 0.1
            before = anyio.current_time()
            await pool.reset()
            assert anyio.current_time() - before < 0.2

    play(scene, "a", service=Service(latency_seconds=30.0))


def test_an_answer_that_is_lost_between_is_told_again() -> None:
    async def scene(pool: Pooled) -> None:
        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.reset)
            await anyio.sleep(0.2)
            pool.workers.there["a"].deaf = 3
        assert pool.figures("a").lost == 0
        assert len(pool.service.sent) == 1

    play(scene, "a")


def test_rows_of_a_sender_that_is_not_heard_are_lost_when_their_lease_is_over_and_not_before() -> None:
    async def scene(pool: Pooled) -> None:
        began, found = anyio.current_time(), list[Exchange]()

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.05)
            pool.workers.there["a"].cut = True
            pool.workers.add(Worker("b", pool.service, pool.tasks))
        assert found == [Lost(kind=LossKind.SENDER, detail="the sender that had it was lost", sender="a")]
        assert LEASE_SECONDS <= anyio.current_time() - began < LEASE_SECONDS + 0.5
        assert pool.figures("a").lost == 1
        assert pool.figures("a").state is SenderState.GONE

    play(scene, "a", service=Service(latency_seconds=60.0))


def test_a_row_that_was_not_handed_over_goes_to_somebody_else() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        lost = pool.workers.there["a"]
        del pool.workers.there["b"]
        lost.cut = True
        pool.workers.add(Worker("c", pool.service, pool.tasks))
        came = await resets(pool, 6)
        assert all(isinstance(exchange, Answered | Lost) for exchange in came)
        assert {one[0] for one in pool.service.sent} <= {"b", "c"}

    play(scene, "a", "b")


def test_a_sender_that_was_not_heard_is_asked_anew_when_it_is_back() -> None:
    async def scene(pool: Pooled) -> None:
        worker = pool.workers.there["a"]
        worker.cut = True
        await anyio.sleep(SILENCE_SECONDS + 20.0)
        worker.cut = False
        assert await pool.reset() == Answered(status=200, sender="a")
        assert [event["sender"] for event in pool.log.of("sender.joined")] == ["a", "a"]
        assert pool.log.of("sender.left")[0]["why"] == "silent"

    play(scene, "a")


def test_a_drained_sender_ends_what_it_has_and_gets_no_more() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        came: list[Exchange] = []

        async with anyio.create_task_group() as rows:
            for _ in range(4):
                rows.start_soon(pool.keep, came)
            await anyio.sleep(0.1)
            pool.workers.there["a"].draining = True
        assert sorted(exchange.sender for exchange in came) == ["a", "a", "b", "b"]
        await anyio.sleep(2.0)
        assert set(pool.workers.dismissed) == {"a"}
        assert {exchange.sender for exchange in await resets(pool, 4)} == {"b"}
        assert pool.log.of("sender.left")[0]["why"] == "drained"

    play(scene, "a", "b", service=Service(latency_seconds=1.5))


def test_a_worker_that_comes_later_sends_too() -> None:
    async def scene(pool: Pooled) -> None:
        pool.workers.add(Worker("b", pool.service, pool.tasks))
        await anyio.sleep(1.5)
        assert {exchange.sender for exchange in await resets(pool, 10)} == {"a", "b"}

    play(scene, "a")


def test_without_a_scheduler_the_run_ends_and_can_be_continued() -> None:
    async def scene(pool: Pooled) -> None:
        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.reset)
            await anyio.sleep(0.1)
            pool.workers.scheduler_is_gone = True
        assert pool.figures("a").answered == 1, "what was under way came to its end"
        await anyio.sleep(1.5)
        assert pool.stop.stop is not None
        assert (pool.stop.stop.reason, pool.stop.stop.exit_code) == (Reason.INTERRUPTED, ExitCode.UNEXPECTED)
        assert "scheduler" in pool.stop.stop.what
        assert pool.stop.stop.next_step == (
            "see in the scheduler's own log why, and start it again; then continue the run with `batchreset apply`; add"
            " `--cluster none` to send from this machine"
        )

    play(scene, "a", service=Service(latency_seconds=3.0))


def test_without_a_worker_for_a_minute_the_run_ends_and_what_waits_was_not_sent() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there.pop("a").cut = True
        await anyio.sleep(SILENCE_SECONDS + 1.0)
        began = anyio.current_time()
        assert set(await resets(pool, 3)) == {CALLED_OFF}
        assert anyio.current_time() - began <= NOBODY_SECONDS + 1.0
        assert pool.stop.stop is not None
        assert (pool.stop.stop.reason, pool.stop.stop.exit_code) == (Reason.INTERRUPTED, ExitCode.UNEXPECTED)
        assert pool.service.sent == []

    play(scene, "a")


def test_when_the_last_sender_has_left_it_is_known_when_the_run_will_end() -> None:
    async def scene(pool: Pooled) -> None:
        told = [pool.pool.gives_up_at_seconds]
        began = anyio.current_time()
        del pool.workers.there["a"]
        await anyio.sleep(2.0)
        told.append(pool.pool.gives_up_at_seconds)
        pool.workers.add(Worker("b", pool.service, pool.tasks))
        await anyio.sleep(2.0)
        told.append(pool.pool.gives_up_at_seconds)
        assert told == [None, pytest.approx(began + 60.0, abs=1.1), None]

    play(scene, "a")


def test_whom_the_cluster_knows_no_more_is_gone_though_its_answer_is_awaited() -> None:
    """A machine that vanished breaks no connection."""

    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.5)
        pool.workers.there.pop("a").cut = True
        await anyio.sleep(2.5)
        assert [(one["name"], one["why"]) for one in pool.log.of("sender.left")] == [("a", "gone")]

    play(scene, "a", "b")


def test_whom_only_the_scheduler_misses_is_heard_to_the_end_and_given_nothing() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.5)
        came: list[Exchange] = []
        async with anyio.create_task_group() as rows:
            for _ in range(8):
                rows.start_soon(pool.keep, came)
            await anyio.sleep(1.0)
            pool.workers.there.pop("a")
        assert Counter(one.sender for one in came) == {"a": 4, "b": 4}
        assert [type(one) for one in came] == [Answered] * 8
        await anyio.sleep(1.0)
        assert [one["why"] for one in pool.log.of("sender.left")] in (["gone"], ["drained"])
        assert await pool.reset() == replace(OK, sender="b")

    play(scene, "a", "b", service=Service(latency_seconds=3.0))


def test_of_a_vanished_machine_its_rows_are_given_up_soon_after_it_was_last_heard() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.5)
        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.reset)
            await anyio.sleep(0.5)
            pool.workers.there.pop("a").cut = True
            await anyio.sleep(QUIET_SECONDS + 1.5)
            assert [one["why"] for one in pool.log.of("sender.left")] == ["gone"]
            rows.cancel_scope.cancel()

    play(scene, "a", service=Service(latency_seconds=60.0))


def test_a_cluster_without_workers_is_refused_after_a_minute() -> None:
    async def scene(_pool: Pooled) -> None:
        raise AssertionError

    with pytest.raises(ClusterError, match=r"^the cluster had no worker, for 60 s$") as raised:
        play(scene)
    assert raised.value.next_step == "start workers and see that they reach this scheduler"


def test_the_refusal_names_the_last_workers_own_reason() -> None:
    async def main() -> None:
        async with pooled("a", version="0.9"):
            raise AssertionError

    with pytest.raises(
        ClusterError, match=r"the last word was: a: it has batchreset 0\.9, and the coordinator 1\.0$"
    ) as raised:
        in_virtual_time(main)
    assert raised.value.next_step == "install batchreset 1.0 on a, and start it again"


def test_what_waits_for_a_sender_when_the_run_is_stopped_was_not_sent() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there["a"].cut = True
        await anyio.sleep(SILENCE_SECONDS + 1.0)
        found: list[Exchange] = []

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.1)
            pool.stop.request(stop_for(Reason.INTERRUPTED, "SIGINT"))
        assert found == [CALLED_OFF]

    play(scene, "a")


def test_whoever_gives_up_waiting_leaves_nothing_behind_that_is_sent_later() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there["a"].cut = True
        await anyio.sleep(SILENCE_SECONDS + 1.0)
        with anyio.move_on_after(1.0):
            await pool.reset()
        pool.workers.there["a"].cut = False
        await anyio.sleep(60.0)
        assert pool.service.sent == []

    play(scene, "a")


def test_at_its_end_every_sender_is_closed_and_what_cannot_be_closed_is_waited_for() -> None:
    ends: list[float] = []

    async def main() -> None:
        service = Service(latency_seconds=60.0)
        async with pooled("a", "b", service=service) as pool:
            await anyio.sleep(0.1)
            with anyio.move_on_after(0.1):
                await resets(pool, 2)
            pool.workers.there["a"].cut = True
            began = anyio.current_time()
        ends.append(anyio.current_time() - began)
        assert Ask.CLOSE in pool.workers.there["b"].calls

    in_virtual_time(main)
    assert LEASE_SECONDS - 1.0 < ends[0] <= LEASE_SECONDS


def test_whoever_left_before_the_end_is_waited_for_too() -> None:
    """A session that ends in order is not waited for by the next one."""
    took: list[float] = []

    async def main() -> None:
        async with pooled("a", "b", service=Service(latency_seconds=60.0)) as pool:
            await anyio.sleep(0.1)
            began = anyio.current_time()
            async with anyio.create_task_group() as rows:
                for _ in range(4):
                    rows.start_soon(pool.reset)
                await anyio.sleep(0.1)
                pool.workers.there["a"].cut = True
                await anyio.sleep(SILENCE_SECONDS + 3.0)
                assert pool.log.of("sender.left")
                rows.cancel_scope.cancel()
        took.append(anyio.current_time() - began)

    in_virtual_time(main)
    assert LEASE_SECONDS <= took[0] < LEASE_SECONDS + 1.0


def test_what_a_sender_did_not_take_is_lost_when_its_lease_is_over_though_the_sender_is_heard() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there["a"].not_heard = {Ask.DELIVER}
        began = anyio.current_time()
        assert await pool.reset() == Lost(kind=LossKind.SENDER, detail="the sender did not take it", sender="a")
        assert LEASE_SECONDS <= anyio.current_time() - began < LEASE_SECONDS + CALL_SECONDS + 0.5
        assert pool.log.of("sender.left") == []

    play(scene, "a")


def test_what_connects_for_longer_than_it_may_leave_is_not_sent() -> None:
    """What leaves must have the time to arrive before the lease is over."""

    async def scene(pool: Pooled) -> None:
        with anyio.move_on_after(LEAVING_SECONDS + 1.0):
            await pool.reset()
        assert pool.service.sent == []

    play(scene, "a", service=Service(connects_seconds=LEAVING_SECONDS + 0.1))
    assert LEAVING_SECONDS + ARRIVING_SECONDS <= LEASE_SECONDS


def test_a_row_that_nobody_waits_for_any_more_is_not_handed_over() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.reset)
            await anyio.sleep(GATHERING_SECONDS / 2)
            with anyio.move_on_after(GATHERING_SECONDS / 4):
                await pool.reset()
        assert [one[1] for one in pool.service.sent] == ["i-1"]

    play(scene, "a")


def test_a_clock_that_ran_ahead_is_measured_anew() -> None:
    """As of a machine that slept: all it was told of leases before is over, what it is told now is not."""

    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there["a"].offset_seconds += LEAVING_SECONDS + 2.0
        await anyio.sleep(1.5)
        assert await pool.reset() == replace(OK, sender="a")
        assert len(pool.service.sent) == 1

    play(scene, "a")


def test_a_run_that_workers_send_for_already_as_for_a_copy_of_its_folder_ends() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        taken = Worker("b", pool.service, pool.tasks)
        await Asking(taken).hello(mark="of the copy")
        pool.workers.add(taken)
        await anyio.sleep(2.0)
        assert pool.stop.stop is not None
        assert (pool.stop.stop.exit_code, pool.stop.stop.reason) == (ExitCode.RUN_HELD, Reason.INTERRUPTED)
        assert await pool.reset() == CALLED_OFF

    play(scene, "a")


def test_a_run_whose_workers_all_send_for_a_copy_does_not_begin() -> None:
    async def main() -> None:
        desk = Desk()
        async with anyio.create_task_group() as tasks:
            await Asking(Worker("a", Service(), tasks, desk=desk)).hello(mark="of the copy")
            tasks.cancel_scope.cancel()
        async with pooled("a", desk=desk):
            raise AssertionError

    with pytest.raises(RunHeldError, match="a copy of this run's folder"):
        in_virtual_time(main)


def test_a_pool_whose_senders_all_answer_ends_at_once() -> None:
    async def main() -> None:
        async with pooled("a", "b", service=Service(latency_seconds=60.0)) as pool:
            await anyio.sleep(0.1)
            with anyio.move_on_after(0.1):
                await resets(pool, 2)
            began = anyio.current_time()
        assert anyio.current_time() - began < 1.5

    in_virtual_time(main)


def test_a_coordinator_that_stood_still_itself_takes_nobody_for_lost() -> None:
    async def scene(pool: Pooled) -> None:
        found: list[Exchange] = []

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.5)
            pool.workers.there["a"].deaf = 1
            pool.clock.stood_still(SILENCE_SECONDS + 3.0)
        assert [exchange.sender for exchange in found] == ["a"]
        assert [type(exchange) for exchange in found] == [Answered]
        assert pool.log.of("sender.left") == []

    play(scene, "a", service=Service(latency_seconds=3.0))


def test_a_sender_that_cannot_open_the_service_takes_no_rows() -> None:
    async def scene(pool: Pooled) -> None:
        broken = pool.workers.add(Worker("b", pool.service, pool.tasks))
        broken.cannot_send = True
        await anyio.sleep(2.0)
        assert {exchange.sender for exchange in await resets(pool, 6) if isinstance(exchange, Answered)} == {"a"}
        assert {one[0] for one in pool.service.sent} == {"a"}

    play(scene, "a")


@pytest.mark.parametrize(("broken", "rows"), [(1, 1), (4, 1), (4, 5), (8, 12), (20, 1)])
def test_one_sender_that_reaches_the_service_is_enough_for_every_row(broken: int, rows: int) -> None:
    """Whoever cannot send has done soonest with what it was given, and would be given the next."""
    names = [f"broken-{number}" for number in range(broken)]

    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.5)
        assert await resets(pool, rows) == [replace(OK, sender="good")] * rows

    play(scene, *names, "good", service=Service(unreachable_from=frozenset(names)))


def test_a_row_that_takes_each_sender_its_time_does_not_go_round_all_of_them() -> None:
    """The service is told of, and pacing learns of it."""
    names = [f"broken-{number}" for number in range(12)]

    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.5)
        began = anyio.current_time()
        (exchange,) = await resets(pool, 1)
        assert isinstance(exchange, NotSent)
        assert anyio.current_time() - began < LEASE_SECONDS + 10.0

    play(scene, *names, service=Service(connects_seconds=9.0, unreachable_from=frozenset(names)))


def test_where_nobody_reaches_the_service_a_row_was_not_sent() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.5)
        (exchange,) = await resets(pool, 1)
        assert isinstance(exchange, NotSent)
        assert anyio.current_time() < 2.0

    play(scene, "a", "b", "c", service=Service(unreachable_from=frozenset("abc")))


def test_a_row_that_waits_behind_a_batch_which_is_not_taken_goes_to_somebody_else() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there["a"].cut = True
        found: list[Exchange] = []

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.1)
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.1)
            pool.workers.add(Worker("b", pool.service, pool.tasks))
        assert [(type(exchange), exchange.sender) for exchange in found] == [(Answered, "b"), (Lost, "a")]

    play(scene, "a")


def test_a_row_that_came_too_late_goes_to_somebody_else_and_counts_once() -> None:
    async def scene(pool: Pooled) -> None:
        pool.service.connects_seconds = LEASE_SECONDS + 1.0
        await anyio.sleep(0.1)
        found: list[Exchange] = []

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(1.0)
            pool.service.connects_seconds = 0.0
        assert [type(exchange) for exchange in found] == [Answered]
        assert len(pool.service.sent) == 1

    play(scene, "a")


def test_a_row_that_nobody_can_send_in_time_was_not_sent() -> None:
    async def scene(pool: Pooled) -> None:
        exchange = await pool.reset()
        assert isinstance(exchange, NotSent)
        assert pool.service.sent == []
        assert pool.figures("a").failed == 1

    play(scene, "a", service=Service(connects_seconds=LEASE_SECONDS + 1.0))


def test_a_worker_that_does_not_reach_the_service_soon_gets_no_rows_and_costs_no_attempt() -> None:
    async def scene(pool: Pooled) -> None:
        await resets(pool, 4)
        pool.service.unreachable_from = frozenset({"b"})
        came = [exchange for _ in range(10) for exchange in await resets(pool, 10)]
        assert {(type(exchange), exchange.sender) for exchange in came} == {(Answered, "a")}
        assert pool.figures("b").in_flight == 0

    play(scene, "a", "b")


def test_a_worker_that_reaches_the_service_again_gets_rows_again() -> None:
    async def scene(pool: Pooled) -> None:
        await resets(pool, 4)
        pool.service.unreachable_from = frozenset({"b"})
        await resets(pool, 20)
        pool.service.unreachable_from = frozenset()
        await anyio.sleep(REST_SECONDS)
        assert {exchange.sender for exchange in await resets(pool, 4)} == {"a", "b"}

    play(scene, "a", "b")


def test_a_service_that_nobody_reaches_is_told_as_such() -> None:
    """The engine has its own way with an outage."""

    async def scene(pool: Pooled) -> None:
        await resets(pool, 4)
        pool.service.unreachable_from = frozenset({"a", "b"})
        came = [exchange for _ in range(5) for exchange in await resets(pool, 10)]
        assert {type(exchange) for exchange in came} == {NotSent}

    play(scene, "a", "b")


def test_the_first_call_of_all_goes_to_another_worker_where_one_does_not_reach_the_service() -> None:
    async def scene(pool: Pooled) -> None:
        assert [type(exchange) for exchange in await resets(pool, 1)] == [Answered]
        assert [type(exchange) for exchange in await resets(pool, 1)] == [Answered]

    play(scene, "a", "b", service=Service(unreachable_from=frozenset({"a"})))


def test_nothing_is_sent_after_a_stop_that_was_not_handed_over_before() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        pool.workers.there["a"].cut = True
        found: list[Exchange] = []

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.1)
            for _ in range(5):
                rows.start_soon(pool.keep, found)
            await anyio.sleep(0.1)
            pool.stop.request(stop_for(Reason.FAILURE_RATE, "too many failed"))
            pool.workers.there["a"].cut = False
        assert found[:5] == [CALLED_OFF] * 5
        assert len(pool.service.sent) <= 1

    play(scene, "a")


def test_a_worker_that_is_gone_gets_none_of_its_own_orders_back() -> None:
    """They would go round in a circle for as long as it is not known to be silent."""

    async def scene(pool: Pooled) -> None:
        worker, found = pool.workers.there["a"], list[Exchange]()

        async with anyio.create_task_group() as rows:
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.02)
            worker.refuses = True
            rows.start_soon(pool.keep, found)
            await anyio.sleep(0.1)
            for _ in range(3):
                rows.start_soon(pool.keep, found)
            await anyio.sleep(0.05)
            del pool.workers.there["a"]
            await anyio.sleep(1.0)
            pool.workers.add(Worker("b", pool.service, pool.tasks))
        assert sorted(type(exchange).__name__ for exchange in found) == ["Answered"] * 4 + ["Lost"]

    play(scene, "a", service=Service(latency_seconds=0.05))


def test_a_stop_that_came_before_it_was_opened_is_heard() -> None:
    async def main() -> float:
        stop = StopSwitch()
        stop.request(stop_for(Reason.INTERRUPTED, "SIGINT"))
        async with pooled(stop=stop) as pool:
            assert await resets(pool, 1) == [CALLED_OFF]
        return anyio.current_time()

    assert in_virtual_time(main) < 1.0


def test_whoever_is_heard_of_in_time_and_tells_nothing_of_a_row_loses_it_in_the_end() -> None:
    async def scene(pool: Pooled) -> None:
        assert await pool.reset() == Lost(kind=LossKind.SENDER, detail="the sender told nothing of it", sender="a")

    play(scene, "a", service=Service(latency_seconds=100_000.0))


def test_a_refused_worker_is_told_of_once_for_each_reason() -> None:
    async def scene(pool: Pooled) -> None:
        pool.workers.add(Worker("b", pool.service, pool.tasks, version="0.9\x1b[31m"))
        await anyio.sleep(60.0)
        refused = pool.log.of("sender.refused")
        why = "it has batchreset 0.9?[31m, and the coordinator 1.0"
        assert [one["why"] for one in refused] == [why]
        assert [(one.name, one.state, one.why) for one in pool.pool.figures] == [
            ("a", SenderState.SENDING, ""), ("b", SenderState.REFUSED, why)
        ]  # fmt: skip

    play(scene, "a")


def test_of_many_senders_each_gets_about_as_much() -> None:
    async def scene(pool: Pooled) -> None:
        await anyio.sleep(0.1)
        came = await resets(pool, 400)
        counts = Counter(exchange.sender for exchange in came)
        assert (min(counts.values()), max(counts.values())) == (10, 10)

    play(scene, *(f"w{number}" for number in range(40)))


def test_a_worker_that_the_cluster_wants_to_be_rid_of_is_drained_though_it_does_not_know() -> None:
    async def scene(pool: Pooled) -> None:
        async with anyio.create_task_group() as rows:
            for _ in range(4):
                rows.start_soon(pool.reset)
            await anyio.sleep(0.1)
            pool.workers.retired.add("a")
        await anyio.sleep(2.0)
        assert pool.workers.dismissed == ["a"]
        assert {exchange.sender for exchange in await resets(pool, 4)} == {"b"}
        pool.workers.retired.clear()
        await anyio.sleep(2.0)
        assert {exchange.sender for exchange in await resets(pool, 4)} == {"a", "b"}

    play(scene, "a", "b", service=Service(latency_seconds=1.5))
