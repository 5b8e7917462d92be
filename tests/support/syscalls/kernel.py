"""As much of ptrace and seccomp as is needed, through ctypes: numbers, registers, a filter. Linux on x86-64 alone."""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

_SEIZE: Final = 0x4206
_LISTEN: Final = 0x4208
_CONT: Final = 7
_SYSCALL: Final = 24
_GETREGS: Final = 12
_SETREGS: Final = 13
EVENT_SECCOMP: Final = 7
EVENT_STOP: Final = 128
SYSCALL_STOP: Final = 0x85
"""SIGTRAP with the bit that PTRACE_O_TRACESYSGOOD sets."""
WAIT_ALL: Final = 0x40000000
"""__WALL: threads too."""
# TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC, TRACESECCOMP, EXITKILL
_OPTIONS: Final = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000

AT_FDCWD: Final = -100
O_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PROT_WRITE: Final = 2
_MAP_SHARED: Final = 1

CALLS: Final = {
    1: "write", 2: "open", 9: "mmap", 18: "pwrite64", 20: "writev", 40: "sendfile", 44: "sendto", 45: "recvfrom",
    46: "sendmsg", 47: "recvmsg", 74: "fsync", 75: "fdatasync", 76: "truncate", 77: "ftruncate", 82: "rename",
    83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink", 88: "symlink", 162: "sync", 257: "openat",
    258: "mkdirat", 263: "unlinkat", 264: "renameat", 265: "linkat", 266: "symlinkat", 277: "sync_file_range",
    285: "fallocate", 296: "pwritev", 306: "syncfs", 316: "renameat2", 326: "copy_file_range", 328: "pwritev2",
    437: "openat2",
}  # fmt: skip
"""Those at which the program stops."""
_PRCTL: Final = 157
_LEAST_BYTES: Final = 16
"""Fewer than these are sent by a loop that wakes itself, and by no TLS."""
# (call, argument, bits): it stops only with one of these bits in that argument.
_ONLY_WITH: Final = {"open": (1, O_WRITING), "openat": (2, O_WRITING)}

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    """`struct user_regs_struct`."""

    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in (
            "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
            "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
        )
    ]  # fmt: skip

    def arguments(self) -> tuple[int, ...]:
        return self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9

    def result(self) -> int:
        return ctypes.c_longlong(self.rax).value

    def refuse(self, number: int) -> None:
        """The call that is about to be carried out will not be, and returns this errno."""
        self.orig_rax = (1 << 64) - 1
        self.rax = (1 << 64) - number


def seize(pid: int) -> None:
    """Begin to trace. Raises OSError: not allowed here, with what that may come from."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, f"it needs Linux on x86-64, this is {sys.platform} on {platform.machine()}")
    try:
        _ptrace(_SEIZE, pid, data=_OPTIONS)
    except OSError as error:
        why = "; ptrace has to be allowed (Yama's ptrace_scope below 3, in a container SYS_PTRACE)"
        raise OSError(error.errno, f"ptrace: {error.strerror}{why}") from error


def go_on(tid: int, *, with_signal: int = 0) -> None:
    _ptrace(_CONT, tid, data=with_signal)


def go_on_to_its_end(tid: int, *, with_signal: int = 0) -> None:
    """Stop again when the call has been carried out."""
    _ptrace(_SYSCALL, tid, data=with_signal)


def stay_stopped(tid: int) -> None:
    """As SIGSTOP asked for."""
    _ptrace(_LISTEN, tid)


def registers_of(tid: int) -> Registers:
    registers = Registers()
    _ptrace(_GETREGS, tid, data=ctypes.addressof(registers))
    return registers


def set_registers(tid: int, registers: Registers) -> None:
    _ptrace(_SETREGS, tid, data=ctypes.addressof(registers))


def _ptrace(request: int, tid: int, *, data: int = 0) -> None:
    if _libc.ptrace(request, tid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def stop_at_the_calls() -> None:
    """From now on this process, and whoever it begets, stops at them. Raises OSError."""
    program = _filter()
    code = ctypes.create_string_buffer(b"".join(program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    for option, first, second in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(head)),
    ):
        if _libc.prctl(option, first, ctypes.c_void_p(second), 0, 0) < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {os.strerror(number)}")


_ALLOW: Final = 0x7FFF0000
_TRACE: Final = 0x7FF00000
_ERRNO: Final = 0x00050000
_LOAD: Final = 0x20
_IF_EQUAL: Final = 0x15
_IF_GREATER: Final = 0x25
_IF_BIT: Final = 0x45
_RETURN: Final = 0x06


def _filter() -> list[bytes]:
    """Classic BPF over `struct seccomp_data`: the call's number at 0, its arguments at 16, 24, …."""
    program: list[bytes] = [_step(_LOAD, 0)]
    for number, name in CALLS.items():
        match name:
            case "open" | "openat":
                argument, bits = _ONLY_WITH[name]
                checks = [_step(_LOAD, 16 + 8 * argument), _step(_IF_BIT, bits, 0, 1)]
            case "mmap":
                # Both conditions, or it goes on.
                checks = [
                    _step(_LOAD, 16 + 8 * 2), _step(_IF_BIT, _PROT_WRITE, 0, 3),
                    _step(_LOAD, 16 + 8 * 3), _step(_IF_BIT, _MAP_SHARED, 0, 1),
                ]  # fmt: skip
            case "sendto" | "recvfrom":
                checks = [_step(_LOAD, 16 + 8 * 2), _step(_IF_GREATER, _LEAST_BYTES, 0, 1)]
            case _:
                checks = []
        program += _block(number, [*checks, _step(_RETURN, _TRACE)])
    # Who is not root may look into a process only as long as it is dumpable: it is told that it is not any more.
    refuse_quietly = [_step(_LOAD, 16), _step(_IF_EQUAL, _PR_SET_DUMPABLE, 0, 1), _step(_RETURN, _ERRNO)]
    return [*program, *_block(_PRCTL, refuse_quietly), _step(_RETURN, _ALLOW)]


def _block(number: int, steps: Sequence[bytes]) -> list[bytes]:
    """Those steps for one call, then it is let through; for the others, what follows."""
    block = [*steps, _step(_RETURN, _ALLOW)]
    return [_step(_IF_EQUAL, number, 0, len(block)), *block]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
