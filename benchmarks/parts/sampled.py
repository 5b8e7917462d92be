"""`python -m benchmarks.parts.sampled FILE WORD…`: `batchreset WORD…` under a sampling profiler; writes its parts.

Every two milliseconds each thread's processor time since the last sample (its own clock, so that waiting counts
nothing) is put to the part in which it is found: the innermost frame of a file that belongs to one. What is written in
C shows as whoever called it. A deterministic profiler would make a row three times as dear, and most so where many
small functions are called.
"""

import json
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Final

from batchreset.cli.main import main
from benchmarks.parts.rules import OTHER_THREADS, REST, part_of

_APART_SECONDS: Final = 0.002


class Sampler:
    """Takes samples from its start to its end.

    Attributes:
        seconds: of processor time, by part.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._seen: dict[int, float] = {}

    def start(self) -> None:
        """What came before is the interpreter's own start."""
        self._take(None)
        self.seconds.clear()
        self.seconds[REST] = time.process_time()
        signal.signal(signal.SIGALRM, lambda _, frame: self._take(frame))
        signal.setitimer(signal.ITIMER_REAL, _APART_SECONDS, _APART_SECONDS)

    def end(self) -> None:
        """What Python's threads have not used was used by others."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.seconds[OTHER_THREADS] += max(0.0, time.process_time() - sum(self.seconds.values()))

    def _take(self, interrupted: FrameType | None) -> None:
        for thread, frame in sys._current_frames().items():  # noqa: SLF001  there is no other way to ask
            # Its clock is there as long as the thread has a frame: a thread takes its frame away before it ends.
            used = time.clock_gettime(time.pthread_getcpuclockid(thread))
            inner = interrupted if interrupted is not None and frame.f_code is self._take.__code__ else frame
            self.seconds[_part(inner)] += used - self._seen.get(thread, 0.0)
            self._seen[thread] = used


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        part = part_of(frame.f_code.co_filename)
        if part is not None:
            return part
        frame = frame.f_back
    return REST


def _run(to: Path) -> None:
    sampler = Sampler()
    sampler.start()
    try:
        main()
    finally:
        sampler.end()
        to.write_text(json.dumps(sampler.seconds), encoding="utf-8")


if __name__ == "__main__":
    into = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    _run(into)
