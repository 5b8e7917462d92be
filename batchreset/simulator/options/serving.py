"""Where the simulator listens, what it writes, and its chance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from batchreset.simulator.options.about import About


# Without slots, as the others: Python cannot join classes that have them.
@dataclass(frozen=True, kw_only=True)
class ServingOptions:
    """What is of this machine, and the seed.

    Attributes:
        ca_file: of the throw-away CA's certificate; None: in a folder that is gone when the simulator ends.
        applied_log: NDJSON, a line for each password applied, appended and flushed.
        request_log: NDJSON, a line for each request to the API, written out before its answer is given.
        seed: of every choice. The n-th request for the same account meets the same fault in every run of a seed, in
            whatever order requests arrive.
    """

    host: Annotated[str, About("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, About("Port to listen on; 0: any free one.")] = 0
    ca_file: Annotated[Path | None, About("Where to write the throw-away CA.  [default: a temporary folder]")] = None
    applied_log: Annotated[
        Path | None, About("Append a line of JSON here for each password applied (its SHA-256).")
    ] = None
    request_log: Annotated[
        Path | None, About("Append a line of JSON here for each request to the API (ids and how it ended).")
    ] = None
    seed: Annotated[int, About("Seed of every choice below.")] = 0
