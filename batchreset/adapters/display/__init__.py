"""What people see of a run under way: a picture on a terminal, a line from time to time elsewhere.

Read `words`, `cells`, `senders`, `picture` (from figures to lines, pure), `screen` (lines drawn where they stand), then
`progress`.
"""

from batchreset.adapters.display.cells import Line, Piece, plain
from batchreset.adapters.display.lines import said_from_time_to_time
from batchreset.adapters.display.picture import LINES, picture, said
from batchreset.adapters.display.progress import LINE_EVERY_SECONDS, event_fields, logged_progress, terminal_progress
from batchreset.adapters.display.screen import Screen, inked, others_above
from batchreset.adapters.display.senders import FIGURES, SENDERS_SHOWN, in_columns, sender_table

__all__ = [
    "FIGURES",
    "LINES",
    "LINE_EVERY_SECONDS",
    "SENDERS_SHOWN",
    "Line",
    "Piece",
    "Screen",
    "event_fields",
    "in_columns",
    "inked",
    "logged_progress",
    "others_above",
    "picture",
    "plain",
    "said",
    "said_from_time_to_time",
    "sender_table",
    "terminal_progress",
]
