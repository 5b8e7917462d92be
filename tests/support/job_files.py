"""What stands in jobs/: its files, the commands in them, and the shell snippets."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

TOP: Final = Path(__file__).parents[2]
JOBS: Final = TOP / "jobs"
COMMANDS: Final = "run|plan|apply|status|results|report|reconcile|notify|handover|roster|auth|simulate|demo"
_CALL: Final = re.compile(rf"(?<![\w`/.\[-])(?:/opt/batchreset/bin/)?batchreset ((?:{COMMANDS})\b.*)")
_IN_BACKTICKS: Final = re.compile(rf"`batchreset ((?:{COMMANDS})\b[^`]*)`")
_SHELL: Final = frozenset({"|", "||", ">", ">>", "&&", ";", "<"})


def files() -> list[Path]:
    return sorted(path for path in JOBS.rglob("*") if path.is_file())


def documents(path: Path) -> list[Any]:
    """Those of a YAML file."""
    return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))


def texts(value: Any) -> Iterator[str]:
    """Every string in a YAML document."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)
        case _:
            pass


def joined(script: str) -> list[str]:
    """Its lines, those that a backslash carries on put together."""
    return script.replace("\\\n", " ").splitlines()


def calls(path: Path) -> list[list[str]]:
    """The words of each `batchreset …` in a file: what is run, and what comments and prose name."""
    text = path.read_text(encoding="utf-8")
    lines = joined(text)
    if path.suffix in {".yml", ".yaml"}:
        inner = [line for document in documents(path) for one in texts(document) for line in joined(one)]
        lines = [*(line for line in lines if line.lstrip().startswith("#")), *inner]
    found = [words(match[1]) for line in lines for match in _IN_BACKTICKS.finditer(line)]
    return found + [words(match[1]) for line in lines for match in _CALL.finditer(line)]


def words(command: str) -> list[str]:
    """Up to where the shell does something else. A quotation that began before the command ends with it."""
    try:
        return _words(command)
    except ValueError:
        return _words(command.rpartition("'")[0])


def _words(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found = list(lexer)
    return found[: next((at for at, word in enumerate(found) if word in _SHELL), len(found))]


def comments(name: str) -> list[list[str]]:
    """The commands that a job file's comments give, one a line."""
    lines = (JOBS / name).read_text(encoding="utf-8").splitlines()
    return [shlex.split(line)[2:] for line in lines if line.startswith("#   batchreset ")]


def snippets() -> Iterator[tuple[str, str]]:
    """Every piece of shell: where it stands, and its text as the shell gets it."""
    for path in files():
        for number, script in enumerate(_snippets_of(path)):
            yield f"{path.relative_to(JOBS).as_posix()} {number}", script


def _snippets_of(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".yml" | ".yaml":
            yield from _scripts(documents(path))
        case ".crontab":
            yield from (command for _, command in cron_lines(text))
        case ".service":
            for line in re.findall(r"^ExecStart=/bin/sh -c '(.*)'", text, re.MULTILINE):
                yield line.replace("$$", "$").replace("%%", "%")
        case ".md":
            for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
                yield "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE))
        case _:
            pass


def _scripts(value: Any) -> Iterator[str]:
    match value:
        case {"command": ["/bin/sh", "-c", script]}:
            yield script
        case dict():
            for key, inner in value.items():
                if key in {"run", "bash", "inlineScript"}:
                    yield inner
                else:
                    yield from _scripts(inner)
        case list():
            for inner in value:
                yield from _scripts(inner)
        case _:
            pass


def cron_lines(text: str) -> Iterator[tuple[str, str]]:
    """When, and what the shell gets; also of lines that are given as another choice, commented out."""
    for line in text.splitlines():
        told = re.fullmatch(r"(?:# )?((?:[\d*,/-]+ ){4}[\d*,/-]+) (.*)", line)
        if told:
            # cron ends the command at a % and gives the rest as its input; \% is a %.
            yield told[1], re.split(r"(?<!\\)%", told[2])[0].replace(r"\%", "%")


def cron_environment(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
