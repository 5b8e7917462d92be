"""The events that the program logs, and their fields, found in its own source."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batchreset.core import events
from batchreset.core.outcome import Outcome

_PACKAGE: Final = Path(events.__file__).resolve().parents[1]
_LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
_CHOSEN: Final = frozenset({"log", "event"})
"""Names under which a level is chosen first, and called afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    name: str
    level: str
    fields: tuple[str, ...]


@functools.cache
def logged() -> tuple[Event, ...]:
    """Each event once, by name. The simulator has no such log."""
    found: dict[str, Event] = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        if "simulator" in path.relative_to(_PACKAGE).parts:
            continue
        for event in _in_tree(ast.parse(path.read_text(encoding="utf-8"))):
            known = found.get(event.name)
            fields = tuple(dict.fromkeys((*(known.fields if known else ()), *event.fields)))
            found[event.name] = Event(name=event.name, level=known.level if known else event.level, fields=fields)
    return tuple(found[name] for name in sorted(found))


def _in_tree(tree: ast.AST) -> Iterator[Event]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and (level := _level(node.func)):
            fields = tuple(keyword.arg or "…" for keyword in node.keywords)
            for name in _names(node.args[0]):
                yield Event(name=name, level=level, fields=fields)


def _level(called: ast.expr) -> str | None:
    match called:
        case ast.Attribute(attr=attr) if attr in _LEVELS:
            return attr
        case ast.Name(id=name) if name in _CHOSEN:
            return "by what it tells"
        case _:
            return None


def _names(argument: ast.expr) -> Iterator[str]:
    """Texts with a dot; of one that ends in an outcome, one for each outcome."""
    match argument:
        case ast.Constant(value=str(text)) if "." in text and " " not in text:
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue()]):
            yield from (f"{start}{outcome}" for outcome in Outcome)
        case ast.Name(id=name) if isinstance(constant := getattr(events, name, None), str):
            yield constant
