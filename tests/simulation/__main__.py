"""`python tests/simulation SEED [SEED…] [-v]`: play seeds; `-v` prints their histories. `FROM..TO` is a range."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "support")]

from simulation.playing import play  # noqa: E402


def main(arguments: list[str]) -> int:
    failed = 0
    for word in (word for word in arguments if word != "-v"):
        first, _, last = word.partition("..")
        for seed in range(int(first), int(last or first) + 1):
            played = play(seed)
            failed += bool(played.complaints)
            if "-v" in arguments:
                print(played.scenario, *played.history, sep="\n")  # noqa: T201
            if played.verdict or ".." not in word:
                print(played.verdict or f"seed {seed}: every promise holds ({played.sha256})", flush=True)  # noqa: T201
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
