"""Plain CPython's word on programs, inputs and answers, for comparison with the sandbox's.

Written apart from the sandbox's own harness: it decides what a literal is with
`ast.literal_eval`, and compares values with Python's own types. Reads JSON lines
`{program, inputs, claims, answers}`, where `claims[i]` is what the sandbox made of `inputs[i]` and
`answers` holds `[output, answer, scored]`; writes a JSON line per line: a list of contradictions,
empty when there is none. Started by `oracle.ts`, inside namespaces without a network or a writable
disk.
"""

import ast
import json
import math
import os
import resource
import signal
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")
sys.set_int_max_str_digits(0)

SECONDS = 3
MEMORY_BYTES = 1 << 30
DEPTH = 64
# Claims that plain Python can neither confirm nor refute: they are about limits it does not have.
LIMITS = ("timeout", "memory", "crashed", "forbidden", "forged", "unavailable")
NAMES = {
    "nan": math.nan,
    "inf": math.inf,
    "nanj": complex(0, math.nan),
    "infj": complex(0, math.inf),
}


CONSTRUCTORS = {"set": set, "frozenset": frozenset, "float": float}


class NotLiteralError(Exception):
    """The text is no literal, or the value has none."""


class _Named(ast.NodeTransformer):
    """Puts values in the places of nan, inf, set(...), frozenset(...) and float('nan')."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(NAMES[node.id]) if node.id in NAMES else node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node.value is ...:
            raise NotLiteralError
        return node


def literal(node: ast.expr) -> Any:
    """The value of a literal's syntax tree; raises one of REFUSALS."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name, arguments = node.func.id, [literal(argument) for argument in node.args]
        if name in ("set", "frozenset"):
            if not arguments:
                return {"set": set, "frozenset": frozenset}[name]()
            if len(arguments) == 1 and isinstance(arguments[0], (list, tuple, set, frozenset)):
                return {"set": set, "frozenset": frozenset}[name](arguments[0])
        if name == "float" and len(arguments) == 1 and isinstance(arguments[0], str):
            value = float(arguments[0])
            if not math.isfinite(value):
                return value
        raise NotLiteralError
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        items = [literal(item) for item in node.elts]
        return {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)](items)
    if isinstance(node, ast.Dict):
        if None in node.keys:
            raise NotLiteralError
        return {
            literal(key): literal(value)  # type: ignore[arg-type]
            for key, value in zip(node.keys, node.values, strict=True)
        }
    return ast.literal_eval(_Named().visit(node))


def read_literal(text: str) -> Any:
    return literal(ast.parse(text.strip(" \t\n\r"), mode="eval").body)


def read_arguments(text: str) -> "tuple[list[Any], dict[str, Any]]":
    if text.endswith("\\"):
        # It would join the line with the one that is added here to end a comment.
        raise NotLiteralError
    call = ast.parse(f"collect({text}\n)", mode="eval").body
    if not isinstance(call, ast.Call) or any(word.arg is None for word in call.keywords):
        raise NotLiteralError
    if not isinstance(call.func, ast.Name):
        raise NotLiteralError
    for argument in [*call.args, *(word.value for word in call.keywords)]:
        literal(argument)
    # They are literals, and Python itself makes them: the order of a set of numbers depends on
    # whether it was written as one or put together item by item.
    names = {**NAMES, **CONSTRUCTORS, "__builtins__": {}, "collect": _collect}
    return eval(compile(f"collect({text}\n)", "<input>", "eval", dont_inherit=True), names)


def _collect(*arguments: Any, **named: Any) -> "tuple[list[Any], dict[str, Any]]":
    return list(arguments), named


REFUSALS = (
    NotLiteralError,
    ValueError,
    SyntaxError,
    TypeError,
    MemoryError,
    RecursionError,
    OverflowError,
)


