"""A real cluster, of two worker processes here: `make cluster`. Workers that a test kills are started again."""

import contextlib
import inspect
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import dask_actors
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from dask_log import Log, nobody_stops

from batchreset.adapters.dask import DaskCluster, vendor
from batchreset.adapters.dask.cluster import OpenCluster
from batchreset.adapters.dask.employing import employed
from batchreset.adapters.dask.link import CALL_SECONDS, DaskLink
from batchreset.core.places import ClusterAccess, LocalWorkers, SchedulerAt
from batchreset.errors import ClusterError
from batchreset.wiring.rehearsal import _workers
from batchreset.wiring.signals import Signals

pytestmark = [pytest.mark.anyio, pytest.mark.cluster]

CANARY = b"C1phertext-canary"


def environ() -> dict[str, str]:
    """In which workers find the tests' actors."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def cluster_log() -> Log:
    return Log()


@pytest.fixture(scope="module")
async def cluster(cluster_log: Log) -> AsyncIterator[OpenCluster]:
    secrets = {"BATCHRESET_AUTH__CLIENT_SECRET": "nobody's", "DASK_CONFIG": "/x"}
    source = DaskCluster(
        ClusterAccess(place=LocalWorkers(2)), actor=dask_actors.Asked, log=cluster_log, environ=environ() | secrets
    )
    async with source.open(nobody_stops) as opened:
        yield opened


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float = 15.0) -> None:
    with anyio.fail_after(seconds):
        # ASYNC110: other processes tell nobody.
        while not await holds():  # noqa: ASYNC110
            await anyio.sleep(0.05)


async def present(cluster: OpenCluster) -> Mapping[str, bool]:
    workers = await cluster.workers()
    assert workers is not None
    return workers


async def some_worker(cluster: OpenCluster, *, other_than: str = "") -> str:
    """One that takes a sender."""

    async def there() -> bool:
        return any(takes and address != other_than for address, takes in (await present(cluster)).items())

    await until(there)
    workers = await present(cluster)
    return next(address for address, takes in workers.items() if takes and address != other_than)


async def some_link(cluster: OpenCluster, *, other_than: str = "") -> tuple[str, DaskLink]:
    """To an actor on such a worker."""
    address = await some_worker(cluster, other_than=other_than)
    return address, await cluster.employ(address, b"nothing secret")


async def some_finishing(cluster: OpenCluster) -> tuple[str, DaskLink]:
    """To an actor with something to finish. A worker that has just come may not take one on: the pool asks again."""
    for _ in range(3):
        address = await some_worker(cluster)
        with contextlib.suppress(ClusterError):
            return address, await employed(cluster._client, dask_actors.Finishing, b"", address=address, worker=None)
    raise AssertionError


async def facts(link: DaskLink) -> dict[str, Any]:
    answer = await link.call("hello", b"")
    assert answer is not None
    told: dict[str, Any] = json.loads(answer)
    return told


def test_what_of_dask_is_private_is_as_it_was() -> None:
    from distributed import Client, Worker  # noqa: PLC0415  not where these tests are left out

    asked = inspect.signature(Worker.actor_execute).parameters

    assert list(asked) == ["self", "actor", "function", "args", "kwargs"]
    assert {"print", "warn"} == set(Client._default_event_handlers)
    assert "self.scheduler_comm = bcomm" in inspect.getsource(Client._ensure_connected)
    assert 'self.status = "running"' in inspect.getsource(Client._ensure_connected)


async def test_its_workers_are_there_by_tls_and_take_senders(cluster: OpenCluster) -> None:
    workers = await present(cluster)

    assert any(workers.values())
    assert all(address.startswith("tls://127.0.0.1:") for address in workers)


async def test_a_sender_is_in_a_process_that_is_never_dumped_and_has_no_secrets_around(cluster: OpenCluster) -> None:
    _, link = await some_link(cluster)
    told = await facts(link)
    await cluster.dismiss(link)

    assert link.name in {"worker-0", "worker-1"}
    assert told["pid"] != os.getpid()
    assert told["config"] == "nothing secret"
    assert told["in_loop"]
    assert (told["core"], told["dumpable"]) == ([0, 0], 0)
    assert not [name for name in told["environ"] if name.startswith(("BATCHRESET_", "DASK_"))]
    assert "PRIVATE" not in told["words"]


async def test_a_message_and_its_answer_are_bytes_of_any_size(cluster: OpenCluster) -> None:
    _, link = await some_link(cluster)

    for message in (b"", bytes(range(256)), b"\x80\x04." * 400_000):
        assert await link.call("deliver", message) == message
    await cluster.dismiss(link)


@pytest.mark.parametrize("ask", ["close", "no_such_ask", "__init__", "_asked"])
async def test_whatever_goes_wrong_at_the_sender_is_no_answer(ask: str, cluster: OpenCluster) -> None:
    _, link = await some_link(cluster)

    assert await link.call(ask, CANARY) is None
    assert await link.call("deliver", b"still there") == b"still there"
    await cluster.dismiss(link)


async def test_a_message_that_finds_no_answer_in_time_is_given_up_and_not_said_again(cluster: OpenCluster) -> None:
    _, link = await some_link(cluster)
    begun_seconds = anyio.current_time()

    assert await link.call("collect", b"6") is None
    assert anyio.current_time() - begun_seconds < CALL_SECONDS + 0.5
    assert await link.call("collect", b"0") == b"2"
    await cluster.dismiss(link)


async def test_a_worker_that_stands_still_holds_nobody_up_and_hears_nothing_twice(cluster: OpenCluster) -> None:
    _, link = await some_link(cluster)
    pid = (await facts(link))["pid"]
    # More than what a connection's buffers hold: it cannot even be written.
    message = b"x" * 30_000_000

    os.kill(pid, signal.SIGSTOP)
    try:
        begun_seconds = anyio.current_time()
        assert await link.call("deliver", message) is None
        assert await link.call("deliver", b"x") is None
        assert anyio.current_time() - begun_seconds < 2 * CALL_SECONDS + 1
    finally:
        os.kill(pid, signal.SIGCONT)

    asked = await link.call("collect", b"0")
    assert asked is not None
    assert int(asked) <= 3
    await cluster.dismiss(link)


async def test_a_dismissed_sender_is_forgotten(cluster: OpenCluster) -> None:
    _, link = await some_link(cluster)
    await cluster.dismiss(link)

    async def forgotten() -> bool:
        return await link.call("hello", b"") is None

    await until(forgotten)


@pytest.mark.parametrize(
    ("module", "why"),
    [
        pytest.param("dask_actors", "RuntimeError", id="its constructor fails"),
        pytest.param("only_here", "only_here is missing", id="its module is not there"),
        pytest.param("dask_log", "another version", id="its module is another one there"),
    ],
)
async def test_why_a_sender_cannot_be_made(
    module: str, why: str, cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = types.ModuleType(module)
    here.Failing = type("Failing", (), {"__module__": module})  # type: ignore[attr-defined]  # made a line before
    monkeypatch.setitem(sys.modules, module, here)
    address = await some_worker(cluster)

    with pytest.raises(ClusterError, match=why) as raised:
        await employed(cluster._client, here.Failing, b"told to nobody", address=address, worker=None)
    assert "told to nobody" not in " ".join(raised.value.lines())


async def test_a_worker_that_speaks_plain_tcp_gets_no_sender(cluster: OpenCluster) -> None:
    with pytest.raises(ClusterError, match="plain TCP"):
        await cluster.employ("tcp://127.0.0.1:40000", b"")


def next_file(folder: Path) -> anyio.Path:
    """The only one."""
    return anyio.Path(next(folder.iterdir()))


async def test_nothing_of_a_message_is_in_what_dask_keeps_and_tells(
    cluster: OpenCluster, caplog: pytest.LogCaptureFixture, cluster_log: Log, tmp_path: Path
) -> None:
    """Messages are sealed before they come here; and still."""
    client = cluster._client
    loggers = [logging.getLogger("distributed"), logging.getLogger("tornado")]
    address, link = await some_link(cluster)
    for logger in loggers:
        logger.addHandler(caplog.handler)
        logger.setLevel(logging.DEBUG)
    try:
        for ask in ("deliver", "close", "no_such_ask"):
            await link.call(ask, CANARY)
        await client.dump_cluster_state(str(tmp_path / "state"), format="yaml")
        kept = [
            await client.get_events(),
            await client.get_task_stream(),
            await client.scheduler.identity(n_workers=-1),
            await client.get_worker_logs(),
            await client.get_scheduler_logs(),
        ]
    finally:
        for logger in loggers:
            logger.removeHandler(caplog.handler)
            logger.setLevel(logging.WARNING)
    await cluster.dismiss(link)

    state = await next_file(tmp_path).read_bytes()
    assert link._key.encode() in state
    assert address.encode() in state
    assert CANARY not in state
    assert CANARY.decode() not in repr(kept)
    assert CANARY.decode() not in caplog.text
    assert CANARY.decode() not in repr(cluster_log.events)


async def test_who_retires_a_worker_is_refused_once_and_then_not(cluster: OpenCluster) -> None:
    client = cluster._client
    address, link = await some_link(cluster)

    assert await client.retire_workers([address]) == {}

    async def leaving() -> bool:
        return not (await present(cluster))[address]

    await until(leaving)
    assert await link.call("deliver", b"still there") == b"still there"
    await cluster.dismiss(link)

    async def retired() -> bool:
        return address in await client.retire_workers([address]) or address not in await present(cluster)

    await until(retired)


async def test_a_worker_that_gets_sigterm_takes_nothing_more_and_a_local_one_ends_with_the_run(
    cluster: OpenCluster,
) -> None:
    address = await some_worker(cluster)
    link = await employed(cluster._client, dask_actors.Finishing, b"", address=address, worker=None)
    pid = int(await link.call("hello", b"") or b"0")
    assert await link.call("collect", b"") == b"False"

    os.kill(pid, signal.SIGTERM)

    async def draining() -> bool:
        return await link.call("collect", b"") == b"True"

    await until(draining)
    await link.call("deliver", b"")
    assert await link.call("collect", b"") == b"True"
    await cluster.dismiss(link)


async def test_a_worker_that_is_closed_waits_for_what_a_sender_has_to_finish(cluster: OpenCluster) -> None:
    """As its nanny closes it when that gets SIGTERM."""
    address, link = await some_finishing(cluster)
    async with anyio.create_task_group() as closing:
        closing.start_soon(close, cluster._client, address)

        async def told() -> bool:
            return not (await present(cluster)).get(address, True)

        await until(told)
        assert await link.call("collect", b"") == b"True"
        await link.call("deliver", b"")

        async def gone() -> bool:
            return address not in await present(cluster)

        await until(gone)
        await cluster.dismiss(link)


async def close(client: Any, address: str) -> None:
    """Its nanny starts another."""
    with contextlib.suppress(Exception):
        await client.rpc(address).terminate(reason="test", nanny=False)


async def test_a_killed_worker_is_gone_at_once_and_another_takes_its_place(cluster: OpenCluster) -> None:
    address, link = await some_link(cluster)
    pid = (await facts(link))["pid"]

    os.kill(pid, signal.SIGKILL)
    assert await link.call("deliver", b"") is None

    async def gone() -> bool:
        return address not in await present(cluster)

    await until(gone, seconds=2)
    await cluster.dismiss(link)
    _, other = await some_link(cluster, other_than=address)
    assert await other.call("deliver", b"there") == b"there"
    await cluster.dismiss(other)


async def test_a_scheduler_with_certificates_of_its_own_lets_nobody_else_in(cluster: OpenCluster) -> None:
    scheduler: SchedulerAt = cluster._scheduler
    plain = SchedulerAt(scheduler.address.replace("tls://", "tcp://"))
    source = DaskCluster(ClusterAccess(place=plain), actor=dask_actors.Asked, log=Log())

    with pytest.raises(ClusterError, match="says nothing"):
        async with source.open(nobody_stops):
            pass


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Pytest's own are too long for sockets."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def families(group: int) -> set[int]:
    """Processes of a group."""
    told = subprocess.run(["ps", "-o", "pid=", "-g", str(group)], check=False, capture_output=True, text=True)
    return {int(word) for word in told.stdout.split()}


async def test_a_cluster_that_is_killed_is_gone_within_two_seconds_with_all_its_processes() -> None:
    source = DaskCluster(ClusterAccess(place=LocalWorkers(1)), actor=dask_actors.Asked, log=Log(), environ=environ())
    async with source.open(nobody_stops) as cluster:
        group = os.getpgid((await facts((await some_link(cluster))[1]))["pid"])
        assert group != os.getpgid(0)
        os.kill(group, signal.SIGKILL)
        begun_seconds = anyio.current_time()

        async def gone() -> bool:
            return await cluster.workers() is None

        await until(gone)
        assert anyio.current_time() - begun_seconds < 2

        async def ended() -> bool:
            return not families(group)

        await until(ended)


@pytest.mark.parametrize(
    ("folder", "stopped"),
    [
        pytest.param("x", False, id="forked"),
        pytest.param("x" * 60, False, id="spawned, as a socket's path would be too long"),
        pytest.param("x", True, id="stopped"),
    ],
)
async def test_workers_of_a_run_that_is_killed_end_with_it(folder: str, short_path: Path, *, stopped: bool) -> None:
    """Another process opens a cluster and is killed."""
    place = short_path / folder
    place.mkdir()
    program = (
        "import anyio, dask_actors\n"
        "from dask_log import Log, nobody_stops\n"
        "from batchreset.adapters.dask import DaskCluster\n"
        "from batchreset.core.places import ClusterAccess, LocalWorkers\n"
        "async def main():\n"
        "    source = DaskCluster(ClusterAccess(place=LocalWorkers(1)), actor=dask_actors.Asked, log=Log())\n"
        "    async with source.open(nobody_stops) as cluster:\n"
        "        print('open', flush=True)\n"
        "        await anyio.sleep_forever()\n"
        "anyio.run(main)\n"
    )
    async with await anyio.open_process(
        [sys.executable, "-c", program], env={**environ(), "TMPDIR": str(place)}, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        try:
            said = BufferedByteReceiveStream(process.stdout)
            # An unbuffered Python writes a line in two pieces.
            assert await said.receive_until(b"\n", 100) == b"open"
            told = await anyio.run_process(["ps", "-o", "pid=", "--ppid", str(process.pid)])
            group = int(told.stdout)

            async def all_are_there() -> bool:
                return len(families(group)) >= 3

            await until(all_are_there)
            for pid in families(group) - {group} if stopped else ():
                os.kill(pid, signal.SIGSTOP)
        finally:
            process.kill()
        with pytest.raises(anyio.EndOfStream):
            # Nothing else was said, not on standard error either.
            await said.receive()

    async def ended() -> bool:
        return not families(group) and not list(place.iterdir())

    await until(ended)


async def test_a_key_meets_no_disk_and_its_folder_goes_with_the_run(short_path: Path) -> None:
    """Of whatever this process opens, only files of that folder in memory are written, and the key is gone at once."""
    program = (
        "import anyio, os, sys\n"
        "from dask_log import Log, nobody_stops\n"
        "from batchreset.adapters.dask import DaskCluster\n"
        "from batchreset.core.places import ClusterAccess, LocalWorkers\n"
        "written = set()\n"
        "def hear(event, given):\n"
        "    if event == 'open' and given[2] & (os.O_WRONLY | os.O_RDWR) and isinstance(given[0], (str, bytes)):\n"
        "        written.add(os.fsdecode(given[0]))\n"
        "sys.addaudithook(hear)\n"
        "async def main():\n"
        "    source = DaskCluster(ClusterAccess(place=LocalWorkers(1)), actor=dict, log=Log())\n"
        "    async with source.open(nobody_stops):\n"
        "        print(*(path for path in written if path.endswith('.pem')), flush=True)\n"
        "        print(*(path for path in written if os.path.exists(path)), flush=True)\n"
        "anyio.run(main)\n"
        "print(*{os.path.dirname(path) for path in written}, flush=True)\n"
    )
    given = {name: value for name, value in environ().items() if name != "TMPDIR"}
    told = await anyio.run_process([sys.executable, "-c", program], env=given)
    key, kept, folders = told.stdout.decode().splitlines()

    folder = Path(key).parent
    assert folder.parent == Path("/dev/shm")
    assert key.split() == [str(folder / "own.pem")]
    assert {*kept.split()} - {"/dev/null"} == {str(folder / "stderr")}
    assert {*folders.split()} - {"/dev"} == {str(folder)}
    assert not folder.exists()


async def test_workers_that_do_not_start_say_why(tmp_path: Path) -> None:
    (tmp_path / "dask.py").write_text("raise RuntimeError('\\x1b[31mbroken here')\n", "utf-8")
    source = DaskCluster(
        ClusterAccess(place=LocalWorkers(1)), actor=dask_actors.Asked, log=Log(),
        environ={**environ(), "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip

    with pytest.raises(ClusterError, match="did not start") as raised:
        async with source.open(nobody_stops):
            pass
    assert any("RuntimeError: ?[31mbroken here" in line for line in raised.value.details)


async def test_a_cluster_that_is_there_is_reached_with_its_certificates_and_no_others(
    cluster: OpenCluster, tmp_path: Path
) -> None:
    scheduler: SchedulerAt = cluster._scheduler
    security = cluster._client.security
    shown = {"ca": security.tls_ca_file, "certificate": security.tls_client_cert, "key": security.tls_client_key}
    for name, content in shown.items():
        await anyio.Path(tmp_path / name).write_text(content, "ascii")
    right = ClusterAccess(
        place=scheduler, ca_file=str(tmp_path / "ca"), cert_file=str(tmp_path / "certificate"),
        key_file=str(tmp_path / "key"),
    )  # fmt: skip
    handled = signal.getsignal(signal.SIGINT)

    async with DaskCluster(right, actor=dask_actors.Asked, log=Log()).open(nobody_stops) as same:
        assert (await present(same)).keys() == (await present(cluster)).keys()
        assert signal.getsignal(signal.SIGINT) is handled
        worker = SchedulerAt(await some_worker(same))

    for access, why in (
        (replace(right, place=worker), "no scheduler of Dask"),
        (replace(right, key_file=right.cert_file), "certificates for the cluster cannot be used"),
        (replace(right, cert_file=str(tmp_path / "none")), "No such file"),
    ):
        with pytest.raises(ClusterError, match=why):
            async with DaskCluster(access, actor=dask_actors.Asked, log=Log()).open(nobody_stops):
                pass


async def test_a_scheduler_that_ends_in_order_is_gone_within_two_seconds() -> None:
    """It says so: Dask does not try to reach it again then, and tells nobody."""
    from distributed import Scheduler  # noqa: PLC0415  not where these tests are left out

    async with Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0") as scheduler:
        access = ClusterAccess(place=SchedulerAt(scheduler.address))
        async with DaskCluster(access, actor=dask_actors.Asked, log=Log()).open(nobody_stops) as opened:
            assert await opened.workers() == {}
            await scheduler.close()
            begun_seconds = anyio.current_time()

            async def gone() -> bool:
                return await opened.workers() is None

            await until(gone)
            assert anyio.current_time() - begun_seconds < 2


async def test_a_folder_for_temporary_files_that_is_not_there_is_not_missed(tmp_path: Path) -> None:
    """Python's own rule: it takes another."""
    nowhere = {**environ(), "TMPDIR": str(tmp_path / "nowhere")}
    place = ClusterAccess(place=LocalWorkers(1))
    async with DaskCluster(place, actor=dask_actors.Asked, log=Log(), environ=nowhere).open(nobody_stops) as cluster:
        await some_link(cluster)


