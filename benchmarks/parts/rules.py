"""Which part of the program a file belongs to; files of no part belong to whoever called them."""

import functools
from collections.abc import Sequence
from typing import Final

START: Final = "start: imports"
OTHER_THREADS: Final = "threads of polars and other libraries"
REST: Final = "rest: the interpreter, other modules"
_PARTS: Final[Sequence[tuple[str, Sequence[str]]]] = (
    (START, ("<frozen importlib", "/importlib/")),
    (
        "Dask, its messages",
        ("/batchreset/adapters/dask/", "/distributed/", "/dask/", "/tornado/", "/msgpack/", "/cloudpickle/"),
    ),
    ("pool: messages spelled and read", ("/batchreset/engine/pool/messages",)),
    ("pool: messages sealed", ("/batchreset/adapters/channel/", "/cryptography/")),
    ("pool: orders and answers", ("/batchreset/engine/pool/",)),
    ("TLS", ("/ssl.py", "/asyncio/sslproto.py", "/truststore/")),
    (
        "HTTP: parsers, client libraries, our transport",
        (
            "/batchreset/net/http11/", "/httptools/", "/httpx/", "/httpcore/", "/h11/", "/h2/", "/hpack/", "/aiohttp/",
            "/yarl/", "/multidict/", "/propcache/", "/aiosignal/", "/frozenlist/", "/aiohappyeyeballs/", "/idna/",
            "/http/cookies",
        ),
    ),
    ("requests and answers (our side of the wire)", ("/batchreset/adapters/partner_center/", "/batchreset/net/")),
    ("event loop, tasks", ("/asyncio/", "/selectors.py", "/uvloop/", "/anyio/", "/sniffio/", "/concurrent/futures/")),
    ("sealing", ("/batchreset/adapters/sealing/", "/pyrage/")),
    ("ledger", ("/batchreset/adapters/ledger/", "/sqlite3/")),
    (
        "pacing",
        (
            "/batchreset/core/pacing/", "/batchreset/engine/lanes", "/batchreset/engine/ceiling",
            "/batchreset/engine/pace_events", "/batchreset/core/drought",
        ),
    ),
    ("logging", ("/batchreset/adapters/events/", "/structlog/", "/logging/")),
    ("progress shown and told", ("/batchreset/adapters/display/", "/batchreset/wiring/told", "/rich/")),
    (
        "results, report, summary",
        (
            "/batchreset/adapters/results/", "/batchreset/adapters/report/", "/batchreset/core/reporting/",
            "/batchreset/wiring/results", "/batchreset/wiring/report", "/batchreset/wiring/concluding",
            "/batchreset/wiring/summary", "/jinja2/",
        ),
    ),
    (
        "planning and the queue of rows",
        (
            "/batchreset/adapters/reader/", "/batchreset/adapters/plan/", "/batchreset/wiring/planning",
            "/batchreset/wiring/frozen", "/batchreset/wiring/recent", "/batchreset/wiring/protecting", "/polars/",
        ),
    ),
    ("new passwords", ("/batchreset/core/password", "/batchreset/core/passphrase", "/batchreset/wiring/passwords")),
    ("engine: rows, retries", ("/batchreset/engine/", "/batchreset/core/", "/tenacity/")),
    ("settings, command line, wiring", ("/batchreset/", "/click/", "/pydantic/", "/pydantic_settings/")),
)  # fmt: skip
"""The first one that a path holds."""

BOOKKEEPING: Final = frozenset({"ledger", "sealing", "pacing", "logging", "engine: rows, retries"})
"""What the issue bounds together."""


@functools.cache
def part_of(filename: str) -> str | None:
    """None where whoever called it says more."""
    return next((part for part, paths in _PARTS if any(path in filename for path in paths)), None)
