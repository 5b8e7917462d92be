"""One process from its start to its end: how long, how much processor time, how large.

`python -m benchmarks.measuring JSON` is the small process that `measured_apart` puts in between.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

_REPOSITORY: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A process.

    Attributes:
        began_at: on the monotonic clock, which processes share.
        seconds: elapsed.
        cpu_seconds: its own and the system's for it.
        mebibytes: its largest resident size.
        code: exit code; negative: the signal.
        stopped: it was told to end as its time was over.
    """

    began_at: float
    seconds: float
    cpu_seconds: float
    mebibytes: float
    code: int
    stopped: bool


def measured(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    most_seconds: float | None = None,
    codes: Sequence[int] = (0,),
) -> Measured:
    """Run it to its end, or until its time is over.

    A child's largest size is never less than its parent's was when it began: whoever calls this stays small.

    Raises:
        ClickException: it ended by itself, and not with one of these codes.
    """
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  our own commands
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(os.environ) | dict(environ or {}),
        cwd=folder,
    )
    said, status, usage, stopped = _ended(process, most_seconds)
    seconds = time.monotonic() - began
    process.returncode = code = os.waitstatus_to_exitcode(status)
    if code not in codes and not stopped:
        raise click.ClickException(f"{' '.join(command[:6])} … ended with {code}: {said.decode()[-2000:]}")
    return Measured(
        began_at=began,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        mebibytes=usage.ru_maxrss / 1024,
        code=code,
        stopped=stopped,
    )


def measured_apart(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    codes: Sequence[int] = (0,),
) -> Measured:
    """`measured` for whoever is large: a small process calls it. `environ` is the whole of it but for PYTHONPATH.

    Raises:
        ClickException: as `measured`.
    """
    asked = json.dumps({"command": list(command), "folder": folder and str(folder), "codes": list(codes)})
    small = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", "benchmarks.measuring", asked],
        env=dict(os.environ if environ is None else environ) | {"PYTHONPATH": str(_REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    if small.returncode:
        raise click.ClickException(small.stderr)
    return Measured(**json.loads(small.stdout))


def _ended(
    process: subprocess.Popen[bytes], most_seconds: float | None
) -> tuple[bytes, int, resource.struct_rusage, bool]:
    """What it said of errors, how it ended, what it used, and whether it had to be stopped."""
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        os.kill(process.pid, signal.SIGKILL)  # it is waited for below, so that the id is still its own

    timer = threading.Timer(most_seconds, stop) if most_seconds else None
    if timer:
        timer.start()
    assert process.stderr is not None  # noqa: S101  a pipe
    with process.stderr as pipe:
        said = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    if timer:
        timer.cancel()
    return said, status, usage, stopped.is_set()


def main() -> None:
    asked = json.loads(sys.argv[1])
    try:
        found = measured(asked["command"], folder=asked["folder"] and Path(asked["folder"]), codes=asked["codes"])
    except click.ClickException as error:
        raise SystemExit(error.message) from error
    click.echo(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
