"""`PYTHONPATH=tests/support python -m proof INPUT RUN --key KEY --applied-log FILE --request-log FILE`.

Whether a run kept the promises, from files alone: its input and folder, a secret key, and the two logs of
`batchreset simulate`. Exit code 1 when it did not, with what does not hold, a line each.
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchreset.simulator.limits import Scope
from batchreset.simulator.protocol import Route
from batchreset.simulator.state import Exchange
from proof.evidence import Seen, foreign_last
from proof.files import collected
from proof.promises import complaints


def main() -> int:
    """What does not hold, on standard output; or that all does."""
    parser = argparse.ArgumentParser(prog="python -m proof", description="Whether a run kept the promises.")
    parser.add_argument("input", type=Path)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--key", type=Path, required=True, help="a secret key that opens the passwords")
    parser.add_argument("--applied-log", type=Path, required=True)
    parser.add_argument("--request-log", type=Path, required=True)
    parser.add_argument("--killed", action="store_true", help="a process of this run was killed")
    parser.add_argument("--said", type=Path, action="append", default=[], help="what was printed, or logged elsewhere")
    asked = parser.parse_args()
    found = complaints(
        collected(
            asked.run,
            source=asked.input,
            key=asked.key,
            seen=seen_by_logs(asked.applied_log, asked.request_log),
            killed=asked.killed,
            further_files=asked.said,
        )
    )
    for line in found or ["every promise holds"]:
        print(line)  # noqa: T201  a command's output
    return 1 if found else 0


def seen_by_logs(applied_log: Path, request_log: Path) -> Seen:
    """What a service's two logs tell of it; mistakes in requests are not among that."""
    applied = _lines(applied_log)
    requests = _lines(request_log)
    return Seen(
        applied=[line for line in applied if not line.get("foreign")],
        exchanges=[_exchange(line) for line in requests if line["method"] == "PATCH"],
        correlation_ids={line["correlation_id"] for line in requests},
        protocol_errors=[],
        in_force={line["user"]: line["sha256"] for line in applied},
        foreign=foreign_last(applied),
    )


def _exchange(line: Mapping[str, Any]) -> Exchange:
    throttled = line["throttled"]
    return Exchange(
        at=dt.datetime.fromisoformat(line["time"]),
        method=line["method"],
        route=Route(line["route"]),
        customer=line["customer"],
        user=line["user"],
        request_id=line["request_id"],
        correlation_id=line["correlation_id"],
        ended=line["ended"],
        fault=line["fault"],
        applied=line["applied"],
        throttled=None if throttled is None else Scope(throttled),
        replayed=line["replayed"],
        peer=line["peer"],
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
