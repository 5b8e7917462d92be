"""What the Dask operator makes of a DaskCluster: dask-kubernetes 2026.3.0, operator/controller/controller.py.

`FIELDS` is the outside of its definition (operator/customresources/daskcluster.yaml and templates.yaml of that
release); within `spec` of scheduler and worker it has a pod's fields, within `service` a service's.
"""

from collections.abc import Mapping
from typing import Any, Final

FIELDS: Final[Mapping[str, tuple[set[str], set[str]]]] = {
    "": ({"scheduler", "worker"}, {"scheduler", "worker", "idleTimeout"}),
    "scheduler": ({"spec", "service"}, {"spec", "service", "metadata"}),
    "worker": ({"spec"}, {"spec", "replicas", "metadata"}),
}
"""Those there must be, and those there may be."""


def unfit(cluster: Any) -> list[str]:
    """What of the operator's own fields is missing or unknown."""
    found = []
    for part, (needed, known) in FIELDS.items():
        given = set(cluster["spec"][part] if part else cluster["spec"])
        found += [f"{part}.{name} is missing" for name in sorted(needed - given)]
        found += [f"{part}.{name} is unknown" for name in sorted(given - known)]
    return found


def made_of(cluster: Any) -> dict[str, Any]:
    """The scheduler's Deployment and Service, and one of the workers' Deployments."""
    name, namespace = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
    scheduler, worker = cluster["spec"]["scheduler"], cluster["spec"]["worker"]
    own = {"dask.org/cluster-name": name, "dask.org/component": "scheduler"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{name}-scheduler", "namespace": namespace, "labels": own},
        "spec": scheduler["service"],
    }
    group = f"{name}-default"
    labels = {"dask.org/cluster-name": name, "dask.org/workergroup-name": group, "dask.org/component": "worker"}
    made = _deployment(f"{group}-worker-0123456789", namespace, labels, worker["spec"])
    for container in made["spec"]["template"]["spec"]["containers"]:
        given = {one["name"] for one in container["env"]}
        address = f"tcp://{name}-scheduler.{namespace}.svc.cluster.local:8786"
        added = {"DASK_WORKER_NAME": made["metadata"]["name"], "DASK_SCHEDULER_ADDRESS": address}
        container["env"] = [
            *container["env"],
            *({"name": one, "value": value} for one, value in added.items() if one not in given),
        ]
    return {
        "scheduler": _deployment(f"{name}-scheduler", namespace, own, scheduler["spec"]),
        "service": service,
        "worker": made,
    }


def _deployment(name: str, namespace: str, labels: Mapping[str, str], pod: Mapping[str, Any]) -> dict[str, Any]:
    labels = {**labels, "sidecar.istio.io/inject": "false"}
    containers = [dict(one) for one in pod["containers"]]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"name": name, "labels": labels}, "spec": {**pod, "containers": containers}},
        },
    }
