"""Several hosts on one machine: network namespaces and two switches between them, all gone with the tests.

Each host has an address in the cluster, where Dask speaks, and one of its own towards the service. Nothing outside the
namespaces is touched: the switches are in one, too.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PREFIX: Final = "batchreset-"
_IP: Final = shutil.which("ip") or "/sbin/ip"
"""Some users' search path has no /sbin."""
_NAMED: Final = Path("/run/netns")
_SWITCH: Final = "switch"
_SIDES: Final = {"cluster": 1, "egress": 2}
_WHAT_TO_DO: Final = (
    "tests of clusters put each host into a network namespace: run them as root (in a container with CAP_SYS_ADMIN and"
    " CAP_NET_ADMIN) where iproute2 is installed, or leave them out: `make test` does"
)


_OVERHEAR: Final = """
import socket, sys
frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
frames.bind((sys.argv[1], 0))
while True:
    sys.stdout.buffer.write(b"heard:" + frames.recv(1 << 17))
    sys.stdout.buffer.flush()
"""


class NoHostsError(Exception):
    """Hosts cannot be made here."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program on a host, in a process group of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        """All it wrote, to either stream."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """To that process alone."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """With all of its group; it is gone then."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One of them.

    Attributes:
        number: its last octet, in both networks.
        started: all that ever ran on any of the hosts.
    """

    name: str
    number: int
    family: str
    started: list[Running] = field(default_factory=list, repr=False)

    @property
    def cluster(self) -> str:
        """Its address there."""
        return f"10.77.1.{self.number}"

    @property
    def egress(self) -> str:
        """Where its requests to the service come from."""
        return f"10.77.2.{self.number}"

    def start(self, words: Sequence[str | Path], *, environ: Mapping[str, str], folder: Path, log: Path) -> Running:
        """Run a program here; its output goes to the end of `log`."""
        self.started.append(_started(self.family + self.name, words, environ=environ, folder=folder, log=log))
        return self.started[-1]

    def overhear(self, log: Path) -> Running:
        """Write all that it says to the cluster, and hears from there, to the end of `log`, as it passes the switch."""
        words = [sys.executable, "-c", _OVERHEAR, f"cluster-{self.number}"]
        self.started.append(_started(self.family + _SWITCH, words, environ={}, folder=log.parent, log=log))
        return self.started[-1]

    @property
    def pids(self) -> list[int]:
        """Of all that runs on it."""
        return [int(pid) for pid in _ip("netns", "pids", self.family + self.name).split()]

    def cut(self) -> None:
        """Off the cluster, both ways and silently: neither side is told. Its way to the service stays."""
        self._ip(f"link set cluster-{self.number} nomaster")

    def heal(self) -> None:
        """As before."""
        self._ip(f"link set cluster-{self.number} master cluster")

    def hold_back(self) -> None:
        """What it says to the service is heard by nobody, and its system says it again and again."""
        self._ip(f"link set egress-{self.number} nomaster")

    def let_go(self) -> None:
        """As before."""
        self._ip(f"link set egress-{self.number} master egress")

    def _ip(self, line: str) -> None:
        _ip("-n", self.family + _SWITCH, *line.split())


def _started(
    namespace: str, words: Sequence[str | Path], *, environ: Mapping[str, str], folder: Path, log: Path
) -> Running:
    with log.open("ab") as output:
        # `ip netns exec` becomes the program, so that the process is the program's own.
        process = subprocess.Popen(
            [_IP, "netns", "exec", namespace, *map(str, words)],
            cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    return Running(process, log)


@contextlib.contextmanager
def hosts(*names: str) -> Iterator[dict[str, Host]]:
    """By name. At the end all that runs on them is killed, and they are gone. Raises NoHostsError."""
    _remove_of_the_dead()
    family = f"{_PREFIX}{_identity(os.getpid())}-"
    started: list[Running] = []
    made = {
        name: Host(name=name, number=number, family=family, started=started)
        for number, name in enumerate(names, start=2)
    }
    try:
        _make(family, list(made.values()))
        yield made
    finally:
        _remove(family)
        for running in started:
            running.kill()


def _make(family: str, members: Sequence[Host]) -> None:
    switch = family + _SWITCH
    for name in (_SWITCH, *(host.name for host in members)):
        _ip("netns", "add", family + name)
    links = [f"link add {side} type bridge\nlink set {side} up" for side in _SIDES]
    for host in members:
        for side in _SIDES:
            port = f"{side}-{host.number}"
            links.append(
                f"link add {port} type veth peer name {side} address {_mac(side, host)} netns {family}{host.name}\n"
                f"link set {port} master {side} up"
            )
    _batch(switch, links)
    for host in members:
        _batch(family + host.name, _interfaces(host, members))


def _interfaces(host: Host, members: Sequence[Host]) -> Iterator[str]:
    yield "link set lo up"
    for side in _SIDES:
        yield f"addr add {getattr(host, side)}/24 dev {side}"
        yield f"link set {side} up"
        # Nobody asks who is there: where a host is cut off, silence is all that others hear, not "no route to host".
        for other in members:
            if other is not host:
                yield f"neigh add {getattr(other, side)} lladdr {_mac(side, other)} dev {side} nud permanent"


def _mac(side: str, host: Host) -> str:
    return f"02:00:00:77:{_SIDES[side]:02x}:{host.number:02x}"


def _batch(namespace: str, lines: Iterator[str] | Sequence[str]) -> None:
    _ip("-n", namespace, "-batch", "-", given="\n".join(lines))


def _ip(*words: str, given: str = "") -> str:
    try:
        done = subprocess.run([_IP, *words], input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoHostsError(f"there is no program {_IP}: {_WHAT_TO_DO}") from error
    if done.returncode:
        raise NoHostsError(f"`ip {' '.join(words)}` failed ({done.stderr.strip()}): {_WHAT_TO_DO}")
    return done.stdout


def _identity(pid: int) -> str:
    """Of a process that lives: no later one of the same number has it."""
    began = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return f"{pid}.{began}"


def _remove_of_the_dead() -> None:
    """What is left of test runs that were killed."""
    found = {name.removeprefix(_PREFIX).split("-")[0] for name in _names(_PREFIX)}
    for identity in found:
        try:
            lives = _identity(int(identity.partition(".")[0])) == identity
        except FileNotFoundError:
            lives = False
        if not lives:
            _remove(f"{_PREFIX}{identity}-")


def _names(prefix: str) -> list[str]:
    return sorted(path.name for path in _NAMED.glob(f"{prefix}*"))


def _remove(family: str) -> None:
    for name in _names(family):
        # Two of them may remove what a third one left.
        with contextlib.suppress(NoHostsError):
            for pid in _ip("netns", "pids", name).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _ip("netns", "del", name)
