"""Workers that are killed, stopped, drained, cut off, or come late: nothing is lost, nothing sent twice or too late."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from clustered import LEASE_SECONDS, Job, Site
from judging import between, judge, logs_of, sent_again
from proof import Evidence
from waiting import let_pass, until

pytestmark = pytest.mark.cluster
pytest_plugins = ("one_site",)

SILENCE_SECONDS = 5.0
SLOWLY = ("--max-per-second", "10")
"""A run of two hundred rows outlives any lease then."""
SUPPORT = Path(__file__).parents[1] / "support"


def by_worker(job: Job) -> Counter[str]:
    """How many resets each has sent."""
    names = {host.egress: host.name for host in job.site.hosts.values()}
    return Counter(names[line["peer"]] for line in job.requests)


def lost(evidence: Evidence) -> int:
    """Attempts that were lost with whoever had them."""
    return sum(one.verdict == "sender_lost" for one in evidence.attempts)


def test_requests_come_from_every_worker_and_none_from_the_coordinator(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job()
    job.begin("--report")
    assert job.ended() == 0
    judge(job)
    sent = by_worker(job)
    assert set(sent) == {"w1", "w2", "w3"}
    assert sent.total() == job.rows
    assert min(sent.values()) > job.rows / 10


def test_the_checker_of_files_says_the_same_of_it(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job(60)
    job.begin()
    assert job.ended() == 0
    applied, requests = logs_of(job)
    words: list[str | Path] = [
        sys.executable, "-m", "proof", job.source, job.run_folder, "--key", cluster.key, "--applied-log", applied,
        "--request-log", requests,
    ]  # fmt: skip
    environ = {"PYTHONPATH": os.pathsep.join(map(str, (SUPPORT, SUPPORT.parents[1])))}
    said = subprocess.run([*map(str, words)], env=environ, cwd=SUPPORT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "every promise holds\n"), said.stderr


def test_rows_of_a_killed_worker_are_sent_by_others_with_the_same_password(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job()
    job.begin()
    job.until_sent(10, by="w1")
    cluster.signal("w1", signal.SIGKILL)
    assert job.ended() == 0
    assert lost(judge(job)) > 0
    assert sent_again(job)


def test_a_worker_stopped_until_its_leases_are_over_sends_none_of_them_when_it_wakes(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job(650)
    # So many a second that one that is stopped is handed some before it is known to be silent.
    job.begin("--max-per-second", "25")
    job.until_sent(5, by="w1")
    with cluster.stopped("w1"):
        began = time.time()
        let_pass(SILENCE_SECONDS + LEASE_SECONDS + 1)
        woke = time.time()
    assert job.ended() == 0
    evidence = judge(job)
    address = cluster.hosts["w1"].egress
    assert not [line for line in between(job, began + 0.5, woke) if line["peer"] == address]
    assert sum(evidence.cut_off.values()) > 0, "it had been handed no row that it could have sent late"


def test_a_worker_stopped_for_a_moment_loses_no_row(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job()
    job.begin("--max-per-second", "30")
    job.until_sent(10, by="w1")
    with cluster.stopped("w1"):
        let_pass(1.5)
        woke = time.time()
    assert job.ended() == 0
    assert lost(judge(job)) == 0
    assert len(job.requests) == job.rows
    assert [line for line in between(job, woke + 0.5, time.time()) if line["peer"] == cluster.hosts["w1"].egress]


def test_a_retired_worker_ends_what_it_has_and_nothing_is_sent_again(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job(300)
    job.begin("--max-per-second", "25")
    job.until_sent(10, by="w1")
    cluster.retire("w1")
    at = len(job.requests)
    assert at < job.rows, "it was retired too late to tell"
    assert job.ended() == 0
    assert lost(judge(job)) == 0
    assert len(job.requests) == job.rows
    assert cluster.hosts["w1"].egress not in {line["peer"] for line in job.requests[at:]}


def test_a_worker_told_to_end_loses_the_run_no_row(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job()
    job.begin("--max-per-second", "30")
    job.until_sent(10, by="w1")
    cluster.signal("w1", signal.SIGTERM)
    until(lambda: not cluster.workers["w1"].alive, "the end of w1")
    assert job.ended() == 0
    judge(job)


@pytest.mark.parametrize("seconds", [8.0, SILENCE_SECONDS + LEASE_SECONDS + 2], ids=["for a while", "for long"])
def test_a_worker_cut_off_the_cluster_goes_on_sending_nothing_that_others_send(cluster: Site, seconds: float) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job(100 + int(10 * seconds))
    job.begin(*SLOWLY)
    job.until_sent(5, by="w1")
    with cluster.cut_off("w1"):
        let_pass(seconds)
    assert job.ended() == 0
    judge(job)


def test_cut_off_to_the_end_and_healed_afterwards_it_sends_nothing_more(cluster: Site) -> None:
    cluster.up("w1", "w2", "w3")
    job = cluster.job()
    job.begin()
    job.until_sent(10, by="w1")
    with cluster.cut_off("w1"):
        assert job.ended() == 0
        ended = time.time()
    let_pass(2)
    judge(job)
    assert not between(job, ended, time.time())


@pytest.mark.parametrize("again", ["none", pytest.param("cluster", marks=pytest.mark.torture)])
def test_what_a_network_held_back_does_not_arrive_when_the_next_session_has_reset_the_account(
    cluster: Site, again: str
) -> None:
    """A request that was written lies in the system's buffers, and is said again until somebody hears it."""
    cluster.up("w1", "w2")
    job = cluster.job()
    job.begin("--max-per-second", "30")
    job.until_sent(10, by="w1")
    cluster.hosts["w1"].hold_back()
    let_pass(0.5)
    with cluster.held_back("w1"):
        job.coordinators[-1].kill()
        job.carry_on(cluster="none" if again == "none" else None)
        assert job.ended() == 0
        ended = time.time()
    let_pass(20)
    judge(job, killed=True, in_process=again == "none")
    assert not between(job, ended, time.time())


