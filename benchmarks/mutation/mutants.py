"""One small wrong change at a time: every place of a module, and what may go wrong there."""

import ast
import copy
import itertools
import types
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_NEGATED: Final = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
_REACHED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_TWINS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNMUTATED_FIELDS: Final = {"annotation", "returns", "decorator_list"}

Steps = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change.

    Attributes:
        at: the way to the changed node from the module's tree.
        lines: those whose running shows that a test comes by.
        live: it is in a function's body, so that it can be put into a module that is in use.
    """

    path: Path
    tree: ast.Module
    at: Steps
    node: ast.AST
    replacement: ast.AST
    lines: range
    live: bool

    def code(self) -> types.CodeType:
        """The module with this change."""
        tree = copy.deepcopy(self.tree)
        *way, (field, index) = self.at
        parent: ast.AST = tree
        for name, position in way:
            parent = getattr(parent, name) if position is None else getattr(parent, name)[position]
        changed = ast.copy_location(copy.deepcopy(self.replacement), self.node)
        if index is None:
            setattr(parent, field, changed)
        else:
            getattr(parent, field)[index] = changed
        return compile(ast.fix_missing_locations(tree), str(self.path), "exec", dont_inherit=True)

    def __str__(self) -> str:
        before, after = (" ".join(ast.unparse(node).split()) for node in (self.node, self.replacement))
        return f"{self.path.relative_to(ROOT)}:{getattr(self.node, 'lineno', 0)}: {before}  →  {after}"


def mutants(path: Path) -> Iterator[Mutant]:
    """All changes to one module, in its order."""
    source = path.read_text()
    tree = ast.parse(source)
    uncovered = {at for at, text in enumerate(source.splitlines(), 1) if "pragma: no cover" in text}
    members: defaultdict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=attr) if owner[0].isupper() and attr.isupper():
                members[owner].add(attr)
    for at, node, lines, live in _places(tree, (), range(0), live=False):
        if uncovered.isdisjoint(lines):
            for replacement in _changes(node, members):
                yield Mutant(
                    path=path, tree=tree, at=at, node=node, replacement=replacement, lines=lines, live=live
                )  # fmt: skip


def _places(parent: ast.AST, at: Steps, lines: range, *, live: bool) -> Iterator[tuple[Steps, ast.AST, range, bool]]:
    """Whatever may be changed: no docstrings, annotations, decorators, `__all__`, nor texts for people."""
    for field, value in ast.iter_fields(parent):
        inside = live or (field == "body" and isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if field in _UNMUTATED_FIELDS or not isinstance(node, ast.AST) or _is_left_out(node, parent):
                continue
            own = lines
            if isinstance(node, ast.stmt):
                body = getattr(node, "body", None) or getattr(node, "cases", None)
                first = (body[0].pattern if isinstance(node, ast.Match) else body[0]).lineno if body else 0
                own = range(node.lineno, max(first, node.lineno + 1) if body else (node.end_lineno or node.lineno) + 1)
            elif isinstance(node, ast.match_case):
                own = range(node.pattern.lineno, node.pattern.lineno + 1)
            yield (*at, (field, index)), node, own, inside
            yield from _places(node, (*at, (field, index)), own, live=inside)


def _is_left_out(node: ast.AST, parent: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))) | ast.Call(func=ast.Name(id="TypeVar")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Constant(value=str(text)):
            return isinstance(parent, ast.Raise) or " " in text.strip()
        case ast.JoinedStr(values=parts):
            return any(isinstance(part, ast.Constant) and " " in str(part.value).strip() for part in parts)
        case ast.BinOp(op=ast.BitOr(), left=ast.Name() | ast.BinOp(), right=ast.Name(id=name)):
            return name[0].isupper()  # a union of types
        case _:
            return False


def _changes(node: ast.AST, members: dict[str, set[str]]) -> Iterator[ast.AST]:  # noqa: C901, PLR0912  a table
    match node:
        case ast.Compare(left=left, ops=ops, comparators=rights):
            for index, op in enumerate(ops):
                changed = [*ops[:index], _COMPARED[type(op)](), *ops[index + 1 :]]
                yield ast.Compare(left=left, ops=changed, comparators=rights)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _REACHED:
            yield ast.BinOp(left=left, op=_REACHED[type(op)](), right=right)
        case ast.AugAssign(target=target, op=op, value=value):
            yield ast.AugAssign(target=target, op=_REACHED[type(op)](), value=value)
            yield ast.Pass()
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(op=ast.Or() if isinstance(op, ast.And) else ast.And(), values=values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(flag)):
            yield ast.Constant(not flag)
        case ast.Constant(value=int(number) | float(number)):
            yield from (ast.Constant(number + 1), ast.Constant(number - 1))
        case ast.Constant(value=str(text)):
            yield ast.Constant(f"XX{text}XX")
        case ast.Constant(value=bytes(octets)):
            yield ast.Constant(octets + b"X")
        case ast.Attribute(value=ast.Name(id=owner) as name, attr=attr) if attr in members.get(owner, ()):
            order = sorted(members[owner])
            other = order[(order.index(attr) + 1) % len(order)]
            if other != attr:
                yield ast.Attribute(value=name, attr=other, ctx=ast.Load())
        case ast.Name(id=known) if known in _TWINS:
            yield ast.Name(_TWINS[known], ast.Load())
        case ast.Return(value=value) if value and not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Raise() | ast.Delete() | ast.Continue():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case _:
            pass
    match node:
        case ast.If() | ast.While() | ast.IfExp() if not _is_negated_anyway(node.test):
            changed_node = copy.copy(node)
            changed_node.test = ast.UnaryOp(ast.Not(), node.test)
            yield changed_node
        case ast.comprehension(ifs=[condition, *rest]) if not _is_negated_anyway(condition):
            yield ast.comprehension(
                target=node.target, iter=node.iter, ifs=[ast.UnaryOp(ast.Not(), condition), *rest],
                is_async=node.is_async,
            )  # fmt: skip


def _is_negated_anyway(test: ast.expr) -> bool:
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[op]):
            return isinstance(op, _NEGATED)
        case _:
            return False


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A module's code and that of all functions in it."""
    inner = (codes(constant) for constant in code.co_consts if isinstance(constant, types.CodeType))
    return itertools.chain([code], *inner)
