"""Workers that are there and cannot send: why, when each is asked again, and how a run ends that has no other."""

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Final

from batchreset.core.events import EventLog
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.engine.pool.hiring import Refusal
from batchreset.errors import ClusterError, RunHeldError

NOBODY_SECONDS: Final = 60.0
"""Without a single sender for so long, a run ends."""
AGAIN_SECONDS: Final = 5.0
"""A worker on which no sender could be made is asked again after this."""
_NOBODY_COULD: Final = f"there was no worker in the cluster that could send, for {NOBODY_SECONDS:.0f} s"


class Refusals:
    """Of one session's workers."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._why: dict[str, str] = {}
        self._not_before: dict[str, float] = {}
        self._last: ClusterError | None = None

    def __contains__(self, address: str) -> bool:
        return address in self._why

    def note(self, address: str, refusal: Refusal, *, now_seconds: float) -> None:
        """One more. The log hears each reason of each worker once."""
        if self._why.get(address) != refusal.why:
            self._log.warning("sender.refused", sender=address, why=refusal.why)
        self._why[address] = refusal.why
        self._not_before[address] = now_seconds + AGAIN_SECONDS
        what = f"{_NOBODY_COULD}; the last word was: {address}: {refusal.why}"
        self._last = ClusterError(what, next_step=refusal.next_step)

    def sends(self, address: str) -> None:
        """It could, this time."""
        self._why.pop(address, None)
        self._last = None

    def keep(self, there: Container[str]) -> None:
        """Of those that are there."""
        self._why = {address: why for address, why in self._why.items() if address in there}
        self._not_before = {address: at for address, at in self._not_before.items() if address in there}

    def may_be_asked(self, address: str, *, now_seconds: float) -> bool:
        """Whether it was not asked lately."""
        return self._not_before.get(address, now_seconds) <= now_seconds

    def figures(self, gone: Mapping[str, SenderFigures]) -> list[SenderFigures]:
        """`gone`: of those that have sent before."""
        return [
            replace(gone.get(address) or _never_here(address), state=SenderState.REFUSED, why=why)
            for address, why in self._why.items()
        ]

    def nobody_sends(self, workers: Mapping[str, bool]) -> ClusterError:
        """The end of a run whose workers, if there are any, cannot send."""
        if self._last is not None:
            return self._last
        if workers:
            return ClusterError(_NOBODY_COULD, next_step="see in the logs of the workers why")
        return ClusterError(
            f"the cluster had no worker, for {NOBODY_SECONDS:.0f} s",
            next_step="start workers and see that they reach this scheduler",
        )


def scheduler_gone() -> ClusterError:
    """Nobody is left to ask who is there."""
    return ClusterError(
        "the scheduler of the cluster is gone, or has said nothing for too long",
        next_step="see in the scheduler's own log why, and start it again",
    )


def held(address: str) -> RunHeldError:
    """Whichever of the two goes on, its passwords and the other's would be taken for each other."""
    return RunHeldError(
        f"a copy of this run's folder is carried out, or was: {_where(address)} sends for it, or has",
        next_step="keep the one whose passwords are in force (`reconcile` tells by the service's own records) and do"
        " away with the other",
    )


def _never_here(address: str) -> SenderFigures:
    return SenderFigures(name=_where(address), host="", state=SenderState.REFUSED)


def _where(address: str) -> str:
    return address.rpartition("://")[2]
