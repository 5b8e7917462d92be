"""`reconcile`: a run beside Partner Center's own records. Sends no reset."""

import datetime as dt
import json
import sys
from pathlib import Path

import click

from batchreset.adapters.run_folder import find_folder
from batchreset.cli.carrying_flags import json_flag
from batchreset.cli.environment import environment
from batchreset.cli.options import Terminal, run_argument, runs_dir_flag, terminal_flags
from batchreset.cli.saying import tell
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.reconcile_text import reconcile_lines
from batchreset.wiring.reconciling import Telling
from batchreset.wiring.reconciling import reconcile as compare


@click.command()
@run_argument
@json_flag
@runs_dir_flag
@terminal_flags
def reconcile(*, run_name: str, as_json: bool, runs_dir: Path, terminal: Terminal) -> int:
    """Compare a run with Partner Center's own audit records, and settle rows in doubt by them; sends no reset.

    Every difference is in reconcile.csv in the run's folder; exit code 3 when there is any. Records are kept for 90
    days, and appear late: a missing one proves nothing, and its row stays in doubt.
    """
    run = read_frozen(find_folder(run_name, runs_dir))
    telling = Telling(
        log_files=terminal.log_files,
        log_level=terminal.log_level,
        stderr=sys.stderr,
        shown=terminal.shown,
        say=terminal.say,
    )
    found = compare(run, telling, environ=environment(), now=dt.datetime.now(dt.UTC))
    tell(json.dumps(found, indent=2) if as_json else "\n".join(reconcile_lines(found)))
    return int(found["exit_code"])
