"""Tables that README.md beside this keeps, between `<!-- NAME -->` and `<!-- /NAME -->`: written by commands only."""

import datetime as dt
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

README: Final = Path(__file__).with_name("README.md")


def record(name: str, lines: Sequence[str]) -> None:
    """Put these lines between the markers of that name, with the day and the machine."""
    text = README.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not marked.search(text):
        raise click.ClickException(f"{README} has no place for {name}")
    said = "\n".join([f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {machine()}", "", *lines]).rstrip("\n")
    README.write_text(marked.sub(lambda found: f"{found[1]}\n{said}\n\n{found[2]}", text), encoding="utf-8")


def machine() -> str:
    """What the figures were taken on, in a line."""
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{cores} core{'s' if cores > 1 else ''} of {_processor()}, {system}"


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return found[1] if found else platform.machine()
