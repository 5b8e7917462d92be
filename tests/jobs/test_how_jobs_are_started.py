"""The files beside the job files: what a machine without those services can tell of them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from job_files import JOBS, TOP, calls, cron_environment, cron_lines, documents, files, texts

from batchreset import __version__
from batchreset.cli.main import cli
from batchreset.errors import ExitCode

CRONTAB = (JOBS / "cron" / "batchreset.crontab").read_text(encoding="utf-8")


def parsed(words: list[str]) -> None:
    """By the program's own parser. Raises click.UsageError."""
    command: click.Command = cli
    context = click.Context(cli, info_name="batchreset", **cli.context_settings)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found, words[0]
        command, words = found, words[1:]
    command.make_context(command.name, list(words), parent=context)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(JOBS).as_posix())
def test_every_command_that_is_given_is_one_of_the_programs(path: Path) -> None:
    for words in calls(path):
        if len(words) > 1:  # a command's mere name in prose has no arguments
            parsed(words)


def test_the_commands_are_found_in_every_file_that_starts_something() -> None:
    found = {
        path.relative_to(JOBS).parts[0] for path in files() for words in calls(path) if words[0] in {"run", "apply"}
    }
    assert found == {
        "README.md", "incident.toml", "scheduled.toml", "offboarding.toml", "cron", "systemd", "github",
        "azure-pipelines", "kubernetes", "cluster",
    }  # fmt: skip
    with pytest.raises(click.UsageError):
        parsed(["run", "--job", "x.toml", "--no-such-flag"])


