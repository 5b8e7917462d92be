"""`--cluster local:N`: worker processes of this machine, that come with a run and go with it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from clustered import Job, Site
from judging import judge
from waiting import until

pytestmark = pytest.mark.cluster
pytest_plugins = ("one_site",)

LOCAL = "local:2"


@pytest.fixture
def job(cluster: Site) -> Iterator[Job]:
    """With rows in flight; when it is over, nothing that was started for it is left."""
    job = cluster.job()
    job.begin("--max-per-second", "40", cluster=LOCAL)
    job.until_sent(20)
    yield job
    until(lambda: not cluster.hosts["coordinator"].pids, "the end of all that was started for the run", seconds=20)


def processes(job: Job, words: str) -> list[int]:
    """Of the coordinator's host, those that were started with these words."""
    pids = job.site.hosts["coordinator"].pids
    return [pid for pid in pids if words in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def test_its_workers_send_and_are_gone_when_it_ends(job: Job) -> None:
    assert job.ended() == 0
    judge(job, in_process=True)
    assert len(job.requests) == job.rows


def test_rows_of_a_killed_worker_process_are_sent_by_others(job: Job) -> None:
    forked = set(processes(job, "forkserver"))
    victim = next(pid for pid in forked if parent(pid) in forked)
    os.kill(victim, signal.SIGKILL)
    assert job.ended() == 0
    judge(job, in_process=True)


def test_without_the_process_that_holds_them_the_run_ends_with_1_and_apply_carries_it_on(job: Job) -> None:
    (holder,) = processes(job, "local_cluster")
    os.kill(holder, signal.SIGKILL)
    assert job.ended() == 1
    judge(job, in_process=True)
    job.carry_on(cluster="none")
    assert job.ended() == 0
    judge(job, in_process=True)


def test_they_do_not_outlive_a_killed_coordinator_and_apply_carries_the_run_on(cluster: Site, job: Job) -> None:
    os.kill(job.coordinators[-1].process.pid, signal.SIGKILL)
    until(lambda: not cluster.hosts["coordinator"].pids, "the end of its workers", seconds=20)
    job.carry_on(cluster=LOCAL)
    assert job.ended() == 0
    judge(job, killed=True, in_process=True)


def test_interrupted_at_a_terminal_the_rows_in_flight_are_finished(job: Job) -> None:
    os.killpg(job.coordinators[-1].process.pid, signal.SIGINT)
    assert job.ended() == 130
    evidence = judge(job, in_process=True)
    assert {one.verdict for one in evidence.attempts} == {"succeeded"}
    assert 0 < len(job.requests) < job.rows
