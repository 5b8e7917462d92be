"""Events, by structlog."""

from batchreset.adapters.events.log import event_log

__all__ = ["event_log"]
