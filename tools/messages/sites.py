"""Where the program says something that somebody has to act upon, and what it says there."""

import ast
import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import batchreset
from batchreset import errors
from batchreset.core.stop import CONTINUE
from batchreset.errors import BatchresetError, ExitCode
from tools.messages.wording import Module, Wording, read, short_name

_SAID_ELSEWHERE: Final = frozenset({"what", "next_step"})
"""An attribute of another message: it is told where that one was made."""
_ASIDE: Final = ("warning: ", "note: ")
_ADVICE: Final = "ADVICE"
"""In the name of a table, or text, that says what to do; its keys say what about."""
_TEXTS: Final = "_TEXTS"
"""In the name of a table that says what happened."""
_PAIRS: Final = "tuple[str, str]"
"""A function that returns this, in a module named refusals, returns what happened and what to do."""


class Kind(enum.StrEnum):
    """What a message is."""

    ERROR = "error"
    STOP = "stop"
    ASIDE = "warning or note"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One place in the source.

    Attributes:
        where: its module and function, such as `wiring.planning.plan_run`.
        line: in that file.
        what: what happened and why; of advice what it is about; None where another place words it.
        next_step: what to do; None where none is given.
        exit_code: what the program ends with; None where only the program itself can tell.
        put_in: names of what is put into the texts.
    """

    kind: Kind
    where: str
    line: int
    what: str | None
    next_step: str | None
    exit_code: ExitCode | None = None
    put_in: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.where}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a node stands."""

    module: Module
    name: str
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    owner: str = ""


def messages(package: Path | None = None) -> list[Message]:
    """All of them, in the order of files and lines."""
    wording = read(package or Path(batchreset.__file__).parent)
    search = _Search(wording=wording, kinds=error_classes(wording.modules.values()))
    return [
        message
        for module in search.wording.modules.values()
        if module.name != errors.__name__
        for message in search.in_module(module)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorClass:
    """One class of error.

    Attributes:
        exit_code: what the program ends with.
        words_itself: it takes something else than a text, and words it itself.
    """

    exit_code: ExitCode
    words_itself: bool


def error_classes(modules: Iterable[Module]) -> Mapping[str, ErrorClass]:
    """Every class of error there is, by its name; nothing is imported for it."""
    found = {
        name: ErrorClass(exit_code=kind.exit_code, words_itself=False)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, BatchresetError)
    }
    defined = [
        node
        for module in modules
        if module.name != errors.__name__
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
    ]
    known = -1
    while known < len(found):  # a class may stand before, or in another file than, the one it is made of
        known = len(found)
        for node in defined:
            bases = [found[name] for base in node.bases if (name := short_name(base)) in found]
            if bases:
                found[node.name] = ErrorClass(
                    exit_code=bases[0].exit_code, words_itself=bases[0].words_itself or _has_own_init(node)
                )
    return found


def _has_own_init(node: ast.ClassDef) -> bool:
    inits = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    return any("next_step" not in {arg.arg for arg in (*one.args.args, *one.args.kwonlyargs)} for one in inits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    wording: Wording
    kinds: Mapping[str, ErrorClass]

    def in_module(self, module: Module) -> Iterator[Message]:
        start = _Place(module=module, name=module.name.removeprefix("batchreset."))
        for place, node in _places(module.tree, start):
            match node:
                case ast.Call():
                    yield from self._of_call(node, place)
                case ast.Constant(value=str()) | ast.JoinedStr():
                    yield from self._of_text(node, place)
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if place.function is None:
                    yield from self._of_constant(name, value, place)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if place.function is None:
                    yield from self._of_constant(name, value, place)
                case ast.Return(value=ast.Tuple(elts=[what, next_step])) if _returns_pairs(place):
                    yield self._message(Kind.ERROR, node, place, what, next_step)

    def _of_call(self, call: ast.Call, place: _Place) -> Iterator[Message]:
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        called = short_name(call.func)
        next_step = given.get("next_step")
        if ast.unparse(call.func) == "super().__init__":
            called = place.owner
        words = [*call.args, *(given[key] for key in _SAID_ELSEWHERE if key in given)]
        if called in self.kinds and next_step is None and self.kinds[called].words_itself:
            return
        if all(isinstance(one, ast.Attribute) and one.attr in _SAID_ELSEWHERE for one in words[-2:]):
            return
        if called == "stop_for":
            what = call.args[1] if len(call.args) > 1 else given.get("what")
            yield self._message(Kind.STOP, call, place, what, next_step, ast.Constant(value=CONTINUE))
        elif called in self.kinds or called in {"kind", "self.kind"}:
            what = call.args[0] if call.args else given.get("what")
            code = self.kinds[called].exit_code if called in self.kinds else None
            if next_step is not None or called in self.kinds:
                yield self._message(Kind.ERROR, call, place, what, next_step, code=code)
        elif next_step is not None:
            yield self._message(Kind.ERROR, call, place, None, next_step)

    def _of_text(self, node: ast.expr, place: _Place) -> Iterator[Message]:
        text = self.wording.text(node, place.module, place.function)
        if text.startswith(_ASIDE):
            put_in = _put_in(node)
            yield Message(
                kind=Kind.ASIDE, where=place.name, line=node.lineno, what=text.strip(), next_step=None, put_in=put_in
            )

    def _of_constant(self, name: str, value: ast.expr, place: _Place) -> Iterator[Message]:
        is_advice, is_text = _ADVICE in name, name.endswith(_TEXTS) and isinstance(value, ast.Dict)
        if not (is_advice or is_text) or " " not in self.wording.text(value, place.module) + ast.unparse(value):
            return
        pairs = (
            zip(value.keys, value.values, strict=True) if isinstance(value, ast.Dict) else [(ast.Name(id=name), value)]
        )
        for key, text in pairs:
            if is_advice:
                about = self.wording.text(key, place.module) if key is not None else ""
                yield self._message(Kind.ADVICE, text, place, ast.Constant(value=about), text)
            else:
                yield self._message(Kind.STOP, text, place, text, None)

    def _message(  # noqa: PLR0917  what it is, where, and its two texts
        self,
        kind: Kind,
        node: ast.AST,
        place: _Place,
        what: ast.expr | None,
        next_step: ast.expr | None,
        otherwise: ast.expr | None = None,
        *,
        code: ExitCode | None = None,
    ) -> Message:
        step = next_step or otherwise
        return Message(
            kind=kind,
            where=place.name,
            line=getattr(node, "lineno", 0),
            what=self.wording.text(what, place.module, place.function) if what is not None else None,
            next_step=self.wording.text(step, place.module, place.function) if step is not None else None,
            exit_code=code,
            put_in=_put_in(what) + _put_in(next_step),
        )


def _returns_pairs(place: _Place) -> bool:
    returns = place.function.returns if place.function is not None else None
    return place.module.name.endswith(".refusals") and returns is not None and ast.unparse(returns) == _PAIRS


def _put_in(node: ast.expr | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(short_name(part.value) for part in ast.walk(node) if isinstance(part, ast.FormattedValue))


def _places(tree: ast.AST, place: _Place) -> Iterator[tuple[_Place, ast.AST]]:
    """Each node with where it stands; docstrings are left out, and the parts of a text."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield place, node
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = _Place(module=place.module, name=f"{place.name}.{node.name}", function=node, owner=place.owner)
            case ast.ClassDef():
                inner = _Place(module=place.module, name=f"{place.name}.{node.name}", owner=node.name)
            case ast.JoinedStr():
                continue
            case _:
                inner = place
        yield from _places(node, inner)
