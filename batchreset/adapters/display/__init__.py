"""The progress display, by rich."""

from batchreset.adapters.display.progress import logged_progress, terminal_progress

__all__ = ["logged_progress", "terminal_progress"]
