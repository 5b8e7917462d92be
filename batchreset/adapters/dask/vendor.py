"""All that is asked of Dask itself, and all of it that is private: a test notices when that changes."""

import contextlib
import pickle
import ssl
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import anyio

from batchreset.adapters.dask.making import order
from batchreset.core.places import ClusterAccess, SchedulerAt, is_tls
from batchreset.errors import ClusterError, cause

CONNECT_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 11
"""A connection of which nothing is heard is dead. Dask's own assertions fail where it is less."""
KEY_PREFIX: Final = "batchreset-sender-"
MOST_CONNECTIONS: Final = 4_096
"""To each sender two are in use: one by which it waits for news."""

SETTINGS: Final[Mapping[str, object]] = {
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS:g}s",
    "distributed.comm.timeouts.tcp": f"{SILENT_SECONDS}s",
    "distributed.comm.retry.count": 0,
    "distributed.comm.compression": False,
    "distributed.client.preload": [],
    "distributed.client.scheduler-info-interval": "60s",  # nobody looks at what it keeps
    "distributed.diagnostics.nvml": False,
}
"""Of this process, whatever files and variables of Dask say."""

CLUSTER_SETTINGS: Final[Mapping[str, object]] = {
    **SETTINGS,
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-ttl": "10s",
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.preload": [],
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.http.routes": [],
    "distributed.worker.preload": [],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.daemon": True,
    "distributed.nanny.preload": [],
    "distributed.admin.system-monitor.gil.enabled": False,
}
"""Of a cluster that is started here."""


def imported() -> None:
    """Import Dask, which then logs nowhere. Raises ClusterError: it is not installed."""
    try:
        import dask  # noqa: PLC0415  who sends from one machine does not wait for it

        _forget_logging(dask.config.config)
        import distributed  # noqa: F401, PLC0415  as above
    except ImportError as error:
        raise ClusterError(
            f"workers are spoken to by Dask, which cannot be loaded here ({error.name} is missing)",
            next_step="install the extra batchreset[cluster]: `pip install '.[cluster]'`",
        ) from error


def _forget_logging(config: dict[str, Any]) -> None:
    for section in (config, config.get("distributed") or {}):
        section.pop("logging", None)
        section.pop("logging-file-config", None)


@contextlib.contextmanager
def settings(values: Mapping[str, object] = SETTINGS) -> Iterator[None]:
    """Dask's, while the block runs."""
    import dask  # noqa: PLC0415  as above

    with dask.config.set(dict(values)):
        yield


def security_of(scheduler: SchedulerAt, access: ClusterAccess) -> Any:
    """Certificates, for Dask. Raises ClusterError: they cannot be used."""
    from distributed.security import Security  # noqa: PLC0415  as above

    if not is_tls(scheduler):
        return Security(require_encryption=False)
    security = Security(
        require_encryption=not access.plain_tcp,
        tls_ca_file=access.ca_file,
        tls_client_cert=access.cert_file,
        tls_client_key=access.key_file or None,
    )
    try:
        security.get_connection_args("client")
    except (OSError, ValueError) as error:
        said = error.reason if isinstance(error, ssl.SSLError) and error.reason else cause(error)
        raise ClusterError(
            f"the certificates for the cluster cannot be used: {said}",
            next_step="give ca_file, cert_file and key_file as PEM, and the key that belongs to the certificate",
        ) from error
    return security


