"""The events that the program logs, and their fields, found in its own source."""

import ast
import functools
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batchreset.core import events
from batchreset.core.outcome import Outcome

_PACKAGE: Final = Path(events.__file__).resolve().parents[1]
_LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
_LOGS: Final = frozenset({"log", "_log"})
_CHOSEN: Final = frozenset({"log", "event"})
"""Names under which a level is chosen first, and called afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    name: str
    level: str
    fields: tuple[str, ...]


@functools.cache
def logged() -> tuple[Event, ...]:
    """Each event once, by name. The simulator has no such log. Raises LookupError: a name that cannot be told."""
    found: dict[str, Event] = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        if "simulator" in path.relative_to(_PACKAGE).parts:
            continue
        for event in events_in(path.read_text(encoding="utf-8"), where=path.name):
            known = found.get(event.name, event)
            fields = tuple(dict.fromkeys((*known.fields, *event.fields)))
            found[event.name] = Event(name=event.name, level=known.level, fields=fields)
    return tuple(found[name] for name in sorted(found))


def events_in(source: str, *, where: str) -> Iterator[Event]:
    """Those of one module. Raises LookupError: a name that cannot be told from its text."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    passed_on = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        level, names = _level(node.func), _shared_in(node)
        if level is not None:
            names = tuple(_names(node.args[0], constants))
            if not names and isinstance(node.func, ast.Attribute) and not _is_one_of(passed_on, node.args[0]):
                raise LookupError(f"{where}, line {node.lineno}: the reference cannot tell what event this is")
        fields = tuple(keyword.arg or "…" for keyword in node.keywords)
        yield from (Event(name=name, level=level or "info", fields=fields) for name in names)


def _level(called: ast.expr) -> str | None:
    match called:
        case ast.Attribute(attr=attr, value=ast.Name(id=log) | ast.Attribute(attr=log)) if attr in _LEVELS:
            return attr if log in _LOGS else None
        case ast.Name(id=name) if name in _CHOSEN:
            return "by what it tells"
        case _:
            return None


def _shared_in(call: ast.Call) -> tuple[str, ...]:
    """Those of `core/events.py` that are handed to a function which logs them."""
    named = [argument.id for argument in call.args if isinstance(argument, ast.Name) and argument.id.isupper()]
    return tuple(getattr(events, name) for name in named if isinstance(getattr(events, name, None), str))


def _is_one_of(names: AbstractSet[str], argument: ast.expr) -> bool:
    return isinstance(argument, ast.Name) and argument.id in names


def _names(argument: ast.expr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    """Texts with a dot; of one that ends in an outcome, one for each outcome."""
    match argument:
        case ast.Constant(value=str(text)) if "." in text and " " not in text:
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue()]):
            yield from (f"{start}{outcome}" for outcome in Outcome)
        case ast.Name(id=name) if isinstance(constant := getattr(events, name, None), str):
            yield constant
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) if name in constants:
            yield from _names(constants[name], {})
        case ast.IfExp(body=first, orelse=second):
            yield from (*_names(first, constants), *_names(second, constants))
        case ast.Dict(values=values):
            for value in values:
                yield from _names(value, constants)
        case _:
            return
