"""Pacing: spending just under the service's limits. Pure; the engine drives it through `Pacer`'s four members."""

from batchreset.core.pacing.pacer import Pacer
from batchreset.core.pacing.seam import Answer, PaceSnapshot, Pause, Ticket

__all__ = ["Answer", "PaceSnapshot", "Pacer", "Pause", "Ticket"]