def test_a_worker_that_joins_in_the_middle_gets_rows(cluster: Site) -> None:
    cluster.up("w1")
    job = cluster.job(200)
    job.begin("--max-per-second", "25")
    job.until_sent(20)
    cluster.begin_workers("w2")
    assert job.ended() == 0
    judge(job)
    assert set(by_worker(job)) == {"w1", "w2"}
    assert len(job.requests) == job.rows


def test_a_run_that_begins_before_any_worker_waits_for_one(cluster: Site) -> None:
    cluster.up()
    assert cluster.scheduler is not None
    scheduler = cluster.scheduler
    before = scheduler.said.count("Receive client connection")
    job = cluster.job(60)
    job.begin()
    until(lambda: scheduler.said.count("Receive client connection") > before, "the run has come to the scheduler")
    cluster.begin_workers("w1")
    assert job.ended() == 0
    judge(job)


def test_when_all_are_killed_the_run_waits_for_another(cluster: Site) -> None:
    cluster.up("w1", "w2")
    job = cluster.job()
    job.begin()
    for name in ("w1", "w2"):
        job.until_sent(6, by=name)
    for name in ("w1", "w2"):
        cluster.signal(name, signal.SIGKILL)
    cluster.begin_workers("w3")
    assert job.ended() == 0
    judge(job)
    assert set(by_worker(job)) == {"w1", "w2", "w3"}


@pytest.mark.torture
def test_without_any_worker_for_a_minute_the_run_ends_and_can_be_carried_on(cluster: Site) -> None:
    cluster.up("w1", "w2")
    job = cluster.job()
    job.begin()
    job.until_sent(20)
    for name in ("w1", "w2"):
        cluster.signal(name, signal.SIGKILL)
    assert job.ended(seconds=100) == 1
    judge(job)
    cluster.up("w1")
    job.carry_on()
    assert job.ended() == 0
    judge(job)
