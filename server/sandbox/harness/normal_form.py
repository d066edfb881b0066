"""Two normal forms of a program, for finding copies.

`structure` is equal for programs that differ only in the names they define, in layout, comments,
docstrings and annotations, and in whether a function is a `def` or a lambda with a name. `template`
further abstracts every defined name and every constant, so that all fillings of one template share
it.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from harness import execution

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

# Fields that change nothing about what a program computes.
_IGNORED_FIELDS = frozenset({"annotation", "returns", "type_comment", "ctx", "kind", "type_params"})


def structure(tree: ast.Module) -> str:
    """Normal form with defined names numbered in order of appearance; constants are kept."""
    return _Form(abstract=False).module(tree)


def template(tree: ast.Module) -> str:
    """Normal form with all defined names alike and all constants alike."""
    return _Form(abstract=True).module(tree)


class _Form:
    def __init__(self, abstract: bool) -> None:
        self._abstract = abstract
        self._parts: list[str] = []
        # Innermost scope last; each maps a defined name to its replacement once it has appeared.
        self._scopes: list[dict[str, str | None]] = []
        self._count = 0

    def module(self, tree: ast.Module) -> str:
        self._enter(bound_names(tree.body))
        self._statements([_as_definition(node) for node in tree.body])
        return "".join(self._parts)

    def _enter(self, names: set[str]) -> None:
        self._scopes.append(dict.fromkeys(names))

    def _rename(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope:
                replacement = scope[name]
                if replacement is None:
                    self._count += 1
                    replacement = "$" if self._abstract else f"${self._count}"
                    scope[name] = replacement
                return replacement
        return name

    def _statements(self, body: Sequence[ast.stmt]) -> None:
        self._value(list(body[1:] if _is_docstring(body) else body))

    def _value(self, value: Any) -> None:
        if isinstance(value, ast.AST):
            self._node(value)
        elif isinstance(value, list):
            self._parts.append("[")
            for item in value:
                self._value(item)
                self._parts.append(",")
            self._parts.append("]")
        else:
            self._parts.append(repr(value))

    def _node(self, node: ast.AST) -> None:
        if self._abstract and _is_constant(node):
            self._parts.append("Constant")
        elif isinstance(node, ast.Name):
            self._parts.append(f"Name({self._rename(node.id)})")
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node)
        elif isinstance(node, _FUNCTIONS):
            self._function(node)
        else:
            self._fields(node)

    def _fields(self, node: ast.AST) -> None:
        self._parts.append(f"{type(node).__name__}(")
        for field, value in ast.iter_fields(node):
            if field not in _IGNORED_FIELDS:
                self._field(node, field, value)
        self._parts.append(")")

    def _field(self, node: ast.AST, field: str, value: Any) -> None:
        self._parts.append(f"{field}=")
        if isinstance(value, str) and self._names_a_definition(node, field):
            self._parts.append(self._rename(value))
        elif isinstance(node, ast.alias) and field == "asname":
            self._parts.append(self._rename(value or node.name.split(".")[0]))
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self._parts.extend(self._rename(name) for name in node.names)
        elif isinstance(node, ast.Call) and field == "keywords":
            self._keywords(node)
        elif isinstance(node, ast.ClassDef) and field == "body":
            self._statements(node.body)
        else:
            self._value(value)
        self._parts.append(";")

    @staticmethod
    def _names_a_definition(node: ast.AST, field: str) -> bool:
        return (
            (isinstance(node, ast.arg) and field == "arg")
            or (isinstance(node, (*_DEFINITIONS, ast.ExceptHandler)) and field == "name")
            or (isinstance(node, (ast.MatchAs, ast.MatchStar)) and field == "name")
            or (isinstance(node, ast.MatchMapping) and field == "rest")
        )

    def _keywords(self, call: ast.Call) -> None:
        """A keyword names a parameter: of the program's own functions it is dropped, else kept."""
        own = isinstance(call.func, ast.Name) and any(
            call.func.id in scope for scope in self._scopes
        )
        for keyword in call.keywords:
            name = keyword.arg if keyword.arg is not None else "**"
            self._parts.append("$=" if own else f"{name}=")
            self._value(keyword.value)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Name, decorators and defaults belong to the outer scope, the rest to a new one."""
        self._parts.append(f"{type(node).__name__}(")
        if not isinstance(node, ast.Lambda):
            self._parts.append(self._rename(node.name))
            self._value(node.decorator_list)
        self._value(node.args.defaults)
        self._value(node.args.kw_defaults)
        body = [ast.Expr(node.body)] if isinstance(node, ast.Lambda) else node.body
        self._enter({argument.arg for argument in _arguments(node.args)} | bound_names(body))
        for argument in _arguments(node.args):
            self._parts.append(f"{self._rename(argument.arg)},")
        arguments = node.args
        counts = (len(arguments.posonlyargs), len(arguments.args), len(arguments.kwonlyargs))
        rests = (arguments.vararg is not None, arguments.kwarg is not None)
        self._parts.append(f"{counts}{rests}")
        if isinstance(node, ast.Lambda):
            self._value(body)  # A lambda has no docstring.
        else:
            self._statements(body)
        self._scopes.pop()
        self._parts.append(")")

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        """The targets belong to a scope of their own; generators come before the element."""
        targets = {
            name.id
            for generator in node.generators
            for name in ast.walk(generator.target)
            if isinstance(name, ast.Name)
        }
        self._parts.append(f"{type(node).__name__}(")
        self._enter(targets)
        self._value(node.generators)
        if isinstance(node, ast.DictComp):
            self._node(node.key)
            self._node(node.value)
        else:
            self._node(node.elt)
        self._scopes.pop()
        self._parts.append(")")


def _as_definition(node: ast.stmt) -> ast.stmt:
    """A lambda that is given a name, as the `def` that says the same; all else as it is."""
    found = execution.named_lambda(node)
    if found is None:
        return node
    name, function = found
    body: list[ast.stmt] = [ast.Return(function.body)]
    return ast.FunctionDef(name=name, args=function.args, body=body, decorator_list=[])


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return named + [rest for rest in (arguments.vararg, arguments.kwarg) if rest is not None]


def _is_docstring(body: Sequence[ast.stmt]) -> bool:
    if not body or not isinstance(body[0], ast.Expr):
        return False
    constant = body[0].value
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _is_constant(node: Any) -> bool:
    """A constant, a signed number, or a display of nothing but constants."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, (ast.USub, ast.UAdd)) and _is_constant(node.operand)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and all(
            _is_constant(element) for element in node.elts
        )
    if isinstance(node, ast.Dict):
        return all(_is_constant(part) for part in (*node.keys, *node.values))
    return isinstance(node, ast.Constant)


def bound_names(body: Sequence[ast.stmt]) -> set[str]:
    """Names that `body` binds in its own scope, without those it declares global or nonlocal."""
    bound: set[str] = set()
    foreign: set[str] = set()
    for node in _own_nodes(body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            bound.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            foreign.update(node.names)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            if node.name is not None:
                bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            bound.add(node.rest)
    return bound - foreign


def _own_nodes(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Nodes of `body` without the insides of nested functions, classes and comprehensions."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            continue
        if isinstance(node, _COMPREHENSIONS):
            # An assignment expression inside a comprehension binds in the scope around it.
            waiting.extend(
                inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)
            )
            continue
        waiting.extend(ast.iter_child_nodes(node))
