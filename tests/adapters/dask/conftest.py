"""One cluster for all tests of this folder that need a real one."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import dask_actors
import pytest
from dask_log import Log

from batchreset.adapters.dask import DaskCluster
from batchreset.adapters.dask.cluster import OpenCluster
from batchreset.core.places import ClusterAccess, LocalWorkers

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster_log() -> Log:
    return Log()


@pytest.fixture(scope="session")
async def cluster(cluster_log: Log) -> AsyncIterator[OpenCluster]:
    environ = {**os.environ, "PYTHONPATH": str(HERE), "BATCHRESET_AUTH__CLIENT_SECRET": "nobody's", "DASK_CONFIG": "/x"}
    source = DaskCluster(
        ClusterAccess(place=LocalWorkers(2)), actor=dask_actors.Asked, log=cluster_log, environ=environ
    )
    async with source.open() as opened:
        yield opened
