"""From one run to the next: what was learned, as plain values, and how to begin with it."""

from typing import Final

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.refusals import PAUSE_MOST_SECONDS
from batchreset.core.pacing.limits import bucket, sliding
from batchreset.core.pacing.limits.fixed import borrowed
from batchreset.core.pacing.notes import LearnedLimit

BUCKET_LEAST_PER_SECOND: Final = 0.1
"""A slower one is found anew: if it is not true any more, each row would wait for long before that shows."""


def learned(gate: Gate) -> LearnedLimit | None:
    """What is known of a gate's limit and what it cost; None: nothing, and nothing."""
    known = gate.limit.known
    if known is None and not gate.refused:
        return None
    return LearnedLimit(
        scope=gate.scope,
        shape=known.shape if known else "",
        limit=known.count if known else 0,
        window_seconds=known.window_seconds if known else 0.0,
        refused=gate.refused,
        waited_seconds=gate.door.waited_seconds,
    )


def begin_with(gate: Gate, earlier: LearnedLimit) -> None:
    """Believe what an earlier run learned until this one has seen it; look beyond it before long."""
    if earlier.limit < 1 or not 0.0 < earlier.window_seconds <= PAUSE_MOST_SECONDS:
        return
    if earlier.shape == "bucket" and earlier.limit / earlier.window_seconds < BUCKET_LEAST_PER_SECOND:
        return
    if earlier.shape == "bucket":
        gate.limit = bucket.borrowed(earlier.limit / earlier.window_seconds, history=gate.limit.history)
    elif earlier.shape == "sliding":
        gate.limit = sliding.borrowed(earlier.limit, earlier.window_seconds, history=gate.limit.history)
    elif earlier.shape:
        limit = borrowed(earlier.limit, earlier.window_seconds, history=gate.limit.history, measured=True)
        gate.borrow(limit, end_seconds=0.0)
