"""This program as it is measured: a whole process, with everything on that is on by default."""

import subprocess
import sys
from pathlib import Path
from typing import Final, Protocol

TOKEN: Final = "t" * 1500
"""As long as an App+User token."""
COMMAND: Final = (sys.executable, "-m", "batchreset")
RUN_ID: Final = "measured"
_MAKE_KEY_PAIR: Final = """\
import pathlib, pyrage, sys
key = pyrage.x25519.Identity.generate()
file = pathlib.Path(sys.argv[1])
file.touch(mode=0o600)
file.write_text(f"{key}\\n", encoding="ascii")
print(key.to_public())
"""
_JOB: Final = """\
[partner_center]
base_url = "{base_url}"
ca_file = "{ca_file}"

[input]
max_rows = 100000000

[password]
recipients = ["{recipient}"]

[pace]
max_concurrency = {connections}
remember = false

[safety]
max_duration = "{max_duration}"

[output]
runs_dir = "runs"
report = {report}
"""


class Served(Protocol):
    """A service, and the authority of its certificate."""

    @property
    def base_url(self) -> str: ...

    @property
    def ca_file(self) -> Path: ...


def key_pair(folder: Path) -> tuple[Path, str]:
    """A new secret key's file, and whom to seal to; made elsewhere, that this process stays small."""
    path = folder / "helpdesk.key"
    command = [sys.executable, "-c", _MAKE_KEY_PAIR, str(path)]
    made = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  our own command
    return path, made.stdout.strip()


def environ(folder: Path) -> dict[str, str]:
    """Of every command; whoever runs this has settings of their own, which do not count."""
    return {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "BATCHRESET_AUTH__ACCESS_TOKEN": TOKEN}


def write_job(
    folder: Path,
    service: Served,
    *,
    recipient: str,
    connections: int = 64,
    report: bool = True,
    max_duration: str = "",
) -> Path:
    """The job file."""
    path = folder / "job.toml"
    path.write_text(
        _JOB.format(
            base_url=service.base_url,
            ca_file=service.ca_file,
            recipient=recipient,
            connections=connections,
            report=str(report).lower(),
            max_duration=max_duration,
        ),
        encoding="utf-8",
    )
    return path


def run_command(users: Path, job: Path, *, sampled: Path | None = None) -> list[str]:
    """`batchreset run`, from its folder; where `sampled` is given, under the profiler, which writes there."""
    command = [sys.executable, "-m", "benchmarks.parts.sampled", str(sampled)] if sampled else COMMAND
    return [*command, "run", str(users), "--job", str(job), "--run-id", RUN_ID, "--yes", "--quiet"]
