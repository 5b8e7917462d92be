"""How this program speaks HTTP, shared by all adapters that do: trust, proxies, time limits, what a failure means.

What needs httpx is imported from its own module: `batchreset.net.clients`, `batchreset.net.failures`.
"""

from batchreset.net.causes import no_connection
from batchreset.net.choice import transport_of
from batchreset.net.transport import CONNECT_SECONDS, LATE, Request, Response, Transport, always
from batchreset.net.trust import check_trust, tls_context
from batchreset.net.unpacking import UndecodableError, Unpacking

__all__ = [
    "CONNECT_SECONDS",
    "LATE",
    "Request",
    "Response",
    "Transport",
    "UndecodableError",
    "Unpacking",
    "always",
    "check_trust",
    "no_connection",
    "tls_context",
    "transport_of",
]
