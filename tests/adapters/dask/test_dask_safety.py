"""Which workers may be given rows, and how."""

import pytest

from batchreset.adapters.dask.safety import refuse_unsafe_worker
from batchreset.core.places import SchedulerAt
from batchreset.errors import ClusterError

TLS = SchedulerAt("tls://10.0.0.1:8786")
HERE = SchedulerAt("tcp://127.0.0.1:8786")
ELSEWHERE = SchedulerAt("tcp://10.0.0.1:8786")


@pytest.mark.parametrize(
    ("worker", "scheduler", "plain_tcp"),
    [
        pytest.param("tls://10.0.0.2:40000", TLS, False, id="TLS"),
        pytest.param("tls://[fd00::2]:40000", TLS, False, id="TLS, IPv6"),
        pytest.param("tcp://127.0.0.1:40000", HERE, False, id="this machine"),
        pytest.param("tcp://[::1]:40000", HERE, False, id="this machine, IPv6"),
        pytest.param("tcp://10.0.0.2:40000", ELSEWHERE, True, id="plain, and wanted"),
    ],
)
def test_a_worker_may_be_given_rows(worker: str, scheduler: SchedulerAt, plain_tcp: bool) -> None:  # noqa: FBT001
    refuse_unsafe_worker(worker, scheduler=scheduler, plain_tcp=plain_tcp)


@pytest.mark.parametrize(
    ("worker", "scheduler", "plain_tcp"),
    [
        pytest.param("tcp://10.0.0.2:40000", HERE, False, id="another machine"),
        pytest.param("tcp://10.0.0.2:40000", TLS, False, id="another machine, of a scheduler with TLS"),
        pytest.param("tcp://127.0.0.1:40000", TLS, False, id="this machine, of a scheduler with TLS"),
        pytest.param("tcp://127.0.0.1.example:40000", HERE, False, id="a name that looks like this machine"),
        pytest.param("tcp://0.0.0.0:40000", HERE, False, id="anywhere"),
        pytest.param("ucx://127.0.0.1:40000", HERE, True, id="another protocol"),
        pytest.param("inproc://1/2/3", HERE, True, id="within another process"),
        pytest.param("127.0.0.1:40000", HERE, True, id="no protocol"),
    ],
)
def test_a_worker_may_not_be_given_rows(worker: str, scheduler: SchedulerAt, plain_tcp: bool) -> None:  # noqa: FBT001
    with pytest.raises(ClusterError, match="worker at"):
        refuse_unsafe_worker(worker, scheduler=scheduler, plain_tcp=plain_tcp)
