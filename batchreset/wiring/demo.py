"""The demonstration: a whole run, by the program's own commands, against the simulator. Nothing to configure."""

import contextlib
import csv
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.adapters.reader import load
from batchreset.adapters.sealing import new_key_pair
from batchreset.core.columns import USER
from batchreset.durable import PRIVATE_FOLDER_MODE, write_text
from batchreset.errors import BatchresetError, ExitCode, InputError, RunFolderError
from batchreset.simulator.options import SimulatorOptions

SAMPLE: Final = Path("sample_inputs") / "incident.csv"
MISSING_EVERY: Final = 100
"""One row in so many names a user that the simulator does not know, so that a failed row is seen too."""
SHOWN_USERS: Final = 3

TOKEN_REQUESTS: Final = 100
"""After so many requests an access token dies, so that renewing it in mid-run is seen too."""

_SIMULATOR: Final = (
    "--only-issued-tokens",
    f"--token-requests={TOKEN_REQUESTS}",
    "--latency-seconds=0.05",
    "--error-share=0.02",
    "--applied-error-share=0.01",
    "--lost-applied-share=0.01",
    "--weak-share=0.01",
    "--partner-limit=150",
    "--partner-window-seconds=5",
)

Say = Callable[[str], None]


def samples_folder() -> Path:
    """Where sample_inputs/ and jobs/ lie: in a checkout or in an installed package. Raises InputError."""
    package = Path(__file__).resolve().parents[1]
    for folder in (Path.cwd(), package.parent, package):
        if (folder / SAMPLE).is_file():
            return folder
    raise InputError(f"the sample {SAMPLE} is not there", next_step="run the demo in a checkout of batchreset")


