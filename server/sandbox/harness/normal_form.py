"""Two normal forms of a program, for finding copies.

`structure` is equal for programs that differ only in the names they define, in layout, comments,
docstrings and annotations, and in whether a function is a `def` or a lambda with a name. `template`
further abstracts every defined name and every constant, so that all fillings of one template share
it.

A name counts as it stands where more than its scope can see it: attributes, names bound in the body
of a class, and parameters that a call names by keyword. Where only calls of the program's own
functions do so, a keyword is numbered like any other name.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from harness import execution, own_functions

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

# Fields that change nothing about what a program computes.
_IGNORED_FIELDS = frozenset({"annotation", "returns", "type_comment", "ctx", "kind", "type_params"})


def structure(tree: ast.Module) -> str:
    """Normal form with defined names numbered in order of appearance; constants are kept."""
    return _Form(tree, abstract=False).module(tree)


def template(tree: ast.Module) -> str:
    """Normal form with all defined names alike and all constants alike."""
    return _Form(tree, abstract=True).module(tree)


# Give a program the names of its own variables and parameters as texts.
_NAMES_AS_TEXTS = frozenset({"dir", "eval", "exec", "globals", "locals", "vars"})


class _Scope:
    def __init__(self, names: set[str], is_class: bool = False) -> None:
        self.is_class = is_class
        # Each defined name with its replacement once it has appeared.
        self.replacements: dict[str, str | None] = dict.fromkeys(names)


class _Form:
    def __init__(self, tree: ast.Module, abstract: bool) -> None:
        self._abstract = abstract
        self._parts: list[str] = []
        # Innermost scope last.
        self._scopes: list[_Scope] = []
        self._count = 0
        self._seen = _SeenNames(tree)

    def module(self, tree: ast.Module) -> str:
        self._enter(bound_names(tree.body))
        self._statements([_as_definition(node) for node in tree.body])
        return "".join(self._parts)

    def _enter(self, names: set[str], is_class: bool = False) -> None:
        self._scopes.append(_Scope(names, is_class))

    def _rename(self, name: str) -> str:
        innermost = self._scopes[-1]
        if innermost.is_class and name in innermost.replacements:
            # An attribute of the class, or until it is bound a name of a scope around it.
            return f"{name}|{self._outer(name)}"
        return self._outer(name)

    def _outer(self, name: str) -> str:
        """The functions of a class do not see the names that are bound in its body."""
        if self._seen.are_texts and not self._abstract:
            return name
        for scope in reversed(self._scopes):
            if name in scope.replacements and not scope.is_class:
                replacement = scope.replacements[name]
                if replacement is None:
                    self._count += 1
                    replacement = "$" if self._abstract else f"${self._count}"
                    scope.replacements[name] = replacement
                return replacement
        return name

    def _parameter(self, name: str) -> str:
        renamed = self._rename(name)
        keyword = self._seen.of_parameter(name)
        return renamed if self._abstract or keyword is None else f"{renamed}~{keyword}"

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
            if field not in _IGNORED_FIELDS or self._is_field_of_class(node):
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
        elif isinstance(node, ast.keyword) and field == "arg" and value is not None:
            numbered = self._seen.is_numbered(value)
            kept = self._seen.of_parameter(value)
            self._parts.append("$" if numbered and self._abstract else str(kept))
        elif isinstance(node, ast.ClassDef) and field == "body":
            self._enter(bound_names(node.body), is_class=True)
            self._statements(node.body)
            self._scopes.pop()
        else:
            self._value(value)
        self._parts.append(";")

    def _is_field_of_class(self, node: ast.AST) -> bool:
        """Its annotation may say what becomes of it, as in a dataclass."""
        return isinstance(node, ast.AnnAssign) and self._scopes[-1].is_class

    @staticmethod
    def _names_a_definition(node: ast.AST, field: str) -> bool:
        return (
            (isinstance(node, ast.arg) and field == "arg")
            or (isinstance(node, (*_DEFINITIONS, ast.ExceptHandler)) and field == "name")
            or (isinstance(node, (ast.MatchAs, ast.MatchStar)) and field == "name")
            or (isinstance(node, ast.MatchMapping) and field == "rest")
        )

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
            self._parts.append(f"{self._parameter(argument.arg)},")
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


class _SeenNames:
    """Names seen from outside their scope: parameters by keywords of calls, all by texts."""

    def __init__(self, tree: ast.Module) -> None:
        self._numbers: dict[str, str] = {}
        self._named: set[str] = set()
        foreign: set[str] = set()
        self._all_are_seen = False
        # Whether the program finds any of its variables by a text.
        self.are_texts = any(
            isinstance(node, ast.Name) and node.id in _NAMES_AS_TEXTS for node in ast.walk(tree)
        )
        own = _own_function_names(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            is_own = isinstance(node.func, ast.Name) and node.func.id in own
            for keyword in node.keywords:
                if keyword.arg is None:
                    # `**` names parameters by texts.
                    self._all_are_seen = True
                else:
                    self._named.add(keyword.arg)
                    if not is_own:
                        foreign.add(keyword.arg)
        self._foreign = foreign

    def is_numbered(self, keyword: str) -> bool:
        """Do only calls of the program's own functions use `keyword`?"""
        return not self._all_are_seen and keyword in self._named and keyword not in self._foreign

    def of_parameter(self, name: str) -> str | None:
        """What calls name a parameter `name` by; None where no call does."""
        if self.is_numbered(name):
            return self._numbers.setdefault(name, f"@{len(self._numbers) + 1}")
        return name if self._all_are_seen or name in self._named else None


def _own_function_names(tree: ast.Module) -> set[str]:
    """Names that are bound once in the whole program, by the definition of a function."""
    bound = Counter(own_functions.bound_names(tree))
    return {
        name
        for name, nodes in own_functions.own_functions(tree).items()
        if bound[name] == 1 and not isinstance(nodes[0], ast.ClassDef)
    }


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
