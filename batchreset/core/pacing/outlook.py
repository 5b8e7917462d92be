"""How long the limits that are known will hold a number of rows back, for whoever asks how much time is left."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.scopes.lanes import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Of the gate that will be done last.

    Attributes:
        held_seconds: until its last rows may go.
        last_rows: so many go then, one after another.
        limit_unknown: somebody was refused whose limit is not known yet: it takes at least so long as the limits that
            are known hold back.
    """

    held_seconds: float = 0.0
    last_rows: int = 0
    limit_unknown: bool = False


def outlook(partner: Gate, lanes: Iterable[Lane], now_seconds: float, *, rows: int) -> Outlook:
    """`rows`: that have not gone yet, of all customers, also those of waves to come."""
    found = [_of(partner, rows, now_seconds)]
    # Of thousands of customers most have met no limit: they hold nothing back.
    found += [
        _of(lane.gate, lane.waiting, now_seconds)
        for lane in lanes
        if lane.waiting and (lane.gate.door.phase is not Phase.OPEN or lane.gate.limit.known is not None)
    ]
    last = max(found, key=lambda one: one.held_seconds)
    return Outlook(
        held_seconds=last.held_seconds,
        last_rows=last.last_rows,
        limit_unknown=any(one.limit_unknown for one in found),
    )


def _of(gate: Gate, rows: int, now_seconds: float) -> Outlook:
    door, known = gate.door, gate.limit.known
    closed_seconds = max(0.0, door.until_seconds - now_seconds) if door.phase is Phase.WAITING else 0.0
    if known is None:
        refused = door.refused or door.phase is Phase.HELD
        return Outlook(held_seconds=0.0 if refused else closed_seconds, last_rows=rows, limit_unknown=refused)
    match gate.limit:
        case Fixed() as limit:
            found = _in_windows(gate, limit, rows, now_seconds, closed_seconds=closed_seconds)
            return replace(found, limit_unknown=door.refused and not limit.sure)
        case Sliding() as limit:
            free_seconds = _sliding_frees(gate, limit, rows) - now_seconds
            return Outlook(held_seconds=max(closed_seconds, free_seconds), last_rows=0 if free_seconds > 0.0 else rows)
        case _:
            # A bucket's come evenly.
            return Outlook(held_seconds=max(closed_seconds, rows * known.window_seconds / known.count))


def _in_windows(gate: Gate, limit: Fixed, rows: int, now_seconds: float, *, closed_seconds: float) -> Outlook:
    """What this window still takes, whole ones, and what is left for the last."""
    count, window = max(1, limit.trusted_count), gate.traffic.window
    under_way = window.first_number != 0 and now_seconds < window.ends_seconds
    room = 0 if closed_seconds else max(0, count - (window.sent if under_way else 0))
    if rows <= room:
        return Outlook(last_rows=rows)
    next_seconds = closed_seconds or (window.ends_seconds - now_seconds if under_way else limit.window_seconds)
    whole, last_rows = divmod(rows - room - 1, count)
    return Outlook(held_seconds=next_seconds + whole * limit.window_seconds, last_rows=last_rows + 1)


def _sliding_frees(gate: Gate, limit: Sliding, rows: int) -> float:
    """When the last of them may go: each window's sends are repeated a window later."""
    cycles, place = divmod(max(1, rows) - 1, limit.count)
    return gate.traffic.log.last_but(limit.count - place - 1) + (cycles + 1) * limit.window_seconds