async def test_a_dry_run_counts_who_is_there_and_puts_nothing_on_them() -> None:
    from distributed import Scheduler, Worker  # noqa: PLC0415  not where these tests are left out

    async with Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0") as scheduler:
        access = ClusterAccess(place=SchedulerAt(scheduler.address))
        assert await _workers(access, Signals(), Log()) == 0
        async with Worker(scheduler.address, nthreads=1, dashboard_address="127.0.0.1:0") as worker:
            assert await _workers(access, Signals(), Log()) == 1
            assert not worker.state.actors
        assert not scheduler.clients.keys() - {"fire-and-forget"}


async def test_a_worker_that_cannot_be_connected_to_is_named_with_what_to_do(cluster: OpenCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tls://127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(ClusterError, match=r"^the worker two cannot be connected to from here$") as raised:
        await employed(cluster._client, dask_actors.Asked, b"", address=address, worker="two")
    assert raised.value.next_step.startswith(f"open {address} to this machine, or give that worker a --contact-address")


async def test_who_is_not_taken_in_in_time_leaves_nothing_behind() -> None:
    """A scheduler that lets whoever comes wait."""
    from distributed import Client  # noqa: PLC0415  not where these tests are left out
    from distributed.core import Server  # noqa: PLC0415  as above

    came, before = anyio.Event(), set(Client._instances)

    async def identity(**_asked: object) -> None:
        came.set()
        await anyio.sleep_forever()

    async with Server({"identity": identity}) as server:
        await server.listen("tcp://127.0.0.1:0")
        plain = vendor.security_of(SchedulerAt(server.address), ClusterAccess(place=SchedulerAt(server.address)))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vendor.client_of, server.address, plain)
            await came.wait()
            tasks.cancel_scope.cancel()
        assert {client.status for client in set(Client._instances) - before} == {"closed"}


