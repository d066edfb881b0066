"""What a program is built from: its operators, methods, statements and so on, by name.

A name is `kind:what`, such as `call:sorted`, `slice:reversed` or `statement:for`. Names are stored
with tasks and compared between runs, so none of them may change its meaning; `constructText` of
the owner says them in English. Annotations and docstrings compute nothing and are left out.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from harness import construct_names, execution, own_functions, subscripts

_LONGEST_NAME = 40
_IGNORED_FIELDS = frozenset({"annotation", "returns", "type_comment", "type_params"})


def constructs(tree: ast.Module) -> list[str]:
    """Names of the constructs in `tree`: each once, sorted."""
    finder = _Finder(tree)
    finder.visit_program()
    return sorted(finder.found)


class _Finder:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self.found: set[str] = set()
        # Name in the program -> what was imported: `math`, or `math.gcd`.
        self._modules: dict[str, str] = {}
        self._members: dict[str, str] = {}
        self._bound = set(own_functions.bound_names(tree))
        self._own = own_functions.own_functions(tree)
        self._methods = {
            statement.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for statement in node.body
            if isinstance(statement, own_functions.FUNCTIONS)
        }
        self._recursive = own_functions.recursive(self._own, self._methods)
        # Nodes that something above them has dealt with.
        self._done: set[ast.AST] = set()
        self._visitors: dict[str, Callable[[Any], None]] = {
            "BinOp": self._binary,
            "AugAssign": self._augmented,
            "BoolOp": self._boolean,
            "UnaryOp": self._unary,
            "Compare": self._compare,
            "Subscript": self._subscript,
            "Call": self._call,
            "Name": self._name,
            "Attribute": self._attribute,
            "If": self._if,
            "For": self._loop,
            "Try": self._try,
            "Assign": self._assign,
            "AnnAssign": self._annotated_assign,
            "comprehension": self._comprehension,
            "Starred": self._starred,
            "arguments": self._arguments,
            "AsyncFor": self._loop,
            "While": self._loop,
            "TryStar": self._try,
            "List": self._display,
            "Dict": self._display,
            "Set": self._display,
            "Tuple": self._display,
        }
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node)

    def visit_program(self) -> None:
        for node in self._tree.body:
            named = execution.named_lambda(node)
            if named is not None:
                # The same as a function with `def`.
                self._done.update((node, named[1]))
        if own_functions.is_return_only(self._tree):
            self._add("statement", "return-only")
        if self._recursive:
            self._add("function", "recursion")
        # Nodes with whether they are inside a function. No recursion, however deep the program.
        waiting: list[tuple[ast.AST, bool]] = [(self._tree, False)]
        while waiting:
            node, inside = waiting.pop()
            if isinstance(node, own_functions.DEFINITIONS):
                if inside and not isinstance(node, ast.ClassDef):
                    self._add("function", "inner")
                if node.decorator_list:
                    self._add("function", "decorator")
            self._visit(node)
            inside = inside or isinstance(node, (*own_functions.FUNCTIONS, ast.Lambda))
            waiting += [(child, inside) for child in _children(node)]

    def _add(self, kind: str, name: str) -> None:
        plain = len(name) <= _LONGEST_NAME and name.isascii()
        self.found.add(f"{kind}:{name if plain else 'other'}")

    def _visit(self, node: ast.AST) -> None:
        if node in self._done:
            return
        name = type(node).__name__
        if name in construct_names.NODES:
            self.found.add(construct_names.NODES[name])
        visit = self._visitors.get(name)
        if visit is not None:
            visit(node)

    # Operators

    def _operator(self, operator: ast.AST) -> None:
        self._add("operator", construct_names.OPERATORS[type(operator)])

    def _binary(self, node: ast.BinOp) -> None:
        text = node.left.value if isinstance(node.left, ast.Constant) else None
        if isinstance(node.op, ast.Mod) and isinstance(text, (str, bytes)):
            self._add("expression", "percent-format")
        else:
            self._operator(node.op)

    def _augmented(self, node: ast.AugAssign) -> None:
        self._operator(node.op)

    def _boolean(self, node: ast.BoolOp) -> None:
        self._operator(node.op)

    def _unary(self, node: ast.UnaryOp) -> None:
        # `-1` is a number.
        if isinstance(node.op, ast.Not) or subscripts.number(node) is None:
            self._operator(node.op)

    def _compare(self, node: ast.Compare) -> None:
        for operator in node.ops:
            self._operator(operator)
        if len(node.ops) > 1:
            self._add("operator", "chained-comparison")

    # Subscripts

    def _subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store):
            self._add("statement", "item-assignment")
        index = node.slice
        self.found.add(subscripts.index_name(index))
        if isinstance(index, ast.Tuple):
            self._done.add(index)

    # Calls and names

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute):
            self._method(function)
            self._done.add(function)
        if isinstance(function, ast.Name):
            self._function(function)
            self._done.add(function)
            if function.id in construct_names.TYPE_CHECKS:
                for argument in node.args[1:]:
                    self._done.update(ast.walk(argument))
            # What is called by another function, as in `map(str.upper, words)`.
            if function.id in ("map", "filter") and node.args:
                self._passed(node.args[0])
        for keyword in node.keywords:
            if keyword.arg is None:
                self._add("expression", "unpacking")
            elif keyword.arg == "key":
                self._passed(keyword.value)

    def _passed(self, node: ast.expr) -> None:
        if isinstance(node, ast.Attribute):
            self._method(node)
            self._done.add(node)

    def _function(self, node: ast.Name) -> None:
        if node.id in self._own:
            self._own_call(node.id)
        else:
            self._name(node)

    def _own_call(self, name: str) -> None:
        if name not in self._recursive:
            self._add("function", "own-call")

    def _name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load) or node.id in self._bound:
            return
        if node.id in self._members:
            self._add("library", self._members[node.id])
        elif node.id in construct_names.BUILTINS:
            self._add("call", node.id)

    def _method(self, node: ast.Attribute) -> None:
        if self._is_module(node.value):
            self._attribute(node)
        elif node.attr in self._methods:
            self._own_call(node.attr)
        else:
            self._add("method", node.attr)
            self._hide_type(node.value)

    def _attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            self._add("statement", "attribute-assignment")
        elif isinstance(node.value, ast.Name) and self._is_module(node.value):
            self._add("library", f"{self._modules[node.value.id]}.{node.attr}")
        elif self._hide_type(node.value):
            self._add("method", node.attr)
        else:
            self._add("expression", "attribute")

    def _is_module(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Name) and node.id in self._modules and node.id not in self._bound
        )

    def _hide_type(self, node: ast.expr) -> bool:
        """Whether `node` is a type as in `str.upper`, which is then not called."""
        is_type = (
            isinstance(node, ast.Name)
            and node.id in construct_names.TYPES_WITH_METHODS
            and node.id not in self._bound
        )
        if is_type:
            self._done.add(node)
        return is_type

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom):
            module = node.module or "."
            self._add("import", module)
            for alias in node.names:
                self._members[alias.asname or alias.name] = f"{module}.{alias.name}"
            return
        for alias in node.names:
            self._add("import", alias.name)
            top = alias.name.split(".")[0]
            self._modules[alias.asname or top] = alias.name if alias.asname else top

    # Statements

    def _if(self, node: ast.If) -> None:
        self._add("statement", "if")
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            self._add("statement", "elif")
        elif node.orelse:
            self._add("statement", "else")

    def _loop(self, node: ast.For | ast.While) -> None:
        if node.orelse:
            self._add("statement", "loop-else")

    def _try(self, node: Any) -> None:
        if node.finalbody:
            self._add("statement", "finally")

    def _assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Name) for target in node.targets):
            self._add("statement", "assignment")

    def _annotated_assign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and node.value is not None:
            self._add("statement", "assignment")

    # Expressions

    def _comprehension(self, node: ast.comprehension) -> None:
        if node.ifs:
            self._add("expression", "comprehension-filter")

    def _starred(self, node: ast.Starred) -> None:
        if isinstance(node.ctx, ast.Load):
            self._add("expression", "unpacking")

    def _display(self, node: Any) -> None:
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            self._add("statement", "unpacking")
        else:
            self._add("literal", construct_names.DISPLAYS[type(node).__name__])

    def _arguments(self, node: ast.arguments) -> None:
        if node.defaults or any(default is not None for default in node.kw_defaults):
            self._add("function", "default-argument")
        if node.vararg is not None or node.kwarg is not None:
            self._add("function", "star-parameters")


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Children that compute something."""
    for name, value in ast.iter_fields(node):
        if name in _IGNORED_FIELDS:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            items: list[Any] = value
            yield from (item for item in items if isinstance(item, ast.AST))
