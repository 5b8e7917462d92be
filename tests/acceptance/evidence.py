"""What a run left behind and what the service saw of it; the files are read without the program's own code."""

import csv
import json
import re
import shutil
import sqlite3
import stat
import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyrage
from acceptance_world import TOKEN, World
from click.testing import CliRunner

from batchreset.cli.look import handover as handover_command
from batchreset.simulator.state import Exchange

AccountKey = tuple[str, str]
"""Customer and user, lower case."""


Lines = Sequence[Mapping[str, str]]
"""Of a CSV file, by column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the simulator had seen before the run that is looked at."""

    applied: int = 0
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRow:
    """One line of the input, normalised as the documentation says."""

    customer: str
    user: str
    force: bool | None
    further: Mapping[str, str]

    @property
    def account(self) -> AccountKey:
        return self.customer, self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One password of the ledger, opened with the helpdesk's key."""

    row: int
    generation: int
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it.

    Attributes:
        header: of the results file.
        handover: without and with `--all`; None where the run keeps no passwords.
        applied: lines of the simulator's applied log that are this run's.
        report: `/_simulator/state`.
        exchanges: this run's requests to reset, in order of arrival.
        texts: every place where nothing may stand in clear: files, decoded and as bytes, and what was printed.
        modes: permissions, by path in the folder; the folder's own under `.`.
        sessions: how often the run was begun.
        killed: a process of this run was killed; what it had not written down yet is not missed.
        cut_off: by row number, how many of its requests were given up at the very moment of being sent (a second
            signal): the run cannot know that the service never saw them.
    """

    rows: Sequence[InputRow]
    header: Sequence[str]
    results: Lines
    handover: Lines | None
    handover_all: Lines | None
    handover_header: Sequence[str]
    sealed: Sequence[Sealed]
    summary: Mapping[str, Any]
    applied: Sequence[Mapping[str, Any]]
    report: Mapping[str, Any]
    exchanges: Sequence[Exchange]
    texts: Mapping[str, bytes]
    secrets: Sequence[str]
    modes: Mapping[str, int]
    sessions: int
    killed: bool
    cut_off: Mapping[str, int]

    def applied_to(self) -> dict[AccountKey, list[Mapping[str, Any]]]:
        """Passwords applied, by account, oldest first."""
        found: defaultdict[AccountKey, list[Mapping[str, Any]]] = defaultdict(list)
        for line in self.applied:
            found[line["customer"], line["user"]].append(line)
        return found

    def sent_for(self) -> dict[AccountKey, list[Exchange]]:
        """Requests to reset, by account, in order of arrival."""
        found: defaultdict[AccountKey, list[Exchange]] = defaultdict(list)
        for exchange in self.exchanges:
            found[exchange.customer, exchange.user].append(exchange)
        return found


_NOTHING = Before()


def gather(
    world: World,
    source: Path,
    run: str = "r",
    *,
    before: Before = _NOTHING,
    discarded: bool = False,
    killed: bool = False,
    further_files: Sequence[Path] = (),
) -> Evidence:
    """Look at everything.

    Args:
        world: where the run was made.
        source: its input.
        run: its id.
        before: what is not this run's.
        discarded: the run keeps no passwords.
        killed: see `Evidence`.
        further_files: log or results files outside the folder.
    """
    folder = world.runs / run
    state = world.simulator.state
    handover_all = None if discarded else hand_over(world, run, "--all")
    handover = None if discarded else hand_over(world, run)
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file))
    ledger = _ledger(folder / "ledger.sqlite")
    return Evidence(
        rows=read_input(source),
        header=header,
        results=[dict(zip(header, line, strict=True)) for line in lines],
        handover=handover,
        handover_all=handover_all,
        handover_header=list(handover_all[0]) if handover_all else [],
        sealed=_opened(ledger, world.key),
        summary=json.loads((folder / "summary.json").read_text(encoding="utf-8")),
        applied=[json.loads(applied.line()) for applied in state.applied[before.applied :]],
        report=state.report(),
        exchanges=[exchange for exchange in state.exchanges[before.requests :] if exchange.method == "PATCH"],
        texts=_texts(folder, ledger, world.said, further_files),
        secrets=[
            secret
            for secret in (
                TOKEN,
                world.options.client_secret,
                world.options.refresh_token,
                *world.simulator.state.sign_in.handed_out,
            )
            if secret
        ],
        modes={
            ".": stat.S_IMODE(folder.stat().st_mode),
            **{str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")},
        },
        sessions=ledger.sessions,
        killed=killed,
        cut_off=_never_seen(ledger, {exchange.correlation_id for exchange in state.exchanges}),
    )


def hand_over(world: World, run: str = "r", *arguments: str) -> list[dict[str, str]]:
    """The hand-over's lines, by the command itself but in this process: it is asked for after every kill."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "handover.csv"
        command = [str(world.runs / run), "--identity", str(world.key), "--out", str(out), *arguments]
        opened = CliRunner().invoke(handover_command, command, catch_exceptions=False)
        assert opened.exit_code == 0, opened.output
        with out.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def read_input(path: Path) -> list[InputRow]:
    """CSV with commas, or Parquet."""
    frame = (
        pl.read_parquet(path).cast(pl.String) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    )
    known = {"customertenantid": "customer", "userid": "user", "forcechangepassword": "force"}
    names = {name: known.get(re.sub(r"[\s_-]", "", name).lower(), name) for name in frame.columns}
    return [
        InputRow(
            customer=_guid(row["customer"]),
            user=_guid(row["user"]),
            force=_FLAGS.get((row.get("force") or "true").strip().lower()),
            further={name: row[name] or "" for name in frame.columns if names[name] == name},
        )
        for row in frame.rename(names).iter_rows(named=True)
    ]