def sample_input() -> Path:
    """The sample of the demonstration. Raises InputError."""
    return samples_folder() / SAMPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One demonstration.

    Attributes:
        folder: everything it writes lies below it; made anew.
        input: the accounts.
        cluster: the worker processes that send, `local:2`; empty: the run's own process.
        say: where its text goes, a line a call.
    """

    folder: Path
    input: Path
    cluster: str
    say: Say

    def play(self) -> int:
        """Show the main job from plan to hand-over, and prove it; 0 when everything held.

        Raises:
            RunFolderError: the folder cannot be made.
            BatchresetError: a step did not do what it must.
        """
        try:
            self.folder.mkdir(parents=True, mode=PRIVATE_FOLDER_MODE)
            secret, public = new_key_pair()
            key = self.folder / "helpdesk.key"
            write_text(key, secret)
        except OSError as error:
            raise RunFolderError(
                f"the demo's folder {self.folder} cannot be made ({error.strerror})",
                next_step="choose another with --folder",
            ) from error
        with self._simulator() as simulator:
            self._step(
                1,
                f"Partner Center and its sign-in service are simulated on {simulator['base_url']}, with throttling and"
                " faults",
            )
            self._step(2, f"the helpdesk has a key pair; its secret key is {key}")
            code = self._run(simulator, public)
        run = self.folder / "runs" / "demo"
        handed_over = self._hand_over(run, key)
        self._step(4, f"the helpdesk opens the hand-over with its key; {SHOWN_USERS} of {len(handed_over)} lines:")
        self.say(f"   {'user-id':<38}{'password':<22}certainty")
        for line in handed_over[:SHOWN_USERS]:
            self.say(f"   {line['user-id']:<38}{line['password']:<22}{line['certainty']}")
        self._prove(handed_over)
        self._look_around(run, key)
        return ExitCode.OK if code in {ExitCode.OK, ExitCode.ROWS_FAILED} else code

    def _run(self, simulator: dict[str, Any], public: str) -> int:
        self._step(3, "the job, as you would type it:")
        arguments = ["run", str(self.input), "--recipient", public, "--run-id", "demo", "--yes"]
        arguments += ["--cluster", self.cluster] if self.cluster else []
        self.say(f"   $ batchreset {' '.join(arguments)}")
        self.say("")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.upper().startswith("BATCHRESET_")},
            "BATCHRESET_PARTNER_CENTER__BASE_URL": simulator["base_url"],
            "BATCHRESET_PARTNER_CENTER__CA_FILE": simulator["ca_file"],
            "BATCHRESET_OUTPUT__RUNS_DIR": str(self.folder / "runs"),
            "BATCHRESET_AUTH__KIND": "refresh_token",
            "BATCHRESET_AUTH__AUTHORITY": simulator["authority"],
            "BATCHRESET_AUTH__TENANT_ID": simulator["tenant_id"],
            "BATCHRESET_AUTH__CLIENT_ID": simulator["client_id"],
            "BATCHRESET_AUTH__CLIENT_SECRET": SimulatorOptions().client_secret,
            "BATCHRESET_AUTH__REFRESH_TOKEN": SimulatorOptions().refresh_token,
            "BATCHRESET_AUTH__CACHE_DIR": str(self.folder / "sign-in"),
            "NO_PROXY": "127.0.0.1",
        }
        code = subprocess.run(_command(*arguments), env=environment, check=False).returncode  # noqa: S603  ourselves
        log = self.folder / "runs" / "demo" / "log.ndjson"
        if log.is_file():
            events = [json.loads(line)["event"] for line in log.read_text(encoding="utf-8").splitlines()]
            tokens = events.count("auth.token")
            self.say("")
            self.say(f"   it signed in {tokens} times: here a token dies after {TOKEN_REQUESTS} requests")
        return code

    def _hand_over(self, run: Path, key: Path) -> list[dict[str, str]]:
        opened = subprocess.run(  # noqa: S603  ourselves
            _command("handover", str(run), "--identity", str(key)), stdout=subprocess.PIPE, text=True, check=False
        )
        if opened.returncode:
            raise BatchresetError("the hand-over could not be opened", next_step="read the message above")
        return list(csv.DictReader(opened.stdout.splitlines()))

    def _prove(self, handed_over: list[dict[str, str]]) -> None:
        """The simulator noted the SHA-256 of each password it took; the last of each user is in force."""
        in_force: dict[str, str] = {}
        for line in self._applied_log.read_text(encoding="utf-8").splitlines():
            applied = json.loads(line)
            in_force[applied["user"]] = applied["sha256"]
        opened = {line["user-id"]: hashlib.sha256(line["password"].encode()).hexdigest() for line in handed_over}
        if in_force != opened:
            raise BatchresetError(
                "the passwords handed over are not those in force",
                next_step="report this: it is the one thing that must never happen",
            )
        self.say("")
        self.say(f"   proof: all {len(in_force)} passwords in force there are those of the hand-over.")

    def _look_around(self, run: Path, key: Path) -> None:
        self._step(5, "look around:")
        for what, command in (
            ("results", f"less {run / 'results.csv'}"),
            ("report", f"{run / 'report.html'}, in a browser"),
            ("log", f"less {run / 'log.ndjson'}"),
            ("hand-over", f"{_program()} handover {run} --identity {key}"),
            ("status", f"{_program()} status {run}"),
        ):
            self.say(f"   {what:<11}{command}")
        self._go_on()

    def _go_on(self) -> None:
        """Where there is more to try, for whoever has nothing but the installed package."""
        with contextlib.suppress(InputError):
            here = samples_folder()
            if here == Path.cwd():
                self.say("   samples    less sample_inputs/README.md")
            else:
                self.say(f"   samples    cp -r {shlex.quote(str(here / SAMPLE.parent))} .")
                self.say(f"   job files  cp -r {shlex.quote(str(here / 'jobs'))} .")

    @property
    def _applied_log(self) -> Path:
        return self.folder / "simulator.ndjson"

    @contextlib.contextmanager
    def _simulator(self) -> Iterator[dict[str, Any]]:
        """The simulator in a process of its own; it ends when its standard input does, whatever becomes of us."""
        users = load(str(self.input)).frame[USER].to_list()
        command = _command(
            "simulate",
            f"--ca-file={self.folder / 'simulator-ca.pem'}",
            f"--applied-log={self._applied_log}",
            "--until-stdin-closes",
            *_SIMULATOR,
            *(f"--missing-user={user}" for user in users[MISSING_EVERY // 2 :: MISSING_EVERY]),
        )
        with (
            (self.folder / "simulator.log").open("wb") as errors,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as process,  # noqa: S603
        ):
            try:
                ready = process.stdout.readline() if process.stdout else b""
                if not ready:
                    raise BatchresetError(
                        "the simulator did not start", next_step=f"read {self.folder / 'simulator.log'}"
                    )
                yield json.loads(ready)
            finally:
                if process.stdin:
                    process.stdin.close()
                process.wait()

    def _step(self, number: int, text: str) -> None:
        self.say("")
        self.say(f"{number}. {text}")


def _program() -> str:
    """What a person types here: `make demo` puts nothing on their PATH."""
    own = Path(sys.executable).with_name("batchreset")
    return "batchreset" if shutil.which("batchreset") or not own.exists() else os.path.relpath(own)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "batchreset", *arguments]
