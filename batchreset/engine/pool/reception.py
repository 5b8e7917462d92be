"""Where a worker is asked: who may send in its process, and what is answered to whom."""

import collections
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Final

from batchreset.engine.pool.messages import PROTOCOL, Greeted, Welcome, greeted_of, greeting_bytes
from batchreset.engine.pool.ports import Ask, Channel, Greeting
from batchreset.engine.pool.sender import Sender, Surroundings

COPIED: Final = "another coordinator of the same run is here, or was; has its folder been copied, or brought back?"
RUNS_KEPT: Final = 1_000
"""Of so many runs a process knows which session was the newest."""


@dataclass(slots=True)
class _Newest:
    """Session of a run."""

    session: int
    mark: str
    senders: "weakref.WeakSet[Sender]" = field(default_factory=weakref.WeakSet)


class Desk:
    """Who sends for which run in this process: of each run only the newest session's, one for each worker in it."""

    def __init__(self) -> None:
        self._newest: collections.OrderedDict[str, _Newest] = collections.OrderedDict()

    def refuses(self, greeted: Greeted, sender: Sender) -> str:
        """Why it may not send; empty: it may, and those of earlier sessions of the run send nothing any more."""
        newest = self._newest.setdefault(greeted.run_id, _Newest(greeted.session, greeted.mark))
        if greeted.mark != newest.mark:
            # For good: whoever carries the run on knows of the session that was here.
            if greeted.session <= newest.session or newest.mark not in greeted.before:
                return COPIED
            for earlier in tuple(newest.senders):
                earlier.close()
            newest = self._newest[greeted.run_id] = _Newest(greeted.session, greeted.mark)
        newest.senders.add(sender)
        self._newest.move_to_end(greeted.run_id)
        while len(self._newest) > RUNS_KEPT:
            self._newest.popitem(last=False)
        return ""


@dataclass(slots=True)
class Reception:
    """What a worker answers. A second greeting begins anew: whatever was held is not sent any more.

    Args:
        spawn: lets something go on beside what is asked.
    """

    place: Surroundings
    desk: Desk
    new_greeting: Callable[[], Greeting]
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    _sender: Sender | None = field(default=None, init=False)

    @property
    def busy(self) -> bool:
        """Whether there is something to finish: to send, or to tell."""
        return self._sender is not None and self._sender.busy

    async def answer(self, ask: Ask, message: bytes) -> bytes:
        """Empty: nobody is there who could understand it."""
        try:
            if ask is Ask.HELLO:
                return greeting_bytes(self._welcome(greeted_of(message)))
            return await self._answered(ask, message)
        except Exception:  # noqa: BLE001  whoever carries an error carries what it says, unsealed
            return b""

    async def _answered(self, ask: Ask, message: bytes) -> bytes:
        sender = self._sender
        channel = sender.channel if sender else None
        if sender is None or channel is None:
            return b""
        opened = channel.open(message)
        answer = None if opened is None else await sender.answer(ask, opened)
        if sender.closed and self._sender is sender:
            self._sender = None
        return b"" if answer is None else channel.seal(answer)

    def _welcome(self, greeted: Greeted | None) -> Welcome:
        place = self.place
        welcome = Welcome(version=place.version, host=place.host)
        if greeted is None or greeted.protocol != PROTOCOL or greeted.version != place.version:
            theirs = greeted.version if greeted else "another"
            return replace(welcome, refused=f"it has batchreset {place.version}, and the coordinator {theirs}")
        if place.draining():
            return replace(welcome, refused="it is about to end")
        half = self.new_greeting()
        channel: Channel | None = half.agreed(greeted.public, coordinator=False)
        if channel is None:
            return replace(welcome, refused="the coordinator's greeting was damaged")
        sender = Sender(place, channel)
        if refused := self.desk.refuses(greeted, sender):
            return replace(welcome, refused=refused, held=refused == COPIED)
        if self._sender is not None:
            self._sender.close()
        self._sender = sender
        self.spawn(sender.serve())
        return replace(welcome, public=half.public, now_seconds=place.now_seconds())
