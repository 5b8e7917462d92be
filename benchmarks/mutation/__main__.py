"""`python -m benchmarks.mutation`: small wrong changes to the core, and how many of them its tests notice.

A run that is ended early (Ctrl-C, SIGTERM) shows what it has; of a sample that is a fair one, only smaller.
"""

import argparse
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Sequence

from benchmarks.mutation.judging import CORE, Judge, collect
from benchmarks.mutation.mutants import ROOT, Mutant, mutants

KILLED, SURVIVED, TIMED_OUT, UNTESTED = "killed", "survived", "timed out", "no test"


class _Tally(Judge):
    """Judges these, some at a time, and counts."""

    def __init__(self, chosen: Sequence[Mutant], *, workers: int) -> None:
        super().__init__(sorted({mutant.path for mutant in chosen}))
        self.results: list[tuple[Mutant, str]] = []
        self._chosen_mutants = chosen
        self._workers = workers
        self._under_way: dict[int, Mutant] = {}

    def judge_all(self) -> None:
        try:
            for mutant in self._chosen_mutants:
                while len(self._under_way) >= self._workers:
                    self._wait()
                pid = self.begin(mutant)
                if pid is None:
                    self._ended(mutant, UNTESTED)
                else:
                    self._under_way[pid] = mutant
            while self._under_way:
                self._wait()
        except KeyboardInterrupt:
            for pid in self._under_way:
                os.kill(pid, signal.SIGKILL)

    def _wait(self) -> None:
        pid, status = os.wait()
        if os.WIFSIGNALED(status):
            in_time = os.WTERMSIG(status) not in (signal.SIGXCPU, signal.SIGKILL)
            result = KILLED if in_time else TIMED_OUT
        else:
            result = KILLED if os.WEXITSTATUS(status) else SURVIVED
        self._ended(self._under_way.pop(pid), result)

    def _ended(self, mutant: Mutant, result: str) -> None:
        self.results.append((mutant, result))
        done = len(self.results)
        if result in (SURVIVED, UNTESTED) or done % 50 == 0:
            sys.stderr.write(f"{done}/{len(self._chosen_mutants)} {result}: {mutant}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("--module", action="append", default=[], help="below batchreset/core: retry, pacing/limits, …")
    parser.add_argument("--without", action="append", default=[], help="modules or folders that are left out")
    parser.add_argument("--sample", type=int, default=0, help="this many, by chance and in no order; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    paths = [
        path
        for path in sorted(CORE.rglob("*.py"))
        if (name := path.relative_to(CORE).with_suffix("").as_posix())
        and (not asked.module or any(f"{name}/".startswith(f"{only}/") for only in asked.module))
        and not any(f"{name}/".startswith(f"{out}/") for out in asked.without)
    ]
    chosen = [mutant for path in paths for mutant in mutants(path)]
    if 0 < asked.sample < len(chosen):
        chosen = random.Random(asked.seed).sample(chosen, asked.sample)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tally = _Tally(chosen, workers=asked.workers)
    collect(tally)
    _show(tally.results)


def _show(results: Sequence[tuple[Mutant, str]]) -> None:
    by_module: dict[str, Counter[str]] = {}
    for mutant, result in results:
        by_module.setdefault(str(mutant.path.relative_to(ROOT)), Counter())[result] += 1
    by_module = dict(sorted(by_module.items()))
    by_module["all"] = sum(by_module.values(), Counter())
    sys.stdout.write(f"{'module':52} mutants  killed  timed out  survived  no test  noticed\n")
    for module, counts in by_module.items():
        noticed = (counts[KILLED] + counts[TIMED_OUT]) / counts.total()
        sys.stdout.write(
            f"{module:52} {counts.total():7} {counts[KILLED]:7} {counts[TIMED_OUT]:10} {counts[SURVIVED]:9}"
            f" {counts[UNTESTED]:8} {noticed:8.1%}\n"
        )
    left = [(mutant, result) for mutant, result in results if result in (SURVIVED, UNTESTED)]
    for mutant, result in sorted(left, key=lambda pair: (str(pair[0].path), pair[0].lines.start)):
        sys.stdout.write(f"{result}: {mutant}\n")


if __name__ == "__main__":
    main()
