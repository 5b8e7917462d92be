"""Before a worker is stopped: it gets no more rows, and those it has are ended and told of.

    python -m batchreset.jobs.cluster.drain --seconds 80

Kubernetes and systemd start it before they stop a worker (`preStop`, `ExecStop=`). The scheduler's address and the
worker's name are in DASK_SCHEDULER_ADDRESS and DASK_WORKER_NAME, the certificate in DASK_DISTRIBUTED__COMM__TLS__….
Dask's own `retire_workers` gives up at once where an actor is on the worker, as a sender is. So the worker is marked as
closing, which a run heeds, and its sender is awaited: the run takes it away when it has ended. It always ends with 0:
a worker that cannot be drained is stopped all the same, and the run sends its rows again by another.
"""

import argparse
import os
import sys
import time
from typing import Any

from distributed import Client
from distributed.core import Status

LOOK_SECONDS = 0.5


def mark(dask_worker: Any) -> None:
    """Carried out by the worker itself, which tells the scheduler."""
    dask_worker.status = Status.closing_gracefully


def drained(scheduler: str, name: str, *, until: float) -> str:
    """How it went. Raises OSError: nobody answers."""
    with Client(scheduler, timeout=10, set_as_default=False) as client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        address = next((at for at, known in workers.items() if str(known["name"]) == name), None)
        if address is None:
            return "the scheduler does not know it"
        client.run(mark, workers=[address], on_error="return")
        while held := client.has_what([address]).get(address):
            if time.monotonic() > until:
                return f"{len(held)} sender still has rows: the run sends them again"
            time.sleep(LOOK_SECONDS)
        return "nothing is left on it"


def main() -> None:
    """Tells how it went on standard error."""
    arguments = argparse.ArgumentParser(description="Drain a worker before it is stopped.")
    arguments.add_argument("--seconds", type=float, default=80.0, help="wait no longer (default: 80)")
    until = time.monotonic() + arguments.parse_args().seconds
    name = os.environ["DASK_WORKER_NAME"]
    try:
        told = drained(os.environ["DASK_SCHEDULER_ADDRESS"], name, until=until)
    except OSError as error:
        told = f"the scheduler does not answer ({type(error).__name__})"
    sys.stderr.write(f"drain of {name}: {told}\n")


if __name__ == "__main__":
    main()
