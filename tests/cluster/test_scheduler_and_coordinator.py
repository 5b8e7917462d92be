"""The scheduler or the coordinator goes: the run ends as it should, and is carried on without a password lost."""

import json
import os
import shutil
import signal
import time
from typing import Any

import pytest
from clustered import LEASE_SECONDS, Job, Site
from judging import between, judge, moment
from waiting import let_pass, until

pytestmark = pytest.mark.cluster
pytest_plugins = ("one_site",)


def summary(job: Job) -> Any:
    return json.loads((job.run_folder / "summary.json").read_text(encoding="utf-8"))


def begun(cluster: Site, *flags: str, rows: int = 150) -> Job:
    """With rows in flight on three workers."""
    cluster.up("w1", "w2", "w3")
    job = cluster.job(rows)
    job.begin(*flags)
    for name in ("w1", "w2", "w3"):
        job.until_sent(6, by=name)
    return job


@pytest.mark.parametrize("then", ["with another", "without one"])
def test_without_its_scheduler_the_run_ends_with_1_and_apply_carries_it_on(cluster: Site, then: str) -> None:
    job = begun(cluster)
    cluster.kill_scheduler()
    assert job.ended() == 1
    stopped = summary(job)
    assert (stopped["state"], stopped["stop"]["reason"]) == ("stopped", "interrupted")
    assert "apply" in stopped["stop"]["next_step"]
    assert len({line["user"] for line in job.requests}) < job.rows, "it was killed too late to tell"
    judge(job)
    if then == "with another":
        cluster.up("w1", "w2")
    job.carry_on(cluster=None if then == "with another" else "none")
    assert job.ended() == 0
    judge(job, in_process=then == "without one")
    assert summary(job)["outcomes"]["succeeded"] == job.rows


def test_workers_of_a_killed_coordinator_send_nothing_after_their_leases_and_the_next_one_waits(cluster: Site) -> None:
    job = begun(cluster)
    killed_at = time.time()
    job.coordinators[-1].kill()
    job.carry_on()
    assert job.ended() == 0
    judged = judge(job, killed=True)
    again = {one.correlation_id for one in judged.attempts if one.sent_at / 1000 > killed_at}
    first = [moment(line) for line in job.requests if line["correlation_id"] not in again]
    second = [moment(line) for line in job.requests if line["correlation_id"] in again]
    assert max(first) <= killed_at + LEASE_SECONDS
    assert max(first) < min(second)
    assert min(second) >= killed_at + LEASE_SECONDS


def test_a_worker_that_slept_while_the_coordinator_was_killed_sends_nothing_when_it_wakes(cluster: Site) -> None:
    job = begun(cluster, "--max-per-second", "20")
    with cluster.stopped("w1"):
        let_pass(1)
        killed_at = time.time()
        job.coordinators[-1].kill()
        before = len(job.requests)
        job.carry_on()
        job.until_sent(before + 1)
        woke = time.time()
    assert job.ended() == 0
    evidence = judge(job, killed=True)
    assert woke > killed_at + LEASE_SECONDS
    again = {one.correlation_id for one in evidence.attempts if one.sent_at / 1000 > killed_at}
    assert {line["correlation_id"] for line in between(job, killed_at, time.time())} <= again


def test_killed_again_and_again_every_password_in_force_is_sealed(cluster: Site) -> None:
    job = begun(cluster)
    for _ in range(2):
        job.coordinators[-1].kill()
        before = len(job.requests)
        job.carry_on()
        job.until_sent(before + 10)
    job.coordinators[-1].kill()
    job.carry_on()
    assert job.ended() == 0
    judge(job, killed=True)


@pytest.mark.parametrize("whole_terminal", [False, True], ids=["the process", "all of its terminal"])
def test_interrupted_the_rows_in_flight_are_finished(cluster: Site, *, whole_terminal: bool) -> None:
    job = begun(cluster)
    coordinator = job.coordinators[-1]
    if whole_terminal:
        os.killpg(coordinator.process.pid, signal.SIGINT)
    else:
        coordinator.signal(signal.SIGINT)
    assert job.ended() == 130
    evidence = judge(job)
    assert {one.verdict for one in evidence.attempts} == {"succeeded"}
    assert 0 < len(job.requests) < job.rows
    job.carry_on()
    assert job.ended() == 0
    judge(job)
    assert len(job.requests) == job.rows


def test_a_copy_of_a_runs_folder_that_is_carried_on_beside_it_sends_nothing(cluster: Site) -> None:
    """Not when the run itself has ended either: it would reset everybody once more."""
    job = begun(cluster, "--max-per-second", "25")
    job.coordinators[-1].signal(signal.SIGINT)
    assert job.ended() == 130
    before = len(job.requests)
    copy = job.folder / "copies" / job.name
    shutil.copytree(job.run_folder, copy)
    own = job.carry_on()
    job.until_sent(before + 10)
    for _ in range(2):
        job.carry_on(folder=copy)
        assert job.ended() == 11
        assert "a copy of this run's folder is carried out, or was" in job.said[-1].read_text(encoding="utf-8")
        until(lambda: not own.alive, "the end of the run itself")
    assert own.process.wait() == 0
    judge(job)
    assert len(job.requests) == job.rows


def test_two_runs_of_one_name_on_the_same_workers_do_not_hinder_one_another(cluster: Site) -> None:
    """Their folders are two, and so are they."""
    cluster.up("w1", "w2")
    one, other = cluster.job(name="nightly"), cluster.job(name="nightly")
    one.others, other.others = other.users, one.users
    one.begin("--max-per-second", "30")
    one.until_sent(10)
    other.begin("--max-per-second", "30")
    assert (one.ended(), other.ended()) == (0, 0)
    for job in (one, other):
        judge(job)
        assert len(job.requests) == job.rows
