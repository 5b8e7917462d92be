"""Pacing: spending just under the service's limits. Pure; the engine drives it through `Pacer`."""

from batchreset.core.pacing.notes import (
    Learned,
    LearnedLimit,
    LimitLearned,
    PaceNote,
    Paused,
    Resumed,
    Throttled,
)
from batchreset.core.pacing.pacer import Pacer
from batchreset.core.pacing.seam import Answer, PaceSnapshot, Pause, Ticket

__all__ = [
    "Answer",
    "Learned",
    "LearnedLimit",
    "LimitLearned",
    "PaceNote",
    "PaceSnapshot",
    "Pacer",
    "Pause",
    "Paused",
    "Resumed",
    "Throttled",
    "Ticket",
]
