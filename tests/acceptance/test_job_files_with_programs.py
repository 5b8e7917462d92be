"""systemd, sh, shellcheck and jq on what is meant for them. `make programs`."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from acceptance_world import World, accounts
from hardened import directives
from job_files import JOBS, cron_environment, cron_lines, snippets

from batchreset.errors import ExitCode

pytestmark = pytest.mark.programs

MakeWorld = Callable[..., World]
SYSTEMD = JOBS / "systemd"
SNIPPETS = list(snippets())
HARDENED = Path(__file__).parents[1] / "support" / "hardened.py"


def said(
    *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=env, input=given, capture_output=True, text=True, check=False)


def test_systemd_has_nothing_to_say_of_the_units() -> None:
    told = said("systemd-analyze", "verify", "--man=no", *sorted(SYSTEMD.glob("batchreset*")))
    assert (told.returncode, told.stderr) == (0, "")


def test_the_services_exposure_is_as_its_readme_says() -> None:
    told = said("systemd-analyze", "security", "--offline=true", "--no-pager", SYSTEMD / "batchreset.service")
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert score
    assert f"says {score[1]} (OK" in (SYSTEMD / "README.md").read_text(encoding="utf-8")
    assert float(score[1]) < 2


def program(folder: Path) -> Path:
    """A folder with `batchreset` in it."""
    folder.mkdir()
    script = folder / "batchreset"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m batchreset "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def due(made: World, job: str = "scheduled.toml") -> Path:
    """The job file with what it names, its customers left open."""
    made.input(accounts(3), name="due-for-rotation.csv")
    (made.folder / "break-glass.csv").write_text(f"user-id\n{accounts(1, start=90)[0].user}\n", encoding="utf-8")
    (made.folder / "keys").mkdir()
    (made.folder / "keys" / "helpdesk.pub").write_text(f"{made.recipient}\n", encoding="utf-8")
    text = (JOBS / job).read_text(encoding="utf-8")
    copied = made.folder / job
    copied.write_text(re.sub(r"^customers = \[.*?\]$", "", text, flags=re.DOTALL | re.MULTILINE), encoding="utf-8")
    return copied


def test_a_run_bears_what_the_unit_forbids(make_world: MakeWorld) -> None:
    made = make_world()
    job = due(made)
    (line,) = directives(SYSTEMD / "batchreset.service")["ExecStart"]
    script = line.removeprefix("/bin/sh -c '").removesuffix("'").replace("$$", "$")
    script = script.replace("/opt/batchreset/bin/batchreset", str(program(made.folder / "bin")))
    script = script.replace("/etc/batchreset/scheduled.toml", str(job))
    own = {"BATCHRESET_PASSWORD__RECIPIENTS": None, "BATCHRESET_OUTPUT__REPORT": "true"}
    environment = made.environment({**made.signing_in(), **own})
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = (sys.executable, HARDENED, SYSTEMD / "batchreset.service")
    ran = said(*command, "/bin/sh", "-c", script, cwd=made.folder, env=environment)
    assert (ran.returncode, made.resets) == (ExitCode.OK, 3), ran.stderr
    (report,) = made.runs.glob("*/report.html")
    assert [line for line in ran.stderr.splitlines() if line.startswith("warning:")] == []
    assert report.read_text(encoding="utf-8").count("<svg") > 0
    # It does forbid: a call, a socket's family, memory that can be carried out.
    for attempt in (
        "import os; os.chroot('/')",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
    ):
        refused = said(*command, sys.executable, "-c", attempt)
        assert "PermissionError" in refused.stderr, attempt


@pytest.mark.parametrize("number", [0, 1, 2], ids=["nightly", "monthly", "sign-in"])
def test_a_line_of_the_crontab_works_with_what_cron_gives_it(number: int, make_world: MakeWorld) -> None:
    made = make_world()
    job = due(made)
    crontab = (JOBS / "cron" / "batchreset.crontab").read_text(encoding="utf-8")
    given = cron_environment(crontab)
    _, command = list(cron_lines(crontab))[number]
    command = command.replace("/etc/batchreset/scheduled.toml", str(job)).replace(" --yes", " --dry-run")
    service = made.environment({**made.signing_in(), "BATCHRESET_PASSWORD__RECIPIENTS": None})
    environment = {
        "HOME": str(made.folder),
        "LOGNAME": "batchreset",
        "SHELL": given["SHELL"],
        "PATH": given["PATH"].replace("/opt/batchreset/bin", str(program(made.folder / "bin").parent)),
        **{name: value for name, value in service.items() if name.startswith("BATCHRESET_")},
    }
    ran = said(given["SHELL"], "-c", command, cwd=made.folder, env=environment)
    assert (ran.returncode, ran.stdout, ran.stderr, made.resets) == (0, "", "", 0)
    if number < 2:
        (run,) = made.runs.glob("[a-z]*")
        assert re.fullmatch((r"due-[0-9a-f]{12}", r"rotation-\d{4}-\d\d")[number], run.name)
        assert "dry run" in (made.folder / "last-run.txt").read_text(encoding="utf-8")


def test_cron_mails_the_summary_where_the_exit_code_is_not_0(make_world: MakeWorld) -> None:
    made = make_world(missing_users=frozenset({accounts(3)[1].user}))
    job = due(made)
    _, command = next(cron_lines((JOBS / "cron" / "batchreset.crontab").read_text(encoding="utf-8")))
    command = command.replace("/etc/batchreset/scheduled.toml", str(job))
    environment = made.environment({**made.signing_in(), "BATCHRESET_SAFETY__MAX_FAILURE_RATE": "0.5"})
    environment["PATH"] = f"{program(made.folder / 'bin').parent}:/usr/bin:/bin"
    ran = said("/bin/sh", "-c", command, cwd=made.folder, env=environment)
    assert "1 of 3 accounts need a look (exit 3)" in ran.stdout


@pytest.mark.parametrize(("name", "script"), SNIPPETS, ids=[name for name, _ in SNIPPETS])
def test_shellcheck_has_nothing_to_say_of_a_snippet(name: str, script: str) -> None:
    shell = "bash" if name.startswith(("azure-pipelines", "github")) else "sh"
    checked = said("shellcheck", f"--shell={shell}", "--severity=style", "-", given=script)
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("service", ["github", "azure-pipelines"])
def test_a_pipeline_fails_with_the_rows_shown_and_a_rerun_resets_nobody(service: str, make_world: MakeWorld) -> None:
    leavers = accounts(5)
    made = make_world(missing_users=frozenset({leavers[4].user}))
    made.input(leavers, name="leavers.csv")
    made.input(accounts(1, start=90), name="break-glass.csv")
    (made.folder / "jobs").mkdir()
    shutil.copy(JOBS / "offboarding.toml", made.folder / "jobs")
    scripts = [script for name, script in snippets() if name.startswith(service)]
    prepare, *_, run, tell = scripts
    own = {
        "LIST": "leavers.csv", "CARRY_ON": "", "RUN_ID": "offboarding-1",
        "BATCHRESET_AUTH__KEYVAULT": "", "BATCHRESET_AUTH__TENANT_ID": made.options.tenant_id,
        "GITHUB_STEP_SUMMARY": str(made.folder / "told.md"), "RUNNER_TEMP": str(made.folder / "temporary"),
        "AGENT_TEMPDIRECTORY": str(made.folder / "temporary"), "RESULTS": str(made.folder / "temporary" / "results"),
        "AZURE_CLIENT": "c", "AZURE_TENANT": "t", "AZURE_TOKEN": "k",
        "BATCHRESET_OUTPUT__RUNS_DIR": str(made.folder / "runs"), "BATCHRESET_PASSWORD__RECIPIENTS": None,
    }  # fmt: skip
    results = made.folder / "temporary" / "results"
    environment = made.environment(own)
    environment["PATH"] = f"{program(made.folder / 'bin').parent}:/usr/bin:/bin"
    (made.folder / "bin" / "az").symlink_to("/bin/true")
    for _ in ("first", "re-run"):
        assert bash(prepare, made, environment).code == 0
        # What the time before has told is not told again: this time might have ended at the install.
        told = bash(tell, made, environment)
        assert (told.code, "told]yes" in told.text, list(results.iterdir())) == (0, False, [])
        assert bash(run, made, environment).code == ExitCode.ROWS_FAILED
        told = bash(tell, made, environment)
        assert told.code == 0, told.text
        shown = told.text + ((made.folder / "told.md").read_text(encoding="utf-8") if service == "github" else "")
        assert shown.count(leavers[4].user) >= 1
        assert leavers[0].user not in shown
        assert "not_found" in shown
    assert made.resets == 5
    environment["CARRY_ON"] = "offboarding-1"
    assert bash(run, made, environment).code == ExitCode.ROWS_FAILED
    assert made.resets == 5
    kept = {path.name for path in results.iterdir()}
    assert kept == {"summary.json", "offboarding-results.ndjson", "report.html"}


class Ended:
    """A script that has ended."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text


def bash(script: str, made: World, environment: Mapping[str, str], options: Sequence[str] = ("-e",)) -> Ended:
    """As both services run it."""
    ran = said("bash", *options, "-c", script, cwd=made.folder, env=environment)
    made.said.append(ran.stdout + ran.stderr)
    return Ended(ran.returncode, ran.stdout + ran.stderr)
