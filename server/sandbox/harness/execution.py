"""Runs one program on one input after another, inside a locked-down child.

The program shares this process, so whatever this file reports can be forged by the program; it can
only lie about itself. Nothing here decides whether an answer is right.
"""

import ast
import io
import sys
import types
from time import perf_counter, process_time
from typing import Any

from harness import reserve, values

PROGRAM_FILE = "<program>"
PROGRAM_MODULE = "program"

_MESSAGE_CHARACTERS = 500


class _CapturedOutput(io.TextIOBase):
    """Keeps the first `room` characters written to it and drops the rest."""

    def __init__(self, room: int) -> None:
        self.parts: list[str] = []
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("write() argument must be str")
        kept = str.__getitem__(text, slice(0, self.room))
        self.parts.append(kept)
        self.room -= len(kept)
        return str.__len__(text)


def execute(
    program: str, arguments: str, output_characters: int, stdout_characters: int
) -> dict[str, Any]:
    """Compiles `program` in a fresh namespace and calls its entry function once.

    Returns the fields of the owner's `Execution`: `outcome`, `output` or `message`, and so on.
    """
    stdout = _CapturedOutput(stdout_characters)
    sys.stdout = stdout
    sys.stderr = _CapturedOutput(0)
    sys.stdin = None
    room = reserve.Reserve()
    wall = perf_counter()
    cpu = process_time()
    report: dict[str, Any]
    try:
        report = _call(program, arguments, output_characters)
    except values.UnserialisableError as failure:
        report = {"outcome": "unserialisable", "message": f"f returned {failure}."}
    except values.TooLargeError:
        report = {
            "outcome": "too-large",
            "message": f"The result is longer than {output_characters} characters.",
        }
    except BaseException as error:
        room.release()
        report = _describe(error)
    report["wall"] = int((perf_counter() - wall) * 1e6)
    report["cpu"] = int((process_time() - cpu) * 1e6)
    report["stdout"] = "".join(stdout.parts)
    return report


class _CompileError(Exception):
    """The program text is no Python program."""


class _NoEntryFunctionError(Exception):
    """The program defines no function."""


def _call(program: str, arguments: str, output_characters: int) -> dict[str, Any]:
    positional, named = values.read_arguments(arguments)
    code = _compile(program)
    # Dataclasses, enums and named tuples look up the module of a class.
    module = types.ModuleType(PROGRAM_MODULE)
    sys.modules[PROGRAM_MODULE] = module
    namespace = vars(module)
    try:
        exec(code, namespace)
        result = _entry_function(program, namespace)(*positional, **named)
        return {"outcome": "ok", "output": values.write_literal(result, output_characters)}
    finally:
        sys.modules.pop(PROGRAM_MODULE, None)


# The code of the last program: the calls of a batch share it. It cannot be changed by running it.
_compiled: dict[str, types.CodeType] = {}


def _compile(program: str) -> types.CodeType:
    code = _compiled.get(program)
    if code is None:
        try:
            code = compile(program, PROGRAM_FILE, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise _CompileError from error
        _compiled.clear()
        _compiled[program] = code
    return code


def _entry_function(program: str, namespace: dict[str, Any]) -> Any:
    """`f`, or else the first function defined at the top level (the paper renames it to f)."""
    if callable(namespace.get("f")):
        return namespace["f"]
    for name, _ in top_level_functions(ast.parse(program)):
        if callable(namespace.get(name)):
            return namespace[name]
    raise _NoEntryFunctionError


def top_level_functions(tree: ast.Module) -> list[tuple[str, ast.arguments]]:
    """Names and parameters of the functions at module level: those with `def` in order, then the
    lambdas that are given a name.
    """
    functions = [(node.name, node.args) for node in tree.body if isinstance(node, ast.FunctionDef)]
    named = [named_lambda(node) for node in tree.body]
    return functions + [(found[0], found[1].args) for found in named if found is not None]


def named_lambda(node: ast.stmt) -> tuple[str, ast.Lambda] | None:
    """Name and lambda of a statement such as `f = lambda x: x`; None for any other."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    else:
        return None
    if isinstance(target, ast.Name) and isinstance(node.value, ast.Lambda):
        return target.id, node.value
    return None


def _describe(error: BaseException) -> dict[str, Any]:
    if isinstance(error, _NoEntryFunctionError):
        return {"outcome": "no-entry-function", "message": "The program defines no function f."}
    if isinstance(error, _CompileError):
        return _describe_syntax(error.__cause__)
    kind = type(error)
    report: dict[str, Any] = {
        "outcome": _outcome(kind),
        "message": _message(error),
        "exceptionType": str(kind.__name__)[:100],
    }
    line = _line_of_program(error.__traceback__)
    if line is not None:
        report["line"] = line
    return report


def _describe_syntax(error: BaseException | None) -> dict[str, Any]:
    report: dict[str, Any] = {"outcome": "syntax", "message": syntax_message(error)}
    if isinstance(error, SyntaxError) and error.lineno is not None:
        report["line"] = error.lineno
    return report


def syntax_message(error: BaseException | None) -> str:
    """A sentence about why a program text does not compile."""
    if isinstance(error, SyntaxError):
        return f"{error.msg}."[:_MESSAGE_CHARACTERS]
    if isinstance(error, (RecursionError, MemoryError)):
        return "The program is nested too deeply to compile."
    return f"{error}."[:_MESSAGE_CHARACTERS]


def _outcome(kind: type[BaseException]) -> str:
    if issubclass(kind, MemoryError):
        return "memory"
    if issubclass(kind, (ImportError, PermissionError)):
        return "forbidden"
    return "error"


def _message(error: BaseException) -> str:
    """`Type: text`, where the text comes from the program's own code only if it must."""
    name = str(type(error).__name__)[:100]
    if isinstance(error, MemoryError):
        return "The program used more memory than it may."
    try:
        text = str.__getitem__(str(error), slice(0, _MESSAGE_CHARACTERS))
    except BaseException:
        text = ""
    return f"{name}: {text}" if text else name


def _line_of_program(trace: types.TracebackType | None) -> int | None:
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == PROGRAM_FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
