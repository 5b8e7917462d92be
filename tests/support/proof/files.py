"""What a run left behind, read from its files without the program's own code."""

import csv
import json
import re
import shutil
import sqlite3
import stat
import tempfile
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyrage
from click.testing import CliRunner

from batchreset.cli.handover import handover as handover_command
from proof.evidence import Attempted, Evidence, InputRow, Sealed, Seen


def collected(  # noqa: PLR0913  whatever can be looked at
    folder: Path,
    *,
    source: Path,
    key: Path,
    seen: Seen,
    said: Sequence[str] = (),
    secrets: Sequence[str] = (),
    discarded: bool = False,
    killed: bool = False,
    further_files: Sequence[Path] = (),
) -> Evidence:
    """Look at everything.

    Args:
        folder: the run's.
        source: its input.
        key: a file with the secret key of one of its recipients.
        seen: by the service.
        said: what was printed.
        secrets: tokens and the like, which may stand nowhere.
        discarded: the run keeps no passwords.
        killed: see `Evidence`.
        further_files: log or results files outside the folder.
    """
    handover_all = None if discarded else hand_over(folder, key, "--all")
    handover = None if discarded else hand_over(folder, key)
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
        sealed=_opened(ledger, key),
        attempts=ledger.attempts,
        run=json.loads((folder / "run.json").read_text(encoding="utf-8")),
        summary=json.loads((folder / "summary.json").read_text(encoding="utf-8")),
        seen=seen,
        texts=_texts(folder, ledger, said, further_files),
        secrets=[secret for secret in secrets if secret],
        modes={
            ".": stat.S_IMODE(folder.stat().st_mode),
            **{str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")},
        },
        sessions=ledger.sessions,
        killed=killed,
        cut_off=_never_seen(ledger, seen.correlation_ids),
        not_sent=Counter(str(one.row) for one in ledger.attempts if one.verdict == "not_sent"),
    )


def hand_over(folder: Path, key: Path, *arguments: str) -> list[dict[str, str]]:
    """The hand-over's lines, by the command itself but in this process: it is asked for after every kill."""
    with tempfile.TemporaryDirectory() as private:
        out = Path(private) / "handover.csv"
        command = [str(folder), "--identity", str(key), "--out", str(out), *arguments]
        opened = CliRunner().invoke(handover_command, command, catch_exceptions=False)
        assert opened.exit_code == 0, opened.output
        with out.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def sealed_in(folder: Path, key: Path) -> list[Sealed]:
    """Every password of a run's ledger, opened."""
    return _opened(_ledger(folder / "ledger.sqlite"), key)


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


_ATTEMPTS = """
SELECT row, generation, verdict, correlation_id, noted_at, sent_at, ended_at
FROM attempts JOIN intents USING (row, generation)
"""


@dataclass(frozen=True, slots=True)
class _Ledger:
    blobs: Sequence[bytes] = ()
    sessions: int = 0
    dump: str = ""
    attempts: Sequence[Attempted] = ()


def _never_seen(ledger: _Ledger, noted: Collection[str]) -> Mapping[str, int]:
    given_up = (one for one in ledger.attempts if one.verdict in {"cancelled", "connection_lost", "sender_lost"})
    return Counter(str(one.row) for one in given_up if one.correlation_id not in noted)


def _ledger(path: Path) -> _Ledger:
    """From a copy: looking must change nothing."""
    if not path.exists():
        return _Ledger()
    with tempfile.TemporaryDirectory() as folder:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, folder)
        connection = sqlite3.connect(Path(folder) / path.name)
        try:
            blobs = [blob for (blob,) in connection.execute("SELECT blob FROM sealed ORDER BY sealed")]
            (sessions,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
            attempts = [Attempted(*values) for values in connection.execute(_ATTEMPTS)]
            return _Ledger(blobs, sessions, "\n".join(connection.iterdump()), attempts)
        finally:
            connection.close()


def _opened(ledger: _Ledger, key: Path) -> list[Sealed]:
    (secret,) = (line for line in key.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    identity = pyrage.x25519.Identity.from_str(secret.strip())
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
