"""Small slips in a program: one operator, one constant, one clamp or one argument changed, as students change them."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div}
CLAMPS = ("max", "min", "clamp", "clamp_", "ceil", "floor", "sqrt", "round", "log", "exp")


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may become by one slip."""
    match node:
        case ast.Compare(ops=[one]) if type(one) in COMPARISONS:
            yield _with(node, ops=[COMPARISONS[type(one)]()])
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            yield _with(node, op=OPERATORS[type(operator)]())
        case ast.Constant(value=bool() | str() | None):
            return
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(value * 1.1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield operand
        case ast.Call(func=ast.Attribute(value=ast.Name("math" | "torch"), attr=name), args=[one, *_]) if (
            name in CLAMPS
        ):
            yield one
        case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if name in CLAMPS:
            yield receiver
        case ast.Call(func=ast.Name(id=name), args=[first, second]) if name in CLAMPS:
            yield second if isinstance(first, ast.Constant) else first


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


class _Replace(ast.NodeTransformer):
    def __init__(self, place: int, by: ast.AST) -> None:
        self.place, self.by, self.seen = place, by, -1

    def visit(self, node: ast.AST) -> ast.AST:
        self.seen += 1
        if self.seen == self.place:
            self.seen += sum(1 for _ in ast.walk(node)) - 1
            return self.by
        return self.generic_visit(node)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Every node, in the order in which `_Replace` visits them."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def mutants(program: str) -> Iterator[str]:
    """The program with one slip in it, again and again."""
    tree = ast.parse(program)
    for place, node in enumerate(_in_order(tree)):
        for by in changes(node):
            mutant = _Replace(place, by).visit(copy.deepcopy(tree))
            yield ast.unparse(ast.fix_missing_locations(mutant))


def with_constant(function: Callable[..., Any], place: int, value: Any) -> Callable[..., Any]:
    """The function, deaf to its argument at a place."""

    def deaf(*arguments: Any) -> Any:
        return function(*arguments[:place], copy.deepcopy(value), *arguments[place + 1 :])

    return deaf
