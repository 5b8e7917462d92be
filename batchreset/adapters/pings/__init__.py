"""Pings of a cron monitor."""

from batchreset.adapters.pings.ping import ping

__all__ = ["ping"]
