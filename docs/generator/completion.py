"""What a shell completes: commands, flags, what each takes. Written down, as nobody waits for them to be looked for."""

import json
from collections.abc import Iterator
from typing import Any

import click

from batchreset.core.outcome import Reason
from batchreset.settings.names import SETTINGS
from batchreset.simulator.scenario import shipped_scenarios
from generator.program import Command, commands, takes_path, words_of

_LONGEST_HELP = 70
_SOME_WORKERS = ("local:2", "local:4", "local:8")


def words_file() -> str:
    """The content of `batchreset/cli/completing.json`: a line a flag, so that changes are seen as such."""
    runs_dir = json.dumps(SETTINGS["output.runs_dir"].default)
    return f'{{"runs_dir": {runs_dir}, "commands": [\n' + ",\n".join(map(_command, commands())) + "\n]}\n"


def _command(command: Command) -> str:
    told = {"words": command.words, "help": command.short, "is_group": command.is_group, "parameters": []}
    lines = ",\n".join(f" {json.dumps(each, ensure_ascii=False)}" for each in _parameters(command))
    return json.dumps(told, ensure_ascii=False).removesuffix("]}") + f"\n{lines}\n]}}"


def _parameters(command: Command) -> Iterator[dict[str, Any]]:
    names = {parameter.name for parameter in command.parameters}
    for parameter in command.parameters:
        takes, words = _takes(parameter, with_run="run_name" in names)
        option = parameter if isinstance(parameter, click.Option) else None
        yield {
            "name": parameter.name,
            "flags": [*parameter.opts, *parameter.secondary_opts] if option else [],
            "help": _short(option.help or "") if option else "",
            "takes": takes,
            "words": words,
            "multiple": bool(option and (option.multiple or option.count)),
        }


def _takes(parameter: click.Parameter, *, with_run: bool) -> tuple[str, list[str]]:
    """Kind of what it takes, empty for a flag that takes nothing; and the words that are known beforehand."""
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        return "", []
    match parameter.name:
        case "run_name":
            return "run", []
        case "customer" | "customers" if with_run:
            return "customer of the run", []
        case "reasons":
            return "word", [reason.value for reason in Reason]
        case "scenario":
            return "word or file", [scenario.name for scenario in shipped_scenarios()]
        case "setting_cluster_scheduler":
            return "word or file", [*_SOME_WORKERS, "none"]
        case "cluster":
            return "word", [*_SOME_WORKERS]
        case _:
            return takes_path(parameter) or "word", list(words_of(parameter))


def _short(text: str) -> str:
    """Its first sentence, without marks, in one line of a terminal."""
    plain = " ".join(text.replace("`", "").split())
    sentence = plain.split(". ")[0].split("  [")[0].rstrip(".")
    return sentence if len(sentence) <= _LONGEST_HELP else sentence[:_LONGEST_HELP].rsplit(" ", 1)[0] + " …"