def test_every_file_stands_in_the_readme() -> None:
    named = set(re.findall(r"^\| `([\w@./-]+)` \|", (JOBS / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {path.relative_to(JOBS).as_posix() for path in files()} - {"README.md"}


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-workflows", "github/offboarding.yml"), ("azure-pipelines", "azure-pipelines/offboarding.yml")],
    ids=["github", "azure"],
)
def test_a_pipeline_fits_its_services_schema(schema: str, path: str) -> None:
    checked = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", str(JOBS / path)])
    assert checked.exit_code == 0, checked.output


def test_no_pipeline_puts_a_persons_words_into_a_scripts_text() -> None:
    for path in JOBS.rglob("*.yml"):
        scripts = [text for document in documents(path) for text in texts(document) if "\n" in text]
        assert scripts
        assert not any("${{" in script for script in scripts)


def steps(service: str) -> list[Any]:
    (pipeline,) = documents(JOBS / service / "offboarding.yml")
    if service == "github":
        return list(pipeline["jobs"]["offboarding"]["steps"])
    return list(pipeline["stages"][0]["jobs"][0]["strategy"]["runOnce"]["deploy"]["steps"])


@pytest.mark.parametrize("service", ["github", "azure-pipelines"])
def test_a_pipeline_clears_away_before_anything_can_fail_what_another_time_has_told(service: str) -> None:
    first, *_ = (step.get("run") or step.get("bash") for step in steps(service))
    assert re.search(r'^rm -rf "\$\w+/results"', first, re.MULTILINE)
    text = (JOBS / service / "offboarding.yml").read_text(encoding="utf-8")
    told = [line for line in text.splitlines() if re.search('> "[^"]*summary', line)]
    assert len(told) == 2
    assert all(re.search(r'"\$(RUNNER_TEMP/results|RESULTS)/summary.json"$', line) for line in told)


def test_the_azure_pipeline_publishes_nothing_where_nothing_was_told() -> None:
    *_, tell, publish = steps("azure-pipelines")
    assert (tell["condition"], publish["condition"]) == ("always()", "and(always(), eq(variables['told'], 'yes'))")
    assert tell["bash"].index("exit 0") < tell["bash"].index("##vso[task.setvariable variable=told]yes")


@pytest.mark.parametrize("service", ["github", "azure-pipelines"])
def test_a_stopped_pipelines_signal_reaches_the_program(service: str) -> None:
    """It goes to the step's own process, and a shell that waits passes nothing on; nor does `AzureCLI@2`."""
    scripts = [step.get("run") or step.get("bash") or "" for step in steps(service)]
    started = [
        line.strip() for script in scripts for line in script.splitlines() if re.search("batchreset (run|apply)", line)
    ]
    assert len(started) == 2
    assert all(line.startswith("exec batchreset ") for line in started)


def test_the_azure_agent_waits_longer_than_a_run_that_is_stopped() -> None:
    (pipeline,) = documents(JOBS / "azure-pipelines" / "offboarding.yml")
    job = pipeline["stages"][0]["jobs"][0]
    given = {one["name"]: one["value"] for one in job["variables"]}
    first, second = (int(given[f"PROCESS_SIG{name}_TIMEOUT"]) / 1000 for name in ("INT", "TERM"))
    assert first > 30
    assert first + second < 60 * int(job["cancelTimeoutInMinutes"])


def test_the_github_workflow_has_the_least_rights_and_two_never_run_at_once() -> None:
    (workflow,) = documents(JOBS / "github" / "offboarding.yml")
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert workflow["concurrency"] == {"group": "offboarding", "cancel-in-progress": False}
    assert "secrets." not in (JOBS / "github" / "offboarding.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", range(4))
def test_the_cron_jobs_resources_fit_kubernetes_own_schemas(number: int) -> None:
    resources = documents(JOBS / "kubernetes" / "cronjob.yaml")
    assert len(resources) == 4
    kubernetes_validate.validate(resources[number], kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("path", [JOBS / "README.md", JOBS / "kubernetes" / "cronjob.yaml"], ids=lambda path: path.name)
def test_what_is_made_by_kubectl_is_made_in_the_cron_jobs_namespace(path: Path) -> None:
    text = re.sub(r"\n\s*#?\s*(?=--)", " ", path.read_text(encoding="utf-8"))
    made = [line for line in re.findall(r"kubectl create .*", text) if "create namespace" not in line]
    assert made
    assert all("--namespace batchreset " in line.partition("`")[0] for line in made)


def test_the_folder_of_the_figures_can_be_opened_in_the_unit_and_is_the_job_files() -> None:
    unit = (JOBS / "systemd" / "batchreset.service").read_text(encoding="utf-8")
    (folder,) = re.findall(r"^# ReadWritePaths=-(.*)$", unit, re.MULTILINE)
    (file,) = re.findall(
        r'^# metrics_file = "(.*)"', (JOBS / "scheduled.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert Path(file).parent == Path(folder)
    made = (JOBS / "systemd" / "README.md").read_text(encoding="utf-8")
    assert f"--owner batchreset --group batchreset --mode 0755 {folder}\n" in made


def cron_job() -> Any:
    return documents(JOBS / "kubernetes" / "cronjob.yaml")[3]["spec"]


def test_the_cron_job_outlives_what_a_run_may_take_and_is_never_tried_again_by_itself() -> None:
    job = cron_job()["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    assert (cron_job()["concurrencyPolicy"], job["backoffLimit"], pod["restartPolicy"]) == ("Forbid", 0, "Never")
    assert job["activeDeadlineSeconds"] > 7200  # max_duration of the job file
    assert pod["terminationGracePeriodSeconds"] > 30
    disrupted, ended = job["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    never_by_signal = {int(code) for code in ExitCode if 0 < code < 128}
    assert set(ended["onExitCodes"]["values"]) == never_by_signal


def test_the_cron_job_fits_the_restricted_pod_security_standard() -> None:
    pod = cron_job()["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["image"].endswith(f"/batchreset:{__version__}")
    assert not any("value" in one and "SECRET" in one["name"] for one in container["env"])


def test_the_container_file_is_in_order() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    told = subprocess.run(
        [hadolint, "--failure-threshold", "style", JOBS / "container" / "Containerfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stdout) == (0, "")


def test_the_container_gets_everything_that_it_copies_and_no_more() -> None:
    text = (JOBS / "container" / "Containerfile").read_text(encoding="utf-8")
    copied = {word for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]}
    ignored = (TOP / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert "*" in ignored
    assert all((TOP / name).exists() for name in copied)


@pytest.mark.parametrize("name", ["requirements-run.lock", "requirements-build.lock"])
def test_a_smaller_lock_has_the_versions_and_hashes_that_are_tested(name: str) -> None:
    def pinned(lock: str) -> dict[str, str]:
        text = (TOP / lock).read_text(encoding="utf-8")
        entries = re.findall(r"^([\w.\[\]-]+==.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        bare = (re.sub(r"\s*#.*", "", entry) for entry in entries)
        return {entry.partition("==")[0]: " ".join(entry.replace("\\", " ").split()) for entry in bare}

    whole, small = pinned("requirements.lock"), pinned(name)
    assert small
    assert {one: re.findall(r"==\S+|sha256:\w+", text) for one, text in small.items()} == {
        one: re.findall(r"==\S+|sha256:\w+", whole[one]) for one in small
    }
    assert not {"pytest", "mypy", "aiohttp"} & small.keys()


def test_the_crontab_has_times_that_cron_takes_and_a_path_of_its_own() -> None:
    lines = list(cron_lines(CRONTAB))
    environment = cron_environment(CRONTAB)
    assert [when for when, _ in lines] == ["30 1 * * *", "30 1 1-7 * *", "0 8 * * *"]
    assert environment["SHELL"] == "/bin/sh"
    assert environment["PATH"].endswith(":/usr/bin:/bin")
    assert "MAILTO" in environment
    commands = [line for line in CRONTAB.splitlines() if "batchreset run" in line]
    assert len(commands) == 2
    # cron would end the command at a bare %.
    assert all(line.count("%") == line.count(r"\%") for line in commands)