_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _guid(text: str | None) -> str:
    try:
        return str(uuid.UUID((text or "").strip()))
    except ValueError:
        return text or ""


@dataclass(frozen=True, slots=True)
class _Ledger:
    blobs: Sequence[bytes]
    sessions: int
    dump: str
    given_up: Sequence[tuple[int, str]]


def _never_seen(ledger: _Ledger, noted: set[str]) -> Mapping[str, int]:
    return Counter(str(row) for row, correlation_id in ledger.given_up if correlation_id not in noted)


def _ledger(path: Path) -> _Ledger:
    """From a copy: looking must change nothing."""
    if not path.exists():
        return _Ledger([], 0, "", [])
    with tempfile.TemporaryDirectory() as folder:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, folder)
        connection = sqlite3.connect(Path(folder) / path.name)
        try:
            blobs = [blob for (blob,) in connection.execute("SELECT blob FROM sealed ORDER BY sealed")]
            (sessions,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
            given_up = connection.execute(
                "SELECT row, correlation_id FROM attempts WHERE verdict = 'cancelled'"
            ).fetchall()
            return _Ledger(blobs, sessions, "\n".join(connection.iterdump()), given_up)
        finally:
            connection.close()


def _opened(ledger: _Ledger, key: Path) -> list[Sealed]:
    identity = pyrage.x25519.Identity.from_str(key.read_text(encoding="ascii").strip())
    lines = [line for blob in ledger.blobs for line in pyrage.decrypt(blob, [identity]).decode().splitlines()]
    noted = [json.loads(line) for line in lines]
    return [Sealed(row=one["row"], generation=one["generation"], password=one["password"]) for one in noted]


def _texts(folder: Path, ledger: _Ledger, said: Sequence[str], further_files: Sequence[Path]) -> dict[str, bytes]:
    texts = {f"printed ({number})": text.encode() for number, text in enumerate(said)}
    texts["ledger.sqlite, dumped"] = ledger.dump.encode()
    for path in (*(path for path in folder.rglob("*") if path.is_file()), *further_files):
        texts[path.name] = path.read_bytes()
        if path.suffix == ".parquet":
            texts[f"{path.name}, decoded"] = pl.read_parquet(path).write_ndjson().encode()
    return texts
