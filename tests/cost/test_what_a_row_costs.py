"""What a row costs, in counts and in ratios: a slow machine changes neither. `make bench` has the times."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pyrage
from acceptance_world import World, accounts, world
from here import run_here
from ledger_records import NOON, attempt, ending, intent
from syscalls import Kind, Recording, Watch

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.sealing import parse_recipients, sealer
from benchmarks import program, users
from benchmarks.service.beside import Service, started
from benchmarks.speed.peers.bare import Asked, body, drive, headers

GROUPS, ROWS_A_GROUP = 20, 50
CONNECTIONS = 16
FEW, MANY, TURNS = 60, 360, 2
TOKEN = {"Authorization": f"Bearer {program.TOKEN}"}
MOST_OVER_THE_BARE_LOOP = 4.5
"""About twice what is measured, 1.8 to 2.2."""


def test_a_group_takes_few_statements_not_one_for_each_record(tmp_path: Path) -> None:
    statements: Counter[str] = Counter()
    store = store_of_a_sealed_run(tmp_path)
    store._connection.set_trace_callback(lambda text: statements.update([text.split()[0]]))
    write_groups(store)
    store.close()
    assert statements["COMMIT"] == GROUPS
    assert statements.total() <= 14 * GROUPS, statements


def test_a_row_takes_little_room_in_the_ledger(tmp_path: Path) -> None:
    write_groups(store := store_of_a_sealed_run(tmp_path))
    store.close()
    assert (tmp_path / "ledger.sqlite").stat().st_size <= 450 * GROUPS * ROWS_A_GROUP


def store_of_a_sealed_run(folder: Path) -> LedgerStore:
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    store = LedgerStore(folder / "ledger.sqlite", seal=sealer(parse_recipients([recipient])))
    store.begin_session(NOON)
    return store


def write_groups(store: LedgerStore) -> None:
    for first in range(0, GROUPS * ROWS_A_GROUP, ROWS_A_GROUP):
        rows = range(first + 1, first + ROWS_A_GROUP + 1)
        store.write_group([of(row) for row in rows for of in (intent, attempt, ending)])


def test_a_row_costs_few_calls_of_the_system(tmp_path: Path) -> None:
    """One request, one event of the log, and no more than two commits even where nothing is committed together."""
    with world(tmp_path) as made:
        calls = calls_of(made, rows=60)
    assert calls[Kind.SEND, ""] <= 60 + 40
    assert calls[Kind.WRITE, "log.ndjson"] <= 60 + 10
    assert calls[Kind.SYNC, "ledger.sqlite-wal"] <= 2 * 60 + 10
    others = calls.total() - sum(calls[key] for key in calls if key[1] in {"", "log.ndjson"} or "ledger" in key[1])
    assert others <= 100, calls


def calls_of(made: World, *, rows: int) -> Counter[tuple[Kind, str]]:
    watch = Watch(root=made.runs, recording=made.folder / "recording")
    made.runs.mkdir()
    users = made.input(accounts(rows))
    ended = made.batchreset("run", users, "--run-id", "r", "--yes", "--quiet", watch=watch)
    assert ended.code == 0, ended.stderr
    return Counter((call.kind, call.name) for call in Recording.read(watch.recording).operations)


def test_processor_time_of_a_whole_run_is_in_proportion_to_a_bare_loop(tmp_path: Path) -> None:
    """In turn, in this process, of the same requests to the same service; start and end of the run are taken away."""
    few, many, bare = [], [], []
    with started(tmp_path) as service:
        for turn in range(TURNS):
            folder = tmp_path / str(turn)
            folder.mkdir()
            few.append(cpu_of(run, service, folder / "few", FEW))
            many.append(cpu_of(run, service, folder / "many", MANY))
            bare.append(cpu_of(loop, service, folder / "many" / "users.csv", MANY))
    # The least of each: the first run of all imports what the others find.
    a_row = (min(many) - min(few)) / (MANY - FEW)
    assert a_row <= MOST_OVER_THE_BARE_LOOP * min(bare) / MANY


def cpu_of(does: Callable[[Service, Path, int], None], service: Service, path: Path, rows: int) -> float:
    """Not elapsed time: whatever else goes on here is not counted, and slows both alike."""
    service.begin(0)
    began = time.process_time()
    does(service, path, rows)
    used = time.process_time() - began
    assert service.end("a test").resets == rows
    return used


def run(service: Service, folder: Path, rows: int) -> None:
    folder.mkdir()
    users.write(folder / "users.csv", rows)
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    job = program.write_job(folder, service, recipient=recipient, connections=CONNECTIONS, report=False)
    words = program.run_command(folder / "users.csv", job)[len(program.COMMAND) :]
    with (folder / "said.txt").open("w+b") as said:
        code = run_here(words, cwd=folder, env=program.environ(folder), streams=[said.fileno()] * 3)
    assert code == 0


def loop(service: Service, path: Path, rows: int) -> None:
    """As `benchmarks.speed.peers.bare_aiohttp`, in this process, of an input of so many rows."""
    assert rows == MANY
    asyncio.run(_loop(Asked(service.base_url, str(service.ca_file), str(path), CONNECTIONS)))


async def _loop(asked: Asked) -> None:
    context = ssl.create_default_context(cafile=asked.ca_file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=context)) as session:

        async def one(number: int, address: str) -> None:
            async with session.patch(address, data=body(number), headers={**headers(), **TOKEN}) as response:
                await response.read()

        await drive(asked, one)