def temporary_security(folder: Path) -> Any:
    """A certificate that is its own CA, and its key: whoever has them is in, and nobody else.

    Python takes them from files alone: they are in `folder` for that moment, once, while Dask would write them into the
    machine's folder for temporary files as often as it connects.
    """
    from distributed.security import Security  # noqa: PLC0415  as above

    made, certificate, key = Security.temporary(), folder / "own.crt", folder / "own.pem"
    try:
        for path, text in ((certificate, made.tls_client_cert), (key, made.tls_client_key)):
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text, encoding="ascii")
        files = {"tls_ca_file": certificate, "tls_client_cert": certificate, "tls_client_key": key}
        by_files = Security(require_encryption=True, **{name: str(path) for name, path in files.items()})
        arguments: Mapping[str, Any] = by_files.get_connection_args("client")
    finally:
        for path in (certificate, key):
            path.unlink(missing_ok=True)

    class Kept(Security):  # type: ignore[misc]  # Dask is not typed
        def get_connection_args(self, role: str) -> dict[str, Any]:  # noqa: ARG002  as Dask calls it: the client alone
            return dict(arguments)

    return Kept(
        require_encryption=True,
        tls_ca_file=made.tls_ca_file,
        tls_client_cert=made.tls_client_cert,
        tls_client_key=made.tls_client_key,
    )


def tls_of(security: Any) -> ssl.SSLContext | None:
    """As Dask makes it: it believes who has a certificate of that CA, whatever name is in it. None: no certificates."""
    context: ssl.SSLContext | None = security.get_connection_args("client")["ssl_context"]
    return context


async def asked(address: str, security: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Who is there, and its versions; raises whatever Dask does."""
    from distributed.core import rpc  # noqa: PLC0415  as above

    async with rpc(address, connection_args=security.get_connection_args("client"), timeout=CONNECT_SECONDS) as remote:
        return await remote.identity(n_workers=0), await remote.versions()


def version() -> str:
    """Of Dask, here."""
    import distributed  # noqa: PLC0415  as above

    return str(distributed.__version__)


def version_of(versions: Mapping[str, Any]) -> str:
    """The same, of somebody else."""
    return str(versions.get("packages", {}).get("distributed", "unknown"))


async def client_of(address: str, security: Any) -> Any:
    """Connected; raises whatever Dask does. It tries to reconnect for `CONNECT_SECONDS`, then closes for good."""
    from distributed import Client  # noqa: PLC0415  as above

    class Quiet(Client):  # type: ignore[misc]  # Dask is not typed
        """What others' tasks `print` and `warn` goes to every client's standard output."""

        _default_event_handlers: Mapping[str, object] = {}

    client = Quiet(
        address,
        asynchronous=True,
        connection_limit=MOST_CONNECTIONS,
        direct_to_workers=True,
        heartbeat_interval="5s",
        name="batchreset",
        security=security,
        set_as_default=False,
        timeout=CONNECT_SECONDS,
    )
    try:
        return await client
    except BaseException:
        await closed(client)
        raise


async def closed(client: Any) -> None:
    """Whatever state it is in; it may be cancelled meanwhile."""
    with anyio.move_on_after(CLOSE_SECONDS, shield=True), contextlib.suppress(Exception):
        await client.close(timeout=CLOSE_SECONDS)


def is_connected(client: Any) -> bool:
    """Whether the connection stands by which the scheduler keeps what is this client's; no word of it is on its way.

    A scheduler that ends in order says so: then Dask tries no more, and its `status` stays as it was.
    """
    return client.status == "running" and client.scheduler_comm is not None and not client.scheduler_comm.closed()


def submit_actor(client: Any, actor: type, config: bytes, address: str) -> Any:
    """The future of one on that worker, and never on another. Its key is `key` of it."""
    # The scheduler opens what is submitted: a function of Python's own, and bytes.
    return client.submit(
        pickle.loads, order(actor, config), actor=True, workers=[address], allow_other_workers=False, pure=False,
        retries=0, key=f"{KEY_PREFIX}{uuid.uuid4().hex}",
    )  # fmt: skip


async def call_actor(worker: Any, key: str, method: str, message: bytes) -> object:
    """Its answer, by a connection to its worker (`client.rpc(address)`), never by the scheduler; raises as Dask does.

    `Actor` would say a message again when its connection breaks, wait for ever for a worker that is lost, and leave an
    error in the reply to nobody; this says it once.
    """
    reply = await worker.actor_execute(function=method, actor=key, args=[message], kwargs={})
    return reply["result"] if reply["status"] == "OK" else None
