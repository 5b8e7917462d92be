"""What a program does to a folder of the disk, call by call: recorded, and killed or failed at any of them.

The program runs as it is, under ptrace; a seccomp filter stops it at the calls that matter alone. Linux on x86-64.
"""

from syscalls.operations import Fail, Kill, Kind, Match, Operation, Recording, Remove, Rule, Shorten, Watch
from syscalls.watcher import Gate, watched

__all__ = [
    "Fail",
    "Gate",
    "Kill",
    "Kind",
    "Match",
    "Operation",
    "Recording",
    "Remove",
    "Rule",
    "Shorten",
    "Watch",
    "watched",
]
