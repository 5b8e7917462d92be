"""jobs/cluster: what can be told of its manifests and units without a cluster."""

import copy
import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from dask_operator import made_of, unfit
from job_files import JOBS, documents

from batchreset import __version__
from batchreset.errors import ExitCode
from batchreset.settings.sources import load_settings

KUBERNETES = JOBS / "cluster" / "kubernetes"
UNITS = JOBS / "cluster" / "systemd"
OTHERS = {"Certificate", "Issuer", "DaskCluster"}
"""Kinds that are not Kubernetes' own."""
RESOURCES = [one for path in sorted(KUBERNETES.glob("*.yaml")) for one in documents(path)]
CLUSTER = next(one for one in RESOURCES if one["kind"] == "DaskCluster")
MADE = made_of(CLUSTER)


def named(kind: str, name: str) -> Any:
    (found,) = (one for one in RESOURCES if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def pod_of(who: str) -> Any:
    resource = named("Job", "incident-7") if who == "coordinator" else MADE[who]
    return resource["spec"]["template"]["spec"]


def container_of(who: str) -> Any:
    (container,) = pod_of(who)["containers"]
    return container


def environment(container: Any) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container["env"]}


def described(resource: Any) -> str:
    return f"{resource['kind']} {resource['metadata']['name']}"


@pytest.mark.parametrize(
    "resource", [*(one for one in RESOURCES if one["kind"] not in OTHERS), *MADE.values()], ids=described
)
def test_what_is_kubernetes_own_fits_its_schemas(resource: Any) -> None:
    kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)


def test_the_operators_own_fields_are_those_of_its_definition() -> None:
    assert CLUSTER["apiVersion"] == "kubernetes.dask.org/v1"
    assert unfit(CLUSTER) == []
    wrong = copy.deepcopy(CLUSTER)
    del wrong["spec"]["scheduler"]["service"]
    wrong["spec"]["worker"]["replica"] = wrong["spec"]["worker"].pop("replicas")
    assert unfit(wrong) == ["scheduler.service is missing", "worker.replica is unknown"]


def test_everything_is_in_one_namespace_which_asks_for_restricted_pods() -> None:
    (namespace,) = (one for one in RESOURCES if one["kind"] == "Namespace")
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in RESOURCES} == {
        namespace["metadata"]["name"]
    }
    for path in (JOBS / "cluster").rglob("*.*"):
        text = re.sub(r"\n\s*#?\s*(?=--)", " ", path.read_text(encoding="utf-8"))
        made = re.findall(r"kubectl (?:create|delete|logs|patch|get|rollout) (?!namespace)(.*)", text)
        assert all("--namespace batchreset-cluster" in line for line in made), path


@pytest.mark.parametrize("who", ["scheduler", "worker", "coordinator"])
def test_each_pod_fits_the_restricted_standard_and_has_no_right_in_the_cluster(who: str) -> None:
    pod, container = pod_of(who), container_of(who)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert named("ServiceAccount", pod["serviceAccountName"])["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["image"].endswith(f"/batchreset:{__version__}")
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("who", ["scheduler", "worker"])
def test_whoever_is_no_coordinator_holds_a_certificate_and_nothing_else(who: str) -> None:
    pod, container = pod_of(who), container_of(who)
    held = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    assert held == [f"{who}-tls"]
    assert not [volume for volume in pod["volumes"] if {"configMap", "persistentVolumeClaim"} & volume.keys()]
    assert all("secretKeyRef" not in str(one) for one in container["env"])
    assert not [name for name in environment(container) if name.startswith("BATCHRESET_")]
    # Nothing that it writes meets a disk.
    assert [volume["emptyDir"]["medium"] for volume in pod["volumes"] if "emptyDir" in volume] == ["Memory"]


def test_the_authoritys_key_is_given_to_nobody() -> None:
    authority = named("Certificate", "authority")["spec"]
    assert authority["isCA"] is True
    mounted = [
        volume["secret"]["secretName"]
        for who in ("scheduler", "worker", "coordinator")
        for volume in pod_of(who)["volumes"]
        if "secret" in volume
    ]
    assert authority["secretName"] not in mounted
    signed = {
        one["spec"]["secretName"]
        for one in RESOURCES
        if one["kind"] == "Certificate" and one["spec"]["issuerRef"]["name"] == "cluster"
    }
    assert signed == {name for name in mounted if name.endswith("-tls")}


@pytest.mark.parametrize("name", ["scheduler", "worker", "coordinator"])
def test_each_certificate_serves_both_sides_of_a_conversation(name: str) -> None:
    spec = named("Certificate", name)["spec"]
    assert {"server auth", "client auth"} <= set(spec["usages"])
    assert spec["dnsNames"]
    assert spec["privateKey"]["rotationPolicy"] == "Always"


def flags_of(words: list[str]) -> dict[str, str]:
    """`--name=value` and `--name value` of a command; a flag without a value has none."""
    found = {}
    for word, after in itertools.pairwise([*words, "--"]):
        name, is_assignment, value = word.partition("=")
        if name.startswith("--"):
            found[name] = value if is_assignment or after.startswith("--") else after
    return found


def started(where: str, who: str) -> tuple[dict[str, str], dict[str, str]]:
    """Flags and environment of scheduler or worker, in Kubernetes or by systemd."""
    if where == "kubernetes":
        return flags_of(container_of(who)["args"]), environment(container_of(who))
    text = (UNITS / f"batchreset-{who}.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    given = [one.strip("\"'").partition("=") for one in re.findall(r"^Environment=(.*)$", text, re.MULTILINE)]
    return flags_of(line.split()), {name: value for name, _, value in given}


