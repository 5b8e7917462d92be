"""Before anything is sent: whoever sent for a session that was killed must not send any more."""

import math
from collections.abc import Callable

from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.progress import Progress
from batchreset.engine.stopping import RunStoppedError, StopSwitch


async def others_have_ended(
    lease_seconds: float, *, stop: StopSwitch, clock: Clock, progress: Progress, log: EventLog,
    say: Callable[[str], None],
) -> bool:  # fmt: skip
    """Wait until none of them may; False: the run was stopped meanwhile.

    Args:
        lease_seconds: so long they may at most, from now on: when the process was killed for which they sent is not
            known, and no clock of another time is asked. 0: nobody sends.
        stop: the run's.
        clock: the run's.
        progress: shows the wait.
        log: hears of it.
        say: tells whoever is there.
    """
    if not lease_seconds:
        return True
    log.warning("run.awaits_leases", seconds=lease_seconds)
    say(
        "the last session was ended while others were sending for it; waiting"
        f" {math.ceil(lease_seconds)} s until none of them may send any more"
    )
    progress.held(clock.monotonic() + lease_seconds)
    try:
        await stop.sleep(lease_seconds)
    except RunStoppedError:
        return False
    finally:
        progress.held(None)
    return True
