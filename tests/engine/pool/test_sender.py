"""A sender sends each order at most once, only while its lease lasts, and tells until it has been heard."""

import gc
import weakref
from collections.abc import Awaitable, Callable

import anyio
import pytest
from pool_world import LATENCY_SECONDS, Asking, Service, Worker, order
from virtual_time import in_virtual_time

from batchreset.core.exchange import Answered, NotSent, NotSentKind
from batchreset.engine.pool.messages import Batch, Report, batch_bytes, report_of
from batchreset.engine.pool.ports import Ask
from batchreset.engine.pool.reception import COPIED
from batchreset.engine.pool.sender import ORPHANED_SECONDS

OK = Answered(status=200)


def with_worker(scene: Callable[[Worker, Service], Awaitable[None]], service: Service | None = None) -> None:
    """Play it in virtual time."""
    served = service or Service()

    async def play() -> None:
        async with anyio.create_task_group() as tasks:
            await scene(Worker("w", served, tasks), served)
            tasks.cancel_scope.cancel()

    in_virtual_time(play)


async def report(asking: Asking, heard: int = 0) -> Report:
    told = await asking.asks(Ask.COLLECT, asking.sealed(b"%d" % heard))
    assert told is not None
    read = report_of(told)
    assert read is not None
    return read


def batch(worker: Worker, sequence: int, *numbers: int, seconds: float = 12.0) -> bytes:
    """Whose lease lasts so long."""
    leaves = anyio.current_time() + worker.offset_seconds + seconds
    return batch_bytes(
        Batch(sequence=sequence, leaves_before_seconds=leaves, orders=[order(number) for number in numbers])
    )


def test_orders_are_sent_and_told_of_with_the_exchange_that_came() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        assert await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1, 2))) == b"taken"
        told = await report(asking)
        assert {one.number: one.exchange for one in told.done} == {1: OK, 2: OK}
        assert sorted(one[1] for one in service.sent) == ["i-1", "i-2"]

    with_worker(scene)


def test_the_same_batch_twice_is_sent_once() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        sealed = asking.sealed(batch(worker, 1, 1))
        assert [await asking.asks(Ask.DELIVER, sealed) for _ in range(3)] == [b"taken"] * 3
        await anyio.sleep(1.0)
        await asking.asks(Ask.DELIVER, sealed)
        assert len((await report(asking)).done) == 1
        assert len(service.sent) == 1

    with_worker(scene)


def test_what_was_told_is_told_again_until_it_has_been_heard() -> None:
    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1)))
        first, again = await report(asking), await report(asking)
        assert first.done == again.done
        assert not (await report(asking, heard=first.done[-1].serial)).done

    with_worker(scene)


def test_an_order_whose_lease_is_over_when_it_comes_is_not_sent() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        sealed = asking.sealed(batch(worker, 1, 1, seconds=3.0))
        await anyio.sleep(3.0)  # a process that was stopped finds it in its socket
        await asking.asks(Ask.DELIVER, sealed)
        exchange = (await report(asking)).done[0].exchange
        assert isinstance(exchange, NotSent)
        assert exchange.kind is NotSentKind.LATE
        assert service.sent == []

    with_worker(scene)


def test_an_order_whose_lease_ends_while_it_connects_is_not_sent() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1, seconds=4.0)))
        await anyio.sleep(6.0)
        assert isinstance((await report(asking)).done[0].exchange, NotSent)
        assert service.sent == []

    with_worker(scene, Service(connects_seconds=5.0))


def test_a_report_comes_within_a_second_though_there_is_nothing_to_tell() -> None:
    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1, 2)))
        before = anyio.current_time()
        told = await report(asking)
        assert list(told.done) == []
        assert anyio.current_time() - before <= 1.0

    with_worker(scene, Service(latency_seconds=30.0))


def test_a_forsaken_sender_sends_nothing_more_and_forgets() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1, seconds=1000.0)))
        await anyio.sleep(ORPHANED_SECONDS + 2.0)
        assert await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 2, 2))) is None
        await anyio.sleep(60.0)
        assert service.sent == []

    with_worker(scene, Service(connects_seconds=30.0))


def test_a_later_session_of_the_run_ends_an_earlier_one_in_the_same_process() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        earlier = await Asking(worker).hello(session=1)
        await earlier.asks(Ask.DELIVER, earlier.sealed(batch(worker, 1, 1)))
        worker.reception, before = worker.new_reception(), worker.reception
        later = await Asking(worker).hello(session=2, before=["session 1"])
        assert later.channel is not None
        await anyio.sleep(10.0)
        assert service.sent == []
        assert await before.answer(Ask.COLLECT, earlier.sealed(b"0")) == b""
        assert (await Asking(worker).hello(session=1)).refused == COPIED
        assert await later.asks(Ask.DELIVER, later.sealed(batch(worker, 1, 1))) == b"taken"

    with_worker(scene, Service(connects_seconds=5.0))


def test_a_closed_sender_cuts_off_what_is_under_way() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1)))
        assert await asking.asks(Ask.CLOSE, asking.sealed(b"")) == b"closed"
        await anyio.sleep(60.0)
        assert service.sent == []

    with_worker(scene, Service(connects_seconds=LATENCY_SECONDS))