def typed(value: Any, depth: int = 0) -> Any:
    """A form that is equal exactly for values of the same types and contents; NaN equals NaN."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict) and depth >= DEPTH:
        raise NotLiteralError
    if kind is float:
        return ("float", "nan" if math.isnan(value) else value)
    if kind is complex:
        return ("complex", typed(value.real), typed(value.imag))
    if kind is str:
        value.encode()
        return ("str", value)
    if kind in (int, bool, bytes, type(None)):
        return (kind.__name__, value)
    if kind in (list, tuple):
        return (kind.__name__, tuple(typed(item, depth + 1) for item in value))
    if kind in (set, frozenset, dict):
        members = frozenset(typed(item, depth + 1) for item in value)
        if len(members) < len(value):
            # Several nan are members of their own in Python, and cannot be told apart in writing.
            raise NotLiteralError
        if kind is not dict:
            return (kind.__name__, members)
        pairs = ((typed(key, depth + 1), typed(item, depth + 1)) for key, item in value.items())
        return ("dict", frozenset(pairs))
    raise NotLiteralError


def call(code: Any, program: str, text: str) -> "dict[str, Any]":
    """What plain Python makes of one call: a value, the name of an exception, or no literal."""
    positional, named = read_arguments(text)
    names: dict[str, Any] = {"__name__": "program"}
    try:
        exec(code, names)
        entry = names.get("f")
        if not callable(entry):
            tree = ast.parse(program)
            functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
            found = [names[name] for name in functions if callable(names.get(name))]
            if not found:
                return {"outcome": "no-entry-function"}
            entry = found[0]
        value = entry(*positional, **named)
    except BaseException as error:
        return {"outcome": "error", "exceptionType": type(error).__name__[:100]}
    try:
        return {"outcome": "ok", "value": typed(value), "length": len(repr(value))}
    except (NotLiteralError, UnicodeEncodeError, RecursionError):
        return {"outcome": "unserialisable"}


def contradiction(claim: "dict[str, Any]", truth: "dict[str, Any]") -> "str | None":
    """None when the sandbox's claim and plain Python's agree, or cannot be compared."""
    outcome, expected = claim["outcome"], truth["outcome"]
    if outcome in LIMITS or "RecursionError" in (
        claim.get("exceptionType"),
        truth.get("exceptionType"),
    ):
        return None
    if truth.get("exceptionType") == "MemoryError":
        return None
    if outcome == "too-large":
        small = expected == "ok" and truth["length"] < 4096
        return f"too-large, but {truth['length']} characters" if small else None
    if outcome != expected:
        raised = truth.get("exceptionType")
        return f"{outcome} ({claim.get('exceptionType')}), but {expected} {raised}"
    if outcome == "ok" and typed(read_literal(claim["output"])) != truth["value"]:
        return f"{claim['output'][:200]}, but {str(truth['value'])[:200]}"
    if outcome == "error" and claim.get("exceptionType") != truth["exceptionType"]:
        return f"{claim.get('exceptionType')}, but {truth['exceptionType']}"
    return None


def in_a_child(work: Any) -> "list[list[str]]":
    """Runs `work`, which returns contradictions, in a process with limits; none when it is lost."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        try:
            os.write(writer, json.dumps(work()).encode()[:60_000])
        finally:
            os._exit(0)
    os.close(writer)
    parts = []
    while part := os.read(reader, 65_536):
        parts.append(part)
    os.close(reader)
    os.waitpid(process, 0)
    try:
        return json.loads(b"".join(parts) or b"[]")
    except ValueError:
        return []


def judge_program(
    program: str, inputs: "list[str]", claims: "list[dict[str, Any]]"
) -> "list[list[str]]":
    try:
        code = compile(program, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        expected = ("syntax", "bad-input", *LIMITS)
        wrong = [claim for claim in claims if claim["outcome"] not in expected]
        return [["syntax", str(claim)[:200]] for claim in wrong[:1]]
    found: list[list[str]] = []
    for text, claim in zip(inputs, claims, strict=True):
        try:
            read_arguments(text)
        except REFUSALS:
            if claim["outcome"] != "bad-input":
                found.append(["input", text[:200], "accepted, but plain Python refuses it"])
            continue
        if claim["outcome"] == "bad-input":
            found.append(["input", text[:200], "refused, but plain Python accepts it"])
            continue
        problem = contradiction(claim, call(code, program, text))
        if problem is not None:
            found.append(["result", text[:200], problem])
    return found


def judge_answers(answers: "list[Any]") -> "list[list[str]]":
    found: list[list[str]] = []
    for output, answer, scored in answers:
        try:
            right = typed(read_literal(answer)) == typed(read_literal(output))
        except REFUSALS:
            right = False
        if right != scored:
            found.append(["answer", output[:200], answer[:200], f"scored {scored}"])
    return found


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        program, inputs, claims = request["program"], request["inputs"], request["claims"]
        found = in_a_child(lambda: judge_program(program, inputs, claims))  # noqa: B023
        found += judge_answers(request["answers"])
        print(json.dumps(found), flush=True)


main()
