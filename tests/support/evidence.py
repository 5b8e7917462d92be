"""What is looked at of a run that was made in a `World`."""

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acceptance_world import TOKEN, World
from proof import Evidence, Seen, collected, foreign_last, prove


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the simulator had seen before the run that is looked at."""

    applied: int = 0
    requests: int = 0


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
    """Look at everything; `before` is not this run's, the rest as for `proof.collected`."""
    world.looked_at.add(run)
    return collected(
        world.runs / run,
        source=source,
        key=world.key,
        seen=_seen(world, before),
        said=world.said,
        secrets=_secrets(world),
        discarded=discarded,
        killed=killed,
        further_files=further_files,
    )


def _secrets(world: World) -> list[str]:
    handed_out = world.simulator.state.sign_in.handed_out
    return [TOKEN, world.options.client_secret, world.options.refresh_token, *handed_out]


def _seen(world: World, before: Before) -> Seen:
    state = world.simulator.state
    exchanges, applied = list(state.exchanges), [json.loads(one.line()) for one in state.applied]
    return Seen(
        applied=[line for line in applied[before.applied :] if not line.get("foreign")],
        exchanges=[exchange for exchange in exchanges[before.requests :] if exchange.method == "PATCH"],
        correlation_ids={exchange.correlation_id for exchange in exchanges},
        protocol_errors=list(state.protocol_errors),
        in_force={user: account.sha256 for user, account in dict(state.in_force).items()},
        foreign=foreign_last(applied),
    )


def prove_the_rest(world: World) -> None:
    """Every run that sent something, and that the test itself has not looked at, keeps the promises too."""
    for folder in sorted(world.runs.glob("*/ledger.sqlite")):
        run = folder.parent.name
        if run not in world.looked_at:
            prove(_of_its_own(world, folder.parent))


def _of_its_own(world: World, folder: Path) -> Evidence:
    """Of runs that share a service, each by its own correlation ids."""
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'ledger.sqlite'}?mode=ro", uri=True)) as ledger:
        own = {correlation_id for (correlation_id,) in ledger.execute("SELECT correlation_id FROM attempts")}
    everything = _seen(world, _NOTHING)
    applied = [line for line in everything.applied if line["correlation_id"] in own]
    return collected(
        folder,
        source=world.folder / facts["input"]["source"],
        key=world.key,
        seen=dataclasses.replace(
            everything,
            applied=applied,
            exchanges=[exchange for exchange in everything.exchanges if exchange.correlation_id in own],
            in_force={line["user"]: line["sha256"] for line in applied},
        ),
        said=world.said,
        secrets=_secrets(world),
        discarded=facts["settings"]["password"]["kind"] == "discard",
    )
