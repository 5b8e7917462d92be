"""The words of a notice: read on a phone, in the night, in Teams, Slack or mail. No secret is in it, and no user."""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from batchreset.core.scrubbing import one_line
from batchreset.errors import ExitCode, sentence

_LONGEST_SENTENCE: Final = 400
_SHOWN_REASONS: Final = 6
_MINUTES_FROM: Final = 120
"""Seconds; below, a length of time is told in seconds."""
_IDS: Final = re.compile(r"\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
_NAMES: Final = re.compile(r"[^\s@\"<>()/]+@[^\s@\"<>()/]+")
_QUOTED: Final = re.compile(r"(?<![A-Za-z0-9])'[^'/\\]*'(?![A-Za-z0-9])")
"""What was found or typed, and may be anything; paths, which commands quote, are not meant."""
_LEFT_OUT: Final = "(not shown here)"
_SERVICE_WORDS: Final = str.maketrans({"<": "‹", ">": "›", "`": "'", "@": "＠", "*": "∗"})
"""What would be a mention, a link or bold letters in one of the services, and is none of ours to say."""
_OUTCOMES: Final = ("succeeded", "failed", "in_doubt", "not_attempted", "skipped")


class Kind(enum.StrEnum):
    """How a service is to show it: colour, icon, sound."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a command ended.

    Attributes:
        what: what happened, where it ended by an error; empty where the run's figures say it.
        next_step: what to do about that.
    """

    exit_code: ExitCode
    what: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is sent.

    Attributes:
        title: tells at a glance whether somebody has to get up.
        text: what happened, what to do, and then the figures; lines of plain text.
    """

    title: str
    text: str
    kind: Kind


def notice(
    ending: Ending, facts: Mapping[str, Any] | None, *, host: str, job: str = "", repeated: bool = False
) -> Notice:
    """The notice of a command that has ended.

    Args:
        ending: how.
        facts: of the run, as in its summary; None: there is none.
        host: the machine.
        job: what tells this job from others: its file, or its input.
        repeated: nothing was done this time: the run had ended before.

    Of a run that another process has no figures are told: they are that one's, and change as they are read.
    """
    facts = None if ending.exit_code is ExitCode.RUN_HELD else facts
    what, next_step = _happened(ending, facts)
    folder = facts["files"]["folder"] if facts else ""
    lines = [
        plain(_begun(sentence(what)), keep=folder),
        *([f"What to do: {plain(sentence(next_step), keep=folder, advice=True)}"] if next_step else []),
        *([] if not repeated else ["Nothing was sent this time: the run stands as it stood."]),
        "",
        *(_figures(facts, repeated=repeated) if facts else []),
        *([_shown(_IDS.sub("(id left out)", f"job {job}"))] if job else []),
        _shown(f"exit {int(ending.exit_code)} on {host}"),
    ]
    return Notice(title=_title(ending.exit_code, facts), text="\n".join(lines), kind=_kind(ending.exit_code))


def trial_notice(*, host: str) -> Notice:
    """What `batchreset notify` sends."""
    return Notice(
        title="batchreset TEST: notices arrive here",
        text=f"Somebody tried this address with 'batchreset notify'. No run has ended.\n\n{_shown(host)}",
        kind=Kind.SUCCESS,
    )


def plain(text: str, *, keep: str = "", advice: bool = False) -> str:
    """One line that no service takes for more than text, without user ids and names.

    Texts of errors name files, settings and numbers; some quote what they found, and that may be anything. `keep`: the
    run's folder, which may be called by an id and has to be found. `advice`: what stands between backticks is a command
    of our own words, quotes and all.
    """
    line = one_line(text)
    said = _QUOTED.sub(_LEFT_OUT, line) if not advice else _outside_commands(line)
    parts = said.split(keep) if keep else [said]
    return _nameless(keep.join(map(_anonymous, parts))).translate(_SERVICE_WORDS)


def _outside_commands(line: str) -> str:
    pieces = line.split("`")
    return "`".join(piece if number % 2 else _QUOTED.sub(_LEFT_OUT, piece) for number, piece in enumerate(pieces))


def _anonymous(text: str) -> str:
    line = _IDS.sub("(id left out)", _nameless(text))
    return line if len(line) <= _LONGEST_SENTENCE else f"{line[:_LONGEST_SENTENCE]}…"


def _nameless(text: str) -> str:
    return _NAMES.sub("(name left out)", text)


def _shown(text: str) -> str:
    """One line of letters that say nothing else, and name nobody: files are called by whom they are about."""
    return _nameless(one_line(text)).translate(_SERVICE_WORDS)


def _begun(text: str) -> str:
    """With a capital letter, unless it begins with a name."""
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


def _title(code: ExitCode, facts: Mapping[str, Any] | None) -> str:
    word = {
        ExitCode.OK: "OK",
        ExitCode.ROWS_FAILED: "NEEDS A LOOK",
        ExitCode.STOPPED_BY_SAFETY: "STOPPED by a safety limit",
        ExitCode.SIGN_IN: "SIGN-IN failed",
        ExitCode.REFUSED: "REFUSED",
        ExitCode.RUN_HELD: "REFUSED: another process has this run",
        ExitCode.INTERRUPTED: "INTERRUPTED",
        ExitCode.TERMINATED: "INTERRUPTED",
    }.get(code, "UNEXPECTED ERROR")
    if facts is None:
        return f"batchreset {word}" + (": nothing was sent" if code is ExitCode.REFUSED else "")
    done, planned = facts["outcomes"]["succeeded"], facts["to_reset"]
    if code is ExitCode.OK:
        return f"batchreset {word}: {f'all {planned:,} accounts reset' if planned else 'no account was to be reset'}"
    return f"batchreset {word}: {done:,} of {planned:,} accounts reset"


def _kind(code: ExitCode) -> Kind:
    match code:
        case ExitCode.OK:
            return Kind.SUCCESS
        case ExitCode.ROWS_FAILED | ExitCode.INTERRUPTED | ExitCode.TERMINATED | ExitCode.RUN_HELD:
            return Kind.WARNING
        case _:
            return Kind.FAILURE


def _happened(ending: Ending, facts: Mapping[str, Any] | None) -> tuple[str, str]:
    """What, and what to do; the error's own words before those of the figures."""
    if ending.what or facts is None:
        return ending.what or "it ended", ending.next_step
    if facts["stop"]:
        return facts["stop"]["what"], facts["stop"]["next_step"]
    outcomes, folder = facts["outcomes"], facts["files"]["folder"]
    if ending.exit_code is ExitCode.OK:
        handed = facts["passwords"] == "sealed" and outcomes["succeeded"]
        next_step = f"hand the passwords over: batchreset handover {folder} --identity KEY" if handed else ""
        return "the run is finished, and every account that was to be reset was reset", next_step
    not_well = [
        *([f"{outcomes['failed']:,} failed (surely not changed)"] if outcomes["failed"] else []),
        *([f"{outcomes['in_doubt']:,} in doubt (perhaps changed)"] if outcomes["in_doubt"] else []),
    ]
    apply, both = f"batchreset apply {folder}", outcomes["failed"] and outcomes["in_doubt"]
    again = (
        f"'{apply}' takes up what is in doubt, with --retry-failed also what failed"
        if both
        else f"'{apply}{' --retry-failed' if outcomes['failed'] else ''}' takes them up again"
    )
    return (
        f"the run is finished, but {' and '.join(not_well)}",
        f"see the column advice in {facts['files']['results']}; {again}",
    )


def _figures(facts: Mapping[str, Any], *, repeated: bool) -> Iterator[str]:
    outcomes = facts["outcomes"]
    counted = [f"{outcomes[name]:,} {name.replace('_', ' ')}" for name in _OUTCOMES if outcomes[name]]
    yield f"{facts['to_reset']:,} to reset: {', '.join(counted) or 'nothing yet'}"
    # The outcome `not_attempted` has the stop for its reason, and that stands in the first line.
    reasons = [reason for reason in facts["reasons"] if reason["outcome"] != "not_attempted"]
    if reasons:
        shown = ", ".join(
            f"{reason['rows']:,} {reason['reason'].replace('_', ' ')}" for reason in reasons[:_SHOWN_REASONS]
        )
        yield f"why: {shown}{', …' if len(reasons) > _SHOWN_REASONS else ''}"
    throttled = f", {facts['throttled']:,} of them throttled" if facts["throttled"] else ""
    seconds = facts["duration_seconds"]
    took = f"{seconds / 60:.0f} min" if seconds >= _MINUTES_FROM else f"{seconds:.0f} s"
    yield f"{facts['sent']:,} requests{throttled}; {'the last session took' if repeated else 'took'} {took}"
    yield ""
    yield _shown(f"run {facts['run_id']}")
    yield _shown(f"results {facts['files']['results']}")
