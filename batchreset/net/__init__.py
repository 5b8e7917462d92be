"""How this program speaks HTTP, shared by all adapters that do: trust, proxies, time limits, what a failure means."""

from batchreset.net.clients import CONNECT_TIMEOUT_SECONDS, sign_in_client
from batchreset.net.connections import Connections
from batchreset.net.failures import failure, no_connection
from batchreset.net.trust import check_trust, tls_context
from batchreset.net.unpacking import Unpacking

__all__ = [
    "CONNECT_TIMEOUT_SECONDS",
    "Connections",
    "Unpacking",
    "check_trust",
    "failure",
    "no_connection",
    "sign_in_client",
    "tls_context",
]
