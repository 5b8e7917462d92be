"""A process that stood still past a moment does nothing any more: the system ends it before it goes on.

Between looking at a clock and acting on it a process can be stopped, for as long as somebody likes. What is looked at
after that is too late; the kernel is there before.
"""

import asyncio
import signal


class LastMoment:
    """Until the event loop's next turn: what was decided now and is done without waiting is done before it, or never.

    The timer goes on while a process is stopped, and a signal that is pending comes before the first instruction of a
    process that is continued: SIGALRM's default is its end (setitimer(2), signal(7)). The timer stands still with a
    machine that sleeps, and there is none on Windows; where somebody else handles SIGALRM, nothing is done.
    """

    def __init__(self) -> None:
        alarm = getattr(signal, "SIGALRM", None)
        self._usable = alarm is not None and signal.getsignal(alarm) is signal.SIG_DFL
        self._set = False

    def __call__(self, seconds: float) -> None:
        """This process ends in so many, unless its event loop has gone on by then. More than 0."""
        if not self._usable:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        if not self._set:
            self._set = True
            asyncio.get_running_loop().call_soon(self._gone_on)

    def _gone_on(self) -> None:
        self._set = False
        signal.setitimer(signal.ITIMER_REAL, 0.0)