def test_who_has_another_version_is_refused_and_told_both() -> None:
    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello(version="0.9")
        assert asking.refused == "it has batchreset 1.0, and the coordinator 0.9"
        assert asking.channel is None

    with_worker(scene)


def test_what_is_not_of_this_conversation_is_not_done() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        stranger = await Asking(worker).hello()
        asking = await Asking(worker).hello()
        sealed = stranger.sealed(batch(worker, 1, 1))
        assert [await worker.reception.answer(ask, sealed) for ask in (Ask.DELIVER, Ask.CLOSE)] == [b"", b""]
        assert await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 2))) == b"taken"
        await anyio.sleep(1.0)
        assert [one[1] for one in service.sent] == ["i-2"]

    with_worker(scene)


def test_two_coordinators_of_one_session_are_not_both_served() -> None:
    """As of a run's folder that was copied: each would end the other's sender, for ever."""

    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1)))
        other = await Asking(worker).hello(mark="a copy's session 1")
        assert other.refused == COPIED
        await anyio.sleep(1.0)
        assert [one[1] for one in service.sent] == ["i-1"]
        assert (await Asking(worker).hello()).refused == ""

    with_worker(scene)


def test_when_the_one_has_ended_only_a_session_that_follows_it_is_served() -> None:
    """A copy would reset everybody once more, and the one that ended would hand over what is not in force."""

    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        assert await asking.asks(Ask.CLOSE, asking.sealed(b"")) == b"closed"
        assert (await Asking(worker).hello(mark="a copy's session 1")).refused == COPIED
        copys_second = await Asking(worker).hello(session=2, mark="its next", before=["a copy's session 1"])
        assert copys_second.refused == COPIED
        assert (await Asking(worker).hello(session=3, before=["session 2", "session 1"])).refused == ""

    with_worker(scene)


def test_what_leaves_leaves_within_its_lease_however_long_the_process_stands_still() -> None:
    """Between the look at the clock and the first byte."""

    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1, seconds=9.0)))
        await anyio.sleep(5.0)
        assert worker.last_moments == [pytest.approx(5.0)]

    with_worker(scene, Service(connects_seconds=4.0))


def test_with_hardly_any_time_left_nothing_leaves() -> None:
    """A process that is merely busy would end for it."""

    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1, seconds=4.05)))
        await anyio.sleep(5.0)
        assert (worker.last_moments, service.sent) == ([], [])

    with_worker(scene, Service(connects_seconds=4.0))


def test_two_workers_of_one_process_send_side_by_side() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        first = await Asking(worker).hello()
        beside = Worker("beside", service, worker.tasks, desk=worker.desk)
        second = await Asking(beside).hello()
        assert second.refused == ""
        for asking, number in ((first, 1), (second, 2)):
            assert await asking.asks(Ask.DELIVER, asking.sealed(batch(asking.worker, 1, number))) == b"taken"
        await anyio.sleep(1.0)
        assert {one[1] for one in service.sent} == {"i-1", "i-2"}

    with_worker(scene)


def test_a_sender_that_is_closed_has_forgotten_its_keys() -> None:
    """What was recorded on the wire is not read with what is found in a worker's memory later."""

    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        assert asking.channel
        keys = weakref.ref(worker.channels[-1])
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1)))
        assert await asking.asks(Ask.CLOSE, asking.sealed(b"")) == b"closed"
        worker.channels.clear()
        await anyio.sleep(1.0)
        gc.collect()
        assert keys() is None

    with_worker(scene)


def test_a_second_greeting_begins_anew_though_the_first_is_still_being_answered() -> None:
    async def scene(worker: Worker, _service: Service) -> None:
        first = await Asking(worker).hello()
        async with anyio.create_task_group() as asking:
            asking.start_soon(first.asks, Ask.COLLECT, first.sealed(b"0"))
            await anyio.sleep(0.1)
            second = await Asking(worker).hello()
        assert await second.asks(Ask.DELIVER, second.sealed(batch(worker, 1, 1))) == b"taken"

    with_worker(scene)


def test_closed_is_said_once_everything_is_cut_off() -> None:
    async def scene(worker: Worker, service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1)))
        await anyio.sleep(1.0)
        assert await asking.asks(Ask.CLOSE, asking.sealed(b"")) == b"closed"
        assert service.cut_off == ["i-1"]

    with_worker(scene, Service(latency_seconds=60.0))


def test_what_cannot_be_cut_off_is_not_said_to_be() -> None:
    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        await asking.asks(Ask.DELIVER, asking.sealed(batch(worker, 1, 1)))
        await anyio.sleep(1.0)
        assert await asking.asks(Ask.CLOSE, asking.sealed(b"")) is None

    with_worker(scene, Service(latency_seconds=60.0, lets_go_after_seconds=5.0))


@pytest.mark.parametrize("message", [b"", b"[]", b"{", b'{"sequence": 1}'])
def test_a_message_that_nobody_understands_is_answered_with_nothing(message: bytes) -> None:
    """An error would be carried to the coordinator by Dask, unsealed, with what it is about."""

    async def scene(worker: Worker, _service: Service) -> None:
        asking = await Asking(worker).hello()
        assert await asking.asks(Ask.DELIVER, asking.sealed(message)) is None

    with_worker(scene)
