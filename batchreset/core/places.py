"""Where a run's requests are sent from: by worker processes of this machine, or by those of a cluster."""

import difflib
import json
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

MOST_LOCAL_WORKERS: Final = 64
"""Of one machine: each is a process with an interpreter of its own, about 100 MB."""

_LOCAL: Final = "local:"
_SAFE: Final = "tls"
_ADDRESS: Final = re.compile(r"(?P<scheme>[^/]*)://(?P<rest>.*)", re.DOTALL)
_PLACE: Final = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[^\[\]:]*))(?::(?P<port>[0-9]{1,10}))?")
_NO_NUMBER: Final = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]:/?#]*):(?![0-9]+\Z)[^\[\]:/?#]+")
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NO_SCHEME: Final = re.compile(r"[^/\\]+:[0-9]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_NAME: Final = 253
_LARGEST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class LocalWorkers:
    """So many worker processes, started for this run and ended with it."""

    workers: int


@dataclass(frozen=True, slots=True)
class SchedulerAt:
    """A cluster that is there already; `tls://` or `tcp://`, then `host:port` in ASCII, an IPv6 address in brackets."""

    address: str


@dataclass(frozen=True, slots=True)
class SchedulerFile:
    """A cluster that is there already, by the file that its scheduler writes (Dask's `--scheduler-file`)."""

    path: str


Place = LocalWorkers | SchedulerAt | SchedulerFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """How to come to the workers, checked: files are there and fit.

    Attributes:
        ca_file: PEM, whom to believe; empty, as the other two, for local workers and for plain TCP.
        cert_file: PEM, who this is.
        key_file: PEM, its private key.
        plain_tcp: whether another host may be spoken to without TLS.
    """

    place: LocalWorkers | SchedulerAt
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    plain_tcp: bool = False


def place_of(text: str) -> Place:
    """`local:4`, `tls://host:port`, `tcp://host:port`, or the path of a scheduler file.

    Raises:
        ValueError: it is none of them, and why, for a person; nothing of the text is repeated.
    """
    if text.lower() == "local" or text.lower().startswith(_LOCAL):
        return LocalWorkers(_workers(text[len(_LOCAL) :]))
    if "://" in text:
        return SchedulerAt(_address(text))
    if text.lower().startswith(("tls:", "tcp:")):
        raise ValueError("an address has two slashes: tls://host:port")
    if _NO_SCHEME.fullmatch(text):
        near = difflib.get_close_matches(text.partition(":")[0].lower(), [_LOCAL])
        meant = f"; did you mean {_LOCAL}N?" if near else ""
        raise ValueError(f"an address begins with tls://, a file of such a name with ./{meant}")
    if not text or _CONTROL.search(text):
        raise ValueError("it is no path")
    return SchedulerFile(text)


def address_in(content: str) -> SchedulerAt:
    """The scheduler's address from the file that it wrote.

    Raises:
        ValueError: there is none in it, or none that can be used; for a person, nothing of the content is repeated.
    """
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON, as a scheduler writes it") from None
    address = facts.get("address") if isinstance(facts, dict) else None
    if not isinstance(address, str):
        # TRY004: nobody called it wrongly; it is what somebody else's file holds.
        raise ValueError('it has no "address", as a scheduler writes it')  # noqa: TRY004
    try:
        return SchedulerAt(_address(address))
    except ValueError as error:
        raise ValueError(f'its "address" cannot be used: {error}') from None


def is_tls(at: SchedulerAt) -> bool:
    """Whether all that is said to it is encrypted, and both sides show who they are."""
    return at.address.startswith(f"{_SAFE}://")


def is_loopback(at: SchedulerAt) -> bool:
    """Whether what is said to it surely never leaves this machine. Other names than `localhost` may mean anything."""
    host = at.address.partition("://")[2].rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return _unmapped(found).is_loopback


def is_safe(at: SchedulerAt, *, plain_tcp: bool) -> bool:
    """Whether it may be spoken to: by TLS, on this machine, or because somebody said that the network is safe."""
    return is_tls(at) or is_loopback(at) or plain_tcp


def _unmapped(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _workers(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_LOCAL_WORKERS:
        raise ValueError(f"local: is followed by a number of workers, 1 to {MOST_LOCAL_WORKERS}, as in local:4")
    return int(text)


def _address(text: str) -> str:
    """As Dask takes it. Raises ValueError."""
    found = _ADDRESS.fullmatch(text)
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in {_SAFE, "tcp"}:
        raise ValueError("a scheduler's address begins with tls:// or tcp://")
    if "@" in found["rest"]:
        raise ValueError("a user name does not belong in it")
    if not found["rest"]:
        raise ValueError("it has neither a host nor a port: tls://host:port")
    place = _PLACE.fullmatch(found["rest"])
    if place is None and _NO_NUMBER.fullmatch(found["rest"]):
        raise ValueError(f"a port is a number from 1 to {_LARGEST_PORT}")
    if place is None:
        raise ValueError(f"it is not {scheme}://host:port, and nothing after the port")
    if place["port"] is None:
        raise ValueError("it has no port; a scheduler's is 8786 unless it was told otherwise")
    port = int(place["port"])
    if not 1 <= port <= _LARGEST_PORT:
        raise ValueError(f"a port is a number from 1 to {_LARGEST_PORT}")
    host = f"[{_ipv6(place['ipv6'])}]" if place["ipv6"] else _host(place["host"])
    return f"{scheme}://{host}:{port}"


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise ValueError("what stands in the brackets is no IPv6 address") from None


def _host(text: str) -> str:
    labels = text.removesuffix(".").split(".")
    if len(text) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("it has no host's name or address before the port")
    if labels[-1].isdecimal():
        # Whatever ends in a number is one to whoever resolves it: 127.1 and 2130706433 are 127.0.0.1.
        try:
            return str(IPv4Address(text))
        except ValueError:
            raise ValueError("a host that ends in a number is an IPv4 address, such as 10.0.0.7") from None
    return text.lower()
