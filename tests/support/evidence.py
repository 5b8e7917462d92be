"""What is looked at of a run that was made in a `World`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acceptance_world import TOKEN, World
from proof import Evidence, Seen, collected


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
    return collected(
        world.runs / run,
        source=source,
        key=world.key,
        seen=_seen(world, before),
        said=world.said,
        secrets=[
            TOKEN,
            world.options.client_secret,
            world.options.refresh_token,
            *world.simulator.state.sign_in.handed_out,
        ],
        discarded=discarded,
        killed=killed,
        further_files=further_files,
    )


def _seen(world: World, before: Before) -> Seen:
    state = world.simulator.state
    exchanges = list(state.exchanges)
    return Seen(
        applied=[json.loads(applied.line()) for applied in state.applied[before.applied :]],
        exchanges=[exchange for exchange in exchanges[before.requests :] if exchange.method == "PATCH"],
        correlation_ids={exchange.correlation_id for exchange in exchanges},
        protocol_errors=list(state.protocol_errors),
        in_force={user: account.sha256 for user, account in dict(state.in_force).items()},
    )
