"""What pacing did, as events: `pace.throttled`, `pace.learned`, `pace.paused`, `pace.resumed`, each with its scope.

And, as an outage is everybody's, `pace.outage_began` and `pace.outage_ended`.
"""

from typing import assert_never

from batchreset.core.events import EventLog
from batchreset.core.pacing import LimitLearned, OutageBegan, OutageEnded, PaceNote, Paused, Resumed, Throttled


def log_note(log: EventLog, note: PaceNote, *, now_seconds: float) -> None:
    """Write one note down, at a moment of the pacer's clock; events tell how long something lasts, not until when.

    What the service asked for is `info`; keeping within a limit that is known is `debug`.
    """
    match note:
        case Throttled(scope=scope, retry_after_seconds=told):
            log.info("pace.throttled", scope=scope, retry_after_seconds=_rounded(told))
        case LimitLearned():
            log.info(
                "pace.learned",
                scope=note.scope,
                shape=note.shape,
                limit=note.limit,
                window_seconds=_rounded(note.window_seconds),
            )
        case Paused(scope=scope, until_seconds=until, told=told):
            event = log.info if told else log.debug
            event("pace.paused", scope=scope, seconds=_rounded(max(0.0, until - now_seconds)), told=told)
        case Resumed(scope=scope, waited_seconds=waited, told=told):
            event = log.info if told else log.debug
            event("pace.resumed", scope=scope, waited_seconds=_rounded(waited))
        case OutageBegan():
            log.warning("pace.outage_began")
        case OutageEnded(lasted_seconds=lasted):
            log.warning("pace.outage_ended", lasted_seconds=_rounded(lasted))
        case _:
            assert_never(note)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
