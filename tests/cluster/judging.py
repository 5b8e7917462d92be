"""Whether a run that others sent kept its promises: the checker of one machine, and what only a cluster can break."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from acceptance_world import TOKEN
from clustered import WORKERS, Job
from proof import Evidence, collected, complaints
from proof.__main__ import seen_by_logs

_CLOCK_SECONDS = 0.25
"""What may lie between the moment in which something happened and the one that was noted, on a busy machine."""
_ANSWERS = {"200", "429"}
"""All that this service says to those who make no mistake."""


def judge(job: Job, *, killed: bool = False, in_process: bool = False) -> Evidence:
    """Nothing speaks against the run.

    Args:
        job: its coordinators have ended.
        killed: one of them was.
        in_process: one of them sent by itself.
    """
    evidence = look_at(job, killed=killed)
    found = [*complaints(evidence), *_of_a_cluster(job, evidence, in_process=in_process)]
    assert not found, "\n".join([*found[:30], *(path.read_text(encoding="utf-8") for path in job.said)])
    return evidence


def look_at(job: Job, *, killed: bool = False) -> Evidence:
    """All that it left, and what the service and the cluster have noted meanwhile."""
    applied, requests = logs_of(job)
    return collected(
        job.run_folder,
        source=job.source,
        key=job.site.key,
        seen=seen_by_logs(applied, requests),
        secrets=[TOKEN],
        killed=killed,
        further_files=[*job.said, *job.site.logs],
    )


def logs_of(job: Job) -> tuple[Path, Path]:
    """Of the service, from the run's beginning: of passwords applied, of requests."""
    found = []
    for log, start in ((job.site.applied_log, job.applied_from), (job.site.request_log, job.requests_from)):
        own = job.folder / log.name
        own.write_text("".join(f"{json.dumps(line)}\n" for line in job.seen(log, start)), encoding="utf-8")
        found.append(own)
    return found[0], found[1]


def _of_a_cluster(job: Job, e: Evidence, *, in_process: bool) -> Iterator[str]:
    requests = job.requests
    yield from _no_attempt_twice(requests)
    yield from _by_workers(job, requests, in_process=in_process)
    yield from _none_late(requests, e)
    yield from _same_password(job, e)
    strange = {line["ended"] for line in requests} - _ANSWERS
    if strange:
        yield f"the service answered {sorted(strange)}"


def _no_attempt_twice(requests: Sequence[dict[str, Any]]) -> Iterator[str]:
    for correlation_id, times in Counter(line["correlation_id"] for line in requests).items():
        if times > 1:
            yield f"the attempt {correlation_id} came to the service {times} times"


def _by_workers(job: Job, requests: Sequence[dict[str, Any]], *, in_process: bool) -> Iterator[str]:
    hosts = job.site.hosts
    allowed = {hosts[name].egress for name in (*WORKERS, *(["coordinator"] if in_process else []))}
    for peer in sorted({line["peer"] for line in requests} - allowed):
        yield f"requests came from {peer}, where no worker is"


def _none_late(requests: Sequence[dict[str, Any]], e: Evidence) -> Iterator[str]:
    """Nothing arrives after the run has given it up: from then on its row may be sent again, or has ended."""
    noted = {one.correlation_id: one for one in e.attempts}
    for line in requests:
        one = noted.get(line["correlation_id"])
        late = 0.0 if one is None else moment(line) - one.ended_at / 1000
        if one is not None and late > _CLOCK_SECONDS:
            yield f"row {one.row}, {one.verdict}: the attempt arrived {late:.1f} s after it had come to its end"


def _same_password(job: Job, e: Evidence) -> Iterator[str]:
    """As long as one coordinator lives, a row keeps the password it has."""
    if len(job.coordinators) > 1:
        return
    passwords: defaultdict[str, set[str]] = defaultdict(set)
    for line in job.applied:
        passwords[line["user"]].add(line["sha256"])
    yield from (f"{user}: {len(found)} passwords were applied" for user, found in passwords.items() if len(found) > 1)
    again = Counter(one.row for one in e.sealed)
    yield from (f"row {row}: {times} passwords were sealed" for row, times in again.items() if times > 1)


def moment(line: dict[str, Any]) -> float:
    """When a request arrived, in seconds since 1970."""
    return dt.datetime.fromisoformat(line["time"]).timestamp()


def sent_again(job: Job) -> set[str]:
    """Users for whom more than one reset came to the service."""
    return {user for user, times in Counter(line["user"] for line in job.requests).items() if times > 1}


def between(job: Job, start: float, end: float) -> list[dict[str, Any]]:
    """Resets that arrived then."""
    return [line for line in job.requests if start <= moment(line) <= end]
