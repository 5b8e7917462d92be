"""The reference, as Markdown, from what the program says of itself."""

import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from batchreset.adapters.run_folder import RunFolder
from batchreset.core.columns import CUSTOMER, HANDOVER, PLAN, RECONCILE, RESULTS, ROSTER, ROW, USER
from batchreset.core.outcome import Outcome, Reason, advice
from batchreset.settings.explain import allowed
from batchreset.settings.names import SECRET_NAMES, SECTIONS, SETTINGS, variable
from batchreset.simulator.scenario import shipped_scenarios
from generator.events import logged
from generator.program import Command, Flag, commands
from tools.messages import as_markdown, messages

_MEANINGS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    Path(__file__).with_name("meanings.toml").read_text(encoding="utf-8")
)
_AT_ITS_END: Final = re.compile(r"\s*\[(?:default: [^\]]*|required|[a-z_]+\.[a-z_]+)\]")
_LAST_CELL: Final = re.compile(r"(?<!\\)\|[^|]*\|$", re.MULTILINE)
_IN_CSV: Final[Mapping[str, tuple[str, ...]]] = {
    "results.csv": RESULTS,
    "the hand-over": HANDOVER,
    "plan.parquet": PLAN,
    "a roster": ROSTER,
    "problems.csv": (ROW, "column", "found", "expected"),
    "findings.csv": (ROW, CUSTOMER, USER, "found"),
    "reconcile.csv": RECONCILE,
}
"""Beside `results.csv` and `plan.parquet` stand the input's further columns, at the end."""


def meaning(kind: str, word: str) -> str:
    """Raises LookupError: meanings.toml has none, and should."""
    try:
        return _MEANINGS[kind][word]
    except KeyError:
        raise LookupError(f"docs/generator/meanings.toml says nothing of {word} under [{kind}]") from None


def meanings(kind: str) -> frozenset[str]:
    return frozenset(_MEANINGS[kind])


def columns() -> frozenset[str]:
    """Of all files."""
    return frozenset(name for names in _IN_CSV.values() for name in names)


def commands_page() -> str:
    return "\n\n".join(_command(command) for command in commands())


def _command(command: Command) -> str:
    own = [flag for flag in command.flags if flag.setting is None]
    settings = [flag for flag in command.flags if flag.setting is not None]
    parts = [f"## {command.name}", *map(paragraph, command.paragraphs), f"```text\n{command.name} {command.usage}\n```"]
    headings = list(dict.fromkeys(flag.heading for flag in own))
    for heading in headings:
        parts += [f"**{heading}**"] if heading else []
        parts += [flag_entry(flag) for flag in own if flag.heading == heading]
    if settings:
        links = ", ".join(f"[`{flag.spelled.split(' ')[0]}`](#{_target(flag.setting or '')})" for flag in settings)
        parts.append(f"And a flag for each of these settings: {links}.")
    return "\n\n".join(parts)


def paragraph(text: str) -> str:
    """As click wraps it, or, after a backspace, as it stands."""
    if text.startswith("\b"):
        return f"```text\n{inspect.cleandoc(text[1:])}\n```"
    return safe(" ".join(text.split()))


def flag_entry(flag: Flag) -> str:
    """An entry of a definition list."""
    return f"`{flag.spelled}`\n: {safe(flag.text)}"


def safe(text: str) -> str:
    """Text for a person in which nothing is meant as markup but its backticks: globs and dunders stay as they are."""
    pieces = text.split("`")
    return "`".join(
        piece if number % 2 else re.sub(r"([*_<>\[\]])", r"\\\1", piece) for number, piece in enumerate(pieces)
    )


def _target(name: str) -> str:
    return f"setting-{name.replace('.', '-').replace('_', '-')}"


def settings_page() -> str:
    run = next(command for command in commands() if command.words == ("run",))
    flags = {flag.setting: flag.spelled for flag in run.flags}
    parts = []
    for section, model in SECTIONS.items():
        parts.append(f"## \\[{section}\\]")
        parts.append(safe((model.__doc__ or "").partition(": ")[2].capitalize()))
        for name, field in SETTINGS.items():
            if name.startswith(f"{section}."):
                parts.append(f"({_target(name)})=\n\n### {name}\n\n{safe(field.description or '')}")
                facts = {
                    "flag": f"`{flags[name]}`" if name in flags else "the argument `INPUT`",
                    "variable": f"`{variable(name)}`",
                    "default": default_of(field.default),
                    "takes": safe(allowed(field)),
                }
                parts.append("\n".join(f"- {what}: {fact}" for what, fact in facts.items()))
    return "\n\n".join(parts)


