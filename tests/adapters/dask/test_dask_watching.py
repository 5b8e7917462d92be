"""Who is there, and when a scheduler is gone for good; in virtual time."""

from collections.abc import Callable, Mapping

import anyio
import pytest
import trio.testing

from batchreset.adapters.dask.cluster import ANSWER_SECONDS, GONE_SECONDS, SILENT_MOST_SECONDS, OpenCluster
from batchreset.core.places import SchedulerAt

pytestmark = pytest.mark.anyio

BOTH = {"tls://10.0.0.2:4000": "running", "tls://10.0.0.3:4000": "running"}


class Client:
    """As much of Dask's as is looked at, and its scheduler."""

    def __init__(self) -> None:
        self.status = "running"
        self.stream_closed = False
        self.id = "Scheduler-1"
        self.statuses: Mapping[str, str] = BOTH
        self.answers = True
        self.listening: list[Callable[[tuple[float, object]], None]] = []
        self.scheduler = self.scheduler_comm = self

    def closed(self) -> bool:
        """The connection's stream."""
        return self.stream_closed

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, object]], None]) -> None:
        """Heard of all."""
        assert topic == "all"
        self.listening.append(handler)

    async def identity(self, *, n_workers: int) -> dict[str, object]:
        """Who is there; all of them where -1 is given."""
        assert n_workers == -1
        if not self.answers:
            await anyio.sleep_forever()
        return {"id": self.id, "workers": {address: {"status": status} for address, status in self.statuses.items()}}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
async def cluster(client: Client) -> OpenCluster:
    return OpenCluster(client, scheduler=SchedulerAt("tls://10.0.0.1:8786"), actor=object, plain_tcp=False)


@pytest.mark.parametrize("status", ["paused", "closing_gracefully", "closing", "init"])
async def test_a_worker_that_takes_nothing_is_there_and_drained(
    status: str, client: Client, cluster: OpenCluster
) -> None:
    client.statuses = {"tls://10.0.0.2:4000": "running", "tls://10.0.0.3:4000": status}

    assert await cluster.workers() == {"tls://10.0.0.2:4000": True, "tls://10.0.0.3:4000": False}


async def test_a_worker_that_somebody_wants_to_retire_is_drained_for_good(client: Client, cluster: OpenCluster) -> None:
    client.listening[0]((0.0, "of another kind"))
    client.listening[0]((0.0, {"action": "add-worker", "could-not-retire": ["tls://10.0.0.2:4000"]}))
    client.listening[0]((0.0, {"action": "retire-workers", "retired": [], "could-not-retire": ["tls://10.0.0.3:4000"]}))

    for _ in range(2):
        assert await cluster.workers() == {"tls://10.0.0.2:4000": True, "tls://10.0.0.3:4000": False}


async def test_a_scheduler_that_is_slow_to_answer_is_not_gone(client: Client, cluster: OpenCluster) -> None:
    known = await cluster.workers()
    client.answers = False
    begun_seconds = anyio.current_time()

    while anyio.current_time() - begun_seconds < SILENT_MOST_SECONDS - ANSWER_SECONDS:
        assert await cluster.workers() == known
    client.answers = True
    client.statuses = {}
    assert await cluster.workers() == {}


async def test_a_scheduler_that_never_answers_again_is_gone_in_the_end(client: Client, cluster: OpenCluster) -> None:
    client.answers = False
    begun_seconds = anyio.current_time()

    while await cluster.workers() is not None:
        assert anyio.current_time() - begun_seconds <= SILENT_MOST_SECONDS
    assert anyio.current_time() - begun_seconds <= SILENT_MOST_SECONDS + ANSWER_SECONDS


@pytest.mark.parametrize("how", ["Dask tries again", "Dask has given up", "the scheduler said good-bye"])
async def test_a_scheduler_whose_connection_is_lost_is_gone_within_two_seconds(
    how: str, client: Client, cluster: OpenCluster
) -> None:
    known = await cluster.workers()
    client.answers = False
    client.status = {"Dask tries again": "connecting", "Dask has given up": "closed"}.get(how, "running")
    client.stream_closed = how == "the scheduler said good-bye"
    begun_seconds = anyio.current_time()

    assert await cluster.workers() == known
    await anyio.sleep(GONE_SECONDS / 2)
    assert await cluster.workers() == known
    await anyio.sleep(GONE_SECONDS)
    assert await cluster.workers() is None
    assert anyio.current_time() - begun_seconds < 2


async def test_a_connection_that_comes_back_in_time_goes_on_and_retirements_are_heard_of_again(
    client: Client, cluster: OpenCluster
) -> None:
    known = await cluster.workers()
    client.status = "connecting"
    assert await cluster.workers() == known
    await anyio.sleep(GONE_SECONDS / 2)
    client.status = "running"

    for _ in range(3):
        assert await cluster.workers() == known
        await anyio.sleep(GONE_SECONDS)
    assert len(client.listening) == 2


async def test_a_scheduler_that_was_started_again_is_another_one(client: Client, cluster: OpenCluster) -> None:
    await cluster.workers()
    client.id = "Scheduler-2"

    assert await cluster.workers() is None
    assert await cluster.workers() is None
