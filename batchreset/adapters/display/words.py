"""What is told of a run under way, in words: what it waits for and until when, and how long the rest will take."""

import datetime as dt
import math
from typing import Final

from batchreset.core.figures import Cause, Figures, Pace, Phase, TimeLeft, Waiting, Wave
from batchreset.core.pacing import PARTNER

SHOWN_OF_A_GUID: Final = 8
_ALL_ROWS: Final = "*"
"""The lane of all rows, where they go in the input's order."""
_MINUTE: Final = 60
_HOUR: Final = 3600
_SECONDS_UNTIL: Final = 90
"""A longer estimate is told in minutes: no estimate is as true as its seconds look."""
_STEP_SECONDS: Final = 5

LEFT_NOT_KNOWN: Final = "time left not known yet"
PACE_NOT_TOLD: Final = "the pace is not known: the process has told nothing of it lately"


def state(figures: Figures, *, zone: dt.tzinfo | None) -> tuple[str, bool]:
    """What is going on, and whether that is a wait. `zone`: of clock times; None: this machine's."""
    pace = figures.pace
    if pace is None:
        return PACE_NOT_TOLD, False
    if pace.phase is Phase.STOPPING:
        return _stopping(pace), True
    if pace.phase is Phase.ENDING:
        return _ended(figures.planned - figures.done), False
    if pace.waiting is not None:
        return waits(pace.waiting, zone=zone, begun=pace.phase is not Phase.CLUSTER), True
    if pace.phase is Phase.CLUSTER:
        return "reaching the cluster", False
    if pace.phase is Phase.SIGN_IN:
        return "checking the sign-in", False
    return ("sending the canary: the rest goes only if it succeeds" if _canary(pace.wave) else "sending"), False


def _canary(wave: Wave | None) -> bool:
    return wave is not None and wave.canary


def _ended(left: int) -> str:
    if left <= 0:
        return "all rows have an outcome"
    return f"ended early: {left:,} {'was' if left == 1 else 'were'} not attempted"


def _stopping(pace: Pace) -> str:
    verb = "is" if pace.in_flight == 1 else "are"
    return f"stopping: {pace.in_flight:,} in flight {verb} awaited, at most {math.ceil(pace.stopping_seconds or 0)} s"


def waits(waiting: Waiting, *, zone: dt.tzinfo | None, begun: bool = True) -> str:
    """The moments first: a line may be cut off at its end. `begun`: somebody has been there who could send."""
    clock = waiting.until.astimezone(zone).strftime("%H:%M:%S")
    when = f"{clock} (in {waiting.seconds:>3} s)"
    who = scope_name(waiting.scope) + (f" and {waiting.others:,} more" if waiting.others else "")
    match waiting.cause:
        case Cause.OUTAGE:
            return f"service down: one row goes {when} to see"
        case Cause.THROTTLED if not waiting.seconds:
            return f"throttled: one row goes to see: {who}"
        case Cause.THROTTLED:
            return f"throttled until {when}: {who}"
        case Cause.WINDOW:
            return f"limit spent until {when}: {who}"
        case Cause.LEASE:
            return f"held until {when}: the killed session's senders may still send"
        case Cause.SENDER if not begun:
            return f"no worker yet: the run ends {when} if none can send"
        case Cause.SENDER:
            return f"no worker can send: the run ends {when}"


def scope_name(scope: str) -> str:
    """Short enough for a line."""
    if scope == PARTNER:
        return "the partner"
    if scope == _ALL_ROWS:
        return "all rows"
    return f"customer {scope[:SHOWN_OF_A_GUID]}…" if len(scope) > SHOWN_OF_A_GUID + 1 else f"customer {scope}"


def time_left(left: TimeLeft, *, short: bool = False) -> str:
    """`about 12 min left`; `short`: `~12 min`. Coarse enough to be true, and to stand still between two looks."""
    span = _span(left.seconds)
    if short:
        return f"{'≥' if left.at_least else '~'}{span}"
    return f"{'at least' if left.at_least else 'about'} {span} left"


def left_of(pace: Pace | None, *, short: bool = False) -> str:
    """The same of a pace; empty where nothing is to come, or nobody tells."""
    if pace is None or pace.phase is not Phase.SENDING:
        return ""
    if pace.left is None:
        ends = pace.waiting is not None and pace.waiting.cause is Cause.SENDER
        return "" if short or ends else LEFT_NOT_KNOWN
    return time_left(pace.left, short=short)


def _span(seconds: float) -> str:
    if seconds <= _SECONDS_UNTIL:
        return f"{max(_STEP_SECONDS, math.ceil(seconds / _STEP_SECONDS) * _STEP_SECONDS)} s"
    minutes = math.ceil(seconds / _MINUTE)
    if minutes < _HOUR // _MINUTE * 2:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, _HOUR // _MINUTE)
    return f"{hours:,} h {minutes:02} min" if hours < 100 else f"{hours:,} h"  # noqa: PLR2004  minutes of days are noise
