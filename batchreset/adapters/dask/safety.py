"""To whom may be spoken, and how: addresses and certificates, before anybody is."""

from batchreset.core.places import ClusterAccess, SchedulerAt, is_loopback, is_tls
from batchreset.errors import ClusterError


def refuse_unsafe_scheduler(scheduler: SchedulerAt, access: ClusterAccess) -> None:
    """Raises ClusterError: it may not be spoken to like this."""
    if is_tls(scheduler):
        if not access.ca_file or not access.cert_file:
            raise ClusterError(
                f"the scheduler at {scheduler.address} is spoken to by TLS, in which both sides show certificates, and"
                " there is none to show, or none to believe",
                next_step="give the cluster's ca_file and cert_file (and key_file), as its workers have them",
            )
    elif not is_loopback(scheduler) and not access.plain_tcp:
        raise _plain("scheduler", scheduler.address)


def refuse_unsafe_worker(address: str, *, scheduler: SchedulerAt, plain_tcp: bool) -> None:
    """Raises ClusterError: rows may not go there like this."""
    worker = SchedulerAt(address)
    if is_tls(worker):
        return
    if not address.startswith("tcp://"):
        raise ClusterError(
            f"the worker at {address} is spoken to in a way that this program does not know",
            next_step="start it with a tls:// address",
        )
    # Beside a scheduler with TLS it is a mistake, wherever it is.
    if not plain_tcp and (is_tls(scheduler) or not is_loopback(worker)):
        raise _plain("worker", address)


def _plain(whom: str, address: str) -> ClusterError:
    return ClusterError(
        f"the {whom} at {address} speaks plain TCP: whoever is on the way could send in its name",
        next_step="start scheduler and workers with TLS (tls://); or, on a network that is yours alone, give"
        " --cluster-plain-tcp",
    )
