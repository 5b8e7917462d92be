"""Calls that may hang, side by side and bounded: what is not back in time is left to itself."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

TOO_LATE: Final = "no answer in time"
_Name = TypeVar("_Name")


def within(seconds: float, calls: Mapping[_Name, Callable[[], str | None]]) -> dict[_Name, str | None]:
    """What each call said, by its name; `TOO_LATE` for those that were not back in time.

    The threads are daemons: a call that hangs does not keep the process from ending. An error of a call is told by its
    type alone. A signal's exception comes through and ends the waiting.
    """
    said: queue.SimpleQueue[tuple[_Name, str | None]] = queue.SimpleQueue()
    for name, call in calls.items():
        threading.Thread(target=_say, args=(said, name, call), daemon=True).start()
    found: dict[_Name, str | None] = dict.fromkeys(calls, TOO_LATE)
    deadline = time.monotonic() + seconds
    for _ in calls:
        try:
            name, answer = said.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[name] = answer
    return found


def _say(said: "queue.SimpleQueue[tuple[_Name, str | None]]", name: _Name, call: Callable[[], str | None]) -> None:
    try:
        answer = call()
    except BaseException as error:  # noqa: BLE001  whatever it is, it ends with this thread, and its text may hold secrets
        answer = type(error).__name__
    said.put((name, answer))
