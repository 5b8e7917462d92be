"""What a run left behind and what the service saw of it, as values."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchreset.simulator.state import Exchange

AccountKey = tuple[str, str]
"""Customer and user, lower case."""


Lines = Sequence[Mapping[str, str]]
"""Of a CSV file, by column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRow:
    """One line of the input, normalised as the documentation says."""

    customer: str
    user: str
    force: bool | None
    further: Mapping[str, str]

    @property
    def account(self) -> AccountKey:
        return self.customer, self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One password of the ledger, opened with the helpdesk's key."""

    row: int
    generation: int
    password: str


@dataclass(frozen=True, slots=True)
class Attempted:
    """One exchange as the ledger has it; times in milliseconds since 1970."""

    row: int
    generation: int
    verdict: str
    correlation_id: str
    noted_at: int
    sent_at: int
    ended_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the service saw of the run.

    Attributes:
        applied: lines of its applied log, those of somebody else left out.
        exchanges: requests to reset, in order of arrival.
        correlation_ids: of all requests.
        protocol_errors: what it found wrong with requests.
        in_force: SHA-256 of the password that each user has, as the service holds it.
        foreign: users whose password somebody else has set since.
        tells_waits: its 429s say truly how long to wait, and punish nobody.
    """

    applied: Sequence[Mapping[str, Any]]
    exchanges: Sequence[Exchange]
    correlation_ids: Collection[str]
    protocol_errors: Sequence[str]
    in_force: Mapping[str, str]
    foreign: Collection[str] = ()
    tells_waits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it.

    Attributes:
        header: of the results file.
        handover: without and with `--all`; None where the run keeps no passwords.
        run: run.json.
        texts: every place where nothing may stand in clear: files, decoded and as bytes, and what was printed.
        modes: permissions, by path in the folder; the folder's own under `.`.
        sessions: how often the run was begun.
        killed: a process of this run was killed; what it had not written down yet is not missed.
        cut_off: by row number, how many of its requests were given up at the very moment of being sent (a second
            signal), or lost with their connection: the run cannot know that the service never saw them.
        not_sent: by row number, its attempts for which no connection could be made.
    """

    rows: Sequence[InputRow]
    header: Sequence[str]
    results: Lines
    handover: Lines | None
    handover_all: Lines | None
    handover_header: Sequence[str]
    sealed: Sequence[Sealed]
    attempts: Sequence[Attempted]
    run: Mapping[str, Any]
    summary: Mapping[str, Any]
    seen: Seen
    texts: Mapping[str, bytes]
    secrets: Sequence[str]
    modes: Mapping[str, int]
    sessions: int
    killed: bool
    cut_off: Mapping[str, int]
    not_sent: Mapping[str, int]

    def applied_to(self) -> dict[AccountKey, list[Mapping[str, Any]]]:
        """Passwords applied, by account, oldest first."""
        found: defaultdict[AccountKey, list[Mapping[str, Any]]] = defaultdict(list)
        for line in self.seen.applied:
            found[line["customer"], line["user"]].append(line)
        return found

    def sent_for(self) -> dict[AccountKey, list[Exchange]]:
        """Requests to reset, by account, in order of arrival."""
        found: defaultdict[AccountKey, list[Exchange]] = defaultdict(list)
        for exchange in self.seen.exchanges:
            found[exchange.customer, exchange.user].append(exchange)
        return found


def foreign_last(applied: Sequence[Mapping[str, Any]]) -> set[str]:
    """Users whose password somebody else set last."""
    last = {line["user"]: line.get("foreign", False) for line in applied}
    return {user for user, foreign in last.items() if foreign}
