"""Where a program may come by chance: names that lead to clocks, random numbers and addresses.

A program that names one is run more often before it becomes a task. What is found here decides
nothing else, so a name too many costs time only, and it need not be what it seems: a parameter may
be called `id`.
"""

import ast
import re
import sys
from collections.abc import Iterator

from harness import preload

# Built-ins that show an address, or lead to what is named nowhere in the text.
_NAMES = frozenset(
    {
        *("ascii", "attrgetter", "breakpoint", "compile", "dir", "eval", "exec", "getattr"),
        *("globals", "hash", "id", "input", "locals", "methodcaller", "object", "open"),
        *("repr", "vars"),
        # Evaluate texts, or find attributes by them.
        *("Formatter", "ForwardRef", "_eval_type", "_evaluate", "get_type_hints"),
        *("singledispatch", "singledispatchmethod"),
    }
)
# Lead to the harness that called the program, and to the token of its request.
_FRAMES = frozenset(
    {
        *("ag_frame", "cr_frame", "f_back", "f_builtins", "f_globals", "f_locals", "gi_frame"),
        "tb_frame",
    }
)
# Of the modules a program may import: all of them but these compute from what they are given.
_NAMES_IN_MODULES = frozenset({"kde_random", "random", "samples"})
_HARMLESS = frozenset({"__class__", "__doc__", "__init__", "__main__", "__name__"})
_PURE_MODULES = frozenset(name.split(".")[0] for name in preload.MODULES)
# What modules have imported is found among their attributes, as in `statistics.sys`.
_FOREIGN_MODULES = frozenset(name.strip("_") for name in sys.stdlib_module_names) - _PURE_MODULES
_TEMPLATES = frozenset({"format", "format_map"})

_TEXT_FUNCTIONS = frozenset({"format", "str"})
_SETS = frozenset({"frozenset", "set"})
_ITERATORS = frozenset({"enumerate", "filter", "iter", "map", "reversed", "zip"})


def sources(tree: ast.Module) -> list[str]:
    """What in `tree` may lead to chance, most of it names and modules: each once, in order."""
    found = {name for node in ast.walk(tree) for name in _names(node) if _is_suspect(name)}
    found.update(module for node in ast.walk(tree) for module in _foreign_modules(node))
    found.update(name for node in ast.walk(tree) for name in _attributes(node))
    if (_has_text(tree) or _has_set(tree)) and _has_object(tree):
        found.add("the address of an object")
    return sorted(found)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.MatchClass):
        yield from node.kwd_attrs
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
        # Texts can be templates, which reach attributes by name.
        yield from (word for word in re.findall(r"\w+", node.value) if "_" in word)


def _attributes(node: ast.AST) -> Iterator[str]:
    """What leads to chance as an attribute, and is an ordinary name otherwise."""
    if isinstance(node, ast.Attribute):
        if node.attr.strip("_") in _FOREIGN_MODULES or node.attr == "evaluate":
            yield node.attr
        if node.attr in _TEMPLATES and not isinstance(node.value, ast.Constant):
            yield "a template that is put together"
    elif isinstance(node, ast.ImportFrom):
        yield from (a.name for a in node.names if a.name.strip("_") in _FOREIGN_MODULES)


def _is_suspect(name: str) -> bool:
    if name.startswith("__") and name.endswith("__"):
        return name not in _HARMLESS
    return name in _NAMES or name in _FRAMES or name in _NAMES_IN_MODULES


def _foreign_modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    else:
        return
    for name in modules:
        module = name.split(".")[0]
        if module not in _PURE_MODULES:
            yield module


def _has_text(tree: ast.Module) -> bool:
    """Is anything made a text, which for most objects says where they lie in memory?"""
    return any(
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Name) and node.id in _TEXT_FUNCTIONS)
        or (isinstance(node, ast.Attribute) and node.attr in _TEXT_FUNCTIONS)
        or (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Mod)
            and isinstance(node.left, ast.Constant)
            and isinstance(node.left.value, str)
        )
        for node in ast.walk(tree)
    )


def _has_set(tree: ast.Module) -> bool:
    """Is there a set, which has most objects in the order in which they lie in memory?"""
    return any(
        isinstance(node, (ast.Set, ast.SetComp))
        or (isinstance(node, ast.Name) and node.id in _SETS)
        for node in ast.walk(tree)
    )


def _has_object(tree: ast.Module) -> bool:
    """Is there an object whose text says where it lies, beyond those that are used up at once?"""
    used_up: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            used_up.add(node.func)
            if not _makes_text(node.func):
                used_up.update(node.args)
                used_up.update(keyword.value for keyword in node.keywords)
        elif isinstance(node, (ast.For, ast.comprehension)):
            used_up.add(node.iter)
        elif isinstance(node, ast.Attribute):
            used_up.add(node.value)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return any(_is_object(node, functions) for node in ast.walk(tree) if node not in used_up)


def _makes_text(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _TEXT_FUNCTIONS


def _is_object(node: ast.AST, functions: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in functions and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _ITERATORS
    return isinstance(node, (ast.ClassDef, ast.GeneratorExp, ast.Lambda, ast.Yield))
