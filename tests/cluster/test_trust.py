"""Who is let in: nothing is sent through a cluster that is not the one that was meant."""

import shutil
from pathlib import Path

import pytest
from acceptance_world import TOKEN
from clustered import Job, Site
from judging import judge
from papers import Papers, papers

import batchreset

pytestmark = pytest.mark.cluster
pytest_plugins = ("one_site",)

TCP = "tcp://10.77.1.3:8786"


def refused(job: Job) -> str:
    """What it said, of a run that has sent nothing."""
    assert job.ended() == 2, job.coordinators[-1].said
    assert job.requests == []
    return job.coordinators[-1].said


@pytest.fixture
def strangers(tmp_path: Path) -> Papers:
    """Of another authority."""
    return papers(tmp_path / "strangers")


def test_a_scheduler_of_another_authority_is_not_believed(cluster: Site, strangers: Papers) -> None:
    cluster.up("w1")
    job = cluster.job(20)
    job.begin("--cluster-ca-file", strangers.ca)
    assert "certificate" in refused(job)


def test_a_coordinator_of_another_authority_is_not_let_in(cluster: Site, strangers: Papers) -> None:
    cluster.up("w1")
    host = cluster.hosts["coordinator"]
    certificate, key = strangers.of(host.cluster)
    job = cluster.job(20)
    job.begin("--cluster-cert-file", certificate, "--cluster-key-file", key)
    assert "give as cert_file and key_file a certificate of that cluster's CA" in refused(job)


def test_plain_tcp_to_another_host_is_refused_before_anything_is_said(cluster: Site) -> None:
    job = cluster.job(20)
    job.begin(cluster=TCP)
    assert "--cluster-plain-tcp" in refused(job)


def test_where_no_scheduler_answers_the_run_ends_before_it_begins(cluster: Site) -> None:
    job = cluster.job(20)
    job.begin(cluster=f"tls://{cluster.hosts['scheduler'].cluster}:8799")
    assert "8799" in refused(job)


def test_plain_tcp_is_used_where_somebody_says_so_and_carries_no_password_and_no_token_in_clear(cluster: Site) -> None:
    cluster.up()
    address = cluster.begin_plain("w4")
    overheard = cluster.hosts["coordinator"].overhear(cluster.folder / "overheard.bin")
    job = cluster.job(60)
    job.begin("--cluster-plain-tcp", cluster=address)
    assert job.ended() == 0
    overheard.kill()
    evidence = judge(job)
    heard = overheard.log.read_bytes()
    assert cluster.base_url.encode() in heard, "a clear text is understood"
    assert len(evidence.sealed) == job.rows
    assert not [one for one in evidence.sealed if one.password.encode() in heard]
    assert TOKEN.encode() not in heard


@pytest.mark.parametrize("which", ["another version", "nothing of it"])
def test_a_worker_with_another_batchreset_gets_no_row_and_the_log_says_why(
    cluster: Site, tmp_path: Path, which: str
) -> None:
    cluster.up("w1")
    cluster.begin_workers("w2", environ={"PYTHONPATH": str(other_batchreset(tmp_path, which))})
    cluster.harmed.add("w2")
    job = cluster.job(60)
    job.begin()
    assert job.ended() == 0
    assert {line["peer"] for line in job.requests} == {cluster.hosts["w1"].egress}
    log = (job.run_folder / "log.ndjson").read_text(encoding="utf-8")
    assert "sender.refused" in log
    if which == "another version":
        assert f"it has batchreset 9.9.9, and the coordinator {batchreset.__version__}" in log


def other_batchreset(folder: Path, which: str) -> Path:
    """What is imported instead of ours where this folder comes first."""
    package = folder / "batchreset"
    if which == "nothing of it":
        package.mkdir()
        (package / "__init__.py").write_text("", encoding="utf-8")
        return folder
    shutil.copytree(Path(batchreset.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    version = package / "__init__.py"
    text = version.read_text(encoding="utf-8").replace(batchreset.__version__, "9.9.9")
    version.write_text(text, encoding="utf-8")
    return folder
