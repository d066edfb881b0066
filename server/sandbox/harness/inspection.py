"""What can be said of a program without running it: its functions, imports, constructs, digests."""

import _blake2
import ast
from typing import Any

from harness import chance, constructs, execution, normal_form

_DIGEST_BYTES = 16


def inspect(program: str) -> dict[str, Any]:
    """The owner's `ProgramInspection` of `program`; a program that does not parse has `syntax`."""
    try:
        tree = ast.parse(program, execution.PROGRAM_FILE)
        # Some errors, such as `return` outside a function, are only found by the compiler.
        compile(program, execution.PROGRAM_FILE, "exec", dont_inherit=True)
        structure = normal_form.structure(tree)
        template = normal_form.template(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        syntax: dict[str, Any] = {"message": execution.syntax_message(error)}
        if isinstance(error, SyntaxError) and error.lineno is not None:
            syntax["line"] = error.lineno
        return _report(syntax=syntax)
    return _report(
        **_entry(tree),
        functions=[node.name for node in tree.body if isinstance(node, ast.FunctionDef)],
        imports=_imports(tree),
        chance=chance.sources(tree),
        structure=_digest(structure),
        template=_digest(template),
        constructs=constructs.constructs(tree),
        syntaxNodes=sum(not isinstance(node, ast.expr_context) for node in ast.walk(tree)),
    )


def _report(**found: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "functions": [],
        "imports": [],
        "chance": [],
        "structure": "",
        "template": "",
        "constructs": [],
        "syntaxNodes": 0,
    }
    return nothing | found


def _entry(tree: ast.Module) -> dict[str, Any]:
    """Name of what `execution` would call, and its parameters where they can be read.

    Whatever the name `f` is bound to may be a function, such as another's name or a partial call.
    """
    bindings = [node for node in tree.body if "f" in normal_form.bound_names([node])]
    functions = execution.top_level_functions(ast.Module(bindings[-1:] or tree.body, []))
    if functions:
        name, arguments = functions[0]
        return {"entry": name, "parameters": _parameters(arguments)}
    return {"entry": "f"} if bindings else {}


def _parameters(arguments: ast.arguments) -> list[str]:
    """Names in order, those that take any number of arguments with their stars."""
    rest, more = arguments.vararg, arguments.kwarg
    return [
        *(argument.arg for argument in (*arguments.posonlyargs, *arguments.args)),
        *([] if rest is None else [f"*{rest.arg}"]),
        *(argument.arg for argument in arguments.kwonlyargs),
        *([] if more is None else [f"**{more.arg}"]),
    ]


def _imports(tree: ast.Module) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.module == "__future__" and not node.level:
                # Tells the compiler something, and gives the program nothing to use.
                continue
            # A relative import names no module of the standard library.
            modules = ["." if node.level else node.module or "."]
        else:
            continue
        found += [{"module": name.split(".")[0] or ".", "line": node.lineno} for name in modules]
    return sorted(found, key=lambda entry: entry["line"])


def _digest(text: str) -> str:
    # hashlib would load OpenSSL into every child.
    return _blake2.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
