"""The picture of a run that another process carries out: once, or kept up until nobody does. The run never notices."""

import datetime as dt
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from batchreset.adapters.display import LINE_EVERY_SECONDS, Line, Piece, Screen, inked, picture, said, sender_table
from batchreset.cli.options import can_draw
from batchreset.cli.saying import somebody_reads, tell, tell_lines
from batchreset.cli.wrapping import shown
from batchreset.core.figures import Figures
from batchreset.errors import ExitCode
from batchreset.wiring.status import Look, Looking, status_lines

LOOK_EVERY_SECONDS: Final = 1.0
LOOKING_MOST_SHARE: Final = 0.1
"""Of the time: a ledger of a million rows takes a while to count."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What looking has of its machine: the wall's clock, one that never runs backwards, and how to wait."""

    now: Callable[[], dt.datetime] = _utc_now
    now_seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


_HERE: Final = Around()


def look_at(looking: Looking, around: Around = _HERE) -> Look:
    """Raises BatchresetError: the ledger cannot be read."""
    return looking.look(now=around.now(), now_seconds=around.now_seconds())


def tell_look(look: Look, *, color: bool) -> None:
    """Once, for a person: as wide as standard output is."""
    if look.figures is None:
        tell_lines(status_lines(look.status))
        return
    screen, color = Screen(sys.stdout, color=color), color and can_draw(sys.stdout)
    pace = look.figures.pace
    figures = replace(look.figures, pace=pace and replace(pace, senders=()))
    for line in _lines(look, figures, screen):
        tell(inked(line, color=color).rstrip())
    tell_lines(sender_table(pace) if pace else ())


def watch(looking: Looking, *, color: bool, as_json: bool, around: Around = _HERE) -> ExitCode:
    """Until the run ends; then tell what it has come to. Off a terminal: a line from time to time.

    130 when whoever watches has seen enough (Ctrl-C), else 0: also when whoever reads has gone (`| head`).

    Raises:
        BatchresetError: the ledger cannot be read.
    """
    screen = Screen(sys.stdout, color=color)
    try:
        with screen.kept_up():
            look = _until_it_ends(looking, screen, as_json=as_json, around=around)
    except KeyboardInterrupt:
        screen.rest()
        return ExitCode.INTERRUPTED
    screen.clear()
    if look is None:
        return ExitCode.OK
    if as_json:
        tell(json.dumps(look.status))
    else:
        tell_lines(status_lines(look.status))
    return ExitCode.OK


def _until_it_ends(looking: Looking, screen: Screen, *, as_json: bool, around: Around) -> Look | None:
    """The last look; None: whoever reads has gone."""
    draws = can_draw(sys.stdout) and not as_json
    told_seconds = -math.inf
    while True:
        began_seconds = around.now_seconds()
        look = look_at(looking, around)
        if look.figures is None:
            return look
        if draws:
            screen.draw(_lines(look, look.figures, screen))
        elif began_seconds - told_seconds >= LINE_EVERY_SECONDS:
            told_seconds = began_seconds
            line = json.dumps(look.status) if as_json else shown(f"{look.status['run_id']}: {said(look.figures)}")
            if not somebody_reads(line):
                return None
        took_seconds = around.now_seconds() - began_seconds
        around.sleep(max(LOOK_EVERY_SECONDS, took_seconds / LOOKING_MOST_SHARE))


def _lines(look: Look, figures: Figures, screen: Screen) -> list[Line]:
    columns, _ = screen.size
    return [
        *((Piece(shown(line)[:columns]),) for line in status_lines(look.status)),
        *picture(figures, columns=columns, ascii_only=screen.ascii_only),
    ]