@pytest.mark.parametrize("where", ["kubernetes", "systemd"])
@pytest.mark.parametrize("who", ["scheduler", "worker"])
def test_nobody_speaks_without_tls_and_no_dashboard_is_shown(where: str, who: str) -> None:
    flags, given = started(where, who)
    assert given["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "True"
    assert {"--tls-ca-file", "--tls-cert", "--tls-key", "--no-dashboard"} <= flags.keys()
    assert given[f"DASK_DISTRIBUTED__{who.upper()}__HTTP__ROUTES"] == '["distributed.http.health"]'
    if who == "worker":
        assert given["DASK_SCHEDULER_ADDRESS"].startswith("tls://")
    else:
        assert flags["--protocol"] == "tls"


@pytest.mark.parametrize("where", ["kubernetes", "systemd"])
def test_the_scheduler_never_has_anything_done_twice_or_elsewhere(where: str) -> None:
    _, given = started(where, "scheduler")
    assert given["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] == "0"
    assert given["DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING"] == "False"
    assert given["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] == "10 s"


@pytest.mark.parametrize("where", ["kubernetes", "systemd"])
def test_a_worker_is_one_process_that_nobody_but_the_platform_begins_anew(where: str) -> None:
    flags, given = started(where, "worker")
    assert {"--no-nanny", "--death-timeout"} <= flags.keys()
    assert (flags["--nthreads"], flags["--memory-limit"]) == ("1", "0")
    assert given["DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED"] == "False"


@pytest.mark.parametrize("who", ["scheduler", "worker"])
def test_who_is_started_in_a_terminal_has_the_units_settings_of_dask(who: str) -> None:
    readme = (JOBS / "cluster" / "README.md").read_text(encoding="utf-8")
    (block,) = (one for one in re.findall(r"```console\n(.*?)```", readme, re.DOTALL) if f"$ dask {who} " in one)
    exported = [word for line in re.findall(r"^\$ export (.*)$", block, re.MULTILINE) for word in shlex.split(line)]
    _, given = started("systemd", who)
    assert dict(word.split("=", 1) for word in exported) == {
        name: value for name, value in given.items() if name.startswith("DASK_DISTRIBUTED__")
    }
    (command,) = re.findall(r"^\$ (dask .*)$", block, re.MULTILINE)
    assert {"--no-dashboard", "--dashboard-address", "--tls-ca-file"} <= flags_of(command.split()).keys()


def test_root_installs_nothing_but_what_is_pinned() -> None:
    """A name without a source is whatever a stranger puts under it."""
    for page in (JOBS / "cluster" / "README.md", JOBS.parent / "docs" / "cluster.md"):
        installed = re.findall(r"pip install ([^`\n]*)", page.read_text(encoding="utf-8"))
        assert not [line for line in installed if re.search(r"(^|[\s'])batchreset\b", line)], page
    readme = (JOBS / "cluster" / "README.md").read_text(encoding="utf-8")
    by_root = re.findall(r"sudo /opt/batchreset/bin/pip install (.*)", readme)
    assert by_root
    assert all(line.startswith(("--require-hashes ", "--no-build-isolation --no-deps ")) for line in by_root)


def test_a_worker_that_is_stopped_has_time_to_end_what_it_has() -> None:
    """25 s for its requests (`adapters/dask`), 10 s for Dask's own leave."""
    unit = (UNITS / "batchreset-worker.service").read_text(encoding="utf-8")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert pod_of("worker")["terminationGracePeriodSeconds"] == int(seconds)
    assert int(seconds) > 25 + 10


def allowed() -> set[tuple[str, str, int]]:
    """Who may begin a conversation with whom, at which port: both sides' policies allow it. `world`: outside."""
    whose = {}
    for policy in (one for one in RESOURCES if one["kind"] == "NetworkPolicy"):
        chosen = policy["spec"]["podSelector"].get("matchLabels", {})
        whose[policy["metadata"]["name"]] = chosen.get("dask.org/component") or chosen.get(
            "app.kubernetes.io/component"
        )
    found: dict[str, set[tuple[str, str, int]]] = {"ingress": set(), "egress": set()}
    for way, rules in ((way, named("NetworkPolicy", name)) for name in whose for way in found):
        own = whose[rules["metadata"]["name"]]
        for rule in rules["spec"].get(way, []):
            for peer in rule["from" if way == "ingress" else "to"]:
                labels = peer.get("podSelector", {}).get("matchLabels", {})
                other = labels.get("dask.org/component") or labels.get("app.kubernetes.io/component")
                other = other or ("world" if "ipBlock" in peer else "names")
                for port in rule["ports"]:
                    pair = (other, own) if way == "ingress" else (own, other)
                    found[way].add((*pair, port["port"]))
    outside = {one for one in found["egress"] if one[1] in {"world", "names"}}
    return (found["ingress"] & found["egress"]) | outside


def test_only_who_must_talks_to_whom() -> None:
    policy = named("NetworkPolicy", "nobody")["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    scheduler, worker = (int(flags_of(container_of(who)["args"])[flag]) for who, flag in
                         (("scheduler", "--port"), ("worker", "--worker-port")))  # fmt: skip
    assert {one for one in allowed() if one[1] != "names"} == {
        ("worker", "scheduler", scheduler), ("coordinator", "scheduler", scheduler),
        ("coordinator", "worker", worker), ("scheduler", "worker", worker),
        ("worker", "world", 443), ("coordinator", "world", 443),
    }  # fmt: skip
    # What the cloud tells a machine of itself, its credentials too, is not for a worker.
    blocks = [peer["ipBlock"] for name in ("workers", "coordinator") for rule in named("NetworkPolicy", name)["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]  # fmt: skip  # noqa: E501
    assert all("169.254.0.0/16" in block["except"] for block in blocks)


def test_the_policies_find_the_pods_that_are_made() -> None:
    labels = {who: MADE[who]["spec"]["template"]["metadata"]["labels"] for who in ("scheduler", "worker")}
    labels["coordinator"] = named("Job", "incident-7")["spec"]["template"]["metadata"]["labels"]
    for policy, who in (("scheduler", "scheduler"), ("workers", "worker"), ("coordinator", "coordinator")):
        chosen = named("NetworkPolicy", policy)["spec"]["podSelector"]["matchLabels"]
        assert chosen.items() <= labels[who].items()
    spread = pod_of("worker")["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    disrupted = named("PodDisruptionBudget", "workers")["spec"]["selector"]["matchLabels"]
    assert spread.items() <= labels["worker"].items()
    assert disrupted == spread
    assert CLUSTER["spec"]["scheduler"]["service"]["selector"].items() <= labels["scheduler"].items()


def test_all_of_them_speak_of_one_scheduler() -> None:
    address = f"tls://{MADE['service']['metadata']['name']}:{MADE['service']['spec']['ports'][0]['port']}"
    assert container_of("worker")["args"][0] == address
    assert environment(container_of("worker"))["DASK_SCHEDULER_ADDRESS"] == address
    assert environment(container_of("coordinator"))["BATCHRESET_CLUSTER__SCHEDULER"] == address


def test_the_job_outlives_what_a_run_may_take_and_is_never_tried_again_by_itself() -> None:
    job = named("Job", "incident-7")["spec"]
    assert (job["backoffLimit"], pod_of("coordinator")["restartPolicy"]) == (0, "Never")
    text = (JOBS / "cluster" / "cluster.toml").read_text(encoding="utf-8")
    (hours,) = re.findall(r'^max_duration = "(\d+)h"', text, re.MULTILINE)
    assert job["activeDeadlineSeconds"] > int(hours) * 3600
    assert pod_of("coordinator")["terminationGracePeriodSeconds"] > 30
    disrupted, ended = job["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    assert set(ended["onExitCodes"]["values"]) == {int(code) for code in ExitCode if 0 < code < 128}


def test_the_job_file_is_one_that_the_program_takes(tmp_path: Path) -> None:
    text = (JOBS / "cluster" / "cluster.toml").read_text(encoding="utf-8")
    for name in ("ca.pem", "run.pem", "run.key"):
        (tmp_path / name).write_text("", encoding="utf-8")
    job = tmp_path / "cluster.toml"
    job.write_text(text.replace("/etc/batchreset/run/", f"{tmp_path}/"), encoding="utf-8")
    settings = load_settings(flags={}, environ={}, job_file=job)
    assert settings.cluster.scheduler == "tls://one.contoso.example:8786"
    assert not settings.cluster.plain_tcp
