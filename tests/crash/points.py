"""Every point of the way at which a process is killed: where it is in the program, and how it is known by the calls."""

from dataclasses import dataclass

from syscalls import Kill, Kind, Match, Rule

RUN = "r*"
"""The run's folder."""
LEDGER = "ledger.sqlite"
LOG = "ledger.sqlite-wal"
"""SQLite's write-ahead log: what is committed is written and synced there."""
_LEAST_ANSWER = 400
"""Bytes; a loop that wakes itself reads fewer, and an answer has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One of them.

    Attributes:
        where: in the program.
        match: the operation that is meant.
        before: killed before it is carried out, else right after it.
        places: which of those that match, counted from 1, the first and the last.
    """

    where: str
    match: Match
    before: bool
    places: tuple[int, int] = (1, 1)

    def rule(self, place: int) -> Rule:
        return Rule(match=self.match, nth=place, do=Kill(before=self.before))


def _of(kind: Kind, name: str = "*", *, since: Match | None = None, least: int = 0) -> Match:
    return Match(kinds=frozenset({kind}), name=name, since=since, least=least)


def _before(match: Match, where: str, *places: int) -> Point:
    return Point(where=where, match=match, before=True, places=(places[0], places[1]) if places else (1, 1))


def _after(match: Match, where: str, *places: int) -> Point:
    return Point(where=where, match=match, before=False, places=(places[0], places[1]) if places else (1, 1))


def _folder_synced(name: str) -> Match:
    return _of(Kind.SYNC, RUN, since=_of(Kind.RENAME, name))


_COMMITTED = _of(Kind.SYNC, LOG)
_FIRST_SENT = _of(Kind.SEND, since=_COMMITTED)
_ANSWERED = _of(Kind.RECEIVE, least=_LEAST_ANSWER)

PLANNING = {
    "folder_made": _after(_of(Kind.MKDIR, RUN), "make_folder: made, its own folder not synced"),
    "plan_not_written": _before(_of(Kind.WRITE, ".plan.parquet.*"), "freeze: the temporary file is made"),
    "plan_not_synced": _before(_of(Kind.SYNC, ".plan.parquet.*"), "freeze, replacing: written"),
    "plan_not_renamed": _before(_of(Kind.RENAME, "plan.parquet"), "freeze, replacing: synced"),
    "plan_renamed": _after(_of(Kind.RENAME, "plan.parquet"), "freeze, replacing: its folder not synced"),
    "run_json_not_renamed": _before(_of(Kind.RENAME, "run.json"), "write_json: synced"),
    "run_json_renamed": _after(_of(Kind.RENAME, "run.json"), "write_json: its folder not synced"),
    "planned": _after(_folder_synced("run.json"), "plan_run is done, nothing has begun"),
}
BEGINNING = {
    "ledger_half_made": _before(_of(Kind.WRITE, ".ledger.sqlite.*"), "LedgerStore, _make: within the schema", 2, 20),
    "ledger_not_renamed": _before(_of(Kind.RENAME, LEDGER), "LedgerStore, _make: whole and synced"),
    "ledger_renamed": _after(_of(Kind.RENAME, LEDGER), "LedgerStore, _make: its folder not synced"),
    "session_not_noted": _before(_of(Kind.WRITE, LOG), "begin_session: nothing is written"),
    "session_noted": _after(_COMMITTED, "begin_session: written", 1, 2),
}
SENDING = {
    "sealed": _before(_of(Kind.WRITE, LOG, since=_COMMITTED), "write_group: sealed, nothing of it written", 2, 5),
    "inside_commit": _before(_of(Kind.WRITE, LOG), "write_group, COMMIT: some pages are in the log", 6, 40),
    "written": _before(_COMMITTED, "write_group, COMMIT: all in the log, not synced", 3, 5),
    "committed": _after(_COMMITTED, "write_group: committed, nobody is told yet", 3, 5),
    "not_sent": _before(_FIRST_SENT, "intend has returned, the request is not sent", 2, 4),
    "sent": _after(_FIRST_SENT, "the request is on the wire", 2, 4),
    "answered": _after(_ANSWERED, "the answer is read, nothing noted of it", 2, 6),
    "outcome_not_noted": _before(
        _of(Kind.WRITE, LOG, since=_ANSWERED), "write_group of an outcome: nothing of it written", 2, 5
    ),
}
ENDING = {
    "ledger_half_folded": _before(_of(Kind.WRITE, LEDGER), "LedgerStore.close: the log is being copied back", 1, 4),
    "ledger_not_synced": _before(_of(Kind.SYNC, LEDGER), "LedgerStore.close: copied back, not synced"),
    "log_not_removed": _before(_of(Kind.UNLINK, LOG), "LedgerStore.close: copied back and synced"),
    "ledger_closed": _after(_of(Kind.UNLINK, LOG), "the session has ended, no results yet"),
}
CONCLUDING = {
    "results_not_written": _before(
        _of(Kind.WRITE, ".results.csv.*"), "write_results: the temporary file is made", 1, 2
    ),
    "results_not_synced": _before(_of(Kind.SYNC, ".results.csv.*"), "write_results, replacing: written"),
    "results_not_renamed": _before(_of(Kind.RENAME, "results.csv"), "write_results, replacing: synced"),
    "results_renamed": _after(_of(Kind.RENAME, "results.csv"), "write_results, replacing: its folder not synced"),
    "results_written": _after(_folder_synced("results.csv"), "results there, no summary"),
    "summary_not_synced": _before(_of(Kind.SYNC, ".summary.json.*"), "write_json: written"),
    "summary_not_renamed": _before(_of(Kind.RENAME, "summary.json"), "write_json: synced"),
    "summary_renamed": _after(_of(Kind.RENAME, "summary.json"), "write_json: its folder not synced"),
}
POINTS = {**PLANNING, **BEGINNING, **SENDING, **ENDING, **CONCLUDING}
