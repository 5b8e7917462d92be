"""Which workers may be given rows, and how; whether the scheduler may be spoken to is settled with the settings."""

from batchreset.core.places import SchedulerAt, is_loopback, is_tls
from batchreset.errors import ClusterError


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
        raise ClusterError(
            f"the worker at {address} speaks plain TCP: whoever is on the way could send in its name",
            next_step="start scheduler and workers with TLS (tls://); or, on a network that is yours alone, give"
            " --cluster-plain-tcp",
        )
