"""A program under what a systemd service's unit forbids, without systemd: system calls, executable memory, sockets.

`python hardened.py UNIT COMMAND…` runs the command as the unit's SystemCallFilter, MemoryDenyWriteExecute and
RestrictAddressFamilies would have it. Linux with libseccomp, which systemd itself stands on.
"""

import ctypes
import errno
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_MDWE: Final = 65
_REFUSE_EXEC_GAIN: Final = 1
"""linux/prctl.h; since Linux 6.3."""
_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 0x00050000 | errno.EPERM
_EQUAL: Final = 4
"""seccomp.h"""


class _Compare(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def directives(unit: Path) -> Mapping[str, Sequence[str]]:
    """All assignments of a unit file, by name, in their order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, is_assignment, value = line.partition("=")
        if is_assignment and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def allowed_calls(filters: Sequence[str]) -> set[str]:
    """Of the SystemCallFilter lines: what they let through, as systemd-analyze takes its groups apart."""
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    )
    groups: dict[str, list[str]] = {}
    members: list[str] = []
    for line in re.sub(r"\x1b\[[\d;]*m", "", told.stdout).splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())

    def calls(name: str) -> set[str]:
        return set().union(*map(calls, groups[name])) if name.startswith("@") else {name}

    allowed = calls("@default")
    for line in filters:
        named = set().union(*map(calls, line.removeprefix("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def forbid(calls: set[str], families: Sequence[str]) -> None:
    """From now on this process and what it starts can make no other calls, and no sockets of other families."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    filters = ctypes.c_void_p(library.seccomp_init(_EPERM))
    for call in sorted(calls - {"socket"}):
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            library.seccomp_rule_add_array(filters, ctypes.c_uint32(_ALLOW), number, 0, None)
    number = library.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        compare = _Compare(argument=0, operation=_EQUAL, first=getattr(socket, family))
        library.seccomp_rule_add_array(filters, ctypes.c_uint32(_ALLOW), number, 1, ctypes.byref(compare))
    if library.seccomp_load(filters):
        raise OSError("the filter could not be loaded")


def main() -> None:
    unit, command = directives(Path(sys.argv[1])), sys.argv[2:]
    calls = allowed_calls(unit["SystemCallFilter"])
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "this kernel cannot refuse executable memory")
    given = dict(word.partition("=")[::2] for line in unit["Environment"] for word in shlex.split(line))
    environment = {**os.environ, **{name: value for name, value in given.items() if "%" not in value}}
    forbid(calls, [family for line in unit["RestrictAddressFamilies"] for family in line.split()])
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main()
