"""Which functions a program defines, and whether one of them calls itself."""

import ast
from collections.abc import Iterator

from harness import execution

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


def bound_names(tree: ast.Module) -> Iterator[str]:
    """Names that the program gives to something itself: no longer Python's own."""
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name


def own_functions(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Functions of the program by name, lambdas with a name and classes among them."""
    own: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            own.setdefault(node.name, []).append(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            named = execution.named_lambda(node)
            if named is not None:
                own.setdefault(named[0], []).append(named[1])
    return own


def recursive(own: dict[str, list[ast.AST]], methods: set[str]) -> set[str]:
    """Names of the functions that come back to themselves, over others or at once."""
    calls = {
        name: {called for node in nodes for called in _called(node, own, methods)}
        for name, nodes in own.items()
    }
    return {name for name in calls if name in _reached(name, calls)}


def _reached(name: str, calls: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(calls[name])
    while waiting:
        called = waiting.pop()
        if called not in reached:
            reached.add(called)
            waiting += calls.get(called, ())
    return reached


def _called(node: ast.AST, own: dict[str, list[ast.AST]], methods: set[str]) -> Iterator[str]:
    """Functions of the program that `node`, one of them, names."""
    if isinstance(node, ast.ClassDef):
        return
    parameters = {child.arg for child in ast.walk(node) if isinstance(child, ast.arg)}
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and child.id in own and child.id not in parameters:
            if isinstance(child.ctx, ast.Load):
                yield child.id
        elif isinstance(child, ast.Attribute) and child.attr in methods:
            yield child.attr


def is_return_only(tree: ast.Module) -> bool:
    """Is the program one function that only returns an expression?"""
    statements = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    statements = [node for node in statements if not _is_text(node)]
    if len(statements) != 1:
        return False
    if execution.named_lambda(statements[0]) is not None:
        return True
    if not isinstance(statements[0], FUNCTIONS):
        return False
    body = [node for node in statements[0].body if not _is_text(node)]
    return len(body) == 1 and isinstance(body[0], ast.Return)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