async def test_a_scheduler_of_another_version_is_refused() -> None:
    from distributed.core import Server  # noqa: PLC0415  not where these tests are left out

    def identity(n_workers: int) -> dict[str, object]:
        return {"type": "Scheduler", "n_workers": n_workers}

    def versions() -> dict[str, object]:
        return {"packages": {"distributed": "2020.1.0\x1b"}}

    async with Server({"identity": identity, "versions": versions}) as server:
        await server.listen("tcp://127.0.0.1:0")
        place = SchedulerAt(server.address)
        with pytest.raises(ClusterError, match=r"another version of Dask than this program: 2020\.1\.0\?, here"):
            async with DaskCluster(ClusterAccess(place=place), actor=dask_actors.Asked, log=Log()).open(nobody_stops):
                pass


def test_dask_s_settings_are_this_process_s_only_while_a_cluster_is_open() -> None:
    vendor.imported()
    import dask  # noqa: PLC0415  as above

    before = dask.config.get("distributed.comm.timeouts.connect")
    with vendor.settings():
        assert dask.config.get("distributed.comm.timeouts.connect") == "5s"
    assert dask.config.get("distributed.comm.timeouts.connect") == before


async def test_nothing_of_the_current_folder_is_run_where_keys_and_passwords_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` would look there first, and all that it starts too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "yaml.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    source = DaskCluster(ClusterAccess(place=LocalWorkers(1)), actor=dask_actors.Asked, log=Log(), environ=environ())

    async with source.open(nobody_stops) as cluster:
        await some_link(cluster)

    assert not (tmp_path / "ran").exists()
