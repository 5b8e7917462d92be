"""What a shell is told when Tab is pressed: from words that were written down beforehand (`completing.json`), as a
command's own module would have polars and others imported, and nobody waits for that. Nothing is ever said of errors.
"""  # noqa: D205  one thought on two lines

import contextlib
import csv
import io
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from batchreset.cli.environment import COMPLETE

NAME: Final = "batchreset"
WORDS: Final = Path(__file__).with_name("completing.json")
"""Made by `make generated`."""


class _Fish(FishComplete):
    def format_completion(self, item: CompletionItem) -> str:
        """Without commas in its text, as the script takes what it is told apart at each of them."""
        text = (item.help or "").replace(",", ";")
        return super().format_completion(CompletionItem(item.value, type=item.type, help=text or None))


SHELLS: Final[Mapping[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": _Fish}

_HARMLESS: Final = re.compile(r"[\w.{}-]+", re.ASCII)
"""What no shell's script takes apart or carries out: a folder may have any name, and a file hold anything."""
_MOST_RUNS: Final = 200
_MOST_LINES: Final = 20_000
"""Of a results file: one is read in some hundredths of a second."""


def answer(asked: str) -> str:
    """What the shell's script wants to hear, as `COMPLETE` asks for it; empty for whatever goes wrong."""
    shell, _, what = asked.partition("_")
    # Not only errors: a half-typed line must not draw a traceback into it, whatever is raised.
    with contextlib.suppress(Exception), contextlib.redirect_stderr(io.StringIO()):
        match what:
            case "complete":
                return SHELLS[shell](program(), {}, NAME, COMPLETE).complete()
            case "source":
                return script(shell)
            case _:
                return ""
    return ""


def script(shell: str) -> str:
    """What a shell has to read once. Raises KeyError."""
    # Not bash's own way, which starts a bash to warn of its version.
    return ShellComplete.source(SHELLS[shell](program(), {}, NAME, COMPLETE)).rstrip() + "\n"


def program() -> click.Group:
    """The commands as far as completion needs them: names, flags, what they take."""
    told = json.loads(WORDS.read_text(encoding="utf-8"))
    whole = click.Group(NAME, context_settings={"help_option_names": ["-h", "--help"]})
    groups: dict[tuple[str, ...], click.Group] = {(): whole}
    for command in told["commands"]:
        *above, name = command["words"]
        parameters = [_parameter(each, told["runs_dir"]) for each in command["parameters"]]
        kind = click.Group if command["is_group"] else click.Command
        made = kind(name, params=parameters, short_help=command["help"])
        groups[tuple(above)].add_command(made)
        if isinstance(made, click.Group):
            groups[(*above, name)] = made
    return whole


def _parameter(told: Mapping[str, Any], runs_dir: str) -> click.Parameter:
    completes = _completes(told, runs_dir)
    if not told["flags"]:
        return click.Argument([told["name"]], required=False, shell_complete=completes)
    return click.Option(
        [*told["flags"], told["name"]],
        is_flag=not told["takes"],
        multiple=told["multiple"],
        help=told["help"],
        shell_complete=completes,
    )


_Completes = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completes(told: Mapping[str, Any], runs_dir: str) -> _Completes:
    def items(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        match told["takes"]:
            case "file" | "dir" as kind:
                return [CompletionItem(begun, type=kind)]
            case "run":
                ids = _run_ids(_runs_dir(context, runs_dir))
                # Folders first: bash's script forgets what came before them.
                return [CompletionItem(begun, type="dir"), *_beginning_with(begun, ids)]
            case "customer of the run":
                return list(_beginning_with(begun, _customers(context, runs_dir)))
            case "word or file":
                return [CompletionItem(begun, type="file"), *_known(begun, told["words"])]
            case _:
                return _known(begun, told["words"])

    return items


def _known(begun: str, words: list[str]) -> list[CompletionItem]:
    """Of this program's own words."""
    return [CompletionItem(word) for word in words if word.startswith(begun)]


def _beginning_with(begun: str, words: Iterator[str]) -> Iterator[CompletionItem]:
    """Of words that somebody else has written."""
    return (CompletionItem(word) for word in words if word.startswith(begun) and _HARMLESS.fullmatch(word))


def _runs_dir(context: click.Context, otherwise: str) -> Path:
    return Path(context.params.get("runs_dir") or os.environ.get("BATCHRESET_OUTPUT__RUNS_DIR") or otherwise)


def _run_ids(runs_dir: Path) -> Iterator[str]:
    """The newest first."""
    with os.scandir(runs_dir) as entries:
        found = [(_planned_at(Path(entry.path)), entry.name) for entry in entries]
    return (name for planned_at, name in sorted(found, reverse=True)[:_MOST_RUNS] if planned_at)


def _planned_at(folder: Path) -> float:
    """0: it is no run's folder."""
    try:
        return (folder / "run.json").stat().st_mtime
    except OSError:
        return 0.0


def _customers(context: click.Context, runs_dir: str) -> Iterator[str]:
    """Those in the results of the run that was named before."""
    named = Path(str(context.params["run_name"]))
    folders = (named, _runs_dir(context, runs_dir) / named)
    results = next(path for folder in folders if (path := folder / "results.csv").is_file())
    with results.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(itertools.islice(file, _MOST_LINES))
        column = next(lines).index("customer-tenant-id")
        return iter(dict.fromkeys(line[column] for line in lines if len(line) > column))
