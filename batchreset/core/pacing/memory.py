"""From one run to the next: what was learned, as plain values, and how to begin with it."""

from batchreset.core.pacing.gate import Gate
from batchreset.core.pacing.limit import SHAPES, Kind
from batchreset.core.pacing.notes import LearnedLimit
from batchreset.core.pacing.refusals import PAUSE_MOST_SECONDS


def learned(gate: Gate) -> LearnedLimit | None:
    """What is known of a gate's limit and what it cost; None: nothing, and nothing."""
    shape, count, window_seconds = gate.limit.as_known() if gate.limit.known else ("", 0, 0.0)
    if not shape and not gate.refused:
        return None
    return LearnedLimit(
        scope=gate.scope,
        shape=shape,
        limit=count,
        window_seconds=window_seconds,
        refused=gate.refused,
        waited_seconds=gate.waited_seconds,
    )


def begin_with(gate: Gate, earlier: LearnedLimit) -> None:
    """Believe what an earlier run learned until this one has seen it; look beyond it in the first window."""
    if earlier.limit < 1 or not 0.0 < earlier.window_seconds <= PAUSE_MOST_SECONDS:
        return
    if earlier.shape == SHAPES[Kind.BUCKET]:
        gate.limit.start_bucket(earlier.limit / earlier.window_seconds)
    elif earlier.shape:
        gate.borrow(earlier.limit, earlier.window_seconds, sure=True, trusted_windows=0, end_seconds=0.0)