def default_of(value: object) -> str:
    match value:
        case None:
            return "by what is given"
        case "" | ():
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return f"`{', '.join(map(str, value))}`"
        case _:
            return f"`{value}`"


def secrets_page() -> str:
    rows = ((f"`{name}`", f"`{name}_FILE`", f"`{name}_COMMAND`") for name in secret_variables())
    return _table(("the secret itself", "a file that holds it", "a command that prints it"), rows)


def secret_variables() -> tuple[str, ...]:
    """Each once, without `_FILE` and `_COMMAND`."""
    names = (variable(name).removesuffix("_FILE").removesuffix("_COMMAND") for name in SECRET_NAMES)
    return tuple(dict.fromkeys(names))


def reasons_page() -> str:
    return _table(
        ("reason", "means", "what to do"),
        ((f"`{reason}`", meaning("reasons", reason), " ".join(_advice(reason))) for reason in Reason),
    )


def _advice(reason: Reason) -> Iterator[str]:
    """What it says at rows that surely are as they were; that of rows in doubt is the outcome's."""
    usual, otherwise = advice(Outcome.FAILED, reason), advice(Outcome.NOT_ATTEMPTED, reason)
    yield usual or otherwise
    if usual and otherwise not in {"", usual}:
        yield f"At rows that are `not_attempted`: {otherwise[0].lower()}{otherwise[1:]}"


def doubt_page() -> str:
    """The advice at rows in doubt, whatever their reason."""
    return f"> {advice(Outcome.IN_DOUBT, Reason.TIMEOUT)}\n\nWhere the account is protected by now:\n\n> " + advice(
        Outcome.IN_DOUBT, Reason.PROTECTED
    )


def run_folder_page() -> str:
    return _table(("file", "holds"), ((f"`{name}`", holds) for name, holds in run_folder_files()))


def run_folder_files() -> Iterator[tuple[str, str]]:
    """Each file of the folder and what it holds, from `RunFolder`."""
    for name, member in vars(RunFolder).items():
        if isinstance(member, property) and inspect.get_annotations(member.fget or len).get("return") is Path:
            path: Path = getattr(RunFolder(Path("r")), name)
            yield path.name, inspect.cleandoc(member.__doc__ or "")


def columns_page() -> str:
    parts = []
    for file, names in _IN_CSV.items():
        parts += [f"## Columns of {file}", _table(("column", "holds"), map(_column, names))]
    return "\n\n".join(parts)


def _column(name: str) -> tuple[str, str]:
    return f"`{name}`", meaning("columns", name)


def events_page() -> str:
    rows = (
        (f"`{event.name}`", event.level, meaning("events", event.name), ", ".join(f"`{one}`" for one in event.fields))
        for event in logged()
    )
    return _table(("event", "level", "means", "fields"), rows)


def messages_page() -> str:
    """As `make messages` has them, below the page's own heading, and without where in the source each stands."""
    text = as_markdown(messages())
    return _LAST_CELL.sub("|", text[text.index("## ") :])


def scenarios_page() -> str:
    return _table(("scenario", "imitates"), ((f"`{one.name}`", one.imitates) for one in shipped_scenarios()))


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(header), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| {} |".format(" | ".join(cell.replace("|", r"\|") for cell in line)) for line in lines)


MADE: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands_page,
    "settings": settings_page,
    "secrets": secrets_page,
    "reasons": reasons_page,
    "doubt": doubt_page,
    "run-folder": run_folder_page,
    "columns": columns_page,
    "events": events_page,
    "messages": messages_page,
    "scenarios": scenarios_page,
}
"""What a page may have put in by `<!-- made: NAME -->`."""


def put_in(text: str, *, made: Mapping[str, Callable[[], str]]) -> str:
    """A page with what it asks for."""
    return re.sub(r"<!-- made: ([a-z-]+) -->", lambda mark: made[mark[1]](), text)
