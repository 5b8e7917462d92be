"""The progress display, by rich; and a line from time to time where there is less to show."""

from batchreset.adapters.display.lines import said_from_time_to_time
from batchreset.adapters.display.progress import logged_progress, terminal_progress

__all__ = ["logged_progress", "said_from_time_to_time", "terminal_progress"]
