"""Three machines of jobs/cluster on loopback: the script's certificates, the units' own commands. `make programs`."""

import contextlib
import json
import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from acceptance_world import World, accounts, until
from job_files import JOBS

from batchreset.errors import ExitCode

pytestmark = pytest.mark.programs

MakeWorld = Callable[..., World]
CLUSTER: Final = JOBS / "cluster"
UNITS: Final = CLUSTER / "systemd"
HARDENED: Final = Path(__file__).parents[1] / "support" / "hardened.py"
MACHINES: Final = {"one": "127.0.0.1", "two": "127.0.0.2", "three": "127.0.0.3"}


def said(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def certificates(folder: Path, *names: str) -> Path:
    made = said("sh", CLUSTER / "certificates.sh", folder, *names)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    return folder


def free_port(address: str) -> int:
    with socket.create_server((address, 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass(slots=True, kw_only=True)
class Site:
    """The cluster as it runs."""

    papers: Path
    port: int
    health_port: int
    logs: list[Path]

    @property
    def flags(self) -> Sequence[str]:
        files = {"ca": "ca.pem", "cert": "run.pem", "key": "run.key"}
        named = [f"--cluster-{flag}-file={self.papers / name}" for flag, name in files.items()]
        return [f"--cluster=tls://127.0.0.1:{self.port}", *named]


def command_of(who: str, machine: str, *, folder: Path, papers: Path, ports: dict[str, int]) -> list[str]:
    """The unit's ExecStart as systemd would have it there, under what the unit forbids."""
    unit = UNITS / f"batchreset-{who}.service"
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    credentials = folder / machine
    credentials.mkdir()
    for name, source in (("ca.pem", "ca.pem"), ("own.pem", f"{machine}.pem"), ("own.key", f"{machine}.key")):
        (credentials / name).write_bytes((papers / source).read_bytes())
    for here, there in (
        ("/opt/batchreset/bin/dask", f"{sys.executable} -W ignore -m dask"),
        ("${CREDENTIALS_DIRECTORY}", str(credentials)), ("%t/", f"{folder}/"),
        ("${DASK_SCHEDULER_ADDRESS}", f"tls://127.0.0.1:{ports['scheduler']}"), ("${DASK_WORKER_NAME}", machine),
        ("tls://0.0.0.0:8790", f"tls://{MACHINES[machine]}:{ports[machine]}"),
        ("tls://%H:8790", f"tls://{MACHINES[machine]}:{ports[machine]}"),
        ("8786", str(ports["scheduler"])), ("8787", str(ports["health"])), (":8791", ":0"),
    ):  # fmt: skip
        line = line.replace(here, there)
    return [sys.executable, str(HARDENED), str(unit), *shlex.split(line)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One scheduler and two workers, all registered."""
    folder = tmp_path / "site"
    folder.mkdir()
    papers = certificates(folder / "papers", "one", "two", "three", "run")
    ports = {name: free_port("127.0.0.1") for name in ("scheduler", "health")}
    ports |= {name: free_port(address) for name, address in MACHINES.items()}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    with contextlib.ExitStack() as stack:
        logs = []
        for machine in MACHINES:
            logs.append(folder / f"{machine}.txt")
            who = "scheduler" if machine == "one" else "worker"
            process = subprocess.Popen(
                command_of(who, machine, folder=folder, papers=papers, ports=ports),
                env=environment, stdout=stack.enter_context(logs[-1].open("wb")), stderr=subprocess.STDOUT,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
        scheduler = logs[0]
        until(lambda: scheduler.read_text().count("Register worker addr: tls://") == 2, seconds=30)
        yield Site(papers=papers, port=ports["scheduler"], health_port=ports["health"], logs=logs)


def greeted(port: int, certificate: Path | None) -> bytes:
    """What the scheduler says first to whoever shows this certificate; none: to plain TCP."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        if certificate is None:
            plain.sendall(b"\0" * 64)
            return plain.recv(64)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        with context.wrap_socket(plain) as sealed:
            return sealed.recv(64)


def test_members_only_are_spoken_to_and_only_over_tls(site: Site, tmp_path: Path) -> None:
    strangers = certificates(tmp_path / "strangers", "run")
    assert len(greeted(site.port, site.papers / "run.pem")) > 8
    with pytest.raises((ssl.SSLError, ConnectionError)):
        greeted(site.port, strangers / "run.pem")
    with contextlib.suppress(ConnectionError):
        assert greeted(site.port, None) == b""


def test_beside_health_nothing_is_shown(site: Site) -> None:
    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{site.health_port}/{path}", timeout=5) as answer:
                code: int = answer.status
                return code
        except urllib.error.HTTPError as error:
            return error.code

    pages = ("health", "status", "info/main/workers.html", "json/counts.json", "metrics", "api/v1/retire_workers")
    assert [status(page) for page in pages] == [200, 404, 404, 404, 404, 404]
    with urllib.request.urlopen(f"http://127.0.0.1:{site.health_port}/sitemap.json", timeout=5) as answer:
        assert json.loads(answer.read()) == {"paths": ["/health", "/sitemap.json"]}


def test_a_run_is_sent_by_the_workers_and_no_secret_is_in_their_logs(site: Site, make_world: MakeWorld) -> None:
    made = make_world()
    made.input(accounts(20, 10, 10))
    ran = made.batchreset("run", made.folder / "users.csv", "--run-id", "r", "--yes", *site.flags)
    assert (ran.code, made.resets) == (ExitCode.OK, 40), ran.stderr
    passwords = {line["password"] for line in made.handover("r")}
    assert len(passwords) == 40
    logged = "".join(log.read_text() for log in site.logs)
    assert not [password for password in passwords if password in logged]


def test_the_authority_stays_when_the_script_is_called_again(tmp_path: Path) -> None:
    folder = certificates(tmp_path / "papers", "one", "two")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    certificates(folder, "two", "three")
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after.keys() - before.keys() == {"three.pem", "three.key"}
    assert {name for name in before if before[name] != after[name]} == {"two.pem", "two.key"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["ca", "../x", "-x", "a b", ""])
def test_a_name_that_is_no_machines_is_refused_before_anything_is_made(name: str, tmp_path: Path) -> None:
    refused = said("sh", CLUSTER / "certificates.sh", tmp_path / "papers", "one", name)
    assert (refused.returncode, (tmp_path / "papers").exists()) == (2, False)


def test_systemd_and_shellcheck_have_nothing_to_say(tmp_path: Path) -> None:
    for unit in UNITS.glob("*.service"):
        # Here the program is elsewhere, which systemd would tell.
        text = unit.read_text(encoding="utf-8").replace("/opt/batchreset/bin/dask", "/bin/sh")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    told = said("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.glob("*.service")))
    assert (told.returncode, told.stderr) == (0, "")
    checked = said("shellcheck", "--severity=style", CLUSTER / "certificates.sh")
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("who", ["scheduler", "worker"])
def test_the_units_exposure_is_as_the_readme_says(who: str) -> None:
    told = said("systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / f"batchreset-{who}.service")
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert score
    assert f"says {score[1]} of both units" in (CLUSTER / "README.md").read_text(encoding="utf-8")
