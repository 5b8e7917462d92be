"""HTTP/1.1 over asyncio's own TLS, parsed by llhttp: what little is asked here, and exactly what became of it."""

from batchreset.net.http11.transport import Http11Transport

__all__ = ["Http11Transport"]
