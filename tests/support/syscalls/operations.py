"""The words: operations on files below a folder, and rules for what is to happen at which of them. Values alone."""

import enum
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path


class Kind(enum.Enum):
    """What a call does; many calls are of one kind."""

    OPEN = "open"
    """For writing, or to make or empty a file."""
    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC = "sync"
    RENAME = "rename"
    UNLINK = "unlink"
    MKDIR = "mkdir"
    RMDIR = "rmdir"
    MAP = "map"
    """A file's pages, shared and for writing: what is written there later is not seen."""
    SEND = "send"
    """On a socket."""
    RECEIVE = "receive"
    OTHER = "other"
    """A way to change a file that is not followed."""


CHANGES = frozenset(Kind) - {Kind.SEND, Kind.RECEIVE}
"""On the disk."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """One call.

    Attributes:
        path: below the folder that is watched; "." is that folder itself; empty for sockets.
        to: of a rename.
        file: number of the file in its recording, the same whatever its name is; 0 for folders and sockets.
        offset: of a write.
        data: of a write, as much as was written.
        size: of a truncation, or how many bytes were sent.
        created: an open that made the file.
        truncated: an open that emptied it.
        result: as the call returned it; negative: an errno.
        began: seconds since 1970, before the call.
        ended: after it.
    """

    kind: Kind
    path: str = ""
    to: str = ""
    file: int = 0
    offset: int = 0
    data: bytes = b""
    size: int = 0
    created: bool = False
    truncated: bool = False
    result: int = 0
    began: float = 0.0
    ended: float = 0.0

    @property
    def name(self) -> str:
        """The last part of the path; of a rename, that of the new one."""
        return (self.to or self.path).rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which operations are meant.

    Attributes:
        name: of the file, as a shell would match it.
        least: so many bytes were sent or received; can be told only when the call has been carried out.
        since: when given, only the first one after each of those.
    """

    kinds: frozenset[Kind]
    name: str = "*"
    least: int = 0
    since: "Match | None" = None

    def fits(self, operation: Operation) -> bool:
        """Apart from what it is to come after."""
        return operation.kind in self.kinds and operation.size >= self.least and fnmatchcase(operation.name, self.name)


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL; `before` the call is carried out, or right after it."""

    before: bool


@dataclass(frozen=True, slots=True)
class Fail:
    """The call is not carried out and returns this error; so do all that match from then on, if it lasts."""

    errno: int
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Shorten:
    """A write writes half of what it should, at least one byte."""


@dataclass(frozen=True, slots=True)
class Remove:
    """The folder that is watched loses this one, with all that is in it, before the call is carried out."""

    path: str


Action = Kill | Fail | Shorten | Remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """At the `nth` operation (1: the first) that matches, do that."""

    match: Match
    nth: int = 1
    do: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a process is to be watched.

    Attributes:
        root: what is done below this folder is seen.
        recording: a file to be written with a `Recording`.
        seconds: after so long everything watched is killed.
    """

    root: Path
    recording: Path
    rules: Sequence[Rule] = ()
    seconds: int = 60


@dataclass(slots=True, kw_only=True)
class Recording:
    """What was seen.

    Attributes:
        standing: numbers of the files that were there from the start, by path.
        done: rules that came to something, by their place in the list.
        trouble: why there is nothing, or not all, to be seen.
    """

    operations: list[Operation] = field(default_factory=list)
    standing: Mapping[str, int] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    trouble: str = ""

    def write(self, path: Path) -> None:
        path.write_bytes(pickle.dumps(self))

    @staticmethod
    def read(path: Path) -> "Recording":
        """Fails the test where watching did not work."""
        recording = pickle.loads(path.read_bytes())
        assert isinstance(recording, Recording)
        assert not recording.trouble, f"the program could not be watched: {recording.trouble}"
        return recording
