"""`make bench-start`: `--version` and `--help` beside an interpreter that does nothing; the best of some runs each.

In turn, so that a slow minute hits all; beside elapsed time the processor time, which a busy machine disturbs least.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks import program
from benchmarks.measuring import Measured, measured
from benchmarks.recording import record
from benchmarks.tables import figure, table

_NOTHING: Final = "python -c pass"
_MODULES: Final = (
    "import atexit, json, sys; from batchreset.cli.main import main; sys.argv[1:] = json.loads(sys.argv[1])\n"
    "atexit.register(lambda: print(len(sys.modules), file=sys.stderr))\n"
    "main()\n"
)
_CASES: Final[dict[str, tuple[Sequence[str], float | None]]] = {
    "--version": (["--version"], 80.0),
    "--help": (["--help"], 150.0),
    "run --help": (["run", "--help"], None),
    "status": (["status"], None),
    "status --json": (["status", "--json"], None),
}
"""Words, and at most so many milliseconds."""


def _measured(times: int, folder: Path) -> dict[str, list[Measured]]:
    commands = {_NOTHING: [sys.executable, "-c", "pass"]}
    commands |= {name: [*program.COMMAND, *words] for name, (words, _) in _CASES.items()}
    found: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            found[name].append(measured(command, environ=program.environ(folder), folder=folder, codes=(0, 2)))
    return found


def _modules(words: Sequence[str]) -> int:
    command = [sys.executable, "-c", _MODULES, json.dumps(list(words))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    return int(ended.stderr.splitlines()[-1])


def _lines(found: dict[str, list[Measured]]) -> Iterator[str]:
    nothing = min(one.seconds for one in found[_NOTHING])
    rows = []
    for name, every in found.items():
        best = min(one.seconds for one in every)
        words, most = _CASES.get(name, ([], None))
        met = "" if most is None else "yes" if 1000 * best <= most else "NO"
        rows.append(
            [
                name,
                figure(1000 * best),
                figure(1000 * min(one.cpu_seconds for one in every)),
                figure(best / nothing, 1),
                "" if name == _NOTHING else figure(_modules(words)),
                "" if most is None else figure(most),
                met,
            ]
        )
    yield from table(("", "ms", "CPU ms", "over doing nothing", "modules", "at most, ms", "met"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="the best of so many: %(default)s")
    parser.add_argument("--quick", action="store_true", help="the best of 3")
    parser.add_argument("--record", action="store_true", help="write the table into README.md, too")
    asked = parser.parse_args()
    lines = list(_lines(_measured(3 if asked.quick else asked.times, Path.cwd())))
    for line in lines:
        click.echo(line)
    if asked.record:
        record("start", lines)


if __name__ == "__main__":
    main()
