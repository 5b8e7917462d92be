"""`python -m benchmarks.pacing`: a table of regimes, makespan over the oracle's and 429s per 1000 successes."""

import argparse
import sys

from benchmarks.pacing.cpu import cpu_lines
from benchmarks.pacing.decisions import RECORD, record
from benchmarks.pacing.measure import line
from benchmarks.pacing.regimes import FURTHER, TEN
from benchmarks.pacing.small import SMALL

HEAD = "regime        about                                    worst (seed)   mean    429/1000 mean  worst   oracle s"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pacing", description=__doc__)
    parser.add_argument("regimes", nargs="*", help="names; none: R1 to R10, and the further ones with --all")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--milder", action="store_true", help="no way to the limiter, windows begin with a request")
    parser.add_argument("--all", action="store_true", help="the further regimes too")
    parser.add_argument("--cpu", action="store_true", help="only the processor time a row")
    parser.add_argument("--record", action="store_true", help="only record what is decided in small regimes, anew")
    asked = parser.parse_args()
    if asked.record:
        sys.stdout.writelines(f"{text}\n" for text in record(SMALL, RECORD))
        return
    if asked.cpu:
        sys.stdout.writelines(f"{text}\n" for text in cpu_lines())
        return
    chosen = [
        regime
        for regime in (*TEN, *FURTHER)
        if regime.name in asked.regimes or (not asked.regimes and (asked.all or regime in TEN))
    ]
    sys.stdout.write(f"{asked.rows} rows, {asked.seeds} seeds{', milder' if asked.milder else ''}\n{HEAD}\n")
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    for regime in chosen:
        found = line(regime, asked.rows, seeds, milder=asked.milder)
        sys.stdout.write(
            f"{regime.name:13} {regime.about:40} {found.worst:6.3f} ({found.worst_seed:4}) {found.mean:7.3f}"
            f" {found.refused_mean:13.1f} {found.refused_worst:7.1f} {found.oracle_seconds:9.0f}\n"
        )
        sys.stdout.flush()
    if not asked.regimes:
        sys.stdout.writelines(f"{text}\n" for text in cpu_lines())


if __name__ == "__main__":
    main()
