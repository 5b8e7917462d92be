"""`make bench`: start, speed, parts and size, one after the other; each prints its tables, and keeps them if told."""

import argparse
import subprocess
import sys
import time
from typing import Final

import click

from benchmarks.recording import machine

_MILLION: Final = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute: few cells of speed, and no large runs")
    parser.add_argument(
        "--large", action="store_true", help="runs of 5 million rows, too, not of 1 million at the most"
    )
    parser.add_argument("--record", action="store_true", help="write all tables into README.md, too")
    asked = parser.parse_args()
    record, quick = (["--record"] if asked.record else []), (["--quick"] if asked.quick else [])
    rows = [] if asked.large else ["--rows", str(_MILLION)]
    click.echo(f"{machine()}\n")
    failed = []
    for name in ("start", "speed", "parts", *(() if asked.quick else ("size",))):
        click.echo(f"## {name}\n")
        began = time.monotonic()
        command = [sys.executable, "-m", f"benchmarks.{name}", *record, *(rows if name == "size" else quick)]
        failed += [name] if subprocess.run(command, check=False).returncode else []  # noqa: S603  our own command
        click.echo(f"\n({name} took {time.monotonic() - began:.0f} s)\n")
    if failed:
        raise SystemExit(f"not measured to its end: {', '.join(failed)}")


if __name__ == "__main__":
    main()
