"""`make bench-speed`: this program and its peers in turn against one service; ratios beside figures.

Rates of a noisy machine differ from minute to minute; ratios of one go, and processor time a row, do so much less.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks import program
from benchmarks.recording import record
from benchmarks.service.beside import cores, serving
from benchmarks.speed.cells import Bench, Cell, Result
from benchmarks.speed.peers.catalogue import BARE, BARE_HTTPTOOLS, CURL, MODULE, PEERS, PROGRAM, STRAIGHT, Peer
from benchmarks.tables import figure, table

_CONNECTIONS: Final = (1, 16, 64, 256)
_DELAYS: Final = (0, 50, 250)
_QUICK_CONNECTIONS: Final = (64,)
_QUICK_DELAYS: Final = (0, 50)
_QUICK_PEERS: Final = (PROGRAM, CURL, BARE_HTTPTOOLS, STRAIGHT)
_ENOUGH: Final = 1_000
_HEAD: Final = (
    "", "whole, rows/s", "sending", "second half", "CPU µs a row", "connections", "at once",
    "batchreset over it: whole", "second half",
)  # fmt: skip


def _lines(cell: Cell, results: Sequence[Result]) -> Iterator[str]:
    bound = f", at most {cell.bound:,.0f} rows/s" if cell.bound else ""
    yield f"{cell.connections} connection{'s' if cell.connections > 1 else ''}, {cell.delay_milliseconds} ms{bound}:"
    yield ""
    ours = next((one for one in results if one.peer.name == PROGRAM), None)
    yield from table(_HEAD, (_row(one, ours, delayed=bool(cell.delay_milliseconds)) for one in results))
    yield ""
    if costs := [one.report.cpu_micros for one in results if one.report.resets >= _ENOUGH]:
        yield f"The service itself: {min(costs):.0f} µs a request, so at most {1e6 / min(costs):,.0f} a second."
        yield ""


def _row(one: Result, ours: Result | None, *, delayed: bool) -> list[str]:
    beside = ["", ""]
    if ours is not None and one is not ours:
        later = ours.report.later_rate / one.report.later_rate if one.report.later_rate else None
        beside = [figure(ours.whole_rate / one.whole_rate, 2) if one.whole_rate else "–", figure(later, 2)]
    return [
        one.peer.name + (" (stopped)" if one.process.stopped else ""),
        figure(one.whole_rate),
        figure(one.report.rate),
        figure(one.report.later_rate),
        figure(one.cpu_micros),
        figure(one.report.connections),
        figure(one.report.most_under_way if delayed else None),
        *beside,
    ]


def _verdicts(found: dict[Cell, list[Result]]) -> Iterator[list[str]]:
    for cell, results in found.items():
        by_name = {one.peer.name: one for one in results}
        ours = by_name.get(PROGRAM)
        if ours is None:
            continue
        where = f"{cell.connections} connections, {cell.delay_milliseconds} ms"
        rate = {(64, 50): 1_000, (256, 50): 2_000}.get((cell.connections, cell.delay_milliseconds))
        if rate:
            yield _verdict(f"{where}: rows a second, sending", ours.report.rate, rate)
            yield _verdict(f"{where}: rows a second, second half", ours.report.later_rate, rate)
        if ours.cpu_micros is not None and cell.connections >= 16:
            yield _verdict(f"{where}: CPU µs a row, in all", ours.cpu_micros, 450, at_most=True)
        if cell.connections >= 16:
            yield from _beside_bare(where, ours.report.later_rate, by_name)
        if cell == Cell(64, 0) and CURL in by_name:
            yield _verdict(f"{where}: of curl -Z, whole processes", ours.whole_rate / by_name[CURL].whole_rate, 0.5)
        if cell.connections == 64 and STRAIGHT in by_name and by_name[STRAIGHT].whole_rate:
            yield _verdict(f"{where}: times the straight script", ours.whole_rate / by_name[STRAIGHT].whole_rate, 12)


def _beside_bare(where: str, rate: float, by_name: Mapping[str, Result]) -> Iterator[list[str]]:
    """The fastest of them decides; the others are shown."""
    rates = {name: by_name[name].report.later_rate for name in BARE if name in by_name}
    fastest = max(rates, key=rates.__getitem__, default=None)
    for name, bare in rates.items():
        what = f"{where}: of the bare loop's rate, second half: {name}"
        if name == fastest:
            yield _verdict(f"{what}, the fastest", rate / bare, 0.75)
        else:
            yield [what, figure(rate / bare, 2), "", ""]


def _verdict(what: str, found: float, target: float, *, at_most: bool = False) -> list[str]:
    digits = 2 if target < 10 else 0
    met = found <= target if at_most else found >= target
    bound = f"{'at most' if at_most else 'at least'} {figure(target, digits)}"
    return [what, figure(found, digits), bound, "yes" if met else "NO"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="64 connections, without and with 50 ms: about a minute")
    parser.add_argument("--connections", type=int, action="append", help="only so many; may be repeated")
    parser.add_argument("--delay", type=int, action="append", help="only so many milliseconds of service time")
    parser.add_argument("--peer", action="append", help="only these, by their names in the tables")
    parser.add_argument("--seconds", type=float, default=2.0, help="about so long for each cell of a peer: %(default)s")
    parser.add_argument("--times", type=int, default=1, help="each so often, in turn; the fastest counts: %(default)s")
    parser.add_argument("--record", action="store_true", help="write the tables into README.md, too")
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured too")
    asked = parser.parse_args()
    cells = [
        Cell(at_once, wait)
        for wait in asked.delay or (_QUICK_DELAYS if asked.quick else _DELAYS)
        for at_once in asked.connections or (_QUICK_CONNECTIONS if asked.quick else _CONNECTIONS)
    ]
    names = asked.peer or (_QUICK_PEERS if asked.quick else [peer.name for peer in PEERS])
    peers = list(_present([peer for peer in PEERS if peer.name in names]))
    found: dict[Cell, list[Result]] = {}
    service_cores, our_cores = cores()
    click.echo(f"Service on core {service_cores}, clients on {our_cores}.\n")
    with tempfile.TemporaryDirectory(dir=asked.folder) as inside, serving(Path(inside)) as service:
        bench = Bench(
            service,
            Path(inside),
            seconds=asked.seconds / 2 if asked.quick else asked.seconds,
            recipient=program.key_pair(Path(inside))[1],
            tell=lambda what: click.echo(what, err=True),
        )
        for cell in cells:
            found[cell] = bench.cell(cell, [peer for peer in peers if _takes_part(peer, cell)], times=asked.times)
            for line in _lines(cell, found[cell]):
                click.echo(line)
    verdicts = list(table(("", "found", "wanted", "met"), _verdicts(found)))
    for line in verdicts:
        click.echo(line)
    if asked.record:
        record("speed", [*verdicts, "", *(line for cell, results in found.items() for line in _lines(cell, results))])


def _present(peers: Sequence[Peer]) -> Iterator[Peer]:
    for peer in peers:
        if missing := peer.missing():
            click.echo(f"{peer.name}: left out, not installed: {', '.join(missing)}")
        else:
            yield peer


def _takes_part(peer: Peer, cell: Cell) -> bool:
    if peer.name == MODULE:
        return cell.connections == 1
    return peer.name != "batchreset --no-report" or (cell.connections == 64 and cell.delay_milliseconds < 250)


if __name__ == "__main__":
    main()
