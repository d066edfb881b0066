"""Procedurally generated Python programs over small integers, short lists and short strings.

A program is a list of steps, so that a variation of it (another constant, one step more or less)
is easy to make. Every program is ours, which is why running it here, outside a jail, is fine.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

LETTERS = "abcdefgh"
LONGEST_LITERAL = 24
HELD_OUT_SHARE = 16
"""One program in this many, chosen by its digest, never appears in the corpus."""


@dataclass(frozen=True)
class Program:
    """Typed parameters, statements that rebind `x`, and the returned expression."""

    parameters: tuple[str, ...]
    """Type of each parameter: `int`, `list` or `str`."""
    statements: tuple[str, ...]
    """Statements, each already indented by four spaces and possibly of several lines."""
    statement_types: tuple[str, ...]
    """Type of `x` after each statement."""
    result: str
    result_type: str

    @property
    def source(self) -> str:
        names = ", ".join("xy"[: len(self.parameters)])
        return f"def f({names}):\n" + "\n".join((*self.statements, f"    return {self.result}"))

    @property
    def message(self) -> str:
        """What an induction task tells about the program: its type, no more."""
        return " and ".join(self.parameters) + " to " + self.result_type


def digit(rng: random.Random) -> int:
    return rng.randint(1, 9)


def integer_expression(rng: random.Random, name: str) -> tuple[str, str]:
    c = digit(rng)
    return rng.choice(
        [
            (f"{name} + {c}", "int"),
            (f"{c} + {name}", "int"),
            (f"{name} - {c}", "int"),
            (f"{c} - {name}", "int"),
            (f"{name} * {rng.randint(2, 3)}", "int"),
            (f"{name} // 2", "int"),
            (f"{name} % {rng.randint(2, 5)}", "int"),
            (f"max({name}, {c})", "int"),
            (f"min({name}, {c})", "int"),
            (f"{name} + {name}", "int"),
            (f"str({name})", "str"),
            (f"[{name}, {c}]", "list"),
            (f"[{c}, {name}]", "list"),
            (f"[{name}] * {rng.randint(2, 3)}", "list"),
            (f"{name} > {c}", "bool"),
            (f"{name} % 2 == {rng.randint(0, 1)}", "bool"),
        ]
    )


def list_expression(rng: random.Random, name: str) -> tuple[str, str]:
    c = digit(rng)
    return rng.choice(
        [
            (f"{name}[::-1]", "list"),
            (f"sorted({name})", "list"),
            (f"sorted({name})[::-1]", "list"),
            (f"sum({name})", "int"),
            (f"len({name})", "int"),
            (f"max({name})", "int"),
            (f"min({name})", "int"),
            (f"{name}[0]", "int"),
            (f"{name}[-1]", "int"),
            (f"{name}[{rng.randint(1, 2)}]", "int"),
            (f"{name}[1:]", "list"),
            (f"{name}[:-1]", "list"),
            (f"{name}[:{rng.randint(1, 3)}]", "list"),
            (f"{name} + [{c}]", "list"),
            (f"[{c}] + {name}", "list"),
            (f"{name} + {name}", "list"),
            (f"[i + {rng.randint(1, 3)} for i in {name}]", "list"),
            (f"[i * 2 for i in {name}]", "list"),
            (f"[i for i in {name} if i > {rng.randint(1, 7)}]", "list"),
            (f"[i for i in {name} if i < {rng.randint(2, 8)}]", "list"),
            (f"[i for i in {name} if i % 2 == {rng.randint(0, 1)}]", "list"),
            (f"{name}.count({c})", "int"),
            (f"{c} in {name}", "bool"),
            (f"{name}[0] > {name}[-1]", "bool"),
            (f"max({name}) - min({name})", "int"),
            (f"{name}[0] + {name}[-1]", "int"),
        ]
    )


def string_expression(rng: random.Random, name: str) -> tuple[str, str]:
    a, b = rng.choice(LETTERS), rng.choice(LETTERS)
    return rng.choice(
        [
            (f"{name}[::-1]", "str"),
            (f"{name}.upper()", "str"),
            (f"{name} + '{a}'", "str"),
            (f"'{a}' + {name}", "str"),
            (f"{name} + '{a}{b}'", "str"),
            (f"{name} + {name}", "str"),
            (f"{name} * 2", "str"),
            (f"{name}.replace('{a}', '{b}')", "str"),
            (f"{name}.replace('{a}', '')", "str"),
            (f"len({name})", "int"),
            (f"{name}[0]", "str"),
            (f"{name}[-1]", "str"),
            (f"{name}[1:]", "str"),
            (f"{name}[:-1]", "str"),
            (f"{name}[:{rng.randint(1, 3)}]", "str"),
            (f"{name}[::2]", "str"),
            (f"{name}.count('{a}')", "int"),
            (f"'{a}' in {name}", "bool"),
            (f"''.join(sorted({name}))", "str"),
            (f"{name}[0] + {name}[-1]", "str"),
            (f"[len({name}), {digit(rng)}]", "list"),
        ]
    )


EXPRESSIONS: dict[str, Callable[[random.Random, str], tuple[str, str]]] = {
    "int": integer_expression,
    "list": list_expression,
    "str": string_expression,
}

CONDITIONS: dict[str, Callable[[random.Random], str]] = {
    "int": lambda rng: rng.choice([f"x > {digit(rng)}", f"x < {digit(rng)}", "x % 2 == 0"]),
    "list": lambda rng: rng.choice(
        [f"len(x) > {rng.randint(1, 4)}", f"x[0] > {rng.randint(1, 8)}", f"{digit(rng)} in x"]
    ),
    "str": lambda rng: rng.choice(
        [f"len(x) > {rng.randint(1, 4)}", f"'{rng.choice(LETTERS)}' in x"]
    ),
}

PAIR_EXPRESSIONS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("int", "int"): [
        ("x + y", "int"),
        ("x - y", "int"),
        ("max(x, y)", "int"),
        ("min(x, y)", "int"),
        ("[x, y]", "list"),
        ("[y, x]", "list"),
        ("x > y", "bool"),
    ],
    ("list", "int"): [
        ("x + [y]", "list"),
        ("[y] + x", "list"),
        ("x.count(y)", "int"),
        ("[i + y for i in x]", "list"),
        ("[i for i in x if i > y]", "list"),
        ("[i for i in x if i != y]", "list"),
        ("y in x", "bool"),
        ("sum(x) + y", "int"),
        ("len(x) + y", "int"),
    ],
    ("list", "list"): [
        ("x + y", "list"),
        ("y + x", "list"),
        ("len(x) + len(y)", "int"),
        ("[i for i in x if i in y]", "list"),
        ("[i for i in x if i not in y]", "list"),
        ("x[0] + y[0]", "int"),
    ],
    ("str", "str"): [
        ("x + y", "str"),
        ("y + x", "str"),
        ("x[0] + y", "str"),
        ("x + y[-1]", "str"),
        ("x in y", "bool"),
        ("len(x) + len(y)", "int"),
    ],
    ("str", "int"): [
        ("x * y", "str"),
        ("x[:y]", "str"),
        ("x[y:]", "str"),
        ("len(x) + y", "int"),
        ("x + str(y)", "str"),
    ],
}


def expression_of_type(rng: random.Random, source: str, wanted: str) -> str:
    while True:
        text, kind = EXPRESSIONS[source](rng, "x")
        if kind == wanted:
            return text


def branch(rng: random.Random, kind: str) -> tuple[str, str]:
    """A statement that changes `x` only sometimes."""
    body = expression_of_type(rng, kind, kind)
    return f"    if {CONDITIONS[kind](rng)}:\n        x = {body}", kind


def loop(rng: random.Random) -> tuple[str, str]:
    """A loop over the list `x` that ends in a number or a list."""
    count = "\n        if i > {}:\n            t += 1"
    keep = "\n        if i != {}:\n            t.append(i)"
    shift = "\n        t.append(i + {})"
    start, body, kind = rng.choice(
        [
            (str(rng.randint(0, 3)), "\n        t += i", "int"),
            ("0", count.format(rng.randint(1, 7)), "int"),
            ("[]", "\n        t = [i] + t", "list"),
            ("[]", shift.format(rng.randint(1, 3)), "list"),
            ("[]", keep.format(digit(rng)), "list"),
        ]
    )
    return f"    t = {start}\n    for i in x:{body}\n    x = t", kind


def statement(rng: random.Random, kind: str) -> tuple[str, str]:
    """A statement that rebinds `x` of type `kind`, and the new type."""
    draw = rng.random()
    if draw < 0.2:
        return branch(rng, kind)
    if draw < 0.4 and kind == "list":
        return loop(rng)
    while True:
        text, new_kind = EXPRESSIONS[kind](rng, "x")
        if new_kind != "bool":
            return f"    x = {text}", new_kind


def result_expression(
    rng: random.Random, parameters: tuple[str, ...], kind: str
) -> tuple[str, str]:
    """The returned expression and its type, given the type of `x` now."""
    pair = (kind, parameters[1]) if len(parameters) == 2 else None
    if pair in PAIR_EXPRESSIONS:
        return rng.choice(PAIR_EXPRESSIONS[pair])
    if rng.random() < 0.12:
        first, wanted = EXPRESSIONS[kind](rng, "x")
        if wanted != "bool":
            return (
                f"{first} if {CONDITIONS[kind](rng)} else {expression_of_type(rng, kind, wanted)}",
                wanted,
            )
    return EXPRESSIONS[kind](rng, "x")


def extend(rng: random.Random, program: Program, statements: int) -> Program:
    """`program` cut or grown to `statements` statements, with a fresh result."""
    lines = list(program.statements[:statements])
    types = list(program.statement_types[:statements])
    while len(lines) < statements:
        line, kind = statement(rng, types[-1] if types else program.parameters[0])
        lines.append(line)
        types.append(kind)
    kind = types[-1] if types else program.parameters[0]
    result, result_type = result_expression(rng, program.parameters, kind)
    return Program(program.parameters, tuple(lines), tuple(types), result, result_type)


def random_program(rng: random.Random) -> Program:
    if rng.random() < 0.25:
        parameters = rng.choice(list(PAIR_EXPRESSIONS))
        statements = rng.choice([0, 0, 0, 1])
    else:
        parameters = (rng.choice(["int", "list", "list", "str"]),)
        statements = rng.choice([0, 0, 0, 1, 1, 2])
    return extend(rng, Program(parameters, (), (), "x", parameters[0]), statements)


def variation(rng: random.Random, program: Program) -> Program:
    """A relative of `program`: one statement more, one less, or another result."""
    count = len(program.statements)
    return extend(rng, program, rng.choice([count, min(count + 1, 2), max(count - 1, 0)]))


def random_value(rng: random.Random, kind: str) -> Any:
    if kind == "int":
        return rng.randint(0, 12)
    if kind == "list":
        return [rng.randint(0, 9) for _ in range(rng.choice([1, 2, 3, 3, 4, 4, 5]))]
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice([1, 2, 3, 3, 4, 5])))


def random_arguments(rng: random.Random, program: Program) -> tuple[Any, ...]:
    return tuple(random_value(rng, kind) for kind in program.parameters)


def format_arguments(arguments: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, arguments))


def compiled(source: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "<program>", "exec"), namespace)
    return namespace["f"]


def run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """The result as a literal, or None where the program fails or the literal is long."""
    try:
        text = repr(function(*[list(a) if isinstance(a, list) else a for a in arguments]))
    except Exception:  # the program's own failure, of any kind, only makes the pair unusable
        return None
    return text if len(text) <= LONGEST_LITERAL else None


def is_held_out(source: str) -> bool:
    """Whether a program is reserved for the probe; decided by its text alone."""
    return hashlib.sha256(source.encode()).digest()[0] % HELD_OUT_SHARE == 0


@dataclass(frozen=True)
class Example:
    """A program with some of its input-output pairs, as values and as literals."""

    program: Program
    arguments: tuple[tuple[Any, ...], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def example_of(rng: random.Random, program: Program, pairs: int) -> Example | None:
    """`pairs` distinct pairs of `program`, or None where it fails too often."""
    function = compiled(program.source)
    found: dict[str, tuple[tuple[Any, ...], str]] = {}
    for _ in range(pairs * 3):
        arguments = random_arguments(rng, program)
        output = run(function, arguments)
        if output is not None:
            found.setdefault(format_arguments(arguments), (arguments, output))
        if len(found) == pairs:
            return Example(
                program,
                tuple(a for a, _ in found.values()),
                tuple(found),
                tuple(o for _, o in found.values()),
            )
    return None


def random_example(rng: random.Random, pairs: int = 1, *, held_out: bool = False) -> Example:
    """A random program of the corpus (or of the held-out share) with `pairs` pairs."""
    while True:
        program = random_program(rng)
        if is_held_out(program.source) != held_out:
            continue
        example = example_of(rng, program, pairs)
        if example is not None:
            return example


def related_example(rng: random.Random, example: Example) -> Example:
    """A variation of an example's program with a fresh input, never a held-out one."""
    for _ in range(20):
        program = variation(rng, example.program)
        if not is_held_out(program.source):
            found = example_of(rng, program, 1)
            if found is not None:
                return found
    return random_example(rng)


def mistaken(rng: random.Random, program: Program) -> Program:
    """What a careless reader takes `program` for: another result or a missing statement."""
    if program.statements and rng.random() < 0.4:
        dropped = rng.randrange(len(program.statements))
        keep = tuple(s for i, s in enumerate(program.statements) if i != dropped)
        return replace(program, statements=keep)
    result, result_type = result_expression(
        rng, program.parameters, (program.statement_types or program.parameters)[-1]
    )
    return replace(program, result=result, result_type=result_type)
