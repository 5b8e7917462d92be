"""The file: whole or as it was, and readable by node_exporter, which runs as somebody else."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from batchreset.adapters.metrics.figures import Figures
from batchreset.durable import replaceable, replacing

READABLE_MODE: Final = 0o644
"""Counts and times are no secret, and whoever scrapes them is not who ran the job."""
_PREFIX: Final = "batchreset_"
_LABEL: Final = "job_name"
"""Not `job`: Prometheus gives every target that one, and would rename ours."""
_LAST_SUCCESS: Final = f"{_PREFIX}last_success_timestamp_seconds"
_MOST_BYTES: Final = 1_000_000
"""A larger file is none that was written here."""


def write_metrics(path: Path, figures: Figures) -> None:
    """Write the file anew, durably. The label `job_name` is its name without `.prom`.

    The time of the last success is taken over from the file that was there, if this time was none.

    Raises:
        OSError: the file cannot be written, or is no plain one.
    """
    replaceable(path)  # before it is read: nobody waits for who might write into a pipe
    # A tenth of a second to import.
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # noqa: PLC0415

    registry, job = CollectorRegistry(), path.name.removesuffix(".prom")

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(_PREFIX + name, text, (_LABEL, *labels), registry=registry)

    succeeded_at = _timestamp(path) if figures.succeeded_at is None else figures.succeeded_at.timestamp()
    if succeeded_at is not None:
        gauge("last_success_timestamp_seconds", "When the job last ended with exit code 0.").labels(job).set(
            succeeded_at
        )
    gauge("exit_code", "Exit code of the last command; 0 is success.").labels(job).set(figures.exit_code)
    gauge("start_timestamp_seconds", "When the last command began.").labels(job).set(figures.began_at.timestamp())
    gauge("end_timestamp_seconds", "When the last command ended.").labels(job).set(figures.ended_at.timestamp())
    duration = (figures.ended_at - figures.began_at).total_seconds()
    gauge("duration_seconds", "How long the last command took.").labels(job).set(duration)
    if figures.rows is not None:
        rows = gauge("rows", "Rows of the last run, by how they ended.", "outcome")
        for outcome, count in _by_outcome(figures).items():
            rows.labels(job, outcome).set(count)
        why = gauge("rows_by_reason", "Rows of the last run that did not succeed, by why.", "outcome", "reason")
        for (outcome, reason), count in figures.rows.items():
            if reason:
                why.labels(job, outcome, reason).set(count)
        gauge("requests", "Requests of the last run, over all its sessions.").labels(job).set(figures.requests)
        throttled = gauge("throttled_requests", "Requests of the last run that were answered 429.")
        throttled.labels(job).set(figures.throttled)
    if figures.limits:
        limit = gauge("learned_limit_requests", "Requests in one window that the service was found to take.", "scope")
        window = gauge("learned_limit_window_seconds", "Length of that window.", "scope")
        for learned in figures.limits:
            limit.labels(job, learned.scope).set(learned.requests)
            window.labels(job, learned.scope).set(learned.window_seconds)
    with replacing(path) as temporary:
        temporary.write_bytes(generate_latest(registry))
        temporary.chmod(READABLE_MODE)


def _by_outcome(figures: Figures) -> Counter[str]:
    counted: Counter[str] = Counter()
    for (outcome, _), count in (figures.rows or {}).items():
        counted[outcome] += count
    return counted


def _timestamp(path: Path) -> float | None:
    """Of the last success, by the file as it is; None where it does not say."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if path.stat().st_size <= _MOST_BYTES:
            return next(_values(path.read_text(encoding="utf-8")), None)
    return None


def _values(text: str) -> Iterator[float]:
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415  as above

    for family in text_string_to_metric_families(text):
        yield from (sample.value for sample in family.samples if sample.name == _LAST_SUCCESS)
