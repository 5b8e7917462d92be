"""A text as it stands in the source: what is put in by its name, `{path}`; what may read two ways, `[this|that]`."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_DEEPEST: Final = 8
"""A name that stands for itself would be looked up for ever."""
_SAID_BY_ITS_ARGUMENT: Final = frozenset({"str", "printable", "shown_name", "name_shown", "listed", "repr", "scrubbed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file: its tree, and what its names stand for.

    Attributes:
        name: such as `wiring.planning`.
        constants: what is assigned at its top, once.
        imports: a name to the module and the name that it is there.
    """

    name: str
    tree: ast.Module
    constants: Mapping[str, ast.expr]
    imports: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Texts of the program's files."""

    modules: Mapping[str, Module]
    _locals: dict[int, Mapping[str, ast.expr]] = field(default_factory=dict)

    def text(self, node: ast.expr | None, module: Module, scope: ast.AST | None = None, *, depth: int = 0) -> str:
        """What `node` says; a name in braces where that is known only when the program runs."""
        match node:
            case None:
                return ""
            case ast.Constant(value=value):
                return str(value)
            case ast.JoinedStr(values=values):
                return "".join(self.text(value, module, scope, depth=depth) for value in values)
            case ast.FormattedValue(value=value):
                return self._put_in(value, module, scope, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.text(left, module, scope, depth=depth) + self.text(right, module, scope, depth=depth)
            case ast.IfExp() | ast.Name():
                return self._put_in(node, module, scope, depth)
            case _:
                return f"{{{short_name(node)}}}"

    def _put_in(self, node: ast.expr, module: Module, scope: ast.AST | None, depth: int) -> str:
        match node:
            case ast.IfExp(body=body, orelse=orelse):
                both = [self.text(one, module, scope, depth=depth) for one in (body, orelse)]
                return f"[{'|'.join(filter(None, both))}]"
            case ast.Constant() | ast.JoinedStr():
                return self.text(node, module, scope, depth=depth)
            case ast.Name(id=name) if depth < _DEEPEST and (known := self._known(name, module, scope)):
                meant, place = known
                if _is_text(meant):
                    inner = scope if place is module else None
                    return self.text(meant, place, inner, depth=depth + 1)
        return f"{{{short_name(node)}}}"

    def _known(self, name: str, module: Module, scope: ast.AST | None) -> tuple[ast.expr, Module] | None:
        """What a name stands for, where that is said once and by a text."""
        if scope is not None and name in (here := self._assigned_in(scope)):
            return here[name], module
        if name in module.constants:
            return module.constants[name], module
        if name in module.imports:
            path, original = module.imports[name]
            there = self.modules.get(path)
            return self._known(original, there, None) if there is not None else None
        return None

    def _assigned_in(self, scope: ast.AST) -> Mapping[str, ast.expr]:
        if id(scope) not in self._locals:
            self._locals[id(scope)] = dict(assigned_once(ast.walk(scope)))
        return self._locals[id(scope)]


def _is_text(node: ast.expr) -> bool:
    """Whether a name that stands for this stands for words; a figure says more by its name."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, str)
        case ast.BinOp(left=left, op=ast.Add()):
            return _is_text(left)
        case _:
            return isinstance(node, ast.JoinedStr | ast.IfExp | ast.Name)


def short_name(node: ast.expr) -> str:
    """`the.customer.name` as `name`, `printable(cell)` as `cell`, `", ".join(names)` as `names`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr="name" | "value" | "strerror"):
            return f"{short_name(value)}.{node.attr}"
        case ast.Attribute(attr=attribute):
            return attribute.strip("_")
        case ast.Call(func=ast.Attribute(attr="join"), args=[joined]):
            return short_name(joined)
        case ast.Call(func=ast.Name(id=called), args=[first, *_]) if called in _SAID_BY_ITS_ARGUMENT:
            return short_name(first)
        case ast.Call(func=called):
            return short_name(called)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            return f"{short_name(value)}.{key}"
        case ast.Subscript(value=value):
            return short_name(value)
        case _:
            return ast.unparse(node)


def assigned_once(nodes: Iterator[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Names that are given one value; those with several may stand for any of them."""
    seen: dict[str, list[ast.expr]] = {}
    for node in nodes:
        for name, value in _assignments(node):
            seen.setdefault(name, []).append(value)
    return ((name, values[0]) for name, values in seen.items() if len(values) == 1)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.Assign(targets=targets):
            taken_apart = (part.id for one in targets for part in ast.walk(one) if isinstance(part, ast.Name))
            yield from ((name, ast.Constant(value=None)) for name in taken_apart)
        case _:
            pass


def read(package: Path) -> Wording:
    """The files of a package, by their modules' names."""
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        modules[name] = Module(name=name, tree=tree, constants=dict(assigned_once(iter(tree.body))), imports=imports)
    return Wording(modules=modules)
