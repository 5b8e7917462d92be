"""Pacing: spending just under the service's limits. Pure; the engine drives it through `Pacer`.

Read in this order: `seam` (what passes between engine and pacer), `pacer` (the whole of a turn), then the rooms:

    load/    how much at once, whatever the limits are: concurrency, outages, the operator's ceiling
    scopes/  whose row goes, the partner's gate and the customers', and whose limit a refusal was
    gates/   one gate: open or closed, how its limit is spent, one series of refusals
    limits/  what is believed of one limit, and what an episode of refusals teaches

`notes` are what happened and what was learned, as values for events and the summary; `outlook` says how long the
limits that are known will hold back what is left.

How a gate stands, and what moves it (`gates/phases`; whatever is not here is a bug and raises):

    phase    lets through                what moves it                                              to
    -------  --------------------------  ---------------------------------------------------------  -------
    OPEN     what the limit allows       refused, or the window's budget is spent                   WAITING
                                         refused, and whose limit it was is not clear               HELD
    HELD     nothing (partner: those     another customer's witness was refused, or passed          OPEN
             sent as witnesses)          it was this gate's limit                                   WAITING
    WAITING  nothing before a moment,    the moment has come, and one row goes to see               TRYING
             then one row                refused again by rows sent before: maybe longer            WAITING
    TRYING   after a budget of its own,  that row passed: the episode is over, the limit learns     OPEN
             another row each second     that row was refused, or neither refused nor passed        WAITING

The shape of a limit: unknown (open), a fixed window, a sliding window, or a token bucket. `limits` has the table of
what changes one into another.
"""

from batchreset.core.pacing.notes import (
    Learned,
    LearnedLimit,
    LimitLearned,
    OutageBegan,
    OutageEnded,
    PaceNote,
    Paused,
    Resumed,
    Throttled,
)
from batchreset.core.pacing.outlook import Outlook
from batchreset.core.pacing.pacer import Pacer
from batchreset.core.pacing.seam import PARTNER, Answer, PaceSnapshot, Pause, Ticket

__all__ = [
    "PARTNER",
    "Answer",
    "Learned",
    "LearnedLimit",
    "LimitLearned",
    "OutageBegan",
    "OutageEnded",
    "Outlook",
    "PaceNote",
    "PaceSnapshot",
    "Pacer",
    "Pause",
    "Paused",
    "Resumed",
    "Throttled",
    "Ticket",
]
